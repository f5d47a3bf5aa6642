"""Inference of the shift network in numpy: graphs in, shift and standard deviation of each atom out, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.chem.compiled import compiled_fast
from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.simulate.nmr_graph import NmrGraph
from molucid.simulate.shift_features import ShiftBatch, collate_graphs
from molucid.simulate.weights import load_state

Floats = NDArray[np.float32]

SHIPPED_SHIFT_WEIGHTS = Path(__file__).parent / "weights" / "nmr_shifts.safetensors"
"""Weights that come with the package; their provenance is the JSON file of the same name."""

C_SHIFT, H_SHIFT, C_COMPUTED, H_COMPUTED, C_LOG_SCALE, H_LOG_SCALE = range(6)
"""Columns of the network's output."""

NUM_OUTPUTS = 6
NORM_EPSILON = 1e-6

C_CENTRE_PPM, C_SCALE_PPM = 90.0, 50.0
H_CENTRE_PPM, H_SCALE_PPM = 4.0, 2.5
"""The network's locations are (shift − centre) / scale."""


class ShiftModelConfig(Config):
    """What is said of an environment that no training molecule showed.

    Attributes:
        unseen_c_std_ppm: least standard deviation of a carbon whose neighbourhood of one bond never had a shift.
        unseen_h_std_ppm: the same of hydrogens.
        foreign_factor: a standard deviation is multiplied by it at and beside an element without a feature.
        c_range_ppm: predicted carbon shifts are kept inside.
        h_range_ppm: predicted shifts of hydrogens are kept inside.
    """

    unseen_c_std_ppm: float = Field(default=8.0, gt=0)
    unseen_h_std_ppm: float = Field(default=0.7, gt=0)
    foreign_factor: float = Field(default=2.0, ge=1)
    c_range_ppm: tuple[float, float] = (-20.0, 230.0)
    h_range_ppm: tuple[float, float] = (-2.0, 14.0)


class PredictedShifts(NamedTuple):
    """Of every atom of a batch; float64 `[A]`, in ppm. Values of atoms that are no carbon, or bear no H, mean nothing.

    Attributes:
        c_ppm: shift of the carbon.
        c_std_ppm: its standard deviation.
        h_ppm: shift of the hydrogens on a carbon.
        h_std_ppm: their standard deviation.
    """

    c_ppm: NDArray[np.float64]
    c_std_ppm: NDArray[np.float64]
    h_ppm: NDArray[np.float64]
    h_std_ppm: NDArray[np.float64]


class _Round(NamedTuple):
    send_receive: Floats
    receive_bias: Floats
    bond: Floats
    own: Floats
    own_bias: Floats
    gather: Floats
    change: Floats


