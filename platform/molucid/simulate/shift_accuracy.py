"""Errors of a shift model on measured shifts, of known atoms and of lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError
from molucid.simulate.nmr_graph import NmrGraph, Z, read_graph
from molucid.simulate.shift_assignment import assign
from molucid.simulate.shift_model import PredictedShifts, ShiftModel
from molucid.simulate.shift_training_set import CARBON, ShiftTrainingSet
from molucid.spectra.assigned_shifts import AssignedShifts, ListedShifts
from molucid.spectra.types import FloatArray, Nucleus

_BATCH = 128


@dataclass(frozen=True, slots=True, eq=False)
class ShiftErrors:
    """Measured minus predicted shifts.

    Attributes:
        error_ppm: float64 `[shifts]`.
        std_ppm: what the model said of each; float64 `[shifts]`.
        num_molecules: with at least one shift.
        num_unanswered: rows whose molecule is refused or whose list could not be assigned.
    """

    error_ppm: FloatArray
    std_ppm: FloatArray
    num_molecules: int
    num_unanswered: int

    def summary(self) -> dict[str, Any]:
        """Numbers, mean and median absolute error, root mean square, shares within one and two deviations."""
        size = np.abs(self.error_ppm)
        if not size.size:
            return {"shifts": 0, "molecules": 0, "unanswered": self.num_unanswered}
        return {
            "shifts": int(size.size),
            "molecules": self.num_molecules,
            "unanswered": self.num_unanswered,
            "mae_ppm": round(float(size.mean()), 4),
            "median_ppm": round(float(np.median(size)), 4),
            "rmse_ppm": round(float(np.sqrt(np.square(size).mean())), 4),
            "within_1_std": round(float((size <= self.std_ppm).mean()), 4),
            "within_2_std": round(float((size <= 2 * self.std_ppm).mean()), 4),
        }


def assigned_errors(model: ShiftModel, rows: Iterable[AssignedShifts], nucleus: Nucleus) -> ShiftErrors:
    """Errors on shifts of known atoms; ¹H on other atoms than carbon is left out."""
    wanted = [row for row in rows if row.nucleus == nucleus]
    graphs, kept, refused = _graphs(wanted)
    errors: list[FloatArray] = []
    deviations: list[FloatArray] = []
    for row, graph, predicted in zip(kept, graphs, _predict(model, graphs), strict=True):
        shift, std = _of(predicted, nucleus)
        on_carbon = graph.atoms[row.atom, Z] == CARBON
        atom = row.atom[on_carbon]
        errors.append(row.shift_ppm[on_carbon] - shift[atom])
        deviations.append(std[atom])
    return _joined(errors, deviations, {row.inchikey14 for row in kept}, refused)


def listed_errors(model: ShiftModel, rows: Iterable[ListedShifts], nucleus: Nucleus) -> ShiftErrors:
    """Errors on lists without atoms, matched to the prediction they are judged by: a lower bound of the true error."""
    wanted = [row for row in rows if row.nucleus == nucleus]
    graphs, kept, refused = _graphs(wanted)
    errors: list[FloatArray] = []
    deviations: list[FloatArray] = []
    matched = set()
    for row, graph, predicted in zip(kept, graphs, _predict(model, graphs), strict=True):
        shift, std = _of(predicted, nucleus)
        training_set = ShiftTrainingSet()
        training_set.add_lists([row], ())
        found = [assign(shifts, graph, shift, std) for shifts in training_set.lists]
        if not found or not found[0]:
            refused += 1
            continue
        _, atom, _, measured = (np.array(values) for values in zip(*found[0], strict=True))
        errors.append(measured - shift[atom])
        deviations.append(std[atom])
        matched.add(row.inchikey14)
    return _joined(errors, deviations, matched, refused)


def _graphs(
    rows: Sequence[AssignedShifts] | Sequence[ListedShifts],
) -> tuple[list[NmrGraph], list[Any], int]:
    graphs, kept, refused = [], [], 0
    for row in rows:
        try:
            graphs.append(read_graph(row.smiles))
        except InputError:
            refused += 1
        else:
            kept.append(row)
    return graphs, kept, refused


def _predict(model: ShiftModel, graphs: Sequence[NmrGraph]) -> list[PredictedShifts]:
    predicted: list[PredictedShifts] = []
    for first in range(0, len(graphs), _BATCH):
        batch = graphs[first : first + _BATCH]
        ends = np.cumsum([len(graph.atoms) for graph in batch])[:-1]
        parts = [np.split(values, ends) for values in model.predict(batch)]
        predicted += [PredictedShifts(*values) for values in zip(*parts, strict=True)]
    return predicted


def _of(predicted: PredictedShifts, nucleus: Nucleus) -> tuple[FloatArray, FloatArray]:
    if nucleus == "13C":
        return predicted.c_ppm, predicted.c_std_ppm
    return predicted.h_ppm, predicted.h_std_ppm


def _joined(
    errors: list[FloatArray], deviations: list[FloatArray], molecules: set[str], refused: int
) -> ShiftErrors:
    none: NDArray[np.float64] = np.zeros(0)
    return ShiftErrors(
        np.concatenate([none, *errors]), np.concatenate([none, *deviations]), len(molecules), refused
    )
