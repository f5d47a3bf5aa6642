"""Compiled inference of the intensity model: molecule arrays and conditions in, peak amplitudes out, without torch.

The function is that of `molucid.simulate.network`. Sums over the atoms of a fragment go through tables of all 16
subsets of four atoms, so that a fragment of n atoms costs n / 4 vector additions. Everything runs on one thread and in
an order that the compiler fixes: it may re-associate sums to fit the processor's vectors, so equal inputs give equal
bits on one type of processor with one version of numba, and equal values within float32 rounding elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled, compiled_fast
from molucid.simulate.candidates import NOT_A_CANDIDATE, NUM_COLUMNS
from molucid.simulate.features import ATOM_SUM_SCALE, NO_BOND, MoleculeFeatures
from molucid.simulate.weights import IntensityWeights

Floats = NDArray[np.float32]

_LOWEST_SCORE = -16.0  # below the highest by this much a candidate adds 1e-7 to its peak


@compiled_fast
def fragment_vectors(weights: IntensityWeights, features: MoleculeFeatures) -> tuple[Floats, Floats]:
    """Vectors of all fragments `[fragments, width]`, and the molecule's, before any conditions."""
    atoms = _atom_vectors(weights, features)
    num_atoms, atom_width = atoms.shape
    width = weights.fragment_atoms.shape[1]
    molecule = np.zeros(atom_width + len(features.molecule), np.float32)
    for atom in range(num_atoms):
        molecule[:atom_width] += atoms[atom] / np.float32(ATOM_SUM_SCALE)
    molecule[atom_width:] = features.molecule

    cut_hidden = _bond_vectors(
        atoms, features, weights.cut_inside, weights.cut_outside, weights.cut_bond, weights.cut_bias
    )
    cut = np.zeros((len(cut_hidden), width), np.float32)
    _add_product(cut_hidden, weights.cut_output, cut)
    kept = np.zeros((num_atoms, width), np.float32)
    _add_product(atoms / np.float32(ATOM_SUM_SCALE), weights.fragment_atoms, kept)
    subset_sums = _subset_sums(kept)

    base = weights.molecule_input_bias.copy().reshape(1, width)
    _add_product(molecule.reshape(1, len(molecule)), weights.molecule_input, base)
    num_fragments = len(features.masks)
    summed = np.empty((num_fragments, width), np.float32)
    for fragment in range(num_fragments):
        summed[fragment] = base[0]
    _add_product(features.fragments, weights.fragment_input, summed)
    four_bits = np.uint64(15)
    for fragment in range(num_fragments):
        row, mask = summed[fragment], features.masks[fragment]
        for group in range(len(subset_sums)):
            sums = subset_sums[group, (mask >> np.uint64(4 * group)) & four_bits]
            for unit in range(width):
                row[unit] += sums[unit]
        for bond in features.cut_bonds[fragment]:
            if bond == NO_BOND:
                break
            of_bond = cut[bond]
            for unit in range(width):
                row[unit] += of_bond[unit]
        for unit in range(width):
            row[unit] = max(row[unit], np.float32(0))
    vectors = np.empty((num_fragments, width), np.float32)
    for fragment in range(num_fragments):
        vectors[fragment] = weights.fragment_hidden_bias
    _add_product(summed, weights.fragment_hidden, vectors)
    return vectors, molecule


