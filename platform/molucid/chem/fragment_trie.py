"""Patterns as one prefix tree: patterns that begin alike are looked for together.

A pattern is spelled as a sequence of steps, one per atom: which query the atom answers, at which earlier atom of the
sequence it hangs, which query that bond answers, and which bonds close rings to other earlier atoms. Patterns that
share their first steps share the nodes of the tree, so that a part that is not in a molecule is tried once and not
once per pattern.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Mol

from molucid.chem.fragment_graphs import MAX_ATOMS, Integers
from molucid.chem.fragment_queries import Queries, reads_listed_features


class Step(NamedTuple):
    """One atom of a spelled pattern.

    Attributes:
        atom_query: what it answers.
        anchor: place of the earlier atom at which it hangs; −1 for the first atom.
        bond_query: what the bond to the anchor answers; −1 for the first atom.
        closures: place and bond query of each further bond to an earlier atom.
    """

    atom_query: int
    anchor: int
    bond_query: int
    closures: tuple[tuple[int, int], ...]


class Trie(NamedTuple):
    """The tree as arrays over its nodes. Node 0 is the root, which has no atom.

    Attributes:
        parent: the node before; `[nodes]`.
        atom_query, anchor, bond_query: see `Step`; `[nodes]`.
        closures_start: row of `closures` at which the node's own begin; `[nodes + 1]`.
        closures: place and bond query; `[closures, 2]`.
        anchors: bit i is set where a node that follows hangs at place i; `[nodes]`.
        is_end: whether a pattern ends here; `[nodes]`.
        end_of_pattern: per pattern its last node, 0 for one that is not in the tree; `[patterns]`.
        depth: atoms of the longest pattern.
    """

    parent: Integers
    atom_query: Integers
    anchor: Integers
    bond_query: Integers
    closures_start: Integers
    closures: Integers
    anchors: NDArray[np.uint64]
    is_end: NDArray[np.bool_]
    end_of_pattern: Integers
    depth: int


def fits(query: Mol) -> bool:
    """Whether a pattern can be spelled: of at most 64 atoms, connected, and asking for single atoms and bonds only."""
    return (
        query.GetNumAtoms() <= MAX_ATOMS
        and len(Chem.GetMolFrags(query)) == 1
        and all(reads_listed_features(atom) for atom in query.GetAtoms())
        and all(reads_listed_features(bond) for bond in query.GetBonds())
    )


def build_trie(patterns: Sequence[Mol], queries: Queries) -> Trie:
    """The tree of the patterns that fit, whose queries enter `queries`."""
    numbered = [_numbered(pattern, queries) if fits(pattern) else None for pattern in patterns]
    usage = Counter(q for pattern in numbered if pattern is not None for q in pattern.atom_queries)
    nodes: dict[tuple[int, Step], int] = {}
    ends = [_insert(_spelled(p, usage), nodes) if p is not None else 0 for p in numbered]
    parent = np.array([-1, *(before for before, _ in nodes)], np.int32)
    steps = [Step(-1, -1, -1, ()), *(step for _, step in nodes)]
    anchors = np.zeros(len(steps), np.uint64)
    for before, step in nodes:
        if before:
            anchors[before] |= np.uint64(1) << np.uint64(step.anchor)
    return Trie(
        parent,
        np.array([step.atom_query for step in steps], np.int32),
        np.array([step.anchor for step in steps], np.int32),
        np.array([step.bond_query for step in steps], np.int32),
        np.cumsum([0, *(len(step.closures) for step in steps)], dtype=np.int32),
        np.array([closure for step in steps for closure in step.closures], np.int32).reshape(-1, 2),
        anchors,
        np.isin(np.arange(len(steps)), [end for end in ends if end]),
        np.array(ends, np.int32),
        max((pattern.GetNumAtoms() for pattern, end in zip(patterns, ends, strict=True) if end), default=0),
    )


class _Numbered(NamedTuple):
    """A pattern with its queries as numbers; `neighbours[i]` maps neighbours of atom i to bond queries."""

    atom_queries: list[int]
    neighbours: list[dict[int, int]]


def _numbered(pattern: Mol, queries: Queries) -> _Numbered:
    neighbours: list[dict[int, int]] = [{} for _ in range(pattern.GetNumAtoms())]
    for bond in pattern.GetBonds():
        first, second, number = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), queries.bond_number(bond)
        neighbours[first][second] = neighbours[second][first] = number
    return _Numbered([queries.atom_number(atom) for atom in pattern.GetAtoms()], neighbours)


def _spelled(pattern: _Numbered, usage: Counter[int]) -> list[Step]:
    """The steps of a pattern: widely used queries late, so that most patterns end at their first, rare atom."""

    def rank(atom: int) -> tuple[int, int]:
        return usage[pattern.atom_queries[atom]], pattern.atom_queries[atom]

    order = [min(range(len(pattern.atom_queries)), key=rank)]
    steps = [Step(pattern.atom_queries[order[0]], -1, -1, ())]
    while len(order) < len(pattern.atom_queries):
        waiting = {b for a in order for b in pattern.neighbours[a]} - set(order)
        options = [(_step(pattern, order, atom), atom) for atom in sorted(waiting)]
        step, atom = min(options, key=lambda option: (-len(option[0].closures), rank(option[1]), option[0]))
        order.append(atom)
        steps.append(step)
    return steps


def _step(pattern: _Numbered, order: list[int], atom: int) -> Step:
    bonds = pattern.neighbours[atom]
    earlier = [(place, bonds[other]) for place, other in enumerate(order) if other in bonds]
    return Step(pattern.atom_queries[atom], *earlier[0], tuple(earlier[1:]))


def _insert(steps: list[Step], nodes: dict[tuple[int, Step], int]) -> int:
    """Number of the node at which `steps` end, after adding those that are missing."""
    at = 0
    for step in steps:
        at = nodes.setdefault((at, step), len(nodes) + 1)
    return at


class Followers(NamedTuple):
    """Which nodes may follow a node with an atom of a class.

    Attributes:
        start: by class and node the place of the first in `nodes`, and where they end; `[classes, nodes + 1]`.
        nodes: grouped by class and by the node that they follow.
    """

    start: Integers
    nodes: Integers


def followers(trie: Trie, class_answers: Sequence[NDArray[np.bool_]]) -> Followers:
    """Sort the nodes of `trie` by what they follow and by which classes of atoms answer them."""
    by_parent = np.argsort(trie.parent[1:], kind="stable").astype(np.int32) + 1
    edges = np.arange(len(trie.parent) + 1)
    groups = [by_parent[answers[trie.atom_query[by_parent]]] for answers in class_answers]
    starts = [np.searchsorted(trie.parent[group], edges) for group in groups]
    offsets = np.cumsum([0, *(len(group) for group in groups)])
    return Followers(
        np.array([start + offset for start, offset in zip(starts, offsets, strict=False)], np.int32).reshape(
            len(groups), len(edges)
        ),
        np.concatenate([np.empty(0, np.int32), *groups]),
    )
