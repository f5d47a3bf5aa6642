"""One peak at a time, as readers of peak lists meet them, and the list that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from molucid.errors import InputError
from molucid.spectra.nmr_multiplicity import couplings_per_partner
from molucid.spectra.nmr_window import ShiftWindowConfig, check_shift
from molucid.spectra.types import NmrPeaks, Nucleus


@dataclass(slots=True)
class PeakEntry:
    """One line or multiplet.

    Attributes:
        shift_ppm: its centre.
        width_ppm: width of the range where the source gives one instead of a centre; else 0.
        multiplicity: canonical name, see `molucid.spectra.nmr_multiplicity`; ¹³C also `S`, `D`, `T`, `Q`.
        coupling_hz: couplings as written: one for each splitting, or one for each partner.
        num_hydrogens: number of hydrogens, of carbons for ¹³C.
    """

    shift_ppm: float
    width_ppm: float = 0.0
    multiplicity: str | None = None
    coupling_hz: tuple[float, ...] = ()
    num_hydrogens: int | None = None


def peaks_of(
    nucleus: Nucleus,
    entries: Sequence[PeakEntry],
    field_mhz: float | None = None,
    solvent: str | None = None,
) -> NmrPeaks:
    """The peak list of `entries`; a property that no entry has is absent from the whole list.

    Raises:
        InputError: no entry (`no_peaks`), or what is no possible shift (see `check_shift`).
    """
    if not entries:
        raise InputError(
            f"a {nucleus} list without peaks",
            "at least one peak",
            hint="write the shifts, or leave the list out",
            code="no_peaks",
        )
    window = ShiftWindowConfig()
    for entry in entries:
        check_shift(entry.shift_ppm, entry.width_ppm, nucleus, window)
    multiplicity = tuple(entry.multiplicity for entry in entries)
    # S, D, T and Q count attached hydrogens; they are no splittings and have no couplings.
    coupling = tuple(
        couplings_per_partner(None if (name or "").isupper() else name, entry.coupling_hz)
        for entry, name in zip(entries, multiplicity, strict=True)
    )
    number = tuple(entry.num_hydrogens for entry in entries)
    width = np.array([entry.width_ppm for entry in entries], np.float64)
    return NmrPeaks(
        nucleus,
        shift_ppm=np.array([entry.shift_ppm for entry in entries], np.float64),
        multiplicity=multiplicity if any(name is not None for name in multiplicity) else None,
        coupling_hz=coupling if any(coupling) else None,
        num_hydrogens=number if any(count is not None for count in number) else None,
        width_ppm=width if width.any() else None,
        field_mhz=field_mhz,
        solvent=solvent,
    )
