from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.dataset.sources import nmr_literature, training_inputs
from molucid.errors import InputError, Rejected
from molucid.spectra.report import ReadReport
from molucid.spectra.types import NmrPeaks, Record

H, C = "1H NMR (400 MHz, CDCl3) δ 7.26 (s, 5H)", "13C NMR (CDCl3) δ 128.4"
TEXTS = [
    (H, C),
    ("δ 7.26 (s, 5H)", "128.4"),
    (H + " (", C),
    (H, H),
    (H, None),
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "literature.parquet"
    facts = {
        "source": "s",
        "id": "PMC1",
        "smiles": "c1ccccc1",
        "flat_smiles": "c1ccccc1",
        "inchikey14": "UHOVQNZJYSORNB",
        "formula": "C6H6",
    }
    pq.write_table(pa.Table.from_pylist([facts | {"h1_text": h, "c13_text": c} for h, c in TEXTS]), path)
    return path


def test_both_texts_must_be_readable(table: Path) -> None:
    items = list(nmr_literature.read(table))
    codes = [item.code if isinstance(item, Rejected) else item.evidence.id for item in items]
    assert codes == ["PMC1#1", "PMC1#2", "unbalanced_parenthesis", "wrong_nucleus", "no_peaks"]
    for item in items[:2]:
        assert isinstance(item, Record)
        assert isinstance(item.evidence.h_nmr, NmrPeaks)
        assert isinstance(item.evidence.c_nmr, NmrPeaks)
        assert item.evidence.h_nmr.num_hydrogens == (5,)
        assert item.evidence.c_nmr.shift_ppm.tolist() == [128.4]
        assert str(item.evidence.formula) == "C6H6"
        assert item.metadata["article"] == "PMC1"
    rejected = items[2]
    assert isinstance(rejected, Rejected)
    assert (rejected.where.line, rejected.where.file) == (3, str(table))


def test_pack_recognises_the_table(table: Path) -> None:
    (given,) = training_inputs.training_inputs([str(table)])
    assert given.kind == "nmr_literature"
    assert len(list(training_inputs.read_inputs([given]))) == len(TEXTS)
    pq.write_table(pa.table({"smiles": ["C"]}), table)
    with pytest.raises(InputError, match="columns"):
        list(nmr_literature.read(table))


def test_of_the_real_texts_95_percent_are_read(data_folder: Path) -> None:
    path = data_folder / "nmr_literature_text.parquet"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in MOLUCID_DATA")
    report = ReadReport()
    for _ in report.count(nmr_literature.read(path)):
        pass
    assert report.num_read == pq.read_metadata(path).num_rows
    assert report.num_kept / report.num_read > 0.95
