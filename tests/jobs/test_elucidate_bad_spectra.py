"""Faulty IR and NMR files, each as one compound beside a good one: every one is a row that names file and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs.elucidate_inputs import read_inputs
from molucid.spectra.clean import CleanConfig

GOOD = "# nucleus: 1H\nshift_ppm,num_hydrogens\n7.26,5\n2.35,3\n"
AXIS = range(4000, 398, -2)
"""Wavenumbers of 1,801 points."""


def table(ordinate: str, rows: Iterable[tuple[float, float]]) -> str:
    return f"wavenumber (cm-1),{ordinate}\n" + "".join(f"{x:g},{y:g}\n" for x, y in rows)


def jcamp(kind: str, rows: list[tuple[float, float]], **labels: str) -> str:
    """One block; the keywords stand for labels, with `_` for a blank and `dot` for the point in front."""
    head = {
        "TITLE": "x",
        "DATA TYPE": f"{kind} SPECTRUM",
        "FIRSTX": f"{rows[0][0]:g}",
        "LASTX": f"{rows[-1][0]:g}",
        "NPOINTS": f"{len(rows)}",
        **{name.replace("dot_", ".").replace("_", " "): value for name, value in labels.items()},
    }
    lines = "".join(f"##{name}={value}\n" for name, value in head.items())
    return lines + "##XYDATA=(X++(Y..Y))\n" + "".join(f"{x:g} {y:g}\n" for x, y in rows) + "##END=\n"


def infrared(**labels: str) -> str:
    rows = [(x, x % 7) for x in AXIS]
    return jcamp("INFRARED", rows, XUNITS="1/CM", YUNITS="ABSORBANCE", **labels)


def proton(first: float, last: float, signal: Callable[[int], float]) -> str:
    """A ¹H trace of 501 points over ppm."""
    rows = [(round(first + (last - first) * i / 500, 3), signal(i)) for i in range(501)]
    units = {"XUNITS": "PPM", "YUNITS": "ARBITRARY UNITS"}
    return jcamp("NMR", rows, dot_OBSERVE_NUCLEUS="^1H", dot_OBSERVE_FREQUENCY="400", **units)


def peak_table(lines: str) -> str:
    text = proton(12, -2, lambda i: i % 7)
    return (
        text[: text.index("##FIRSTX")]
        + text[text.index("##.OBS") : text.index("##XYDATA")]
        + lines
        + "##END=\n"
    )


@dataclass(frozen=True)
class Bad:
    """One file of a compound.

    Attributes:
        name: of the file.
        text: in it.
        code: the reason expected.
        slots: columns that name the file in a manifest.
    """

    name: str
    text: str
    code: str
    slots: tuple[str, ...]


IR, H, C = ("ir",), ("h_nmr",), ("c_nmr",)
CASES = {
    "reversed axis": Bad("ir.jdx", infrared(FIRSTX="398", LASTX="4000"), "reversed_axis", IR),
    "wavelengths as wavenumbers": Bad(
        "ir.csv", table("absorbance", ((1e4 / x, x % 7) for x in AXIS)), "wrong_ir_axis", IR
    ),
    "13C axis under 1H": Bad("h.jdx", proton(230, -20, lambda i: i % 7), "outside_window", H),
    "absorbance all zero": Bad("ir.csv", table("absorbance", ((x, 0) for x in AXIS)), "all_zero", IR),
    "transmittance all zero": Bad("ir.csv", table("%T", ((x, 0) for x in AXIS)), "all_zero", IR),
    "NMR all zero": Bad("h.jdx", proton(12, -2, lambda i: 0), "all_zero", H),
    "saturated": Bad(
        "ir.csv",
        table("%T", ((x, 0.4 + 0.05 * (x % 5) if x < 1400 else 90 + x % 7) for x in AXIS)),
        "saturated_transmittance",
        IR,
    ),
    "FID without parameters": Bad("10/fid", "\0" * 4096, "missing_parameter", H),
    "13C list without peaks": Bad("c.csv", "# nucleus: 13C\nshift_ppm\n", "no_peaks", C),
    "ppm outside, table": Bad("h.csv", "# nucleus: 1H\nshift_ppm\n7.26\n45.2\n", "shift_outside_window", H),
    "ppm outside, text": Bad("t.txt", "x\n1H NMR δ 7.26 (s, 5H), 45.2 (s, 3H)\n", "shift_outside_window", H),
    "ppm outside, JCAMP": Bad(
        "h.jdx", peak_table("##PEAK TABLE=(XY..XY)\n7.2,1 128.5,1 1.3,1\n"), "shift_outside_window", H
    ),
    "ppm outside, JSON": Bad(
        "x.json",
        json.dumps(
            {
                "format": "molucid-spectra",
                "version": 1,
                "records": [{"id": "x", "h_nmr": {"kind": "peaks", "shift_ppm": [14.1, 20.5, 55.2]}}],
            }
        ),
        "shift_outside_window",
        H,
    ),
    "two names in one text": Bad(
        "t.txt",
        "Ethyl benzoate\n1H NMR δ 7.26 (s, 5H)\n\nToluene\n13C NMR δ 128.4\n",
        "mixed_compounds",
        (*H, *C),
    ),
    "two spectra behind each other": Bad(
        "ir.csv", table("absorbance", [(x, x % k) for k in (7, 5) for x in AXIS]), "mixed_compounds", IR
    ),
    "missing parenthesis": Bad(
        "t.txt", "x\n1H NMR δ 7.26 (s, 5H, 2.35 (s, 3H)\n", "unbalanced_parenthesis", H
    ),
    "two missing parentheses": Bad(
        "t.txt", "x\n1H NMR δ 7.10 (m, 3H, 3.91 s, 3H)\n", "unbalanced_parenthesis", H
    ),
}


@pytest.mark.parametrize("as_manifest", [False, True], ids=["folders", "manifest"])
@pytest.mark.parametrize("bad", CASES.values(), ids=CASES)
def test_a_faulty_file_is_a_row_beside_the_good_compound(bad: Bad, as_manifest: bool, tmp_path: Path) -> None:
    for name, text in {f"bad/{bad.name}": bad.text, "good/h.csv": GOOD}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    named = f"bad/{bad.name.removesuffix('/fid')}"
    start = tmp_path
    if as_manifest:
        start = tmp_path / "manifest.json"
        rows = [{"id": "bad", **dict.fromkeys(bad.slots, named)}, {"id": "good", "h_nmr": "good/h.csv"}]
        start.write_text(json.dumps(rows))
    records, rejected = read_inputs([str(start)], None, CleanConfig())
    assert [record.evidence.id for record in records] == ["good"]
    assert {row.id.split("/")[0] for row in rejected} == {"bad"}
    (row,) = [row for row in rejected if row.code == bad.code]
    assert row.hint
    assert str(row.where).startswith(str(tmp_path / named))
