from __future__ import annotations

import errno
import json
import os

import pytest

from jobs.cli import main
from molucid.chem.fragment_counts import FragmentCounter
from molucid.chem.fragments import FragmentVocabulary
from molucid.chem.identity import formula_of, inchikey14
from molucid.dataset.schema import StoredSample
from molucid.dataset.shards import DatasetRoot, ShardWriter
from molucid.errors import Rejected
from molucid.evaluate import evaluation, report
from molucid.evaluate.answer_files import write_candidates
from molucid.evaluate.fragment_files import FragmentTable, write_fragment_counts
from molucid.files import sha256_file
from molucid.generate.types import Answer, Candidate
from molucid.rejected import write_rejected
from molucid.spectra.types import Evidence, Sample

TRUTH = "id\tsmiles\tadduct\na\tCCO\t[M+H]+\nb\tCCN\t[M+H]+\nc\tCCCO\t[M+Na]+\nbroken\tC1CC\t[M+H]+\n"


def answer(id, *smiles):
    candidates = tuple(Candidate(s, -1.0, 5, rank=r) for r, s in enumerate(smiles, start=1))
    return Answer(id, candidates, "answered" if candidates else "no_candidate")


@pytest.fixture
def runs(tmp_path):
    (tmp_path / "truth.tsv").write_text(TRUTH)
    write_candidates(tmp_path / "zero", [answer("a", "CCC", "CCO"), answer("b"), answer("other", "C")])
    write_rejected(
        tmp_path / "zero/rejected.tsv", [Rejected("c", "unknown_adduct", "got X, expected an adduct")]
    )
    write_candidates(
        tmp_path / "tuned", [answer("a", "CCO"), answer("b", "CCN"), answer("c", "CCCN", "CCCO")]
    )
    (tmp_path / "training.smi").write_text("COC\nCCC\nCCCC\nCCOC\n")
    return tmp_path


def test_cases_that_were_trained_on_are_counted_apart(runs, capsys):
    (runs / "seen.smi").write_text("OCC\nC1CC\n")  # ethanol written otherwise, and no molecule
    (runs / "more.smi").write_text("CCCC\n")
    training = ("--training", str(runs / "seen.smi"), "--training", str(runs / "more.smi"))
    assert evaluate(runs, str(runs / "tuned"), *training, "--json") == 0
    (system,) = json.loads(capsys.readouterr().out)["systems"]
    new, trained_on = system["tables"]["training"]
    assert [(r["stratum"], r["num_spectra"]) for r in (new, trained_on)] == [
        ("not in training", 2),
        ("in training", 1),
    ]
    assert new["metrics"]["top1_accuracy"]["mean"] == pytest.approx(1 / 2)
    assert trained_on["metrics"]["top1_accuracy"]["mean"] == 1
    assert "in training" in (runs / "out/report.html").read_text()


def evaluate(runs, *arguments, out="out"):
    common = ("--truth", str(runs / "truth.tsv"), "--quiet", "--no-mces")
    folder = () if out is None else ("--out", str(runs / out))
    return main(["evaluate", *arguments, *common, *folder])


def test_two_systems_side_by_side_with_a_random_control(runs, capsys):
    code = evaluate(
        runs,
        str(runs / "zero"),
        f"after={runs / 'tuned'}",
        "--random-from",
        str(runs / "training.smi"),
        "--json",
    )
    assert code == 0
    printed = json.loads(capsys.readouterr().out)
    zero, tuned, random = printed["systems"]
    assert [s["name"] for s in printed["systems"]] == ["zero", "after", "random"]
    assert zero["accounting"] == {
        "num_inputs": 3,
        "num_answered": 1,
        "num_no_candidate": 1,
        "num_missing": 1,
        "missing": {"c": "unknown_adduct"},
        "without_truth": ["other"],
    }
    means = [s["overall"]["metrics"]["top1_accuracy"]["mean"] for s in (zero, tuned, random)]
    assert means == pytest.approx([0, 2 / 3, 0])
    assert zero["overall"]["metrics"]["top10_accuracy"]["mean"] == pytest.approx(1 / 3)
    # dimethyl ether is ethanol's isomer, methoxyethane is propanol's; ethylamine has none
    assert random["overall"]["metrics"]["top1_formula_match"]["mean"] == pytest.approx(2 / 3)
    assert printed["differences_to_first"]["after"]["top1_accuracy"]["mean"] == pytest.approx(2 / 3)

    written = json.loads((runs / "out/metrics.json").read_text())
    assert written["systems"] == printed["systems"]
    assert written["provenance"]["truth_unusable_rows"] == 1
    names = {path.name for path in (runs / "out").iterdir()}
    assert names == {"metrics.json", "per_spectrum.tsv", "rejected_truth.tsv", "report.html", "random"}
    assert (
        (runs / "out/rejected_truth.tsv").read_text().splitlines()[1].startswith("broken\tinvalid_smiles\t")
    )
    assert len((runs / "out/random/candidates.jsonl").read_text().splitlines()) == 3