@compiled_fast
def peak_amplitudes(
    weights: IntensityWeights,
    vectors: Floats,
    molecule: Floats,
    peak: NDArray[np.int32],
    num_peaks: int,
    conditions: Floats,
) -> Floats:
    """Amplitude of every candidate peak under each of S conditions, summing to 1 per spectrum; `[S, num_peaks]`.

    Args:
        weights: parameters.
        vectors: of the fragments, from `fragment_vectors`.
        molecule: vector of the molecule, from the same.
        peak: of each fragment and column; int32 `[fragments, NUM_COLUMNS]`.
        num_peaks: number of candidate peaks.
        conditions: encoded, `[S, NUM_CONDITION_FEATURES]`.
    """
    num_fragments, width = vectors.shape
    modulations = _modulations(weights, molecule, conditions)
    amplitude = np.zeros((len(conditions), num_peaks), np.float32)
    scores = np.empty((num_fragments, NUM_COLUMNS), np.float32)
    activated = np.empty(width, np.float32)
    for spectrum in range(len(conditions)):
        modulation = modulations[spectrum]
        scale, shift, bias = modulation[:width], modulation[width : 2 * width], modulation[2 * width :]
        highest = np.float32(-1e30)
        for fragment in range(num_fragments):
            row = vectors[fragment]
            for unit in range(width):
                activated[unit] = max(row[unit] * (1 + scale[unit]) + shift[unit], np.float32(0))
            for column in range(NUM_COLUMNS):
                if peak[fragment, column] == NOT_A_CANDIDATE:
                    continue
                output = weights.output[column]
                score = np.float32(0)
                for unit in range(width):
                    score += activated[unit] * output[unit]
                score += bias[column]
                scores[fragment, column] = score
                highest = max(highest, score)
        total = np.float32(0)
        of_spectrum = amplitude[spectrum]
        for fragment in range(num_fragments):
            for column in range(NUM_COLUMNS):
                index = peak[fragment, column]
                if index == NOT_A_CANDIDATE:
                    continue
                above = scores[fragment, column] - highest
                if above > _LOWEST_SCORE:
                    weight = math.exp(above)
                    of_spectrum[index] += weight
                    total += weight
        of_spectrum /= total
    return amplitude


@compiled_fast
def _modulations(weights: IntensityWeights, molecule: Floats, conditions: Floats) -> Floats:
    """Scale and shift of the fragment vectors and bias of the scores, per spectrum; `[S, 2 · width + NUM_COLUMNS]`."""
    num_spectra, num_features = conditions.shape
    inputs = np.empty((num_spectra, num_features + len(molecule)), np.float32)
    inputs[:, :num_features] = conditions
    inputs[:, num_features:] = molecule
    hidden = np.zeros((num_spectra, len(weights.condition_hidden_bias)), np.float32)
    _add_product(inputs, weights.condition_hidden, hidden)
    _add_bias_and_rectify(hidden, weights.condition_hidden_bias)
    modulations = np.empty((num_spectra, len(weights.condition_output_bias)), np.float32)
    modulations[:] = weights.condition_output_bias
    _add_product(hidden, weights.condition_output, modulations)
    return modulations


