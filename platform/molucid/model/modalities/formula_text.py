"""The molecular formula as text tokens: `C16 H17 N1 O4` (arXiv 2510.23746, released code).

One token per element with its count.
The released vocabulary is what 10,000 sampled training rows happened to contain, so larger counts became
`<unk>`. Here it is arithmetic: every count from 1 to `max_count` of every element of `elements` has a token,
and a formula outside it is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import PositiveInt

from molucid.chem.elements import MODEL_ELEMENTS
from molucid.config import Config
from molucid.errors import InputError
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder
from molucid.model.modalities.token_ids import BOS, EOS, NUM_SPECIALS, TokenEncoder, collate_ids, ids_features
from molucid.spectra.types import Evidence


class FormulaTextConfig(Config):
    """Vocabulary of the text form.

    Attributes:
        form: `text`.
        elements: elements that have tokens.
        max_count: largest count of one element.
    """

    form: Literal["text"] = "text"
    # Sodium and potassium have tokens in the published vocabulary; no molecule here contains them.
    elements: tuple[str, ...] = (*MODEL_ELEMENTS, "Na", "K")
    max_count: PositiveInt = 256


class FormulaText:
    """The formula as `<bos> C16 H17 N1 O4 <eos>` in Hill order."""

    name = "formula"

    def __init__(self, config: FormulaTextConfig) -> None:
        self.config = config
        self._element_index = {element: index for index, element in enumerate(config.elements)}
        self.vocabulary_size = NUM_SPECIALS + len(config.elements) * config.max_count

    def featurize(self, evidence: Evidence) -> Features:
        """`ids_L`: one id per element between `<bos>` and `<eos>`; empty without a formula.

        Raises:
            InputError: an element or a count that has no token.
        """
        if evidence.formula is None:
            return ids_features(())
        ids = [self._token(element, count) for element, count in evidence.formula.items()]
        return ids_features([BOS, *ids, EOS])

    def collate(self, features: Sequence[Features]) -> Features:
        """`ids_BL` and `mask_BL`."""
        return collate_ids(features)

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Embedding table of the vocabulary."""
        return TokenEncoder(self.vocabulary_size, spec)

    def _token(self, element: str, count: int) -> int:
        index, limit = self._element_index.get(element), self.config.max_count
        if index is None or count > limit:
            raise InputError(
                f"{element}{count} in a formula",
                f"up to {limit} atoms of {', '.join(self.config.elements)}",
                hint="use a model whose formula is read as counts, which has no such limit",
                code="formula_outside_vocabulary",
            )
        return NUM_SPECIALS + index * limit + count - 1
