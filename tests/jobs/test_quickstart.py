"""The steps of `molucid quickstart`: each is a command that the command line takes, and they fit together."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from pathlib import Path

import pytest

from jobs import cli
from jobs.cli import build_parser
from jobs.quickstart import EXAMPLES, steps, write_excluded
from molucid.chem.identity import inchikey14
from molucid.cluster import session
from molucid.evaluate.cases import read_case_files
from molucid.recipes.load import load_recipe


def test_every_step_is_a_valid_command_and_reads_what_one_before_wrote(tmp_path: Path) -> None:
    parser = build_parser()
    found = steps(parser.parse_args(["quickstart", "--out", str(tmp_path)]), [str(EXAMPLES)])
    assert list(found) == ["simulate", "pack", "pretrain", "index", "elucidate", "evaluate"]
    args = {name: parser.parse_args(step) for name, step in found.items()}
    assert all(parsed.command == name for name, parsed in args.items())
    assert [str(path) for path in args["pack"].inputs] == [str(args["simulate"].out)]
    assert str(args["pretrain"].data) == str(args["index"].data) == str(args["pack"].out)
    assert str(args["index"].checkpoint) == str(args["elucidate"].checkpoint) == str(args["pretrain"].out)
    assert args["elucidate"].index == args["index"].out
    assert args["elucidate"].tune == "per_cluster"
    assert args["evaluate"].answers == [f"{args['elucidate'].out}/candidates.jsonl"]


def test_packed_fingerprints_are_those_of_the_recipe(tmp_path: Path) -> None:
    found = steps(build_parser().parse_args(["quickstart", "--out", str(tmp_path)]), [str(EXAMPLES)])
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


SPECTRUM = (
    "BEGIN IONS\nTITLE={}\nPEPMASS=47.049\nADDUCT=[M+H]+\nFORMULA=C2H6O\n{}29.04 10\n47.05 5\nEND IONS\n"
)


@pytest.fixture
def three_files(tmp_path: Path) -> list[str]:
    """Two that tell a structure, and between them one that does not."""
    texts = {"a": "SMILES=CCO\n", "b": "", "c": "SMILES=COC\n"}
    for name, structure in texts.items():
        (tmp_path / f"{name}.mgf").write_text(SPECTRUM.format(name, structure))
    return [str(tmp_path / f"{name}.mgf") for name in texts]


def test_every_file_that_tells_structures_is_the_truth(tmp_path: Path, three_files: list[str]) -> None:
    parser = build_parser()
    args = parser.parse_args(["quickstart", "--out", str(tmp_path), "--spectra", *three_files])
    truth = write_excluded(args)
    assert truth == [three_files[0], three_files[2]]
    assert len((tmp_path / "excluded-molecules.txt").read_text().split()) == 2
    evaluated = parser.parse_args(steps(args, truth)["evaluate"])
    assert evaluated.truth == truth
    cases, rejected = read_case_files(evaluated.truth)
    assert ([case.id for case in cases], rejected) == (["a", "c"], [])


def test_the_truth_of_a_labelled_folder_is_its_table(tmp_path: Path) -> None:
    folder = Path(__file__).parents[1] / "spectra/data/diffms"
    args = build_parser().parse_args(["quickstart", "--out", str(tmp_path), "--spectra", str(folder)])
    assert write_excluded(args) == [str(folder / "labels.tsv")]
    (case, *_), _ = read_case_files(write_excluded(args))
    assert (case.id, str(case.formula)) == ("spec_1", "C15H23NO3")


def test_json_is_all_that_is_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def step(typed: list[str]) -> int:
        sys.stdout.write(f"summary of {typed[0]}\n")
        return 0

    run_quickstart = cli.main
    monkeypatch.setattr(cli, "main", step)
    monkeypatch.setattr(session, "ray_session", contextlib.nullcontext)
    assert run_quickstart(["quickstart", "--out", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["report"] == str(tmp_path / "answers/report.html")
    assert [line.split()[-1] for line in printed.err.splitlines() if line.startswith("summary of")] == [
        *("simulate", "pack", "pretrain", "index", "elucidate", "evaluate")
    ]
    assert run_quickstart(["quickstart", "--out", str(tmp_path), "--quiet"]) == 0
    assert "summary of evaluate" in capsys.readouterr().out
