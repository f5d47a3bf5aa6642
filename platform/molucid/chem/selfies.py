"""SMILES to SELFIES and back, by the package `selfies` (Krenn et al. 2020; Lo et al. 2023)."""

from __future__ import annotations

import selfies

from molucid.errors import InputError


def selfies_of(smiles: str) -> str:
    """SELFIES of a SMILES.

    Raises:
        InputError: valences beyond the package's default constraints, or syntax it does not know (`no_selfies`).
    """
    try:
        text: str = selfies.encoder(smiles)
    except selfies.EncoderError as error:
        raise InputError(
            f"{smiles!r}: {str(error).strip().splitlines()[0]}",
            "a molecule that SELFIES can write",
            hint="leave the molecule out, or pack without SELFIES (selfies=false)",
            code="no_selfies",
        ) from None
    return text


def smiles_of_selfies(text: str) -> str | None:
    """SMILES of a SELFIES, as the package writes it; `None` for an unknown symbol or an empty molecule."""
    try:
        smiles: str = selfies.decoder(text)
    except selfies.DecoderError:
        return None
    return smiles or None
