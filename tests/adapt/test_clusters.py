import numpy as np
import pytest

from molucid.adapt.clusters import spherical_kmeans
from molucid.adapt.vectors import unit_vectors
from molucid.errors import InputError


def bundles(per_bundle: int, seed: int = 0) -> np.ndarray:
    """Unit vectors in three tight bundles around the axes of an eight-dimensional space."""
    generator = np.random.default_rng(seed)
    axes = np.repeat(np.eye(3, 8, dtype=np.float32), per_bundle, axis=0)
    return unit_vectors(axes + generator.normal(0, 0.02, axes.shape).astype(np.float32))


def test_three_bundles_are_found_whatever_their_lengths() -> None:
    vectors = bundles(20)
    clusters = spherical_kmeans(vectors, 3, 50, seed=1)
    assert sorted(len(clusters.members(c)) for c in range(3)) == [20, 20, 20]
    for c in range(3):
        assert len(set(clusters.members(c) // 20)) == 1
    np.testing.assert_allclose(np.linalg.norm(clusters.centroids, axis=1), 1, rtol=1e-5)


def test_the_representative_is_the_member_with_the_largest_cosine_to_the_centroid() -> None:
    vectors = bundles(10)
    clusters = spherical_kmeans(vectors, 3, 50, seed=1)
    for c in range(3):
        inside = clusters.members(c)
        best = max(inside, key=lambda i, c=c: float(vectors[i] @ clusters.centroids[c]))
        assert clusters.representatives[c] == best


def test_the_same_seed_gives_the_same_partition() -> None:
    vectors = unit_vectors(np.random.default_rng(3).random((60, 16), np.float32))
    first, second = (spherical_kmeans(vectors, 7, 30, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.assignment, second.assignment)


def test_no_more_clusters_than_distinct_vectors_and_none_is_empty() -> None:
    vectors = np.repeat(np.eye(2, 4, dtype=np.float32), 5, axis=0)
    clusters = spherical_kmeans(vectors, 6, 20, seed=0)
    assert len(clusters) == 2
    assert {len(clusters.members(c)) for c in range(2)} == {5}


def test_nothing_to_cluster_is_refused() -> None:
    with pytest.raises(InputError, match="0 vectors"):
        spherical_kmeans(np.zeros((0, 4), np.float32), 2, 10, seed=0)
