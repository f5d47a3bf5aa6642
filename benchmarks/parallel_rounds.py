"""Rounds that several processes run side by side: each its own share of the molecules, all beginning together."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any


@dataclass(frozen=True)
class Rounds:
    """What was measured of one way of working.

    Attributes:
        rates: molecules per second of all processes together, one per round; a round ends with the slowest process.
        cpu_s: processor time of the median round of each process, summed.
    """

    rates: tuple[float, ...]
    cpu_s: float

    @property
    def best(self) -> float:
        """Molecules per second of the best round."""
        return max(self.rates)

    @property
    def median(self) -> float:
        """Molecules per second of the median round."""
        return statistics.median(self.rates)


Ways = dict[str, Callable[[Sequence[str]], object]]
"""Name of each way of working, and what does it to a share of the molecules."""


def measure(
    prepare: Callable[[Sequence[str]], tuple[Ways, int]], smiles: Sequence[str], processes: int, rounds: int
) -> tuple[dict[str, Rounds], int]:
    """Time all ways in all processes, each with one thread.

    Args:
        prepare: loads in a process what it needs, does its share once unmeasured, and returns the ways and a number
            to add up (the refused, the differing); can be pickled.
        smiles: shared out in turn: every process takes each n-th.
        processes: how many.
        rounds: passes over each share.

    Returns:
        Rounds of each way, and the sum of the numbers.
    """
    # before the processes load numpy: one thread each
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=_share, args=(prepare, smiles[i::processes], rounds, barrier, results))
        for i in range(processes)
    ]
    for worker in workers:
        worker.start()
    answers = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    found = {}
    for name in answers[0][0]:
        parts = [times[name] for times, _ in answers]
        slowest = [max(walls) for walls in zip(*(wall for wall, _ in parts), strict=True)]
        found[name] = Rounds(
            tuple(len(smiles) / wall for wall in slowest), sum(statistics.median(cpu) for _, cpu in parts)
        )
    return found, sum(number for _, number in answers)


def load_line() -> str:
    """How busy the machine is."""
    return f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores"


def _share(
    prepare: Callable[[Sequence[str]], tuple[Ways, int]],
    share: Sequence[str],
    rounds: int,
    barrier: Barrier,
    results: multiprocessing.Queue[Any],
) -> None:
    ways, number = prepare(share)
    times: dict[str, tuple[list[float], list[float]]] = {}
    for name, way in ways.items():
        wall_s, cpu_s = [], []
        for _ in range(rounds):
            barrier.wait()
            wall, cpu = time.perf_counter(), time.process_time()
            way(share)
            cpu_s.append(time.process_time() - cpu)
            barrier.wait()
            wall_s.append(time.perf_counter() - wall)
        times[name] = (wall_s, cpu_s)
    results.put((times, number))
