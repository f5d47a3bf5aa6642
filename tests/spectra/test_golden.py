"""The same published spectrum comes out of every format, and other people's readers see the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyteomics import mgf as pyteomics_mgf
from pyteomics import mzxml as pyteomics_mzxml

from molucid.errors import Rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.read import read_records
from molucid.spectra.types import Record

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parents[2] / "examples" / "massbank.mgf"
ACCESSION = "MSBNK-Eawag-EQ312802"
# Typed from the published record, not read by any reader of ours.
MZ = [56.0496, 58.0652, 60.0445, 72.0808, 74.06, 98.0964, 116.1071, 225.1366, 266.1754]
INTENSITY = [5513858.9, 4631730.3, 567008.8, 39394134, 2352116, 1681724.9, 6209492.3, 2261005.7, 4439496.6]
FILES = [
    "oxprenolol.json",
    "oxprenolol.massbank.txt",
    "oxprenolol.massspecgym.tsv",
    "oxprenolol.mgf",
    "oxprenolol.ms",
    "oxprenolol.msp",
    "oxprenolol.mzML",
    "oxprenolol.mzXML",
]


@pytest.mark.parametrize("name", [*FILES, "diffms", "diffms/labels.tsv"])
def test_same_spectrum_from_every_format(name: str) -> None:
    (record,) = [item for item in read_records(DATA / name) if isinstance(item, Record)]
    (spectrum,) = record.evidence.msms
    np.testing.assert_array_equal(spectrum.mz, MZ)
    np.testing.assert_array_equal(spectrum.intensity, INTENSITY)
    assert spectrum.precursor_mz == 266.1751
    assert spectrum.adduct == "[M+H]+"
    assert spectrum.normalized_collision_energy == 30
    assert spectrum.collision_energy_ev is None
    assert spectrum.instrument == "LC-ESI-QFT"
    assert str(record.evidence.formula) == "C15H23NO3"
    assert record.smiles == "C=CCOc1ccccc1OCC(O)CNC(C)C"
    assert record.evidence.id == ("spec_1" if name.startswith("diffms") else ACCESSION)
    assert record.where.line is not None
    assert isinstance(clean(record, CleanConfig(precursor_tolerance_ppm=1)), Record)


@pytest.mark.parametrize("name", ["oxprenolol.mzML", "oxprenolol.mzXML"])
def test_survey_scan_is_rejected_by_name(name: str) -> None:
    first = next(iter(read_records(DATA / name)))
    assert isinstance(first, Rejected)
    assert first.code == "not_ms2"
    assert first.where.record == "scan=1"


def test_missing_file_of_labels_is_a_row() -> None:
    rejected = [item for item in read_records(DATA / "diffms") if isinstance(item, Rejected)]
    assert [(item.id, item.code) for item in rejected] == [("spec_2", "missing_file")]


def test_mzxml_as_pyteomics_reads_it() -> None:
    with pyteomics_mzxml.MzXML(str(DATA / "oxprenolol.mzXML"), use_index=False) as scans:
        other = next(scan for scan in scans if scan["msLevel"] == 2)
    np.testing.assert_array_equal(other["m/z array"], MZ)
    np.testing.assert_array_equal(other["intensity array"], INTENSITY)


def test_examples_as_pyteomics_reads_them() -> None:
    ours = list(read_records(EXAMPLES))
    with pyteomics_mgf.MGF(str(EXAMPLES)) as blocks:
        theirs = list(blocks)
    assert len(ours) == len(theirs) == 10
    for record, other in zip(ours, theirs, strict=True):
        assert isinstance(record, Record)
        assert record.evidence.id == other["params"]["title"]
        np.testing.assert_array_equal(record.evidence.msms[0].mz, other["m/z array"])
        np.testing.assert_array_equal(record.evidence.msms[0].intensity, other["intensity array"])
        assert record.evidence.msms[0].precursor_mz == other["params"]["pepmass"][0]


def test_examples_are_clean_licensed_and_named() -> None:
    records = [clean(item, CleanConfig(precursor_tolerance_ppm=5)) for item in read_records(EXAMPLES)]
    assert len({record.evidence.id for record in records}) == 10
    for record in records:
        assert isinstance(record, Record)
        assert record.metadata["license"] in ("CC BY", "CC0")
        assert record.metadata["authors"]
        assert record.evidence.msms[0].mz.size >= 5
    readme = EXAMPLES.with_name("README.md").read_text(encoding="utf-8")
    assert all(record.evidence.id in readme and record.metadata["authors"] in readme for record in records)
    adducts = [record.evidence.msms[0].adduct for record in records]
    assert adducts.count("[M-H]-") == 2
