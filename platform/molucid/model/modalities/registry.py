"""Name and configuration → modality. A new kind of evidence is one module and one line here."""

from __future__ import annotations

from molucid.model.config import ModalityName, ModelConfig
from molucid.model.modalities.base import Modality
from molucid.model.modalities.carbon_bins import CarbonBins, CarbonBinsConfig
from molucid.model.modalities.formula_counts import FormulaCounts, FormulaCountsConfig
from molucid.model.modalities.formula_text import FormulaText
from molucid.model.modalities.fragments import Fragments
from molucid.model.modalities.infrared import Infrared
from molucid.model.modalities.msms_peaks import MsmsPeaks, MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsText
from molucid.model.modalities.nmr_combined import NmrCombined, NmrCombinedConfig
from molucid.model.modalities.nmr_lists import NmrList, NmrListConfig
from molucid.model.modalities.nmr_trace import NmrTrace, NmrTraceConfig
from molucid.spectra.types import Nucleus


def build_modality(name: ModalityName, config: ModelConfig) -> Modality:
    """The modality `name` in the form that `config` chose."""
    if name == "formula":
        formula = config.formula
        return FormulaCounts(formula) if isinstance(formula, FormulaCountsConfig) else FormulaText(formula)
    if name == "msms":
        msms = config.msms
        return MsmsPeaks(msms) if isinstance(msms, MsmsPeaksConfig) else MsmsText(msms)
    if name == "ir":
        return Infrared(config.ir)
    if name == "fragments":
        return Fragments(config.fragments, config.num_fragments)
    if name == "h_nmr":
        return _nmr("1H", config.h_nmr)
    form = config.c_nmr
    return CarbonBins(form) if isinstance(form, CarbonBinsConfig) else _nmr("13C", form)


def _nmr(nucleus: Nucleus, form: NmrTraceConfig | NmrListConfig | NmrCombinedConfig) -> Modality:
    if isinstance(form, NmrCombinedConfig):
        return NmrCombined(nucleus, form)
    return NmrList(nucleus, form) if isinstance(form, NmrListConfig) else NmrTrace(nucleus, form)


def build_modalities(config: ModelConfig) -> dict[str, Modality]:
    """All modalities of `config` by name, in the order of their tokens."""
    return {name: build_modality(name, config) for name in config.modalities}
