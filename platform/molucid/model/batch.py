"""What a training or inference step receives: padded arrays per modality, and the targets.

Masks are explicit booleans, `True` where an entry is real. Dimension names used across the room:
B batch, L tokens of one modality, M memory tokens, T target tokens, D model width, V vocabulary, F
fingerprint bits, G fragments.
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
        fragments_BG: true fragment counts, int64; `None` where they are not known or not used.
        num_samples: B.
    """

    inputs: Mapping[str, Arrays]
    num_samples: int
    target_BT: Tensor | None = None
    fingerprint_BF: Tensor | None = None
    fragments_BG: Tensor | None = None

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
            None if self.fragments_BG is None else move(self.fragments_BG),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which targets a batch has to carry."""

    smiles: bool = True
    fingerprint: bool = True
    fragments: bool = False


SMILES_AND_FINGERPRINT = Wanted()
"""What the default objective needs."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The encoder's output: tokens and which of them are real, before and after the structure encoder.

    Attributes:
        tokens_BMD: encoder output, which the decoder reads.
        mask_BM: `True` for real tokens.
        pooled_BD: mean of the real tokens; what the fingerprint head reads.
        fused_BMD: tokens of all modalities after their fusion, which the encoder reads.
        fused_pooled_BD: mean of the real ones (arXiv 2512.19733, eq. 10); what the fragment head reads.
    """

    tokens_BMD: Tensor
    mask_BM: Tensor
    pooled_BD: Tensor
    fused_BMD: Tensor
    fused_pooled_BD: Tensor
