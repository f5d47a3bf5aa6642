"""NMR as a peak list: one token per line or multiplet, with its shift as a number.

Shifts and couplings enter as sinusoids at many wavelengths, so nothing is lost to bins; a bin beside them tells at
once what is near. What a list does not say (multiplicity, integral, width) has a state of its own.

Shapes: B batch, L peaks, J couplings per peak, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from molucid.config import Config
from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.fourier import FourierFeatures
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder, length_mask, pad_rows
from molucid.model.modalities.nmr_evidence import nmr_of
from molucid.model.modalities.stack import Stack, StackConfig
from molucid.spectra.grids import NMR_GRIDS, Grid
from molucid.spectra.nmr_multiplicity import CARBON_TYPES
from molucid.spectra.nmr_peak_picking import PeakPickingConfig
from molucid.spectra.nmr_signals import signals_of
from molucid.spectra.nuclei import SLOTS
from molucid.spectra.types import Evidence, FloatArray, NmrPeaks, NmrSpectrum, Nucleus

MULTIPLICITIES = (
    *("s", "d", "t", "q", "quint", "sext", "sept", "m", "br s"),
    *("dd", "dt", "dq", "td", "tt", "tq", "qd", "ddd", "ddt", "dtd", "dddd", "br d", "br t", "other"),
    *CARBON_TYPES,
)
"""Multiplicities by embedding index, from 1; 0 is: not given."""
_MULTIPLICITY_INDEX = {name: index for index, name in enumerate(MULTIPLICITIES, start=1)}
_ABSENT = 0


class NmrListConfig(Config):
    """Features of a peak.

    Attributes:
        form: `peaks`.
        max_peaks: most peaks read, evenly spread over those there are if there are more.
        min_wavelength_ppm: shortest wavelength of the shift's sinusoids.
        max_wavelength_ppm: longest.
        num_wavelengths: how many, spaced geometrically.
        num_bins: learned bins over the published grid of the nucleus; the first and last hold what is beyond.
        max_couplings: couplings read per peak, the largest first.
        min_wavelength_hz: shortest wavelength of the couplings' sinusoids.
        max_wavelength_hz: longest.
        num_coupling_wavelengths: how many.
        max_hydrogens: larger integrals are read as this many.
        picking: how peaks are found where the spectrum is a trace.
        stack: transformer over the peaks.
    """

    form: Literal["peaks"] = "peaks"
    max_peaks: PositiveInt = 96
    min_wavelength_ppm: PositiveFloat = 0.05
    max_wavelength_ppm: PositiveFloat = 500.0
    num_wavelengths: PositiveInt = 24
    num_bins: PositiveInt = 125
    max_couplings: PositiveInt = 4
    min_wavelength_hz: PositiveFloat = 2.0
    max_wavelength_hz: PositiveFloat = 200.0
    num_coupling_wavelengths: PositiveInt = 8
    max_hydrogens: PositiveInt = 20
    picking: PeakPickingConfig = PeakPickingConfig()
    stack: StackConfig = StackConfig(layers=0)


class NmrList:
    """The peaks of one nucleus as a set of tokens."""

    def __init__(self, nucleus: Nucleus, config: NmrListConfig) -> None:
        self.nucleus, self.config = nucleus, config
        self.name: str = SLOTS[nucleus]

    def featurize(self, evidence: Evidence) -> Features:
        """Arrays of `list_features`; empty without a spectrum."""
        spectrum = nmr_of(evidence, self.nucleus)
        if isinstance(spectrum, NmrSpectrum):
            signals = signals_of(spectrum, self.config.picking)
            return list_features(signals.peaks, signals.area, self.config)
        return list_features(spectrum, None if spectrum is None else counted_area(spectrum), self.config)

    def collate(self, features: Sequence[Features]) -> Features:
        """Arrays of `collate_lists`."""
        return collate_lists(features)

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Features of a peak, projected and added up."""
        return NmrListEncoder(self.config, NMR_GRIDS[self.nucleus], spec)


