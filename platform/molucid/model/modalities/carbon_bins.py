"""¹³C NMR as the set of bins of the shift axis that hold a peak (arXiv 2512.19733, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from molucid.config import Config
from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder, length_mask, pad_rows
from molucid.model.modalities.stack import Stack, StackConfig
from molucid.spectra.nmr_peak_picking import PeakPickingConfig, pick_peaks
from molucid.spectra.types import Evidence, NmrSpectrum


class CarbonBinsConfig(Config):
    """How shifts become bins.

    Attributes:
        form: `bins`.
        num_bins: of equal width from 0 to `last_ppm`; a peak outside is put into the bin at that end.
        last_ppm: end of the last bin.
        picking: of peaks in a trace: 10 % of the highest, five points apart.
        stack: transformer over the bins.
    """

    form: Literal["bins"] = "bins"
    num_bins: PositiveInt = 80
    last_ppm: PositiveFloat = 220.0
    picking: PeakPickingConfig = PeakPickingConfig(
        min_relative_height=0.1, min_distance_points=5, min_signal_to_noise=0.0
    )
    stack: StackConfig = StackConfig()


class CarbonBins:
    """Occupied bins, each one token, without positions."""

    name = "c_nmr"

    def __init__(self, config: CarbonBinsConfig) -> None:
        self.config = config

    def featurize(self, evidence: Evidence) -> Features:
        """`bin_L`, ascending, int64; empty without a spectrum."""
        spectrum = evidence.c_nmr
        if spectrum is None:
            return {"bin_L": np.zeros(0, np.int64)}
        peaks = pick_peaks(spectrum, self.config.picking) if isinstance(spectrum, NmrSpectrum) else spectrum
        place = np.floor(peaks.shift_ppm / self.config.last_ppm * self.config.num_bins)
        return {"bin_L": np.unique(np.clip(place, 0, self.config.num_bins - 1)).astype(np.int64)}

    def collate(self, features: Sequence[Features]) -> Features:
        """`bin_BL` and `mask_BL`."""
        bins = [item["bin_L"] for item in features]
        return {"bin_BL": pad_rows(bins, at_least=1), "mask_BL": length_mask(bins, at_least=1)}

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Embedding of bins and a transformer."""
        return CarbonBinsEncoder(self.config, spec)


class CarbonBinsEncoder(ModalityEncoder):
    """`bin_BL` → tokens."""

    def __init__(self, config: CarbonBinsConfig, spec: LayerSpec) -> None:
        super().__init__()
        self.bins = nn.Embedding(config.num_bins, spec.width)
        self.norm = make_norm(spec.norm, spec.width)
        self.stack = Stack(config.stack, spec)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode `bin_BL`."""
        mask_BL = arrays["mask_BL"]
        return self.stack(self.norm(self.bins(arrays["bin_BL"])), mask_BL), mask_BL
