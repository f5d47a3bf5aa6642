"""Checkpoints: folders that are complete with their manifest, and refused if anything about them is off.

step-00001000/
    engine/…            what the engine needs to go on training; only that engine reads it
    model.safetensors   float32 parameters by name
    model.json          the `ModelCard`
    state.json          step, epoch, position, random state, hash of the training configuration
    manifest.json       sizes and sha256 of all of them; written last
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from molucid.chem.adducts import ADDUCTS
from molucid.chem.notation import tokenizer_of
from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.files import MANIFEST_NAME, read_json, read_manifest, write_bytes, write_json
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.modalities.formula_counts import ELEMENTS
from molucid.model.objective import ObjectiveConfig
from molucid.spectra.instrument import INSTRUMENT_CLASSES
from molucid.train.config import TrainConfig
from molucid.train.loop import TrainState

CHECKPOINT_KIND, CHECKPOINT_VERSION = "molucid.checkpoint", 1
CHECKPOINT_PREFIX, ENGINE_FOLDER = "step-", "engine"
_WEIGHTS, _CARD, _STATE = "model.safetensors", "model.json", "state.json"
_LOG = logging.getLogger(__name__)


class ModelCard(Config):
    """What a model is and where it comes from.

    Attributes:
        recipe: name of the recipe.
        model: sizes and choices.
        objective: weights of the loss it was trained with.
        train: hyper-parameters.
        tokenizer_sha256: of the vocabulary of the target notation, in order.
        adducts: ion species by embedding index.
        instrument_classes: instrument classes by embedding index.
        elements: elements by embedding index of the formula's counts form.
        fragment_vocabulary: SMARTS of the fragments that it reads or predicts, by index; empty if it does neither.
        training: provenance: hash of the data, samples seen, parent checkpoint, command, as the job knows
            them.
        versions: of the packages that wrote it.
    """

    recipe: str
    model: ModelConfig
    objective: ObjectiveConfig
    train: TrainConfig
    tokenizer_sha256: str
    adducts: tuple[str, ...]
    instrument_classes: tuple[str, ...]
    elements: tuple[str, ...]
    fragment_vocabulary: tuple[str, ...] = ()
    training: dict[str, Any]
    versions: dict[str, str]


def make_card(
    recipe: str,
    model: ModelConfig,
    objective: ObjectiveConfig,
    train: TrainConfig,
    training: Mapping[str, Any],
    fragment_vocabulary: tuple[str, ...] = (),
) -> ModelCard:
    """The card of a model trained by this process, with the vocabularies and versions of this code.

    Args:
        recipe: its name.
        model: see `ModelCard`, as the others.
        objective: likewise.
        train: likewise.
        training: likewise.
        fragment_vocabulary: of the packed samples; kept if the model reads or predicts fragments.
    """
    uses_fragments = "fragments" in model.modalities or model.fragment_head is not None
    return ModelCard(
        recipe=recipe,
        model=model,
        objective=objective,
        train=train,
        fragment_vocabulary=fragment_vocabulary if uses_fragments else (),
        training=dict(training),
        versions=_versions(),
        **_vocabularies(model),
    )


def config_hash(model: ModelConfig, objective: ObjectiveConfig, train: TrainConfig) -> str:
    """Sha256 of what must not change within one run."""
    values = [model.model_dump(), objective.model_dump(), train.model_dump()]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def checkpoint_name(step: int) -> str:
    """Folder name of the checkpoint after `step` optimiser steps; names sort by step."""
    return f"{CHECKPOINT_PREFIX}{step:08d}"


def write_model(root: Path, weights: Mapping[str, Tensor], card: ModelCard) -> None:
    """Write `model.safetensors` and `model.json`."""
    tensors = {name: tensor.float().cpu().contiguous() for name, tensor in weights.items()}
    write_bytes(root / _WEIGHTS, save_tensors(tensors))
    write_json(root / _CARD, card.model_dump(mode="json"))


def write_state(root: Path, card: ModelCard, state: TrainState, epoch: float) -> None:
    """Write `state.json`."""
    values = {
        "step": state.step,
        "position": state.position,
        "epoch": epoch,
        # Random numbers of step n are a function of these two, see molucid.train.seeding.
        "rng": {"seed": card.train.seed, "step": state.step},
        "config_sha256": config_hash(card.model, card.objective, card.train),
    }
    write_json(root / _STATE, values)


def read_state(folder: Path | str, card: ModelCard | None = None) -> TrainState:
    """Where the run of a checkpoint stood.

    Args:
        folder: complete checkpoint.
        card: of the run that wants to go on; checked against the one that wrote the checkpoint.

    Raises:
        InputError: another configuration than that of the checkpoint.
    """
    values = read_json(Path(folder) / _STATE)
    if card is not None and values["config_sha256"] != config_hash(card.model, card.objective, card.train):
        raise InputError(
            "another model, objective or train configuration",
            "the configuration of the run that wrote this checkpoint",
            Where(file=str(folder)),
            hint="to train a finished model on with other settings, start a new run from it (finetune)",
            code="other_configuration",
        )
    return TrainState(step=int(values["step"]), position=int(values["position"]))


def read_card(folder: Path | str) -> ModelCard:
    """The card of a checkpoint, without its weights."""
    path = Path(folder) / _CARD
    return ModelCard.from_mapping(read_json(path), str(path))


def load_model(
    folder: Path | str, device: torch.device | str = "cpu", verify: bool = True
) -> tuple[Molucid, ModelCard]:
    """The model of a checkpoint, in evaluation mode, and its card.

    Args:
        folder: complete checkpoint.
        device: where the parameters go.
        verify: check size and sha256 of every file first.

    Raises:
        InputError: an incomplete, damaged or changed folder, another tokenizer or vocabulary than this
            version's, or weights that are not exactly those of the model that the card describes.
    """
    root = Path(folder)
    manifest = read_manifest(root, verify)
    if (manifest.get("kind"), manifest.get("version")) != (CHECKPOINT_KIND, CHECKPOINT_VERSION):
        raise InputError(
            f"{manifest.get('kind')} version {manifest.get('version')}",
            f"{CHECKPOINT_KIND} version {CHECKPOINT_VERSION}",
            Where(file=str(root)),
            code="not_a_checkpoint",
        )
    card = read_card(root)
    _check_vocabularies(card, root)
    weights = read_weights(root)
    with torch.device("meta"):
        model = Molucid(card.model)
    _check_names_and_shapes(weights, model, root / _WEIGHTS)
    model.load_state_dict(weights, strict=True, assign=True)
    return model.to(device).eval(), card


def read_weights(folder: Path | str) -> dict[str, Tensor]:
    """The parameters of a checkpoint by name, on the CPU.

    Raises:
        InputError: no such file, or one that is cut off or not safetensors.
    """
    path = Path(folder) / _WEIGHTS
    try:
        return load_tensors(path.read_bytes())
    except (SafetensorError, FileNotFoundError) as error:
        raise InputError(
            f"{error}",
            "a whole safetensors file",
            Where(file=str(path)),
            hint="copy the checkpoint again, or use an earlier one",
            code="damaged_weights",
        ) from None


def model_hash(folder: Path | str) -> str:
    """Sha256 of a checkpoint's weights, which names the model in indexes and answers."""
    digest: str = read_manifest(folder, verify=False)["files"][_WEIGHTS]["sha256"]
    return digest


