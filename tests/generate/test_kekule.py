from __future__ import annotations

import itertools
import random

from molucid.generate.kekule import extend_matching


def grown(edges, required, excluded=frozenset()):
    """The matching after every required atom was added one by one; `None` if one of them failed."""
    neighbours: dict[int, tuple[int, ...]] = {}
    for a, b in edges:
        neighbours[a] = (*neighbours.get(a, ()), b)
        neighbours[b] = (*neighbours.get(b, ()), a)
    matching, known = {}, set()
    for atom in sorted(required):
        known.add(atom)
        matching = extend_matching(matching, atom, neighbours, known, excluded)
        if matching is None:
            return None
    return matching


def ring(n):
    return [(i, (i + 1) % n) for i in range(n)]


def test_even_rings_match_and_odd_ones_do_not():
    for n in range(3, 12):
        matching = grown(ring(n), range(n))
        assert (matching is not None) == (n % 2 == 0)
    # Pyrrole: the nitrogen takes no double bond.
    assert grown(ring(5), range(1, 5), frozenset({0})) is not None


def test_an_atom_that_loses_its_double_bond_is_matched_anew():
    neighbours = {0: (1,), 1: (0, 2), 2: (1, 3), 3: (2,)}
    matching = {1: 2, 2: 1}
    # 0 and 3 need partners: 1 and 2 must let go of each other.
    first = extend_matching(matching, 0, neighbours, {0, 1, 2}, frozenset())
    assert extend_matching(first, 3, neighbours, {0, 1, 2, 3}, frozenset()) == {0: 1, 1: 0, 2: 3, 3: 2}
    # 2 becomes excluded: 1 needs another partner and has 0.
    assert extend_matching(matching, 2, neighbours, {1}, {2}) == {0: 1, 1: 0}


def test_agrees_with_trying_all_matchings_on_random_graphs():
    generator = random.Random(1)
    for _ in range(200):
        n = generator.randint(2, 7)
        edges = [e for e in itertools.combinations(range(n), 2) if generator.random() < 0.4]
        required = {i for i in range(n) if generator.random() < 0.7}
        covers = any(
            len({a for e in chosen for a in e}) == 2 * len(chosen)
            and required <= {a for e in chosen for a in e}
            for size in range(n // 2 + 1)
            for chosen in itertools.combinations(edges, size)
        )
        assert (grown(edges, required) is not None) == covers
