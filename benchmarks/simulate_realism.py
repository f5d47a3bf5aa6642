"""How close simulated tandem mass spectra are to measured ones: MassBank's val fold, beside baselines and a control.

    MOLUCID_DATA=<folder with massbank_msms.parquet> python benchmarks/simulate_realism.py [--weights FILE]

Score: cosine of square-root intensities in bins of 0.01 Da, all measured peaks up to the precursor + 0.5 Da, mean over
spectra; once with the precursor peak and once with what lies more than 0.5 Da below it. Baselines: the precursor alone;
the measured spectrum of the most similar training molecule (Morgan radius 2, 2048 bits) under the same adduct at the
closest energy. Control: the spectrum simulated for a random isomer, on the spectra of molecules that have isomers in
MassBank or, where `massspecgym_structures.parquet` is in the folder, there.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from molucid.chem.fingerprints import FingerprintConfig, fingerprints, tanimoto_matrix
from molucid.chem.identity import formula_of, inchikey14
from molucid.errors import Rejected
from molucid.simulate.conditions import nce_to_ev
from molucid.simulate.msms import MsmsSimulator, SimulatorConfig
from molucid.simulate.similarity import score_prediction
from molucid.simulate.training_spectra import TrainingSpectrum, read_training_spectra

Peaks = tuple[NDArray[np.float64], NDArray[np.float64]]
Predictor = Callable[[TrainingSpectrum], Peaks]
EMPTY: Peaks = (np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Scores:
    """Cosine per spectrum with and without the precursor (NaN where no fragment was measured), and its molecule."""

    incl: NDArray[np.float64]
    excl: NDArray[np.float64]
    molecule: list[str]

    def line(self, name: str) -> str:
        """One row of the table: mean over spectra and mean over molecules, each with its own 95 % interval."""
        cells = [f"{name:<44} {len(self.incl):>6} {len(set(self.molecule)):>5}"]
        for values in (self.incl, self.excl):
            groups = self._groups(values)
            sizes = np.array([len(group) for group in groups], np.float64)
            means = np.array([np.mean(group) for group in groups])
            cells.append(f"{interval(means, sizes)} / {interval(means, np.ones_like(sizes))}")
        return "  ".join(cells)

    def _groups(self, values: NDArray[np.float64]) -> list[list[float]]:
        groups = defaultdict(list)
        for molecule, value in zip(self.molecule, values, strict=True):
            if not np.isnan(value):
                groups[molecule].append(value)
        return list(groups.values())


def interval(means: NDArray[np.float64], weights: NDArray[np.float64], rounds: int = 1_000) -> str:
    """Weighted mean of the molecules' means, and its 95 % percentile interval with molecules drawn anew.

    Weighted by numbers of spectra it is the mean over spectra; unweighted, that over molecules.
    """
    picks = np.random.default_rng(0).integers(len(means), size=(rounds, len(means)))
    drawn = (means * weights)[picks].sum(1) / weights[picks].sum(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.average(means, weights=weights):.3f} [{low:.3f}, {high:.3f}]"


def score(spectra: Sequence[TrainingSpectrum], predict: Predictor) -> Scores:
    """Compare each measured spectrum with its prediction."""
    pairs = [score_prediction(*predict(s), s.mz, s.intensity, s.precursor_mz) for s in spectra]
    incl, excl = np.array(pairs).T
    return Scores(incl, excl, [s.inchikey14 for s in spectra])


def simulated(simulator: MsmsSimulator, smiles_of: Callable[[TrainingSpectrum], str]) -> Predictor:
    """Spectra simulated for the molecule that `smiles_of` names; rejections count as empty, that is as 0."""

    def predict(spectrum: TrainingSpectrum) -> Peaks:
        answer = simulator.simulate(smiles_of(spectrum), [spectrum.conditions])
        return EMPTY if isinstance(answer, Rejected) else (answer[0].mz, answer[0].intensity)

    return predict


def precursor_only(spectrum: TrainingSpectrum) -> Peaks:
    """The intact ion and nothing else."""
    return np.array([spectrum.precursor_mz]), np.ones(1)


def nearest_training(spectra: Sequence[TrainingSpectrum], training: Sequence[TrainingSpectrum]) -> Predictor:
    """Measured spectrum of the most similar training molecule, closest in energy."""
    by_molecule = defaultdict(list)
    for candidate in training:
        by_molecule[candidate.smiles].append(candidate)
    known, asked = list(by_molecule), sorted({s.smiles for s in spectra})
    config = FingerprintConfig()
    similarity = tanimoto_matrix(fingerprints(asked, config), fingerprints(known, config))
    nearest = {smiles: known[i] for smiles, i in zip(asked, similarity.argmax(1), strict=True)}

    def predict(spectrum: TrainingSpectrum) -> Peaks:
        energy = energy_ev(spectrum)
        best = min(by_molecule[nearest[spectrum.smiles]], key=lambda c: abs(energy_ev(c) - energy))
        return best.mz, best.intensity

    return predict


def energy_ev(spectrum: TrainingSpectrum) -> float:
    """Laboratory energy; 30 eV where it is not known."""
    conditions = spectrum.conditions
    if conditions.normalized_collision_energy is not None:
        return nce_to_ev(conditions.normalized_collision_energy, spectrum.precursor_mz)
    return 30.0 if conditions.collision_energy_ev is None else conditions.collision_energy_ev


def isomers(spectra: Sequence[TrainingSpectrum], pool: Sequence[str]) -> dict[str, str]:
    """SMILES → SMILES of one random other molecule of the same formula in `pool`, where there is one."""
    by_formula = defaultdict(dict)
    wanted = {str(formula_of(s.smiles)) for s in spectra}
    for smiles in pool:
        formula = str(formula_of(smiles))
        if formula in wanted:
            by_formula[formula][inchikey14(smiles)] = smiles
    generator = np.random.default_rng(0)
    chosen = {}
    for smiles in sorted({s.smiles for s in spectra}):
        others = by_formula[str(formula_of(smiles))]
        keys = sorted(others.keys() - {inchikey14(smiles)})
        if keys:
            chosen[smiles] = others[keys[generator.integers(len(keys))]]
    return chosen


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, help="weights to judge instead of the shipped ones")
    parser.add_argument("--max-atoms", type=int, default=40, help="largest molecule (heavy atoms)")
    arguments = parser.parse_args()
    folder = os.environ.get("MOLUCID_DATA")
    if folder is None:
        print("set MOLUCID_DATA to the folder that holds massbank_msms.parquet", file=sys.stderr)
        return 2
    path = Path(folder) / "massbank_msms.parquet"
    validation = read_training_spectra(path, "val", max_atoms=arguments.max_atoms)
    training = read_training_spectra(path, "train").spectra
    simulator = MsmsSimulator(SimulatorConfig(weights=arguments.weights))
    print(f"val rows left out: {dict(validation.left_out)}")
    print(
        f"{'over spectra [95 %] / over molecules [95 %]':<44} {'n':>6} {'mols':>5}  with precursor{'':29}without"
    )

    def of_adduct(adduct: str, source: Sequence[TrainingSpectrum]) -> list[TrainingSpectrum]:
        return [s for s in source if s.conditions.adduct == adduct]

    own = simulated(simulator, lambda spectrum: spectrum.smiles)
    for adduct in dict.fromkeys(s.conditions.adduct for s in validation.spectra):
        spectra = of_adduct(adduct, validation.spectra)
        print(score(spectra, own).line(f"{adduct} simulated"))
        print(score(spectra, precursor_only).line(f"{adduct} precursor only"))
        nearest = nearest_training(spectra, of_adduct(adduct, training))
        print(score(spectra, nearest).line(f"{adduct} nearest training molecule"))

    protonated = of_adduct("[M+H]+", validation.spectra)
    pool = [*validation.graphs, *dict.fromkeys(s.smiles for s in training)]
    structures = Path(folder) / "massspecgym_structures.parquet"
    if structures.is_file():
        pool += pq.read_table(structures, columns=["flat_smiles"])["flat_smiles"].to_pylist()
    isomer_of = isomers(protonated, pool)
    paired = [s for s in protonated if s.smiles in isomer_of]
    print(score(paired, own).line("[M+H]+ with an isomer: true structure"))
    print(
        score(paired, simulated(simulator, lambda s: isomer_of[s.smiles])).line(
            "[M+H]+ with an isomer: random isomer"
        )
    )
    for low, high in ((1, 15), (16, 22), (23, 32), (33, 40)):
        sized = [s for s in protonated if low <= len(validation.graphs[s.smiles].mass) <= high]
        print(score(sized, own).line(f"[M+H]+ simulated, {low}-{high} heavy atoms"))
    for family in sorted({str(s.conditions.instrument_class) for s in protonated}):
        group = [s for s in protonated if str(s.conditions.instrument_class) == family]
        print(score(group, own).line(f"[M+H]+ simulated, {family}"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
