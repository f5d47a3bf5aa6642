"""MCES distance between molecules: how much bond order two structures do not share.

The distance of the maximum common edge subgraph (Kretschmer et al. 2023, "Small molecule machine learning:
All models are wrong, some may not even be useful", the "myopic" form): the summed bond order that is left
unmapped or changed by the best mapping of bonds to bonds. It is computed exactly by an integer program up
to `threshold`; above it, a lower bound from a matching of atoms by their neighbourhoods stands for it.
Hydrogens, charges and stereo do not count.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from myopic_mces.filter_MCES import apply_filter
from myopic_mces.graph import construct_graph
from myopic_mces.MCES_ILP import MCES_ILP
from pydantic import Field
from rdkit import Chem, rdBase

from molucid.chem.identity import canonical_smiles
from molucid.config import Config
from molucid.errors import InputError

Pair = tuple[str, str]
Progress = Callable[[str, int, int], None]
"""Called with a stage's name, the number of pairs done and the number of all pairs of that stage."""


class MCESConfig(Config):
    """Settings of the distance; the defaults are MassSpecGym's.

    Attributes:
        threshold: distances up to it are exact, above it lower bounds.
        cap: upper end of the scale; also the distance of a candidate that is missing or invalid.
        time_limit_s: CBC's limit per pair, after which its best mapping so far counts (an upper bound).
            `None` never gives up; with a limit, results depend on the machine's speed.
        num_processes: worker processes; `None` is one per core that this process may use.
    """

    threshold: float = Field(default=15.0, gt=0)
    cap: float = Field(default=100.0, gt=0)
    time_limit_s: float | None = Field(default=None, gt=0)
    num_processes: int | None = Field(default=None, ge=1)


class MCESDistances:
    """Distances by unordered pair of SMILES, each computed once, in parallel processes.

    Use it as a context manager: the processes end with it. Values do not depend on the number of processes
    nor on the order of requests.
    """

    def __init__(self, config: MCESConfig | None = None, progress: Progress | None = None) -> None:
        self.config = config or MCESConfig()
        self._progress = progress or (lambda stage, done, total: None)
        self._bounds: dict[Pair, float] = {}
        self._distances: dict[Pair, float] = {}
        self._resources = ExitStack()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._resources.close()
        self._pool = None

    def distance(self, a: str, b: str) -> float:
        """Compute the distance of one pair of valid SMILES, at most `cap`."""
        return self._solve([_unordered(a, b)])[_unordered(a, b)]

    def smallest(
        self, truths: Sequence[str], lists: Sequence[Sequence[str | None]], top_ks: Sequence[int]
    ) -> dict[int, list[float]]:
        """Find, for each k, the smallest distance between each truth and the first k entries of its list.

        Entries that are `None` (invalid), and an empty list, count as `cap`. An entry whose lower bound is
        not below the smallest distance found so far cannot change the minimum and is never solved; so the
        values are those of solving all pairs, at a fraction of the time.
        """
        pairs = [
            [None if entry is None else _unordered(truth, entry) for entry in entries[: max(top_ks)]]
            for truth, entries in zip(truths, lists, strict=True)
        ]
        self._bound({pair for row in pairs for pair in row if pair is not None})
        while True:
            wanted = {pair for row in pairs for k in top_ks for pair in self._next(row[:k])}
            if not wanted:
                break
            self._solve(sorted(wanted))
        return {k: [self._best(row[:k]) for row in pairs] for k in top_ks}

    def _best(self, row: Sequence[Pair | None]) -> float:
        known = [self._distances[pair] for pair in row if pair is not None and pair in self._distances]
        return min(known, default=self.config.cap)

    def _next(self, row: Sequence[Pair | None]) -> list[Pair]:
        """Pick the unsolved pair of `row` with the lowest bound, if it may still lower the minimum."""
        best = self._best(row)
        open_pairs = [p for p in row if p is not None and p not in self._distances and self._bounds[p] < best]
        return [min(open_pairs, key=lambda p: (self._bounds[p], p))] if open_pairs else []

    def _bound(self, pairs: Iterable[Pair]) -> None:
        missing = sorted({pair for pair in pairs if pair not in self._bounds})
        for pair, bound in zip(missing, self._run("lower bounds", _lower_bound, missing), strict=True):
            self._bounds[pair] = bound
            if bound > self.config.threshold:
                self._distances[pair] = min(bound, self.config.cap)

    def _solve(self, pairs: Sequence[Pair]) -> dict[Pair, float]:
        self._bound(pairs)
        missing = sorted({pair for pair in pairs if pair not in self._distances})
        for pair, value in zip(missing, self._run("exact distances", _exact_distance, missing), strict=True):
            # CBC without any mapping inside the time limit leaves the lower bound
            self._distances[pair] = min(self._bounds[pair] if value is None else value, self.config.cap)
        return {pair: self._distances[pair] for pair in pairs}

    def _run(self, stage: str, function: Callable[..., Any], pairs: Sequence[Pair]) -> Iterator[Any]:
        tasks = [(pair, self.config.threshold, self.config.time_limit_s) for pair in pairs]
        processes = self.config.num_processes or len(os.sched_getaffinity(0))
        if processes == 1 or len(tasks) < 2 * processes:
            results: Iterator[Any] = map(function, tasks)
        else:
            results = self._workers(processes).map(
                function, tasks, chunksize=1 + len(tasks) // (32 * processes)
            )
        for done, result in enumerate(results, start=1):
            self._progress(stage, done, len(tasks))
            yield result

    def _workers(self, processes: int) -> ProcessPoolExecutor:
        if self._pool is None:
            # spawn: a fork of a process that holds torch's or Ray's threads can deadlock
            context = multiprocessing.get_context("spawn")
            self._pool = self._resources.enter_context(ProcessPoolExecutor(processes, context))
        return self._pool


