"""Name and configuration → modality. A new kind of evidence is one module and one line here."""

from __future__ import annotations

from molucid.model.config import ModalityName, ModelConfig
from molucid.model.modalities.base import Modality
from molucid.model.modalities.formula_counts import FormulaCounts, FormulaCountsConfig
from molucid.model.modalities.formula_text import FormulaText
from molucid.model.modalities.msms_peaks import MsmsPeaks, MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsText


def build_modality(name: ModalityName, config: ModelConfig) -> Modality:
    """The modality `name` in the form that `config` chose."""
    if name == "formula":
        formula = config.formula
        return FormulaCounts(formula) if isinstance(formula, FormulaCountsConfig) else FormulaText(formula)
    msms = config.msms
    return MsmsPeaks(msms) if isinstance(msms, MsmsPeaksConfig) else MsmsText(msms)


def build_modalities(config: ModelConfig) -> dict[str, Modality]:
    """All modalities of `config` by name, in the order of their tokens."""
    return {name: build_modality(name, config) for name in config.modalities}
