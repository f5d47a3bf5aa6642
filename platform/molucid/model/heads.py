"""What is read from the memory besides SMILES: the fingerprint."""

from __future__ import annotations

from torch import Tensor, nn


class FingerprintHead(nn.Module):
    """Linear, ReLU, Linear: pooled memory `[B, D]` → logits of bits `[B, F]` (arXiv 2510.23746)."""

    def __init__(self, width: int, hidden: int, num_bits: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, num_bits))

    def forward(self, pooled_BD: Tensor) -> Tensor:
        """Logits of the bits."""
        logits_BF: Tensor = self.layers(pooled_BD)
        return logits_BF
