from __future__ import annotations

import random
import string
from collections import Counter

import pytest

from molucid.chem.identity import canonical_smiles, inchikey14
from molucid.dataset.splits import SplitConfig, fold_of
from molucid.errors import InputError


def keys(count: int) -> list[str]:
    generator = random.Random(5)
    return ["".join(generator.choices(string.ascii_uppercase, k=14)) for _ in range(count)]


def test_shares_are_those_asked_for() -> None:
    config = SplitConfig(val_fraction=0.1, test_fraction=0.2)
    counts = Counter(fold_of(key, config) for key in keys(20_000))
    # four standard deviations of a binomial
    assert abs(counts["val"] - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5
    assert abs(counts["test"] - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
    assert counts["train"] == 20_000 - counts["val"] - counts["test"]


def test_a_fold_depends_on_key_and_seed_only() -> None:
    chosen = keys(2000)
    first = [fold_of(key, SplitConfig()) for key in chosen]
    assert [fold_of(key, SplitConfig()) for key in reversed(chosen)] == first[::-1]
    assert [fold_of(key, SplitConfig(seed=1)) for key in chosen] != first


def test_a_larger_share_only_adds_molecules() -> None:
    small, large = SplitConfig(test_fraction=0.05), SplitConfig(test_fraction=0.2)
    for key in keys(2000):
        if fold_of(key, small) == "test":
            assert fold_of(key, large) == "test"


def test_shares_that_leave_no_training_molecules_are_refused() -> None:
    with pytest.raises(InputError, match="below 1"):
        SplitConfig.from_mapping({"val_fraction": 0.5, "test_fraction": 0.5})


@pytest.mark.parametrize(
    "spellings",
    [
        # both forms of lactic acid, and the acid without stereo
        ["C[C@H](O)C(=O)O", "C[C@@H](O)C(=O)O", "CC(O)C(=O)O"],
        # diastereomers: tartaric acid, meso and optically active; fumaric and maleic acid
        ["O[C@H](C(=O)O)[C@@H](O)C(=O)O", "O[C@H](C(=O)O)[C@H](O)C(=O)O"],
        ["OC(=O)/C=C/C(=O)O", "OC(=O)/C=C\\C(=O)O"],
        # one molecule written from another atom, with and without aromatic atoms
        ["c1ccccc1CCO", "OCCC1=CC=CC=C1"],
    ],
)
def test_a_fold_is_of_the_connectivity_whatever_the_smiles(spellings: list[str]) -> None:
    seeds = [SplitConfig(val_fraction=0.3, test_fraction=0.3, seed=seed) for seed in range(40)]
    assert all(len({fold_of(inchikey14(text), config) for text in spellings}) == 1 for config in seeds)
    # Keys of text would part them: the test can tell.
    assert any(len({fold_of(text, config) for text in spellings}) > 1 for config in seeds)
    assert len({canonical_smiles(text) for text in spellings}) == 1
