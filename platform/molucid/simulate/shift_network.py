"""The shift network in PyTorch, for training only; `molucid.simulate.shift_model` runs the same function in numpy.

Heavy atoms exchange messages over bonds; hydrogens are counts on their atoms. Each atom's last vector and the mean of
its molecule's give, for the atom's own carbon shift and for that of its hydrogens, a location and the logarithm of a
Laplace scale, and the location of a shift from quantum chemistry, whose conformers and reference differ from a
measurement's but whose environments teach the same messages.

Dimension names: A atoms, E directed bonds, W width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn

from molucid.config import Config
from molucid.simulate.shift_features import NUM_ATOM_FEATURES, NUM_BOND_FEATURES
from molucid.simulate.shift_model import NORM_EPSILON, NUM_OUTPUTS


class ShiftNetworkConfig(Config):
    """Sizes of the shift network.

    Attributes:
        width: of the atom vectors.
        num_rounds: rounds of messages along bonds.
        dropout: probability that training hides a unit of an atom's last vector.
    """

    width: int = Field(default=112, ge=8, multiple_of=8)
    num_rounds: int = Field(default=5, ge=1, le=8)
    dropout: float = Field(default=0.05, ge=0, lt=1)


@dataclass(frozen=True, slots=True)
class ShiftTensors:
    """The arrays of a `ShiftBatch` that the network reads, as tensors."""

    atoms: Tensor
    sender: Tensor
    receiver: Tensor
    bonds: Tensor
    molecule: Tensor
    num_atoms: Tensor


class MessageRound(nn.Module):
    """One exchange of messages, added to the atoms' vectors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.send = nn.Linear(width, width, bias=False)
        self.receive = nn.Linear(width, width)
        self.bond = nn.Linear(NUM_BOND_FEATURES, width, bias=False)
        self.own = nn.Linear(width, width)
        self.gather = nn.Linear(width, width, bias=False)
        self.change = nn.Linear(width, width, bias=False)

    def forward(self, atoms_AW: Tensor, batch: ShiftTensors) -> Tensor:
        """New vectors of the atoms; `[A, W]`."""
        normed = rms_normed(atoms_AW)
        message = torch.relu(
            self.send(normed)[batch.sender] + self.receive(normed)[batch.receiver] + self.bond(batch.bonds)
        )
        gathered = torch.zeros_like(normed).index_add(0, batch.receiver, message)
        changed: Tensor = self.change(torch.relu(self.own(normed) + self.gather(gathered)))
        return atoms_AW + changed


class ShiftNetwork(nn.Module):
    """Locations and log scales of the shifts of all atoms of a batch, in the units of `shift_model`."""

    def __init__(self, config: ShiftNetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.input = nn.Linear(NUM_ATOM_FEATURES, width)
        self.rounds = nn.ModuleList(MessageRound(width) for _ in range(config.num_rounds))
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(width, width)
        self.context = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, NUM_OUTPUTS)

    def forward(self, batch: ShiftTensors) -> Tensor:
        """`[A, NUM_OUTPUTS]`."""
        atoms = torch.relu(self.input(batch.atoms))
        for exchange in self.rounds:
            atoms = exchange(atoms, batch)
        normed = rms_normed(atoms)
        pooled = normed.new_zeros(len(batch.num_atoms), normed.shape[1]).index_add(0, batch.molecule, normed)
        context = self.context(pooled / batch.num_atoms[:, None])
        hidden = torch.relu(self.head(self.dropout(normed)) + context[batch.molecule])
        outputs: Tensor = self.output(hidden)
        return outputs


def rms_normed(values: Tensor) -> Tensor:
    """Rows divided by the root of their mean square."""
    return values * torch.rsqrt(values.square().mean(1, keepdim=True) + NORM_EPSILON)
