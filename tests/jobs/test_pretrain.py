"""Training jobs against a loop in this process that nothing interrupts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.cli import main
from molucid.cluster.session import ray_session
from molucid.dataset.packed import PackedDataset
from molucid.recipes.load import load_recipe
from molucid.train.checkpoint import load_model, newest_complete

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def session():
    with ray_session(num_cpus=2) as session:
        yield session


def pretrain(given: SimpleNamespace, out: Path, *more: str) -> int:
    return main(
        ["pretrain", "--recipe", given.recipe, "--data", given.packed, "--out", str(out), "--quiet", *more]
    )


@pytest.fixture(scope="module")
def trained(session, given, check, tmp_path_factory) -> Path:
    """A finished run on one DeepSpeed worker that was killed on its way."""
    out = tmp_path_factory.mktemp("trained") / "run"
    killed: list[int] = []
    watcher = check.kill_a_worker_after(out, 8, killed)
    assert pretrain(given, out, "--val", given.packed, "--set", "job.send_every_s=0") == 0
    watcher.join()
    assert len(killed) == 1
    return out


def test_a_run_whose_worker_was_killed_ends_as_if_unbroken(trained, unbroken, check) -> None:
    check.as_unbroken(trained, unbroken)
    last = check.metrics(trained)[-1]
    assert last["position"] == 24 * 8
    assert last["validation/total"] > 0
    assert list((trained / "tensorboard").glob("events.out.tfevents.*"))
    # Three checkpoints are kept.
    assert sorted(path.name for path in trained.glob("step-*")) == [
        "step-00000012",
        "step-00000018",
        "step-00000024",
    ]


def test_the_checkpoint_is_a_model_with_its_provenance(trained, given) -> None:
    model, card = load_model(newest_complete(trained))
    assert model.config == load_recipe(given.recipe).model
    assert card.training["data_sha256"] == PackedDataset(given.packed).content_hash


def test_a_finished_run_is_not_trained_again(trained, given, capsys) -> None:
    before = (trained / "metrics.jsonl").read_bytes()
    assert pretrain(given, trained, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "checkpoint": str(trained / "step-00000024"),
        "finished": True,
        "samples": 192,
        "step": 24,
    }
    assert (trained / "metrics.jsonl").read_bytes() == before


def test_a_run_goes_on_only_with_its_own_configuration(trained, given, capsys) -> None:
    assert pretrain(given, trained, "--set", "train.learning_rate=0.1") == 2
    assert "finetune" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_with_more_workers(session, given, unbroken, check, tmp_path) -> None:
    out = tmp_path / "run"
    assert pretrain(given, out, "--max-minutes", "0.0001") == 5
    stopped_at = len(check.metrics(out))
    assert 0 < stopped_at < 24
    assert pretrain(given, out, "--workers", "2") == 0
    check.as_unbroken(out, unbroken)
    assert check.metrics(out)[-1]["workers"] == 2
    assert check.metrics(out)[stopped_at - 1]["workers"] == 1


def test_a_run_whose_time_is_over_is_finished_only_by_its_last_step(session, given, tmp_path, capsys) -> None:
    options = ("--engine", "single", "--max-minutes", "0.0001", "--json")
    # Each time one step more, for the clocks are compared after every step that a run begins with.
    for step, finished in ((1, False), (2, True)):
        code = pretrain(
            given, tmp_path / "run", *options, "--set", "train.steps=2", "--set", "train.warmup_steps=0"
        )
        summary = json.loads(capsys.readouterr().out)
        assert (summary["step"], summary["finished"], code) == (step, finished, 0 if finished else 5)


def test_finetuning_starts_from_the_weights_with_a_schedule_of_its_own(
    session, trained, given, check, tmp_path, capsys
) -> None:
    out = tmp_path / "tuned"
    command = ["finetune", "--checkpoint", str(trained), "--data", given.packed, "--out", str(out), "--quiet"]
    assert (
        main([*command, "--engine", "single", "--set", "train.steps=2", "--set", "train.warmup_steps=0"]) == 0
    )
    rows = check.metrics(out)
    assert [row["step"] for row in rows] == [1, 2]
    assert rows[0]["learning_rate"] == pytest.approx(1e-4)
    # The first loss is that of trained weights, not of new ones.
    assert rows[0]["loss/total"] < 0.7 * check.metrics(trained)[0]["loss/total"]
    assert main([*command[:-2], str(tmp_path / "other"), "--quiet", "--set", "model.width=32"]) == 2
    assert "leave model.* as it is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", "1:9"), "a sample for each of 1 x 9"),
        (("--workers", "two"), "N or MIN:MAX"),
        (("--workers", "2", "--engine", "single"), "the single engine has one worker"),
        (("--set", "model.fingerprint_bits=64"), "a multiple of the 64 bits"),
        (("--set", "job.max_failurs=1"), "did you mean 'max_failures'"),
        (("--set", "train.learning_rat=1"), "did you mean 'learning_rate'"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_starts(
    given, tmp_path, capsys, options, message
) -> None:
    assert pretrain(given, tmp_path / "run", *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_more_workers_than_there_are_cores_are_refused_before_anything_starts(
    session, given, tmp_path, capsys
) -> None:
    assert pretrain(given, tmp_path / "run", "--workers", "4") == 2
    assert "4 worker(s) that need 4 CPUs" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A disk that holds no checkpoint; only a system's administrator may make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(made, capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("max_failures", ["0", "3"])
def test_a_full_disk_ends_the_run_and_is_named(session, given, small_disk, capsys, max_failures) -> None:
    assert pretrain(given, small_disk / "run", "--set", f"job.max_failures={max_failures}") == 1
    message = capsys.readouterr().err
    assert f"molucid pretrain: {small_disk}/run/step-00000006/" in message
    assert "No space left on device" in message
    assert "the disk is full" in message
