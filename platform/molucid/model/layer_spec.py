"""Sizes and kinds of one transformer layer, shared by all stacks of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FeedForwardKind = Literal["relu", "gelu", "geglu", "swiglu"]
NormKind = Literal["layer", "rms"]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """What one encoder or decoder layer is made of; attributes as in `molucid.model.config.ModelConfig`."""

    width: int
    heads: int
    feed_forward_width: int
    feed_forward: FeedForwardKind
    norm: NormKind
    dropout: float
