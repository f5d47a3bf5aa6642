"""Molecules per second of the MS/MS simulator: SMILES in, spectra at three collision energies out.

    python -m benchmarks.simulate_speed [--processes 2] [--molecules 2000] [--rounds 5]

Molecules are those of the `chemicals` package with 10 to 45 heavy atoms, sampled with a fixed seed so that
the median is 22 heavy atoms. Every process simulates its own share, once unmeasured to load the compiled code.
The CPU figure counts processor time; the wall-clock figure is that of all processes together, the best of the
rounds and the median, with the machine's load at the time.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence

import numpy as np
from rdkit import Chem, rdBase

from benchmarks.parallel_rounds import Ways, load_line, measure
from molucid.dataset.sources import chemicals_package
from molucid.errors import Rejected
from molucid.simulate.msms import Conditions, MsmsSimulator

CONDITIONS = [
    Conditions(normalized_collision_energy=nce, instrument_class="orbitrap") for nce in (20, 45, 90)
]
SMALLEST, LARGEST, MEDIAN = 10, 45, 22


def molecules(number: int, seed: int = 0) -> tuple[list[str], list[int]]:
    """SMILES and heavy-atom counts: half of the sample from 10 to 22 atoms, half from 22 to 45."""
    compounds = [row.smiles for row in chemicals_package.read() if not isinstance(row, Rejected)]
    generator = np.random.default_rng(seed)
    small, large = [], []
    with rdBase.BlockLogs():
        for index in generator.permutation(len(compounds)):
            heavy_atoms = heavy_atoms_of(compounds[index])
            group = (
                small
                if heavy_atoms < MEDIAN or (heavy_atoms == MEDIAN and len(small) < len(large))
                else large
            )
            if SMALLEST <= heavy_atoms <= LARGEST and len(group) < number // 2:
                group.append((compounds[index], heavy_atoms))
            if len(small) == len(large) == number // 2:
                break
    # In random order, so that processes that take every n-th molecule get equal shares of small and large ones.
    chosen = [(small + large)[index] for index in generator.permutation(len(small) + len(large))]
    return [smiles for smiles, _ in chosen], [size for _, size in chosen]


def heavy_atoms_of(smiles: str) -> int:
    """Number of heavy atoms; 0 for what is no neutral, connected molecule of natural isotopes."""
    molecule = None if "." in smiles else Chem.MolFromSmiles(smiles)
    if molecule is None or Chem.GetFormalCharge(molecule) or any(a.GetIsotope() for a in molecule.GetAtoms()):
        return 0
    return int(molecule.GetNumAtoms())


def prepare(share: Sequence[str]) -> tuple[Ways, int]:
    """The simulator of one process, warm, and the molecules that it refuses."""
    simulator = MsmsSimulator()

    def simulate(smiles: Sequence[str]) -> int:
        return sum(isinstance(simulator.simulate(each, CONDITIONS), Rejected) for each in smiles)

    return {"MS/MS": simulate}, simulate(share)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--molecules", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    smiles, sizes = molecules(arguments.molecules)
    found, refused = measure(prepare, smiles, arguments.processes, arguments.rounds)
    rounds = found["MS/MS"]
    print(
        f"{len(smiles)} molecules, {min(sizes)}-{max(sizes)} heavy atoms, median {statistics.median(sizes):.0f}, "
        f"{len(CONDITIONS)} energies, {refused} refused"
    )
    print(load_line())
    print(f"{'CPU time per molecule':<44} {1e6 * rounds.cpu_s / len(smiles):8.0f} us")
    print(f"{'molecules/s per core of CPU time':<44} {len(smiles) / rounds.cpu_s:8.0f}")
    print(f"{f'molecules/s, {arguments.processes} processes, best of rounds':<44} {rounds.best:8.0f}")
    print(f"{f'molecules/s, {arguments.processes} processes, median of rounds':<44} {rounds.median:8.0f}")


if __name__ == "__main__":
    main()
