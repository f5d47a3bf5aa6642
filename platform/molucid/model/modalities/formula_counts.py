"""The molecular formula as one token per element: the element's embedding plus features of its count.

Counts enter as numbers, so a count that training never showed is read between those that it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from molucid.chem.elements import MONOISOTOPIC_MASS
from molucid.config import Config
from molucid.errors import InputError
from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.fourier import FourierFeatures
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder, length_mask, pad_rows
from molucid.spectra.types import Evidence

ELEMENTS: tuple[str, ...] = tuple(MONOISOTOPIC_MASS)
"""Elements by embedding index; a checkpoint records them."""
_ELEMENT_INDEX = {element: index for index, element in enumerate(ELEMENTS)}


class FormulaCountsConfig(Config):
    """Features of the counts form.

    Attributes:
        form: `counts`.
        min_wavelength: shortest wavelength of the count's sinusoids, in atoms.
        max_wavelength: longest.
        num_wavelengths: how many, spaced geometrically.
    """

    form: Literal["counts"] = "counts"
    min_wavelength: PositiveFloat = 2.5
    max_wavelength: PositiveFloat = 1000.0
    num_wavelengths: PositiveInt = 16


class FormulaCounts:
    """The formula as a set of (element, count) tokens."""

    name = "formula"

    def __init__(self, config: FormulaCountsConfig) -> None:
        self.config = config

    def featurize(self, evidence: Evidence) -> Features:
        """`element_L` (index into `ELEMENTS`) and `count_L`, int64; empty without a formula.

        Raises:
            InputError: an isotopic label, which no training formula has.
        """
        formula: Mapping[str, int] = evidence.formula or {}
        unknown = [element for element in formula if element not in _ELEMENT_INDEX]
        if unknown:
            raise InputError(
                f"{', '.join(unknown)} in a formula",
                "elements of natural isotopic composition",
                hint="labelled compounds cannot be answered: give the unlabelled one, or no formula",
                code="formula_outside_vocabulary",
            )
        return {
            "element_L": np.array([_ELEMENT_INDEX[element] for element in formula], np.int64),
            "count_L": np.array([formula[element] for element in formula], np.int64),
        }

    def collate(self, features: Sequence[Features]) -> Features:
        """`element_BL`, `count_BL` and `mask_BL`."""
        elements = [item["element_L"] for item in features]
        return {
            "element_BL": pad_rows(elements),
            "count_BL": pad_rows([item["count_L"] for item in features]),
            "mask_BL": length_mask(elements),
        }

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Element embedding plus a projection of the count's features."""
        return FormulaCountsEncoder(self.config, spec)


class FormulaCountsEncoder(ModalityEncoder):
    """`(element, count)` → token."""

    def __init__(self, config: FormulaCountsConfig, spec: LayerSpec) -> None:
        super().__init__()
        width = spec.width
        self.element = nn.Embedding(len(ELEMENTS), width)
        self.count_features = FourierFeatures(
            config.min_wavelength, config.max_wavelength, config.num_wavelengths
        )
        self.count = nn.Linear(self.count_features.width, width)
        self.norm = make_norm(spec.norm, spec.width)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode `element_BL` and `count_BL`."""
        tokens_BLD = self.element(arrays["element_BL"]) + self.count(self.count_features(arrays["count_BL"]))
        return self.norm(tokens_BLD), arrays["mask_BL"]
