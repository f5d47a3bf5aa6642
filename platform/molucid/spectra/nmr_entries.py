"""One peak at a time, as readers of peak lists meet them, the list that they make, and the record with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from molucid.errors import InputError
from molucid.spectra.nmr_multiplicity import (
    carbon_type,
    couplings_per_partner,
    known_multiplicity,
    parse_multiplicity,
)
from molucid.spectra.nmr_window import ShiftWindowConfig, check_shift
from molucid.spectra.referencing import ReferencingConfig, settle
from molucid.spectra.types import NmrPeaks, NmrSpectrum, Nucleus, Record

_NEARLY_WHOLE = 0.15
"""Distance of a measured integral from a whole number that still is that number of hydrogens."""


@dataclass(slots=True)
class PeakEntry:
    """One line or multiplet.

    Attributes:
        shift_ppm: its centre.
        width_ppm: width of the range where the source gives one instead of a centre; else 0.
        multiplicity: canonical name, see `molucid.spectra.nmr_multiplicity`; ¹³C also `S`, `D`, `T`, `Q`.
        coupling_hz: couplings as written: one for each splitting, or one for each partner; signs are not kept.
        num_hydrogens: number of hydrogens, of carbons for ¹³C.
    """

    shift_ppm: float
    width_ppm: float = 0.0
    multiplicity: str | None = None
    coupling_hz: tuple[float, ...] = ()
    num_hydrogens: int | None = None


def whole_number(integral: float | None) -> int | None:
    """The number of atoms that an integral states; a fraction, as of one rotamer, states none."""
    return int(integral) if integral and integral == int(integral) else None


def nearly_whole_number(integral: float | None) -> int | None:
    """The number of hydrogens that an integral over a trace measures; `None` between two numbers or below 1."""
    number = round(integral or 0.0)
    return number if number >= 1 and abs((integral or 0.0) - number) <= _NEARLY_WHOLE else None


def known_multiplicity_of(text: str, nucleus: Nucleus) -> str | None:
    """As `multiplicity_of`, with `None` for text that names neither."""
    # The capitals of a carbon tell its hydrogens, not a splitting.
    return (carbon_type(text) if nucleus == "13C" else None) or known_multiplicity(text)


def multiplicity_of(text: str, nucleus: Nucleus) -> str:
    """Canonical name of a splitting; for ¹³C the type of the carbon where `text` is one (`Q`, `CH3`).

    Raises:
        InputError: `unknown_multiplicity`.
    """
    return known_multiplicity_of(text, nucleus) or parse_multiplicity(text)


def peaks_of(
    nucleus: Nucleus,
    entries: Sequence[PeakEntry],
    window: ShiftWindowConfig,
    field_mhz: float | None = None,
    solvent: str | None = None,
) -> NmrPeaks:
    """The peak list of `entries`; a property that no entry has is absent from the whole list.

    Raises:
        InputError: no entry (`no_peaks`), what is no possible shift (see `check_shift`), or what `NmrPeaks` refuses.
    """
    if not entries:
        raise InputError(
            f"a {nucleus} list without peaks",
            "at least one peak",
            hint="write the shifts, or leave the list out",
            code="no_peaks",
        )
    for entry in entries:
        check_shift(entry.shift_ppm, entry.width_ppm, nucleus, window)
    multiplicity = tuple(entry.multiplicity for entry in entries)
    # S, D, T and Q count attached hydrogens; they are no splittings and have no couplings.
    coupling = tuple(
        couplings_per_partner(
            None if (name or "").isupper() else name, [abs(value) for value in entry.coupling_hz]
        )
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


def with_nmr(
    record: Record,
    found: Mapping[Nucleus, NmrSpectrum | NmrPeaks],
    stated: str,
    config: ReferencingConfig,
) -> Record:
    """The record with its NMR, without the lines of the solvent, and with the notes on what was done.

    Args:
        record: without NMR.
        found: nucleus → its spectrum.
        stated: how the source states the reference of its shifts.
        config: which lines leave.
    """
    settled = {}
    metadata = dict(record.metadata)
    for nucleus, nmr in found.items():
        settled[nucleus], notes = settle(nmr, stated, config)
        metadata |= notes | _uncounted(settled[nucleus])
    evidence = replace(record.evidence, h_nmr=settled.get("1H"), c_nmr=settled.get("13C"))
    return replace(record, evidence=evidence, metadata=metadata)


def _uncounted(nmr: NmrSpectrum | NmrPeaks | None) -> dict[str, str]:
    """The note on peaks without a number of hydrogens in a ¹H list that gives it for others."""
    if not isinstance(nmr, NmrPeaks) or nmr.nucleus != "1H" or nmr.num_hydrogens is None:
        return {}
    number = nmr.num_hydrogens.count(None)
    return {"h_nmr_without_hydrogens": f"{number} of {len(nmr.num_hydrogens)} peaks"} if number else {}
