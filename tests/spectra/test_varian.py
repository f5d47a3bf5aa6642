"""Varian folders and archives, written by nmrglue from lines of known shift."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import Rejected
from molucid.spectra.read import read_records
from molucid.spectra.types import NmrSpectrum, Record

H_LINES = [(0.9, 1.0), (2.35, 0.6), (6.8, 0.8), (8.123, 0.3)]
C_LINES = [(14.2, 1.0), (128.4, 0.5), (171.3, 0.4)]


def peaks(spectrum: NmrSpectrum, num_peaks: int) -> list[float]:
    y = spectrum.intensity
    tops = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:])) + 1
    return sorted(spectrum.shift_ppm[tops[np.argsort(-y[tops])[:num_peaks]]].tolist())


def only(path: Path) -> Record:
    (item,) = read_records(path)
    assert isinstance(item, Record), item
    return item


def row(path: Path) -> Rejected:
    (item,) = read_records(path)
    assert isinstance(item, Rejected), item
    return item


@pytest.mark.parametrize(("floats", "phase_deg"), [(True, 0), (False, 0), (True, 200)])
def test_lines_come_back(
    write_varian: Callable[..., Path], tmp_path: Path, floats: bool, phase_deg: float
) -> None:
    record = only(write_varian(tmp_path / "ethanol.fid", H_LINES, floats=floats, phase_deg=phase_deg))
    spectrum = record.evidence.h_nmr
    assert isinstance(spectrum, NmrSpectrum)
    assert (record.evidence.id, spectrum.nucleus, spectrum.solvent) == ("ethanol", "1H", "CDCl3")
    np.testing.assert_allclose(peaks(spectrum, 4), [0.9, 2.35, 6.8, 8.123], atol=0.005)
    assert spectrum.intensity.min() > -0.03 * spectrum.intensity.max()
    assert record.metadata["h_nmr_reference"].startswith("rfl = 2000 Hz")


def test_reference_without_rfl(write_varian: Callable[..., Path], tmp_path: Path) -> None:
    """`reffrq` gives the scale, and a solvent line 0.06 ppm too low the rest."""
    shifted = [(shift - 0.06, height) for shift, height in [*H_LINES, (7.26, 0.2)]]
    record = only(write_varian(tmp_path / "a.fid", shifted, remove=["rfl", "rfp"]))
    spectrum = record.evidence.h_nmr
    assert isinstance(spectrum, NmrSpectrum)
    np.testing.assert_allclose(peaks(spectrum, 4), [0.9, 2.35, 6.8, 8.123], atol=0.005)
    assert re.fullmatch(
        r"solvent line found at 7\.(19|20)\d\d ppm, set to 7.26 ppm", record.metadata["h_nmr_reference"]
    )


def test_folders_with_one_sample_name_are_one_compound(
    write_varian: Callable[..., Path], tmp_path: Path
) -> None:
    write_varian(tmp_path / "r" / "PROTON_01.fid", H_LINES, samplename="caffeine")
    write_varian(tmp_path / "r" / "CARBON_01.fid", C_LINES, nucleus="C13", samplename="caffeine")
    write_varian(tmp_path / "r" / "other.fid", H_LINES)
    write_varian(tmp_path / "r" / "gcosy_01.fid", H_LINES, samplename="caffeine", ni=128)
    found = list(read_records(tmp_path / "r"))
    records = {item.evidence.id: item for item in found if isinstance(item, Record)}
    assert sorted(records) == ["caffeine", "other"]
    carbon = records["caffeine"].evidence.c_nmr
    assert isinstance(carbon, NmrSpectrum)
    np.testing.assert_allclose(peaks(carbon, 3), [14.2, 128.4, 171.3], atol=0.02)
    assert records["caffeine"].evidence.h_nmr is not None
    assert [(item.id, item.code) for item in found if isinstance(item, Rejected)] == [
        ("gcosy_01", "two_dimensional")
    ]


def test_archive(write_varian: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_varian(tmp_path / "x" / "a.fid", H_LINES)
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"a.fid/{path.name}")
    assert only(packed).evidence.id == "a"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"remove": ["sw"]}, "missing_parameter"),
        ({"remove": ["sfrq"]}, "missing_parameter"),
        ({"remove": ["tn"]}, "unsupported_nucleus"),
        ({"nucleus": "F19"}, "unsupported_nucleus"),
        ({"sw": "wide"}, "malformed_label"),
        ({"reffrq": 0}, "missing_parameter"),
        ({"arraydim": 8}, "two_dimensional"),
        ({"seqfil": "DEPT"}, "edited_spectrum"),
        ({"lines": [(5.0, 0.0)]}, "all_zero"),
    ],
)
def test_reasons(
    write_varian: Callable[..., Path], tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    found = row(write_varian(tmp_path / "a.fid", **{"lines": H_LINES, **changes}))
    assert (found.id, found.code) == ("a", expected)


def test_damaged_fid_files(write_varian: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_varian(tmp_path / "a.fid", H_LINES)
    content = (folder / "fid").read_bytes()
    for damaged, expected in (
        (content[:20], "point_count_mismatch"),
        (content[:-4], "point_count_mismatch"),
        (content[:8] + b"\x7f\xff\xff\xff" + content[12:], "point_count_mismatch"),
        (b"\x00\x00\x00\x04" + content[4:], "two_dimensional"),
        (content[:100] + b"\x7f\xc0\x00\x00" + content[104:], "not_finite"),
    ):
        (folder / "fid").write_bytes(damaged)
        assert row(folder).code == expected
    (folder / "fid").unlink()
    assert row(folder).code == "no_trace"


def test_a_processed_spectrum_without_its_fid_is_refused_by_name(
    write_varian: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_varian(tmp_path / "a.fid", H_LINES)
    (folder / "datdir").mkdir()
    (folder / "fid").rename(folder / "datdir" / "phasefile")
    found = row(folder)
    assert (found.id, found.code) == ("a", "no_trace")
    assert "datdir/phasefile and no file fid" in found.message
    assert "JCAMP-DX" in found.hint
