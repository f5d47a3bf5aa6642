from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.dataset.sources.massspecgym import read, read_structures
from molucid.errors import InputError, Rejected
from molucid.spectra.types import Record

COLUMNS = (
    *("identifier", "mzs", "intensities", "smiles", "inchikey", "formula", "precursor_mz"),
    *("adduct", "instrument_type", "collision_energy", "fold"),
)
HEADER = "\t".join(COLUMNS)


def row(identifier: str, fold: str, mzs: str = "29.0386,47.0491") -> str:
    return f"{identifier}\t{mzs}\t1.0,0.5\tCCO\tLFQSCWFLJHTTHZ\tC2H6O\t47.0491\t[M+H]+\tQTOF\t30.0\t{fold}"


def test_records_of_a_fold_carry_source_and_licence(tmp_path: Path) -> None:
    path = tmp_path / "MassSpecGym.tsv"
    path.write_text("\n".join([HEADER, row("a", "train"), row("b", "val"), row("c", "train", "x,y")]) + "\n")
    rows = list(read(path, "train"))
    assert isinstance(rows[0], Record)
    assert rows[0].evidence.id == "a"
    assert rows[0].smiles == "CCO"
    assert rows[0].metadata["source"] == "MassSpecGym"
    assert rows[0].metadata["licence"] == "MIT"
    assert isinstance(rows[1], Rejected)
    assert len(rows) == 2


def test_structures(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(
        pa.table(
            {"fold": ["train", "val"], "inchikey14": ["A" * 14, "B" * 14], "flat_smiles": ["CCO", "CCN"]}
        ),
        path,
    )
    assert [m.smiles for m in read_structures(path)] == ["CCO", "CCN"]
    (only,) = read_structures(path, "val")
    assert (only.id, only.where.line) == (f"MassSpecGym:{'B' * 14}", 2)
    pq.write_table(pa.table({"smiles": ["C"]}), path)
    with pytest.raises(InputError, match="flat_smiles"):
        next(read_structures(path))
