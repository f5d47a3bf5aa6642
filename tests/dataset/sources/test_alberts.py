"""Both schemas from a table made here, and the axes of real rows against the peaks that the dataset lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.dataset.sources import alberts, training_inputs
from molucid.dataset.sources.alberts import AlbertsConfig
from molucid.errors import InputError, Rejected
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID, IR_GRID
from molucid.spectra.nmr_peak_picking import PeakPickingConfig, pick_peaks
from molucid.spectra.types import NmrPeaks, NmrSpectrum, Record

POINTS = 10_000


def row(first: bool) -> dict[str, Any]:
    """Ethanol: one line in each trace, at the third point from the start of the file's descending axes."""
    h, c = np.zeros(POINTS, np.float32), np.zeros(POINTS)
    h[2], c[2] = 0.5, 0.25
    prefix = "msms" if first else "msms_cfmid"
    energies = {
        f"{prefix}_{sign}_{ev}ev": [[30.5, 100.0], [20.25, float(ev)]]
        for sign in ("positive", "negative")
        for ev in (10, 20, 40)
    }
    fragments = {f"{prefix}_fragments_{sign}": [["30.5", "CO"]] for sign in ("positive", "negative")}
    later = (
        {}
        if first
        else {
            f"msms_{name}_{part}positive": [] for name in ("iceberg", "scarf") for part in ("", "fragments_")
        }
    )
    peak = {
        "category": "t",
        "centroid": 1.2,
        "delta": 1.21,
        "j_values": "7.1_",
        "nH": 3,
        "rangeMax": 1.3,
        "rangeMin": 1.1,
    }
    return {
        "smiles": "CCO",
        "molecular_formula": "C2H6O",
        "h_nmr_spectra": h.tolist(),
        "c_nmr_spectra": c.tolist(),
        "ir_spectra": np.linspace(0, 1, 1800, dtype=np.float32).tolist(),
        "h_nmr_peaks": [
            peak,
            peak | {"category": "td", "delta": 3.5, "j_values": "5.0_6.5_", "nH": 2},
            peak
            | {"category": "m", "delta": 7.2, "j_values": None, "nH": 5, "rangeMax": 7.3, "rangeMin": 7.1},
        ],
        "c_nmr_peaks": [{"delta (ppm)": 58.2, "integral": 0.1, "intensity": 0.1, "width (ppm)": 0.1}],
        "hsqc_nmr_peaks": [],
        "hsqc_nmr_spectrum": [],
        **energies,
        **fragments,
        **later,
    }


