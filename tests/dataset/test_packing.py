from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.formula import Formula
from molucid.chem.identity import inchikey14
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.dataset import packing
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.dataset.splits import SplitConfig, fold_of
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.types import Evidence, MassSpectrum, Record

from .conftest import SMILES, make_record, make_spectrum

MakeRecord = Callable[..., Record]
BITS = FingerprintConfig(num_bits=512)


def config(**changes: Any) -> PackConfig:
    return PackConfig(fingerprint=BITS, **changes)


def test_a_row_gives_back_what_was_packed(tmp_path: Path) -> None:
    ethanol = MassSpectrum(
        [29.0386, 31.0178, 47.0491], [30.0, 60.0, 12.0], 47.0491, "[M+H]+", None, 35.0, "LC-ESI-QFT"
    )
    record = Record(
        Evidence("e1", Formula.parse("C2H6O"), (ethanol,)), "OCC", Where("lab.mgf"), {"licence": "CC0"}
    )
    manifest = pack([record], tmp_path, config(), {"inputs": []})
    (sample,) = list(PackedDataset(tmp_path, verify=True))
    (spectrum,) = sample.evidence.msms
    assert sample.evidence.id == "e1"
    assert sample.evidence.formula == Formula({"C": 2, "H": 6, "O": 1})
    assert sample.smiles == "CCO"
    assert sample.inchikey14 == "LFQSCWFLJHTTHZ"
    assert sample.target_ids.tolist() == SmilesTokenizer().encode("CCO")
    np.testing.assert_array_equal(sample.fingerprint, fingerprint("CCO", BITS))
    np.testing.assert_array_equal(spectrum.mz, ethanol.mz)
    np.testing.assert_allclose(spectrum.intensity, [0.5, 1.0, 0.2], rtol=1e-7)
    assert (spectrum.precursor_mz, spectrum.adduct) == (47.0491, "[M+H]+")
    assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == (None, 35.0)
    assert spectrum.instrument == "LC-ESI-QFT"
    assert manifest["licences"] == {"CC0": 1}
    assert manifest["sources"] == ["lab.mgf"]
    assert manifest["peaks"] == 3


def test_each_spectrum_is_a_row_and_each_structure_is_stored_once(tmp_path: Path) -> None:
    two = (make_spectrum("CCO", 3), make_spectrum("CCO", 5, None))
    records = [make_record("CCO", "a", two), make_record("c1ccoc1", "b"), make_record("OCC", "c")]
    manifest = pack(records, tmp_path, config(), {})
    dataset = PackedDataset(tmp_path)
    assert (manifest["rows"], manifest["molecules"], manifest["records_kept"]) == (4, 2, 3)
    assert [dataset.row_id(i) for i in range(4)] == ["a", "a", "b", "c"]
    assert dataset.rows["molecule"].tolist() == [0, 0, 1, 0]
    assert [dataset[i].evidence.msms[0].mz.size for i in range(4)] == [3, 5, 3, 3]
    assert [dataset[i].evidence.msms[0].collision_energy_ev for i in range(4)] == [30.0, None, 30.0, 30.0]
    assert [dataset[i].smiles for i in range(4)] == ["CCO", "CCO", "c1ccoc1", "CCO"]


def faulty(identifier: str, smiles: str | None, formula: str = "C2H6O") -> Record:
    spectrum = make_spectrum("CCO", 2)
    return Record(Evidence(identifier, Formula.parse(formula), (spectrum,)), smiles, Where("f", identifier))


