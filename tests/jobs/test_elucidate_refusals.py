"""Calls of `molucid elucidate` that no input could make right: exit code 2, with the reason and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.cli import main

EXAMPLES = str(Path(__file__).resolve().parents[2] / "examples" / "massbank.mgf")


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the refused call says on stderr."""

    def call(checkpoint: str, *options: str) -> str:
        command = ["elucidate", EXAMPLES, "--checkpoint", checkpoint, "--out", str(tmp_path / "out")]
        capsys.readouterr()
        assert main([*command, *options]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert not (tmp_path / "out").exists()
        return printed.err

    return call


def test_a_checkpoint_with_a_wrong_hash(
    answering: SimpleNamespace, refusal: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "run" / "step-00000001"
    shutil.copytree(Path(answering.run) / folder.name, folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    said = refusal(str(folder))
    assert "model.safetensors" in said
    assert "sha256" in said
    assert "restore it" in said


def test_no_checkpoint(refusal: Callable[..., str], tmp_path: Path) -> None:
    assert "molucid pretrain" in refusal(str(tmp_path / "nowhere"))


def test_tuning_without_an_index(
    answering: SimpleNamespace, refusal: Callable[..., str], tmp_path: Path
) -> None:
    assert "--index" in refusal(answering.run, "--tune", "per_cluster")
    missing = str(tmp_path / "no-index")
    said = refusal(answering.run, "--tune", "per_cluster", "--index", missing)
    assert missing in said
    assert "molucid index --data" in said


def test_the_index_of_another_checkpoint(
    answering: SimpleNamespace, make: SimpleNamespace, refusal: Callable[..., str], tmp_path: Path
) -> None:
    other = make.checkpoint(tmp_path / "other", seed=1)
    assert "make the index again" in refusal(str(other), "--index", answering.index)


def test_packed_samples_that_the_index_does_not_point_to(
    answering: SimpleNamespace, make: SimpleNamespace, refusal: Callable[..., str], tmp_path: Path
) -> None:
    make.packed(tmp_path / "packed", 64)
    tune = ["--tune", "per_cluster", "--index", answering.index, "--data", str(tmp_path / "packed")]
    assert "give the packed folder that the index was made from" in refusal(answering.run, *tune)


def test_fingerprints_that_cannot_be_folded_to_the_models_head(
    make: SimpleNamespace, refusal: Callable[..., str], tmp_path: Path
) -> None:
    run, packed, index = (str(tmp_path / name) for name in ("run", "packed", "index"))
    make.checkpoint(Path(run), fingerprint_bits=96)
    make.packed(Path(packed), 128)
    command = ["index", "--data", packed, "--checkpoint", run, "--out", index, "--quiet", "--json"]
    assert main(command) == 0
    said = refusal(run, "--tune", "per_cluster", "--index", index)
    assert "a multiple of the 96 bits" in said


@pytest.mark.parametrize("option", ["--actors", "--batch-size"])
def test_numbers_below_one(answering: SimpleNamespace, refusal: Callable[..., str], option: str) -> None:
    assert f"{option} 0" in refusal(answering.run, option, "0")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--set", "tune.learning_rate=1"], "--set tune.learning_rate=1 without --tune"),
        (["--select", "random"], "--select random without --tune"),
        (["--data", "packed"], "--data without --tune"),
        (["--tune", "per_cluster", "--index", "i", "--set", "tune.mode=sequential"], "the option --tune"),
        (["--tune", "per_cluster", "--index", "i", "--set", "tune.selection=random"], "the option --select"),
    ],
)
def test_options_that_would_do_nothing_or_contradict(
    answering: SimpleNamespace, refusal: Callable[..., str], options: list[str], named: str
) -> None:
    assert named in refusal(answering.run, *options)


def test_an_unknown_setting_names_the_nearest(
    answering: SimpleNamespace, refusal: Callable[..., str]
) -> None:
    assert "did you mean 'num_beams'" in refusal(answering.run, "--set", "generate.num_beam=4")
