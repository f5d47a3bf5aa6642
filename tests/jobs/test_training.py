"""What a training job is checked for before anything starts: no cluster is needed to say no."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs import finetune, pretrain
from jobs.cli import build_parser, main
from molucid.cluster import training
from molucid.cluster.checkpoints import store_checkpoint
from molucid.cluster.plan import TrainingJobConfig, TrainingPlan
from molucid.cluster.session import RaySession
from molucid.cluster.storage import Root
from molucid.cluster.training import standing, worker_resources
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.errors import InputError
from molucid.model.assembled import new_model
from molucid.model.objective import Objective
from molucid.recipes.load import load_recipe
from molucid.train.checkpoint import make_card
from molucid.train.engines.single import SingleEngine
from molucid.train.loop import TrainState


def plan(given: SimpleNamespace, out: Path, workers: tuple[int, int], *assignments: str) -> TrainingPlan:
    recipe = load_recipe(given.recipe, assignments)
    job = TrainingJobConfig(min_workers=workers[0], max_workers=workers[1])
    return TrainingPlan(recipe=recipe, job=job, data=given.packed, out=str(out))


def test_an_elastic_run_is_taken_on_counts_that_do_not_divide_its_global_batch(given, tmp_path) -> None:
    assert standing(plan(given, tmp_path / "run", (1, 8))).total_steps == 24
    with pytest.raises(InputError, match="on 9 workers"):
        standing(plan(given, tmp_path / "run", (1, 9)))


def here(num_cpus: float, num_gpus: float = 0.0, embedded: bool = True) -> RaySession:
    return RaySession("127.0.0.1:1", embedded, num_cpus, num_gpus)


@pytest.mark.parametrize(
    ("job", "session", "expected"),
    [
        ({"min_workers": 2, "max_workers": 2}, here(5), {"CPU": 2}),
        ({"min_workers": 2, "max_workers": 8}, here(2), {"CPU": 1}),
        ({"min_workers": 2, "max_workers": 2}, here(2, 2), {"CPU": 1, "GPU": 1}),
        ({"min_workers": 4, "max_workers": 4, "gpus_per_worker": 0}, here(4, 1), {"CPU": 1}),
        # A cluster that is joined may grow.
        ({"min_workers": 4, "max_workers": 4}, here(1, embedded=False), {"CPU": 1}),
    ],
)
def test_workers_share_what_an_embedded_session_has(job, session, expected) -> None:
    assert worker_resources(TrainingJobConfig.from_mapping(job), session) == expected


@pytest.mark.parametrize(
    ("job", "session", "message"),
    [
        ({"min_workers": 4, "max_workers": 4}, here(2), "need 4 CPUs, expected .* 2 CPUs"),
        ({"min_workers": 3, "max_workers": 4}, here(2), "need 3 CPUs"),
        ({"max_workers": 1, "cpus_per_worker": 3}, here(2), "need 3 CPUs"),
        ({"min_workers": 2, "max_workers": 2}, here(8, 1), "need 8 CPUs, 2 GPUs, expected .* 8 CPUs, 1 GPUs"),
        ({"gpus_per_worker": 1}, here(2), "1 GPUs, expected .* 0 GPUs"),
    ],
)
def test_more_workers_than_this_machine_holds_are_refused_and_not_waited_for(job, session, message) -> None:
    with pytest.raises(InputError, match=message) as caught:
        worker_resources(TrainingJobConfig.from_mapping(job), session)
    assert caught.value.code == "too_many_workers"


def test_a_wait_for_a_cluster_to_grow_is_said_with_what_it_lacks(monkeypatch, caplog) -> None:
    monkeypatch.setattr(training.ray, "cluster_resources", lambda: {"CPU": 8.0, "memory": 1e9})
    monkeypatch.setattr(training.ray, "available_resources", lambda: {"CPU": 6.5, "memory": 1e9})
    training._say_waiting(4, {"CPU": 4, "GPU": 1}, 60.2)
    assert caplog.messages == [
        "no step for 60 s: 4 worker(s) need 16 CPUs, 4 GPUs; the cluster has 8 CPUs, 0 GPUs, "
        "of which 6.5 CPUs, 0 GPUs are free"
    ]


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


@pytest.mark.parametrize(
    ("written", "wanted", "message"),
    [
        (
            "a" * 64,
            "b" * 64,
            "a run that started from the model aaaaaaaaaaaa…, .* from the model bbbbbbbbbbbb…",
        ),
        (None, "b" * 64, "a run that started from new weights"),
        ("a" * 64, None, "expected one that started from new weights"),
    ],
)
def test_a_run_goes_on_only_from_the_checkpoint_it_began_with(
    given, tmp_path, written, wanted, message
) -> None:
    def tuned(parent: str | None) -> TrainingPlan:
        facts = {
            "command": "molucid finetune --checkpoint its-own",
            "data_sha256": PackedDataset(given.packed).content_hash,
            "parent_model_sha256": parent,
        }
        return plan(given, tmp_path / "run", (1, 1)).model_copy(update={"training": facts})

    recipe, root = tuned(written).recipe, Root(tmp_path / "run")
    card = make_card(recipe.name, recipe.model, recipe.objective, recipe.train, tuned(written).training)
    engine = SingleEngine(new_model(recipe.model, 0), Objective(recipe.objective), recipe.train)
    store_checkpoint(root, engine, card, TrainState(3, 24), epoch=0.5)
    assert standing(tuned(written)).state == TrainState(3, 24)
    with pytest.raises(InputError, match=message) as caught:
        standing(tuned(wanted))
    assert caught.value.code == "other_parent"
    assert "--checkpoint its-own" in caught.value.hint


AUGMENTED = "train.augment={trace_probability: 0.25}"


@pytest.mark.parametrize(("assignments", "expected"), [((), None), ((AUGMENTED,), 0.25)])
def test_a_fine_tuning_augments_only_where_it_is_told_to(
    given, tmp_path, monkeypatch, assignments, expected
) -> None:
    recipe = load_recipe(given.recipe, [AUGMENTED.replace("0.25", "0.5")])
    card = make_card(recipe.name, recipe.model, recipe.objective, recipe.train, {})
    engine = SingleEngine(new_model(recipe.model, 0), Objective(recipe.objective), recipe.train)
    store_checkpoint(Root(tmp_path / "run"), engine, card, TrainState(3, 24), epoch=0.5)
    started = []
    monkeypatch.setattr(finetune, "carry_out", lambda *told, **named: started.append(told[2]) or 0)
    sets = [word for text in assignments for word in ("--set", text)]
    command = ["finetune", "--checkpoint", str(tmp_path / "run"), "--data", given.packed]
    assert main([*command, "--out", str(tmp_path / "tuned"), *sets]) == 0
    augment = started[0].train.augment
    assert (None if augment is None else augment.trace_probability) == expected


@pytest.mark.parametrize(("assignments", "said"), [((), False), ((AUGMENTED,), True)])
def test_a_pre_training_that_augments_says_what_it_would_do_to_measured_spectra(
    given, tmp_path, monkeypatch, capsys, assignments, said
) -> None:
    monkeypatch.setattr(pretrain, "carry_out", lambda *told: 0)
    sets = [word for text in assignments for word in ("--set", text)]
    command = ["pretrain", "--recipe", given.recipe, "--data", given.packed, "--out", str(tmp_path / "run")]
    assert main([*command, *sets]) == 0
    assert ("measured infrared spectra" in capsys.readouterr().err) == said


def test_the_usual_way_of_the_help_fits_together() -> None:
    parser = build_parser()
    lines = [line.strip() for line in parser.epilog.splitlines() if line.startswith("  molucid ")]
    args = {words[1]: parser.parse_args(words[1:]) for words in map(shlex.split, lines)}
    assert list(args) == ["simulate", "pack", "pretrain", "index", "elucidate"]
    recipe = load_recipe(args["pretrain"].recipe, args["pretrain"].set)
    packed = PackConfig().updated(args["pack"].set if hasattr(args["pack"], "set") else [])
    assert packed.fingerprint.num_bits % recipe.model.fingerprint_bits == 0
