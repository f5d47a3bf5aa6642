"""Which molecules of a corpus are worth a slow computation: those that bring atom environments not seen yet.

A molecule's gain is the sum over its atom environments (Morgan, radius 0 to 2) of `√corpus count · 1 / (n + 1)`,
with n the number of chosen molecules that have the environment. Gains only fall as molecules are chosen, so the best
one is found without counting all of them again (lazy greedy: Minoux 1978, LNCIS 7, 234).
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

_ENVIRONMENT_RADIUS = 2


def diverse_order(smiles: Sequence[str]) -> Iterator[int]:
    """Places in `smiles`, one for each molecule, in an order whose every beginning is diverse.

    Molecule sizes take turns, the smallest first; within a size the one with the highest gain comes next, and of
    equal gains the earlier one. The order is a function of the molecules and their order alone.
    """
    environments = [_environments(text) for text in smiles]
    common = Counter(key for keys in environments for key in keys)
    weight = {key: math.sqrt(count) for key, count in common.items()}
    chosen: Counter[int] = Counter()

    def gain(place: int) -> float:
        return math.fsum(weight[key] / (chosen[key] + 1) for key in environments[place])

    queues: dict[int, list[tuple[float, int]]] = defaultdict(list)
    with rdBase.BlockLogs():
        for place, text in enumerate(smiles):
            queues[Chem.MolFromSmiles(text).GetNumHeavyAtoms()].append((-gain(place), place))
    for queue in queues.values():
        heapq.heapify(queue)
    while queues:
        for size in sorted(queues):
            queue = queues[size]
            place = _pop_best(queue, gain)
            if not queue:
                del queues[size]
            chosen.update(environments[place])
            yield place


def _pop_best(queue: list[tuple[float, int]], gain: Callable[[int], float]) -> int:
    while True:
        _, place = heapq.heappop(queue)
        entry = (-gain(place), place)
        if not queue or entry <= queue[0]:
            return place
        heapq.heappush(queue, entry)


def _environments(smiles: str) -> tuple[int, ...]:
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        counts = _GENERATOR.GetSparseCountFingerprint(molecule).GetNonzeroElements()
    return tuple(sorted(counts))


_GENERATOR = rdFingerprintGenerator.GetMorganGenerator(radius=_ENVIRONMENT_RADIUS)
