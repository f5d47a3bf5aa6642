"""Molecules per second of the fast infrared simulator: SMILES in, spectra of 1,800 points out.

    OMP_NUM_THREADS=1 python benchmarks/ir_speed.py [--processes 2] [--molecules 2000] [--rounds 5]

Molecules are those of `benchmarks/simulate_speed.py`: 10 to 45 heavy atoms, median 22. Every process simulates its own
share, once unmeasured to load the compiled code. The CPU figure counts processor time; the wall-clock figure is that
of all processes together, the best of the rounds and the median, with the machine's load at the time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier

from benchmarks.simulate_speed import molecules
from molucid.errors import Rejected
from molucid.simulate.ir import IrSimulator


def simulate_share(
    share: Sequence[str], rounds: int, barrier: Barrier, results: multiprocessing.Queue
) -> None:
    """One process: warm up, then time `rounds` passes that all processes begin together."""
    simulator = IrSimulator()
    refused = sum(isinstance(answer, Rejected) for answer in simulator.simulate_many(share))
    wall_s, cpu_s = [], []
    for _ in range(rounds):
        barrier.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        simulator.simulate_many(share)
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
        f"{sum(refused for _, _, refused in answers)} refused"
    )
    print(f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores")
    print(f"{'CPU time per molecule':<44} {1e6 * cpu_s / len(smiles):8.0f} us")
    print(f"{'molecules/s per core of CPU time':<44} {len(smiles) / cpu_s:8.0f}")
    for name, rate in (("best", max(rates)), ("median", statistics.median(rates))):
        print(f"{f'molecules/s, {arguments.processes} processes, {name} of rounds':<44} {rate:8.0f}")


if __name__ == "__main__":
    main()