def _unordered(a: str, b: str) -> Pair:
    return (a, b) if a <= b else (b, a)


@lru_cache(maxsize=50_000)
def _graph(smiles: str) -> Any:
    with rdBase.BlockLogs():
        return construct_graph(smiles)


@lru_cache(maxsize=50_000)
def _plain(smiles: str) -> str:
    """Canonical SMILES without stereo: equal texts are equal graphs, at distance 0 without solving."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    return canonical_smiles(mol) if mol.GetNumAtoms() else ""


def _total_bond_order(graph: Any) -> float:
    return float(sum(weight for _, _, weight in graph.edges(data="weight")))


def _lower_bound(task: tuple[Pair, float, float | None]) -> float:
    (a, b), threshold, _ = task
    if a == b:
        return 0.0
    first, second = _graph(a), _graph(b)
    if not (first.number_of_edges() and second.number_of_edges()):
        return _total_bond_order(first) + _total_bond_order(second)
    bound, _ = apply_filter(first, second, threshold, always_stronger_bound=True)
    return float(bound)


def _exact_distance(task: tuple[Pair, float, float | None]) -> float | None:
    """Solve one pair whose lower bound is at most `threshold`; `None` if time ended without a mapping."""
    (a, b), threshold, time_limit_s = task
    if _plain(a) == _plain(b):
        return 0.0
    first, second = _graph(a), _graph(b)
    # the integer program has no variables without bonds on both sides; then nothing can be shared
    if not (first.number_of_edges() and second.number_of_edges()):
        return _total_bond_order(first) + _total_bond_order(second)
    options: dict[str, Any] = {"msg": False, "path": cbc_path()}
    if time_limit_s is not None:
        options["timeLimit"] = time_limit_s
    distance, _ = MCES_ILP(first, second, threshold, "COIN_CMD", solver_options=options)
    return None if distance < 0 else float(distance)


@lru_cache(maxsize=1)
def cbc_path() -> str:
    """Find the CBC solver: beside this Python, where `pip install pulp[cbc]` puts it, or on the PATH.

    Raises:
        InputError: there is none.
    """
    beside = Path(sys.executable).with_name("cbc")
    path = str(beside) if os.access(beside, os.X_OK) else shutil.which("cbc")
    if path is None:
        raise InputError(
            "no program `cbc`",
            "the CBC solver for MCES distances",
            hint="pip install 'pulp[cbc]', or evaluate without MCES (--no-mces)",
            code="missing_solver",
        )
    return path
