"""The table of computed vibrations: what is written is read, what is broken is named by line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.simulate.ir_table import (
    ComputedMolecule,
    job_path,
    line_of,
    read_job,
    read_table,
    scaffold_group,
)
from molucid.simulate.ir_xtb import Vibrations

FORMALDEHYDE = ComputedMolecule(
    "50-00-0",
    "C=O",
    "WSFSSNUMVMOOMR",
    Vibrations(
        np.array([1085.19, 1806.55]), np.array([1.3196, 149.8075]), np.array([[0.9, 0.1], [0.6, 0.4]]), 1
    ),
)
LINEAR = ComputedMolecule(
    "74-90-8", "C#N", "LELOWRISYMNNSU", Vibrations(np.array([776.7]), np.array([10.3]), None, 0)
)
FAILED = ComputedMolecule("1", "CO", "OKKJLVBELUTLKV", Rejected("1", "xtb_timeout", "got no result"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text("".join(map(line_of, (FORMALDEHYDE, LINEAR, FAILED))))
    first, second, third = read_table(path)
    assert (first.id, first.smiles, first.inchikey14) == ("50-00-0", "C=O", "WSFSSNUMVMOOMR")
    assert isinstance(first.result, Vibrations)
    np.testing.assert_array_equal(first.result.wavenumber_cm1, [1085.19, 1806.55])
    np.testing.assert_array_equal(first.result.intensity_km_mol, [1.3196, 149.8075])
    np.testing.assert_array_equal(first.result.atom_shares, [[0.9, 0.1], [0.6, 0.4]])
    assert first.result.num_imaginary == 1
    assert isinstance(second.result, Vibrations)
    assert second.result.atom_shares is None
    assert isinstance(third.result, Rejected)
    assert (third.result.code, third.result.where.line) == ("xtb_timeout", 3)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[: len(line) // 2],
        lambda line: json.dumps({**json.loads(line), "wavenumber_cm1": [1.0]}),
        lambda line: json.dumps({**json.loads(line), "atom_shares": [[1.0]]}),
        lambda line: json.dumps({**json.loads(line), "intensity_km_mol": ["x", 1.0]}),
        lambda line: json.dumps({"id": "1"}),
        lambda line: "[]",
    ],
)
def test_a_broken_line_is_named(change, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "table.jsonl"
    path.write_text(line_of(LINEAR) + change(line_of(FORMALDEHYDE)) + "\n")
    with pytest.raises(InputError) as refused:
        list(read_table(path))
    assert refused.value.code == "invalid_table"
    assert refused.value.where is not None
    assert refused.value.where.line == 2


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text(line_of(LINEAR) + line_of(FORMALDEHYDE)[:-20])
    assert [molecule.id for molecule in read_table(path)] == ["74-90-8"]


def test_a_missing_table_and_a_missing_job(tmp_path: Path) -> None:
    for read in (lambda path: list(read_table(path)), read_job):
        with pytest.raises(InputError) as refused:
            read(tmp_path / "no.jsonl")
        assert refused.value.code == "missing_file"
    assert job_path("a/b.jsonl") == Path("a/b.job.json")


def test_rings_share_a_group_and_chains_have_their_own() -> None:
    def group(smiles: str, key: str) -> str:
        return scaffold_group(ComputedMolecule("1", smiles, key, FAILED.result))

    assert group("Cc1ccccc1", "A" * 14) == group("OCc1ccccc1Cl", "B" * 14) == "c1ccccc1"
    assert group("CCO", "A" * 14) == "A" * 14