def list_features(peaks: NmrPeaks | None, area: FloatArray | None, config: NmrListConfig) -> Features:
    """Arrays of one list.

    Args:
        peaks: the list, `None` where it is absent.
        area: integral of each peak in any unit, 0 where unknown; `None` where no area is known.
        config: what is read of it.

    Returns:
        `shift_L` (ppm, float64), `multiplicity_L` (index into `MULTIPLICITIES` from 1), `hydrogens_L` (1 + number, 0
        where not given), `width_L` (ppm, 0 for a line or where not given), `area_L` (over the mean of the known areas,
        0 where unknown), `coupling_LJ` (Hz) and `has_coupling_LJ`.
    """
    num = 0 if peaks is None else len(peaks.shift_ppm)
    kept = np.arange(num)
    if num > config.max_peaks:
        kept = np.linspace(0, num - 1, config.max_peaks).round().astype(np.int64)
    coupling = np.zeros((len(kept), config.max_couplings), np.float32)
    has_coupling = np.zeros(coupling.shape, np.bool_)
    multiplicity, hydrogens = np.zeros(len(kept), np.int64), np.zeros(len(kept), np.int64)
    shift, width = np.zeros(len(kept)), np.zeros(len(kept), np.float32)
    relative_area = np.zeros(len(kept), np.float32)
    if area is not None and area.any():
        relative_area = (area / area[area > 0].mean())[kept].astype(np.float32)
    if peaks is not None:
        shift = peaks.shift_ppm[kept]
        if peaks.width_ppm is not None:
            width = peaks.width_ppm[kept].astype(np.float32)
        for place, index in enumerate(kept):
            if peaks.multiplicity is not None:
                multiplicity[place] = multiplicity_index(peaks.multiplicity[index])
            if peaks.num_hydrogens is not None:
                number = peaks.num_hydrogens[index]
                hydrogens[place] = _ABSENT if number is None else 1 + min(number, config.max_hydrogens)
            if peaks.coupling_hz is not None:
                largest = peaks.coupling_hz[index][: config.max_couplings]
                coupling[place, : len(largest)] = largest
                has_coupling[place, : len(largest)] = True
    return {
        "shift_L": shift,
        "multiplicity_L": multiplicity,
        "hydrogens_L": hydrogens,
        "width_L": width,
        "area_L": relative_area,
        "coupling_LJ": coupling,
        "has_coupling_LJ": has_coupling,
    }


def counted_area(peaks: NmrPeaks) -> FloatArray | None:
    """Numbers of atoms as areas, `[peaks]`, 0 for hydrogens that are not counted; `None` for a list without numbers."""
    if peaks.num_hydrogens is None:
        return None
    # Who counts carbons counts those that are equivalent: a peak without a number is of one.
    unstated = 1 if peaks.nucleus == "13C" else 0
    return np.array([unstated if number is None else number for number in peaks.num_hydrogens], np.float64)


def multiplicity_index(text: str | None) -> int:
    """Embedding index of a multiplicity; that of `other` for a word outside `MULTIPLICITIES`."""
    if text is None:
        return _ABSENT
    exact = _MULTIPLICITY_INDEX.get(text)
    return exact or _MULTIPLICITY_INDEX.get(text.lower(), _MULTIPLICITY_INDEX["other"])


def collate_lists(features: Sequence[Features]) -> Features:
    """The arrays of `list_features`, padded, and `mask_BL`."""
    batch = {
        f"{name.rsplit('_', 1)[0]}_B{name.rsplit('_', 1)[1]}": pad_rows(
            [item[name] for item in features], at_least=1
        )
        for name in features[0]
    }
    return {**batch, "mask_BL": length_mask([item["shift_L"] for item in features], at_least=1)}


class NmrListEncoder(ModalityEncoder):
    """Peaks → tokens."""

    def __init__(self, config: NmrListConfig, grid: Grid, spec: LayerSpec) -> None:
        super().__init__()
        self.first_ppm, self.bin_ppm = grid.first, (grid.last - grid.first) / config.num_bins
        self.shift_features = FourierFeatures(
            config.min_wavelength_ppm, config.max_wavelength_ppm, config.num_wavelengths
        )
        self.coupling_features = FourierFeatures(
            config.min_wavelength_hz, config.max_wavelength_hz, config.num_coupling_wavelengths
        )
        # Three more numbers beside the sinusoids of the shift: the width of a range, the area and its root.
        self.shift = nn.Linear(self.shift_features.width + 3, spec.width)
        self.bins = nn.Embedding(config.num_bins, spec.width)
        self.coupling = nn.Linear(self.coupling_features.width, spec.width)
        self.multiplicity = nn.Embedding(1 + len(MULTIPLICITIES), spec.width)
        self.hydrogens = nn.Embedding(2 + config.max_hydrogens, spec.width)
        self.mix = nn.Sequential(nn.GELU(), nn.Linear(spec.width, spec.width))
        self.norm = make_norm(spec.norm, spec.width)
        self.stack = Stack(config.stack, spec)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode the arrays of `collate_lists`."""
        mask_BL = arrays["mask_BL"]
        features_BLF = self.shift_features(arrays["shift_BL"])
        numbers = (arrays["width_BL"], arrays["area_BL"], arrays["area_BL"].sqrt())
        hidden_BLD = self.shift(torch.cat([features_BLF, torch.stack(numbers, dim=-1)], dim=-1))
        bin_BL = ((arrays["shift_BL"] - self.first_ppm) / self.bin_ppm).long()
        hidden_BLD = hidden_BLD + self.bins(bin_BL.clamp(0, self.bins.num_embeddings - 1))
        coupling_BLJD = self.coupling(self.coupling_features(arrays["coupling_BLJ"]))
        hidden_BLD = hidden_BLD + (coupling_BLJD * arrays["has_coupling_BLJ"][..., None]).sum(dim=2)
        hidden_BLD = hidden_BLD + self.multiplicity(arrays["multiplicity_BL"])
        hidden_BLD = hidden_BLD + self.hydrogens(arrays["hydrogens_BL"])
        return self.stack(self.norm(self.mix(hidden_BLD)), mask_BL), mask_BL
