"""From measured spectra to the tensors of one training step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molucid.errors import InputError
from molucid.simulate.candidates import NOT_A_CANDIDATE, NUM_COLUMNS, Candidates, candidates
from molucid.simulate.conditions import Conditions, encode_conditions
from molucid.simulate.features import NO_BOND, MoleculeFeatures, molecule_features
from molucid.simulate.fragmenter import FragmenterConfig
from molucid.simulate.ion_species import ion_species
from molucid.simulate.network import NetworkBatch
from molucid.simulate.similarity import FRAGMENT_MARGIN_DA
from molucid.simulate.training_spectra import TrainingSet


@dataclass(frozen=True, slots=True, eq=False)
class TrainingIon:
    """One molecule under one adduct with all its spectra.

    Attributes:
        features: of the molecule, shared between its adducts.
        membership: 0/1 `[fragments, atoms]`, uint8.
        candidates: of this adduct.
        conditions: per spectrum.
        precursor_mz: of the intact ion.
        target_peak: per spectrum the candidate peaks that were measured.
        target_amplitude: per spectrum the square roots of their relative intensities.
    """

    features: MoleculeFeatures
    membership: NDArray[np.uint8]
    candidates: Candidates
    conditions: tuple[Conditions, ...]
    precursor_mz: float
    target_peak: tuple[NDArray[np.int64], ...]
    target_amplitude: tuple[NDArray[np.float32], ...]


def prepare_ions(
    training_set: TrainingSet, config: FragmenterConfig, match_ppm: float, match_da: float
) -> list[TrainingIon]:
    """Fragment every molecule once and match its measured peaks.

    Molecules beyond the fragmenter's capacity are counted in `training_set.left_out`.
    """
    rows = defaultdict(list)
    for spectrum in training_set.spectra:
        rows[spectrum.smiles, spectrum.conditions.adduct].append(spectrum)
    described: dict[str, tuple[MoleculeFeatures, NDArray[np.uint8]]] = {}
    ions = []
    for (smiles, adduct), spectra in rows.items():
        if smiles not in described:
            try:
                features = molecule_features(training_set.graphs[smiles], config)
            except InputError as error:
                training_set.left_out[error.code] += len(spectra)
                continue
            described[smiles] = features, membership(features)
        features, members = described[smiles]
        found = candidates(features, ion_species(adduct))
        matched = [match_peaks(found.mz, s.mz, s.intensity, match_ppm, match_da) for s in spectra]
        ions.append(
            TrainingIon(
                features,
                members,
                found,
                tuple(s.conditions for s in spectra),
                spectra[0].precursor_mz,
                tuple(peak for peak, _ in matched),
                tuple(amplitude for _, amplitude in matched),
            )
        )
    return ions


def membership(features: MoleculeFeatures) -> NDArray[np.uint8]:
    """Which atoms each fragment keeps; 0/1 `[fragments, atoms]`."""
    shifts = np.arange(len(features.atoms), dtype=np.uint64)
    return ((features.masks[:, None] >> shifts) & np.uint64(1)).astype(np.uint8)


def match_peaks(
    candidate_mz: NDArray[np.float64],
    mz: NDArray[np.float64],
    intensity: NDArray[np.float64],
    match_ppm: float,
    match_da: float,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give each measured peak to the nearest candidate inside the window.

    Returns:
        Matched candidate peaks (distinct), and the square root of the summed intensity of each relative to the
        strongest measured peak.
    """
    order = np.argsort(candidate_mz)
    ascending = candidate_mz[order]
    right = np.searchsorted(ascending, mz).clip(1, max(1, len(ascending) - 1))
    right = np.minimum(right, len(ascending) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(ascending[left] - mz) <= np.abs(ascending[right] - mz), left, right)
    matched = np.abs(ascending[nearest] - mz) <= np.maximum(match_ppm * 1e-6 * mz, match_da)
    peak, index = np.unique(order[nearest[matched]], return_inverse=True)
    summed = np.bincount(index, weights=intensity[matched] / intensity.max(), minlength=len(peak))
    return peak.astype(np.int64), np.sqrt(summed).astype(np.float32)


