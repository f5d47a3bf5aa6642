"""`molucid pretrain`: train a recipe from its first step, on Ray Train."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from jobs.console import note
from jobs.training import Initial, add_training_arguments, carry_out

if TYPE_CHECKING:
    from molucid.recipes.load import Recipe

HELP = "train a model on packed samples"
DESCRIPTION = """\
Trains a recipe on packed samples with Ray Train, on one worker or many. A recipe of one's own is a YAML file that may
name another as its base: docs/recipes.md.

  molucid pretrain --recipe quickstart --data runs/packed --out runs/model
  molucid pretrain --recipe molucid --data runs/packed --val runs/packed-val --workers 2:8 --address auto \\
      --out s3://bucket/model
  molucid pretrain --recipe my.yaml --data runs/packed --out runs/model --set train.epochs=3

  molucid pretrain --recipe nmiracle_stage2 --stage1 runs/stage1 --data runs/packed --out runs/stage2

With --stage1 the structure model (encoder, decoder, embedding, output) starts from that checkpoint, strictly by name
and shape; what reads evidence and the heads start fresh. Both lists are printed.

The run folder gets one folder per checkpoint (step-00001000: the weights as model.safetensors with model.json,
and the engine's state to go on from), metrics.jsonl (one JSON object per step) and TensorBoard's event files.
The same command in the same folder goes on from the newest complete checkpoint, on any number of workers, and
ends with the losses of a run that was never interrupted. With --workers MIN:MAX the run grows and shrinks with
the cluster; a machine that is about to be taken away gets its checkpoint first. Any number of workers up to
train.global_batch_size will do: each takes a share of every global batch, and shares may differ by one sample.

A run that --max-minutes ended before its last step has exit code 5: run the same command again to go on. So
`molucid pretrain … && molucid index …` never goes on with a half-trained model. Exit code 0 means finished.

--set reaches every setting of the recipe (model.*, objective.*, train.*) and of the job (job.*), for example
train.steps=2000, train.learning_rate=1e-3, job.deepspeed.zero_stage=3, job.max_failures=10."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--recipe", required=True, metavar="NAME", help="packaged recipe, or a YAML file of one's own"
    )
    parser.add_argument(
        "--stage1",
        default=None,
        metavar="C",
        help="checkpoint of stage 1, whose structure model is the initial one",
    )
    add_training_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train, or go on training."""
    from molucid.recipes.load import load_recipe

    recipe = load_recipe(args.recipe, [text for text in args.set if not text.startswith("job.")])
    if recipe.train.augment is not None:
        note(
            "train.augment: departures of measured spectra are drawn; measured infrared spectra in the data would be "
            "changed too (none are drawn with --set train.augment=null)",
            args.quiet,
        )
    initial = None if args.stage1 is None else _stage1(args.stage1, recipe)
    return carry_out("pretrain", args, recipe, initial)


def _stage1(path: str, recipe: Recipe) -> Initial:
    import torch

    from molucid.cluster.checkpoints import local_checkpoint
    from molucid.files import read_manifest
    from molucid.model.assembled import Molucid
    from molucid.train.checkpoint import model_hash, read_card, read_weights
    from molucid.train.transfer import plan_transfer

    with local_checkpoint(path) as (url, checkpoint):
        read_manifest(checkpoint)
        with torch.device("meta"):
            model = Molucid(recipe.model)
        transfer = plan_transfer(read_weights(checkpoint), read_card(checkpoint).model, model, url)
        said = f"stage 1 from {url}; parameters {transfer.describe()}"
        return Initial(url, model_hash(checkpoint), "structure", said)
