"""Tandem mass spectra with accurate mass: one token per peak, and tokens for how it was measured.

Each spectrum gives four tokens (precursor m/z, adduct, collision energy, instrument class), each with an
explicit "absent" state, and one token per peak from m/z, neutral loss from the precursor (both as sinusoids
from 1 mDa to 10 kDa) and square-root intensity. Peak tokens carry the collision energy of their spectrum, so
several spectra of one compound can be read together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from molucid.chem.adducts import ADDUCTS
from molucid.config import Config
from molucid.errors import InputError
from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.fourier import FourierFeatures
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder, length_mask, pad_rows
from molucid.model.modalities.msms_text import most_intense
from molucid.spectra.instrument import INSTRUMENT_CLASSES, instrument_class
from molucid.spectra.types import Evidence, MassSpectrum

NUM_PREFIX_TOKENS = 4
_ABSENT = 0
_ADDUCT_INDEX = {name: index for index, name in enumerate(ADDUCTS, start=1)}
_INSTRUMENT_INDEX = {name: index for index, name in enumerate(INSTRUMENT_CLASSES, start=1)}


class MsmsPeaksConfig(Config):
    """Features of the accurate-mass form.

    Attributes:
        form: `peaks`.
        max_peaks: most peaks kept per spectrum, by intensity.
        min_wavelength_da: shortest wavelength of the m/z and neutral-loss sinusoids.
        max_wavelength_da: longest.
        num_wavelengths: how many, spaced geometrically.
        min_energy_wavelength: shortest wavelength of the collision-energy sinusoids, in eV or percent.
        max_energy_wavelength: longest.
        num_energy_wavelengths: how many.
    """

    form: Literal["peaks"] = "peaks"
    max_peaks: PositiveInt = 128
    min_wavelength_da: PositiveFloat = 1e-3
    max_wavelength_da: PositiveFloat = 1e4
    num_wavelengths: PositiveInt = 32
    min_energy_wavelength: PositiveFloat = 10.0
    max_energy_wavelength: PositiveFloat = 1000.0
    num_energy_wavelengths: PositiveInt = 8


class MsmsPeaks:
    """Spectra as sets of peaks with their measurement conditions."""

    name = "msms"

    def __init__(self, config: MsmsPeaksConfig) -> None:
        self.config = config

    def featurize(self, evidence: Evidence) -> Features:
        """Arrays per spectrum (S) and per peak (P) of all spectra; lengths 0 without a spectrum.

        Absent numbers are 0 with `False` in their `has_…` array, absent classes index 0.

        Raises:
            InputError: an adduct that is not in `ADDUCTS`.
        """
        spectra = evidence.msms
        kept = [self._kept_peaks(spectrum) for spectrum in spectra]
        features: dict[str, NDArray[np.generic]] = {
            "adduct_S": np.array([_adduct_index(s.adduct) for s in spectra], np.int64),
            "instrument_S": np.array([_instrument_index(s.instrument) for s in spectra], np.int64),
            "spectrum_P": np.repeat(np.arange(len(spectra)), [len(k) for k in kept]).astype(np.int64),
            "mz_P": _concatenated([s.mz[k] for s, k in zip(spectra, kept, strict=True)]),
            "sqrt_intensity_P": _concatenated(
                [_sqrt_intensity(s)[k] for s, k in zip(spectra, kept, strict=True)]
            ).astype(np.float32),
        }
        for name, values in {
            "precursor_mz": [s.precursor_mz for s in spectra],
            "energy_ev": [s.collision_energy_ev for s in spectra],
            "normalized_energy": [s.normalized_collision_energy for s in spectra],
        }.items():
            features[f"{name}_S"] = np.array([v or 0.0 for v in values], np.float64)
            features[f"has_{name}_S"] = np.array([v is not None for v in values], np.bool_)
        return features

    def collate(self, features: Sequence[Features]) -> Features:
        """Arrays padded to `[B, S]` and `[B, P]`; `mask_BL` covers 4·S prefix tokens, then P peaks."""
        batch: dict[str, NDArray[np.generic]] = {}
        for name in features[0]:
            stem, axis = name.rsplit("_", 1)
            batch[f"{stem}_B{axis}"] = pad_rows([item[name] for item in features])
        mask_BS = length_mask([item["adduct_S"] for item in features])
        mask_BP = length_mask([item["mz_P"] for item in features])
        batch["mask_BL"] = np.concatenate([np.repeat(mask_BS, NUM_PREFIX_TOKENS, axis=1), mask_BP], axis=1)
        return batch

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Embeddings of the conditions and a two-layer perceptron over peak features."""
        return MsmsPeaksEncoder(self.config, spec)

    def _kept_peaks(self, spectrum: MassSpectrum) -> NDArray[np.intp]:
        kept = np.flatnonzero(spectrum.intensity > 0)
        return most_intense(kept, spectrum.intensity, self.config.max_peaks)


