"""Pre-norm transformer encoder and decoder (Xiong et al. 2020): x + f(norm(x)), and a last norm.

Shapes: B batch, M memory tokens, T target tokens, D width, K beams, N = B·K rows.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from molucid.model.blocks import CosSin, CrossAttention, FeedForward, SelfAttention, make_norm
from molucid.model.cache import DecoderCache
from molucid.model.layer_spec import LayerSpec


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.attention_norm = make_norm(spec.norm, spec.width)
        self.attention = SelfAttention(spec)
        self.feed_forward_norm = make_norm(spec.norm, spec.width)
        self.feed_forward = FeedForward(spec.width, spec.feed_forward_width, spec.feed_forward, spec.dropout)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x_BMD: Tensor, mask_B11M: Tensor) -> Tensor:
        """One layer."""
        x_BMD = x_BMD + self.dropout(self.attention(self.attention_norm(x_BMD), mask_B11M))
        x_BMD = x_BMD + self.dropout(self.feed_forward(self.feed_forward_norm(x_BMD)))
        return x_BMD


class Encoder(nn.Module):
    """Self-attending layers over a set or sequence of tokens."""

    def __init__(self, spec: LayerSpec, num_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(spec) for _ in range(num_layers))
        self.norm = make_norm(spec.norm, spec.width)

    def forward(self, x_BMD: Tensor, mask_BM: Tensor) -> Tensor:
        """Memory tokens `[B, M, D]`; those of padding are to be ignored."""
        mask_B11M = mask_BM[:, None, None, :]
        for layer in self.layers:
            x_BMD = layer(x_BMD, mask_B11M)
        memory: Tensor = self.norm(x_BMD)
        return memory


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the memory, feed-forward."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.attention_norm = make_norm(spec.norm, spec.width)
        self.attention = SelfAttention(spec)
        self.cross_norm = make_norm(spec.norm, spec.width)
        self.cross = CrossAttention(spec)
        self.feed_forward_norm = make_norm(spec.norm, spec.width)
        self.feed_forward = FeedForward(spec.width, spec.feed_forward_width, spec.feed_forward, spec.dropout)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(
        self,
        x_BTD: Tensor,
        memory_BMD: Tensor,
        memory_mask_B11M: Tensor,
        causal_TT: Tensor,
        cos_sin: CosSin | None,
    ) -> Tensor:
        """All target positions at once."""
        x_BTD = x_BTD + self.dropout(self.attention(self.attention_norm(x_BTD), causal_TT, cos_sin))
        keys, values = self.cross.keys_values(memory_BMD)
        x_BTD = x_BTD + self.dropout(self.cross(self.cross_norm(x_BTD), keys, values, memory_mask_B11M))
        x_BTD = x_BTD + self.dropout(self.feed_forward(self.feed_forward_norm(x_BTD)))
        return x_BTD

    def step(self, x_N1D: Tensor, layer: int, cache: DecoderCache, cos_sin: CosSin | None) -> Tensor:
        """One position of every row, reading and extending layer `layer` of the cache."""
        q, k, v = self.attention.project(self.attention_norm(x_N1D), cos_sin)
        keys, values = cache.append(layer, k, v)
        # Every cached position is real and in the past, so no mask is needed.
        x_N1D = x_N1D + self.attention.merge(F.scaled_dot_product_attention(q, keys, values))
        # Beams of a sample are queries of one attention over its memory, which is therefore kept once.
        x_BKD = self.cross_norm(x_N1D).view(-1, cache.beams, x_N1D.shape[-1])
        attended_BKD = self.cross(
            x_BKD, cache.cross_keys[layer], cache.cross_values[layer], cache.memory_mask_B11M
        )
        x_N1D = x_N1D + attended_BKD.reshape(x_N1D.shape)
        out: Tensor = x_N1D + self.feed_forward(self.feed_forward_norm(x_N1D))
        return out


class Decoder(nn.Module):
    """Target tokens and memory → hidden states that predict the next token."""

    def __init__(self, spec: LayerSpec, num_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(spec) for _ in range(num_layers))
        self.norm = make_norm(spec.norm, spec.width)

    def forward(
        self, x_BTD: Tensor, memory_BMD: Tensor, memory_mask_BM: Tensor, cos_sin: CosSin | None
    ) -> Tensor:
        """Hidden states `[B, T, D]`; position t has read targets up to and with t."""
        length = x_BTD.shape[1]
        causal_TT = torch.ones(length, length, dtype=torch.bool, device=x_BTD.device).tril()
        memory_mask_B11M = memory_mask_BM[:, None, None, :]
        for layer in self.layers:
            x_BTD = layer(x_BTD, memory_BMD, memory_mask_B11M, causal_TT, cos_sin)
        hidden: Tensor = self.norm(x_BTD)
        return hidden

    def memory_keys_values(self, memory_BMD: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values `[B, H, M, d]` of a memory for each layer."""
        return [layer.cross.keys_values(memory_BMD) for layer in self._layers()]

    def step(self, x_N1D: Tensor, cache: DecoderCache, cos_sin: CosSin | None) -> Tensor:
        """Hidden states `[N, 1, D]` of one new position per row."""
        for index, layer in enumerate(self._layers()):
            x_N1D = layer.step(x_N1D, index, cache, cos_sin)
        cache.length += 1
        hidden: Tensor = self.norm(x_N1D)
        return hidden

    def _layers(self) -> list[DecoderLayer]:
        return cast("list[DecoderLayer]", list(self.layers))
