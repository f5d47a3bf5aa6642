from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.evaluate.fragments import fragment_metrics

# three molecules, five fragments; the last occurs nowhere, the fourth is only predicted
TRUE = np.array([[2, 1, 0, 0, 0], [1, 0, 1, 0, 0], [3, 0, 0, 0, 0]], np.uint16)
SAID = np.array([[2, 0, 0, 0, 0], [1, 0, 4, 1, 0], [2, 1, 0, 0, 0]], np.uint16)


def test_by_hand():
    m = fragment_metrics(TRUE, SAID)
    assert (m.num_molecules, m.num_fragments, m.num_occurring) == (3, 5, 4)
    # wrong counts: (0, 1), (1, 2), (1, 3), (2, 0), (2, 1)
    assert m.count_accuracy == pytest.approx(10 / 15)
    # present in truth or prediction: 3 + 2 + 1 + 1 pairs, of which (0, 0) and (1, 0) have the right count
    assert m.count_accuracy_present == pytest.approx(2 / 7)
    # hits per fragment 3 0 1 0; true 3 1 1 0; said 3 1 1 1
    assert (m.micro.precision, m.micro.recall, m.micro.f1) == pytest.approx((4 / 6, 4 / 5, 8 / 11))
    assert (m.macro.precision, m.macro.recall, m.macro.f1) == pytest.approx((2 / 4, 2 / 4, 2 / 4))
    assert m.f1.tolist() == [1, 0, 1, 0, 0]


def test_frequency_bins_hold_the_fragments_of_the_truth():
    m = fragment_metrics(TRUE, SAID)
    # two fragments in one of three molecules, one in all three
    (only,) = m.by_frequency
    assert (only.low, only.high, only.num_fragments) == (0.3, 1.0, 3)
    assert only.mean_f1 == pytest.approx(2 / 3)
    assert only.quartiles == pytest.approx((0.5, 1.0))
    true = np.zeros((1000, 3), np.uint16)
    true[:1, 0] = true[:10, 1] = true[:11, 2] = 1
    names = [b.name for b in fragment_metrics(true, true).by_frequency]
    assert names == ["≤ 0.1 %", "0.3–1 %", "1–3 %"], "a bin holds its upper edge"


def test_coverage_by_hand():
    c = fragment_metrics(TRUE, SAID).coverage
    # F1 1 with 6 and 1 occurrences, then F1 0 with 1 and none; 8 occurrences in all
    assert c.fragment.tolist() == [0, 2, 1, 3]
    np.testing.assert_allclose(c.share_of_fragments, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(c.share_of_occurrences, [6 / 8, 7 / 8, 1, 1])
    np.testing.assert_allclose(c.mean_f1, [1, 1, 2 / 3, 1 / 2])
    assert c.at(0.5) == pytest.approx((7 / 8, 1))
    assert c.at(0.01) == pytest.approx((6 / 8, 1)), "at least one fragment"


def test_a_perfect_prediction_is_perfect():
    m = fragment_metrics(TRUE, TRUE)
    assert (m.count_accuracy, m.count_accuracy_present, m.micro.f1, m.macro.f1) == (1, 1, 1, 1)


def test_predicting_nothing_finds_nothing():
    m = fragment_metrics(TRUE, np.zeros_like(TRUE))
    assert (m.micro.precision, m.micro.recall, m.micro.f1) == (0, 0, 0)
    assert m.count_accuracy == pytest.approx(10 / 15), "zeros are right where nothing is"
    empty = fragment_metrics(np.zeros((2, 3), np.uint16), np.zeros((2, 3), np.uint16))
    assert (empty.num_occurring, empty.macro.f1, empty.count_accuracy_present) == (0, 0, 1)
    assert empty.coverage.at(0.1) == (0, 0)


def test_counts_do_not_wrap_around():
    many = np.full((400, 1), 60_000, np.uint16)
    assert fragment_metrics(many, many).coverage.share_of_occurrences.tolist() == [1]


@pytest.mark.parametrize("shape", [(3, 4), (2, 5), (0, 5)])
def test_tables_of_different_shapes_are_refused(shape):
    with pytest.raises(InputError) as caught:
        fragment_metrics(TRUE if shape[0] else np.zeros(shape), np.zeros(shape, np.uint16))
    assert caught.value.code == "ragged_arrays"
