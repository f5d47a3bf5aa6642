"""Inference of the infrared model in numpy: a molecule's graph in, its IR intensity per cell of wavenumber out.

The function is that of `molucid.simulate.ir_network`. A molecule's intensities are the sum over its atoms.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled_fast
from molucid.errors import InputError, Where
from molucid.simulate.ir_bands import BroadeningConfig, lorentz
from molucid.simulate.ir_features import IrGraph
from molucid.simulate.weights import load_state
from molucid.spectra.grids import IR_GRID, Grid
from molucid.spectra.types import FloatArray

Floats = NDArray[np.float32]

CELLS = Grid(first=304.0, step=8.0, num_points=476)
"""Harmonic wavenumbers, not yet scaled, to which the model gives intensities: 304 to 4104 cm⁻¹."""

SHIPPED_IR_WEIGHTS = Path(__file__).parent / "weights" / "ir_gfn2.safetensors"
"""Weights that come with the package; their provenance is the JSON file of the same name."""

ROUNDING = 0.25
"""Where a score of 0 becomes an intensity of `√ROUNDING / 2` km mol⁻¹; lower scores approach 0."""


class _Round(NamedTuple):
    receive_send: Floats
    bond: Floats
    bias: Floats
    update_own: Floats
    update_received: Floats
    update_bias: Floats


class IrModel:
    """The trained model.

    Args:
        path: safetensors file, its provenance beside it.

    Attributes:
        provenance: data, xtb's version, command, seed, metrics, sha256.

    Raises:
        InputError: the file is missing, is damaged or is not one of this network.
    """

    def __init__(self, path: Path | str = SHIPPED_IR_WEIGHTS) -> None:
        state, self.provenance = load_state(path)
        try:
            self._load(state)
        except KeyError as error:
            raise InputError(
                f"weights without {error}",
                "weights of the infrared network",
                Where(file=str(path)),
                code="invalid_weights",
            ) from None

    def _load(self, state: Mapping[str, NDArray[Any]]) -> None:
        def matrix(name: str) -> Floats:
            return np.ascontiguousarray(state[f"{name}.weight"].T, np.float32)

        def bias(name: str) -> Floats:
            return state[f"{name}.bias"].astype(np.float32)

        width = len(state["input.bias"])
        num_rounds = sum(name.startswith("message.") and name.endswith(".bias") for name in state)
        self._input, self._input_bias = matrix("input"), bias("input")
        self._rounds = []
        for i in range(num_rounds):
            message, update = matrix(f"message.{i}"), matrix(f"update.{i}")
            self._rounds.append(
                _Round(
                    # side by side, so that each atom passes both at once and not once per bond
                    np.ascontiguousarray(np.concatenate([message[:width], message[width : 2 * width]], 1)),
                    np.ascontiguousarray(message[2 * width :]),
                    bias(f"message.{i}"),
                    np.ascontiguousarray(update[:width]),
                    np.ascontiguousarray(update[width:]),
                    bias(f"update.{i}"),
                )
            )
        self._hidden, self._hidden_bias = matrix("hidden"), bias("hidden")
        self._output, self._output_bias = matrix("output"), bias("output")

    def intensities(self, graph: IrGraph) -> Floats:
        """Intensity in km mol⁻¹ of every cell of `CELLS`; `[K]`."""
        total: Floats = self.atom_intensities(graph).sum(0)
        return total

    def atom_intensities(self, graph: IrGraph) -> Floats:
        """What each atom contributes in km mol⁻¹; `[A, K]`."""
        first = np.maximum(graph.atoms @ self._input + self._input_bias, 0)
        vectors = first
        for weights in self._rounds:
            received = _received(
                vectors @ weights.receive_send, graph.bond_features @ weights.bond + weights.bias, graph.bonds
            )
            change = vectors @ weights.update_own + received @ weights.update_received
            vectors = vectors + np.maximum(change + weights.update_bias, 0)
        hidden = np.maximum(np.concatenate([first, vectors], 1) @ self._hidden + self._hidden_bias, 0)
        scores = hidden @ self._output + self._output_bias
        intensities: Floats = np.float32(0.5) * (scores + np.sqrt(scores * scores + np.float32(ROUNDING)))
        return intensities


def drawing_matrix(config: BroadeningConfig) -> Floats:
    """Absorption on `IR_GRID` per unit of intensity in each cell of `CELLS`; `[K, IR_GRID.num_points]`."""
    centres: FloatArray = config.frequency_scale * CELLS.axis
    return lorentz(IR_GRID.axis[None, :] - centres[:, None], config.width_cm1).astype(np.float32)


@compiled_fast
def _received(receive_send: Floats, of_bond: Floats, bonds: NDArray[np.int64]) -> Floats:
    """Sum of the rectified messages that each atom receives; `[A, width]`."""
    num_atoms, width = len(receive_send), of_bond.shape[1]
    received = np.zeros((num_atoms, width), np.float32)
    zero = np.float32(0)
    for bond in range(len(bonds)):
        one, other = bonds[bond]
        for unit in range(width):
            common = of_bond[bond, unit]
            received[one, unit] += max(
                receive_send[one, unit] + receive_send[other, width + unit] + common, zero
            )
            received[other, unit] += max(
                receive_send[other, unit] + receive_send[one, width + unit] + common, zero
            )
    return received
