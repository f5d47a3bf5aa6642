"""`molucid train-ir`: train the fast infrared simulator on a table of computed vibrations."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jobs import weights_command
from jobs.console import print_epoch

if TYPE_CHECKING:
    from molucid.dataset.holdout import HoldoutKeys
    from molucid.simulate.ir import IrSimulator
    from molucid.simulate.ir_table import ComputedMolecule
    from molucid.simulate.train_ir import TrainingMolecule

HELP = "train the fast infrared simulator on computed lines"
DESCRIPTION = """\
Trains the small network behind the fast infrared simulator on a table of vibrations that compute-ir made, and
judges it on molecules whose scaffolds no training molecule has. A tenth of the scaffolds is kept for that.
Held-out molecules are left out of both. Writes FILE.safetensors and, beside it, FILE.json with the provenance: the
table, its sha256 and how it was made, what was left out, configuration, seed, command, metrics, sha256.

  molucid train-ir runs/ir/chemicals.jsonl --out runs/ir/ir_gfn2.safetensors

Copy a table that is still growing first, with its .job.json, so that the sha256 stays that of a file you have. The
weights that come with molucid were made by this command."""


class Example(NamedTuple):
    """A molecule to learn from or to judge on, and what keeps it together with others in one fold."""

    molecule: TrainingMolecule
    group: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("table", type=Path, help="table made by compute-ir (.jsonl)")
    weights_command.add_arguments(parser)
    parser.add_argument(
        "--max-heavy-atoms",
        type=int,
        default=None,
        metavar="N",
        help="train on smaller molecules only and judge on the larger ones, in place of scaffolds",
    )


def run(args: argparse.Namespace) -> int:
    """Train, judge and write."""
    import torch

    from molucid.dataset.holdout import HoldoutKeys
    from molucid.errors import InputError, Where
    from molucid.files import sha256_file
    from molucid.simulate.ir import IrSimulator, IrSimulatorConfig
    from molucid.simulate.ir_table import read_job, read_table
    from molucid.simulate.train_ir import IrTrainingConfig, train_ir
    from molucid.simulate.weights import save_weights

    torch.set_num_threads(1)  # small matrices: more threads give little, and one is deterministic
    config = IrTrainingConfig().updated([f"seed={args.seed}", *args.set])
    table_sha256 = sha256_file(args.table) if args.table.is_file() else ""
    examples, left_out = usable(read_table(args.table), HoldoutKeys.default())
    training, judged = split(examples, args.max_heavy_atoms)
    if not training or not judged:
        raise InputError(
            f"{len(training)} molecules to train on and {len(judged)} to judge on",
            "at least one of each",
            Where(file=str(args.table)),
            hint="compute more molecules with compute-ir",
            code="too_few_molecules",
        )
    network = train_ir(training, config, lambda epoch: print_epoch(epoch, config.epochs, args.quiet))
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    own = [] if args.max_heavy_atoms is None else ["--max-heavy-atoms", str(args.max_heavy_atoms)]
    provenance = {
        "command": weights_command.command_line("train-ir", args, [args.table], *own),
        "config": config.model_dump(mode="json"),
        "data": {
            "file": args.table.name,
            "sha256": table_sha256,
            "job": read_job(args.table),
            "molecules": len(training),
            "molecules_judged_on": len(judged),
            "molecules_left_out": left_out,
        },
        "seed": config.seed,
        "versions": {name: version(name) for name in ("numpy", "rdkit", "torch")},
    }
    save_weights(args.out, state, provenance)
    simulator = IrSimulator(IrSimulatorConfig(weights=args.out))
    metrics = judge(simulator, training, judged)
    written = save_weights(args.out, state, {**provenance, "metrics": metrics})
    line = (
        f"{metrics['molecules']} molecules: square-root cosine {metrics['mean_cosine']:.3f} "
        f"(mean spectrum {metrics['mean_spectrum_cosine']:.3f}), own spectrum closest for {metrics['top1']:.1%}"
    )
    return weights_command.answer(written, [line], args)


def usable(rows: Iterable[ComputedMolecule], excluded: HoldoutKeys) -> tuple[list[Example], dict[str, int]]:
    """The rows to learn from, and how many others there are by reason."""
    from molucid.errors import InputError, Rejected
    from molucid.simulate.ir_table import scaffold_group
    from molucid.simulate.train_ir import training_molecule

    kept, left_out = [], Counter[str]()
    for row in rows:
        if isinstance(row.result, Rejected):
            left_out[row.result.code] += 1
        elif row.inchikey14 in excluded:
            left_out["held_out"] += 1
        else:
            try:
                kept.append(Example(training_molecule(row.smiles, row.result), scaffold_group(row)))
            except InputError as error:
                left_out[error.code] += 1
    return kept, dict(left_out)


def split(
    examples: list[Example], max_heavy_atoms: int | None
) -> tuple[list[TrainingMolecule], list[TrainingMolecule]]:
    """Molecules to train on and to judge on: by scaffold, or by size where `max_heavy_atoms` is given."""
    from molucid.dataset.splits import SplitConfig, fold_of

    config = SplitConfig(val_fraction=0.0, test_fraction=0.1)
    training: list[TrainingMolecule] = []
    judged: list[TrainingMolecule] = []
    for molecule, group in examples:
        if max_heavy_atoms is not None:
            is_training = len(molecule.graph.atoms) <= max_heavy_atoms
        else:
            is_training = fold_of(group, config) == "train"
        (training if is_training else judged).append(molecule)
    return training, judged


def judge(
    simulator: IrSimulator, training: list[TrainingMolecule], judged: list[TrainingMolecule]
) -> dict[str, Any]:
    """Agreement with xtb on `judged`, beside the mean spectrum of `training`."""
    import numpy as np

    from molucid.errors import Rejected
    from molucid.simulate.ir_bands import absorption_on_grid
    from molucid.simulate.ir_similarity import agreement, mean_root_spectrum
    from molucid.spectra.grids import IR_GRID

    def computed(molecules: list[TrainingMolecule]) -> list[Any]:
        lines = [(m.vibrations.wavenumber_cm1, m.vibrations.intensity_km_mol) for m in molecules]
        return [absorption_on_grid(*pair, simulator.config.broadening) for pair in lines]

    answers = [simulator.simulate(molecule.smiles) for molecule in judged]
    nothing = np.zeros(IR_GRID.num_points)  # a refused molecule counts as 0
    predicted = [nothing if isinstance(answer, Rejected) else answer.absorbance for answer in answers]
    found = agreement(predicted, computed(judged), mean_root_spectrum(computed(training)))
    return {
        "molecules": len(judged),
        "mean_cosine": round(float(found.cosine.mean()), 4),
        "mean_spectrum_cosine": round(float(found.mean_spectrum_cosine.mean()), 4),
        "top1": round(float(found.is_top1.mean()), 4),
    }
