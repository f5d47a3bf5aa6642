"""Observed nuclei: the names that files give them, and where their spectra stand in `Evidence`."""

from __future__ import annotations

import re
from typing import Literal

from molucid.errors import InputError, shorten
from molucid.spectra.types import Nucleus

SLOTS: dict[Nucleus, Literal["h_nmr", "c_nmr"]] = {"1H": "h_nmr", "13C": "c_nmr"}
"""Nucleus → field of `Evidence`, which begins the names of metadata, too."""

USUAL_FIELD_MHZ: dict[Nucleus, float] = {"1H": 400.0, "13C": 100.6}
"""Frequency of the nucleus where a spectrum states none."""

C_PER_H_FREQUENCY = 0.25145020
"""Frequency of ¹³C over that of ¹H in the same field (IUPAC 2001, Ξ scale)."""

_NAMES: dict[str, Nucleus] = {
    **dict.fromkeys(("1h", "h1", "h", "proton"), "1H"),
    **dict.fromkeys(("13c", "c13", "c", "carbon"), "13C"),
}


def parse_nucleus(text: str) -> Nucleus:
    """`1H`, `^1H`, `<1H>`, `H1`, `Proton`; `13C`, `^13C`, `C13`, `Carbon`, ….

    Raises:
        InputError: another nucleus (`unsupported_nucleus`).
    """
    nucleus = _NAMES.get(re.sub(r"[^a-z0-9]", "", text.lower()))
    if nucleus is None:
        raise InputError(
            f"a spectrum of nucleus {shorten(text)!r}",
            "1H or 13C",
            hint="leave out spectra of other nuclei; no model here reads them",
            code="unsupported_nucleus",
        )
    return nucleus
