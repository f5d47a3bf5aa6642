"""Training of the shift network; single process, CPU, deterministic for a seed.

The first epochs see shifts of known atoms only. Then the lists without atoms are assigned with the network as it is,
and again every few epochs, so that better shifts find better atoms.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from molucid.simulate.network_training import EpochReport, NetworkTraining, NetworkTrainingConfig
from molucid.simulate.nmr_graph import NmrGraph
from molucid.simulate.shift_assignment import assign
from molucid.simulate.shift_features import ShiftBatch, collate_graphs
from molucid.simulate.shift_model import (
    C_CENTRE_PPM,
    C_LOG_SCALE,
    C_SCALE_PPM,
    C_SHIFT,
    H_CENTRE_PPM,
    H_LOG_SCALE,
    H_SCALE_PPM,
    H_SHIFT,
)
from molucid.simulate.shift_network import ShiftNetwork, ShiftNetworkConfig, ShiftTensors
from molucid.simulate.shift_training_set import ShiftTrainingSet, Targets, joined, targets_from

_CENTRE_PPM = np.array([C_CENTRE_PPM, H_CENTRE_PPM, C_CENTRE_PPM, H_CENTRE_PPM])
_SCALE_PPM = np.array([C_SCALE_PPM, H_SCALE_PPM, C_SCALE_PPM, H_SCALE_PPM])


class ShiftTrainingConfig(NetworkTrainingConfig):
    """How the shift network is trained, beside what all networks share.

    Attributes:
        assigned_epochs: passes over the shifts of known atoms before lists are assigned.
        epochs: passes over everything after that.
        assign_every: the lists are assigned anew after so many of those epochs.
        molecules_per_batch: per step.
        scale_weight: of the Laplace likelihood that teaches the scale, beside the absolute error of the location.
        computed_weight: of shifts from quantum chemistry.
        hydrogen_weight: of ¹H, whose shifts are fewer.
        averaging: decay per step of the running mean of the parameters, which is what is kept.
        min_log_scale: scales are kept above its exponential, so that exact fits do not dominate.
        network: sizes.
    """

    assigned_epochs: int = Field(default=6, ge=1)
    epochs: int = Field(default=16, ge=0)
    assign_every: int = Field(default=2, ge=1)
    molecules_per_batch: int = Field(default=64, ge=1)
    scale_weight: float = Field(default=0.02, ge=0)
    computed_weight: float = Field(default=0.3, ge=0)
    hydrogen_weight: float = Field(default=1.5, ge=0)
    averaging: float = Field(default=0.999, ge=0, lt=1)
    min_log_scale: float = -6.0
    network: ShiftNetworkConfig = ShiftNetworkConfig()


def train_shifts(
    training_set: ShiftTrainingSet,
    config: ShiftTrainingConfig,
    on_epoch: Callable[[EpochReport, int], None] = lambda report, assigned_lists: None,
) -> tuple[ShiftNetwork, Targets]:
    """Train a fresh network; returns it with the targets of the last epoch.

    Args:
        training_set: shifts of known atoms, and lists.
        config: how.
        on_epoch: told of each epoch and of the number of lists assigned so far.
    """
    torch.manual_seed(config.seed)
    generator = np.random.default_rng(config.seed)
    network = ShiftNetwork(config.network)
    averaged = copy.deepcopy(network)
    known = training_set.assigned()
    targets, num_lists = known, 0
    # At most so many: a molecule whose lists find no atoms is in no batch.
    num_steps = config.assigned_epochs * math.ceil(
        len(np.unique(known.molecule)) / config.molecules_per_batch
    )
    num_steps += config.epochs * math.ceil(len(training_set.graphs) / config.molecules_per_batch)
    training = NetworkTraining(network, config, num_steps)
    decay = 0.0  # the first step is the whole mean
    for epoch in range(1, config.assigned_epochs + config.epochs + 1):
        later = epoch - config.assigned_epochs - 1
        if later >= 0 and later % config.assign_every == 0:
            found, num_lists = assign_lists(averaged.eval(), training_set)
            targets = joined(known, found)
        network.train()
        for chosen in _batches(targets, config.molecules_per_batch, generator):
            batch, of_batch = _collate(training_set.graphs, targets, chosen)
            training.step(shift_loss(network(tensors(batch)), of_batch, config))
            _average(averaged, network, decay)
            decay = config.averaging
        on_epoch(training.end_epoch(epoch), num_lists)
    return averaged.eval(), targets


@torch.no_grad()
def _average(averaged: ShiftNetwork, network: ShiftNetwork, decay: float) -> None:
    for kept, now in zip(averaged.parameters(), network.parameters(), strict=True):
        kept.lerp_(now, 1 - decay)


def assign_lists(network: ShiftNetwork, training_set: ShiftTrainingSet) -> tuple[Targets, int]:
    """Targets from the lists without atoms, and how many lists could be assigned."""
    rows: list[tuple[int, int, int, float]] = []
    num_lists = 0
    with torch.inference_mode():
        for first in range(0, len(training_set.lists), 256):
            lists = training_set.lists[first : first + 256]
            graphs = [training_set.graphs[shifts.molecule] for shifts in lists]
            outputs = network(tensors(collate_graphs(graphs))).numpy().astype(np.float64)
            ends = np.cumsum([len(graph.atoms) for graph in graphs])
            for shifts, graph, out in zip(lists, graphs, np.split(outputs, ends[:-1]), strict=True):
                location, log_scale = (
                    (C_SHIFT, C_LOG_SCALE) if shifts.nucleus == "13C" else (H_SHIFT, H_LOG_SCALE)
                )
                found = assign(
                    shifts,
                    graph,
                    _CENTRE_PPM[location] + _SCALE_PPM[location] * out[:, location],
                    _SCALE_PPM[location] * np.exp(out[:, log_scale]),
                )
                rows += found
                num_lists += bool(found)
    return targets_from(rows), num_lists


def shift_loss(outputs: Tensor, targets: _BatchTargets, config: ShiftTrainingConfig) -> Tensor:
    """Absolute error of the locations plus the Laplace likelihood of the scales, which does not move the locations.

    Args:
        outputs: of the network; `[A, NUM_OUTPUTS]`.
        targets: of the batch.
        config: weights of the parts.
    """
    error = (outputs[targets.atom, targets.column] - targets.location).abs()
    log_scale = outputs[targets.atom, C_LOG_SCALE + targets.column % 2].clamp(min=config.min_log_scale)
    is_measured = (targets.column < 2).float()
    likelihood = error.detach() * torch.exp(-log_scale) + log_scale
    weight = torch.where(targets.column % 2 == 1, config.hydrogen_weight, 1.0) * torch.where(
        targets.column < 2, 1.0, config.computed_weight
    )
    return (weight * error + config.scale_weight * is_measured * likelihood).mean()


@dataclass(frozen=True, slots=True)
class _BatchTargets:
    atom: Tensor
    column: Tensor
    location: Tensor


def tensors(batch: ShiftBatch) -> ShiftTensors:
    """The arrays that the network reads."""
    return ShiftTensors(
        torch.from_numpy(batch.atoms),
        torch.from_numpy(batch.sender),
        torch.from_numpy(batch.receiver),
        torch.from_numpy(batch.bonds),
        torch.from_numpy(batch.molecule),
        torch.from_numpy(batch.num_atoms.astype(np.float32)),
    )


def _batches(targets: Targets, size: int, generator: np.random.Generator) -> Sequence[NDArray[np.int64]]:
    molecules = generator.permutation(np.unique(targets.molecule))
    return [molecules[first : first + size] for first in range(0, len(molecules), size)]


def _collate(
    graphs: Sequence[NmrGraph], targets: Targets, chosen: NDArray[np.int64]
) -> tuple[ShiftBatch, _BatchTargets]:
    batch = collate_graphs([graphs[number] for number in chosen])
    first_atom = np.cumsum(batch.num_atoms) - batch.num_atoms
    place = np.full(len(graphs), -1)
    place[chosen] = np.arange(len(chosen))
    rows = np.flatnonzero(place[targets.molecule] >= 0)
    column = targets.column[rows]
    location = (targets.shift_ppm[rows] - _CENTRE_PPM[column]) / _SCALE_PPM[column]
    return batch, _BatchTargets(
        torch.from_numpy(first_atom[place[targets.molecule[rows]]] + targets.atom[rows]),
        torch.from_numpy(column),
        torch.from_numpy(location.astype(np.float32)),
    )


def network_state(
    network: ShiftNetwork,
    training_set: ShiftTrainingSet,
    targets: Targets,
    std_per_scale: NDArray[np.float64],
) -> dict[str, NDArray[Any]]:
    """What `ShiftModel` reads: parameters in half precision, environments that had a shift, calibration.

    Args:
        network: trained.
        training_set: its molecules.
        targets: what it was trained on.
        std_per_scale: standard deviation in units of the predicted Laplace scale, of ¹³C and of ¹H.
    """
    environment = [collate_graphs([graph]).environment for graph in training_set.graphs]
    state: dict[str, NDArray[Any]] = {
        name: tensor.numpy().astype(np.float16) for name, tensor in network.state_dict().items()
    }
    for name, location in (("c_environments", C_SHIFT), ("h_environments", H_SHIFT)):
        rows = np.flatnonzero(targets.column == location)
        keys = [environment[targets.molecule[row]][targets.atom[row]] for row in rows]
        state[name] = np.unique(np.array(keys, np.uint64))
    state["std_per_scale"] = std_per_scale
    return state
