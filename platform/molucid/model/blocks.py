"""What encoder and decoder layers are made of: norms, feed-forward, self- and cross-attention.

All attention is `scaled_dot_product_attention` with explicit boolean masks, `True` where a key may be read.

Shapes: B batch, Q queries, M memory tokens, T target tokens, D width, H heads, d = D/H, K beams, N = B·K
rows.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from molucid.model.layer_spec import FeedForwardKind, LayerSpec, NormKind
from molucid.model.positions import rotate

CosSin = tuple[Tensor, Tensor]


def make_norm(kind: NormKind, width: int) -> nn.Module:
    """A normalisation layer over the last dimension, with learned scale (and shift, for `layer`)."""
    return nn.LayerNorm(width) if kind == "layer" else nn.RMSNorm(width, eps=1e-6)


class FeedForward(nn.Module):
    """`down(activation(up x))`, or gated: `down(activation(up x) · gate x)` (Shazeer 2020, eq. 6)."""

    def __init__(self, width: int, inner: int, kind: FeedForwardKind, dropout: float) -> None:
        super().__init__()
        self.gated = kind in ("geglu", "swiglu")
        self.activation = {"relu": F.relu, "swiglu": F.silu}.get(kind, F.gelu)
        self.up = nn.Linear(width, 2 * inner if self.gated else inner)
        self.down = nn.Linear(inner, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Map each token on its own."""
        hidden = self.up(x_BTD)
        if self.gated:
            value, gate = hidden.chunk(2, dim=-1)
            hidden = self.activation(value) * gate
        else:
            hidden = self.activation(hidden)
        out: Tensor = self.down(self.dropout(hidden))
        return out


class SelfAttention(nn.Module):
    """Multi-head attention of tokens to each other."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.heads, self.attention_dropout = spec.heads, spec.dropout
        self.qkv = nn.Linear(spec.width, 3 * spec.width)
        self.out = nn.Linear(spec.width, spec.width)

    def project(self, x_BTD: Tensor, cos_sin: CosSin | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values `[B, H, T, d]`; queries and keys turned by `cos_sin` if given."""
        q, k, v = (_split_heads(part, self.heads) for part in self.qkv(x_BTD).chunk(3, dim=-1))
        if cos_sin is not None:
            q, k = rotate(q, cos_sin), rotate(k, cos_sin)
        return q, k, v

    def forward(self, x_BTD: Tensor, mask: Tensor, cos_sin: CosSin | None = None) -> Tensor:
        """Attend under `mask`, which broadcasts to `[B, H, T, T]`."""
        q, k, v = self.project(x_BTD, cos_sin)
        dropout = self.attention_dropout if self.training else 0.0
        return self.merge(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout))

    def merge(self, attended_BHTd: Tensor) -> Tensor:
        """Join the heads and project."""
        out: Tensor = self.out(_join_heads(attended_BHTd))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of target tokens to the memory."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.heads, self.attention_dropout = spec.heads, spec.dropout
        self.query = nn.Linear(spec.width, spec.width)
        self.key_value = nn.Linear(spec.width, 2 * spec.width)
        self.out = nn.Linear(spec.width, spec.width)

    def keys_values(self, memory_BMD: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values `[B, H, M, d]` of a memory."""
        k, v = (_split_heads(part, self.heads) for part in self.key_value(memory_BMD).chunk(2, dim=-1))
        return k, v

    def forward(self, x_BQD: Tensor, keys_BHMd: Tensor, values_BHMd: Tensor, mask_B11M: Tensor) -> Tensor:
        """Attend from Q tokens per sample: target positions in training, beams in decoding."""
        q_BHQd = _split_heads(self.query(x_BQD), self.heads)
        dropout = self.attention_dropout if self.training else 0.0
        attended = F.scaled_dot_product_attention(
            q_BHQd, keys_BHMd, values_BHMd, attn_mask=mask_B11M, dropout_p=dropout
        )
        out: Tensor = self.out(_join_heads(attended))
        return out


def _split_heads(x_BTD: Tensor, heads: int) -> Tensor:
    return x_BTD.view(*x_BTD.shape[:2], heads, -1).transpose(1, 2)


def _join_heads(x_BHTd: Tensor) -> Tensor:
    return x_BHTd.transpose(1, 2).flatten(2)
