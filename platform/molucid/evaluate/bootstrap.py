"""Bootstrap confidence intervals of means over spectra, resampled by molecule.

Spectra of one molecule are answered alike, so they are no independent observations: whole molecules are
drawn with replacement, each with all its spectra (cluster bootstrap; Davison & Hinkley 1997, section 3.8).
Intervals are bias-corrected and accelerated (BCa; Efron 1987; Efron & Tibshirani 1993, equations 14.9,
14.10, 14.14 and 14.15).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtr, ndtri

from molucid.config import Config

FloatArray = NDArray[np.float64]
Method = Literal["bca", "binomial", "none"]

_RESAMPLES_PER_BLOCK = 500


class BootstrapConfig(Config):
    """Settings of the intervals.

    Attributes:
        confidence: coverage aimed at.
        num_resamples: number of bootstrap resamples.
        unit: what is drawn: whole molecules (InChIKey first block), or single spectra, as MassSpecGym does.
        seed: seed of the draws.
    """

    confidence: float = Field(default=0.95, gt=0, lt=1)
    num_resamples: int = Field(default=10_000, ge=100)
    unit: Literal["molecule", "spectrum"] = "molecule"
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over spectra with its confidence interval.

    Attributes:
        mean: mean over spectra.
        low: lower end.
        high: upper end.
        method: `bca`; `binomial` for a proportion of which every spectrum is a success or every one a
            failure, or a difference of two proportions that is +1 or −1 for every spectrum, so that resampling
            shows no spread and the exact end (Clopper & Pearson 1934) for that many independent units stands
            for it; `none` where there is one unit, or all values are equal: then `low` = `mean` = `high`.
    """

    mean: float
    low: float
    high: float
    method: Method

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference of this mean and interval is told from 0."""
        return self.method != "none" and (self.low > 0 or self.high < 0)


def mean_intervals(
    values: Mapping[str, FloatArray],
    groups: Sequence[str],
    config: BootstrapConfig,
    proportions: Collection[str] = (),
) -> dict[str, Interval]:
    """Mean and interval of each metric, all from the same resamples.

    Args:
        values: metric → one value per spectrum, shape `[spectra]`.
        groups: molecule of each spectrum, length `spectra` ≥ 1; not read with `unit="spectrum"`.
        config: settings.
        proportions: metrics whose values are 0 or 1 and whose mean is the chance of a success.

    Returns:
        Metric → `Interval`.
    """
    return _intervals(values, groups, config, proportions, _proportion_ends)


def paired_differences(
    values: Mapping[str, FloatArray],
    baseline: Mapping[str, FloatArray],
    groups: Sequence[str],
    config: BootstrapConfig,
    proportions: Collection[str] = (),
) -> dict[str, Interval]:
    """Mean of `values − baseline` over the same spectra, with intervals; positive: above the baseline.

    Args:
        values: metric → one value per spectrum, shape `[spectra]`.
        baseline: the same of the other system; metrics that it lacks are left out.
        groups: as in `mean_intervals`.
        config: settings.
        proportions: metrics whose values are 0 or 1, so that their difference is −1, 0 or 1.
    """
    differences = {name: values[name] - baseline[name] for name in values if name in baseline}
    return _intervals(differences, groups, config, proportions, _difference_ends)


Ends = Callable[[float, float], tuple[float, float] | None]


def _intervals(
    values: Mapping[str, FloatArray],
    groups: Sequence[str],
    config: BootstrapConfig,
    exact: Collection[str],
    exact_ends: Ends,
) -> dict[str, Interval]:
    """The intervals; where a metric of `exact` has no spread, `exact_ends` of its value and the binomial reach."""
    names = list(values)
    table = np.stack([np.asarray(values[name], np.float64) for name in names], axis=1)
    keys = groups if config.unit == "molecule" else range(len(table))
    _, index = np.unique(np.asarray(keys), return_inverse=True)
    num_units = int(index.max()) + 1
    sizes = np.bincount(index, minlength=num_units).astype(np.float64)
    sums = np.stack([np.bincount(index, column, num_units) for column in table.T], axis=1).astype(np.float64)

    means = sums.sum(0) / sizes.sum()
    if num_units > 1:
        replicates = _resampled_means(sums, sizes, config)
        leave_one_out = (sums.sum(0) - sums) / (sizes.sum() - sizes)[:, None]
    intervals = {}
    for j, name in enumerate(names):
        column = table[:, j]
        if column.min() == column.max():
            value = float(column[0])
            # Clopper–Pearson for n successes of n: with confidence their chance is at least 1 − reach
            reach = 1 - ((1 - config.confidence) / 2) ** (1 / num_units)
            ends = exact_ends(value, reach) if name in exact else None
            low, high = ends or (value, value)
            intervals[name] = Interval(value, low, high, "binomial" if ends else "none")
        elif num_units == 1:
            intervals[name] = Interval(float(means[j]), float(means[j]), float(means[j]), "none")
        else:
            low, high = _bca(float(means[j]), replicates[:, j], leave_one_out[:, j], config.confidence)
            intervals[name] = Interval(float(means[j]), low, high, "bca")
    return intervals


def _resampled_means(sums: FloatArray, sizes: FloatArray, config: BootstrapConfig) -> FloatArray:
    """Means over spectra of `num_resamples` draws of units; shape `[resamples, metrics]`."""
    rng = np.random.default_rng(config.seed)
    num_units = len(sizes)
    blocks = []
    for start in range(0, config.num_resamples, _RESAMPLES_PER_BLOCK):
        count = min(_RESAMPLES_PER_BLOCK, config.num_resamples - start)
        # counting uniform draws is faster than drawing the counts (multinomial) for thousands of units
        drawn = rng.integers(num_units, size=(count, num_units)) + num_units * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * num_units)
        times_drawn = counts.reshape(count, num_units).astype(np.float64)
        blocks.append((times_drawn @ sums) / (times_drawn @ sizes)[:, None])
    return np.concatenate(blocks)


def _bca(
    mean: float, replicates: FloatArray, leave_one_out: FloatArray, confidence: float
) -> tuple[float, float]:
    # ties count half: with few molecules an accuracy takes few values, and many replicates equal the mean
    below = float(((replicates < mean).mean() + (replicates <= mean).mean()) / 2)
    edge = 0.5 / len(replicates)
    bias = float(ndtri(np.clip(below, edge, 1 - edge)))
    deviation = leave_one_out.mean() - leave_one_out
    spread = float((deviation**2).sum())
    acceleration = float((deviation**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    ends = []
    for z in (float(ndtri((1 - confidence) / 2)), float(ndtri((1 + confidence) / 2))):
        shifted = bias + z
        ends.append(float(ndtr(bias + shifted / (1 - acceleration * shifted))))
    low, high = np.quantile(replicates, ends)
    return float(low), float(high)


def _proportion_ends(value: float, reach: float) -> tuple[float, float] | None:
    return {0.0: (0.0, reach), 1.0: (1 - reach, 1.0)}.get(value)


def _difference_ends(value: float, reach: float) -> tuple[float, float] | None:
    # If a pair differs in this direction with chance p ≥ 1 − reach, it differs in the other one with chance 1 − p
    # at most: the mean difference is at least 2p − 1 ≥ 1 − 2·reach. That excludes 0 where the sign test does. Pairs
    # that are all equal tell nothing about a direction, and get no interval.
    return {1.0: (1 - 2 * reach, 1.0), -1.0: (-1.0, 2 * reach - 1)}.get(value)
