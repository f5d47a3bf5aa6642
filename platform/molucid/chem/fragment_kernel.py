"""Compiled search of a pattern tree in molecular graphs, counting distinct sets of atoms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled
from molucid.chem.fragment_graphs import MAX_ATOMS, MAX_DEGREE, Graphs, Integers
from molucid.chem.fragment_trie import Followers, Trie

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ / golden ratio: spreads the bits of a key (Knuth, TAOCP 3, 6.4)
_ONE = np.uint64(1)


@compiled
def count_patterns(
    trie: Trie, followers: Followers, bond_answers: NDArray[np.bool_], classes: Integers, graphs: Graphs
) -> tuple[Integers, Integers, Integers]:
    """Occurrences of every pattern of the tree in each of some molecules.

    Args:
        trie: see `Trie`.
        followers: see `Followers`.
        bond_answers: does the kind of bond (row) answer the query (column)?
        classes: per atom its row of `followers.start`.
        graphs: molecules.

    Returns:
        `(start, pattern, count)`: those of molecule i stand at `start[i] … start[i + 1]`, patterns ascending.
    """
    num_molecules = len(graphs.atom_start) - 1
    num_patterns = len(trie.end_of_pattern)
    starts = np.zeros(num_molecules + 1, np.int32)
    patterns, counts = np.empty(4096, np.int32), np.empty(4096, np.int32)
    num_out = 0
    of_node = np.empty(len(trie.parent), np.int32)
    degree = np.empty(MAX_ATOMS, np.int32)
    neighbour = np.empty((MAX_ATOMS, MAX_DEGREE), np.int32)
    neighbour_bond = np.empty((MAX_ATOMS, MAX_DEGREE), np.int32)
    # Sets of atoms seen in the present molecule, by node; open addressing, at most half full. A slot is empty unless
    # it carries the stamp of this molecule, so nothing has to be cleared.
    stamps = np.zeros(4096, np.int32)
    seen_sets, seen_nodes = np.empty(4096, np.uint64), np.empty(4096, np.int32)
    # The search: `node[level]` is reached with the atoms `place[:level]`, whose bits are `used`. Of the atom at
    # `place[anchor[level]]` the neighbour `turn[level]` is tried with the nodes between the two followers.
    node, place, anchor, turn, next_follower, last_follower = np.empty((6, trie.depth + 1), np.int32)
    for molecule in range(num_molecules):
        own = classes[graphs.atom_start[molecule] : graphs.atom_start[molecule + 1]]
        degree[: len(own)] = 0
        for bond in range(graphs.bond_start[molecule], graphs.bond_start[molecule + 1]):
            a, b, kind = graphs.bonds[bond]
            neighbour[a, degree[a]], neighbour_bond[a, degree[a]] = b, kind
            neighbour[b, degree[b]], neighbour_bond[b, degree[b]] = a, kind
            degree[a] += 1
            degree[b] += 1
        of_node[:] = 0
        num_seen = 0
        for root in range(len(own)):
            for first in range(followers.start[own[root], 0], followers.start[own[root], 1]):
                of_node[followers.nodes[first]] += 1  # a single atom is found once
                if trie.anchors[followers.nodes[first]] == 0:
                    continue
                level = 1
                node[1], place[0] = followers.nodes[first], root
                used = _ONE << np.uint64(root)
                anchor[1], turn[1], next_follower[1], last_follower[1] = 0, -1, 0, 0
                while level > 0:
                    here, at, near, ready, last = (
                        node[level], anchor[level], turn[level], next_follower[level], last_follower[level],
                    )  # fmt: skip
                    # the next neighbour for which nodes of the tree wait
                    anchors = trie.anchors[here] >> np.uint64(at)
                    while ready == last and anchors:
                        near += 1
                        if anchors & _ONE and near < degree[place[at]]:
                            atom = neighbour[place[at], near]
                            if not (used >> np.uint64(atom)) & _ONE:
                                ready = followers.start[own[atom], here]
                                last = followers.start[own[atom], here + 1]
                        else:
                            anchors >>= _ONE
                            at += 1
                            near = -1
                    if ready == last:
                        level -= 1
                        used ^= _ONE << np.uint64(place[level])
                        continue
                    follower = followers.nodes[ready]
                    anchor[level], turn[level], next_follower[level], last_follower[level] = (
                        at, near, ready + 1, last,
                    )  # fmt: skip
                    if (
                        trie.anchor[follower] != at
                        or not bond_answers[neighbour_bond[place[at], near], trie.bond_query[follower]]
                    ):
                        continue
                    atom = neighbour[place[at], near]
                    if not _closes(
                        trie, bond_answers, follower, atom, place, degree, neighbour, neighbour_bond
                    ):
                        continue
                    with_atom = used | _ONE << np.uint64(atom)
                    if trie.is_end[follower]:
                        slot = _slot(stamps, seen_sets, seen_nodes, molecule + 1, with_atom, follower)
                        if stamps[slot] != molecule + 1:
                            stamps[slot], seen_sets[slot], seen_nodes[slot] = (
                                molecule + 1,
                                with_atom,
                                follower,
                            )
                            of_node[follower] += 1
                            num_seen += 1
                            if 2 * num_seen > len(stamps):
                                stamps, seen_sets, seen_nodes = _enlarged_table(
                                    stamps, seen_sets, seen_nodes, molecule + 1
                                )
                    if trie.anchors[follower]:
                        place[level], used = atom, with_atom
                        level += 1
                        node[level], anchor[level], turn[level] = follower, 0, -1
                        next_follower[level] = last_follower[level] = 0
        for pattern in range(num_patterns):
            end = trie.end_of_pattern[pattern]
            if end and of_node[end]:
                if num_out == len(patterns):
                    patterns, counts = _enlarged(patterns), _enlarged(counts)
                patterns[num_out], counts[num_out] = pattern, of_node[end]
                num_out += 1
        starts[molecule + 1] = num_out
    return starts, patterns[:num_out], counts[:num_out]


@compiled
def _closes(
    trie: Trie,
    bond_answers: NDArray[np.bool_],
    node: int,
    atom: int,
    place: Integers,
    degree: Integers,
    neighbour: Integers,
    neighbour_bond: Integers,
) -> bool:
    """Whether `atom` has all the bonds to earlier atoms that `node` asks for besides the one to its anchor."""
    for row in range(trie.closures_start[node], trie.closures_start[node + 1]):
        other, query = place[trie.closures[row, 0]], trie.closures[row, 1]
        found = False
        for turn in range(degree[atom]):
            if neighbour[atom, turn] == other:
                found = bond_answers[neighbour_bond[atom, turn], query]
        if not found:
            return False
    return True


@compiled
def _slot(
    stamps: Integers,
    seen_sets: NDArray[np.uint64],
    seen_nodes: Integers,
    stamp: int,
    atoms: np.uint64,
    node: int,
) -> int:
    """Slot of (set of atoms, node), or the empty one where it belongs."""
    mask = len(stamps) - 1
    key = (atoms ^ (np.uint64(node) << np.uint64(40))) * _MIX
    slot = int(key ^ (key >> np.uint64(32))) & mask
    while stamps[slot] == stamp and (seen_sets[slot] != atoms or seen_nodes[slot] != node):
        slot = (slot + 1) & mask
    return slot


@compiled
def _enlarged_table(
    stamps: Integers, seen_sets: NDArray[np.uint64], seen_nodes: Integers, stamp: int
) -> tuple[Integers, NDArray[np.uint64], Integers]:
    larger = np.zeros(2 * len(stamps), np.int32)
    sets, nodes = np.empty(len(larger), np.uint64), np.empty(len(larger), np.int32)
    for old in range(len(stamps)):
        if stamps[old] == stamp:
            slot = _slot(larger, sets, nodes, stamp, seen_sets[old], seen_nodes[old])
            larger[slot], sets[slot], nodes[slot] = stamp, seen_sets[old], seen_nodes[old]
    return larger, sets, nodes


@compiled
def _enlarged(values: Integers) -> Integers:
    larger = np.empty(2 * len(values), np.int32)
    larger[: len(values)] = values
    return larger
