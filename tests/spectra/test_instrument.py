from __future__ import annotations

import pytest

from molucid.spectra.instrument import INSTRUMENT_CLASSES, instrument_class


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LC-ESI-QTOF", "qtof"),
        ("ESI-QTOF", "qtof"),
        ("GC-APCI-QTOF", "qtof"),
        ("LC-ESI-TOF", "qtof"),
        ("Bruker maXis Impact", "qtof"),
        ("TripleTOF 5600 SCIEX", "qtof"),
        ("6550 Q-TOF (Agilent Technologies)", "qtof"),
        ("LC-ESI-QFT", "orbitrap"),
        ("LC-ESI-ITFT", "orbitrap"),
        ("LC-ESI-FT", "orbitrap"),
        ("Q Exactive Plus Orbitrap Thermo Scientific", "orbitrap"),
        ("LTQ Orbitrap XL Thermo Scientific", "orbitrap"),
        ("Orbitrap Fusion Lumos", "orbitrap"),
        ("HCD", "orbitrap"),
        ("LTQ-FT", "fticr"),
        ("solariX FT-ICR", "fticr"),
        ("LC-ESI-QQ", "qqq"),
        ("QqQ", "qqq"),
        ("4000 QTRAP", "qqq"),
        ("Xevo TQ-S", "qqq"),
        ("LC-ESI-IT", "ion_trap"),
        ("LC-ESI-ITTOF", "ion_trap"),
        ("LC_ESI_IT", "ion_trap"),
        ("LTQ", "ion_trap"),
        ("ion trap", "ion_trap"),
        ("FAB-EBEB", "other"),
        ("MALDI-TOFTOF", "other"),
        ("unit resolution", "other"),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_class_of_written_instruments(text: str | None, expected: str | None) -> None:
    assert instrument_class(text) == expected
    assert expected is None or expected in INSTRUMENT_CLASSES
