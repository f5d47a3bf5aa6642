"""Which training samples a cluster is tuned on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from molucid.adapt.index import NeighbourIndex
from molucid.adapt.vectors import FloatMatrix

Selection = Literal["nearest", "random"]


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """Training samples chosen for one cluster.

    Attributes:
        rows: rows of the packed data set, most relevant first, without repetition.
        nearest_similarity: cosine of the closest neighbour of any query, whatever was selected: how far the
            cluster lies from the training samples.
    """

    rows: NDArray[np.int64]
    nearest_similarity: float


def select(
    index: NeighbourIndex, queries: FloatMatrix, selection: Selection, budget: int, seed: int
) -> Selected:
    """Choose at most `budget` distinct training samples for a cluster.

    `nearest` takes the queries' neighbours in turn (each query's first, then each one's second, …), so that with
    one query it is plain nearest neighbours. `random` draws uniformly: the control at equal budget.

    Args:
        index: the training samples.
        queries: unit vectors of the cluster's queries, `[queries, bits]`.
        selection: how to choose.
        budget: number of samples; fewer if the index holds fewer.
        seed: of the random choice.
    """
    similarity, position = index.search(queries, budget)
    nearest = float(similarity[:, 0].max())
    if selection == "random":
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(index.rows))[:budget]
    else:
        in_turn = position.T.ravel()
        _, first = np.unique(in_turn, return_index=True)
        chosen = in_turn[np.sort(first)][:budget]
    return Selected(np.asarray(index.rows[chosen], np.int64), nearest)
