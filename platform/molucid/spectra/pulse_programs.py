"""Pulse programs that edit a ¹³C spectrum by the hydrogens of its carbons."""

from __future__ import annotations

import re

from molucid.errors import InputError, shorten

# As Bruker and Varian name them: dept135, deptqgpsp, APT, jmod, pendant, ineptrd, but not an adapted program.
_EDITED = re.compile(r"dept|(?<!ad)apt|jmod|pendant|inept", re.IGNORECASE)


def is_edited(pulse_program: str | None) -> bool:
    """Whether lines of a spectrum point down or are missing by the number of hydrogens: DEPT, APT, PENDANT, INEPT."""
    return pulse_program is not None and _EDITED.search(pulse_program) is not None


def require_unedited(pulse_program: str | None) -> None:
    """Refuse an edited spectrum (`edited_spectrum`); a file that names no pulse program passes."""
    if pulse_program is not None and is_edited(pulse_program):
        raise InputError(
            f"a spectrum of the pulse program {shorten(pulse_program, 40)}",
            "a plain spectrum, in which every carbon has a positive line",
            hint="leave out DEPT, APT and INEPT, and give the decoupled 13C spectrum (e.g. zgpg30, s2pul)",
            code="edited_spectrum",
        )
