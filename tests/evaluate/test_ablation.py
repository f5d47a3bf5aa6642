from __future__ import annotations

import pytest

from molucid.evaluate.ablation import relative_performance


def test_below_one_is_worse_whichever_way_a_metric_goes():
    ratios = relative_performance(
        {"top1": 0.36, "mces": 5.0, "only_here": 1.0},
        {"top1": 0.48, "mces": 4.0, "only_there": 1.0},
        {"mces"},
    )
    assert ratios == {"top1": pytest.approx(0.75), "mces": pytest.approx(0.8)}


def test_zeros_have_no_ratio_unless_both_are_zero():
    assert relative_performance({"a": 0.0, "m": 0.0}, {"a": 0.0, "m": 0.0}, {"m"}) == {"a": 1, "m": 1}
    assert relative_performance({"a": 0.1, "m": 0.0}, {"a": 0.0, "m": 2.0}, {"m"}) == {"a": None, "m": None}
    assert relative_performance({"a": 0.0, "m": 2.0}, {"a": 0.1, "m": 0.0}, {"m"}) == {"a": 0, "m": 0}
