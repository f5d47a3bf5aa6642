"""Training of the intensity network on measured spectra; single process, CPU, deterministic for a seed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from molucid.simulate.fragmenter import FragmenterConfig
from molucid.simulate.network import IntensityNetwork, NetworkBatch, NetworkConfig
from molucid.simulate.network_training import EpochReport, NetworkTraining, NetworkTrainingConfig
from molucid.simulate.training_batches import TrainingIon, collate, prepare_ions
from molucid.simulate.training_spectra import TrainingSet


class IntensityTrainingConfig(NetworkTrainingConfig):
    """How the intensity network is trained, beside what all networks share.

    Attributes:
        epochs: passes over all ions (molecule and adduct).
        ions_per_batch: molecules with one adduct each per step.
        spectra_per_ion: spectra drawn per ion and step.
        cross_entropy_weight: of the cross-entropy beside one minus the cosine.
        fragment_weight: share of the cosine without the precursor peak, the rest being that with it.
        condition_dropout: probability that a training spectrum hides its energy, and likewise its instrument.
        match_ppm: mass window in which a measured peak is given to its nearest candidate.
        match_da: least half-width of that window; time-of-flight records are off by several mDa at low m/z.
        fragmenter: fragments that may explain a peak.
        network: sizes.
    """

    learning_rate: float = Field(default=3e-3, gt=0)
    epochs: int = Field(default=30, ge=1)
    ions_per_batch: int = Field(default=16, ge=1)
    spectra_per_ion: int = Field(default=3, ge=1)
    cross_entropy_weight: float = Field(default=0.05, ge=0)
    fragment_weight: float = Field(default=0.5, ge=0, le=1)
    condition_dropout: float = Field(default=0.04, ge=0, lt=1)
    match_ppm: float = Field(default=10.0, gt=0)
    match_da: float = Field(default=0.004, ge=0)
    fragmenter: FragmenterConfig = FragmenterConfig(max_fragments=8_000)
    network: NetworkConfig = NetworkConfig()


def train_intensity(
    training_set: TrainingSet,
    config: IntensityTrainingConfig,
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
) -> IntensityNetwork:
    """Train a fresh network."""
    torch.manual_seed(config.seed)
    generator = np.random.default_rng(config.seed)
    ions = prepare_ions(training_set, config.fragmenter, config.match_ppm, config.match_da)
    network = IntensityNetwork(config.network)
    num_steps = config.epochs * math.ceil(len(ions) / config.ions_per_batch)
    training = NetworkTraining(network, config, num_steps)
    for epoch in range(1, config.epochs + 1):
        order = generator.permutation(len(ions))
        for first in range(0, len(ions), config.ions_per_batch):
            chosen = [ions[i] for i in order[first : first + config.ions_per_batch]]
            batch, target, is_fragment = collate(
                [(ion, _draw(ion, config.spectra_per_ion, generator)) for ion in chosen],
                config.condition_dropout,
                generator,
            )
            loss = intensity_loss(
                network(batch),
                target,
                is_fragment,
                batch,
                config.fragment_weight,
                config.cross_entropy_weight,
            )
            training.step(loss)
        on_epoch(training.end_epoch(epoch))
    return network.eval()


def intensity_loss(
    amplitude: Tensor,
    target: Tensor,
    is_fragment: Tensor,
    batch: NetworkBatch,
    fragment_weight: float,
    cross_entropy_weight: float,
) -> Tensor:
    """One minus the cosine of amplitudes, with and without the precursor peak, plus a small cross-entropy.

    Args:
        amplitude: predicted, summing to 1 per spectrum; `[P]`.
        target: square roots of measured intensities; `[P]`.
        is_fragment: 0 for the precursor peak, 1 elsewhere; float `[P]`.
        batch: names the spectrum of each peak.
        fragment_weight: share of the cosine without precursor.
        cross_entropy_weight: weight of the cross-entropy, which keeps gradients alive where the cosine is flat.
    """
    num_spectra = len(batch.conditions)

    def per_spectrum(values: Tensor) -> Tensor:
        return values.new_zeros(num_spectra).index_add(0, batch.peak_spectrum, values)

    def mean_cosine(weight: Tensor) -> Tensor:
        dot = per_spectrum(weight * amplitude * target)
        squared_target = per_spectrum(weight * target**2)
        squared_amplitude = per_spectrum(weight * amplitude**2)
        explained = squared_target > 0  # a spectrum without any explained peak has nothing to teach
        cosine = dot / torch.sqrt(squared_amplitude * squared_target + 1e-12)
        return cosine[explained].sum() / explained.sum().clamp(min=1)

    share = target / (per_spectrum(target)[batch.peak_spectrum] + 1e-12)
    cross_entropy = -per_spectrum(share * torch.log(amplitude + 1e-7)).mean()
    with_precursor, without = mean_cosine(torch.ones_like(target)), mean_cosine(is_fragment)
    return (
        (1 - fragment_weight) * (1 - with_precursor)
        + fragment_weight * (1 - without)
        + cross_entropy_weight * cross_entropy
    )


def _draw(ion: TrainingIon, number: int, generator: np.random.Generator) -> NDArray[np.int64]:
    count = len(ion.conditions)
    return generator.choice(count, min(number, count), replace=False)