def newest_first(names: Iterable[str]) -> list[str]:
    """Those of `names` that are a checkpoint's, by falling step."""
    return sorted((name for name in names if name.startswith(CHECKPOINT_PREFIX)), reverse=True)


def is_whole(folder: Path, url: str) -> bool:
    """Whether all files of a checkpoint are there and as written; where some are not, a warning names `url`.

    One without a manifest is passed over without a word, for a job was killed while it wrote it.
    """
    if not (folder / MANIFEST_NAME).is_file():
        return False
    try:
        read_manifest(folder)
    except InputError as error:
        _LOG.warning("checkpoint %s is damaged and is passed over: %s", url, error)
        return False
    return True


def newest_complete(root: Path | str) -> Path | None:
    """The checkpoint of the most steps directly below `root` that is whole; `None` if there is none.

    Others are passed over, see `is_whole`.
    """
    folders = (Path(root) / name for name in newest_first(path.name for path in Path(root).glob("*")))
    return next((folder for folder in folders if is_whole(folder, str(folder))), None)


def resolve_checkpoint(path: Path | str) -> Path:
    """The checkpoint at `path`, or the newest complete one of the run folder `path`.

    Raises:
        InputError: neither.
    """
    root = Path(path)
    if (root / MANIFEST_NAME).is_file():
        return root
    newest = newest_complete(root) if root.is_dir() else None
    if newest is None:
        raise InputError(
            "no complete checkpoint" if root.is_dir() else "no such folder",
            "a checkpoint, or the folder of a run that wrote one",
            Where(file=str(root)),
            hint=f"train one with `molucid pretrain`, or give the folder that holds {CHECKPOINT_PREFIX}…",
            code="missing_checkpoint",
        )
    return newest


def _vocabularies(model: ModelConfig) -> dict[str, Any]:
    return {
        "tokenizer_sha256": tokenizer_of(model.target).vocabulary_sha256,
        "adducts": ADDUCTS,
        "instrument_classes": INSTRUMENT_CLASSES,
        "elements": ELEMENTS,
    }


def _check_vocabularies(card: ModelCard, root: Path) -> None:
    for name, ours in _vocabularies(card.model).items():
        theirs = getattr(card, name)
        if theirs != ours:
            raise InputError(
                f"a model with other {name}: {_difference(theirs, ours)}",
                f"those of molucid {_versions()['molucid']}",
                Where(file=str(root / _CARD)),
                hint=f"use the version that wrote it: molucid {card.versions.get('molucid', 'not recorded')}",
                code="other_vocabulary",
            )


def _difference(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, str):
        return f"{theirs[:12]}… against {ours[:12]}…"
    missing, added = [x for x in ours if x not in theirs], [x for x in theirs if x not in ours]
    return f"without {missing[:3]}, with {added[:3]}" if missing or added else "in another order"


def _check_names_and_shapes(weights: Mapping[str, Tensor], model: Molucid, path: Path) -> None:
    expected = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    wrong = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    if wrong:
        name = wrong[0]
        raise InputError(
            f"{name} of shape {found.get(name, 'none, for it is missing')}, and {len(wrong) - 1} more such",
            f"shape {expected.get(name, 'none, for this model has no such parameter')}",
            Where(file=str(path)),
            hint="model.json and model.safetensors do not belong together; restore both from one checkpoint",
            code="other_model",
        )


def _versions() -> dict[str, str]:
    found = {}
    for package in ("molucid", "torch", "numpy", "safetensors"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
