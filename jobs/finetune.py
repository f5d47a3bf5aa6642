"""`molucid finetune`: train a checkpoint's model on, on other samples or with another schedule."""

from __future__ import annotations

import argparse

from jobs.training import Initial, add_training_arguments, carry_out

HELP = "train a checkpoint's model on, on other samples"
DESCRIPTION = """\
Starts a new run from the weights of a checkpoint: a fresh optimiser and schedule, with settings of their own
for a short training at a small rate. Model and objective are those of the checkpoint. Spectra are taken as they
are, also where the checkpoint's own training augmented them; for simulated data bring that back with
--set "train.augment={trace_probability: 0.5}".

  molucid finetune --checkpoint runs/model --data runs/packed-real --val runs/packed-val --out runs/tuned

Everything else is as in pretrain: the same run folder, resume, workers, exit codes (5: unfinished, run the same
command again) and --set. To go on with an interrupted run, repeat its own command instead."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--checkpoint",
        required=True,
        metavar="C",
        help="checkpoint, or the run folder or s3:// URL holding it",
    )
    add_training_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train, or go on training."""
    from molucid.cluster.checkpoints import local_checkpoint
    from molucid.cluster.plan import FinetuneConfig
    from molucid.files import read_manifest
    from molucid.recipes.load import Recipe
    from molucid.train.checkpoint import model_hash, read_card

    with local_checkpoint(args.checkpoint) as (url, checkpoint):
        read_manifest(checkpoint)
        card = read_card(checkpoint)
        initial = Initial(url, model_hash(checkpoint), "all", f"starting from the weights of {url}")
    train = card.train.model_dump() | FinetuneConfig().model_dump()
    recipe = Recipe.from_mapping(
        {
            "name": card.recipe,
            "description": f"{card.recipe}, fine-tuned.",
            "model": card.model.model_dump(),
            "objective": card.objective.model_dump(),
            "train": train,
        }
    ).updated(text for text in args.set if not text.startswith("job."))
    return carry_out("finetune", args, recipe, initial=initial)
