"""What the two text forms share: a row of token ids per sample, and an embedding table for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder, length_mask, pad_rows

PAD, BOS, EOS = 0, 1, 2
NUM_SPECIALS = 3


def ids_features(ids: Sequence[int]) -> Features:
    """Features of one sample: its token ids, none if the evidence is absent."""
    return {"ids_L": np.asarray(ids, np.int64)}


def collate_ids(features: Sequence[Features]) -> Features:
    """`ids_BL` padded with `PAD`, and `mask_BL`."""
    rows = [item["ids_L"] for item in features]
    return {"ids_BL": pad_rows(rows), "mask_BL": length_mask(rows)}


class TokenEncoder(ModalityEncoder):
    """Embedding of token ids, then the modality's own normalisation."""

    def __init__(self, vocabulary_size: int, spec: LayerSpec) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, spec.width)
        self.norm = make_norm(spec.norm, spec.width)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode `ids_BL`."""
        return self.norm(self.embedding(arrays["ids_BL"])), arrays["mask_BL"]