class MsmsPeaksEncoder(ModalityEncoder):
    """Arrays of `MsmsPeaks` → tokens.

    Shapes: B batch, S spectra, P peaks, L = 4·S + P tokens, D width, K wavelengths.
    """

    def __init__(self, config: MsmsPeaksConfig, spec: LayerSpec) -> None:
        super().__init__()
        width = spec.width
        self.mass_features = FourierFeatures(
            config.min_wavelength_da, config.max_wavelength_da, config.num_wavelengths
        )
        self.energy_features = FourierFeatures(
            config.min_energy_wavelength, config.max_energy_wavelength, config.num_energy_wavelengths
        )
        mass_width, energy_width = self.mass_features.width, self.energy_features.width
        self.precursor = nn.Linear(mass_width, width)
        self.adduct = nn.Embedding(1 + len(ADDUCTS), width)
        self.energy_ev = nn.Linear(energy_width, width)
        self.normalized_energy = nn.Linear(energy_width, width)
        self.instrument = nn.Embedding(1 + len(INSTRUMENT_CLASSES), width)
        # what stands for a number that is absent: precursor m/z, energy in eV, normalised energy
        self.absent = nn.Embedding(3, width)
        self.peak = nn.Sequential(nn.Linear(2 * mass_width + 1, width), nn.GELU(), nn.Linear(width, width))
        self.norm = make_norm(spec.norm, spec.width)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode the arrays of `MsmsPeaks.collate`."""
        precursor_mz_BS, has_precursor_BS = arrays["precursor_mz_BS"], arrays["has_precursor_mz_BS"]
        absent_3D = self.absent.weight
        precursor_BSD = torch.where(
            has_precursor_BS[..., None], self.precursor(self.mass_features(precursor_mz_BS)), absent_3D[0]
        )
        energy_ev_BSD = torch.where(
            arrays["has_energy_ev_BS"][..., None],
            self.energy_ev(self.energy_features(arrays["energy_ev_BS"])),
            absent_3D[1],
        )
        normalized_BSD = torch.where(
            arrays["has_normalized_energy_BS"][..., None],
            self.normalized_energy(self.energy_features(arrays["normalized_energy_BS"])),
            absent_3D[2],
        )
        energy_BSD = energy_ev_BSD + normalized_BSD
        adduct_BSD, instrument_BSD = (
            self.adduct(arrays["adduct_BS"]),
            self.instrument(arrays["instrument_BS"]),
        )
        prefix_BS4D = torch.stack([precursor_BSD, adduct_BSD, energy_BSD, instrument_BSD], dim=2)

        spectrum_BP, mz_BP = arrays["spectrum_BP"], arrays["mz_BP"]
        loss_BP = precursor_mz_BS.gather(1, spectrum_BP) - mz_BP
        has_loss_BP = has_precursor_BS.gather(1, spectrum_BP)
        peak_features = torch.cat(
            [
                self.mass_features(mz_BP),
                self.mass_features(loss_BP) * has_loss_BP[..., None],
                arrays["sqrt_intensity_BP"][..., None],
            ],
            dim=-1,
        )
        spectrum_BPD = spectrum_BP[..., None].expand(-1, -1, energy_BSD.shape[-1])
        peak_BPD = self.peak(peak_features) + energy_BSD.gather(1, spectrum_BPD)
        tokens_BLD = torch.cat([prefix_BS4D.flatten(1, 2), peak_BPD], dim=1)
        return self.norm(tokens_BLD), arrays["mask_BL"]


def _sqrt_intensity(spectrum: MassSpectrum) -> NDArray[np.float64]:
    base = spectrum.intensity.max(initial=0.0)
    scaled: NDArray[np.float64] = np.sqrt(spectrum.intensity / base) if base > 0 else spectrum.intensity
    return scaled


def _concatenated(arrays: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.float64)


def _adduct_index(name: str | None) -> int:
    if name is None:
        return _ABSENT
    index = _ADDUCT_INDEX.get(name)
    if index is None:
        raise InputError(
            f"adduct {name!r}",
            f"one of {', '.join(ADDUCTS)}",
            hint="give the canonical name, see molucid.chem.adducts.parse_adduct",
            code="unknown_adduct",
        )
    return index


@lru_cache(maxsize=4096)
def _instrument_index(text: str | None) -> int:
    name = instrument_class(text)
    return _ABSENT if name is None else _INSTRUMENT_INDEX[name]
