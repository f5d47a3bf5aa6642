"""`molucid pretrain`: train a recipe from its first step, on Ray Train."""

from __future__ import annotations

import argparse

from jobs.training import add_training_arguments, carry_out

HELP = "train a model on packed samples"
DESCRIPTION = """\
Trains a recipe on packed samples with Ray Train, on one worker or many.

  molucid pretrain --recipe quickstart --data runs/packed --out runs/model
  molucid pretrain --recipe molucid --data runs/packed --val runs/packed-val --workers 2:8 --address auto \\
      --out s3://bucket/model
  molucid pretrain --recipe my.yaml --data runs/packed --out runs/model --set train.epochs=3

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
    add_training_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train, or go on training."""
    from molucid.recipes.load import load_recipe

    recipe = load_recipe(args.recipe, [text for text in args.set if not text.startswith("job.")])
    return carry_out("pretrain", args, recipe, initial=None)
