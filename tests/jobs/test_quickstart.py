"""The steps of `molucid quickstart`: each is a command that the command line takes, and they fit together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.cli import build_parser
from jobs.quickstart import EXAMPLES, steps, write_excluded
from molucid.chem.identity import inchikey14
from molucid.recipes.load import load_recipe


def test_every_step_is_a_valid_command_and_reads_what_one_before_wrote(tmp_path: Path) -> None:
    parser = build_parser()
    found = steps(parser.parse_args(["quickstart", "--out", str(tmp_path)]))
    assert list(found) == ["simulate", "pack", "pretrain", "index", "elucidate", "evaluate"]
    args = {name: parser.parse_args(step) for name, step in found.items()}
    assert all(parsed.command == name for name, parsed in args.items())
    assert [str(path) for path in args["pack"].inputs] == [str(args["simulate"].out)]
    assert str(args["pretrain"].data) == str(args["index"].data) == str(args["pack"].out)
    assert str(args["index"].checkpoint) == str(args["elucidate"].checkpoint) == str(args["pretrain"].out)
    assert args["elucidate"].index == args["index"].out
    assert args["elucidate"].tune == "per_cluster"


def test_packed_fingerprints_are_those_of_the_recipe(tmp_path: Path) -> None:
    found = steps(build_parser().parse_args(["quickstart", "--out", str(tmp_path)]))
    recipe = load_recipe(found["pretrain"][found["pretrain"].index("--recipe") + 1], [])
    assert f"fingerprint.num_bits={recipe.model.fingerprint_bits}" in found["pack"]


@pytest.fixture
def excluded(tmp_path: Path) -> list[str]:
    write_excluded(build_parser().parse_args(["quickstart", "--out", str(tmp_path)]))
    return (tmp_path / "excluded-molecules.txt").read_text().split()


def test_the_molecules_of_the_examples_are_excluded(excluded: list[str]) -> None:
    known = re.findall(r"^SMILES=(.+)$", EXAMPLES.read_text(), re.MULTILINE)
    assert len(known) == 10
    assert excluded == sorted({inchikey14(smiles) for smiles in known})
