"""Combinatorial fragmentation of a molecular graph: connected atom subsets reached by bond and ring cuts.

One step cuts either one bridge or two bonds of one ring, as in MetFrag (Ruttkies et al. 2016, J. Cheminform. 8:3)
and MAGMa (Ridder et al. 2012, Rapid Commun. Mass Spectrom. 26:2461); both sides become fragments. Fragments are bit
masks over at most 64 heavy atoms. All cuts of a fragment are found in one pass: each edge outside a spanning tree
gets a bit of its own, each tree edge the XOR of the bits of the cycles through it. An edge without any bit is a
bridge, and two edges with equal labels are exactly the pairs whose removal disconnects the fragment (the cycle space
labels of Pritchard and Thurimella 2011, ACM Trans. Algorithms 7:46, here with one bit per cycle and so without error).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.chem.compiled import compiled
from molucid.config import Config
from molucid.errors import InputError
from molucid.simulate.bits import ONE, ZERO, trailing_zeros
from molucid.simulate.hash_table import slot_of

Masks = NDArray[np.uint64]
Scalar = TypeVar("Scalar", bound=np.generic)

MAX_ATOMS = 64
"""Heavy atoms that a mask can hold."""

MAX_RINGS = 63
"""Independent cycles that a label can hold."""

_MAX_CUTS = 2_080  # 63 bridges and C(64, 2) pairs bound the cuts of one fragment from above


class FragmenterConfig(Config):
    """How far a molecule is taken apart.

    Attributes:
        max_depth: cutting steps from the molecule; two bonds of one ring are one step.
        max_fragments: capacity; a molecule with more fragments is refused, never cut short in silence.
    """

    max_depth: int = Field(default=2, ge=0, le=3)
    max_fragments: int = Field(default=30_000, ge=1, le=1_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class Fragments:
    """Distinct connected fragments, the whole molecule first, in order of discovery.

    Attributes:
        masks: bit i is set where atom i is kept; uint64 `[fragments]`.
        depths: least number of cutting steps; int8 `[fragments]`.
        complete: `False` if the capacity ended the enumeration, so that fragments are missing.
    """

    masks: Masks
    depths: NDArray[np.int8]
    complete: bool


def fragment(neighbours: Masks, config: FragmenterConfig) -> Fragments:
    """Fragments of the connected graph whose atom i has the neighbours `neighbours[i]` (bit mask), uint64 `[atoms]`.

    Raises:
        InputError: no atom or more than 64 (`too_many_atoms`), more than 63 independent rings (`too_many_rings`).
    """
    num_atoms = len(neighbours)
    if not 0 < num_atoms <= MAX_ATOMS:
        raise InputError(f"{num_atoms} heavy atoms", f"1 to {MAX_ATOMS} heavy atoms", code="too_many_atoms")
    num_bonds = sum(int(mask).bit_count() for mask in neighbours) // 2
    if num_bonds - num_atoms + 1 > MAX_RINGS:
        raise InputError(
            f"{num_bonds - num_atoms + 1} rings", f"at most {MAX_RINGS} rings", code="too_many_rings"
        )
    return Fragments(*enumerate_fragments(neighbours, config.max_depth, config.max_fragments))


@compiled
def enumerate_fragments(
    neighbours: Masks, max_depth: int, max_fragments: int
) -> tuple[Masks, NDArray[np.int8], bool]:
    """Breadth-first enumeration; returns `(masks, depths, complete)` of `Fragments`."""
    num_atoms = len(neighbours)
    whole = ~ZERO if num_atoms == 64 else (ONE << np.uint64(num_atoms)) - ONE
    capacity = min(max_fragments, 512)
    masks = np.empty(capacity, np.uint64)
    depths = np.empty(capacity, np.int8)
    table = np.zeros(2_048, np.uint64)  # open addressing; at most half full
    sides = np.empty(_MAX_CUTS, np.uint64)
    scratch = np.empty((5, 64), np.uint64)
    masks[0], depths[0] = whole, 0
    table[slot_of(table, whole)] = whole
    count, start = 1, 0
    for depth in range(1, max_depth + 1):
        end = count
        for parent_index in range(start, end):
            parent = masks[parent_index]
            num_cuts = find_cuts(parent, neighbours, scratch, sides)
            for cut in range(num_cuts):
                for side in (sides[cut], parent ^ sides[cut]):
                    slot = slot_of(table, side)
                    if table[slot] != ZERO:
                        continue
                    if count == max_fragments:
                        return masks[:count], depths[:count], False
                    if count == capacity:
                        capacity = min(2 * capacity, max_fragments)
                        masks, depths = _enlarged(masks, capacity), _enlarged(depths, capacity)
                    if 2 * (count + 1) > len(table):
                        table = _rehashed(table)
                        slot = slot_of(table, side)
                    table[slot] = side
                    masks[count], depths[count] = side, depth
                    count += 1
        start = end
    return masks[:count], depths[:count], True


@compiled
def find_cuts(mask: np.uint64, neighbours: Masks, scratch: Masks, sides: Masks) -> int:
    """All bridges and ring bond pairs of the connected fragment `mask`.

    Writes one side of each cut to `sides` (uint64) and returns their number; `scratch` is uint64 `[5, 64]`.
    """
    order, parent, subtree, label, ring_vertex = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    root = trailing_zeros(mask)
    order[0], parent[root], subtree[root], label[root] = root, root, ONE << root, ZERO
    visited, expanded, next_label = ONE << root, ZERO, ONE
    count, head = 1, 0
    while head < count:  # breadth-first spanning tree
        atom = order[head]
        head += 1
        near = neighbours[atom] & mask
        closing = near & visited & ~expanded  # ring closures to atoms that wait in the queue
        while closing != ZERO:
            other = trailing_zeros(closing)
            closing &= closing - ONE
            label[atom] ^= next_label
            label[other] ^= next_label
            next_label <<= ONE
        fresh = near & ~visited
        visited |= fresh
        while fresh != ZERO:
            other = trailing_zeros(fresh)
            fresh &= fresh - ONE
            parent[other], subtree[other], label[other] = atom, ONE << other, ZERO
            order[count] = other
            count += 1
        expanded |= ONE << atom
    num_cuts, num_ring = 0, 0
    for position in range(count - 1, 0, -1):  # leaves first: labels and subtrees add up towards the root
        atom = order[position]
        above = parent[atom]
        subtree[above] |= subtree[atom]
        label[above] ^= label[atom]
        cycles = label[atom]
        if cycles == ZERO:
            sides[num_cuts] = subtree[atom]
            num_cuts += 1
            continue
        if cycles & (cycles - ONE) == ZERO:  # pairs with the one closure that carries this bit
            sides[num_cuts] = subtree[atom]
            num_cuts += 1
        for index in range(num_ring):
            other = ring_vertex[index]
            if label[other] == cycles:
                sides[num_cuts] = subtree[atom] ^ subtree[other]
                num_cuts += 1
        ring_vertex[num_ring] = atom
        num_ring += 1
    return num_cuts


@compiled
def _rehashed(table: Masks) -> Masks:
    larger = np.zeros(2 * len(table), np.uint64)
    for key in table:
        if key != ZERO:
            larger[slot_of(larger, key)] = key
    return larger


@compiled
def _enlarged(values: NDArray[Scalar], capacity: int) -> NDArray[Scalar]:
    larger = np.empty(capacity, values.dtype)
    larger[: len(values)] = values
    return larger
