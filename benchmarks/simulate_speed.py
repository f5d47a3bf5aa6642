"""Molecules per second of the MS/MS simulator: SMILES in, spectra at three collision energies out.

    python benchmarks/simulate_speed.py [--processes 2] [--molecules 2000] [--rounds 5]

Molecules are those of the `chemicals` package with 10 to 45 heavy atoms, sampled with a fixed seed so that
the median is 22 heavy atoms. Every process simulates its own share, once unmeasured to load the compiled code.
The CPU figure counts processor time; the wall-clock figure is that of all processes together, the best of the
rounds and the median, with the machine's load at the time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier

import numpy as np
from rdkit import Chem, rdBase

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


def simulate_share(
    share: Sequence[str], rounds: int, barrier: Barrier, results: multiprocessing.Queue
) -> None:
    """One process: warm up, then time `rounds` passes that all processes begin together."""
    simulator = MsmsSimulator()
    refused = sum(isinstance(simulator.simulate(smiles, CONDITIONS), Rejected) for smiles in share)
    wall_s, cpu_s = [], []
    for _ in range(rounds):
        barrier.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        for smiles in share:
            simulator.simulate(smiles, CONDITIONS)
        cpu_s.append(time.process_time() - cpu)
        barrier.wait()  # the round ends with the slowest process
        wall_s.append(time.perf_counter() - wall)
    results.put((wall_s, cpu_s, refused))


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
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(arguments.processes), context.Queue()
    workers = [
        context.Process(
            target=simulate_share, args=(smiles[i :: arguments.processes], arguments.rounds, barrier, results)
        )
        for i in range(arguments.processes)
    ]
    for worker in workers:
        worker.start()
    answers = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    rates = [len(smiles) / max(round_s) for round_s in zip(*(wall for wall, _, _ in answers), strict=True)]
    cpu_s = sum(min(cpu) for _, cpu, _ in answers)
    print(
        f"{len(smiles)} molecules, {min(sizes)}-{max(sizes)} heavy atoms, median {statistics.median(sizes):.0f}, "
        f"{len(CONDITIONS)} energies, {sum(refused for _, _, refused in answers)} refused"
    )
    print(f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores")
    print(f"{'CPU time per molecule':<44} {1e6 * cpu_s / len(smiles):8.0f} us")
    print(f"{'molecules/s per core of CPU time':<44} {len(smiles) / cpu_s:8.0f}")
    print(f"{f'molecules/s, {arguments.processes} processes, best of rounds':<44} {max(rates):8.0f}")
    print(
        f"{f'molecules/s, {arguments.processes} processes, median of rounds':<44} {statistics.median(rates):8.0f}"
    )


if __name__ == "__main__":
    main()
