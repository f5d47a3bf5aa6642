from pathlib import Path

import numpy as np
import pytest

from molucid.adapt.index import NeighbourIndex
from molucid.adapt.selection import select
from molucid.adapt.vectors import unit_vectors
from molucid.errors import InputError

KEYS = ["AAAAAAAAAAAAAA", "BBBBBBBBBBBBBB", "AAAAAAAAAAAAAA", "CCCCCCCCCCCCCC"]
BITS = {"a": [1, 1, 0, 0, 0, 0, 0, 0, 0, 0], "b": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], "c": [0] * 9 + [1]}


def made(num_rows: int = 4) -> NeighbourIndex:
    predicted = np.array([[1, 0, 0], [0, 1, 0], [0.9, 0.1, 0], [0, 0, 2]], np.float32)[:num_rows]
    return NeighbourIndex.build(
        predicted,
        np.arange(10, 10 + num_rows),
        KEYS[:num_rows],
        ["a", "b", "a", "c"][:num_rows],
        lambda many: np.array([BITS[s] for s in many], np.uint8),
        {"checkpoint_sha256": "f00d", "packed_path": "../packed", "packed_sha256": "beef"},
    )


def test_search_returns_cosines_in_falling_order_and_positions() -> None:
    similarity, position = made().search(np.array([[1, 0, 0]], np.float32), 3)
    assert position[0, :2].tolist() == [0, 2]
    np.testing.assert_allclose(similarity[0, :2], [1, 0.9 / np.hypot(0.9, 0.1)], rtol=1e-6)


def test_search_never_asks_for_more_than_there_is() -> None:
    similarity, position = made(2).search(np.eye(1, 3, dtype=np.float32), 50)
    assert similarity.shape == position.shape == (1, 2)


def test_nearest_molecule_is_the_tanimoto_of_the_true_fingerprints() -> None:
    # bits {0, 1, 2} share 2 of 3 with a and 3 of 4 with b
    query = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], np.uint8)
    similarity, key = made().nearest_molecule(query)
    assert similarity == pytest.approx(3 / 4)
    assert key == "BBBBBBBBBBBBBB"


def test_an_index_comes_back_from_disk(tmp_path: Path) -> None:
    index = made()
    index.save(tmp_path / "index")
    again = NeighbourIndex.load(tmp_path / "index", checkpoint_hash="f00d")
    np.testing.assert_array_equal(again.rows, index.rows)
    assert again.provenance["num_molecules"] == 3
    assert again.provenance["packed_path"] == str(tmp_path / "packed")
    query = unit_vectors(np.array([[0.2, 0.9, 0.1]], np.float32))
    np.testing.assert_array_equal(again.search(query, 4)[1], index.search(query, 4)[1])


def test_the_index_of_another_checkpoint_is_refused(tmp_path: Path) -> None:
    made().save(tmp_path / "index")
    with pytest.raises(InputError, match="index again") as error:
        NeighbourIndex.load(tmp_path / "index", checkpoint_hash="cafe")
    assert error.value.code == "index_of_other_checkpoint"


def test_a_missing_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="molucid index --data") as error:
        NeighbourIndex.load(tmp_path / "none")
    assert error.value.code == "missing_index"


def test_a_changed_vector_is_noticed(tmp_path: Path) -> None:
    made().save(tmp_path / "index")
    file = tmp_path / "index" / "vectors.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError) as error:
        NeighbourIndex.load(tmp_path / "index")
    assert error.value.code == "wrong_hash"


def test_nearest_takes_the_queries_in_turn_without_repetition() -> None:
    queries = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    chosen = select(made(), queries, "nearest", budget=3, seed=0)
    # first of query 1 (row 10), first of query 2 (row 13), second of query 1 (row 12)
    assert chosen.rows.tolist() == [10, 13, 12]
    assert chosen.nearest_similarity == pytest.approx(1)


def test_random_selection_has_the_same_budget_and_follows_its_seed() -> None:
    query = np.array([[1, 0, 0]], np.float32)
    draws = {tuple(select(made(), query, "random", 2, seed).rows.tolist()) for seed in range(20)}
    assert all(len(set(draw)) == 2 for draw in draws)
    assert len(draws) > 3
    first, second = (select(made(), query, "random", 2, 7).rows for _ in range(2))
    np.testing.assert_array_equal(first, second)
