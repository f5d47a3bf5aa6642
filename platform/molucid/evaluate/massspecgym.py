"""MassSpecGym's protocol for de-novo generation (Bushuiev et al. 2024, arXiv 2410.23326), by its own names.

Per spectrum, over the first k entries of the list as given: accuracy by InChIKey first block, the largest
Tanimoto similarity (Morgan radius 2, 2048 bits; invalid 0) and the smallest MCES distance (threshold 15,
stronger bound; invalid 100, capped at 100); then the mean over spectra. These are the definitions of
`molucid.evaluate.metrics`, so this module only names and summarises. Two cases in which the benchmark's own
code stops with an error have a value here: an empty list scores like a list of invalid entries, and a
molecule without bonds (e.g. water) shares no bond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from molucid.evaluate.bootstrap import BootstrapConfig, Interval, mean_intervals
from molucid.evaluate.mces import MCESDistances
from molucid.evaluate.metrics import Entries, FloatArray, ListScores, score_lists

TOP_KS = (1, 10)

PROTOCOL_BOOTSTRAP = BootstrapConfig(confidence=0.999, num_resamples=20_000, unit="spectrum")
"""The benchmark's recommended intervals: 99.9 % BCa, 20,000 resamples of spectra."""

_NAMES = {"accuracy": "accuracy", "tanimoto": "max_tanimoto_sim", "mces": "mces_dist"}


def massspecgym_metrics(
    lists: Sequence[Entries], true_smiles: Sequence[str], distances: MCESDistances | None = None
) -> dict[str, FloatArray]:
    """Compute the benchmark's values per spectrum, by its metric names, e.g. `top_10_mces_dist`.

    Args:
        lists: per spectrum its entries, best first; `None` and invalid SMILES are allowed.
        true_smiles: per spectrum its true structure.
        distances: solver of MCES distances with the default settings; without it those metrics are left out.
    """
    return rename(score_lists(lists, true_smiles, TOP_KS, distances))


def rename(scores: ListScores) -> dict[str, FloatArray]:
    """Give the metrics among `scores`, which must hold k = 1 and 10, the benchmark's names."""
    named = {
        f"top_{k}_{theirs}": scores.values[f"top{k}_{ours}"]
        for k in TOP_KS
        for ours, theirs in _NAMES.items()
        if f"top{k}_{ours}" in scores.values
    }
    return {**named, "num_valid_mols": np.asarray(scores.num_valid, np.float64)}


def massspecgym_summary(metrics: Mapping[str, FloatArray]) -> dict[str, Interval]:
    """Means over spectra with the benchmark's recommended intervals."""
    num_spectra = len(next(iter(metrics.values())))
    groups = [str(i) for i in range(num_spectra)]
    proportions = [f"top_{k}_accuracy" for k in TOP_KS]
    return mean_intervals(metrics, groups, PROTOCOL_BOOTSTRAP, proportions)
