"""What a training or inference step receives: padded arrays per modality, and the targets.

Masks are explicit booleans, `True` where an entry is real. Dimension names used across the room:
B batch, L tokens of one modality, M memory tokens, T target tokens, D model width, V vocabulary, F
fingerprint bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Arrays = Mapping[str, Tensor]
"""The padded arrays of one modality by name, each with B as its first dimension."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch.

    Attributes:
        inputs: modality name → its arrays, as its `collate` made them.
        target_BT: token ids `<bos> … <eos>` padded with `<pad>`, int64; `None` at inference.
        fingerprint_BF: true fingerprint bits, float32 of 0 and 1; `None` where it is not known or not used.
        num_samples: B.
    """

    inputs: Mapping[str, Arrays]
    num_samples: int
    target_BT: Tensor | None = None
    fingerprint_BF: Tensor | None = None

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Batch:
        """The same batch on another device."""

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=non_blocking)

        return Batch(
            {
                name: {key: move(array) for key, array in arrays.items()}
                for name, arrays in self.inputs.items()
            },
            self.num_samples,
            None if self.target_BT is None else move(self.target_BT),
            None if self.fingerprint_BF is None else move(self.fingerprint_BF),
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """The encoder's output: tokens, which of them are real, and their masked mean.

    Attributes:
        tokens_BMD: encoder output.
        mask_BM: `True` for real tokens.
        pooled_BD: mean of the real tokens; what the heads read.
    """

    tokens_BMD: Tensor
    mask_BM: Tensor
    pooled_BD: Tensor
