"""Which small letters of a ¹³C list count hydrogens, and which are splittings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from molucid.spectra.carbon_letters import with_carbon_types
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.compounds import read_compounds
from molucid.spectra.formats import experimental_text, nmr_peak_list, nmredata, nmrium
from molucid.spectra.formats import json as molucid_json
from molucid.spectra.types import NmrPeaks, Record
from tests.spectra.nmr_lists import C_INFO, ETHANOL, nmrium_file, only, read

LETTERS = "14.1 (q), 22.6 (t), 128.0 (d), 171.0 (s)"


def of_text(peaks: str, before: str = "", after: str = "") -> Record:
    return only(read(experimental_text, f"a\n{before}13C NMR (50 MHz, CDCl3) δ {peaks}.{after}\n"))


def names(record: Record) -> tuple[str | None, ...] | None:
    assert isinstance(record.evidence.c_nmr, NmrPeaks)
    return record.evidence.c_nmr.multiplicity


def test_letters_of_every_format_become_types_when_a_record_is_cleaned() -> None:
    shifts, letters = [14.1, 22.6, 128.0, 171.0], ["q", "t", "d", "s"]
    pairs = list(zip(shifts, letters, strict=True))
    nmr = {"kind": "peaks", "shift_ppm": shifts, "multiplicity": letters}
    signals = [{"delta": shift, "multiplicity": letter} for shift, letter in pairs]
    tag = "".join(f"{shift}, S={letter}\\\n" for shift, letter in pairs)
    table = "".join(f"{shift},{letter}\n" for shift, letter in pairs)
    for record in (
        of_text(LETTERS),
        only(read(nmr_peak_list, f"# nucleus: 13C\nshift_ppm,multiplicity\n{table}")),
        only(read(nmredata, f"{ETHANOL}>  <NMREDATA_1D_13C>\n{tag}\n$$$$\n")),
        only(read(nmrium, nmrium_file({"info": C_INFO, "ranges": {"values": [{"signals": signals}]}}))),
        only(
            read(
                molucid_json,
                json.dumps(
                    {"format": "molucid-spectra", "version": 1, "records": [{"id": "a", "c_nmr": nmr}]}
                ),
            )
        ),
    ):
        cleaned = clean(record, CleanConfig())
        assert isinstance(cleaned, Record)
        assert names(cleaned) == ("Q", "T", "D", "S")
        note = "4 of 4 peaks: s, d, t, q count hydrogens"
        assert cleaned.metadata["c_nmr_carbon_types"] == note
        assert with_carbon_types(cleaned) is cleaned


@pytest.mark.parametrize(
    "peaks",
    [
        "14.1 (q), 162.6 (d, J = 250 Hz), 128.0 (d), 171.0 (s)",  # a coupling makes the others splittings, too
        "14.1 (s), 22.6 (s), 128.0 (s), 171.0 (s)",  # decoupled
        "14.1, 22.6, 128.0 (d), 171.0 (s)",  # half of them
        "171.0 (q)",
        "14.1 (q), 22.6 (t), 128.0 (dd), 171.0 (s)",
        "14.1 (CH3), 22.6 (t), 128.0 (d), 171.0 (s)",
        "14.1 (q), 22.6 (t), 123.4 (q), 171.0 (s)",  # CF3, or quaternary
        "14.1, 22.6, 128.0",
    ],
)
def test_letters_that_may_be_splittings_stay(peaks: str) -> None:
    record = of_text(peaks)
    assert with_carbon_types(record) is record


def test_fluorine_and_phosphorus_keep_splittings() -> None:
    assert names(with_carbon_types(of_text(LETTERS, "Formula: C9H10O\n"))) == ("Q", "T", "D", "S")
    for record in (
        of_text(LETTERS, "Formula: C9H9FO\n"),
        of_text(LETTERS, "Formula: C9H11OP\n"),
        of_text(LETTERS, after=" 19F NMR (188 MHz, CDCl3) δ -110.2."),
        of_text(LETTERS, after=" 31P NMR (81 MHz, CDCl3) δ 20.2."),
    ):
        assert with_carbon_types(record) is record


def test_a_formula_from_another_file_counts(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text(f"a\n13C NMR (50 MHz, CDCl3) δ {LETTERS}.\n", encoding="utf-8")
    manifest = tmp_path / "compounds.csv"
    manifest.write_text("id,formula,c_nmr\na,C9H9FO,c.txt\nb,C9H10O,c.txt\n", encoding="utf-8")
    a, b = (clean(item, CleanConfig()) for item in read_compounds(manifest) if isinstance(item, Record))
    assert isinstance(a, Record)
    assert isinstance(b, Record)
    assert (names(a), names(b)) == (("q", "t", "d", "s"), ("Q", "T", "D", "S"))
