from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from molucid.evaluate.bootstrap import BootstrapConfig, mean_intervals, paired_differences


def one(values, groups=None, proportions=(), **settings):
    values = np.asarray(values, float)
    groups = [str(i) for i in range(len(values))] if groups is None else groups
    return mean_intervals({"m": values}, groups, BootstrapConfig(**settings), proportions)["m"]


def test_agrees_with_scipys_bca_on_independent_values():
    values = np.random.default_rng(1).gamma(0.7, 2.0, 80)  # skewed: bias and acceleration matter
    ours = one(values, num_resamples=40_000)
    theirs = scipy.stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=40_000,
        confidence_level=0.95,
        method="BCa",
        rng=np.random.default_rng(2),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.02 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.02 * width)
    plain = np.quantile(np.random.default_rng(3).choice(values, (20_000, 80)).mean(1), [0.025, 0.975])
    assert abs(plain[1] - theirs.high) > 0.02 * width, (
        "the case must tell BCa from the plain percentile interval"
    )


def test_molecules_not_spectra_are_the_units():
    """Each value repeated 20 times within its molecule carries no more information than once."""
    once = np.random.default_rng(0).random(30)
    single = one(once, num_resamples=20_000)
    groups = [str(i) for i in range(30) for _ in range(20)]
    repeated = one(np.repeat(once, 20), groups, num_resamples=20_000)
    assert repeated.mean == pytest.approx(single.mean)
    assert (repeated.low, repeated.high) == pytest.approx((single.low, single.high), abs=1e-12)
    by_spectrum = one(np.repeat(once, 20), groups, num_resamples=2_000, unit="spectrum")
    ratio = (repeated.high - repeated.low) / (by_spectrum.high - by_spectrum.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.1)


def test_coverage_of_clustered_means():
    """95 % intervals of 25 molecules with 1 to 12 spectra each cover the true mean about that often."""
    rng = np.random.default_rng(5)
    covered = 0
    trials = 300
    for trial in range(trials):
        sizes = rng.integers(1, 13, 25)
        groups = np.repeat(np.arange(25), sizes)
        values = np.repeat(rng.normal(0, 1, 25), sizes) + rng.normal(0, 0.3, sizes.sum())
        interval = one(values, [str(g) for g in groups], num_resamples=500, seed=trial)
        covered += interval.low <= 0 <= interval.high
    assert 0.87 <= covered / trials <= 0.985


def test_same_seed_same_interval_and_other_seed_another():
    values = np.random.default_rng(0).random(50)
    assert one(values, seed=3) == one(values, seed=3)
    assert one(values, seed=3) != one(values, seed=4)


def test_nothing_right_has_the_exact_binomial_end():
    interval = one(np.zeros(20), proportions=("m",))
    assert (interval.mean, interval.low, interval.method) == (0.0, 0.0, "binomial")
    assert interval.high == pytest.approx(scipy.stats.binomtest(0, 20).proportion_ci(method="exact").high)


def test_all_right_has_the_exact_binomial_end_over_molecules():
    interval = one(np.ones(40), [str(i // 2) for i in range(40)], proportions=("m",))
    assert interval.low == pytest.approx(scipy.stats.binomtest(20, 20).proportion_ci(method="exact").low)
    assert interval.high == 1.0


def test_equal_values_of_no_proportion_have_no_interval():
    interval = one(np.full(9, 0.0))
    assert (interval.low, interval.mean, interval.high, interval.method) == (0.0, 0.0, 0.0, "none")


def test_one_molecule_has_no_interval():
    interval = one([0.0, 1.0, 1.0], ["a", "a", "a"], proportions=("m",))
    assert interval.method == "none"
    assert interval.mean == pytest.approx(2 / 3)


def test_paired_difference_sees_what_separate_intervals_hide():
    rng = np.random.default_rng(7)
    base = rng.random(200)
    better = {"m": base + 0.02 + rng.normal(0, 0.02, 200)}
    groups = [str(i) for i in range(200)]
    config = BootstrapConfig(num_resamples=2_000)
    difference = paired_differences(better, {"m": base}, groups, config)["m"]
    assert difference.excludes_zero
    assert difference.mean == pytest.approx((better["m"] - base).mean())
    first, second = one(base, num_resamples=2_000), one(better["m"], num_resamples=2_000)
    assert second.low < first.high


def test_equal_systems_are_not_told_apart():
    values = {"m": np.random.default_rng(0).random(12)}
    difference = paired_differences(values, values, [str(i) for i in range(12)], BootstrapConfig())["m"]
    assert (difference.mean, difference.method, difference.excludes_zero) == (0.0, "none", False)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("num_molecules", "low", "told"), [(20, 0.6631331, True), (6, 0.0814837, True), (5, -0.0436475, False)]
)
def test_right_everywhere_against_right_nowhere_is_told_as_by_the_sign_test(sign, num_molecules, low, told):
    """1 − 2·(1 − 0.025^(1/n)), two spectra per molecule; two-sided sign test: p = 2·2⁻ⁿ."""
    right, wrong = np.ones(2 * num_molecules), np.zeros(2 * num_molecules)
    values, baseline = (right, wrong) if sign == 1 else (wrong, right)
    groups = [str(i // 2) for i in range(2 * num_molecules)]
    found = paired_differences({"m": values}, {"m": baseline}, groups, BootstrapConfig(), ("m",))["m"]
    assert (found.mean, found.method) == (sign, "binomial")
    near, far = (found.low, found.high) if sign == 1 else (found.high, found.low)
    assert (near, far) == (pytest.approx(sign * low, abs=1e-6), sign)
    sign_test = scipy.stats.binomtest(num_molecules, num_molecules).pvalue
    assert found.excludes_zero == told == (sign_test < 0.05)


def test_differences_without_spread_that_are_no_proportion_or_zero_have_no_interval():
    groups = [str(i) for i in range(30)]
    higher, same = np.full(30, 3.0), np.full(30, 2.0)
    values, baseline = {"mces": higher, "accuracy": np.ones(30)}, {"mces": same, "accuracy": np.ones(30)}
    found = paired_differences(values, baseline, groups, BootstrapConfig(), ("accuracy",))
    assert [(i.low, i.mean, i.high, i.method, i.excludes_zero) for i in found.values()] == [
        (1.0, 1.0, 1.0, "none", False),
        (0.0, 0.0, 0.0, "none", False),
    ]
