"""From a batch of evidence to independent tuning tasks, one per cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.adapt.clusters import spherical_kmeans
from molucid.adapt.index import NeighbourIndex
from molucid.adapt.selection import select
from molucid.adapt.tuning import TuneConfig
from molucid.adapt.vectors import FloatMatrix


@dataclass(frozen=True, slots=True, eq=False)
class ClusterTask:
    """What one replica does for one cluster.

    Attributes:
        cluster: number of the cluster.
        members: positions in the batch of the evidence that this cluster decodes.
        rows: rows of the packed data set to tune on, most relevant first.
        nearest_similarity: cosine of the cluster's closest training sample.
        dark: the closest training sample is too far; the base model decodes the cluster.
        seed: of dropout and of the order of samples in this cluster.
    """

    cluster: int
    members: tuple[int, ...]
    rows: NDArray[np.int64]
    nearest_similarity: float
    dark: bool
    seed: int


def plan_per_cluster(
    vectors: FloatMatrix, index: NeighbourIndex, config: TuneConfig, seed: int
) -> list[ClusterTask]:
    """Cluster the batch's unit vectors and choose each cluster's training samples.

    Tasks are in the order of their first member and depend on the arguments only, so any number of actors in any order
    gives the same answers.
    """
    limits = config.per_cluster
    num_clusters = math.ceil(len(vectors) / limits.spectra_per_cluster)
    clusters = spherical_kmeans(vectors, num_clusters, config.kmeans_iterations, seed)
    members = sorted((clusters.members(c) for c in range(len(clusters))), key=lambda m: int(m[0]))
    tasks = []
    for number, inside in enumerate(members):
        chosen = select(
            index, vectors[inside], config.selection, limits.neighbours_per_cluster, seed=seed + number
        )
        tasks.append(
            ClusterTask(
                cluster=number,
                members=tuple(int(i) for i in inside),
                rows=chosen.rows,
                nearest_similarity=chosen.nearest_similarity,
                dark=chosen.nearest_similarity < config.dark_below_cosine,
                seed=seed + number,
            )
        )
    return tasks
