"""What a training job is checked for before anything starts: no cluster is needed to say no."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.cli import build_parser
from molucid.cluster.plan import TrainingJobConfig, TrainingPlan
from molucid.cluster.training import standing
from molucid.dataset.packing import PackConfig
from molucid.errors import InputError
from molucid.recipes.load import load_recipe


def plan(given: SimpleNamespace, out: Path, workers: tuple[int, int], *assignments: str) -> TrainingPlan:
    recipe = load_recipe(given.recipe, assignments)
    job = TrainingJobConfig(min_workers=workers[0], max_workers=workers[1])
    return TrainingPlan(recipe=recipe, job=job, data=given.packed, out=str(out))


def test_an_elastic_run_is_taken_on_counts_that_do_not_divide_its_global_batch(given, tmp_path) -> None:
    assert standing(plan(given, tmp_path / "run", (1, 8))).total_steps == 24
    with pytest.raises(InputError, match="on 9 workers"):
        standing(plan(given, tmp_path / "run", (1, 9)))


@pytest.mark.parametrize("bits", ["32", "16"])
def test_longer_packed_fingerprints_are_folded(given, tmp_path, bits) -> None:
    accepted = standing(plan(given, tmp_path / "run", (1, 1), f"model.fingerprint_bits={bits}"))
    assert (accepted.total_steps, accepted.checkpoint) == (24, None)


@pytest.mark.parametrize(
    ("bits", "code"),
    [("64", "fingerprint_length"), ("12", "fingerprint_length"), ("null", "no_fingerprint_head")],
)
def test_other_lengths_are_refused_where_fingerprints_are_trained(given, tmp_path, bits, code) -> None:
    with pytest.raises(InputError) as caught:
        standing(plan(given, tmp_path / "run", (1, 1), f"model.fingerprint_bits={bits}"))
    assert caught.value.code == code
    standing(plan(given, tmp_path / "run", (1, 1), f"model.fingerprint_bits={bits}", "objective.lambda_=0"))


def test_the_usual_way_of_the_help_fits_together() -> None:
    parser = build_parser()
    lines = [line.strip() for line in parser.epilog.splitlines() if line.startswith("  molucid ")]
    args = {words[1]: parser.parse_args(words[1:]) for words in map(shlex.split, lines)}
    assert list(args) == ["simulate", "pack", "pretrain", "index", "elucidate"]
    recipe = load_recipe(args["pretrain"].recipe, args["pretrain"].set)
    packed = PackConfig().updated(args["pack"].set if hasattr(args["pack"], "set") else [])
    assert packed.fingerprint.num_bits % recipe.model.fingerprint_bits == 0
