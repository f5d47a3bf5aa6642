"""Relative performance of systems, as ablations are shown (NMIRacle, arXiv 2512.19733, appendix A.1 and figure 5).

Current over reference for a metric of which more is better, reference over current for one of which less is better:
below 1 is worse than the reference in both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping


def relative_performance(
    current: Mapping[str, float], reference: Mapping[str, float], lower_is_better: Collection[str]
) -> dict[str, float | None]:
    """Compare the means of one system with those of the reference, by metric.

    Returns:
        Metric → ratio, for the metrics that both have: 1 where both are 0, and `None` where the denominator alone is
        0, so that no finite number says how much better it is.
    """
    ratios: dict[str, float | None] = {}
    for name in current:
        if name not in reference:
            continue
        pair = (current[name], reference[name])
        numerator, denominator = pair[::-1] if name in lower_is_better else pair
        if denominator:
            ratios[name] = numerator / denominator
        else:
            ratios[name] = None if numerator else 1.0
    return ratios
