from __future__ import annotations

import pytest
from myopic_mces.myopic_mces import MCES

from molucid.errors import InputError
from molucid.evaluate import mces
from molucid.evaluate.mces import MCESConfig, MCESDistances, cbc_path

IN_PROCESS = MCESConfig(num_processes=1)


@pytest.fixture(scope="module")
def distances():
    with MCESDistances(IN_PROCESS) as solver:
        yield solver


# counted by hand: bond order that no mapping of bonds shares
@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("CCO", "OCC", 0.0),
        ("CCO", "CCCO", 1.0),
        ("CC", "C=C", 1.0),
        ("CC", "C#C", 2.0),
        ("CCO", "CCN", 2.0),
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", 0.0),
        ("c1ccccc1", "C1CCCCC1", 3.0),
        ("O", "C", 0.0),
        ("O", "CCO", 2.0),
        ("", "CC=O", 3.0),
    ],
)
def test_distances_counted_by_hand(distances, a, b, expected):
    assert distances.distance(a, b) == expected
    assert distances.distance(b, a) == expected


def test_far_pairs_get_the_packages_bound_and_close_pairs_its_distance(distances):
    for a, b in [("CC(=O)Oc1ccccc1C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C"), ("CC(C)Cc1ccccc1", "CCCCc1ccccn1")]:
        theirs = MCES(
            a, b, threshold=15, always_stronger_bound=True, solver_options={"msg": 0, "path": cbc_path()}
        )
        assert distances.distance(a, b) == theirs[1]


def test_text_after_a_blank_is_a_title(distances):
    assert distances.distance("CCO ethanol", "CCCO") == 1.0


def test_cap(distances):
    assert distances.distance("C" * 150, "CCO") == 100.0


def test_smallest_equals_the_minimum_over_all_pairs_and_solves_fewer(monkeypatch):
    truths = ["CCCCO", "c1ccccc1C", "CC(=O)OC"]
    lists = [
        ["CCCO", None, "CCCCO", "CCCCCO", "CCOCC"],
        ["c1ccccc1", "c1ccccc1C", "Cc1ccncc1"],
        ["CC(=O)OCC", "CC(=O)NC", "CCC(=O)O"],
    ]
    ks = (1, 2, 5)
    with MCESDistances(IN_PROCESS) as all_pairs:
        table = [
            [100.0 if e is None else all_pairs.distance(t, e) for e in row]
            for t, row in zip(truths, lists, strict=True)
        ]
    solved = []
    real = mces._exact_distance
    monkeypatch.setattr(mces, "_exact_distance", lambda task: solved.append(task[0]) or real(task))
    with MCESDistances(IN_PROCESS) as pruned:
        result = pruned.smallest(truths, lists, ks)
    assert result == {k: [min(row[:k]) for row in table] for k in ks}
    assert len(solved) == len(set(solved)) < sum(len(row) for row in lists) - 1


def test_a_pair_is_solved_once_whatever_its_order(monkeypatch):
    solved = []
    real = mces._exact_distance
    monkeypatch.setattr(mces, "_exact_distance", lambda task: solved.append(task[0]) or real(task))
    with MCESDistances(IN_PROCESS) as solver:
        assert solver.distance("CCO", "CCN") == solver.distance("CCN", "CCO") == solver.distance("CCO", "CCN")
    assert len(solved) == 1


def test_processes_give_the_values_of_one_process():
    truths = ["CCCCO", "CC(C)O", "CCOC", "CCC=O"]
    lists = [["CCCN", "CCCCCO"], ["CCCO", "CC(C)N"], ["CCO", "COC"], ["CCCO", "CC=O"]]
    with MCESDistances(IN_PROCESS) as one, MCESDistances(MCESConfig(num_processes=2)) as two:
        assert one.smallest(truths, lists, (1, 2)) == two.smallest(truths, lists, (1, 2))


def test_nothing_is_printed(capfd):
    with MCESDistances(IN_PROCESS) as solver:
        solver.distance("CCOCC", "CCNCC")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_progress_counts_pairs():
    seen = []
    with MCESDistances(IN_PROCESS, lambda stage, done, total: seen.append((stage, done, total))) as solver:
        solver.distance("CCO", "CCN")
    assert seen == [("lower bounds", 1, 1), ("exact distances", 1, 1)]


def test_missing_solver_is_named(monkeypatch):
    cbc_path.cache_clear()
    monkeypatch.setattr(mces.os, "access", lambda *_: False)
    monkeypatch.setattr(mces.shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="pulp\\[cbc\\]"):
        cbc_path()
    cbc_path.cache_clear()
