"""Coupling constants in NMR text: `J = 8.0, 2.1 Hz`, `³J(H,H) = 7.7`, `J1 = 8.6 Hz, J2 = 2`, `3JHH 3.8`, `8.0 Hz`."""

from __future__ import annotations

import re

from molucid.spectra.nmr_text_plain import NUMBER

_J_VALUE = rf"{NUMBER}(?:\s*-\s*{NUMBER})?(?![\d.]*\d|\s?x|['\-]?[A-GI-Za-gi-z])(?!\s?H(?!z))"
_J_SEPARATOR = r"\s*(?:,|;|&|/|and\b)\s*"
# A further value has a decimal point, its own Hz, or a Hz behind the whole list; after a Hz, only its own: in
# "J = 8.5 Hz, 2,6-ArH" stands one coupling.
_J_LAST = r"(?=\s*(?:Hz|[)\]]|$|,\s*(?!\d+\s?[\-',])))"
_J_LISTED = rf"\d{{1,3}}\.\d+|\d{{1,3}}(?=(?:{_J_SEPARATOR}{NUMBER}){{0,4}}\s*Hz)|\d{{1,3}}{_J_LAST}"
_J_MORE = rf"\s*Hz{_J_SEPARATOR}{NUMBER}(?=\s*Hz)|{_J_SEPARATOR}(?:{_J_LISTED})(?!\s?H(?!z))"
_J_VALUES = rf"{_J_VALUE}(?:{_J_MORE}){{0,8}}"
_J = r"(?<![A-Za-z])(?:\^?[1-6n]\s?)?J"
_J_NAME = r"(?:[^=:;)\d][^=:;()]{0,14}|[^=:;()]{0,14}|\s?_?\([^()=]{1,16}\)[^=:;()]{0,6})"
_J_SHORT_NAME = r"(?:\s?\([^()=]{1,16}\)|[A-Za-z,\-']{0,8})"
# 3J(H,H) = 7.7; J1 = 8.6; JC-F = 32; J = 8.0, 2.1; then without a sign of equality: 3JHH 3.8; then without J: 8.0 Hz
_COUPLING = re.compile(
    rf"(?:{_J}{_J_NAME}\s*[=:]\s*(?:J\d?\s*=\s*)?(?:ca\.?\s*)?(?P<named>{_J_VALUES})"
    rf"|{_J}{_J_SHORT_NAME}\s+(?P<short>{_J_VALUES})"
    rf"|(?<![\d.=])(?P<bare>{_J_VALUES})(?=\s*Hz))\s*(?:Hz)?\.?",
    re.IGNORECASE,
)
_J_ONE = re.compile(rf"({NUMBER})(?:\s*-\s*({NUMBER}))?")
BROKEN_COUPLING = re.compile(r"(?<![A-Za-z])[1-6]?J[A-Za-z\-,]{0,6}\s*=")
"""A `J =` from which no value could be read."""


def cut_couplings(flat: str, end: int) -> tuple[str, list[tuple[int, list[float]]]]:
    """The text with commas in place of its couplings, and where each stood with its values."""
    found: list[tuple[int, list[float]]] = []

    def cut(match: re.Match[str]) -> str:
        values = match["named"] or match["short"] or match["bare"]
        found.append((match.start(), [_mean(value) for value in _J_ONE.finditer(values)]))
        return "," * len(match[0])

    return _COUPLING.sub(cut, flat[:end]) + flat[end:], found


def _mean(value: re.Match[str]) -> float:
    return (float(value[1]) + float(value[2] or value[1])) / 2
