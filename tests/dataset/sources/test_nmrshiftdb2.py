"""nmrshiftdb2's table: merging by compound, what is rejected, what a list keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.dataset.sources import nmrshiftdb2
from molucid.errors import InputError, Rejected
from molucid.spectra.assigned_shifts import ListedShifts
from molucid.spectra.types import Record


def row(**changes: Any) -> dict[str, Any]:
    return {
        "nmrshiftdb_id": 7,
        "smiles": "CCO",
        "inchikey14": "LFQSCWFLJHTTHZ",
        "nucleus": "13C",
        "solvent": "Chloroform-D1 (CDCl3)",
        "field_mhz": "100.6",
        "calculated": False,
        "shifts_ppm": [58.0, 18.1],
        "multiplicity": ["T", "q"],
        "fold": "train",
        **changes,
    }


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "n.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_nuclei_of_a_compound_are_one_record(tmp_path: Path) -> None:
    rows = [
        row(),
        row(smiles="CO", nmrshiftdb_id=8, shifts_ppm=[50.0], multiplicity=["Q"]),
        row(
            nucleus="1H", shifts_ppm=[3.7, 1.2], multiplicity=["", "t"], field_mhz="Unreported", solvent=None
        ),
        row(calculated=True),
        row(nucleus="31P"),
        row(shifts_ppm=[], multiplicity=[]),
        row(nmrshiftdb_id=9, shifts_ppm=[17.9, 57.8], multiplicity=["Q", "T"]),
        row(fold="val", smiles="C"),
    ]
    found = list(nmrshiftdb2.read(write(tmp_path, rows), "train"))
    rejected = [item for item in found if isinstance(item, Rejected)]
    assert [item.code for item in rejected] == ["calculated_shifts", "unsupported_nucleus", "no_peaks"]
    records = [item for item in found if isinstance(item, Record)]
    assert [record.smiles for record in records] == ["CCO", "CCO", "CO"]
    both, again, _ = records
    assert both.evidence.c_nmr is not None
    assert both.evidence.h_nmr is not None
    np.testing.assert_array_equal(both.evidence.c_nmr.shift_ppm, [18.1, 58.0])
    assert both.evidence.c_nmr.multiplicity == ("Q", "T")  # type: ignore[union-attr]  # a list
    assert (both.evidence.c_nmr.solvent, both.evidence.c_nmr.field_mhz) == ("CDCl3", 100.6)
    assert both.evidence.h_nmr.multiplicity == ("t", None)  # type: ignore[union-attr]
    assert (both.evidence.h_nmr.solvent, both.evidence.h_nmr.field_mhz) == (None, None)
    assert str(both.evidence.formula) == "C2H6O"
    assert again.evidence.h_nmr is None
    assert both.metadata["licence"] == nmrshiftdb2.LICENCE


def test_equal_carbons_are_one_peak_with_their_number(tmp_path: Path) -> None:
    benzene = row(smiles="c1ccccc1", shifts_ppm=[128.4] * 6, multiplicity=["D"] * 6)
    (record,) = nmrshiftdb2.read(write(tmp_path, [benzene]))
    assert isinstance(record, Record)
    assert record.evidence.c_nmr is not None
    assert record.evidence.c_nmr.shift_ppm.tolist() == [128.4]
    assert record.evidence.c_nmr.num_hydrogens == (6,)  # type: ignore[union-attr]  # a list


def test_lists_keep_what_the_source_repeats(tmp_path: Path) -> None:
    rows = [row(shifts_ppm=[128.4, 128.4], multiplicity=["D", ""]), row(calculated=True)]
    kept, rejected = nmrshiftdb2.read_lists(write(tmp_path, rows))
    assert isinstance(kept, ListedShifts)
    assert kept.shift_ppm.tolist() == [128.4, 128.4]
    assert kept.carbon_type == ("D", None)
    assert isinstance(rejected, Rejected)


def test_another_table_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"smiles": ["C"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="shifts_ppm"):
        list(nmrshiftdb2.read(tmp_path / "x.parquet"))


def test_every_row_of_the_real_table_is_kept_or_rejected(data_folder: Path) -> None:
    path = data_folder / "nmrshiftdb2.parquet"
    rows = list(nmrshiftdb2.read_lists(path))
    rejected = [item.code for item in rows if isinstance(item, Rejected)]
    assert len(rows) == pq.ParquetFile(path).metadata.num_rows
    assert set(rejected) == {"calculated_shifts"}
    assert len(rejected) == 6720
