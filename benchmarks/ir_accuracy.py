"""How close the fast infrared simulator is to xtb, on molecules and scaffolds that it was not trained on.

    python benchmarks/ir_accuracy.py TABLE.jsonl [--weights FILE] [--larger TABLE.jsonl]
    MOLUCID_DATA=<folder with alberts_example_100.parquet> python benchmarks/ir_accuracy.py TABLE.jsonl

TABLE is what `molucid compute-ir` wrote and the weights were trained on; the scaffolds that `train-ir` keeps for
judging are judged on here, by size. `--larger` is another such table, of molecules larger than any in TABLE, all of
which are judged on. Score: cosine of square-root absorbances at all points from 400 to 3998 cm⁻¹, both sides drawn with
the simulator's own scale and width; beside it the mean spectrum of the training molecules, and how often a molecule's
own reference is the closest of its row. Intervals: 95 %, molecules drawn anew.

The molecular-dynamics spectra of Alberts et al. (2024) are another method's answer for 100 molecules, drawn in another
way: they are no truth, and agreement with them is limited by how far the two methods agree.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.train_ir import split, usable
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import Rejected
from molucid.simulate.ir import IrSimulator, IrSimulatorConfig
from molucid.simulate.ir_bands import absorption_on_grid
from molucid.simulate.ir_similarity import IrAgreement, agreement, mean_root_spectrum
from molucid.simulate.ir_table import read_table
from molucid.simulate.train_ir import TrainingMolecule
from molucid.spectra.grids import IR_GRID

Spectra = NDArray[np.float64]
BINS = ((3, 6), (7, 9), (10, 12), (13, 16), (17, 64))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--weights", type=Path, default=None)
    parser.add_argument("--larger", type=Path, default=None)
    arguments = parser.parse_args()
    simulator = IrSimulator(IrSimulatorConfig(weights=arguments.weights))
    data = simulator.provenance["data"]
    print(f"model of {data['molecules']} molecules, table of sha256 {data['sha256'][:12]}…")
    training, judged = split(usable(read_table(arguments.table), HoldoutKeys.default())[0], None)
    baseline = mean_root_spectrum(computed(simulator, training))
    print(f"{'':<34} {'molecules':>9}  {'cosine':^22}  {'mean spectrum':>13}  {'own is closest':>14}")
    report("new scaffolds", judged, simulator, baseline)
    for low, high in BINS[:-1]:
        of_size = [m for m in judged if low <= len(m.graph.atoms) <= high]
        report(f"  {low} to {high} heavy atoms", of_size, simulator, baseline)
    report("training molecules", training, simulator, baseline)
    if arguments.larger is not None:
        larger, _ = usable(read_table(arguments.larger), HoldoutKeys.default())
        sizes = [len(example.molecule.graph.atoms) for example in larger]
        report(f"{min(sizes)} to {max(sizes)} heavy atoms", [e.molecule for e in larger], simulator, baseline)
    if "MOLUCID_DATA" in os.environ:
        report_dynamics(Path(os.environ["MOLUCID_DATA"]) / "alberts_example_100.parquet", simulator)


def computed(simulator: IrSimulator, molecules: Sequence[TrainingMolecule]) -> Spectra:
    """Spectra of xtb's lines, drawn as the simulator draws; `[N, points]`."""
    lines = [(m.vibrations.wavenumber_cm1, m.vibrations.intensity_km_mol) for m in molecules]
    return np.array([absorption_on_grid(*pair, simulator.config.broadening) for pair in lines])


def predicted(simulator: IrSimulator, smiles: Sequence[str]) -> Spectra:
    """Simulated spectra, 0 for a refused molecule; `[N, points]`."""
    nothing = np.zeros(IR_GRID.num_points)
    answers = simulator.simulate_many(smiles)
    return np.array([nothing if isinstance(a, Rejected) else a.absorbance for a in answers])


def report(
    name: str, molecules: Sequence[TrainingMolecule], simulator: IrSimulator, baseline: Spectra
) -> None:
    """One row, if there are molecules."""
    if molecules:
        spectra = predicted(simulator, [m.smiles for m in molecules])
        print_row(name, agreement(spectra, computed(simulator, molecules), baseline))


def report_dynamics(path: Path, simulator: IrSimulator) -> None:
    """Agreement with spectra of molecular dynamics, whose own mean stands beside it."""
    rows = pq.read_table(path, columns=["smiles", "ir_spectra"]).to_pylist()
    reference = np.array([row["ir_spectra"] for row in rows], np.float64)
    spectra = predicted(simulator, [row["smiles"] for row in rows])
    refused = int((spectra.max(1) == 0).sum())
    name = f"molecular dynamics ({refused} refused)"
    print_row(name, agreement(spectra, reference, mean_root_spectrum(reference)))


def print_row(name: str, found: IrAgreement) -> None:
    """Means, with a 95 % percentile interval for the cosine."""
    number = len(found.cosine)
    picks = np.random.default_rng(0).integers(number, size=(1_000, number))
    low, high = np.percentile(found.cosine[picks].mean(1), [2.5, 97.5])
    print(
        f"{name:<34} {number:>9}  {found.cosine.mean():.3f} ({low:.3f}-{high:.3f})     "
        f"{found.mean_spectrum_cosine.mean():>13.3f}  {found.is_top1.mean():>14.1%}"
    )


if __name__ == "__main__":
    main()
