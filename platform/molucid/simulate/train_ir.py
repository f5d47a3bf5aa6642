"""Training of the infrared network on computed vibrations; single process, CPU, deterministic for a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from molucid.errors import InputError, shorten
from molucid.simulate.ir_bands import BroadeningConfig, lorentz
from molucid.simulate.ir_features import IrGraph, ir_graph
from molucid.simulate.ir_model import CELLS
from molucid.simulate.ir_network import IrNetwork, IrNetworkConfig
from molucid.simulate.ir_xtb import Vibrations
from molucid.simulate.network_training import EpochReport, NetworkTraining, NetworkTrainingConfig


class IrTrainingConfig(NetworkTrainingConfig):
    """How the infrared network is trained, beside what all networks share.

    Attributes:
        epochs: passes over all molecules.
        molecules_per_batch: of one step.
        atom_weight: of the atoms' own spectra beside the molecules'.
        width_cm1: full width at half maximum with which both sides are drawn before they are compared.
        network: sizes.
    """

    warmup_fraction: float = Field(default=0.05, ge=0, lt=1)
    weight_decay: float = Field(default=1e-3, ge=0)
    epochs: int = Field(default=120, ge=1)
    molecules_per_batch: int = Field(default=8, ge=1)
    atom_weight: float = Field(default=0.3, ge=0)
    width_cm1: float = Field(default=BroadeningConfig().width_cm1, gt=0)
    network: IrNetworkConfig = IrNetworkConfig()


@dataclass(frozen=True, slots=True, eq=False)
class TrainingMolecule:
    """A molecule to learn from.

    Attributes:
        smiles: the molecule.
        vibrations: as computed.
        graph: what the network reads.
        intensity: what each atom contributes to each cell in km mol⁻¹; float32 `[A, K]`.
    """

    smiles: str
    vibrations: Vibrations
    graph: IrGraph
    intensity: NDArray[np.float32]


def training_molecule(smiles: str, vibrations: Vibrations) -> TrainingMolecule:
    """Share every mode's intensity among the atoms by their parts in its energy, and among the two cells beside it.

    Modes outside the cells are left out.

    Raises:
        InputError: a molecule that the model does not take, one without shares (`linear_molecule`), or shares of
            another molecule (`other_molecule`).
    """
    graph = ir_graph(smiles)
    if vibrations.atom_shares is None:
        raise InputError("modes that are not shared among atoms", "atom shares", code="linear_molecule")
    if vibrations.atom_shares.shape[1] != len(graph.atoms):
        raise InputError(
            f"shares of {vibrations.atom_shares.shape[1]} atoms",
            f"shares of the {len(graph.atoms)} heavy atoms of {shorten(smiles)!r}",
            code="other_molecule",
        )
    position = (vibrations.wavenumber_cm1 - CELLS.first) / CELLS.step
    lower = np.floor(position).astype(np.int64)
    inside = (lower >= 0) & (lower < CELLS.num_points - 1)
    lower, upper_part = lower[inside], (position - lower)[inside]
    contribution = vibrations.atom_shares[inside] * vibrations.intensity_km_mol[inside, None]
    cells = np.zeros((CELLS.num_points, len(graph.atoms)))
    np.add.at(cells, lower, contribution * (1 - upper_part)[:, None])
    np.add.at(cells, lower + 1, contribution * upper_part[:, None])
    return TrainingMolecule(smiles, vibrations, graph, np.ascontiguousarray(cells.T, np.float32))


def train_ir(
    molecules: Sequence[TrainingMolecule],
    config: IrTrainingConfig,
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
) -> IrNetwork:
    """Train a fresh network."""
    torch.manual_seed(config.seed)
    generator = np.random.default_rng(config.seed)
    network = IrNetwork(config.network)
    drawing = _drawing(config.width_cm1)
    num_steps = config.epochs * math.ceil(len(molecules) / config.molecules_per_batch)
    training = NetworkTraining(network, config, num_steps)
    for epoch in range(1, config.epochs + 1):
        order = generator.permutation(len(molecules))
        for first in range(0, len(molecules), config.molecules_per_batch):
            chosen = [molecules[i] for i in order[first : first + config.molecules_per_batch]]
            atoms, bonds, bond_features, molecule_of_atom, target = _collate(chosen)
            loss = ir_loss(
                network(atoms, bonds, bond_features) @ drawing,
                target @ drawing,
                molecule_of_atom,
                config.atom_weight,
            )
            training.step(loss)
        on_epoch(training.end_epoch(epoch))
    return network.eval()


def ir_loss(predicted: Tensor, target: Tensor, molecule_of_atom: Tensor, atom_weight: float) -> Tensor:
    """One minus the cosine of the square roots of the molecules' spectra, plus the atoms' own distance.

    The distance is the summed squared difference of square roots over the summed target, which holds the atoms'
    contributions to one scale; the cosine alone would leave it free.

    Args:
        predicted: drawn contribution of each atom, > 0; `[A, K]`.
        target: the same from computed lines.
        molecule_of_atom: int64 `[A]`.
        atom_weight: weight of the atoms' distance.
    """
    num_molecules = int(molecule_of_atom.max()) + 1

    def roots_of_molecules(values: Tensor) -> Tensor:
        sums = values.new_zeros(num_molecules, values.shape[1]).index_add(0, molecule_of_atom, values)
        return torch.sqrt(sums + _SMALL)

    cosine = torch.nn.functional.cosine_similarity(roots_of_molecules(predicted), roots_of_molecules(target))
    difference = torch.sqrt(predicted + _SMALL) - torch.sqrt(target + _SMALL)
    return (1 - cosine).mean() + atom_weight * (difference**2).sum() / (target.sum() + _SMALL)


_SMALL = 1e-6


def _drawing(width_cm1: float) -> Tensor:
    """Lorentzian of every cell, at every cell; `[K, K]`."""
    return torch.from_numpy(lorentz(CELLS.axis[:, None] - CELLS.axis[None, :], width_cm1).astype(np.float32))


def _collate(molecules: Sequence[TrainingMolecule]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    num_atoms = np.array([len(m.graph.atoms) for m in molecules])
    first_atom = np.cumsum(num_atoms) - num_atoms
    bonds = [m.graph.bonds + first for m, first in zip(molecules, first_atom, strict=True)]
    return (
        torch.from_numpy(np.concatenate([m.graph.atoms for m in molecules])),
        torch.from_numpy(np.concatenate(bonds)),
        torch.from_numpy(np.concatenate([m.graph.bond_features for m in molecules])),
        torch.from_numpy(np.repeat(np.arange(len(molecules)), num_atoms)),
        torch.from_numpy(np.concatenate([m.intensity for m in molecules])),
    )
