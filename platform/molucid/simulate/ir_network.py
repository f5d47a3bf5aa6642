"""The infrared network in PyTorch, for training only; `molucid.simulate.ir` runs the same function in numpy.

Atoms exchange messages over bonds for a few rounds, so that each knows its surroundings up to that many bonds away,
and then states how much IR intensity it contributes in each cell of wavenumber. A molecule's intensities are the sum
over its atoms, which carries over to molecules larger than those trained on.

The last function is positive and smooth like a softplus, but has no exponential (squareplus: Barron 2021,
arXiv 2112.11687, eq. 1).

Dimension names: A atoms of all molecules, B bonds of all molecules, K cells, M molecules.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from molucid.config import Config
from molucid.simulate.atoms import NUM_BOND_FEATURES
from molucid.simulate.ir_features import NUM_IR_ATOM_FEATURES
from molucid.simulate.ir_model import CELLS, ROUNDING


class IrNetworkConfig(Config):
    """Sizes of the infrared network.

    Attributes:
        width: of the atom vectors.
        num_rounds: rounds of messages along bonds.
        hidden_width: of the layer before the cells.
        dropout: probability that training hides a unit of that layer.
    """

    width: int = Field(default=64, ge=4)
    num_rounds: int = Field(default=4, ge=1, le=6)
    hidden_width: int = Field(default=160, ge=4)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class IrNetwork(nn.Module):
    """IR intensity of every atom in every cell."""

    def __init__(self, config: IrNetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.input = nn.Linear(NUM_IR_ATOM_FEATURES, width)
        self.message = nn.ModuleList(
            nn.Linear(2 * width + NUM_BOND_FEATURES, width) for _ in range(config.num_rounds)
        )
        self.update = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(config.num_rounds))
        self.hidden = nn.Linear(2 * width, config.hidden_width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden_width, CELLS.num_points)

    def forward(self, atoms: Tensor, bonds: Tensor, bond_features: Tensor) -> Tensor:
        """Intensities ≥ 0 in km mol⁻¹, `[A, K]`.

        Args:
            atoms: `[A, NUM_IR_ATOM_FEATURES]`.
            bonds: int64 `[B, 2]`.
            bond_features: `[B, NUM_BOND_FEATURES]`.
        """
        receiver = torch.cat([bonds[:, 0], bonds[:, 1]])
        sender = torch.cat([bonds[:, 1], bonds[:, 0]])
        features = torch.cat([bond_features, bond_features])
        first = torch.relu(self.input(atoms))
        vectors = first
        for message, update in zip(self.message, self.update, strict=True):
            sent = torch.relu(message(torch.cat([vectors[receiver], vectors[sender], features], 1)))
            received = torch.zeros_like(vectors).index_add(0, receiver, sent)
            vectors = vectors + torch.relu(update(torch.cat([vectors, received], 1)))
        hidden = self.dropout(torch.relu(self.hidden(torch.cat([first, vectors], 1))))
        scores: Tensor = self.output(hidden)
        return 0.5 * (scores + torch.sqrt(scores**2 + ROUNDING))
