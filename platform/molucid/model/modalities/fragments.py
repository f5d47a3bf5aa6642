"""Known substructures as a set of tokens: which fragment, and how often (eq. 4 and 5 of arXiv 2512.19733)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import PositiveInt
from torch import Tensor, nn

from molucid.config import Config
from molucid.errors import InputError
from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder, length_mask, pad_rows
from molucid.spectra.types import Evidence


class FragmentsConfig(Config):
    """How fragments become tokens.

    Attributes:
        form: `counts` tells how often a fragment occurs, `binary` only that it does (NMR2Struct).
        max_count: counts above it are read as this many; of `counts`.
    """

    form: Literal["counts", "binary"] = "counts"
    max_count: PositiveInt = 30


class Fragments:
    """Fragments of a vocabulary of `num_fragments` that occur, each one token, without order."""

    name = "fragments"

    def __init__(self, config: FragmentsConfig, num_fragments: int) -> None:
        self.config, self.num_fragments = config, num_fragments

    def featurize(self, evidence: Evidence) -> Features:
        """`fragment_L` (place in the vocabulary) and `count_L` (at least 1, clipped), int64.

        Raises:
            InputError: a fragment outside the vocabulary.
        """
        known = evidence.fragments
        if known is None:
            return {"fragment_L": np.zeros(0, np.int64), "count_L": np.zeros(0, np.int64)}
        if known.index.size and known.index.max() >= self.num_fragments:
            raise InputError(
                f"fragment {known.index.max()}",
                f"a vocabulary of {self.num_fragments} fragments",
                hint="count the fragments with the vocabulary that the model was trained with",
                code="other_vocabulary",
            )
        return {
            "fragment_L": known.index.astype(np.int64),
            "count_L": np.minimum(known.count, self.config.max_count).astype(np.int64),
        }

    def collate(self, features: Sequence[Features]) -> Features:
        """`fragment_BL`, `count_BL` and `mask_BL`."""
        fragments = [item["fragment_L"] for item in features]
        return {
            "fragment_BL": pad_rows(fragments),
            "count_BL": pad_rows([item["count_L"] for item in features]),
            "mask_BL": length_mask(fragments),
        }

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Embeddings of fragment and count."""
        return FragmentsEncoder(self.config, self.num_fragments, spec)


class FragmentsEncoder(ModalityEncoder):
    """`LayerNorm(MLP(Embed(fragment) + Embed(count)))`; `binary` without the count.

    The perceptron is one matrix and GELU, as in the released code.
    """

    def __init__(self, config: FragmentsConfig, num_fragments: int, spec: LayerSpec) -> None:
        super().__init__()
        self.fragment = nn.Embedding(num_fragments, spec.width)
        self.count = nn.Embedding(config.max_count + 1, spec.width) if config.form == "counts" else None
        self.perceptron = nn.Sequential(nn.Linear(spec.width, spec.width), nn.GELU())
        self.norm = make_norm(spec.norm, spec.width)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode `fragment_BL` and `count_BL`."""
        hidden_BLD = self.fragment(arrays["fragment_BL"])
        if self.count is not None:
            hidden_BLD = hidden_BLD + self.count(arrays["count_BL"])
        return self.norm(self.perceptron(hidden_BLD)), arrays["mask_BL"]
