"""Infrared and NMR spectra as packed arrays: entries that rows point to, and the ragged values of these.

Traces lie on the grids of `molucid.spectra.grids`, scaled to a largest absolute value of 1, as float16: its steps of
0.05 % are below the noise of any spectrum. A peak list keeps what its source says and what it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from molucid.spectra.grids import IR_GRID, NMR_GRIDS
from molucid.spectra.types import FloatArray, InfraredSpectrum, NmrPeaks, NmrSpectrum, Nucleus

IR_DTYPE = np.dtype("<f2")
"""One infrared spectrum after the other, each of `IR_GRID.num_points` values."""

NMR_DTYPE = np.dtype(
    [
        ("is_trace", "?"),
        ("first", "<i8"),
        ("num", "<u4"),
        ("field_mhz", "<f4"),
        ("has_field_mhz", "?"),
        ("solvent", "<u2"),
    ]
)
"""One NMR spectrum: `num` values of `trace` or entries of `peaks` from `first` on. `solvent` indexes the manifest's
list, where entry 0 is `null`."""

PEAK_DTYPE = np.dtype(
    [
        ("shift_ppm", "<f8"),
        ("width_ppm", "<f4"),
        ("shift_std_ppm", "<f4"),
        ("num_hydrogens", "<u2"),
        ("multiplicity", "<u2"),
        ("first_coupling", "<i8"),
        ("num_couplings", "<u1"),
        ("has_width_ppm", "?"),
        ("has_shift_std_ppm", "?"),
        ("has_num_hydrogens", "?"),
        ("has_couplings", "?"),
    ]
)
"""One line or multiplet. A number is valid only where its `has_` field is true; `multiplicity` indexes the manifest's
list, where entry 0 is `null`."""

ARRAYS: dict[str, np.dtype[Any]] = {
    "ir": IR_DTYPE,
    "nmr": NMR_DTYPE,
    "trace": np.dtype("<f2"),
    "peaks": PEAK_DTYPE,
    "couplings": np.dtype("<f4"),
}
"""Arrays of this module by name."""

_T = TypeVar("_T")

Append = Callable[[str, NDArray[Any]], int]
"""Appends values to an array by name and returns the place of the first."""


class SpectraWriter:
    """Adds infrared and NMR spectra to growing arrays.

    Attributes:
        solvents: by index.
        multiplicities: by index.
    """

    def __init__(self, append: Append) -> None:
        self._append = append
        self.solvents: dict[str | None, int] = {None: 0}
        self.multiplicities: dict[str | None, int] = {None: 0}

    def add_ir(self, spectrum: InfraredSpectrum) -> int:
        """Place of the spectrum among those of `ir`."""
        values = scaled(IR_GRID.resample(spectrum.wavenumber_cm1, spectrum.absorbance))
        return self._append("ir", values.astype(np.float16)) // IR_GRID.num_points

    def add_nmr(self, spectrum: NmrSpectrum | NmrPeaks) -> int:
        """Place of the spectrum among those of `nmr`."""
        entry = np.zeros(1, NMR_DTYPE)
        if isinstance(spectrum, NmrSpectrum):
            values = NMR_GRIDS[spectrum.nucleus].resample(spectrum.shift_ppm, spectrum.intensity)
            entry["is_trace"], entry["num"] = True, len(values)
            entry["first"] = self._append("trace", scaled(values).astype(np.float16))
        else:
            entry["num"] = len(spectrum.shift_ppm)
            entry["first"] = self._append("peaks", self._peaks(spectrum))
        if spectrum.field_mhz is not None:
            entry["field_mhz"], entry["has_field_mhz"] = spectrum.field_mhz, True
        entry["solvent"] = self.solvents.setdefault(spectrum.solvent, len(self.solvents))
        return self._append("nmr", entry)

    def _peaks(self, spectrum: NmrPeaks) -> NDArray[np.void]:
        peaks = np.zeros(len(spectrum.shift_ppm), PEAK_DTYPE)
        peaks["shift_ppm"] = spectrum.shift_ppm
        for name in ("width_ppm", "shift_std_ppm"):
            values = getattr(spectrum, name)
            if values is not None:
                peaks[name], peaks[f"has_{name}"] = values, True
        if spectrum.num_hydrogens is not None:
            peaks["has_num_hydrogens"] = [number is not None for number in spectrum.num_hydrogens]
            peaks["num_hydrogens"] = [number or 0 for number in spectrum.num_hydrogens]
        if spectrum.multiplicity is not None:
            known = self.multiplicities
            peaks["multiplicity"] = [known.setdefault(text, len(known)) for text in spectrum.multiplicity]
        if spectrum.coupling_hz is not None:
            lengths = [len(values) for values in spectrum.coupling_hz]
            first = self._append("couplings", np.concatenate([*map(np.asarray, spectrum.coupling_hz), []]))
            peaks["has_couplings"], peaks["num_couplings"] = True, lengths
            peaks["first_coupling"] = first + np.cumsum([0, *lengths[:-1]]) if lengths else 0
        return peaks


def scaled(values: FloatArray) -> FloatArray:
    """`values` over their largest absolute value; zeros stay as they are."""
    largest = np.abs(values).max(initial=0.0)
    return values / largest if largest > 0 else values


class SpectraReader:
    """Reads what `SpectraWriter` added."""

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], solvents: list[str | None], multiplicities: list[str | None]
    ) -> None:
        self._arrays, self._solvents, self._multiplicities = arrays, solvents, multiplicities

    def ir(self, place: int) -> InfraredSpectrum:
        """The infrared spectrum at `place`."""
        first = place * IR_GRID.num_points
        return InfraredSpectrum(IR_GRID.axis, self._arrays["ir"][first : first + IR_GRID.num_points])

    def nmr(self, place: int, nucleus: Nucleus) -> NmrSpectrum | NmrPeaks:
        """The NMR spectrum at `place`."""
        entry = self._arrays["nmr"][place]
        part = slice(int(entry["first"]), int(entry["first"]) + int(entry["num"]))
        field_mhz = float(entry["field_mhz"]) if entry["has_field_mhz"] else None
        solvent = self._solvents[entry["solvent"]]
        if entry["is_trace"]:
            axis = NMR_GRIDS[nucleus].axis
            return NmrSpectrum(nucleus, axis, self._arrays["trace"][part], field_mhz, solvent)
        peaks = self._arrays["peaks"][part]
        return NmrPeaks(
            nucleus,
            peaks["shift_ppm"],
            multiplicity=_where_any(tuple(self._multiplicities[i] for i in peaks["multiplicity"])),
            coupling_hz=self._couplings(peaks),
            num_hydrogens=_where_any(
                tuple(
                    int(number) if known else None
                    for number, known in zip(peaks["num_hydrogens"], peaks["has_num_hydrogens"], strict=True)
                )
            ),
            width_ppm=peaks["width_ppm"] if peaks["has_width_ppm"].any() else None,
            shift_std_ppm=peaks["shift_std_ppm"] if peaks["has_shift_std_ppm"].any() else None,
            field_mhz=field_mhz,
            solvent=solvent,
        )

    def _couplings(self, peaks: NDArray[np.void]) -> tuple[tuple[float, ...], ...] | None:
        if not peaks["has_couplings"].any():
            return None
        values = self._arrays["couplings"]
        return tuple(
            tuple(values[first : first + num].tolist())
            for first, num in zip(
                peaks["first_coupling"].tolist(), peaks["num_couplings"].tolist(), strict=True
            )
        )


def _where_any(values: tuple[_T | None, ...]) -> tuple[_T | None, ...] | None:
    return values if any(value is not None for value in values) else None