def test_every_record_is_packed_or_rejected_with_its_reason(tmp_path: Path) -> None:
    good = make_record("CCO", "good")
    records: list[Record | Rejected] = [
        Rejected("unread", "negative_mz", "got m/z -1", Where("f", line=9)),
        faulty("no structure", None),
        faulty("no smiles", "C1CC"),
        faulty("isomer of another formula", "CCN"),
        faulty("a salt", "CO.Cl"),
        Record(Evidence("empty", None, ()), "CCO", Where("f")),
        Record(
            Evidence("wrong precursor", Formula.parse("C2H6O"), (make_spectrum("CCN", 3),)), "CCO", Where("f")
        ),
        good,
    ]
    manifest = pack(records, tmp_path, config(), {})
    assert manifest["rejected"] == {
        "formula_mismatch": 1,
        "formula_precursor_mismatch": 1,
        "invalid_smiles": 1,
        "negative_mz": 1,
        "no_spectrum": 1,
        "no_structure": 1,
        "several_fragments": 1,
    }
    assert manifest["records_read"] == 8
    assert manifest["records_kept"] + sum(manifest["rejected"].values()) == 8
    with (tmp_path / "rejected.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["id"] for row in rows][:2] == ["unread", "no structure"]
    assert (rows[0]["line"], rows[0]["code"]) == ("9", "negative_mz")


def without_formula(identifier: str, smiles: str, *precursors_mz: float) -> Record:
    spectra = tuple(MassSpectrum([29.0386, mz], [1.0, 0.5], mz, "[M+H]+") for mz in precursors_mz)
    return Record(Evidence(identifier, None, spectra), smiles, Where("f", identifier))


def test_a_structure_is_held_to_the_precursor_where_no_formula_is_given(tmp_path: Path) -> None:
    # Ethanol C2H6O has [M+H]+ at 46.04186 + 1.00728 = 47.04914; 47.0500 is 18 ppm, 47.0502 is 23 ppm off.
    records = [
        without_formula("right", "CCO", 47.0500),
        without_formula("off", "CCO", 47.0502),
        without_formula("far", "CCO", 500.1),
        without_formula("one of two", "CCO", 47.0491, 500.1),
        faulty("another structure than formula", "CCC"),
    ]
    manifest = pack(records, tmp_path, config(), {})
    assert manifest["rejected"] == {"formula_mismatch": 1, "formula_precursor_mismatch": 3}
    # Five records, and a row for the spectrum that is missing from one of those kept.
    assert (manifest["records_read"], manifest["records_kept"]) == (6, 2)
    assert "one of two/msms#2\tformula_precursor_mismatch" in (tmp_path / "rejected.tsv").read_text()
    dataset = PackedDataset(tmp_path)
    assert [(s.evidence.id, s.evidence.msms[0].precursor_mz) for s in dataset] == [
        ("right", 47.05),
        ("one of two", 47.0491),
    ]
    assert "500.1000" in (tmp_path / "rejected.tsv").read_text()


def test_held_out_and_excluded_molecules_never_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ethanol, pyridine = HoldoutKeys.from_keys(["LFQSCWFLJHTTHZ"]), HoldoutKeys.from_keys(["YLQBMQCUIZJEEH"])
    monkeypatch.setattr(packing.HoldoutKeys, "default", lambda: ethanol)
    records = [
        make_record("CCO", "held out"),
        make_record("c1ccoc1", "excluded"),
        make_record("CCN(CC)CC", "free"),
    ]
    manifest = pack(records, tmp_path, config(), {}, exclude=pyridine)
    assert manifest["rejected"] == {"held_out": 2}
    assert [sample.evidence.id for sample in PackedDataset(tmp_path)] == ["free"]


def test_a_split_holds_its_molecules_only_and_splits_share_none(tmp_path: Path) -> None:
    records = [make_record("C" * n, f"alkane{n}") for n in range(3, 40)]
    shares = {"val_fraction": 0.3, "test_fraction": 0.3}
    seen: dict[str, set[str]] = {}
    for split in ("train", "val", "test"):
        settings = PackConfig.from_mapping(
            {"split": split, "splits": shares, "fingerprint": BITS.model_dump()}
        )
        manifest = pack(records, tmp_path / split, settings, {})
        seen[split] = {sample.inchikey14 for sample in PackedDataset(tmp_path / split)}
        assert all(fold_of(key, settings.splits) == split for key in seen[split])
        assert manifest["records_kept"] == len(seen[split]) == 37 - manifest["rejected"]["other_split"]
    assert sum(len(keys) for keys in seen.values()) == len(set.union(*seen.values())) == 37


def test_one_record_per_molecule(tmp_path: Path) -> None:
    records = [make_record("CCO", "first"), make_record("OCC", "again"), make_record("CCN(CC)CC", "other")]
    manifest = pack(records, tmp_path, config(one_record_per_molecule=True), {})
    assert manifest["rejected"] == {"duplicate_molecule": 1}
    assert [sample.evidence.id for sample in PackedDataset(tmp_path)] == ["first", "other"]


def test_the_bytes_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    records = [make_record(SMILES[i % 7], f"r{i}") for i in range(600)]
    for processes in (1, 2):
        pack(iter(records), tmp_path / str(processes), config(num_processes=processes), {})
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(names) == 15
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_nothing_kept_is_an_error_that_counts_the_reasons_and_leaves_no_arrays(tmp_path: Path) -> None:
    (tmp_path / "mine.npy").write_bytes(b"")
    records = [faulty("bad", None), faulty("worse", None), faulty("worst", "C1CC")]
    with pytest.raises(InputError, match=r"0 of 3 records.*invalid_smiles 1, no_structure 2") as caught:
        pack(records, tmp_path, config(), {})
    assert caught.value.code == "nothing_packed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.npy", "rejected.tsv"]
    assert len((tmp_path / "rejected.tsv").read_text().splitlines()) == 4
    with pytest.raises(InputError, match="none was read"):
        pack([], tmp_path, config(), {})
    pack([make_record("CCO", "good")], tmp_path, config(), {})
    assert len(PackedDataset(tmp_path)) == 1


