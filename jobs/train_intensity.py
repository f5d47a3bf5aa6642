"""`molucid train-intensity`: train the intensity model of the MS/MS simulator on measured spectra."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs import weights_command
from jobs.console import print_epoch

if TYPE_CHECKING:
    from molucid.simulate.msms import MsmsSimulator
    from molucid.simulate.training_spectra import TrainingSet, TrainingSpectrum

HELP = "train the intensity model of the MS/MS simulator"
DESCRIPTION = """\
Trains the small network that gives simulated fragments their intensities, on the training fold of a Parquet file
of measured spectra (MassBank; columns in molucid.simulate.training_spectra), and judges it on the validation fold.
Held-out molecules are left out of both. Writes FILE.safetensors and, beside it, FILE.json with the provenance:
data and its sha256, records per licence, what was left out, configuration, seed, command, metrics, sha256.

The weights that come with molucid were made by this command; training takes about 12 minutes on one core."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("spectra", type=Path, help="Parquet file of spectra with `fold` train and val")
    weights_command.add_arguments(parser)
    parser.add_argument(
        "--max-atoms", type=int, default=45, help="largest training molecule (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Train, judge and write."""
    import torch

    from molucid.dataset.holdout import HoldoutKeys
    from molucid.files import sha256_file
    from molucid.simulate.msms import MsmsSimulator, SimulatorConfig
    from molucid.simulate.train_intensity import IntensityTrainingConfig, train_intensity
    from molucid.simulate.training_spectra import read_training_spectra
    from molucid.simulate.weights import save_weights

    torch.set_num_threads(
        1
    )  # small matrices: more threads cost more than they give, and one is deterministic
    config = IntensityTrainingConfig().updated([f"seed={args.seed}", *args.set])
    excluded = HoldoutKeys.default()
    training = read_training_spectra(args.spectra, "train", excluded, args.max_atoms)
    network = train_intensity(training, config, lambda epoch: print_epoch(epoch, config.epochs, args.quiet))
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    provenance = {
        "command": weights_command.command_line(
            "train-intensity", args, [args.spectra], "--max-atoms", str(args.max_atoms)
        ),
        "config": config.model_dump(mode="json"),
        "data": {
            "file": args.spectra.name,
            "sha256": sha256_file(args.spectra),
            "fold": "train",
            **_census(training),
        },
        "seed": config.seed,
        "versions": {name: version(name) for name in ("numba", "numpy", "rdkit", "torch")},
    }
    save_weights(args.out, state, provenance)
    simulator = MsmsSimulator(SimulatorConfig(weights=args.out))
    validation = read_training_spectra(args.spectra, "val", excluded, max_atoms=40)
    metrics = judge(simulator, validation.spectra)
    written = save_weights(args.out, state, {**provenance, "val_metrics_max_40_atoms": metrics})
    lines = [
        f"val {adduct:12} {means['spectra']:5} spectra: square-root cosine "
        f"{_shown(means['with_precursor'])} with and {_shown(means['without_precursor'])} without precursor"
        for adduct, means in metrics.items()
    ]
    return weights_command.answer(written, lines, args)


def judge(simulator: MsmsSimulator, spectra: tuple[TrainingSpectrum, ...]) -> dict[str, dict[str, Any]]:
    """Per adduct the number of spectra and their mean square-root cosines; a refused molecule counts as 0."""
    from molucid.errors import Rejected
    from molucid.simulate.similarity import score_prediction

    scores: dict[str, list[tuple[float, float]]] = {}
    for spectrum in spectra:
        answer = simulator.simulate(spectrum.smiles, [spectrum.conditions])
        pair = (
            (0.0, 0.0)
            if isinstance(answer, Rejected)
            else score_prediction(
                answer[0].mz, answer[0].intensity, spectrum.mz, spectrum.intensity, spectrum.precursor_mz
            )
        )
        scores.setdefault(spectrum.conditions.adduct, []).append(pair)
    return {
        adduct: {
            "spectra": len(pairs),
            "with_precursor": _mean([a for a, _ in pairs]),
            "without_precursor": _mean([b for _, b in pairs if not math.isnan(b)]),
        }
        for adduct, pairs in scores.items()
    }


def _shown(mean: float | None) -> str:
    return "none" if mean is None else f"{mean:.3f}"


def _mean(values: list[float]) -> float | None:
    return (
        round(math.fsum(values) / len(values), 4) if values else None
    )  # no spectrum of that adduct has a fragment


def _census(training: TrainingSet) -> dict[str, Any]:
    spectra = training.spectra
    return {
        "spectra": len(spectra),
        "molecules": len({s.inchikey14 for s in spectra}),
        "records_per_licence": dict(Counter(s.licence for s in spectra)),
        "records_per_contributor": dict(Counter(s.contributor for s in spectra)),
        "records_per_adduct": dict(Counter(s.conditions.adduct for s in spectra)),
        "rows_left_out": dict(training.left_out),
    }
