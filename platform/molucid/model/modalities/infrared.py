"""Infrared spectra as traces from 400 to 3998 cm⁻¹."""

from __future__ import annotations

from collections.abc import Sequence

from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder
from molucid.model.modalities.conv_trace import (
    ConvTraceConfig,
    ConvTraceEncoder,
    collate_traces,
    trace_features,
)
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import Evidence


class Infrared:
    """Absorbance on `IR_GRID`, scaled to a largest absolute value of 1; negative values are kept."""

    name = "ir"

    def __init__(self, config: ConvTraceConfig) -> None:
        self.config = config

    def featurize(self, evidence: Evidence) -> Features:
        """`trace_P`; empty without a spectrum."""
        ir = evidence.ir
        return trace_features(None if ir is None else IR_GRID.resample(ir.wavenumber_cm1, ir.absorbance))

    def collate(self, features: Sequence[Features]) -> Features:
        """`trace_BP` and `mask_BL`."""
        num_points = IR_GRID.num_points
        return collate_traces(features, num_points, self.config.num_tokens(num_points))

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Convolutions and a transformer."""
        return ConvTraceEncoder(self.config, IR_GRID.num_points, spec)
