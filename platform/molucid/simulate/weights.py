"""The intensity model's parameters, laid out for compiled inference, and the files they are shipped in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from molucid.errors import InputError, Where
from molucid.files import read_json, sha256_file, write_bytes, write_json

Floats = NDArray[np.float32]

SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "msms_intensity.safetensors"
"""Weights that come with the package; their provenance is the JSON file of the same name."""


class IntensityWeights(NamedTuple):
    """Parameters of `molucid.simulate.network.IntensityNetwork`; matrices are `[inputs, outputs]`, float32.

    The layers that read two atoms and a bond are split into the parts for the atom inside, the atom outside and
    the bond, so that each atom passes them once and not once per bond. Message layers have the round first.
    """

    atom_input: Floats
    atom_input_bias: Floats
    message_inside: Floats
    message_outside: Floats
    message_bond: Floats
    message_bias: Floats
    update_own: Floats
    update_received: Floats
    update_bias: Floats
    cut_inside: Floats
    cut_outside: Floats
    cut_bond: Floats
    cut_bias: Floats
    cut_output: Floats
    fragment_atoms: Floats
    fragment_input: Floats
    molecule_input: Floats
    molecule_input_bias: Floats
    fragment_hidden: Floats
    fragment_hidden_bias: Floats
    condition_hidden: Floats
    condition_hidden_bias: Floats
    condition_output: Floats
    condition_output_bias: Floats
    output: Floats


def weights_from_state(state: Mapping[str, NDArray[np.float32]]) -> IntensityWeights:
    """Rearrange a network's state, given as numpy arrays by parameter name."""
    num_rounds = sum(name.startswith("message.") and name.endswith(".bias") for name in state)
    atom_width = len(state["atom_input.bias"])

    def matrix(name: str) -> Floats:
        return np.ascontiguousarray(state[f"{name}.weight"].T, np.float32)

    def stacked(layer: str, rows: slice) -> Floats:
        matrices = [matrix(f"{layer}.{i}")[rows] for i in range(num_rounds)]
        return np.ascontiguousarray(np.stack(matrices))

    def biases(layer: str) -> Floats:
        return np.stack([state[f"{layer}.{i}.bias"] for i in range(num_rounds)]).astype(np.float32)

    first, second, rest = slice(atom_width), slice(atom_width, 2 * atom_width), slice(2 * atom_width, None)
    cut = matrix("cut_hidden")
    return IntensityWeights(
        matrix("atom_input"),
        state["atom_input.bias"],
        stacked("message", first),
        stacked("message", second),
        stacked("message", rest),
        biases("message"),
        stacked("update", first),
        stacked("update", second),
        biases("update"),
        np.ascontiguousarray(cut[first]),
        np.ascontiguousarray(cut[second]),
        np.ascontiguousarray(cut[rest]),
        state["cut_hidden.bias"],
        matrix("cut_output"),
        matrix("fragment_atoms"),
        matrix("fragment_input"),
        matrix("molecule_input"),
        state["molecule_input.bias"],
        matrix("fragment_hidden"),
        state["fragment_hidden.bias"],
        matrix("condition_hidden"),
        state["condition_hidden.bias"],
        matrix("condition_output"),
        state["condition_output.bias"],
        np.ascontiguousarray(state["output.weight"], np.float32),  # [outputs, inputs]: read as dot products
    )


def save_weights(
    path: Path | str, state: Mapping[str, NDArray[Any]], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the parameters as safetensors and beside them a JSON file of provenance with their sha256.

    Returns:
        The provenance as written.
    """
    write_bytes(path, safetensors.numpy.save(dict(state)))
    written = {**provenance, "sha256": sha256_file(path)}
    write_json(Path(path).with_suffix(".json"), written)
    return written


def load_weights(path: Path | str) -> tuple[IntensityWeights, dict[str, Any]]:
    """Read parameters and provenance.

    Raises:
        InputError: as `load_state`.
    """
    state, provenance = load_state(path)
    return weights_from_state(state), provenance


def load_state(path: Path | str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the arrays of any model that `save_weights` wrote, and their provenance.

    Raises:
        InputError: a missing file, or parameters whose sha256 is not the one of the provenance (`wrong_hash`).
    """
    provenance: dict[str, Any] = read_json(Path(path).with_suffix(".json"))
    if not Path(path).is_file():
        raise InputError("no file", "a safetensors file", Where(file=str(path)), code="missing_file")
    digest = sha256_file(path)
    if digest != provenance.get("sha256"):
        raise InputError(
            f"sha256 {digest[:12]}…",
            f"sha256 {str(provenance.get('sha256'))[:12]}…",
            Where(file=str(path)),
            hint="weights and provenance are not of the same training run; restore or train both",
            code="wrong_hash",
        )
    try:
        state = safetensors.numpy.load_file(path)
    except safetensors.SafetensorError as error:
        raise InputError(
            str(error), "a safetensors file", Where(file=str(path)), code="invalid_weights"
        ) from None
    return state, provenance
