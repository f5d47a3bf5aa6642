"""`molucid elucidate` end to end through the command line, with a small model of random weights."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.cli import main
from molucid.chem.identity import formula_of
from molucid.cluster.session import ray_session
from molucid.evaluate.answer_files import CANDIDATE_COLUMNS
from molucid.rejected import REJECTED_COLUMNS

pytestmark = pytest.mark.cluster

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "massbank.mgf"
EXAMPLE_IDS = re.findall(r"^TITLE=(.+)$", EXAMPLES.read_text(), re.MULTILINE)
SMALL_SEARCH = ["--set", "generate.num_beams=3", "--set", "generate.num_candidates=2"]
SMALL_SEARCH += ["--set", "generate.num_finished=4", "--set", "generate.max_length=60"]
# Vectors of random weights say nothing, so no cluster may be dark; three clusters make the order of tasks matter.
SMALL_TUNING = ["--set", "tune.dark_below_cosine=0", "--set", "tune.batch_size=4"]
SMALL_TUNING += ["--set", "tune.per_cluster.spectra_per_cluster=2", "--set", "tune.sequential.num_clusters=3"]
SMALL_TUNING += ["--set", "tune.per_cluster.neighbours_per_cluster=6"]
SMALL_TUNING += ["--set", "tune.per_cluster.steps_per_cluster=2", "--set", "tune.learning_rate=1e-2"]
EQUAL_FILES = ("candidates.tsv", "candidates.jsonl", "rejected.tsv", "report.html")


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    with ray_session(num_cpus=2):
        yield


def record(title: str, formula: str = "C3H8O", adduct: str = "[M+H]+", **changes: str) -> str:
    """An MGF record of propanol, with changes."""
    fields = {"TITLE": title, "PEPMASS": "61.0648", "ADDUCT": adduct, "FORMULA": formula, **changes}
    peaks = fields.pop("peaks", "31.0178 20\n43.0542 100\n61.0648 30")
    lines = [f"{name}={value}" for name, value in fields.items() if value]
    return "\n".join(["BEGIN IONS", *lines, peaks, "END IONS", ""])


SMALL = "\n".join(
    [
        record("propanol", SMILES="CCCO"),
        record("ethylamine", "C2H7N", PEPMASS="46.0651", peaks="29.0386 30\n46.0651 100"),
        record("toluene", "C7H8", PEPMASS="93.0699", peaks="65.0386 10\n91.0542 100"),
        record("acetamide", "C2H5NO", PEPMASS="60.0444", peaks="43.0178 80\n60.0444 100"),
        record("ethanethiol", "C2H6S", PEPMASS="63.0263", peaks="29.0386 100\n63.0263 20"),
    ]
)


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.mgf"
    path.write_text(SMALL)
    return str(path)


@pytest.fixture
def answer(answering: SimpleNamespace, tmp_path: Path) -> Callable[..., Path]:
    """Answer files into a folder of the given name; the folder."""

    def call(name: str, files: list[str], *options: str, code: int = 0) -> Path:
        out = tmp_path / name
        command = ["elucidate", *files, "--checkpoint", answering.run, "--out", str(out), "--quiet"]
        assert main([*command, *SMALL_SEARCH, *options]) == code
        return out

    return call


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def header(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text().splitlines()[0].split("\t"))


def answers(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "candidates.jsonl").read_text().splitlines()]


def provenance(out: Path) -> dict[str, Any]:
    return json.loads((out / "provenance.json").read_text())


class Headings(HTMLParser):
    """Texts of the `h2` of a page; fails on an element that is closed but was not opened last."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.titles: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)


def headings(page: Path) -> list[str]:
    parser = Headings()
    parser.feed(page.read_text())
    assert parser.open == []
    return parser.titles


