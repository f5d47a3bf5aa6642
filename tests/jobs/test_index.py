"""`molucid index`: what it writes, and that rows, molecules and predictions belong together."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from jobs.cli import main
from molucid.adapt.index import NeighbourIndex
from molucid.adapt.vectors import predict_fingerprints, unit_vectors
from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.dataset.packed import PackedDataset
from molucid.train.checkpoint import load_model, model_hash, resolve_checkpoint


def command(given: SimpleNamespace, out: Path, *options: str) -> list[str]:
    return ["index", "--data", given.packed, "--checkpoint", given.run, "--out", str(out), *options]


def test_every_sample_stands_in_the_index_with_its_own_prediction(answering: SimpleNamespace) -> None:
    index, dataset = NeighbourIndex.load(answering.index), PackedDataset(answering.packed)
    model, _ = load_model(resolve_checkpoint(answering.run))
    alone = [predict_fingerprints(model, [dataset[i].evidence]) for i in range(len(dataset))]
    np.testing.assert_array_equal(index.rows, np.arange(len(dataset)))
    np.testing.assert_allclose(index.vectors, unit_vectors(np.concatenate(alone)), atol=1e-5)
    assert index.keys == {dataset[i].inchikey14 for i in range(len(dataset))}
    for i in range(len(dataset)):
        bits = fingerprint(dataset[i].smiles, FingerprintConfig())
        assert index.nearest_molecule(bits) == (1.0, dataset[i].inchikey14)


def test_the_manifest_names_checkpoint_and_samples(answering: SimpleNamespace) -> None:
    manifest = json.loads((Path(answering.index) / "manifest.json").read_text())
    assert manifest["checkpoint_sha256"] == model_hash(resolve_checkpoint(answering.run))
    assert manifest["packed_sha256"] == PackedDataset(answering.packed).content_hash
    assert manifest["num_samples"] == len(PackedDataset(answering.packed))


def test_limit_and_summary(
    answering: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(answering, tmp_path / "index", "--limit", "5", "--json")) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "index": str(tmp_path / "index"),
        "num_samples": 5,
        "num_molecules": 5,
    }
    assert "index: 5 samples" in printed.err
    assert len(NeighbourIndex.load(tmp_path / "index").rows) == 5


def test_the_same_index_twice(answering: SimpleNamespace, tmp_path: Path) -> None:
    assert main(command(answering, tmp_path / "index", "--quiet")) == 0
    for name in ("vectors.npy", "rows.npy", "molecule_keys.npy", "molecule_bits.npy"):
        assert (tmp_path / "index" / name).read_bytes() == (Path(answering.index) / name).read_bytes()


def test_the_folder_of_something_else_is_left_alone(
    answering: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (Path(answering.packed) / "manifest.json").read_bytes()
    assert main(command(answering, Path(answering.packed))) == 2
    assert "got a folder that holds 'molucid.packed'" in capsys.readouterr().err
    assert (Path(answering.packed) / "manifest.json").read_bytes() == before


def test_a_full_disk_leaves_the_index_of_the_run_before(
    answering: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "index"
    assert main(command(answering, out, "--limit", "5", "--quiet")) == 0
    real, written = os.fsync, 0

    def full_at_the_third_file(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_third_file)
    assert main(command(answering, out, "--quiet")) == 1
    assert len(NeighbourIndex.load(out).rows) == 5
    assert not list(out.glob(".*"))


def test_index_and_samples_move_together(answering: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    packed, index = tmp_path / "here" / "packed", tmp_path / "here" / "index"
    shutil.copytree(answering.packed, packed)
    assert (
        main(["index", "--data", str(packed), "--checkpoint", answering.run, "--out", str(index), "--quiet"])
        == 0
    )
    before = (index / "manifest.json").read_bytes()
    (tmp_path / "here").rename(tmp_path / "there")
    moved = NeighbourIndex.load(tmp_path / "there" / "index")
    assert PackedDataset(moved.provenance["packed_path"]).content_hash == moved.provenance["packed_sha256"]
    again = tmp_path / "there" / "index"
    packed = tmp_path / "there" / "packed"
    assert (
        main(["index", "--data", str(packed), "--checkpoint", answering.run, "--out", str(again), "--quiet"])
        == 0
    )
    assert (again / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("option", ["--limit", "--batch-size"])
def test_numbers_below_one_are_refused(
    answering: SimpleNamespace, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(answering, tmp_path / "index", option, "0")) == 2
    assert f"{option} 0" in capsys.readouterr().err
    assert not (tmp_path / "index").exists()


def test_a_model_without_a_fingerprint_head_is_refused(
    answering: SimpleNamespace, make: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make.checkpoint(tmp_path / "run", fingerprint_bits=None)
    given = SimpleNamespace(run=str(run), packed=answering.packed)
    assert main(command(given, tmp_path / "index", "--quiet")) == 2
    assert "fingerprint head" in capsys.readouterr().err


def test_missing_samples_are_refused(
    answering: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = SimpleNamespace(run=answering.run, packed=str(tmp_path / "none"))
    assert main(command(given, tmp_path / "index")) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err
