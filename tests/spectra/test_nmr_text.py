"""The grammar of experimental sections: values by hand, peaks through text and back, and no text that breaks it."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molucid.errors import InputError
from molucid.spectra.nmr_multiplicity import coupling_partners, couplings_per_partner
from molucid.spectra.nmr_text import NmrText, first_section, parse_nmr_text
from molucid.spectra.types import NmrPeaks, Nucleus

Row = tuple[float, float, str | None, tuple[float, ...], int | None]


def rows(peaks: NmrPeaks | None) -> list[Row]:
    """(shift, width, splitting, couplings, number) per peak, ascending."""
    assert peaks is not None
    absent = [None] * len(peaks.shift_ppm)
    columns = zip(
        peaks.shift_ppm.tolist(),
        peaks.width_ppm.tolist() if peaks.width_ppm is not None else [0.0] * len(absent),
        peaks.multiplicity or absent,
        peaks.coupling_hz or [()] * len(absent),
        peaks.num_hydrogens or absent,
        strict=True,
    )
    return list(columns)


def parsed(text: str, nucleus: Nucleus) -> list[Row]:
    found = parse_nmr_text(text, nucleus)
    return rows(found.h_nmr if nucleus == "1H" else found.c_nmr)


D = (7.26, 0.0, "d", (8.0,), 2)
S = (3.65, 0.0, "s", (), 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # order and separators inside of parentheses
        ("7.26 (d, J = 8.0 Hz, 2H), 3.65 (s, 3H)", [S, D]),
        ("7.26 (2H, d, J = 8.0 Hz), 3.65 (3H, s)", [S, D]),
        ("7.26 (d, 2H, J = 8.0 Hz, ArH); 3.65 (s, 3H, OCH3)", [S, D]),
        ("7.26 (d; J = 8.0 Hz; 2H). 3.65 (s; 3H).", [S, D]),
        ("7.26 [d, J = 8.0 Hz, 2H, 3(9)-CH], 3.65 {s, 3H}", [S, D]),
        ("7.26 (d,J=8.0Hz,2H),3.65(s,3H)", [S, D]),
        ("7.26 (2H, H-2, d, J = 8.0), 3.65 (CH3, s, 3H)", [S, D]),
        ("7.26 (d, J = 8.0 Hz, 2H, ArH) 3.65 (s, 3H) ppm", [S, D]),
        ("7.26 (d, J = 8.0 Hz, 2 H) and 3.65 ppm (s, 3 H)", [S, D]),
        ("7.26 (d, J = 8.0 Hz, Ar 2H), 3.65 (s. 3H)", [S, D]),
        # without parentheses
        ("7.26, d, J = 8.0 Hz, 2H; 3.65, s, 3H", [S, D]),
        ("7.26 d (J = 8.0 Hz, 2H), 3.65 s (3H)", [S, D]),
        ("δ 7.26 (d, J = 8.0 Hz, 2H); δ 3.65 (s, 3H)", [S, D]),
        # characters
        ("7.26\u2009(d,\u2009J\u2009=\u20098.0\u2009Hz, 2\u202fH), 3.65\xa0(s, 3H)", [S, D]),
        ("7,26 (d, J = 8,0 Hz, 2H), 3,65 (s, 3H)", [S, D]),
        ("7.26 (d, J ＝ 8.0 Hz, 2Н)， 3.65 （s, 3H）", [S, D]),
        ("−0.05 (s, 9H, SiMe3)", [(-0.05, 0.0, "s", (), 9)]),
        ("- 0.05 (s, 9H)", [(-0.05, 0.0, "s", (), 9)]),
        # ranges
        ("7.83–7.81 (2H, m)", [(7.82, 0.02, "m", (), 2)]),
        ("7.40 - 7.50 (m, 2H)", [(7.45, 0.1, "m", (), 2)]),
        ("3.93~3.23 (11H, m, sugar)", [(3.58, 0.7, "m", (), 11)]),
        ("0.10–−0.10 (m, 4H)", [(0.0, 0.2, "m", (), 4)]),
        ("7.40--7.50 (m, 2H)", [(7.45, 0.1, "m", (), 2)]),
        # couplings
        ("4.12 (q, J = 7.1 Hz, 2H)", [(4.12, 0.0, "q", (7.1, 7.1, 7.1), 2)]),
        ("7.3 (dt, J = 8.0, 2.1 Hz, 1H)", [(7.3, 0.0, "dt", (8.0, 2.1, 2.1), 1)]),
        ("7.3 (dt, J = 8, 2 Hz, 1H)", [(7.3, 0.0, "dt", (8.0, 2.0, 2.0), 1)]),
        ("7.3 (dt, J = 8, 2, 1H)", [(7.3, 0.0, "dt", (8.0, 2.0, 2.0), 1)]),
        ("7.3 (ddt, J = 17.0, 10.3, 6.6 Hz, 1H)", [(7.3, 0.0, "ddt", (17.0, 10.3, 6.6, 6.6), 1)]),
        ("7.3 (dd, J = 10.0 and 3.2 Hz, 1H)", [(7.3, 0.0, "dd", (10.0, 3.2), 1)]),
        ("7.3 (dd, J = 17.15 & 7.03 Hz, 1H)", [(7.3, 0.0, "dd", (17.15, 7.03), 1)]),
        ("7.3 (dd, J = 15.3 Hz, J = 1.5 Hz, 1H)", [(7.3, 0.0, "dd", (15.3, 1.5), 1)]),
        ("7.3 (dd, J1 = 8.0 Hz, J2 = 1.2 Hz, 1H)", [(7.3, 0.0, "dd", (8.0, 1.2), 1)]),
        ("7.3 (t, J1 = J2 = 3.6, 1H)", [(7.3, 0.0, "t", (3.6, 3.6), 1)]),
        ("7.3 (dd, ³J = 8.0 Hz, ⁴J = 1.2 Hz, 1H)", [(7.3, 0.0, "dd", (8.0, 1.2), 1)]),
        ("7.3 (dd, 3J(H,H) = 8.0 Hz, 4J(H,H) = 1.2 Hz, 1H)", [(7.3, 0.0, "dd", (8.0, 1.2), 1)]),
        ("7.3 (d, 3JHH 8.0 Hz, 1H)", [(7.3, 0.0, "d", (8.0,), 1)]),
        ("7.3 (d, J 8.0, 1H)", [(7.3, 0.0, "d", (8.0,), 1)]),
        ("7.3 (d, 6.9 Hz, 3H)", [(7.3, 0.0, "d", (6.9,), 3)]),
        ("7.3 (d, J = 6.5–7.0 Hz, 2H)", [(7.3, 0.0, "d", (6.75,), 2)]),
        ("7.3 (J = 7 Hz, 2H)", [(7.3, 0.0, None, (7.0,), 2)]),
        ("7.3 (d, J = 8.5 Hz, 2H, 2,6-ArH)", [(7.3, 0.0, "d", (8.5,), 2)]),
        ("7.3 (d, J = 8.5 Hz, 2,6-ArH)", [(7.3, 0.0, "d", (8.5,), None)]),
        # words for splittings
        ("5.57 (br. s, 1H)", [(5.57, 0.0, "br s", (), 1)]),
        ("5.57 (s, broad, 1H)", [(5.57, 0.0, "br s", (), 1)]),
        ("2.45 (app t, J = 7.0 Hz, 2H)", [(2.45, 0.0, "t", (7.0, 7.0), 2)]),
        ("1.9 (hept, J = 6.9 Hz, 1H)", [(1.9, 0.0, "sept", (6.9,) * 6, 1)]),
        ("7.4 (AA'BB', 4H)", [(7.4, 0.0, "m", (), 4)]),
        ("7.98 (2H, overlapped)", [(7.98, 0.0, None, (), 2)]),
        # numbers
        ("7.3 (m, 2 × 2H)", [(7.3, 0.0, "m", (), 4)]),
        ("7.3 (m, 14 H, –CH2–)", [(7.3, 0.0, "m", (), 14)]),
        ("7.5 (4H), 5.0 (2H)", [(5.0, 0.0, None, (), 2), (7.5, 0.0, None, (), 4)]),
        ("9.1 (s, OH)", [(9.1, 0.0, "s", (), None)]),
        ("7.3 (Ph, 5H)", [(7.3, 0.0, None, (), 5)]),
        ("7.3 (C6H, m, 5H)", [(7.3, 0.0, "m", (), 5)]),
        # one description of several shifts
        ("4.25 and 4.64 (2s, 2H)", [(4.25, 0.0, "s", (), 1), (4.64, 0.0, "s", (), 1)]),
        ("1.8, 2.2 (both s, 4H)", [(1.8, 0.0, "s", (), 2), (2.2, 0.0, "s", (), 2)]),
        ("1.8 and 2.2 (s, 3H)", [(1.8, 0.0, "s", (), None), (2.2, 0.0, "s", (), None)]),
        ("7.3 (2 × d, J = 8 Hz, 4H)", [(7.3, 0.0, "m", (8.0,), 4)]),
    ],
)
def test_proton_peaks(text: str, expected: list[Row]) -> None:
    assert parsed(text, "1H") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "128.3,128.0, and 127.4 ppm",
            [(127.4, 0.0, None, (), None), (128.0, 0.0, None, (), None), (128.3, 0.0, None, (), None)],
        ),
        ("123.4 (q, JCF = 272.8 Hz, CF3)", [(123.4, 0.0, "q", (272.8, 272.8, 272.8), None)]),
        ("162.6 (d, ¹JC–F = 250 Hz)", [(162.6, 0.0, "d", (250.0,), None)]),
        ("162.6 (d, J = 250.1 Hz, 2C)", [(162.6, 0.0, "d", (250.1,), 2)]),
        ("130.1 (2C)", [(130.1, 0.0, None, (), 2)]),
        ("130.1 (2 × C)", [(130.1, 0.0, None, (), 2)]),
        ("120.4 (2 ×)", [(120.4, 0.0, None, (), 2)]),
        ("29.7(6)", [(29.7, 0.0, None, (), 6)]),
        ("128.5 × 2, 99", [(99.0, 0.0, None, (), None), (128.5, 0.0, None, (), 2)]),
        ("113.9×2", [(113.9, 0.0, None, (), 2)]),
        ("2 × 21.1", [(21.1, 0.0, None, (), 2)]),
        ("20.1 (CH3), 35.1 (CH2)", [(20.1, 0.0, "Q", (), None), (35.1, 0.0, "T", (), None)]),
        ("40.1 (Cq), 130.2 (2CH)", [(40.1, 0.0, "S", (), None), (130.2, 0.0, "D", (), 2)]),
        ("14.1 (Q), 171.0 (S, C-1)", [(14.1, 0.0, "Q", (), None), (171.0, 0.0, "S", (), None)]),
        ("60.2 (2T), 128.0 (2 x D)", [(60.2, 0.0, "T", (), 2), (128.0, 0.0, "D", (), 2)]),
        ("162.6 (D, J = 250 Hz)", [(162.6, 0.0, "d", (250.0,), None)]),
        ("170.1 (C=O), 55.1 (OCH3)", [(55.1, 0.0, None, (), None), (170.1, 0.0, None, (), None)]),
        ("129.9–129.7 (2C)", [(129.8, 0.2, None, (), 2)]),
        ("129.5 (C-3, 5)", [(129.5, 0.0, None, (), None)]),
        ("129.5 (Ph), 130.1 (p)", [(129.5, 0.0, None, (), None), (130.1, 0.0, None, (), None)]),
        ("−4.7 (CH3Si)", [(-4.7, 0.0, None, (), None)]),
        ("103.7 (4 s, C≡C)", [(103.7, 0.0, "m", (), None)]),
    ],
)
def test_carbon_peaks(text: str, expected: list[Row]) -> None:
    assert parsed(text, "13C") == expected


@pytest.mark.parametrize(
    ("head", "field_mhz", "solvent"),
    [
        ("¹H NMR (400 MHz, CDCl₃) δ ", 400, "CDCl3"),
        ("1H-NMR (CDCl3, 500 MHz, 25 °C): δ (ppm): ", 500, "CDCl3"),
        ("1 H NMR (DMSO-d 6, 300.13 MHz, 298 K) δ=", 300.13, "DMSO-d6"),
        ("1H NMR, acetone-d6, δ, ppm: ", None, "acetone-d6"),
        ("1H NMR, 300 MHz (DMSO‑d6): δ ", 300, "DMSO-d6"),
        ("1H NMR ((CD3)2SO, 600 MHz) δ/ppm ", 600, "DMSO-d6"),
        ("H NMR δ (400 MHz; CD3OD): ", 400, "CD3OD"),
        ("^1H{31P} NMR (Figure S27): ", None, None),
        ("1H NMR spectrum (CDCl3/CD3OD 9:1, 400 MHz) δH ", 400, None),
        ("δH (400 MHz, CDCl3) ", 400, "CDCl3"),
        ("The 1H NMR data of 3 in CDCl3 showed δ ", None, "CDCl3"),
    ],
)
def test_heads(head: str, field_mhz: float | None, solvent: str | None) -> None:
    peaks = parse_nmr_text(head + "7.26 (d, J = 8.0 Hz, 2H), 3.65 (s, 3H)").h_nmr
    assert rows(peaks) == [S, D]
    assert peaks is not None
    assert (peaks.field_mhz, peaks.solvent) == (field_mhz, solvent)


def test_a_carbon_list_headed_by_the_frequency_of_protons() -> None:
    peaks = parse_nmr_text("13C{1H} NMR (400 MHz, CDCl3) δ 99.1").c_nmr
    assert peaks is not None
    assert peaks.field_mhz == pytest.approx(100.58)
    other = parse_nmr_text("13C NMR (101 MHz, CDCl3) δ 99.1").c_nmr
    assert other is not None
    assert other.field_mhz == 101


PARAGRAPH = """Methyl ester 7. White solid, mp 120–122 °C; Rf 0.31. IR (ATR) 1720 cm-1. ¹H NMR (400 MHz, CDCl3) δ 7.26
(d, J = 8.0 Hz,
2H), 3.65 (s, 3H); 13C NMR (101 MHz, CDCl3) δ 166.1, 51.9 (CH3). 19F NMR (376 MHz) δ −62.1 (s). HRMS (ESI) m/z calcd
for C9H9FO2 [M+H]+ 169.0659, found 169.0661."""


def test_a_paragraph_with_other_techniques() -> None:
    found = parse_nmr_text(PARAGRAPH)
    assert rows(found.h_nmr) == [S, D]
    assert rows(found.c_nmr) == [(51.9, 0.0, "Q", (), None), (166.1, 0.0, None, (), None)]
    assert found.unused == ("19F",)


@pytest.mark.parametrize(
    "tail",
    [
        ". HRMS (ESI): m/z calcd 194.08, found 194.0801.",
        "; MS (EI) m/z 194.",
        ". Anal. Calcd for C8H10N4O2: C, 49.48; H, 5.19.",
        "; IR (KBr) 3310, 1650 cm-1",
        ". The data match those of 2012.",
    ],
)
def test_what_follows_a_section_is_not_read(tail: str) -> None:
    assert rows(parse_nmr_text("1H NMR: 7.26 (d, J = 8.0 Hz, 2H), 3.65 (s, 3H)" + tail).h_nmr) == [S, D]


@pytest.mark.parametrize(
    ("text", "nucleus", "code", "character"),
    [
        ("7.26 (d, J = 8.0 Hz, 2H, 3.65 (s, 3H)", "1H", "unbalanced_parenthesis", 6),
        ("7.26 d, J = 8.0 Hz, 2H), 3.65 (s, 3H)", "1H", "unbalanced_parenthesis", 23),
        ("7.26 (d, 2H, 3.65 (s, 3H))", "1H", "unbalanced_parenthesis", 13),
        ("7.10 (m, 3H, 3.91 s, 3H), 1.2 (s, 3H)", "1H", "unbalanced_parenthesis", 22),
        ("7.10 (m 3H 3.91 s 3H)", "1H", "unbalanced_parenthesis", 19),
        ("7.26 (s, 2H]", "1H", "unbalanced_parenthesis", 12),
        ("1H NMR (400 MHz, CDCl3 δ 7.26", "1H", "unbalanced_parenthesis", 8),
        ("7.26 (zz, 2H)", "1H", "unknown_multiplicity", 7),
        ("7.1 (s, 1H), 77.26 (s, 1H)", "1H", "shift_outside_window", 14),
        ("130.1, 1501", "13C", "shift_outside_window", 8),
        ("112.3–148.9 (Ar-C), 182.1", "13C", "shift_range_too_wide", 1),
        ("43.6, 5.3.3", "13C", "malformed_shift", 7),
        ("7.58 (s, 1H), 2. 30 (s, 3H)", "1H", "malformed_shift", 15),
        ("7.26d (2H)", "1H", "malformed_shift", 1),
        ("7.26 (d, J = Hz, 2H)", "1H", "malformed_coupling", 10),
        ("1H NMR (400 MHz, CDCl3)", "1H", "no_peaks", 1),
        ("1H NMR (CDCl3) 7.1 (s, 1H); 13C NMR (CDCl3)", "13C", "no_peaks", 29),
        ("1H NMR 7.1 (s, 1H); 1H NMR 7.2 (s, 1H)", "1H", "repeated_spectrum", 21),
    ],
)
def test_faults_name_the_character(text: str, nucleus: Nucleus, code: str, character: int) -> None:
    with pytest.raises(InputError) as fault:
        parse_nmr_text(text, nucleus)
    assert fault.value.code == code
    assert f"at character {character} (" in fault.value.got
    assert "»" in fault.value.got
    assert fault.value.hint


def test_a_text_without_nmr_is_refused() -> None:
    assert first_section("HRMS (ESI) m/z 194.08") is None
    assert first_section("19F NMR -62.1") is None
    assert first_section(PARAGRAPH) == PARAGRAPH.index("¹H NMR")
    for text in ("HRMS (ESI) m/z 194.08", "19F NMR -62.1", ""):
        with pytest.raises(InputError) as fault:
            parse_nmr_text(text)
        assert fault.value.code == "no_nmr_text"


# Peaks to text and back.

NAMES = [
    "s",
    "d",
    "t",
    "q",
    "quint",
    "sext",
    "sept",
    "dd",
    "dt",
    "td",
    "ddd",
    "tt",
    "m",
    "br s",
    "br d",
    "ddt",
]
SHIFTS = st.integers(-100, 1500).map(lambda hundredths: hundredths / 100)
COUPLINGS = st.integers(5, 200).map(lambda tenths: tenths / 10)


@st.composite
def proton_peaks(draw: st.DrawFn) -> NmrPeaks:
    shifts = draw(st.lists(SHIFTS, min_size=1, max_size=8, unique=True))
    names = [draw(st.sampled_from(NAMES)) for _ in shifts]
    couplings = []
    for name in names:
        partners = coupling_partners(name) or ()
        values = draw(st.lists(COUPLINGS, min_size=len(partners), max_size=len(partners)))
        values = [] if name.endswith("s") else sorted(values, reverse=True)
        couplings.append(couplings_per_partner(name, values if draw(st.booleans()) else []))
    return NmrPeaks(
        "1H",
        np.array(shifts),
        multiplicity=tuple(names),
        coupling_hz=tuple(couplings),
        num_hydrogens=tuple(draw(st.integers(1, 12)) for _ in shifts),
        width_ppm=np.array([draw(st.sampled_from([0.0, 0.02, 0.1])) for _ in shifts]),
        field_mhz=draw(st.sampled_from([None, 300.0, 400.13])),
        solvent=draw(st.sampled_from([None, "CDCl3", "DMSO-d6"])),
    )


def written(peaks: NmrPeaks, style: int) -> str:
    """An experimental section in one of four styles."""
    head = [f"{peaks.field_mhz:g} MHz"] if peaks.field_mhz else []
    head += [peaks.solvent] if peaks.solvent else []
    parts = []
    for shift, width, name, couplings, number in rows(peaks):
        shown = (
            f"{shift:.2f}"
            if not width
            else f"{shift + width / 2:.3f}{'–-~'[style % 3]}{shift - width / 2:.3f}"
        )
        values = ", ".join(f"{value:.1f}" for value in couplings)
        coupling = [f"J = {values} Hz" if style % 2 else f"³J = {values}"] if couplings else []
        count = f"{number}H" if style != 1 else f"{number} H"
        items = [str(name), *coupling, count] if style < 2 else [count, str(name), *coupling]
        parts.append(f"{shown} ({', '.join([*items, 'ArH-2'])})")
    return f"¹H NMR{f' ({chr(44).join(head)})' if head else ''} δ {('; ', ', ')[style // 2].join(parts)} ppm"


@given(peaks=proton_peaks(), style=st.integers(0, 3))
def test_peaks_through_text_and_back(peaks: NmrPeaks, style: int) -> None:
    found = parse_nmr_text(written(peaks, style).replace("-0.", "−0."))
    assert found.h_nmr is not None
    assert (found.h_nmr.field_mhz, found.h_nmr.solvent) == (peaks.field_mhz, peaks.solvent)
    for got, expected in zip(rows(found.h_nmr), rows(peaks), strict=True):
        assert got[0] == pytest.approx(expected[0], abs=1e-6)
        assert got[1] == pytest.approx(expected[1], abs=1e-6)
        assert got[2:] == expected[2:]


# No text breaks it.

SNIPPETS = st.sampled_from(
    [
        *(
            "1H NMR",
            "13C NMR (101 MHz, CDCl3) δ ",
            "19F NMR",
            "(",
            ")",
            "[",
            "]",
            "J = ",
            "J",
            "Hz",
            "7.26",
            "-",
            "–",
        ),
        *(
            ", ",
            "; ",
            "2H",
            "2C",
            "x 2",
            "2 x",
            "(d, J = 8.0, 2.1 Hz, 1H)",
            "br s",
            "and",
            "δ",
            "ppm",
            "1e999",
            "5.3.3",
        ),
        *(
            "¹",
            "²",
            "١",
            "\x00",
            "�",
            "99999",
            "0.",
            "=",
            "(s, 3H",
            "J(H,H) = ",
            "3J",
            "MHz",
            ".",
            " ",
            "\n",
            "to",
            "~",
        ),
    ]
)
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FUZZ
@given(
    st.lists(SNIPPETS | st.text(max_size=4), max_size=40).map("".join), st.sampled_from([None, "1H", "13C"])
)
def test_no_text_raises_anything_else(text: str, nucleus: Nucleus | None) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(parse_nmr_text(text, nucleus), NmrText)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit",
    [
        "128, ",
        "J",
        "(",
        "7.26 (d, ",
        "1H NMR ",
        "3J(",
        "J = 1, ",
        "2 x ",
        "a ",
        "δ",
        "-",
        "7.1 (s, 1H), ",
        "1H ",
    ],
)
def test_long_texts_take_linear_time(unit: str) -> None:
    started = time.process_time()
    with contextlib.suppress(InputError):
        parse_nmr_text("1H NMR " + unit * (200_000 // len(unit)), "1H")
    # A search that goes back from every character would look at 2·10¹⁰ of them: minutes.
    assert time.process_time() - started < 30


def test_signs_of_an_edited_carbon_spectrum_join_nothing() -> None:
    carbon = parse_nmr_text("13C NMR (101 MHz, CDCl3) δ 66.8 (+), 70.1 (+), 128.3 (-), 136.3 (q)").c_nmr
    assert carbon is not None
    assert carbon.multiplicity == (None, None, None, "q")
    joined = parse_nmr_text("13C NMR (101 MHz, CDCl3) δ 20.1 + 21.2 (CH3)").c_nmr
    assert joined is not None
    assert joined.multiplicity == ("Q", "Q")


def test_decimal_commas_in_lists() -> None:
    carbon = parse_nmr_text("13C NMR (101 MHz, CDCl3) δ 150,1, 128,5, 77,0").c_nmr
    assert carbon is not None
    assert carbon.shift_ppm.tolist() == [77.0, 128.5, 150.1]
    hydrogen = parse_nmr_text("1H NMR δ 7,26 (dd, J = 8,1, 2,3 Hz, 1H), 3,9 (s, 3H, 2,4,6-Me)").h_nmr
    assert hydrogen is not None
    assert hydrogen.shift_ppm.tolist() == [3.9, 7.26]
    assert hydrogen.coupling_hz == ((), (8.1, 2.3))


@pytest.mark.parametrize("numbers", ["128,5,77,0", "150,128,77", "128,512", "77,0, 150,1,128,5"])
def test_commas_of_two_meanings_are_refused(numbers: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_nmr_text(f"13C NMR (101 MHz, CDCl3) δ {numbers}")
    assert caught.value.code == "ambiguous_comma"
    assert caught.value.hint
