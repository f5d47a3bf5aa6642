"""Two columns of text with a header that names both units."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import Rejected
from molucid.spectra.formats import ir_csv
from molucid.spectra.read import read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import InfraredSpectrum, Record


def read(text: str, **config: int) -> list[Record | Rejected]:
    return list(ir_csv.read(io.BytesIO(text.encode()), "data/my compound.csv", ReadConfig(**config)))


def infrared(text: str) -> InfraredSpectrum:
    (item,) = read(text)
    assert isinstance(item, Record), item
    assert item.evidence.id == "my compound"
    assert item.evidence.ir is not None
    return item.evidence.ir


def code(text: str, **config: int) -> str:
    (item,) = read(text, **config)
    assert isinstance(item, Rejected), item
    return item.code


@pytest.mark.parametrize(
    "text",
    [
        "wavenumber (cm-1), absorbance\n4000, 0.5\n1000, 0.25\n",
        "# exported\n\nWavenumber [cm⁻¹];Absorbance\n4000,0;0,5\n1000,0;2,5e-1\n",
        "1/CM\tABSORBANCE\n4000\t.5\n1000\t.25\n",
        "cm-1 Abs\n4000 0.5\n1000 0.25\n",
        '"wavelength (µm)","absorbance"\r\n2.5,0.5\r\n10,0.25\r\n',
        "Wavelength / nm , Absorbance\n2500,0.5\n10000,0.25\n",
    ],
)
def test_headers_and_separators(text: str) -> None:
    spectrum = infrared(text)
    np.testing.assert_allclose(spectrum.wavenumber_cm1, [1000, 4000])
    np.testing.assert_allclose(spectrum.absorbance, [0.25, 0.5])


@pytest.mark.parametrize(
    "header", ["cm-1,%T", "wavenumber,% transmittance", "cm^-1,Transmittance (%)", "cm-1,T %"]
)
def test_percent(header: str) -> None:
    np.testing.assert_allclose(infrared(f"{header}\n1000,10\n4000,100\n").absorbance, [1, 0], atol=1e-12)


def test_transmittance() -> None:
    np.testing.assert_allclose(
        infrared("cm-1,transmittance\n1000,0.1\n4000,1\n").absorbance, [1, 0], atol=1e-12
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4000,0.5\n1000,0.25\n", "missing_units"),
        ("x,y\n4000,0.5\n", "missing_units"),
        ("wavenumber,y\n4000,0.5\n", "missing_units"),
        ("cm-1,absorbance,absorbance\n4000,0.5,1\n", "mixed_compounds"),
        ("cm-1,absorbance\n4000,0.5,1\n", "malformed_ordinate"),
        ("cm-1,absorbance\n4000,1\n3000,2\n2000,1\n4000,2\n3000,1\n", "mixed_compounds"),
        ("cm-1,absorbance\n4000,1\n4000,2\n3000,1\n3000,3\n", "mixed_compounds"),
        ("cm-1,absorbance\n4000,high\n", "malformed_ordinate"),
        ("cm-1,absorbance\n4000,nan\n", "not_finite"),
        ("cm-1,absorbance\n", "no_points"),
        ("nm,absorbance\n-5,0.5\n6,1\n", "wrong_ir_axis"),
        ("cm-1,transmittance\n4000,0\n3000,0\n2000,0.9\n", "saturated_transmittance"),
    ],
)
def test_reasons(text: str, expected: str) -> None:
    assert code(text) == expected


def test_the_hint_is_a_header_to_add_and_bounds_hold() -> None:
    (row,) = read("4000,0.5\n")
    assert isinstance(row, Rejected)
    assert row.where.line == 1
    fixed = row.hint.partition(": ")[2] + "\n4000,0.5\n1000,0.25\n"
    assert infrared(fixed).absorbance.size == 2
    assert code("cm-1,absorbance\n4000,1\n3999,1\n3998,1\n", max_peaks=2) == "too_many_points"
    assert code("cm-1,absorbance\n4000,1\n", max_id_chars=5) == "title_too_long"


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a"])
def test_content_decides(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("# instrument\nWavenumber (cm-1);Transmittance (%)\n4000;99\n1000;10\n", encoding="utf-8")
    (item,) = read_records(path)
    assert isinstance(item, Record)
    assert item.evidence.id == "a"