def test_truth_may_be_simulated_samples_or_a_folder_of_compounds(runs, capsys):
    writer = ShardWriter(DatasetRoot(str(runs / "samples")))
    sample = Sample(Evidence("a", formula_of("CCO")), "CCO")
    writer.write(0, [StoredSample(sample, inchikey14("CCO"), "made", "CC0", 0, {})], [])
    writer.complete(writer.finished(), {})
    peaks = {"format": "molucid-spectra", "version": 1, "records": []}
    record = {"id": "b", "smiles": "CCN", "h_nmr": {"kind": "peaks", "shift_ppm": [1.1, 2.7]}}
    (runs / "compounds/b").mkdir(parents=True)
    (runs / "compounds/b/nmr.json").write_text(json.dumps(peaks | {"records": [record]}))
    truth = [part for name in ("samples", "compounds") for part in ("--truth", str(runs / name))]
    call = [
        "evaluate",
        str(runs / "tuned"),
        *truth,
        "--quiet",
        "--no-mces",
        "--json",
        "--out",
        str(runs / "o"),
    ]
    assert main(call) == 0
    overall = json.loads(capsys.readouterr().out)["systems"][0]["overall"]
    assert (overall["num_spectra"], overall["metrics"]["top1_accuracy"]["mean"]) == (2, 1)
    hashes = json.loads((runs / "o/metrics.json").read_text())["provenance"]["truth_sha256"]
    names = ("samples/manifest.json", "samples/data/part-00000.parquet", "compounds/b/nmr.json")
    assert hashes.items() >= {str(runs / name): sha256_file(runs / name) for name in names}.items()


def test_provenance_names_answers_checkpoints_and_the_other_files(runs):
    hashes = {name: sha256_file(runs / name / "candidates.jsonl") for name in ("zero", "tuned")}
    facts = {"checkpoint_sha256": "c" * 64, "outputs_sha256": {"candidates.jsonl": hashes["tuned"]}}
    (runs / "tuned/provenance.json").write_text(json.dumps(facts))
    # The provenance of another run: its checkpoint did not write these answers.
    (runs / "zero/provenance.json").write_text(json.dumps(facts))
    training = ("--random-from", str(runs / "training.smi"))
    assert evaluate(runs, str(runs / "zero"), str(runs / "tuned"), *training) == 0
    provenance = json.loads((runs / "out/metrics.json").read_text())["provenance"]
    assert provenance["answers_sha256"] == hashes
    assert provenance["checkpoint_sha256"] == {"tuned": "c" * 64}
    others = {path for path in (runs / "out").rglob("*") if path.is_file() and path.name != "metrics.json"}
    assert provenance["outputs_sha256"] == {
        path.relative_to(runs / "out").as_posix(): sha256_file(path) for path in others
    }
    assert len(others) == 5


def test_a_folder_of_answers_is_not_written_into(runs, capsys):
    before = {path.name: path.read_bytes() for path in (runs / "zero").iterdir()}
    assert evaluate(runs, str(runs / "tuned"), "--out", str(runs / "zero"), out=None) == 2
    assert "a folder that holds candidates.jsonl" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (runs / "zero").iterdir()} == before


def test_the_folder_is_made_before_the_slow_part(runs, capsys, monkeypatch):
    def never(*arguments):
        raise AssertionError("scored before the folder was tried")

    monkeypatch.setattr(evaluation, "evaluate", never)
    (runs / "file").write_text("x")
    for out, said in (
        (runs / "file", "got a file, expected a folder"),
        (runs / "file/in", "Not a directory"),
    ):
        assert evaluate(runs, str(runs / "tuned"), "--out", str(out), out=None) != 0
        assert said in capsys.readouterr().err


