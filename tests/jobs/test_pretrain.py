"""Training jobs against a loop in this process that nothing interrupts."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from jobs.cli import main
from molucid.chem.adducts import parse_adduct
from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.identity import formula_of
from molucid.cluster.session import ray_session
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import PackConfig, pack
from molucid.model.assembled import Molucid
from molucid.model.objective import Objective
from molucid.recipes.load import load_recipe
from molucid.spectra.types import Evidence, MassSpectrum, Record
from molucid.train.checkpoint import load_model, newest_complete, read_weights
from molucid.train.engines.single import SingleEngine
from molucid.train.loader import Loader
from molucid.train.loop import fit

pytestmark = pytest.mark.cluster

RECIPE = """\
description: A tiny model.
model: {width: 16, heads: 2, encoder_layers: 1, decoder_layers: 1, feed_forward_width: 24, dropout: 0.0,
        fingerprint_bits: 32, fingerprint_hidden: 8}
train: {steps: 24, warmup_steps: 4, micro_batch_size: 4, global_batch_size: 8, checkpoint_every: 6,
        learning_rate: 0.005, weight_decay: 0.1}
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> SimpleNamespace:
    """A recipe and packed samples: small amines, ethers and thiols with made-up peaks."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "tiny.yaml").write_text(RECIPE)
    rng = np.random.default_rng(0)
    records = []
    for smiles in (f"{'C' * n}{tail}" for n in range(4, 12) for tail in ("N", "OC", "S", "Cl", "C(=O)OC")):
        mz = np.sort(rng.uniform(20, 60, 8))
        precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula_of(smiles))
        spectrum = MassSpectrum(mz, rng.uniform(0.1, 1, 8), precursor_mz, "[M+H]+")
        records.append(Record(Evidence(smiles, None, (spectrum,)), smiles))
    pack(records, folder / "packed", PackConfig(fingerprint=FingerprintConfig(num_bits=32)), {})
    return SimpleNamespace(recipe=str(folder / "tiny.yaml"), packed=str(folder / "packed"))


@pytest.fixture(scope="module")
def unbroken(given) -> SimpleNamespace:
    """Losses by step and final weights of the run as the single engine does it, without Ray."""
    recipe = load_recipe(given.recipe)
    torch.manual_seed(recipe.train.seed)
    model = Molucid(recipe.model)
    engine = SingleEngine(model, Objective(recipe.objective), recipe.train)
    loader = Loader(
        PackedDataset(given.packed), model.modalities, recipe.train.micro_batch_size, recipe.train.seed
    )
    losses: dict[int, float] = {}
    fit(
        engine,
        loader,
        recipe.train,
        lambda report: losses.update({report.step: report.metrics.losses["total"]}),
        lambda state: None,
    )
    return SimpleNamespace(losses=losses, weights=engine.weights())


@pytest.fixture(scope="module")
def session():
    with ray_session(num_cpus=2) as session:
        yield session


def pretrain(given: SimpleNamespace, out: Path, *more: str) -> int:
    return main(
        ["pretrain", "--recipe", given.recipe, "--data", given.packed, "--out", str(out), "--quiet", *more]
    )


def metrics(out: Path) -> list[dict[str, Any]]:
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def assert_as_unbroken(out: Path, unbroken: SimpleNamespace) -> None:
    rows = metrics(out)
    assert [row["step"] for row in rows] == list(range(1, 25))
    assert [row["loss/total"] for row in rows] == pytest.approx(list(unbroken.losses.values()), abs=1e-5)
    newest = newest_complete(out)
    assert newest == out / "step-00000024"
    for name, tensor in read_weights(newest).items():
        # The gradient of a key's bias is zero but for rounding (softmax), which AdamW blows up to full steps.
        if not name.endswith(("qkv.bias", "key_value.bias")):
            torch.testing.assert_close(tensor, unbroken.weights[name], atol=1e-4, rtol=1e-3)


def kill_a_worker_after(out: Path, step: int, killed: list[int]) -> threading.Thread:
    """Kill one training worker of this process's session when `step` has been reported."""

    def watch() -> None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            if len(metrics(out)) >= step:
                for process in psutil.Process().children(recursive=True):
                    if "RayTrainWorker" in process.name() or "RayTrainWorker" in " ".join(process.cmdline()):
                        process.kill()
                        killed.append(process.pid)
                        return
            time.sleep(0.05)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def trained(session, given, tmp_path_factory) -> Path:
    """A finished run on one DeepSpeed worker that was killed on its way."""
    out = tmp_path_factory.mktemp("trained") / "run"
    killed: list[int] = []
    watcher = kill_a_worker_after(out, 8, killed)
    assert pretrain(given, out, "--val", given.packed, "--set", "job.send_every_s=0") == 0
    watcher.join()
    assert len(killed) == 1
    return out


def test_a_run_whose_worker_was_killed_ends_as_if_unbroken(trained, unbroken) -> None:
    assert_as_unbroken(trained, unbroken)
    last = metrics(trained)[-1]
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
def test_a_run_that_was_stopped_goes_on_with_more_workers(session, given, unbroken, tmp_path) -> None:
    out = tmp_path / "run"
    assert pretrain(given, out, "--max-minutes", "0.0001") == 0
    stopped_at = len(metrics(out))
    assert 0 < stopped_at < 24
    assert pretrain(given, out, "--workers", "2") == 0
    assert_as_unbroken(out, unbroken)
    assert metrics(out)[-1]["workers"] == 2
    assert metrics(out)[stopped_at - 1]["workers"] == 1


def test_finetuning_starts_from_the_weights_with_a_schedule_of_its_own(
    session, trained, given, tmp_path, capsys
) -> None:
    out = tmp_path / "tuned"
    command = ["finetune", "--checkpoint", str(trained), "--data", given.packed, "--out", str(out), "--quiet"]
    assert (
        main([*command, "--engine", "single", "--set", "train.steps=2", "--set", "train.warmup_steps=0"]) == 0
    )
    rows = metrics(out)
    assert [row["step"] for row in rows] == [1, 2]
    assert rows[0]["learning_rate"] == pytest.approx(1e-4)
    # The first loss is that of trained weights, not of new ones.
    assert rows[0]["loss/total"] < 0.7 * metrics(trained)[0]["loss/total"]
    assert main([*command[:-2], str(tmp_path / "other"), "--quiet", "--set", "model.width=32"]) == 2
    assert "leave model.* as it is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", "3"), "a multiple of 3"),
        (("--workers", "two"), "N or MIN:MAX"),
        (("--workers", "2", "--engine", "single"), "the single engine has one worker"),
        (("--set", "model.fingerprint_bits=64"), "fingerprints of 64 bits"),
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
