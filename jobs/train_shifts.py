"""`molucid train-shifts`: train the shift predictor of the NMR simulator on measured and computed shifts."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jobs import weights_command
from jobs.console import print_epoch

if TYPE_CHECKING:
    from molucid.simulate.network_training import EpochReport
    from molucid.simulate.shift_training_set import ShiftTrainingSet
    from molucid.spectra.assigned_shifts import AssignedShifts, ListedShifts

HELP = "train the shift predictor of the NMR simulator"
DESCRIPTION = """\
Trains the small graph network that predicts ¹³C and ¹H shifts, on CASCADE's assigned shifts (NMR8K, Exp5K, DFT8K) and
on the training fold of nmrshiftdb2's lists, whose atoms are found with the network itself. The fold of a molecule is
the one of nmrshiftdb2's table, or follows from its InChIKey; held-out molecules are left out of all folds. Writes
FILE.safetensors and, beside it, FILE.json with the provenance: data and their sha256, rows per source and licence,
what was left out, configuration, seed, command, metrics, sha256.

The weights that come with molucid were made by this command; training takes about a quarter of an hour on one core."""

CASCADE_FILES = ("NMR8K.sdf.gz", "Exp5K.csv.gz", "Exp5K_FF.sdf.gz", "DFT8K.csv.gz", "DFT8K_FF.sdf.gz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("assigned", type=Path, help=f"folder of CASCADE's files: {', '.join(CASCADE_FILES)}")
    parser.add_argument("lists", type=Path, help="Parquet table of nmrshiftdb2 with `fold` train and val")
    weights_command.add_arguments(parser)


class ShiftData(NamedTuple):
    """Rows of one fold; `left_out` counts the rows of all folds that the readers refused."""

    assigned: list[AssignedShifts]
    lists: list[ListedShifts]
    left_out: Counter[str]


def read_folds(assigned: Path, lists: Path) -> dict[str, ShiftData]:
    """All rows by the fold of their molecule: `train`, `calibration`, `val`.

    Where Exp5K has cleaned a molecule's ¹³C shifts, NMR8K's are left out.
    """
    from molucid.dataset.sources import cascade, nmrshiftdb2
    from molucid.dataset.splits import SplitConfig, fold_of
    from molucid.errors import Rejected
    from molucid.spectra.parquet_table import open_table

    table = open_table(lists, nmrshiftdb2.COLUMNS).read(columns=["inchikey14", "fold"]).to_pydict()
    fold_of_key = dict(zip(table["inchikey14"], table["fold"], strict=True))
    missing, calibration = SplitConfig(val_fraction=0.1, test_fraction=0), SplitConfig(val_fraction=0.03)

    def fold(key: str) -> str:
        found: str = fold_of_key.get(key) or fold_of(key, missing)
        return "calibration" if found == "train" and fold_of(key, calibration) == "val" else found

    folds = {name: ShiftData([], [], Counter()) for name in ("train", "calibration", "val")}
    cleaned = list(
        cascade.read_assigned_table(assigned / CASCADE_FILES[1], assigned / CASCADE_FILES[2], "Exp5K")
    )
    has_cleaned = {row.inchikey14 for row in cleaned if not isinstance(row, Rejected)}
    computed = cascade.read_assigned_table(assigned / CASCADE_FILES[3], assigned / CASCADE_FILES[4], "DFT8K")
    for row in (*cleaned, *computed, *cascade.read_assigned(assigned / CASCADE_FILES[0])):
        if isinstance(row, Rejected):
            folds["train"].left_out[row.code] += 1
        elif row.source == "CASCADE NMR8K" and row.nucleus == "13C" and row.inchikey14 in has_cleaned:
            folds["train"].left_out["cleaned_in_exp5k"] += 1
        else:
            folds[fold(row.inchikey14)].assigned.append(row)
    for listed in nmrshiftdb2.read_lists(lists):
        if isinstance(listed, Rejected):
            folds["train"].left_out[listed.code] += 1
        else:
            folds[fold(listed.inchikey14)].lists.append(listed)
    return folds


def run(args: argparse.Namespace) -> int:
    """Train, calibrate, judge and write."""
    import numpy as np
    import torch

    from molucid.dataset.holdout import HoldoutKeys
    from molucid.files import sha256_file
    from molucid.simulate.shift_training_set import ShiftTrainingSet
    from molucid.simulate.train_shifts import ShiftTrainingConfig, network_state, train_shifts
    from molucid.simulate.weights import save_weights

    torch.set_num_threads(1)  # one thread is deterministic
    config = ShiftTrainingConfig().updated([f"seed={args.seed}", *args.set])
    folds = read_folds(args.assigned, args.lists)
    excluded = HoldoutKeys.default()
    training = ShiftTrainingSet()
    training.add_assigned(folds["train"].assigned, excluded)
    training.add_lists(folds["train"].lists, excluded)
    training.left_out.update(folds["train"].left_out)
    num_epochs = config.assigned_epochs + config.epochs

    def report(epoch: EpochReport, assigned_lists: int) -> None:
        print_epoch(epoch, num_epochs, args.quiet, f"{assigned_lists} lists assigned  ")

    network, targets = train_shifts(training, config, report)
    state = network_state(network, training, targets, np.ones(2))
    provenance = {
        "command": weights_command.command_line("train-shifts", args, [args.assigned, args.lists]),
        "config": config.model_dump(mode="json"),
        "data": {
            "files": {
                path.name: sha256_file(path)
                for path in (*(args.assigned / name for name in CASCADE_FILES), args.lists)
            },
            **_census(training),
        },
        "seed": config.seed,
        "versions": {name: version(name) for name in ("numpy", "rdkit", "scipy", "torch")},
    }
    save_weights(args.out, state, provenance)
    state["std_per_scale"] = _calibrate(args.out, _allowed(folds["calibration"], excluded))
    save_weights(args.out, state, provenance)
    metrics = judge(args.out, _allowed(folds["val"], excluded))
    written = save_weights(args.out, state, {**provenance, "val_metrics": metrics})
    lines = [f"val {name:24} {json.dumps(means)}" for name, means in metrics.items()]
    return weights_command.answer(written, lines, args)


def judge(weights: Path, data: ShiftData) -> dict[str, dict[str, Any]]:
    """Accuracy on measured shifts, by nucleus: of known atoms, and of lists matched to the prediction."""
    from molucid.simulate.shift_accuracy import assigned_errors, listed_errors
    from molucid.simulate.shift_model import ShiftModel

    model = ShiftModel(weights)
    measured = [row for row in data.assigned if not row.computed]
    metrics = {}
    for nucleus in ("13C", "1H"):
        for source in dict.fromkeys(row.source for row in measured if row.nucleus == nucleus):
            rows = [row for row in measured if row.source == source]
            metrics[f"{nucleus} {source}"] = assigned_errors(model, rows, nucleus).summary()
        metrics[f"{nucleus} nmrshiftdb2, matched"] = listed_errors(model, data.lists, nucleus).summary()
    return metrics


def _calibrate(weights: Path, data: ShiftData) -> Any:
    """Factors that bring 68.27 % of the errors of ¹³C and of ¹H within one standard deviation; float64 `[2]`."""
    import numpy as np

    from molucid.simulate.shift_accuracy import assigned_errors, listed_errors
    from molucid.simulate.shift_model import ShiftModel

    model = ShiftModel(weights)
    measured = [row for row in data.assigned if not row.computed]
    factors = []
    for nucleus in ("13C", "1H"):
        parts = assigned_errors(model, measured, nucleus), listed_errors(model, data.lists, nucleus)
        ratio = np.concatenate([np.abs(part.error_ppm) / part.std_ppm for part in parts])
        factors.append(float(np.quantile(ratio, 0.6827)) if ratio.size else 1.0)
    return np.array(factors)


def _allowed(data: ShiftData, excluded: Any) -> ShiftData:
    return ShiftData(
        [row for row in data.assigned if row.inchikey14 not in excluded],
        [row for row in data.lists if row.inchikey14 not in excluded],
        data.left_out,
    )


def _census(training: ShiftTrainingSet) -> dict[str, Any]:
    return {
        "molecules": len(set(training.inchikeys)),
        "rows_per_source": dict(training.used),
        "rows_left_out": dict(training.left_out),
    }