@compiled
def strongest_peaks(
    mz: NDArray[np.float64], amplitude: Floats, min_relative_intensity: float, max_peaks: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """m/z (ascending) and intensity (squared amplitude, base peak 1) of the strongest candidate peaks."""
    base = amplitude.max()
    kept = np.flatnonzero(amplitude >= base * math.sqrt(min_relative_intensity))
    if len(kept) > max_peaks:
        kept = kept[np.argsort(-amplitude[kept])[:max_peaks]]
    kept = kept[np.argsort(mz[kept])]
    return mz[kept], (amplitude[kept] / np.float64(base)) ** 2


@compiled_fast
def _atom_vectors(weights: IntensityWeights, features: MoleculeFeatures) -> Floats:
    num_atoms, atom_width = len(features.atoms), weights.atom_input.shape[1]
    atoms = np.zeros((num_atoms, atom_width), np.float32)
    _add_product(features.atoms, weights.atom_input, atoms)
    _add_bias_and_rectify(atoms, weights.atom_input_bias)
    for layer in range(len(weights.message_bias)):
        sent = _bond_vectors(
            atoms,
            features,
            weights.message_inside[layer],
            weights.message_outside[layer],
            weights.message_bond[layer],
            weights.message_bias[layer],
        )
        received = np.zeros((num_atoms, atom_width), np.float32)
        for bond in range(len(features.bonds)):
            lower, upper = features.bonds[bond, 0], features.bonds[bond, 1]
            for unit in range(atom_width):
                received[lower, unit] += sent[2 * bond, unit]
                received[upper, unit] += sent[2 * bond + 1, unit]
        change = np.zeros((num_atoms, atom_width), np.float32)
        _add_product(atoms, weights.update_own[layer], change)
        _add_product(received, weights.update_received[layer], change)
        _add_bias_and_rectify(change, weights.update_bias[layer])
        atoms += change
    return atoms


@compiled_fast
def _bond_vectors(
    atoms: Floats, features: MoleculeFeatures, inside: Floats, outside: Floats, of_bond: Floats, bias: Floats
) -> Floats:
    """Rectified linear layer over (atom inside, atom outside, bond) of each directed bond; `[2 · bonds, outputs]`."""
    num_bonds, width = len(features.bonds), len(bias)
    from_inside = np.zeros((len(atoms), width), np.float32)
    from_outside = np.zeros((len(atoms), width), np.float32)
    _add_product(atoms, inside, from_inside)
    _add_product(atoms, outside, from_outside)
    own = np.zeros((num_bonds, width), np.float32)
    _add_product(features.bond_features, of_bond, own)
    vectors = np.empty((2 * num_bonds, width), np.float32)
    zero = np.float32(0)
    for bond in range(num_bonds):
        lower, upper = features.bonds[bond, 0], features.bonds[bond, 1]
        for unit in range(width):
            common = bias[unit] + own[bond, unit]
            vectors[2 * bond, unit] = max(common + from_inside[lower, unit] + from_outside[upper, unit], zero)
            vectors[2 * bond + 1, unit] = max(
                common + from_inside[upper, unit] + from_outside[lower, unit], zero
            )
    return vectors


@compiled_fast
def _subset_sums(values: Floats) -> Floats:
    """Sums over all subsets of each four consecutive rows; `[ceil(rows / 4), 16, width]`, subset as a bit mask."""
    num_rows, width = values.shape
    sums = np.zeros(((num_rows + 3) // 4, 16, width), np.float32)
    for row in range(num_rows):
        group, bit = row // 4, 1 << (row % 4)
        for subset in range(bit):
            for unit in range(width):
                sums[group, bit + subset, unit] = sums[group, subset, unit] + values[row, unit]
    return sums


@compiled_fast
def _add_bias_and_rectify(values: Floats, bias: Floats) -> None:
    for row in range(len(values)):
        for unit in range(len(bias)):
            values[row, unit] = max(values[row, unit] + bias[unit], np.float32(0))


@compiled_fast
def _add_product(left: Floats, right: Floats, out: Floats) -> None:
    """`out += left @ right`. Two rows by four inner steps at a time keep the sums in cache.

    BLAS takes half the time on large molecules, but brings a thread pool, into which every worker process of a
    simulation would run, and an order of sums that also depends on the number of threads.
    """
    num_rows, inner = left.shape
    width = right.shape[1]
    last = inner - inner % 4
    for row in range(0, num_rows - 1, 2):
        first, second = out[row], out[row + 1]
        for k in range(0, last, 4):
            a0, a1, a2, a3 = left[row, k], left[row, k + 1], left[row, k + 2], left[row, k + 3]
            b0, b1, b2, b3 = (
                left[row + 1, k],
                left[row + 1, k + 1],
                left[row + 1, k + 2],
                left[row + 1, k + 3],
            )
            w0, w1, w2, w3 = right[k], right[k + 1], right[k + 2], right[k + 3]
            for unit in range(width):
                first[unit] += a0 * w0[unit] + a1 * w1[unit] + a2 * w2[unit] + a3 * w3[unit]
                second[unit] += b0 * w0[unit] + b1 * w1[unit] + b2 * w2[unit] + b3 * w3[unit]
        for k in range(last, inner):
            for unit in range(width):
                first[unit] += left[row, k] * right[k, unit]
                second[unit] += left[row + 1, k] * right[k, unit]
    if num_rows % 2:
        only = out[num_rows - 1]
        for k in range(inner):
            for unit in range(width):
                only[unit] += left[num_rows - 1, k] * right[k, unit]