@pytest.fixture(params=["first", "later"])
def chunk(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    good = row(request.param == "first")
    rows = [good, good | {"ir_spectra": [0.0, 1.0]}, good | {"c_nmr_spectra": None, "c_nmr_peaks": None}]
    path = tmp_path / "aligned_chunk_0.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert len(pq.read_schema(path).names) == (17 if request.param == "first" else 21)
    return path


def test_traces_ascend_from_the_end_of_the_stored_axis(chunk: Path) -> None:
    first, short, without_carbon = alberts.read(chunk)
    assert isinstance(first, Record)
    evidence = first.evidence
    assert (evidence.id, str(evidence.formula), first.smiles) == ("aligned_chunk_0#1", "C2H6O", "CCO")
    assert (first.metadata["licence"], first.where.line) == ("CDLA-Sharing-1.0", 1)
    assert isinstance(evidence.h_nmr, NmrSpectrum)
    assert isinstance(evidence.c_nmr, NmrSpectrum)
    for trace, grid, axis in (
        (evidence.h_nmr, H_NMR_GRID, np.linspace(10, -2, POINTS)),
        (evidence.c_nmr, C_NMR_GRID, np.linspace(230, -20, POINTS)),
    ):
        np.testing.assert_array_equal(trace.shift_ppm, grid.axis)
        (place,) = np.flatnonzero(trace.intensity)
        assert trace.shift_ppm[place] == pytest.approx(axis[2], abs=1e-9)
    assert evidence.ir is not None
    np.testing.assert_array_equal(evidence.ir.wavenumber_cm1, IR_GRID.axis)
    assert evidence.ir.absorbance[-1] == 1
    assert evidence.msms == ()
    assert isinstance(short, Rejected)
    assert (short.code, short.id, short.where.line) == ("ragged_arrays", "aligned_chunk_0#2", 2)
    assert isinstance(without_carbon, Record)
    assert without_carbon.evidence.c_nmr is None
    assert without_carbon.evidence.h_nmr is not None


def test_listed_peaks_and_mass_spectra(chunk: Path) -> None:
    first, _, without_carbon = alberts.read(chunk, AlbertsConfig(nmr="peaks", msms=True))
    assert isinstance(first, Record)
    h, c = first.evidence.h_nmr, first.evidence.c_nmr
    assert isinstance(h, NmrPeaks)
    assert isinstance(c, NmrPeaks)
    assert h.shift_ppm.tolist() == [1.21, 3.5, 7.2]
    assert h.multiplicity == ("t", "td", "m")
    assert h.coupling_hz == ((7.1, 7.1), (6.5, 6.5, 5.0), ())  # the triplet has the larger one
    assert h.num_hydrogens == (3, 2, 5)
    assert h.width_ppm is not None
    np.testing.assert_allclose(h.width_ppm, [0, 0, 0.2])
    assert c.shift_ppm.tolist() == [58.2]
    spectra = first.evidence.msms
    assert [(s.adduct, s.collision_energy_ev) for s in spectra] == [
        (adduct, energy) for adduct in ("[M+H]+", "[M-H]-") for energy in (10, 20, 40)
    ]
    assert spectra[0].precursor_mz == pytest.approx(47.0491, abs=1e-4)
    assert (spectra[2].mz.tolist(), spectra[2].intensity.tolist()) == ([20.25, 30.5], [40, 100])
    assert isinstance(without_carbon, Record)
    assert without_carbon.evidence.c_nmr is None


def test_pack_recognises_a_chunk_and_another_table_is_refused(chunk: Path, tmp_path: Path) -> None:
    (given,) = training_inputs.training_inputs([str(chunk)])
    assert given.kind == "alberts"
    items = list(training_inputs.read_inputs([given]))
    assert [isinstance(item, Record) for item in items] == [True, False, True]
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"smiles": ["C"]}), other)
    assert not alberts.is_alberts(other)
    with pytest.raises(InputError) as fault:
        list(alberts.read(other))
    assert fault.value.code == "missing_column"


@pytest.fixture(scope="module")
def real(data_folder: Path) -> Path:
    path = data_folder / "alberts_example_100.parquet"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in MOLUCID_DATA")
    return path


def test_listed_carbons_stand_in_the_traces(real: Path) -> None:
    """Half a grid step is 0.0125 ppm; read ascending, the peaks would stand where nothing is listed."""
    config = PeakPickingConfig(min_relative_height=0.02, min_distance_points=3)
    errors, mirrored = [], []
    for trace, peaks in zip(alberts.read(real), alberts.read(real, AlbertsConfig(nmr="peaks")), strict=True):
        assert isinstance(trace, Record)
        assert isinstance(peaks, Record)
        assert isinstance(trace.evidence.c_nmr, NmrSpectrum)
        assert peaks.evidence.c_nmr is not None
        found = pick_peaks(trace.evidence.c_nmr, config).shift_ppm
        listed = peaks.evidence.c_nmr.shift_ppm
        first, last = C_NMR_GRID.axis[[0, -1]]
        errors.append(np.abs(listed[:, None] - found).min(axis=1))
        mirrored.append(np.abs(listed[:, None] - (first + last - found)).min(axis=1))
    assert np.median(np.concatenate(errors)) <= 0.02
    assert np.median(np.concatenate(mirrored)) > 5


def test_listed_protons_hold_the_signal_of_the_traces(real: Path) -> None:
    """Of what is above 1 % of the highest point; the ranges leave out the feet of the lines."""
    listed = pq.read_table(real, columns=["h_nmr_peaks"]).to_pylist()
    inside = total = 0.0
    for record, row in zip(alberts.read(real), listed, strict=True):
        assert isinstance(record, Record)
        assert isinstance(record.evidence.h_nmr, NmrSpectrum)
        x, y = record.evidence.h_nmr.shift_ppm, record.evidence.h_nmr.intensity
        y = np.where(y > 0.01 * y.max(), y, 0)
        within = np.zeros(len(x), np.bool_)
        for peak in row["h_nmr_peaks"]:
            within |= (x >= peak["rangeMin"]) & (x <= peak["rangeMax"])
        inside, total = inside + y[within].sum(), total + y.sum()
    assert inside / total >= 0.99
