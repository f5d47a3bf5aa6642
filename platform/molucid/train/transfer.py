"""From stage 1 to stage 2: the structure model of one checkpoint as the initial one of another model.

Encoder, decoder, target embedding and output are taken, strictly by name, shape and settings; what reads evidence and
what predicts fragments or fingerprints starts fresh (arXiv 2512.19733, section 3.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from molucid.errors import InputError, Where
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig

STRUCTURE_SETTINGS = (
    *("width", "heads", "encoder_layers", "decoder_layers", "feed_forward_width", "feed_forward", "norm"),
    *("positions", "tied_embeddings", "target"),
)
"""Settings of a model that its structure model's weights mean something for. Not all of them show in a shape."""

_EVIDENCE = ("modality_encoders.", "modality_type.", "fusion.")
_HEADS = ("fingerprint_head.", "fragment_head.")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What becomes of the parameters.

    Attributes:
        taken: names of those from the checkpoint.
        fresh: of those that are the new model's own.
        left: of those that stay behind in the checkpoint.
        learned_stereo: whether the checkpoint's targets told configurations.
        stereo: whether the new model's do. Both write the same symbols, so all are taken where the two differ.
    """

    taken: tuple[str, ...]
    fresh: tuple[str, ...]
    left: tuple[str, ...]
    learned_stereo: bool
    stereo: bool

    def describe(self) -> str:
        """One line that names the parts of the three lists with their numbers of parameters, and other targets."""
        lists = {"taken": self.taken, "starting fresh": self.fresh, "left behind": self.left}
        said = [f"{what}: {_parts(names)}" for what, names in lists.items()]
        if self.stereo and not self.learned_stereo:
            said.append(
                "marks of configurations: taken, but stage 1 saw none (it was trained with stereo false)"
            )
        elif self.learned_stereo and not self.stereo:
            said.append(
                "marks of configurations: taken, but this model writes none (stage 1 was trained with them)"
            )
        return "; ".join(said)


def is_structure(name: str) -> bool:
    """Whether a parameter belongs to the structure model."""
    return not name.startswith(_EVIDENCE + _HEADS)


def plan_transfer(
    weights: Mapping[str, Tensor], trained_as: ModelConfig, model: Molucid, source: str
) -> Transfer:
    """What `take_structure` would do.

    Args:
        weights: of the checkpoint, by name.
        trained_as: configuration of the model that they are of.
        model: the new one; only configuration, names and shapes are read.
        source: of the weights, for messages.

    Raises:
        InputError: a structure model with other `STRUCTURE_SETTINGS`, or a parameter of it that only one of the two
            has, or with another shape.
    """
    for setting in STRUCTURE_SETTINGS:
        theirs, ours = getattr(trained_as, setting), getattr(model.config, setting)
        if theirs != ours:
            raise InputError(
                f"a stage 1 with {setting} {theirs}",
                f"{setting} {ours} as of this model",
                Where(file=source),
                hint=f"set model.{setting}={theirs}, or train a stage 1 with model.{setting}={ours}",
                code="other_structure_model",
            )
    wanted = {name: tuple(p.shape) for name, p in model.named_parameters() if is_structure(name)}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items() if is_structure(name)}
    wrong = [name for name in sorted({*wanted, *found}) if wanted.get(name) != found.get(name)]
    if wrong:
        name = wrong[0]
        raise InputError(
            f"{name} of shape {found.get(name, 'none, for it is missing')}, and {len(wrong) - 1} more such",
            f"shape {wanted.get(name, 'none, for this model has no such parameter')}",
            Where(file=source),
            hint="the checkpoint's weights are not those of its model.json; restore both from one checkpoint",
            code="other_structure_model",
        )
    fresh = tuple(name for name, _ in model.named_parameters() if name not in wanted)
    left = tuple(name for name in weights if name not in found)
    return Transfer(tuple(wanted), fresh, left, trained_as.stereo, model.config.stereo)


def take_structure(
    weights: Mapping[str, Tensor], trained_as: ModelConfig, model: Molucid, source: str
) -> Transfer:
    """Copy the structure model of `weights` into `model`; see `plan_transfer`."""
    transfer = plan_transfer(weights, trained_as, model, source)
    state = model.state_dict()
    for name in transfer.taken:
        state[name].copy_(weights[name])
    return transfer


def _parts(names: tuple[str, ...]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        first, second, *_ = f"{name}.".split(".")
        part = f"{first}.{second}" if first == "modality_encoders" else first
        counts[part] = counts.get(part, 0) + 1
    return ", ".join(f"{part} ({count})" for part, count in counts.items()) or "nothing"
