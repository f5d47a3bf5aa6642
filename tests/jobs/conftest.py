"""A tiny recipe, its data, and its losses as a loop that nothing interrupts gives them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from molucid.chem.adducts import parse_adduct
from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.identity import formula_of
from molucid.cluster.checkpoints import store_checkpoint
from molucid.cluster.storage import Root
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.model.assembled import Molucid, new_model
from molucid.model.config import ModelConfig
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.recipes.load import load_recipe
from molucid.spectra.types import Evidence, MassSpectrum, Record
from molucid.train.checkpoint import make_card, newest_complete, read_weights
from molucid.train.config import TrainConfig
from molucid.train.engines.single import SingleEngine
from molucid.train.loader import Loader
from molucid.train.loop import TrainState, fit

RECIPE = """\
description: A tiny model.
model: {width: 16, heads: 2, encoder_layers: 1, decoder_layers: 1, feed_forward_width: 24, dropout: 0.0,
        fingerprint_bits: 32, fingerprint_hidden: 8}
train: {steps: 24, warmup_steps: 4, micro_batch_size: 4, global_batch_size: 8, checkpoint_every: 6,
        learning_rate: 0.005, weight_decay: 0.1}
"""


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def unbroken_run(given) -> Callable[..., SimpleNamespace]:
    """Losses by step and final weights of a run as the single engine does it, without Ray."""

    def run(*assignments: str) -> SimpleNamespace:
        recipe = load_recipe(given.recipe, assignments)
        config = recipe.train
        torch.manual_seed(config.seed)
        model = Molucid(recipe.model)
        engine = SingleEngine(model, Objective(recipe.objective), config)
        loader = Loader(PackedDataset(given.packed), model.modalities, config.micro_batch_size, config.seed)
        losses: list[float] = []
        fit(
            engine,
            loader,
            config,
            lambda report: losses.append(report.metrics.losses["total"]),
            lambda state: None,
        )
        return SimpleNamespace(losses=losses, weights=engine.weights())

    return run


@pytest.fixture(scope="session")
def unbroken(unbroken_run) -> SimpleNamespace:
    return unbroken_run()


def metrics(out: Path) -> list[dict[str, Any]]:
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def assert_as_unbroken(out: Path, unbroken: SimpleNamespace, tolerance: float = 1e-5) -> None:
    rows, steps = metrics(out), len(unbroken.losses)
    assert [row["step"] for row in rows] == list(range(1, steps + 1))
    assert [row["loss/total"] for row in rows] == pytest.approx(unbroken.losses, abs=tolerance)
    newest = newest_complete(out)
    assert newest == out / f"step-{steps:08d}"
    for name, tensor in read_weights(newest).items():
        # The gradient of a key's bias is zero but for rounding (softmax), which AdamW blows up to full steps.
        if not name.endswith(("qkv.bias", "key_value.bias")):
            torch.testing.assert_close(tensor, unbroken.weights[name], atol=10 * tolerance, rtol=1e-3)


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


@pytest.fixture(scope="session")
def check() -> SimpleNamespace:
    return SimpleNamespace(
        metrics=metrics, as_unbroken=assert_as_unbroken, kill_a_worker_after=kill_a_worker_after
    )


TRAINING_SMILES = (
    *("CCO", "CCCO", "CCCCO", "CCN", "CCCN", "CCOC", "CCOCC", "CC(=O)O", "CCC(=O)O", "CC(N)=O"),
    *("c1ccccc1", "Cc1ccccc1", "Oc1ccccc1", "Nc1ccccc1", "Clc1ccccc1", "CCS", "CCCS", "CC#N", "CCC#N"),
)


def packed_samples(folder: Path, num_bits: int) -> None:
    """Pack spectra with made-up peaks of some small molecules, fingerprints of `num_bits` bits."""
    rng = np.random.default_rng(0)
    records = []
    for smiles in TRAINING_SMILES:
        formula = formula_of(smiles)
        precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula)
        mz = np.append(np.sort(rng.uniform(15, precursor_mz, 4)), precursor_mz)
        spectrum = MassSpectrum(mz, rng.uniform(0.1, 1, 5), precursor_mz, "[M+H]+", 20.0)
        records.append(Record(Evidence(smiles, formula, (spectrum,)), smiles))
    pack(records, folder, PackConfig(fingerprint=FingerprintConfig(num_bits=num_bits)), {})


def written_checkpoint(
    folder: Path, seed: int = 0, beta: float = 0.0, patterns: tuple[str, ...] = (), **changes: Any
) -> Path:
    """A complete checkpoint of a small model with random weights, in a folder of a run.

    Args:
        folder: of the run.
        seed: of the weights.
        beta: weight of the fragments' loss when the model is tuned.
        patterns: vocabulary of its fragments.
        changes: to the sizes of the model.
    """
    sizes: dict[str, Any] = {
        "width": 32, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "feed_forward_width": 48,
        "fingerprint_bits": 64, "fingerprint_hidden": 16,
    }  # fmt: skip
    model_config = ModelConfig.from_mapping({**sizes, **changes})
    objective, train = ObjectiveConfig(beta=beta), TrainConfig()
    engine = SingleEngine(new_model(model_config, seed), Objective(objective), train)
    card = make_card("tiny", model_config, objective, train, {}, patterns)
    store_checkpoint(Root(folder), engine, card, TrainState(step=1, position=8), 0.0)
    return folder


@pytest.fixture(scope="session")
def answering(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What elucidate needs: run folder, packed samples (fingerprints twice as wide as the head's) and index."""
    from jobs.cli import main

    folder = tmp_path_factory.mktemp("answering")
    packed_samples(folder / "packed", 128)
    run = written_checkpoint(folder / "run")
    made = SimpleNamespace(run=str(run), packed=str(folder / "packed"), index=str(folder / "index"))
    code = main(
        ["index", "--data", made.packed, "--checkpoint", made.run, "--out", made.index, "--quiet", "--json"]
    )
    assert code == 0
    return made


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    return SimpleNamespace(checkpoint=written_checkpoint, packed=packed_samples)
