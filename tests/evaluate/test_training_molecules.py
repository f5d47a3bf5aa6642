from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.chem.adducts import parse_adduct
from molucid.chem.identity import formula_of, inchikey14
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packing import pack
from molucid.dataset.schema import StoredSample
from molucid.dataset.shards import DatasetRoot, ShardWriter
from molucid.errors import InputError
from molucid.evaluate.training_molecules import training_elements, training_smiles
from molucid.spectra.types import Evidence, MassSpectrum, Record, Sample

SMILES = ["CCO", "CCN(CC)CC", "NCCc1ccc(O)cc1"]
ELEMENTS = dict(zip(map(inchikey14, SMILES), map(frozenset, ("CHO", "CHN", "CHNO")), strict=True))


def evidence(smiles):
    precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula_of(smiles))
    mz = np.array([0.5, 1.0]) * precursor_mz
    spectrum = MassSpectrum(mz, np.array([0.5, 1.0]), precursor_mz, "[M+H]+", 30.0, None, "LC-ESI-QTOF")
    return Evidence(smiles, formula_of(smiles), (spectrum,))


def test_text_file(tmp_path):
    path = tmp_path / "corpus.smi"
    path.write_text("CCO ethanol\nCCN\n")
    assert list(training_smiles(path)) == ["CCO", "CCN"]


def test_samples(tmp_path):
    writer = ShardWriter(DatasetRoot(str(tmp_path)))
    stored = [StoredSample(Sample(evidence(s), s), inchikey14(s), "made", "CC0", 0, {}) for s in SMILES]
    writer.write(0, stored, [])
    writer.complete(writer.finished(), {})
    assert list(training_smiles(tmp_path)) == SMILES
    assert dict(training_elements(tmp_path)) == ELEMENTS


def test_packed_samples(tmp_path):
    records = [Record(evidence(s), s, metadata={"licence": "CC0"}) for s in SMILES]
    pack(records, tmp_path, PackConfig(), {"inputs": []})
    assert {inchikey14(s) for s in training_smiles(tmp_path)} == {inchikey14(s) for s in SMILES}
    assert dict(training_elements(tmp_path)) == ELEMENTS


def test_keys_of_what_can_be_read(tmp_path):
    path = tmp_path / "corpus.smi"
    path.write_text("CCO\nOCC\nC1CC\n")
    assert list(training_elements(path)) == [(inchikey14("CCO"), frozenset("CHO"))] * 2


def test_elements_of_text_are_those_of_atoms_labelled_or_bare(tmp_path):
    path = tmp_path / "corpus.smi"
    path.write_text("[2H]C(Cl)(Cl)Cl\nFC(F)(F)F\nC[Si](C)(C)C\n")
    assert dict(training_elements(path)) == {
        inchikey14("ClC(Cl)Cl"): frozenset({"C", "H", "Cl"}),
        inchikey14("FC(F)(F)F"): frozenset({"C", "F"}),
        inchikey14("C[Si](C)(C)C"): frozenset({"C", "H", "Si"}),
    }


def test_only_the_training_fold_of_a_table(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"smiles": ["CCO", "CCN", None], "fold": ["train", "val", "train"]}), path)
    assert list(training_smiles(path)) == ["CCO"]


def test_table_without_structures(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"mz": [1.0]}), path)
    with pytest.raises(InputError) as caught:
        list(training_smiles(path))
    assert caught.value.code == "missing_column"