class ShiftModel:
    """The trained predictor.

    Args:
        path: safetensors file, its provenance beside it.
        config: what is said of unseen environments.

    Attributes:
        provenance: data, licences, command, seed, metrics, sha256.

    Raises:
        InputError: the file is missing, is damaged or is not one of this network.
    """

    def __init__(
        self, path: Path | str = SHIPPED_SHIFT_WEIGHTS, config: ShiftModelConfig | None = None
    ) -> None:
        self.config = config if config is not None else ShiftModelConfig()
        state, self.provenance = load_state(path)
        try:
            self._load(state)
        except KeyError as error:
            raise InputError(
                f"weights without {error}", "weights of the shift network", Where(file=str(path)),
                code="invalid_weights",
            ) from None  # fmt: skip

    def _load(self, state: Mapping[str, NDArray[Any]]) -> None:
        def matrix(name: str) -> Floats:
            return np.ascontiguousarray(state[f"{name}.weight"].T, np.float32)

        def bias(name: str) -> Floats:
            return state[f"{name}.bias"].astype(np.float32)

        num_rounds = sum(name.endswith(".send.weight") for name in state)
        self._input, self._input_bias = matrix("input"), bias("input")
        self._rounds = [
            _Round(
                np.concatenate([matrix(f"rounds.{i}.send"), matrix(f"rounds.{i}.receive")], 1),
                bias(f"rounds.{i}.receive"),
                matrix(f"rounds.{i}.bond"),
                matrix(f"rounds.{i}.own"),
                bias(f"rounds.{i}.own"),
                matrix(f"rounds.{i}.gather"),
                matrix(f"rounds.{i}.change"),
            )
            for i in range(num_rounds)
        ]
        self._head, self._head_bias, self._context = matrix("head"), bias("head"), matrix("context")
        self._output, self._output_bias = matrix("output"), bias("output")
        self._std_per_scale = state["std_per_scale"].astype(np.float64)
        self._known_c, self._known_h = state["c_environments"], state["h_environments"]

    def predict(self, graphs: Sequence[NmrGraph]) -> PredictedShifts:
        """Shifts of all atoms of at least one molecule, concatenated.

        A molecule's values do not depend on the others in the batch beyond float32 rounding.
        """
        batch = collate_graphs(graphs)
        out = self.outputs(batch).astype(np.float64)
        config = self.config
        factor = np.where(batch.is_foreign, config.foreign_factor, 1.0)
        c_std = C_SCALE_PPM * self._std_per_scale[0] * np.exp(out[:, C_LOG_SCALE]) * factor
        h_std = H_SCALE_PPM * self._std_per_scale[1] * np.exp(out[:, H_LOG_SCALE]) * factor
        unseen_c = ~_contains(self._known_c, batch.environment)
        unseen_h = ~_contains(self._known_h, batch.environment)
        return PredictedShifts(
            np.clip(C_CENTRE_PPM + C_SCALE_PPM * out[:, C_SHIFT], *config.c_range_ppm),
            np.where(unseen_c, np.maximum(c_std, config.unseen_c_std_ppm), c_std),
            np.clip(H_CENTRE_PPM + H_SCALE_PPM * out[:, H_SHIFT], *config.h_range_ppm),
            np.where(unseen_h, np.maximum(h_std, config.unseen_h_std_ppm), h_std),
        )

    def outputs(self, batch: ShiftBatch) -> Floats:
        """What `ShiftNetwork.forward` returns; float32 `[A, NUM_OUTPUTS]`."""
        atoms = np.maximum(batch.atoms @ self._input + self._input_bias, 0)
        for weights in self._rounds:
            normed = _rms_normed(atoms)
            gathered = _gather(
                normed @ weights.send_receive,
                batch.bonds @ weights.bond + weights.receive_bias,
                batch.sender,
                batch.receiver,
            )
            changed = normed @ weights.own + gathered @ weights.gather + weights.own_bias
            atoms += np.maximum(changed, 0) @ weights.change
        normed = _rms_normed(atoms)
        first = np.cumsum(batch.num_atoms) - batch.num_atoms
        pooled = np.add.reduceat(normed, first, axis=0) / batch.num_atoms[:, None].astype(np.float32)
        context = (pooled @ self._context)[batch.molecule]
        hidden = np.maximum(normed @ self._head + self._head_bias + context, 0)
        outputs: Floats = hidden @ self._output + self._output_bias
        return outputs


def _contains(known: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of `keys` are in the ascending `known`."""
    if not len(known):
        return np.zeros(len(keys), np.bool_)
    found: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys
    return found


def _rms_normed(values: Floats) -> Floats:
    mean_square = np.einsum("ij,ij->i", values, values) / values.shape[1]
    normed: Floats = values * (1 / np.sqrt(mean_square + np.float32(NORM_EPSILON)))[:, None].astype(
        np.float32
    )
    return normed


@compiled_fast
def _gather(
    send_receive: Floats, bond: Floats, sender: NDArray[np.int64], receiver: NDArray[np.int64]
) -> Floats:
    """Sum of the rectified messages that each atom receives; `[A, W]`."""
    num_atoms, width = len(send_receive), bond.shape[1]
    gathered = np.zeros((num_atoms, width), np.float32)
    for edge in range(len(sender)):
        sent, own, of_bond = send_receive[sender[edge]], send_receive[receiver[edge]], bond[edge]
        sums = gathered[receiver[edge]]
        for unit in range(width):
            sums[unit] += max(sent[unit] + own[width + unit] + of_bond[unit], np.float32(0))
    return gathered
