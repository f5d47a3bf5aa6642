"""Accuracy of the shift predictor on molecules that it was not trained on, beside other figures.

    python benchmarks/shift_accuracy.py DATA [--weights FILE]

DATA is the folder of development data with `nmr_assigned/` and `nmrshiftdb2.parquet`. Judged are measured shifts of the
validation fold (by InChIKey first block) without held-out molecules: of known atoms (CASCADE's NMR8K and cleaned
Exp5K), and lists matched to the prediction under the stated carbon types, which is a lower bound of the error. Mean
and median absolute error in ppm, and the share of errors within one and two stated standard deviations (68 % and 95 %
if they were normal).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from jobs.train_shifts import ShiftData, judge, read_folds
from molucid.dataset.holdout import HoldoutKeys
from molucid.simulate.shift_model import SHIPPED_SHIFT_WEIGHTS

REFERENCES = (
    ("13C", "environment lookup, on Exp5K molecules (own earlier measurement)", 3.05),
    ("13C", "CASCADE, with 3D geometries, as published (Guan et al. 2021)", 1.43),
    ("13C", "graph network, nmrshiftdb2, as published (Jonas and Kuhn 2019)", 1.43),
    ("13C", "message passing, nmrshiftdb2, as published (Kwon et al. 2020)", 1.355),
    ("1H", "environment lookup, on NMR8K (own earlier measurement)", 0.328),
    ("1H", "graph network, nmrshiftdb2, as published (Jonas and Kuhn 2019)", 0.28),
)
"""Nucleus, method and mean absolute error in ppm; on other data and splits than these.

Guan et al. 2021, doi:10.1039/D1SC03343C; Jonas and Kuhn 2019, J. Cheminform. 11, 50; Kwon et al. 2020, J. Chem. Inf.
Model. 60, 2024.
"""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=SHIPPED_SHIFT_WEIGHTS)
    arguments = parser.parse_args()
    data = read_folds(arguments.data / "nmr_assigned", arguments.data / "nmrshiftdb2.parquet")["val"]
    excluded = HoldoutKeys.default()
    allowed = ShiftData(
        [row for row in data.assigned if row.inchikey14 not in excluded],
        [row for row in data.lists if row.inchikey14 not in excluded],
        data.left_out,
    )
    print(
        f"{'validation fold':<30}{'shifts':>8}{'molecules':>11}{'MAE':>8}{'median':>8}"
        f"{'1 std':>8}{'2 std':>8}{'none':>6}"
    )
    for name, found in judge(arguments.weights, allowed).items():
        print(
            f"{name:<30}{found['shifts']:>8}{found['molecules']:>11}"
            f"{found['mae_ppm']:>8.3f}{found['median_ppm']:>8.3f}"
            f"{found['within_1_std']:>8.1%}{found['within_2_std']:>8.1%}{found['unanswered']:>6}"
        )
    print("for comparison, other data and splits")
    for nucleus, method, error in REFERENCES:
        print(f"{f'{nucleus} {method}':<72}{error:>8.3f}")


if __name__ == "__main__":
    main()