def test_a_failed_run_leaves_the_files_of_the_one_before(runs, monkeypatch):
    assert evaluate(runs, str(runs / "zero"), "--random-from", str(runs / "training.smi")) == 0
    files = sorted(path for path in (runs / "out").rglob("*") if path.is_file())
    before = [path.read_bytes() for path in files]

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(report, "write_report", full)
    assert evaluate(runs, str(runs / "tuned"), "--random-from", str(runs / "truth.tsv")) == 1
    assert sorted(path for path in (runs / "out").rglob("*") if path.is_file()) == files
    assert [path.read_bytes() for path in files] == before
    monkeypatch.undo()
    assert evaluate(runs, str(runs / "tuned"), "--random-from", str(runs / "truth.tsv")) == 0
    assert all(
        path.read_bytes() != old
        for path, old in zip(files, before, strict=True)
        if path.name != "rejected_truth.tsv"
    )


def test_table_for_people(runs, capsys):
    assert evaluate(runs, str(runs / "tuned")) == 0
    out = capsys.readouterr().out
    assert "3 spectra, 3 molecules" in out
    assert "66.7 %" in out
    assert "3 of 3" in out


def test_same_inputs_same_files(runs):
    files = ("metrics.json", "per_spectrum.tsv", "report.html")
    evaluate(runs, str(runs / "tuned"))
    first = [(runs / "out" / name).read_bytes() for name in files]
    evaluate(runs, str(runs / "tuned"))
    assert [(runs / "out" / name).read_bytes() for name in files] == first


def test_settings(runs, capsys):
    settings = ("--set", "top_ks=[1, 2]", "--set", "bootstrap.confidence=0.8")
    assert evaluate(runs, str(runs / "tuned"), "--json", *settings) == 0
    printed = json.loads(capsys.readouterr().out)
    assert "top2_accuracy" in printed["systems"][0]["overall"]["metrics"]
    assert printed["config"]["bootstrap"]["confidence"] == 0.8
    assert evaluate(runs, str(runs / "tuned"), "--set", "top_k=[1]") == 2
    assert "top_ks" in capsys.readouterr().err


