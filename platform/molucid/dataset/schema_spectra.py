"""Arrow columns of infrared and NMR spectra: traces as first point, step and values; peak lists as lists.

Traces have uniform axes, which every simulator gives and which keeps the axis out of every row.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from molucid.errors import InputError
from molucid.spectra.types import FloatArray, InfraredSpectrum, NmrPeaks, NmrSpectrum, Nucleus

INFRARED_TYPE = pa.struct(
    [
        pa.field("first_cm1", pa.float64(), nullable=False),
        pa.field("step_cm1", pa.float64(), nullable=False),
        pa.field("absorbance", pa.list_(pa.float32()), nullable=False),
    ]
)
"""One infrared spectrum."""

NMR_TYPE = pa.struct(
    [
        pa.field("first_ppm", pa.float64()),
        pa.field("step_ppm", pa.float64()),
        pa.field("intensity", pa.list_(pa.float32())),
        pa.field("shift_ppm", pa.list_(pa.float64())),
        pa.field("multiplicity", pa.list_(pa.string())),
        pa.field("coupling_hz", pa.list_(pa.list_(pa.float32()))),
        pa.field("num_hydrogens", pa.list_(pa.int32())),
        pa.field("width_ppm", pa.list_(pa.float32())),
        pa.field("shift_std_ppm", pa.list_(pa.float32())),
        pa.field("field_mhz", pa.float64()),
        pa.field("solvent", pa.string()),
    ]
)
"""One NMR spectrum: a trace (the first three fields) or a peak list (the others up to `shift_std_ppm`)."""

_PER_PEAK = ("multiplicity", "coupling_hz", "num_hydrogens", "width_ppm", "shift_std_ppm")


def infrared_array(spectra: Sequence[InfraredSpectrum | None]) -> Any:
    """The column of these spectra."""
    rows = [None if s is None else _infrared_row(s) for s in spectra]
    return pa.array(rows, INFRARED_TYPE)


def nmr_array(spectra: Sequence[NmrSpectrum | NmrPeaks | None]) -> Any:
    """The column of these spectra."""
    return pa.array([None if s is None else _nmr_row(s) for s in spectra], NMR_TYPE)


def infrared_of(column: Any) -> list[InfraredSpectrum | None]:
    """The spectra of a column of `INFRARED_TYPE`."""
    absorbance = _lists(column, "absorbance")
    first, step = (column.field(name).to_pylist() for name in ("first_cm1", "step_cm1"))
    return [
        InfraredSpectrum(_axis(first[i], step[i], len(absorbance[i])), absorbance[i]) if valid else None
        for i, valid in enumerate(column.is_valid().to_pylist())
    ]


def nmr_of(column: Any, nucleus: Nucleus) -> list[NmrSpectrum | NmrPeaks | None]:
    """The spectra of a column of `NMR_TYPE`."""
    intensity = _lists(column, "intensity")
    names = [f.name for f in NMR_TYPE if f.name != "intensity"]
    values = {name: column.field(name).to_pylist() for name in names}
    found: list[NmrSpectrum | NmrPeaks | None] = []
    for i, valid in enumerate(column.is_valid().to_pylist()):
        row = {name: values[name][i] for name in names} if valid else None
        found.append(None if row is None else _nmr(row, intensity[i], nucleus))
    return found


def _nmr(row: dict[str, Any], intensity: FloatArray, nucleus: Nucleus) -> NmrSpectrum | NmrPeaks:
    if row["shift_ppm"] is None:
        axis = _axis(row["first_ppm"], row["step_ppm"], len(intensity))
        return NmrSpectrum(nucleus, axis, intensity, row["field_mhz"], row["solvent"])
    couplings = row["coupling_hz"]
    return NmrPeaks(
        nucleus,
        np.array(row["shift_ppm"], np.float64),
        multiplicity=None if row["multiplicity"] is None else tuple(row["multiplicity"]),
        coupling_hz=None if couplings is None else tuple(tuple(values) for values in couplings),
        num_hydrogens=None if row["num_hydrogens"] is None else tuple(row["num_hydrogens"]),
        width_ppm=None if row["width_ppm"] is None else np.array(row["width_ppm"], np.float64),
        shift_std_ppm=None if row["shift_std_ppm"] is None else np.array(row["shift_std_ppm"], np.float64),
        field_mhz=row["field_mhz"],
        solvent=row["solvent"],
    )


def _infrared_row(spectrum: InfraredSpectrum) -> dict[str, Any]:
    first, step = _uniform(spectrum.wavenumber_cm1, "cm-1")
    return {
        "first_cm1": first,
        "step_cm1": step,
        "absorbance": spectrum.absorbance.astype(np.float32),
    }


def _nmr_row(spectrum: NmrSpectrum | NmrPeaks) -> dict[str, Any]:
    row: dict[str, Any] = {"field_mhz": spectrum.field_mhz, "solvent": spectrum.solvent}
    if isinstance(spectrum, NmrSpectrum):
        row["first_ppm"], row["step_ppm"] = _uniform(spectrum.shift_ppm, "ppm")
        row["intensity"] = spectrum.intensity.astype(np.float32)
        return row
    row["shift_ppm"] = spectrum.shift_ppm
    for name in _PER_PEAK:
        row[name] = getattr(spectrum, name)
    return row


def _uniform(axis: FloatArray, unit: str) -> tuple[float, float]:
    """First point and step of an axis.

    Raises:
        InputError: fewer than two points, or points that are not evenly spaced.
    """
    if len(axis) >= 2:
        step = float((axis[-1] - axis[0]) / (len(axis) - 1))
        if step > 0 and np.allclose(_axis(float(axis[0]), step, len(axis)), axis, rtol=0, atol=0.01 * step):
            return float(axis[0]), step
    raise InputError(
        f"an axis of {len(axis)} points that are not evenly spaced in {unit}",
        "a uniform axis",
        hint="resample the spectrum first, see molucid.spectra.grids",
        code="uneven_axis",
    )


def _axis(first: float, step: float, num_points: int) -> FloatArray:
    axis: FloatArray = first + step * np.arange(num_points, dtype=np.float64)
    return axis


def _lists(column: Any, name: str) -> list[FloatArray]:
    """The lists of a field, empty where it is null."""
    lists = column.field(name)
    offsets = lists.offsets.to_numpy(zero_copy_only=False)
    values = lists.values.to_numpy(zero_copy_only=False)
    return [values[start:stop] for start, stop in itertools.pairwise(offsets)]
