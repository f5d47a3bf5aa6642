"""Small letters in a ¹³C list that count hydrogens: `14.1 (q), 22.6 (t), 128.0 (d), 171.0 (s)`.

Before DEPT a ¹³C spectrum was measured with off-resonance decoupling, too, which leaves each line split by the carbon's
own hydrogens, and some authors go on writing these letters. In a decoupled spectrum only ¹⁹F, ³¹P and
the like split a line, and then the list gives the coupling. It needs the whole list and the compound's formula to tell
the two apart, so this is done when a record is cleaned, whatever format or file each of them came from.
"""

from __future__ import annotations

from dataclasses import replace

from molucid.spectra.nmr_multiplicity import CARBON_TYPES
from molucid.spectra.types import NmrPeaks, Record

_LETTERS = tuple(name.lower() for name in CARBON_TYPES)
_LEAST_LETTERS = 2
_HIGHEST_METHYL_PPM = 70.0
"""No CH₃ is above it (methoxy is below 65 ppm); a `q` there is a CF₃, or means a quaternary carbon."""
_SPLITTING_ELEMENTS = ("F", "P")
_SPLITTING_NUCLEI = ("19F", "31P")
_NAMING_NOTES = ("nuclei_not_used", "spectra_not_used")


def with_carbon_types(record: Record) -> Record:
    """The record with `S`, `D`, `T`, `Q` in place of a ¹³C list's small letters where they count hydrogens; noted.

    They do if the list has no coupling at all and no other splitting, at least two peaks and more than half of all
    have a letter, not all of them the same, no `q` is where no CH₃ is, and neither the formula nor the record's notes
    know of fluorine or phosphorus.
    """
    peaks = record.evidence.c_nmr
    if not isinstance(peaks, NmrPeaks) or not _counts_hydrogens(peaks) or _has_splitting_nuclei(record):
        return record
    types = tuple(name and name.upper() for name in peaks.multiplicity or ())
    note = f"{sum(map(bool, types))} of {len(types)} peaks: s, d, t, q count hydrogens"
    evidence = replace(record.evidence, c_nmr=replace(peaks, multiplicity=types))
    return replace(record, evidence=evidence, metadata={**record.metadata, "c_nmr_carbon_types": note})


def _counts_hydrogens(peaks: NmrPeaks) -> bool:
    names = peaks.multiplicity or ()
    letters = [name for name in names if name is not None]
    return (
        not any(peaks.coupling_hz or ())
        and set(letters) <= set(_LETTERS)
        and len(letters) >= _LEAST_LETTERS
        and 2 * len(letters) > len(names)
        # Programs call every line of a decoupled spectrum a singlet.
        and len(set(letters)) > 1
        and not any(
            name == "q" and shift > _HIGHEST_METHYL_PPM
            for name, shift in zip(names, peaks.shift_ppm.tolist(), strict=True)
        )
    )


def _has_splitting_nuclei(record: Record) -> bool:
    formula = record.evidence.formula
    told = " ".join(record.metadata.get(name, "") for name in _NAMING_NOTES)
    return (formula is not None and any(formula.count(element) for element in _SPLITTING_ELEMENTS)) or any(
        nucleus in told for nucleus in _SPLITTING_NUCLEI
    )