def test_multispectral_metrics_subsets_and_predicted_fragments(runs, capsys):
    (runs / "chiral.tsv").write_text("id\tsmiles\na\tC[C@H](N)C(=O)O\nb\tCCN\n")
    write_candidates(runs / "model/ir+c_nmr", [answer("a", "CCC", "C[C@@H](N)C(=O)O"), answer("b", "CCN")])
    write_candidates(runs / "model/c_nmr", [answer("a", "CC(N)C(=O)O")])
    (runs / "list.smarts").write_text("[NX3]\nC=O\nc\n")
    vocabulary = FragmentVocabulary.load(runs / "list.smarts")
    counts = FragmentCounter(vocabulary).count_many(["NCC=O", "CCN"])
    table = FragmentTable(dict(zip("ab", counts, strict=True)), vocabulary.sha256)
    write_fragment_counts(runs / "head.parquet", table)
    common = ("--truth", str(runs / "chiral.tsv"), "--quiet", "--no-mces", "--out", str(runs / "out"))
    systems = (str(runs / "model/ir+c_nmr"), str(runs / "model/c_nmr"), "--set", "metrics=multispectral")
    fragments = ("--fragments", str(runs / "head.parquet"), "--vocabulary", str(runs / "list.smarts"))
    assert main(["evaluate", *systems, *fragments, *common, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    first, second = printed["systems"]
    assert [(s["name"], s["model"], s["subset"]) for s in printed["systems"]] == [
        ("model@ir+c_nmr", "model", "ir+c_nmr"),
        ("model@c_nmr", "model", "c_nmr"),
    ]
    means = {name: value["mean"] for name, value in first["overall"]["metrics"].items()}
    assert (means["top5_exact"], means["top1_enantiomer"], means["top5_enantiomer"]) == (0.5, 0.5, 1)
    assert second["outcomes"]["stereo"]["mean"] == second["outcomes"]["no_candidate"]["mean"] == 0.5
    head = printed["fragments"]["head"]
    assert (head["num_fragments"], head["num_missing"], head["count_accuracy"]) == (3, 0, 1)
    assert "training_overlap" not in printed
    (runs / "seen.smi").write_text("NCC\nC1CC\nCS\n")
    (runs / "more.smi").write_text("CCN\n")
    training = ("--training", str(runs / "seen.smi"), "--training", str(runs / "more.smi"))
    assert main(["evaluate", *systems, *training, *common, "--json"]) == 0
    overlap = json.loads(capsys.readouterr().out)["training_overlap"]
    assert [overlap[f"num_{part}"] for part in ("only_truth", "both", "only_training")] == [1, 1, 1]
    assert {e: (n["num_truth"], n["num_training"]) for e, n in overlap["elements"].items()} == {
        **{"C": (2, 2), "H": (2, 2), "N": (2, 1)},
        **{"O": (1, 0), "S": (0, 1)},
    }
    assert main(["evaluate", *systems, *common]) == 0
    assert "Top-15 enantiomer" in capsys.readouterr().out
    assert main(["evaluate", *systems, "--fragments", str(runs / "head.parquet"), *common]) == 2
    assert "--vocabulary" in capsys.readouterr().err


def test_nothing_answered_has_its_own_exit_code(runs):
    write_candidates(runs / "none", [answer("a")])
    assert evaluate(runs, str(runs / "none")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{runs}/absent",), "candidates.jsonl"),
        (("{runs}/zero", "zero={runs}/tuned"), "a different name for each system"),
        (("random={runs}/zero",), "not 'random'"),
        (("{runs}/zero", "--fold", "val"), "a table with folds"),
        (("{runs}/zero", "--random-from", "{runs}/nowhere"), "training samples or a file of SMILES"),
    ],
)
def test_wrong_call_is_told_what_to_do(runs, capsys, arguments, message):
    assert evaluate(runs, *(a.format(runs=runs) for a in arguments)) == 2
    assert message in capsys.readouterr().err


def test_broken_line_of_answers_is_named(runs, capsys):
    (runs / "zero/candidates.jsonl").write_text('{"id": "a"\n')
    assert evaluate(runs, str(runs / "zero")) == 2
    assert "candidates.jsonl, line 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        (
            "zero/candidates.jsonl",
            b'{"id": "\xe4"}\n',
            "candidates.jsonl, line 1: got bytes that are not UTF-8",
        ),
        ("zero/candidates.jsonl", None, "candidates.jsonl, line 2: got candidate 1 is text"),
        ("zero/rejected.tsv", b"id\tcode\n\xe4\tx\n", "rejected.tsv, line 2: got bytes that are not UTF-8"),
        ("zero/rejected.tsv", b"id\treason\na\tx\n", "rejected.tsv, line 2: got a row without id and code"),
        ("truth.tsv", b"id\tsmiles\n\xe4\tCCO\n", "truth.tsv, line 2: got bytes that are not UTF-8"),
    ],
)
def test_unreadable_input_is_named_by_file_and_line(runs, capsys, name, content, place):
    if content is None:
        lines = (runs / name).read_text().splitlines()
        lines[1] = json.dumps({**json.loads(lines[1]), "candidates": ["CCO"]})
        content = "\n".join(lines).encode()
    (runs / name).write_bytes(content)
    assert evaluate(runs, str(runs / "zero")) == 2
    assert place in capsys.readouterr().err


def test_several_files_are_one_truth(runs, capsys):
    (runs / "one.tsv").write_text("id\tsmiles\na\tCCO\n")
    (runs / "two.tsv").write_text("id\tsmiles\na\tCCCO\nb\tCCN\n")
    (runs / "three.tsv").write_text("id\tsmiles\nc\tCCCO\n")
    files = [str(runs / name) for name in ("one.tsv", "two.tsv", "three.tsv")]
    common = (str(runs / "tuned"), "--out", str(runs / "out"), "--no-mces", "--quiet", "--json")
    truth = [word for path in files for word in ("--truth", path)]
    for call in ([*truth, *common], [*common, *truth]):
        assert main(["evaluate", *call]) == 0
        (system,) = json.loads(capsys.readouterr().out)["systems"]
        assert (system["accounting"]["num_answered"], system["accounting"]["num_inputs"]) == (3, 3)
        assert system["overall"]["metrics"]["top1_accuracy"]["mean"] == pytest.approx(2 / 3)
    (again,) = (runs / "out/rejected_truth.tsv").read_text().splitlines()[1:]
    assert again.split("\t")[:2] == ["a", "duplicate_id"]
    assert f"\t{files[1]}\t2\t" in again
    provenance = json.loads((runs / "out/metrics.json").read_text())["provenance"]
    assert provenance["truth_sha256"] == {path: sha256_file(path) for path in files}


def test_truth_without_any_structure(runs, capsys):
    (runs / "truth.tsv").write_text("id\tsmiles\na\t\n")
    assert evaluate(runs, str(runs / "zero")) == 2
    assert "1 unusable rows and no usable one" in capsys.readouterr().err
