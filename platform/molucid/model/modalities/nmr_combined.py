"""NMR as whatever there is: the tokens of a trace, and those of its peaks or of a list.

A trace gives both: convolutions keep what picking loses (shapes, overlap, integrals), and picked peaks keep the
shift to a fraction of a convolution's stride. A list gives peaks only, so a model that was trained on traces and
lists answers for either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from molucid.config import Config
from molucid.model.batch import Arrays
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder
from molucid.model.modalities.conv_trace import ConvTraceConfig, trace_features
from molucid.model.modalities.nmr_evidence import nmr_of
from molucid.model.modalities.nmr_lists import NmrList, NmrListConfig, list_features
from molucid.model.modalities.nmr_trace import NmrTrace, on_grid
from molucid.model.modalities.stack import StackConfig
from molucid.spectra.nmr_peak_picking import pick_peaks
from molucid.spectra.types import Evidence, NmrPeaks, NmrSpectrum, Nucleus


class NmrCombinedConfig(Config):
    """Both parts.

    Attributes:
        form: `combined`.
        trace: tokens of a trace: 103 on the published grids.
        peaks: tokens of a list, or of the peaks picked in a trace.
    """

    form: Literal["combined"] = "combined"
    trace: ConvTraceConfig = ConvTraceConfig(pools=(8, 12), stack=StackConfig(layers=0))
    peaks: NmrListConfig = NmrListConfig()


class NmrCombined:
    """Trace and list of one nucleus."""

    def __init__(self, nucleus: Nucleus, config: NmrCombinedConfig) -> None:
        self.nucleus, self.config = nucleus, config
        self._trace = NmrTrace(nucleus, config.trace)
        self._list = NmrList(nucleus, config.peaks)
        self.name = self._list.name

    def featurize(self, evidence: Evidence) -> Features:
        """Arrays of `trace_features` and of `list_features`; empty where there is no such form of evidence."""
        spectrum = nmr_of(evidence, self.nucleus)
        trace, peaks = None, spectrum
        if isinstance(spectrum, NmrSpectrum):
            trace, peaks = on_grid(spectrum), pick_peaks(spectrum, self.config.peaks.picking)
        assert peaks is None or isinstance(peaks, NmrPeaks)
        return {**trace_features(trace), **list_features(peaks, self.config.peaks)}

    def collate(self, features: Sequence[Features]) -> Features:
        """Arrays of both parts; each part has its own mask."""
        trace = self._trace.collate(features)
        peaks = self._list.collate([_without_trace(item) for item in features])
        masks = {"trace_mask_BL": trace["mask_BL"], "peak_mask_BL": peaks["mask_BL"]}
        return {"trace_BP": trace["trace_BP"], **peaks, **masks}

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Both encoders side by side."""
        return NmrCombinedEncoder(self._trace.build_encoder(spec), self._list.build_encoder(spec))


def _without_trace(item: Features) -> Features:
    return {name: values for name, values in item.items() if name != "trace_P"}


class NmrCombinedEncoder(ModalityEncoder):
    """Arrays of `NmrCombined` → tokens."""

    def __init__(self, trace: ModalityEncoder, peaks: ModalityEncoder) -> None:
        super().__init__()
        self.trace, self.peaks = trace, peaks

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode both parts."""
        parts = [
            self.trace({"trace_BP": arrays["trace_BP"], "mask_BL": arrays["trace_mask_BL"]}),
            self.peaks({**arrays, "mask_BL": arrays["peak_mask_BL"]}),
        ]
        return torch.cat([t for t, _ in parts], dim=1), torch.cat([m for _, m in parts], dim=1)
