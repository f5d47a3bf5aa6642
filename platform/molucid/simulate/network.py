"""The intensity network in PyTorch, for training only; `molucid.simulate.intensity` runs the same function compiled.

Atoms exchange messages over bonds; a fragment is the sum of its atoms, of its cut bonds, and of a few features of its
own; the conditions scale and shift that vector (FiLM: Perez et al. 2018, AAAI, eq. 2) before one linear layer
gives a score per hydrogen shift. A softmax over all candidates of a spectrum, summed per peak, is the peak's
amplitude: the square root of its intensity.

Dimension names: A atoms, B directed bonds, F fragments, S spectra, P peaks of all spectra, C candidates, H width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn

from molucid.config import Config
from molucid.simulate.atoms import NUM_ATOM_FEATURES, NUM_BOND_FEATURES
from molucid.simulate.candidates import NUM_COLUMNS
from molucid.simulate.conditions import NUM_CONDITION_FEATURES
from molucid.simulate.features import ATOM_SUM_SCALE, NUM_FRAGMENT_FEATURES, NUM_MOLECULE_FEATURES


class NetworkConfig(Config):
    """Sizes of the intensity network.

    Attributes:
        atom_width: of the atom vectors.
        num_rounds: rounds of messages along bonds.
        bond_width: of the hidden layer that reads a cut bond's two ends.
        width: of the fragment vectors.
        dropout: probability that training hides a unit of a fragment's first vector.
    """

    atom_width: int = Field(default=32, ge=4, multiple_of=4)
    num_rounds: int = Field(default=3, ge=1, le=4)
    bond_width: int = Field(default=64, ge=4, multiple_of=4)
    width: int = Field(default=64, ge=8, multiple_of=8)
    dropout: float = Field(default=0.1, ge=0, lt=1)


@dataclass(frozen=True, slots=True)
class NetworkBatch:
    """Several molecules and their spectra, concatenated; fragments and atoms are numbered through the batch.

    Attributes:
        atoms: `[A, NUM_ATOM_FEATURES]`.
        bond_inside: atom that stays, of each directed bond; int64 `[B]`.
        bond_outside: atom that leaves; int64 `[B]`.
        bond_features: `[B, NUM_BOND_FEATURES]`.
        membership: per molecule 0/1 matrix `[fragments, atoms]`.
        cut_bonds: directed bonds around each fragment, B where there is none; int64 `[F, MAX_CUT_BONDS]`.
        fragments: `[F, NUM_FRAGMENT_FEATURES]`.
        molecules: `[molecules, NUM_MOLECULE_FEATURES]`.
        molecule_of_atom: int64 `[A]`.
        molecule_of_fragment: int64 `[F]`.
        conditions: `[S, NUM_CONDITION_FEATURES]`.
        molecule_of_spectrum: int64 `[S]`.
        row_fragment: fragment of each (spectrum, fragment) row; int64 `[rows]`.
        row_spectrum: spectrum of each row; int64 `[rows]`.
        candidate: flat index `row · NUM_COLUMNS + column` of each candidate; int64 `[C]`.
        candidate_peak: peak of each candidate; int64 `[C]`.
        candidate_spectrum: int64 `[C]`.
        peak_spectrum: spectrum of each peak; int64 `[P]`.
    """

    atoms: Tensor
    bond_inside: Tensor
    bond_outside: Tensor
    bond_features: Tensor
    membership: list[Tensor]
    cut_bonds: Tensor
    fragments: Tensor
    molecules: Tensor
    molecule_of_atom: Tensor
    molecule_of_fragment: Tensor
    conditions: Tensor
    molecule_of_spectrum: Tensor
    row_fragment: Tensor
    row_spectrum: Tensor
    candidate: Tensor
    candidate_peak: Tensor
    candidate_spectrum: Tensor
    peak_spectrum: Tensor


class IntensityNetwork(nn.Module):
    """Amplitudes of all candidate peaks of a batch."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        atom_width, width = config.atom_width, config.width
        self.atom_input = nn.Linear(NUM_ATOM_FEATURES, atom_width)
        self.message = nn.ModuleList(
            nn.Linear(2 * atom_width + NUM_BOND_FEATURES, atom_width) for _ in range(config.num_rounds)
        )
        self.update = nn.ModuleList(nn.Linear(2 * atom_width, atom_width) for _ in range(config.num_rounds))
        self.cut_hidden = nn.Linear(2 * atom_width + NUM_BOND_FEATURES, config.bond_width)
        self.cut_output = nn.Linear(config.bond_width, width, bias=False)
        self.fragment_atoms = nn.Linear(atom_width, width, bias=False)
        self.fragment_input = nn.Linear(NUM_FRAGMENT_FEATURES, width, bias=False)
        self.molecule_input = nn.Linear(atom_width + NUM_MOLECULE_FEATURES, width)
        self.fragment_dropout = nn.Dropout(config.dropout)
        self.fragment_hidden = nn.Linear(width, width)
        condition_width = NUM_CONDITION_FEATURES + atom_width + NUM_MOLECULE_FEATURES
        self.condition_hidden = nn.Linear(condition_width, width)
        self.condition_output = nn.Linear(width, 2 * width + NUM_COLUMNS)
        self.output = nn.Linear(width, NUM_COLUMNS, bias=False)

    def forward(self, batch: NetworkBatch) -> Tensor:
        """Amplitude of each peak, summing to 1 per spectrum; `[P]`."""
        inside, outside = batch.bond_inside, batch.bond_outside
        atoms = torch.relu(self.atom_input(batch.atoms))
        for message, update in zip(self.message, self.update, strict=True):
            sent = torch.relu(message(torch.cat([atoms[inside], atoms[outside], batch.bond_features], 1)))
            received = torch.zeros_like(atoms).index_add(0, inside, sent)
            atoms = atoms + torch.relu(update(torch.cat([atoms, received], 1)))
        cut = self.cut_output(
            torch.relu(self.cut_hidden(torch.cat([atoms[inside], atoms[outside], batch.bond_features], 1)))
        )
        cut = torch.cat([cut, cut.new_zeros(1, cut.shape[1])])

        num_molecules = len(batch.molecules)
        pooled = atoms.new_zeros(num_molecules, atoms.shape[1]).index_add(0, batch.molecule_of_atom, atoms)
        molecules = torch.cat([pooled / ATOM_SUM_SCALE, batch.molecules], 1)
        kept = self.fragment_atoms(atoms) / ATOM_SUM_SCALE
        atom_counts = [matrix.shape[1] for matrix in batch.membership]
        kept = torch.cat([m @ k for m, k in zip(batch.membership, kept.split(atom_counts), strict=True)])
        fragments = (
            self.fragment_input(batch.fragments)
            + kept
            + nn.functional.embedding_bag(batch.cut_bonds, cut, mode="sum")
            + self.molecule_input(molecules)[batch.molecule_of_fragment]
        )
        fragments = self.fragment_hidden(self.fragment_dropout(torch.relu(fragments)))

        conditions = torch.cat([batch.conditions, molecules[batch.molecule_of_spectrum]], 1)
        modulation = self.condition_output(torch.relu(self.condition_hidden(conditions)))
        width = self.config.width
        scale, shift, bias = modulation.split([width, width, NUM_COLUMNS], 1)
        rows = torch.addcmul(
            shift[batch.row_spectrum], fragments[batch.row_fragment], (1 + scale)[batch.row_spectrum]
        )
        scores = self.output(torch.relu(rows)) + bias[batch.row_spectrum]
        return _grouped_softmax(scores.flatten()[batch.candidate], batch)


def _grouped_softmax(scores: Tensor, batch: NetworkBatch) -> Tensor:
    num_spectra = len(batch.conditions)
    highest = torch.full((num_spectra,), -torch.inf).scatter_reduce(
        0, batch.candidate_spectrum, scores.detach(), "amax"
    )
    weight = torch.exp(scores - highest[batch.candidate_spectrum])
    peaks = weight.new_zeros(len(batch.peak_spectrum)).index_add(0, batch.candidate_peak, weight)
    total = weight.new_zeros(num_spectra).index_add(0, batch.peak_spectrum, peaks)
    return peaks / total[batch.peak_spectrum]
