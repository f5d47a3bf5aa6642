"""Spherical k-means over a batch's predicted-fingerprint vectors."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from molucid.adapt.vectors import FloatMatrix
from molucid.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """A partition of a batch.

    Attributes:
        assignment: cluster of each vector, int64 of shape `[vectors]`; every cluster 0…k−1 has a member.
        centroids: unit vectors, float32 of shape `[k, dimension]`.
        representatives: index of the vector nearest to each centroid, int64 of shape `[k]`.
    """

    assignment: NDArray[np.int64]
    centroids: FloatMatrix
    representatives: NDArray[np.int64]

    def members(self, cluster: int) -> NDArray[np.int64]:
        """Indices of the vectors of one cluster, ascending."""
        return np.flatnonzero(self.assignment == cluster)

    def __len__(self) -> int:
        return len(self.centroids)


def spherical_kmeans(vectors: FloatMatrix, num_clusters: int, num_iterations: int, seed: int) -> Clusters:
    """Cluster unit vectors by cosine.

    Args:
        vectors: unit vectors, float32 of shape `[vectors, dimension]`.
        num_clusters: k; no more than there are distinct vectors are made.
        num_iterations: Lloyd iterations.
        seed: of the initial choice; the result is a function of all four arguments.

    Raises:
        InputError: no vectors, or k below 1.
    """
    if len(vectors) == 0 or num_clusters < 1:
        raise InputError(
            f"{len(vectors)} vectors and {num_clusters} clusters",
            "at least one of each",
            code="nothing_to_cluster",
        )
    k = min(num_clusters, len(np.unique(vectors, axis=0)))
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        k,
        niter=num_iterations,
        seed=seed,
        spherical=True,
        # Test batches are small: faiss would warn below 39 points per centroid and subsample above 256.
        min_points_per_centroid=1,
        max_points_per_centroid=max(len(vectors), 1),
    )
    data = np.ascontiguousarray(vectors, np.float32)
    kmeans.train(data)
    assert kmeans.centroids is not None, "trained"
    centroids: FloatMatrix = kmeans.centroids.reshape(k, -1)
    similarity = data @ centroids.T
    assignment = similarity.argmax(axis=1)
    # A centroid may end without members; only clusters that someone belongs to are kept.
    kept, compact = np.unique(assignment, return_inverse=True)
    compact = compact.astype(np.int64)
    representatives = np.empty(len(kept), np.int64)
    for new, old in enumerate(kept):
        inside = np.flatnonzero(compact == new)
        representatives[new] = inside[similarity[inside, old].argmax()]
    return Clusters(compact, centroids[kept], representatives)
