"""The contract of a modality: evidence → small numpy arrays → tokens of the model's width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from molucid.model.batch import Arrays
from molucid.model.layer_spec import LayerSpec
from molucid.spectra.types import Evidence

Features = Mapping[str, NDArray[np.generic]]


class Modality(Protocol):
    """One kind of evidence.

    `featurize` and `collate` need numpy only and run in loader workers; `build_encoder` is called once by the
    model.
    """

    name: str

    def featurize(self, evidence: Evidence) -> Features:
        """Arrays of one sample, ragged along their first dimension; length 0 where the evidence is absent."""
        ...

    def collate(self, features: Sequence[Features]) -> Features:
        """Padded arrays of a batch, B first, with a boolean `mask_BL` that is `True` for real tokens."""
        ...

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """A fresh encoder to normalised tokens of `spec.width`."""
        ...


class ModalityEncoder(nn.Module):
    """Base class of encoders: arrays of one modality → `(tokens_BLD, mask_BL)`."""

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode one batch of this modality."""
        raise TypeError(f"{type(self).__name__} does not define forward")


def pad_rows(rows: Sequence[NDArray[np.generic]], at_least: int = 0) -> NDArray[np.generic]:
    """Stack ragged rows into `[B, longest, …]` of length `at_least` or more, zeros after each row's end."""
    longest = max(at_least, *(len(row) for row in rows))
    padded = np.zeros((len(rows), longest, *rows[0].shape[1:]), rows[0].dtype)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = values
    return padded


def length_mask(rows: Sequence[NDArray[np.generic]], at_least: int = 0) -> NDArray[np.bool_]:
    """`mask_BL` of ragged rows: `True` at the positions that `pad_rows` fills from them."""
    lengths = np.array([len(row) for row in rows])
    mask: NDArray[np.bool_] = np.arange(max(at_least, lengths.max()))[None, :] < lengths[:, None]
    return mask