def collate(
    items: Sequence[tuple[TrainingIon, NDArray[np.int64]]],
    condition_dropout: float = 0.0,
    generator: np.random.Generator | None = None,
) -> tuple[NetworkBatch, Tensor, Tensor]:
    """Concatenate ions with the chosen spectra of each.

    Returns:
        The network's input, the target amplitude of each peak, and 1 where a peak is a fragment, 0 at the precursor.
    """
    num_bonds = sum(len(ion.features.bonds) for ion, _ in items)
    parts: dict[str, list[NDArray[np.generic]]] = defaultdict(list)
    members: list[Tensor] = []
    atoms = fragments = bonds = rows = spectra = peaks = 0
    for molecule, (ion, chosen) in enumerate(items):
        features = ion.features
        num_atoms, num_fragments = len(features.atoms), len(features.masks)
        members.append(torch.from_numpy(ion.membership).float())
        parts["atoms"].append(features.atoms)
        parts["bond_inside"].append(features.bonds.reshape(-1) + atoms)
        parts["bond_outside"].append(features.bonds[:, ::-1].reshape(-1) + atoms)
        parts["bond_features"].append(np.repeat(features.bond_features, 2, axis=0))
        cut = features.cut_bonds.astype(np.int64)
        parts["cut_bonds"].append(np.where(cut == NO_BOND, 2 * num_bonds, cut + bonds))
        parts["fragments"].append(features.fragments)
        parts["molecules"].append(features.molecule[None])
        parts["molecule_of_atom"].append(np.full(num_atoms, molecule))
        parts["molecule_of_fragment"].append(np.full(num_fragments, molecule))
        flat_peak = ion.candidates.peak.reshape(-1)
        candidate = np.flatnonzero(flat_peak != NOT_A_CANDIDATE)
        num_peaks = len(ion.candidates.mz)
        for spectrum in chosen:
            conditions = ion.conditions[spectrum]
            if generator is not None:
                conditions = _hide(conditions, condition_dropout, generator)
            parts["conditions"].append(encode_conditions(conditions, ion.precursor_mz)[None])
            parts["molecule_of_spectrum"].append(np.array([molecule]))
            parts["row_fragment"].append(np.arange(num_fragments) + fragments)
            parts["row_spectrum"].append(np.full(num_fragments, spectra))
            parts["candidate"].append(candidate + rows * NUM_COLUMNS)
            parts["candidate_peak"].append(flat_peak[candidate].astype(np.int64) + peaks)
            parts["candidate_spectrum"].append(np.full(len(candidate), spectra))
            parts["peak_spectrum"].append(np.full(num_peaks, spectra))
            amplitude = np.zeros(num_peaks, np.float32)
            amplitude[ion.target_peak[spectrum]] = ion.target_amplitude[spectrum]
            parts["target"].append(amplitude)
            parts["is_fragment"].append(
                (ion.candidates.mz < ion.precursor_mz - FRAGMENT_MARGIN_DA).astype(np.float32)
            )
            rows += num_fragments
            spectra += 1
            peaks += num_peaks
        atoms += num_atoms
        fragments += num_fragments
        bonds += 2 * len(features.bonds)
    tensors = {name: torch.from_numpy(np.concatenate(arrays)) for name, arrays in parts.items()}
    target, is_fragment = tensors.pop("target"), tensors.pop("is_fragment")
    return NetworkBatch(membership=members, **tensors), target, is_fragment


def _hide(conditions: Conditions, probability: float, generator: np.random.Generator) -> Conditions:
    if generator.random() < probability:
        conditions = replace(conditions, collision_energy_ev=None, normalized_collision_energy=None)
    if generator.random() < probability:
        conditions = replace(conditions, instrument_class=None)
    return conditions
