"""Tandem mass spectra of a molecule: fragments from its graph, intensities from a small learned model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.chem.identity import canonical_smiles
from molucid.config import Config
from molucid.errors import InputError, Rejected, Where
from molucid.simulate.candidates import candidates
from molucid.simulate.conditions import Conditions, encode_conditions
from molucid.simulate.features import molecule_features
from molucid.simulate.fragmenter import FragmenterConfig
from molucid.simulate.intensity import fragment_vectors, peak_amplitudes, strongest_peaks
from molucid.simulate.ion_species import check_charge, ion_species
from molucid.simulate.molecule import read_molecule
from molucid.simulate.weights import SHIPPED_WEIGHTS, load_weights
from molucid.spectra.types import MassSpectrum

__all__ = ["Conditions", "MsmsSimulator", "NoiseConfig", "SimulatorConfig"]


class NoiseConfig(Config):
    """Random departures of a simulated from an ideal spectrum; all zero by default, which makes the seed irrelevant.

    Attributes:
        mz_error_ppm: standard deviation of each peak's mass error.
        intensity_log_sd: standard deviation of the natural logarithm of each peak's intensity.
        peak_dropout: probability that a peak other than the strongest is missing.
    """

    mz_error_ppm: float = Field(default=0.0, ge=0, le=100)
    intensity_log_sd: float = Field(default=0.0, ge=0, le=3)
    peak_dropout: float = Field(default=0.0, ge=0, lt=1)

    @property
    def is_off(self) -> bool:
        """Whether spectra are left as predicted."""
        return self.mz_error_ppm == self.intensity_log_sd == self.peak_dropout == 0


class SimulatorConfig(Config):
    """What is simulated and with which model.

    Attributes:
        fragmenter: depth and capacity of the enumeration.
        min_relative_intensity: weaker peaks, relative to the strongest, are left out.
        max_peaks: only so many of the strongest peaks are kept.
        noise: random departures from the prediction.
        weights: safetensors file of the intensity model, its provenance beside it; `None` for the shipped one.
    """

    fragmenter: FragmenterConfig = FragmenterConfig()
    min_relative_intensity: float = Field(default=0.001, ge=0, lt=1)
    max_peaks: int = Field(default=256, ge=1)
    noise: NoiseConfig = NoiseConfig()
    weights: Path | None = None


class MsmsSimulator:
    """Simulates spectra of molecules with at most 64 heavy atoms; holds no state between calls.

    Args:
        config: what is simulated.

    Attributes:
        config: as given.
        provenance: of the intensity model: data, licences, command, seed, metrics, sha256.
    """

    def __init__(self, config: SimulatorConfig | None = None) -> None:
        self.config = config if config is not None else SimulatorConfig()
        self._weights, self.provenance = load_weights(self.config.weights or SHIPPED_WEIGHTS)

    def simulate(
        self, smiles: str, conditions: Sequence[Conditions], seed: int = 0
    ) -> tuple[MassSpectrum, ...] | Rejected:
        """One spectrum per condition, base peak 1, m/z ascending.

        The result is a function of the configuration, the molecule, the conditions and the seed, whatever was
        simulated before. The same SMILES gives the same bits on one type of processor. Another SMILES of that
        molecule gives the same peaks in every 0.5 mDa cell, with intensities within 1e-5 of the base peak; the m/z
        may differ by up to 0.5 mDa where ions of several formulas share a cell (see `candidates`), and a peak within
        1e-5 of the weakest one kept may be left out. The seed matters only with noise.

        Returns:
            The spectra in the order of `conditions`, or the reason why this molecule has none: `invalid_smiles`,
            `multiple_components`, `isotope_label`, `unsupported_element`, `charged_molecule`, `too_many_atoms`,
            `too_many_rings`, `too_many_fragments`, `no_ion`.
        """
        try:
            return self._simulate(smiles, conditions, seed)
        except InputError as error:
            return Rejected.from_error(smiles, error, Where(record=smiles))

    def _simulate(self, smiles: str, conditions: Sequence[Conditions], seed: int) -> tuple[MassSpectrum, ...]:
        graph = read_molecule(smiles)
        for adduct in {c.adduct for c in conditions}:
            check_charge(graph.net_charge, ion_species(adduct))
        features = molecule_features(graph, self.config.fragmenter)
        vectors, molecule = fragment_vectors(self._weights, features)
        # noise belongs to the molecule, not to the way it is written
        identity = "" if self.config.noise.is_off else canonical_smiles(smiles)
        spectra: dict[int, MassSpectrum] = {}
        for adduct in dict.fromkeys(c.adduct for c in conditions):
            places = [place for place, c in enumerate(conditions) if c.adduct == adduct]
            found = candidates(features, ion_species(adduct))
            precursor_mz = float(found.mz[found.precursor_peak])
            encoded = np.stack([encode_conditions(conditions[place], precursor_mz) for place in places])
            amplitudes = peak_amplitudes(self._weights, vectors, molecule, found.peak, len(found.mz), encoded)
            for place, amplitude in zip(places, amplitudes, strict=True):
                mz, intensity = strongest_peaks(
                    found.mz, amplitude, self.config.min_relative_intensity, self.config.max_peaks
                )
                if not self.config.noise.is_off:
                    mz, intensity = _add_noise(
                        mz, intensity, self.config.noise, _generator(seed, identity, conditions[place])
                    )
                spectra[place] = MassSpectrum(
                    mz,
                    intensity,
                    precursor_mz,
                    adduct,
                    conditions[place].collision_energy_ev,
                    conditions[place].normalized_collision_energy,
                    conditions[place].instrument_class,
                )
        return tuple(spectra[place] for place in range(len(conditions)))


def _generator(seed: int, identity: str, conditions: Conditions) -> np.random.Generator:
    digest = hashlib.blake2b(f"{seed}\n{identity}\n{conditions}".encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _add_noise(
    mz: NDArray[np.float64],
    intensity: NDArray[np.float64],
    noise: NoiseConfig,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kept = (generator.random(len(mz)) >= noise.peak_dropout) | (intensity == intensity.max())
    mz = mz * (1 + noise.mz_error_ppm * 1e-6 * generator.standard_normal(len(mz)))
    intensity = intensity * np.exp(noise.intensity_log_sd * generator.standard_normal(len(mz)))
    mz, intensity = mz[kept], intensity[kept]
    return mz, intensity / intensity.max()
