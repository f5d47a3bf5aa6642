"""From the many ways in which an instrument is written to one of six classes of fragmentation behaviour."""

from __future__ import annotations

import re

INSTRUMENT_CLASSES = ("orbitrap", "qtof", "ion_trap", "qqq", "fticr", "other")
"""Classes a model may condition on, in the fixed order of their ids.

`orbitrap`: beam-type or trap dissociation read out in an Orbitrap; `qtof`: quadrupole time-of-flight;
`ion_trap`: trap dissociation and trap read-out; `qqq`: triple quadrupole, linear-trap hybrids included;
`fticr`: ion cyclotron resonance; `other`: written, but none of these.
"""

# Searched in order in the lower-cased text; the first match decides.
_RULES: tuple[tuple[str, str], ...] = (
    ("fticr", r"ft[- ]?icr|\bicr\b|ltq[- ]?ft\b|solarix|\bapex\b|scimax"),
    # MassBank's types: QFT is a quadrupole-Orbitrap, ITFT an LTQ-Orbitrap. Its records of the bare type FT
    # are HCD spectra, which no cyclotron makes.
    (
        "orbitrap",
        r"orbi ?trap|exactive|exploris|\bqe\b|\bfusion\b|lumos|\bid-?x\b|astral|\b(qft|itft|ft)\b|\bhcd\b",
    ),
    ("ion_trap", r"it[- ]?tof|qit[- ]?tof"),
    ("other", r"tof[-/ ]?tof"),
    (
        "qtof",
        r"q[- /]?(q[- /]?)?tof|tripletof|ttof|zenotof|timstof|maxis|impact|compact|microtof|synapt|xevo g2"
        r"|\bvion\b|\b65[2-5]\d[a-z]?\b|x500r|\btof\b",
    ),
    (
        "qqq",
        r"q[- ]?trap|\bqqq\b|\bqq\b|triple[- ]?quad|\btsq\b|xevo[- ]tq|quattro|\b64[1-9]\d[a-z]?\b"
        r"|\btq[ds]?\b",
    ),
    ("ion_trap", r"ion[- ]?trap|\bq?it\b|\blit\b|\bltq\b|\blcq\b|amazon|\bhct"),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _RULES)


def instrument_class(text: str | None) -> str | None:
    """The class of an instrument as a source writes it, e.g. `LC-ESI-QTOF`, `Q Exactive Plus`, `QqQ`.

    Args:
        text: instrument type or model; `None` or blank if the source says nothing.

    Returns:
        One of `INSTRUMENT_CLASSES`, or `None` where nothing is known.
    """
    if text is None or not text.strip():
        return None
    lowered = text.lower().replace("_", "-")  # an underscore would be a letter to \\b
    return next((name for name, pattern in _COMPILED if pattern.search(lowered)), "other")
