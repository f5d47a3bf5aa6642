"""Bruker folders and archives, written by nmrglue from lines of known shift."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.spectra.read import read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import NmrSpectrum, Record

H_LINES = [(0.9, 1.0), (2.35, 0.6), (6.8, 0.8), (8.123, 0.3)]
C_LINES = [(14.2, 1.0), (128.4, 0.5), (171.3, 0.4)]


def peaks(spectrum: NmrSpectrum, num_peaks: int) -> list[float]:
    """Shifts of the highest local maxima, ascending."""
    y = spectrum.intensity
    tops = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:])) + 1
    best = tops[np.argsort(-y[tops])[:num_peaks]]
    return sorted(spectrum.shift_ppm[best].tolist())


def items(path: Path, **config: int) -> list[Record | Rejected]:
    return list(read_records(path, config=ReadConfig(**config)))


def only(path: Path) -> Record:
    (item,) = items(path)
    assert isinstance(item, Record), item
    return item


def trace(path: Path) -> NmrSpectrum:
    evidence = only(path).evidence
    spectrum = evidence.h_nmr or evidence.c_nmr
    assert isinstance(spectrum, NmrSpectrum)
    return spectrum


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("processed", [False, True])
def test_lines_come_back(
    write_bruker: Callable[..., Path], tmp_path: Path, processed: bool, big: bool
) -> None:
    folder = write_bruker(tmp_path / "s" / "10", H_LINES, processed=processed, reference_mhz=400.0, big=big)
    spectrum = trace(folder)
    assert (spectrum.nucleus, spectrum.solvent) == ("1H", "CDCl3")
    assert spectrum.field_mhz == pytest.approx(400.002)
    np.testing.assert_allclose(peaks(spectrum, 4), [0.9, 2.35, 6.8, 8.123], atol=0.005)


@pytest.mark.parametrize(
    ("group_delay", "phase_deg"), [(0.0, 0.0), (0.0, 143.0), (67.984, 0.0), (76.25, 250.0)]
)
def test_group_delay_and_phase_are_undone(
    write_bruker: Callable[..., Path], tmp_path: Path, group_delay: float, phase_deg: float
) -> None:
    folder = write_bruker(
        tmp_path / "10", H_LINES, group_delay=group_delay, phase_deg=phase_deg, reference_mhz=400.0
    )
    spectrum = trace(folder)
    np.testing.assert_allclose(peaks(spectrum, 4), [0.9, 2.35, 6.8, 8.123], atol=0.005)
    # Absorptive lines hardly dip below zero; a dispersive one goes to −50 %.
    assert spectrum.intensity.min() > -0.03 * spectrum.intensity.max()
    heights = [spectrum.intensity[np.abs(spectrum.shift_ppm - at).argmin()] for at, _ in H_LINES]
    np.testing.assert_allclose(np.array(heights) / heights[0], [1.0, 0.6, 0.8, 0.3], atol=0.05)


def test_carbon(write_bruker: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "11", C_LINES, nucleus="13C", phase_deg=70, reference_mhz=100.0)
    spectrum = trace(folder)
    assert spectrum.nucleus == "13C"
    np.testing.assert_allclose(peaks(spectrum, 3), [14.2, 128.4, 171.3], atol=0.02)


def test_without_reference_the_solvent_line_decides(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    """Lines and solvent lie 0.08 ppm too high on the nominal scale; nothing but CHCl3 at 7.34 tells."""
    shifted = [(shift + 0.08, height) for shift, height in [*H_LINES, (7.26, 0.2)]]
    record = only(write_bruker(tmp_path / "10", shifted))
    spectrum = record.evidence.h_nmr
    assert isinstance(spectrum, NmrSpectrum)
    np.testing.assert_allclose(peaks(spectrum, 4), [0.9, 2.35, 6.8, 8.123], atol=0.005)
    assert re.fullmatch(
        r"solvent line found at 7\.3[34]\d\d ppm, set to 7.26 ppm", record.metadata["h_nmr_reference"]
    )
    assert record.metadata["h_nmr_removed"].startswith("solvent 7.26")


def test_reference_of_procs_moves_the_axis_of_a_fid(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    """SF 400.0002 MHz is 0.5 ppm above the nominal frequency, so every line reads 0.5 ppm lower."""
    folder = write_bruker(tmp_path / "10", [(3.5, 1.0), (5.5, 0.5)], reference_mhz=400.0002)
    np.testing.assert_allclose(peaks(trace(folder), 2), [3.0, 5.0], atol=0.005)


def test_a_sample_folder_is_one_compound(write_bruker: Callable[..., Path], tmp_path: Path) -> None:
    sample = tmp_path / "caffeine"
    write_bruker(sample / "10", H_LINES, processed=True)
    write_bruker(sample / "11", C_LINES, nucleus="13C", reference_mhz=100.0)
    write_bruker(sample / "12", H_LINES, processed=True)
    write_bruker(sample / "13", H_LINES, PARMODE=1)
    write_bruker(sample / "14", H_LINES, nucleus="19F")
    record, *rows = items(sample)
    assert isinstance(record, Record)
    evidence = record.evidence
    assert evidence.id == "caffeine"
    assert isinstance(evidence.h_nmr, NmrSpectrum)
    assert isinstance(evidence.c_nmr, NmrSpectrum)
    assert record.metadata["h_nmr_source"] == "10/pdata/1"
    assert record.metadata["c_nmr_source"] == "11/fid"
    assert record.metadata["title"] == "a test"
    assert [(row.id, row.code) for row in rows if isinstance(row, Rejected)] == [
        ("caffeine#12", "repeated_spectrum"),
        ("caffeine#13", "two_dimensional"),
        ("caffeine#14", "unsupported_nucleus"),
    ]


@pytest.mark.parametrize("pulse_program", ["dept135", "deptqgpsp", "APT", "jmod", "ineptrd"])
def test_an_edited_spectrum_does_not_take_the_place_of_the_carbon_spectrum(
    write_bruker: Callable[..., Path], tmp_path: Path, pulse_program: str
) -> None:
    write_bruker(
        tmp_path / "s" / "1", C_LINES[1:], nucleus="13C", processed=True, PULPROG=f"<{pulse_program}>"
    )
    write_bruker(tmp_path / "s" / "2", C_LINES, nucleus="13C", processed=True, PULPROG="<zgpg30>")
    record, row = items(tmp_path / "s")
    assert isinstance(record, Record)
    assert record.metadata["c_nmr_source"] == "2/pdata/1"
    assert isinstance(row, Rejected)
    assert (row.id, row.code) == ("s#1", "edited_spectrum")
    assert pulse_program in row.message
    assert row.hint


def test_names_of_samples_and_experiments(write_bruker: Callable[..., Path], tmp_path: Path) -> None:
    write_bruker(tmp_path / "run" / "a" / "10", H_LINES, processed=True)
    write_bruker(tmp_path / "run" / "b" / "10", H_LINES, processed=True)
    write_bruker(tmp_path / "run" / "named", H_LINES, processed=True)
    root = tmp_path / "run"

    def ids(path: Path) -> list[str]:
        return [item.evidence.id if isinstance(item, Record) else item.code for item in items(path)]

    assert sorted(ids(root)) == ["a", "b", "named"]
    assert ids(root / "a") == ["a"]
    assert ids(root / "a" / "10") == ["a#10"]
    assert ids(root / "a" / "10" / "pdata" / "1") == ["a#10"]
    assert ids(root / "named") == ["named"]


def test_a_chosen_pdata_folder_is_the_one_that_is_read(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_bruker(tmp_path / "s" / "10", H_LINES, processed=True)
    shutil.copytree(folder / "pdata" / "1", folder / "pdata" / "2")
    assert only(folder).metadata["h_nmr_source"] == "pdata/1"
    record = only(folder / "pdata" / "2")
    assert record.metadata["h_nmr_source"] == "pdata/2"
    assert isinstance(record.evidence.h_nmr, NmrSpectrum)
    assert record.evidence.h_nmr.solvent == "CDCl3"
    (folder / "acqus").unlink()
    alone = only(folder / "pdata" / "2").evidence.h_nmr
    assert isinstance(alone, NmrSpectrum)
    assert (alone.nucleus, alone.solvent) == ("1H", None)


def test_an_archive_is_read_like_its_folder(write_bruker: Callable[..., Path], tmp_path: Path) -> None:
    sample = tmp_path / "aspirin"
    write_bruker(sample / "1", H_LINES, processed=True)
    packed = tmp_path / "data.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(sample.rglob("*")):
            archive.write(path, path.relative_to(tmp_path))
        archive.writestr("__MACOSX/aspirin/1/._acqus", b"x")
    (from_folder, from_archive) = only(sample).evidence, only(packed).evidence
    assert from_folder.id == from_archive.id == "aspirin"
    assert isinstance(from_folder.h_nmr, NmrSpectrum)
    assert isinstance(from_archive.h_nmr, NmrSpectrum)
    np.testing.assert_array_equal(from_folder.h_nmr.intensity, from_archive.h_nmr.intensity)


def test_every_file_beside_the_measurements_is_a_row(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    sample = tmp_path / "aspirin"
    write_bruker(sample / "1", H_LINES, processed=True)
    (sample / "1" / "pdata" / "1" / "export.jdx").write_text("of the measurement")
    (sample / "exact mass.MGF.gz").write_bytes(b"")
    (sample / "nmr.txt").write_text("13C NMR δ 128.4")
    (sample / "ir.csv").write_text("wavenumber (cm-1),absorbance\n")
    (sample / "1" / "other.mgf").write_text("of another compound")
    (sample / "1" / "uxnmr.info").write_text("of the spectrometer")
    (sample / ".DS_Store").write_text("hidden")
    packed = tmp_path / "data.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(sample.rglob("*")):
            archive.write(path, path.relative_to(tmp_path))
    for place in (sample, packed):
        record, *rows = read_records(place)
        assert isinstance(record, Record)
        assert [(row.id, row.code) for row in rows if isinstance(row, Rejected)] == [
            ("other.mgf", "not_read"),
            ("exact mass.MGF.gz", "not_read"),
            ("ir.csv", "not_read"),
            ("nmr.txt", "not_read"),
        ]
        assert all(str(row.where).endswith(row.id) and row.hint for row in rows if isinstance(row, Rejected))


def test_files_beside_a_measurement_at_the_root_of_an_archive_are_rows(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_bruker(tmp_path / "1", H_LINES, processed=True)
    packed = tmp_path / "data.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
        archive.writestr("ir.jdx", "##TITLE=")
        archive.writestr("B/b.mgf", "BEGIN IONS")
    record, *rows = read_records(packed)
    assert isinstance(record, Record)
    assert [(row.id, row.code) for row in rows if isinstance(row, Rejected)] == [
        ("b.mgf", "not_read"),
        ("ir.jdx", "not_read"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"remove": ["SW_h"]}, "missing_parameter"),
        ({"remove": ["BF1"]}, "missing_parameter"),
        ({"remove": ["TD"]}, "missing_parameter"),
        ({"remove": ["NUC1"]}, "unsupported_nucleus"),
        ({"SW_h": "wide"}, "malformed_label"),
        ({"SW_h": -8000.0}, "malformed_label"),
        ({"TD": 65536}, "point_count_mismatch"),
        ({"TD": 100}, "too_few_points"),
        ({"TD": 10**9}, "too_many_points"),
        ({"AQ_mod": 2}, "unsupported_acquisition"),
        ({"GRPDLY": -1.0, "DSPFVS": 12, "DECIM": 17}, "unsupported_acquisition"),
        ({"lines": [(5.0, 0.0)]}, "all_zero"),
    ],
)
def test_reasons(
    write_bruker: Callable[..., Path], tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    arguments = {"lines": H_LINES, **changes}
    (row,) = items(write_bruker(tmp_path / "s" / "10", **arguments))
    assert isinstance(row, Rejected)
    assert (row.id, row.code) == ("s#10", expected)
    assert row.where.file is not None
    assert str(tmp_path) in row.where.file


def test_missing_files_are_named(write_bruker: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "s" / "10", H_LINES)
    (folder / "fid").write_bytes((folder / "fid").read_bytes()[:-8])
    (row,) = items(folder)
    assert isinstance(row, Rejected)
    assert row.code == "point_count_mismatch"
    (folder / "fid").unlink()
    (row,) = items(folder)
    assert isinstance(row, Rejected)
    assert row.code == "no_trace"
    (folder / "ser").write_bytes(b"")
    (row,) = items(folder)
    assert isinstance(row, Rejected)
    assert row.code == "two_dimensional"


def test_the_format_must_fit_what_is_given(write_bruker: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "s" / "10", H_LINES)
    with pytest.raises(InputError) as caught:
        read_records(folder / "fid", format="bruker")
    assert caught.value.code == "not_a_folder"
    (row,) = read_records(folder, format="varian")
    assert isinstance(row, Rejected)
    assert row.code == "no_records"
