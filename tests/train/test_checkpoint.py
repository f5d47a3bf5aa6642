from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from molucid.cluster.checkpoints import store_checkpoint
from molucid.cluster.storage import Root
from molucid.errors import InputError
from molucid.files import write_manifest
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.train.checkpoint import (
    load_model,
    make_card,
    model_hash,
    newest_complete,
    read_card,
    read_state,
    resolve_checkpoint,
)
from molucid.train.config import TrainConfig
from molucid.train.engines.single import SingleEngine
from molucid.train.loop import TrainState

CONFIG = TrainConfig()


@pytest.fixture
def saved(model: Molucid, batches: Callable[[range], Batch], tmp_path: Path) -> Path:
    engine = SingleEngine(model, Objective(ObjectiveConfig()), CONFIG)
    engine.train_step([batches(range(4))], 1e-2)
    return save(engine, tmp_path, 1)


def save(engine: SingleEngine, root: Path, step: int) -> Path:
    card = make_card("small", engine.model.config, ObjectiveConfig(), CONFIG, {"samples": 4 * step})
    return Path(store_checkpoint(Root(root), engine, card, TrainState(step, 4 * step), epoch=0.5))


def rewritten(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change a JSON file and seal the folder again, as somebody with another version would have."""
    path = folder / name
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    manifest = json.loads((folder / "manifest.json").read_text())
    write_manifest(folder, {key: value for key, value in manifest.items() if key != "files"})


def test_a_loaded_model_is_the_saved_one(
    saved: Path, model: Molucid, batches: Callable[[range], Batch]
) -> None:
    loaded, card = load_model(saved)
    assert not loaded.training
    assert card == read_card(saved)
    assert (card.recipe, card.model, card.training) == ("small", model.config, {"samples": 4})
    batch = batches(range(3))
    with torch.inference_mode():
        expected, found = (m.eval()(batch.inputs, batch.target_BT, True) for m in (model, loaded))
    assert torch.equal(expected.logits_BTV, found.logits_BTV)
    assert torch.equal(expected.fingerprint_logits_BF, found.fingerprint_logits_BF)
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_layout_is_the_documented_one(saved: Path) -> None:
    names = {path.relative_to(saved).as_posix() for path in saved.rglob("*") if path.is_file()}
    assert names == {
        "engine/single.safetensors",
        "engine/single.json",
        "model.safetensors",
        "model.json",
        "state.json",
        "manifest.json",
    }
    manifest = json.loads((saved / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert model_hash(saved) == manifest["files"]["model.safetensors"]["sha256"]
    state = json.loads((saved / "state.json").read_text())
    assert (state["step"], state["position"], state["epoch"]) == (1, 4, 0.5)


def test_a_run_goes_on_only_with_its_own_configuration(saved: Path) -> None:
    card = read_card(saved)
    assert read_state(saved, card) == TrainState(1, 4)
    other = card.model_copy(update={"train": CONFIG.model_copy(update={"learning_rate": 1.0})})
    with pytest.raises(InputError, match="another model, objective or train configuration"):
        read_state(saved, other)


def test_changed_and_cut_off_weights_are_refused(saved: Path) -> None:
    path = saved / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"model\.safetensors.*sha256") as caught:
        load_model(saved)
    assert caught.value.code == "wrong_hash"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError) as caught:
        load_model(saved, verify=False)
    assert caught.value.code == "damaged_weights"


def test_a_folder_without_manifest_is_incomplete(saved: Path) -> None:
    (saved / "manifest.json").unlink()
    with pytest.raises(InputError) as caught:
        load_model(saved)
    assert caught.value.code == "incomplete_folder"
    assert newest_complete(saved.parent) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tokenizer_sha256", "0" * 64),
        ("adducts", ["[M+H]+"]),
        ("instrument_classes", ["orbitrap"]),
        ("elements", ["H"]),
    ],
)
def test_another_vocabulary_is_refused_by_name(saved: Path, key: str, value: object) -> None:
    rewritten(saved, "model.json", lambda card: {**card, key: value})
    with pytest.raises(InputError, match=f"other {key}") as caught:
        load_model(saved)
    assert caught.value.code == "other_vocabulary"


def test_weights_and_card_must_belong_together(saved: Path) -> None:
    weights = load_file(saved / "model.safetensors")
    name = "encoder.norm.weight"
    for changed, message in (
        ({k: v for k, v in weights.items() if k != name}, f"{name} of shape none, for it is missing"),
        ({**weights, name: torch.zeros(5)}, rf"{name} of shape \(5,\).*expected shape \(32,\)"),
        ({**weights, "extra": torch.zeros(5)}, "this model has no such parameter"),
    ):
        save_file(changed, saved / "model.safetensors")
        rewritten(saved, "state.json", lambda state: state)
        with pytest.raises(InputError, match=message):
            load_model(saved)


def test_another_kind_of_folder_is_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"kind": "molucid.packed", "version": 1})
    with pytest.raises(
        InputError, match=r"molucid\.packed version 1, expected molucid\.checkpoint version 1"
    ):
        load_model(tmp_path)


def test_newest_complete_passes_over_incomplete_and_damaged_ones(
    saved: Path, model: Molucid, caplog: pytest.LogCaptureFixture
) -> None:
    root = saved.parent
    engine = SingleEngine(model, Objective(ObjectiveConfig()), CONFIG)
    second, third, fourth = (save(engine, root, step) for step in (2, 3, 20))
    assert newest_complete(root) == fourth
    (fourth / "manifest.json").unlink()
    with (third / "model.safetensors").open("r+b") as stream:
        stream.truncate(100)
    with caplog.at_level(logging.WARNING):
        assert newest_complete(root) == second
    assert "step-00000003" in caplog.text
    assert resolve_checkpoint(root) == second
    assert resolve_checkpoint(saved) == saved


def test_nothing_to_resolve_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError) as caught:
            resolve_checkpoint(path)
        assert caught.value.code == "missing_checkpoint"


@pytest.mark.parametrize(
    "content",
    [
        '{"kind": "molucid.checkpoint", "fil',
        '{"files": {"model.json": {"sha256": "0"}}}',
        '{"files": {"model.json": 3}}',
        "[]",
    ],
    ids=["cut off", "no size", "no entry", "no object"],
)
def test_a_damaged_manifest_is_passed_over_and_named(
    saved: Path, model: Molucid, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    newer = save(SingleEngine(model, Objective(ObjectiveConfig()), CONFIG), saved.parent, 2)
    (newer / "manifest.json").write_text(content)
    with caplog.at_level(logging.WARNING):
        assert newest_complete(saved.parent) == saved
    assert f"checkpoint {newer} is damaged" in caplog.text


def test_what_an_interrupted_run_left_is_replaced(saved: Path, model: Molucid) -> None:
    (saved / "manifest.json").unlink()
    (saved / "engine" / "left_behind").write_text("of an interrupted run")
    save(SingleEngine(model, Objective(ObjectiveConfig()), CONFIG), saved.parent, 1)
    load_model(saved)
    assert not (saved / "engine" / "left_behind").exists()
