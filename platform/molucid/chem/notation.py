"""The notations that a model can write molecules in, and their tokenisers."""

from __future__ import annotations

from functools import cache
from typing import Literal

from molucid.chem.selfies_tokens import SelfiesTokenizer
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.chem.tokens import Tokenizer

Notation = Literal["smiles", "selfies"]


@cache
def tokenizer_of(notation: Notation) -> Tokenizer:
    """The tokeniser of a notation."""
    return SelfiesTokenizer() if notation == "selfies" else SmilesTokenizer()