def test_a_complete_folder_is_not_overwritten(tmp_path: Path) -> None:
    pack([make_record("CCO", "a")], tmp_path, config(), {})
    with pytest.raises(InputError, match="complete already"):
        pack([], tmp_path, config(), {})
    assert len(PackedDataset(tmp_path)) == 1


def test_an_interrupted_folder_is_refused_and_can_be_packed_again(tmp_path: Path) -> None:
    def broken() -> Any:
        yield from (make_record("CCO", f"r{i}") for i in range(300))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        pack(broken(), tmp_path, config(), {})
    with pytest.raises(InputError) as caught:
        PackedDataset(tmp_path)
    assert caught.value.code == "incomplete_folder"
    pack([make_record("CCO", "a")], tmp_path, config(), {})
    assert len(PackedDataset(tmp_path)) == 1


def test_a_changed_file_is_refused_by_name(tmp_path: Path) -> None:
    pack([make_record("CCO", "a")], tmp_path, config(), {})
    data = bytearray((tmp_path / "mz.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "mz.npy").write_bytes(data)
    with pytest.raises(InputError, match=r"mz\.npy"):
        PackedDataset(tmp_path, verify=True)
    (tmp_path / "mz.npy").write_bytes(data[:-8])
    with pytest.raises(InputError, match=r"mz\.npy"):
        PackedDataset(tmp_path)
    (tmp_path / "mz.npy").unlink()
    with pytest.raises(InputError, match=r"mz\.npy"):
        PackedDataset(tmp_path)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    pack([make_record("CCO", "a")], tmp_path, config(), {})
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text.replace('"version": 2', '"version": 3'))
    with pytest.raises(InputError, match="version 3"):
        PackedDataset(tmp_path)


def test_the_content_hash_names_the_content(tmp_path: Path) -> None:
    for name, smiles in (("a", "CCO"), ("b", "CCO"), ("c", "CCN")):
        pack([make_record(smiles, "x")], tmp_path / name, config(), {})
    hashes = [PackedDataset(tmp_path / name).content_hash for name in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]


def test_maccs_keys_of_a_length_that_is_no_multiple_of_eight(tmp_path: Path) -> None:
    maccs = FingerprintConfig(kind="maccs", num_bits=167)
    pack([make_record("CC(=O)Oc1ccccc1C(=O)O", "a")], tmp_path, PackConfig(fingerprint=maccs), {})
    sample = PackedDataset(tmp_path)[0]
    np.testing.assert_array_equal(sample.fingerprint, fingerprint(sample.smiles, maccs))


def test_the_split_decides_before_the_targets_are_computed(tmp_path: Path) -> None:
    smiles = "C[Si-2](C)(C)(C)(C)C"  # no token stands for such a charge
    fold = fold_of(inchikey14(smiles), SplitConfig())
    other = "val" if fold == "train" else "train"
    settings = {"fingerprint": BITS.model_dump(), "fragments": None}
    for split, reason in ((fold, "unknown_token"), (other, "other_split")):
        records = [make_record(smiles, "charged"), *(make_record("C" * n, str(n)) for n in range(3, 40))]
        manifest = pack(records, tmp_path / split, PackConfig.from_mapping({**settings, "split": split}), {})
        [line] = [x for x in (tmp_path / split / "rejected.tsv").read_text().splitlines() if "charged" in x]
        assert reason in line
        assert manifest["rejected"][reason] >= 1
