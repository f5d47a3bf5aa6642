"""Molecules per second of the NMR simulator: SMILES in, ¹H and ¹³C lists or traces out.

    python benchmarks/nmr_speed.py [--processes 2] [--molecules 2000] [--rounds 5]

The molecules are those of `simulate_speed.py` (10 to 45 heavy atoms, median 22). Every process has its own share and
one thread, and simulates some of it unmeasured first. Wall clock of all processes together, best round and median; CPU
time counts processor time, which a loaded machine changes less.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier

import numpy as np

from benchmarks.simulate_speed import molecules
from molucid.simulate.nmr import NmrSimulator, SimulatedNmr
from molucid.simulate.nmr_augment import NmrAugmentConfig, augment_peaks, augmented_trace
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID
from molucid.spectra.multiplets import render


def with_lists(simulator: NmrSimulator, smiles: Sequence[str]) -> list[SimulatedNmr]:
    """Both peak lists."""
    return [found for found in simulator.simulate_many(smiles) if isinstance(found, SimulatedNmr)]


def with_traces(simulator: NmrSimulator, smiles: Sequence[str]) -> None:
    """Both lists and both traces."""
    for found in with_lists(simulator, smiles):
        render(found.h_nmr, H_NMR_GRID)
        render(found.c_nmr, C_NMR_GRID)


def with_augmented_lists(simulator: NmrSimulator, smiles: Sequence[str]) -> None:
    """Both lists as reported."""
    config, rng = NmrAugmentConfig(), np.random.default_rng(0)
    for found in with_lists(simulator, smiles):
        augment_peaks(found.h_nmr, config, rng)
        augment_peaks(found.c_nmr, config, rng)


def with_augmented_traces(simulator: NmrSimulator, smiles: Sequence[str]) -> None:
    """Both traces as measured."""
    config, rng = NmrAugmentConfig(), np.random.default_rng(0)
    for found in with_lists(simulator, smiles):
        augmented_trace(found.h_nmr, config, rng)
        augmented_trace(found.c_nmr, config, rng)


WAYS: dict[str, Callable[[NmrSimulator, Sequence[str]], object]] = {
    "peak lists": with_lists,
    "peak lists and both traces": with_traces,
    "augmented peak lists": with_augmented_lists,
    "augmented traces": with_augmented_traces,
}


def simulate_share(
    share: Sequence[str], rounds: int, barrier: Barrier, results: multiprocessing.Queue
) -> None:
    """One process: for each way, warm up, then time `rounds` passes that all processes begin together."""
    simulator = NmrSimulator()
    refused = len(share) - len(with_lists(simulator, share))
    found: dict[str, tuple[list[float], list[float]]] = {}
    for name, way in WAYS.items():
        way(simulator, share[:100])
        wall_s, cpu_s = [], []
        for _ in range(rounds):
            barrier.wait()
            wall, cpu = time.perf_counter(), time.process_time()
            way(simulator, share)
            cpu_s.append(time.process_time() - cpu)
            barrier.wait()  # the round ends with the slowest process
            wall_s.append(time.perf_counter() - wall)
        found[name] = (wall_s, cpu_s)
    results.put((found, refused))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--molecules", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    # before the processes load numpy: one thread each
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
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
    refused = sum(number for _, number in answers)
    print(
        f"{len(smiles)} molecules, {min(sizes)}-{max(sizes)} heavy atoms, median {statistics.median(sizes):.0f}, "
        f"{refused} refused, {arguments.processes} processes"
    )
    print(f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores")
    print(f"{'molecules/s':<30}{'best':>8}{'median':>8}{'per core of CPU time':>22}")
    for name in WAYS:
        parts = [found[name] for found, _ in answers]
        rates = [len(smiles) / max(walls) for walls in zip(*(wall for wall, _ in parts), strict=True)]
        cpu_s = sum(min(cpu) for _, cpu in parts)
        print(f"{name:<30}{max(rates):>8.0f}{statistics.median(rates):>8.0f}{len(smiles) / cpu_s:>22.0f}")


if __name__ == "__main__":
    main()
