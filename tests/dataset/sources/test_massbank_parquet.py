from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.sources.massbank_parquet import is_massbank_parquet, read
from molucid.errors import InputError, Rejected
from molucid.spectra.types import Record

ROW = {
    "accession": "MSBNK-Made-000001",
    "smiles": "CCO",
    "inchikey14": "LFQSCWFLJHTTHZ",
    "formula": "C2H6O",
    "precursor_mz": 47.0491,
    "adduct": "[M+H]+",
    "collision_energy": 30.0,
    "collision_energy_unit": "eV",
    "instrument_type": "LC-ESI-QTOF",
    "fragmentation_mode": "CID",
    "license": "CC0",
    "contributor": "Made",
    "fold": "train",
    "mzs": [29.0386, 47.0491],
    "intensities": [100.0, 50.0],
}


def table(path: Path, *changes: dict[str, Any]) -> Path:
    pq.write_table(pa.Table.from_pylist([{**ROW, **change} for change in changes]), path)
    return path


@pytest.mark.parametrize(
    ("unit", "instrument", "ev", "nce"),
    [
        ("eV", "LC-ESI-QTOF", 30.0, None),
        ("eV", "LC-ESI-QFT", 30.0, None),
        ("NCE", "LC-ESI-ITFT", None, 30.0),
        ("?", "LC-ESI-QFT", None, 30.0),
        ("?", "ESI-FTICR", None, 30.0),
        ("?", "ESI-QTOF", 30.0, None),
        ("?", "LC-ESI-QQ", 30.0, None),
        ("eV-ramp", "LC-ESI-QTOF", None, None),
        ("?-ramp", "LC-ESI-QFT", None, None),
        (None, "LC-ESI-FT", None, None),
    ],
)
def test_energies(
    tmp_path: Path, unit: str | None, instrument: str, ev: float | None, nce: float | None
) -> None:
    path = table(tmp_path / "m.parquet", {"collision_energy_unit": unit, "instrument_type": instrument})
    (record,) = read(path)
    assert isinstance(record, Record)
    (spectrum,) = record.evidence.msms
    assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == (ev, nce)
    assert record.metadata["licence"] == "CC0"


def test_the_unreliable_energy_of_one_contributor_is_rejected_by_name(tmp_path: Path) -> None:
    waters = {"contributor": "RIKEN", "collision_energy": 6.0, "collision_energy_unit": "?"}
    rows = list(
        read(table(tmp_path / "m.parquet", waters, {"contributor": "RIKEN"}, {"collision_energy": 6.0}))
    )
    assert isinstance(rows[0], Rejected)
    assert rows[0].code == "unreliable_energy"
    assert rows[0].where.line == 1
    assert all(isinstance(row, Record) for row in rows[1:])


def test_folds_cations_and_bad_rows(tmp_path: Path) -> None:
    cation = {"formula": "C4H12N+", "smiles": "C[N+](C)(C)C", "adduct": "[M]+", "precursor_mz": 74.0964}
    bad = {"adduct": "[M+Xx]+", "accession": "bad"}
    protonated = {**cation, "adduct": "[M+H]+", "precursor_mz": 75.1037, "accession": "protonated"}
    path = table(tmp_path / "m.parquet", {"fold": "val"}, cation, bad, protonated)
    rows = list(read(path, "train"))
    assert len(rows) == 3
    assert isinstance(rows[2], Rejected)
    assert (rows[2].code, rows[2].id) == ("charged_formula", "protonated")
    assert isinstance(rows[0], Record)
    assert str(rows[0].evidence.formula) == "C4H12N"
    assert isinstance(rows[1], Rejected)
    assert (rows[1].code, rows[1].id) == ("unknown_adduct", "bad")
    assert len(list(read(path, "val"))) == 1


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    assert not is_massbank_parquet(path)
    with pytest.raises(InputError, match="accession"):
        next(read(path))
    (tmp_path / "text").write_text("BEGIN IONS\n")
    assert not is_massbank_parquet(tmp_path / "text")


def test_the_real_table(data_folder: Path) -> None:
    path = data_folder / "massbank_msms.parquet"
    records = [row for row in read(path, "val") if isinstance(row, Record)]
    faults = Counter(row.code for row in read(path, "val") if isinstance(row, Rejected))
    # 5117 rows of fold val, counted with pyarrow.compute; 21 of them write `[M+H]+` or `[M-H]-` of a cation.
    assert len(records) == 5096
    assert faults == {"charged_formula": 21}
    assert not any(record.metadata["inchikey14"] in HoldoutKeys.default() for record in records)
    units = Counter(
        (s.collision_energy_ev is not None, s.normalized_collision_energy is not None)
        for record in records
        for s in record.evidence.msms
    )
    assert units[(True, True)] == 0