BAD: dict[str, tuple[str, str]] = {
    "nan m/z": (record("nan m/z", peaks="nan 10\n43.0542 100"), "not_finite"),
    "negative m/z": (record("negative m/z", peaks="-43.0542 10\n43.0542 100"), "negative_mz"),
    "other formula": (record("other formula", "C4H10O"), "formula_precursor_mismatch"),
    "odd adduct": (record("odd adduct", adduct="[M+Xe]+"), "unknown_adduct"),
    "platinum": (record("platinum", "C3H8OPt", PEPMASS="256.0298"), "element_outside_alphabet"),
    "labelled": (record("labelled", "C3H7[2H]O", PEPMASS="62.0711"), "element_outside_alphabet"),
    "choline": (record("choline", "C5H14NO", "[M]+", PEPMASS="104.1070"), "charged_molecule"),
    "paraquat": (record("paraquat", "C12H14N2", "[M]2+", PEPMASS="93.0573"), "charged_molecule"),
    "too many hydrogens": (
        record("too many hydrogens", "CH10", PEPMASS="23.0855", peaks="15.0229 9"),
        "no_molecule_of_formula",
    ),
}


def write_bad_inputs(folder: Path) -> dict[str, str]:
    """Write the bad inputs of the first issue and good records among them; file → its only reason, or ``."""
    (folder / "empty.mgf").write_bytes(b"")
    long = "".join(f"{20 + i * i % 7919 / 100:.2f} {i * 7907 % 9973}\n" for i in range(50_000))
    whole = gzip.compress((record("before the cut") + record("cut", peaks=long)).encode())
    (folder / "cut.mgf.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "bad.mgf").write_text(record("good 1") + "".join(text for text, _ in BAD.values()))
    with (folder / "bad.mgf").open("a") as stream:
        stream.write(record("good 1") + record("good 2") + record("readable", SMILES="c1cc("))
    peaks = "".join(f"{20 + i * 4e-5:.5f} 1\n" for i in range(1_000_001))
    (folder / "many.mgf").write_text(record("many peaks", peaks=peaks) + record("after many"))
    (folder / "title.mgf").write_text(record("t" * 10_000_000) + record("after title"))
    return {"missing.mgf": "missing_file", "empty.mgf": "empty_file", "cut.mgf.gz": "truncated_gzip"}


def test_every_input_is_answered_or_listed_with_its_reason(
    answer: Callable[..., Path], tmp_path: Path
) -> None:
    whole_files = write_bad_inputs(tmp_path)
    names = ["missing.mgf", "empty.mgf", "cut.mgf.gz", "bad.mgf", "many.mgf", "title.mgf"]
    out = answer("out", [str(tmp_path / name) for name in names])

    rejected = rows(out / "rejected.tsv")
    assert header(out / "rejected.tsv") == REJECTED_COLUMNS
    assert all(row["code"] and row["message"] and row["hint"] and row["file"] for row in rejected)
    by_file = {name: [r for r in rejected if Path(r["file"]).name == name] for name in names}
    for name, code in whole_files.items():
        assert [row["code"] for row in by_file[name]] == [code]
    assert {row["id"]: row["code"] for row in by_file["bad.mgf"]} == {
        **{title: code for title, (_, code) in BAD.items()},
        "good 1": "duplicate_id",
    }
    assert all(row["record"] and row["line"] for row in by_file["bad.mgf"])
    assert [row["code"] for row in by_file["many.mgf"]] == ["too_many_peaks"]
    assert [row["code"] for row in by_file["title.mgf"]] == ["line_too_long"]
    assert (out / "rejected.tsv").stat().st_size < 10_000

    answered = [item["id"] for item in answers(out)]
    assert answered == ["before the cut", "good 1", "good 2", "readable", "after many", "after title"]
    facts = provenance(out)
    assert facts["num_read"] == facts["num_answered"] + facts["num_rejected"]
    assert facts["num_answered"] == len(answered)
    assert facts["num_rejected"] == len(rejected)


def test_examples_give_every_file_and_the_frozen_columns(
    answer: Callable[..., Path], answering: SimpleNamespace
) -> None:
    out = answer("out", [str(EXAMPLES)], "--index", answering.index)
    names = {*EQUAL_FILES, "provenance.json", "timing.json"}
    assert {path.name for path in out.iterdir()} == names
    assert header(out / "candidates.tsv") == CANDIDATE_COLUMNS
    table = rows(out / "candidates.tsv")
    assert list(dict.fromkeys(row["id"] for row in table)) == EXAMPLE_IDS
    formulas = dict(zip(EXAMPLE_IDS, re.findall(r"^FORMULA=(.+)$", EXAMPLES.read_text(), re.M), strict=True))
    with_candidate = [row for row in table if row["rank"]]
    assert len(with_candidate) > len(EXAMPLE_IDS) / 2
    for row in with_candidate:
        assert str(formula_of(row["smiles"])) == row["formula"] == formulas[row["id"]]
        assert 0 <= float(row["nearest_training_similarity"]) <= 1
    assert headings(out / "report.html")[: len(EXAMPLE_IDS)] == EXAMPLE_IDS
    facts = provenance(out)
    assert facts["num_read"] == facts["num_answered"] == len(EXAMPLE_IDS)
    assert facts["command"].startswith("molucid elucidate ")


@pytest.mark.parametrize("options", [[], ["--tune", "per_cluster"], ["--tune", "sequential"]])
def test_the_same_bytes_for_any_number_of_actors(
    answer: Callable[..., Path], answering: SimpleNamespace, small: str, options: list[str]
) -> None:
    if options:
        options = [*options, "--index", answering.index, *SMALL_TUNING]
    one, two = (
        answer(f"actors-{n}", [small], "--batch-size", "2", "--actors", n, *options) for n in ("1", "2")
    )
    for name in EQUAL_FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    modes = {item["tuning"].get("mode") for item in answers(one)}
    assert modes == ({options[1]} if options else {None})
    assert all(item["tuning"]["steps"] > 0 for item in answers(one) if options)
    assert len(answers(one)) == 5


def test_random_selection_tunes_on_other_samples(
    answer: Callable[..., Path], answering: SimpleNamespace, small: str
) -> None:
    tune = ["--tune", "per_cluster", "--index", answering.index, *SMALL_TUNING]
    nearest, random = (answer(name, [small], *tune, "--select", name) for name in ("nearest", "random"))
    assert {item["tuning"]["selection"] for item in answers(random)} == {"random"}
    last = [[item["tuning"]["last_loss"] for item in answers(out)] for out in (nearest, random)]
    assert last[0] != last[1]


def test_masked_spectra_leave_the_formula_alone(answer: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "two.mgf"
    other_peaks = record("other peaks", peaks="29.0386 100\n61.0648 3")
    path.write_text(record("peaks") + other_peaks + record("free", formula=""))
    out = answer("masked", [str(path)], "--mask-spectra")
    first, second = answers(out)
    assert first["candidates"] == second["candidates"]
    assert first["candidates"]
    assert [row["code"] for row in rows(out / "rejected.tsv")] == ["no_formula"]


def test_nothing_to_answer_is_exit_code_3(answer: Callable[..., Path], tmp_path: Path) -> None:
    out = answer("none", [str(tmp_path / "missing.mgf")], code=3)
    assert (out / "candidates.jsonl").read_bytes() == b""
    assert [row["code"] for row in rows(out / "rejected.tsv")] == ["missing_file"]
    assert headings(out / "report.html")[0] == "Rejected"


def test_a_full_disk_leaves_the_answers_of_the_run_before(
    answer: Callable[..., Path],
    small: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = answer("out", [small])
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (tmp_path / "other.mgf").write_text(record("another"))
    calls = 0

    def full_at_the_fourth_file(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    capsys.readouterr()
    monkeypatch.setattr(os, "fsync", full_at_the_fourth_file)
    answer("out", [str(tmp_path / "other.mgf")], code=1)
    monkeypatch.undo()
    assert calls > 6
    printed = capsys.readouterr()
    assert "No space left on device" in printed.err
    assert str(out) in printed.err
    assert "hint: the disk is full" in printed.err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_checkpoint_that_writes_selfies_says_once_that_formulas_do_not_constrain_it(
    make: SimpleNamespace, small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = make.checkpoint(tmp_path / "run", target="selfies"), tmp_path / "out"
    command = ["elucidate", small, "--checkpoint", str(run), "--out", str(out), "--actors", "1"]
    capsys.readouterr()
    assert main([*command, *SMALL_SEARCH]) == 0
    assert capsys.readouterr().err.count("generate.formula=reject") == 1
    assert provenance(out)["configuration"]["generate"]["formula"] == "reject"
    assert len(answers(out)) == 5
