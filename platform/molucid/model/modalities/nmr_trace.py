"""NMR as a trace on the published grid of its nucleus; a peak list is drawn as one first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder
from molucid.model.modalities.conv_trace import (
    ConvTraceConfig,
    ConvTraceEncoder,
    collate_traces,
    trace_features,
)
from molucid.model.modalities.nmr_evidence import nmr_of
from molucid.spectra.grids import NMR_GRIDS
from molucid.spectra.multiplets import render
from molucid.spectra.nuclei import SLOTS
from molucid.spectra.types import Evidence, FloatArray, NmrPeaks, NmrSpectrum, Nucleus


class NmrTraceConfig(ConvTraceConfig):
    """As in `ConvTraceConfig`.

    Attributes:
        form: `trace`.
    """

    form: Literal["trace"] = "trace"


class NmrTrace:
    """The trace of one nucleus, scaled to a largest absolute value of 1."""

    def __init__(self, nucleus: Nucleus, config: ConvTraceConfig) -> None:
        self.nucleus, self.config = nucleus, config
        self.name: str = SLOTS[nucleus]

    def featurize(self, evidence: Evidence) -> Features:
        """`trace_P`; empty without a spectrum."""
        spectrum = nmr_of(evidence, self.nucleus)
        return trace_features(None if spectrum is None else on_grid(spectrum))

    def collate(self, features: Sequence[Features]) -> Features:
        """`trace_BP` and `mask_BL`."""
        num_points = NMR_GRIDS[self.nucleus].num_points
        return collate_traces(features, num_points, self.config.num_tokens(num_points))

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Convolutions and a transformer."""
        return ConvTraceEncoder(self.config, NMR_GRIDS[self.nucleus].num_points, spec)


def on_grid(spectrum: NmrSpectrum | NmrPeaks) -> FloatArray:
    """Intensity at the points of the nucleus' grid."""
    grid = NMR_GRIDS[spectrum.nucleus]
    if isinstance(spectrum, NmrPeaks):
        return render(spectrum, grid)
    return grid.resample(spectrum.shift_ppm, spectrum.intensity)
