"""The fragmenter against hand counts and against brute force over all atom subsets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from molucid.errors import InputError
from molucid.simulate.fragmenter import FragmenterConfig, fragment

Edges = list[tuple[int, int]]


def path(n: int) -> Edges:
    return [(i, i + 1) for i in range(n - 1)]


def ring(n: int) -> Edges:
    return [*path(n), (0, n - 1)]


# two six-rings that share the bond 0-5
NAPHTHALENE = [*ring(6), (5, 6), (6, 7), (7, 8), (8, 9), (0, 9)]
CUBANE = [(0, 1), (1, 2), (2, 3), (0, 3), (4, 5), (5, 6), (6, 7), (4, 7), (0, 4), (1, 5), (2, 6), (3, 7)]


def neighbour_masks(n: int, edges: Edges) -> NDArray[np.uint64]:
    masks = [0] * n
    for i, j in edges:
        masks[i] |= 1 << j
        masks[j] |= 1 << i
    return np.array(masks, np.uint64)


def is_connected(mask: int, neighbours: list[int]) -> bool:
    seen = frontier = mask & -mask
    while frontier:
        near = 0
        for atom in range(len(neighbours)):
            if frontier >> atom & 1:
                near |= neighbours[atom]
        frontier = near & mask & ~seen
        seen |= frontier
    return seen == mask


def brute_force(n: int, edges: Edges, depth: int) -> dict[int, int]:
    """Mask → least depth: every bipartition into connected halves that cuts one bond or two."""
    neighbours = [int(m) for m in neighbour_masks(n, edges)]
    found = {(1 << n) - 1: 0}
    frontier = [(1 << n) - 1]
    for step in range(1, depth + 1):
        reached = []
        for parent in frontier:
            side = (parent - 1) & parent
            while side:
                other = parent ^ side
                cut = sum(
                    ((side >> i & 1) and (other >> j & 1)) or ((side >> j & 1) and (other >> i & 1))
                    for i, j in edges
                )
                halves = is_connected(side, neighbours) and is_connected(other, neighbours)
                if cut <= 2 and halves and side not in found:
                    found[side] = step
                    reached.append(side)
                side = (side - 1) & parent
        frontier = reached
    return found


@pytest.mark.parametrize(
    ("n", "edges", "depth", "count"),
    [
        (3, path(3), 1, 5),  # ethanol: whole, C, CO, CC, O
        (3, path(3), 2, 6),  # and the middle carbon
        (4, path(4), 1, 7),  # butane: whole and two sides of each of three bonds
        (4, path(4), 2, 10),  # every sub-path: 4 + 3 + 2 + 1
        (6, ring(6), 1, 31),  # benzene: whole, and 6 starts × 5 lengths of arcs
        (6, ring(6), 2, 31),  # an arc of an arc is an arc
        (10, NAPHTHALENE, 1, 41),  # whole, and two sides of C(5, 2) pairs in each ring
        (8, CUBANE, 2, 1),  # three-connected: no bridge, no pair
        (1, [], 2, 1),
    ],
)
def test_hand_counts(n: int, edges: Edges, depth: int, count: int) -> None:
    fragments = fragment(neighbour_masks(n, edges), FragmenterConfig(max_depth=depth))
    assert fragments.complete
    assert len(set(fragments.masks.tolist())) == len(fragments.masks) == count


@pytest.mark.parametrize(
    "edges", [path(7), ring(7), NAPHTHALENE, CUBANE, [*ring(5), (2, 5), (5, 6), (6, 7), (5, 7)]]
)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_equals_brute_force(edges: Edges, depth: int) -> None:
    n = 1 + max(max(edge) for edge in edges)
    fragments = fragment(neighbour_masks(n, edges), FragmenterConfig(max_depth=depth))
    assert dict(zip(fragments.masks.tolist(), fragments.depths.tolist(), strict=True)) == brute_force(
        n, edges, depth
    )


@st.composite
def connected_graphs(draw: st.DrawFn) -> tuple[int, Edges]:
    n = draw(st.integers(2, 9))
    tree = [(draw(st.integers(0, i - 1)), i) for i in range(1, n)]
    more = draw(st.lists(st.sampled_from(list(combinations(range(n), 2))), max_size=4))
    return n, sorted({*tree, *more})


@given(connected_graphs())
@settings(max_examples=60, deadline=None)
def test_random_graphs_equal_brute_force(graph: tuple[int, Edges]) -> None:
    fragments = fragment(neighbour_masks(*graph), FragmenterConfig(max_depth=2))
    assert dict(zip(fragments.masks.tolist(), fragments.depths.tolist(), strict=True)) == brute_force(
        *graph, 2
    )


def test_sixty_four_atoms_fill_the_mask() -> None:
    fragments = fragment(neighbour_masks(64, path(64)), FragmenterConfig(max_depth=2))
    assert fragments.masks[0] == np.uint64(2**64 - 1)
    assert len(fragments.masks) == 64 * 65 // 2  # all sub-paths


def test_capacity_is_told_not_hidden() -> None:
    masks = neighbour_masks(64, path(64))
    exact = fragment(masks, FragmenterConfig(max_fragments=2_080))
    assert exact.complete
    short = fragment(masks, FragmenterConfig(max_fragments=2_079))
    assert not short.complete
    assert len(short.masks) == 2_079


def test_too_many_atoms_are_refused_by_name() -> None:
    with pytest.raises(InputError) as caught:
        fragment(neighbour_masks(65, []), FragmenterConfig())
    assert caught.value.code == "too_many_atoms"
