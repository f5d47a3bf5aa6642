"""When `molucid elucidate --mask-spectra` says that the model has never seen absent spectra."""

from __future__ import annotations

import pytest

from jobs.elucidate import has_seen_absent_spectra
from molucid.model.config import ModelConfig


@pytest.mark.parametrize(
    ("modality_dropout", "modalities", "seen"),
    [
        (0.1, ("formula", "msms"), True),
        (0.0, ("formula", "msms"), False),
        (0.0, ("msms",), False),
        (0.0, ("formula",), True),
    ],
)
def test_only_a_model_that_was_never_shown_absent_spectra_is_named(
    modality_dropout, modalities, seen
) -> None:
    model = ModelConfig(modality_dropout=modality_dropout, modalities=modalities)
    assert has_seen_absent_spectra(model) is seen
