"""What the encoders of whole spectra share: a small transformer over some tokens (eq. 8, 9 of arXiv 2512.19733)."""

from __future__ import annotations

from dataclasses import replace

from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from molucid.config import Config
from molucid.model.layer_spec import LayerSpec
from molucid.model.transformer import Encoder


class StackConfig(Config):
    """Transformer encoder layers over some of a model's tokens; width, norm and dropout are the model's.

    Attributes:
        layers: how many; 0 passes the tokens on as they are.
        heads: attention heads.
        feed_forward_width: inner dimension of the feed-forward blocks.
    """

    layers: NonNegativeInt = 2
    heads: PositiveInt = 4
    feed_forward_width: PositiveInt = 2048


class Stack(nn.Module):
    """Tokens `[B, L, D]` → tokens that have read each other, normalised if there is at least one layer."""

    def __init__(self, config: StackConfig, spec: LayerSpec) -> None:
        super().__init__()
        own = replace(spec, heads=config.heads, feed_forward_width=config.feed_forward_width)
        self.encoder = Encoder(own, config.layers) if config.layers else None

    def forward(self, tokens_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Tokens of padding are to be ignored; a sample without a real token gives some finite values."""
        if self.encoder is None or tokens_BLD.shape[1] == 0:
            return tokens_BLD
        # Attention over no token at all would be 0/0.
        readable_BL = mask_BL | ~mask_BL.any(dim=1, keepdim=True)
        out_BLD: Tensor = self.encoder(tokens_BLD, readable_BL)
        return out_BLD
