"""NMR as whatever there is: the tokens of a trace, and those of its peaks or of a list.

A trace gives both: convolutions keep what picking loses (shapes, overlap), and its signals keep the shift to a
fraction of a convolution's stride, and their areas. A list gives peaks only, so a model that was trained on traces
and lists answers for either.
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
from molucid.model.modalities.conv_trace import ConvTraceConfig
from molucid.model.modalities.nmr_evidence import nmr_of
from molucid.model.modalities.nmr_lists import NmrList, NmrListConfig
from molucid.model.modalities.nmr_trace import on_grid
from molucid.model.modalities.nmr_windows import WindowEncoder, collate_windows, window_features
from molucid.model.modalities.stack import StackConfig
from molucid.spectra.grids import NMR_GRIDS
from molucid.spectra.nmr_peak_picking import signal_height
from molucid.spectra.types import Evidence, NmrSpectrum, Nucleus


class NmrCombinedConfig(Config):
    """Both parts.

    Attributes:
        form: `combined`.
        trace: windows of a trace: 103 on the published grids, of which those that hold signal are tokens.
        peaks: tokens of a list, or of the signals of a trace.
    """

    form: Literal["combined"] = "combined"
    trace: ConvTraceConfig = ConvTraceConfig(pools=(8, 12), stack=StackConfig(layers=0))
    peaks: NmrListConfig = NmrListConfig()


class NmrCombined:
    """Trace and list of one nucleus."""

    def __init__(self, nucleus: Nucleus, config: NmrCombinedConfig) -> None:
        self.nucleus, self.config = nucleus, config
        self._list = NmrList(nucleus, config.peaks)
        self.name = self._list.name

    def featurize(self, evidence: Evidence) -> Features:
        """Arrays of `window_features` and of `NmrList`; empty where there is no such form of evidence."""
        spectrum = nmr_of(evidence, self.nucleus)
        trace, least = None, 0.0
        if isinstance(spectrum, NmrSpectrum):
            trace = on_grid(spectrum)
            least = signal_height(trace, self.config.peaks.picking)
        return {**window_features(trace, least, self.config.trace), **self._list.featurize(evidence)}

    def collate(self, features: Sequence[Features]) -> Features:
        """Arrays of both parts; each part has its own mask."""
        windows = collate_windows(features)
        peaks = self._list.collate([_without_windows(item) for item in features])
        masks = {"window_mask_BL": windows["mask_BL"], "peak_mask_BL": peaks["mask_BL"]}
        return {**windows, **peaks, **masks}

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Both encoders side by side."""
        windows = WindowEncoder(self.config.trace, NMR_GRIDS[self.nucleus].num_points, spec)
        return NmrCombinedEncoder(windows, self._list.build_encoder(spec))


def _without_windows(item: Features) -> Features:
    return {name: values for name, values in item.items() if name not in ("place_L", "window_LW")}


class NmrCombinedEncoder(ModalityEncoder):
    """Arrays of `NmrCombined` → tokens."""

    def __init__(self, windows: ModalityEncoder, peaks: ModalityEncoder) -> None:
        super().__init__()
        self.windows, self.peaks = windows, peaks

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode both parts."""
        parts = [
            self.windows({**arrays, "mask_BL": arrays["window_mask_BL"]}),
            self.peaks({**arrays, "mask_BL": arrays["peak_mask_BL"]}),
        ]
        return torch.cat([t for t, _ in parts], dim=1), torch.cat([m for _, m in parts], dim=1)
