"""`molucid elucidate` with infrared and NMR, through the command line: folders, manifests, subsets, tuning."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jobs.cli import main
from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.fragments import FragmentVocabulary
from molucid.chem.identity import formula_of
from molucid.cluster.session import ray_session
from molucid.dataset.packing import PackConfig, pack
from molucid.evaluate.fragment_files import read_fragment_counts
from molucid.files import sha256_file
from molucid.spectra.types import Evidence, NmrPeaks, Record

pytestmark = pytest.mark.cluster

VOCABULARY = FragmentVocabulary(("[#7]", "[#8]", "[CH3]"))
TRAINING = (
    "CCO",
    "CCCO",
    "CCN",
    "CCCN",
    "CCOC",
    "CC(C)=O",
    "CCC(C)=O",
    "CC#N",
    "CC(N)=O",
    "CCOCC",
    "CCCC",
    "CO",
)
COMPOUNDS = ("acetone", "ethanol", "propanol")
SEARCH = ("num_beams=3", "num_candidates=2", "num_finished=4", "max_length=24")
# Vectors of random weights say nothing, so no cluster may be dark.
TUNING = ("dark_below_cosine=0", "batch_size=4", "learning_rate=1e-2", "per_cluster.spectra_per_cluster=2")
TUNING += ("per_cluster.neighbours_per_cluster=6", "per_cluster.steps_per_cluster=2")

ETHANOL_TEXT = """Formula: C2H6O
¹H NMR (400 MHz, DMSO-d6) δ 4.35 (t, J = 5.1 Hz, 1H), 3.44 (qd, J = 7.0, 5.1 Hz, 2H), 1.06 (t, J = 7.0 Hz, 3H).
¹³C NMR (101 MHz, DMSO-d6) δ 56.1, 18.6. ¹⁹F NMR (376 MHz, DMSO-d6) δ -62.0 (s).
"""
PROPANOL_TABLE = """# formula: C3H8O
nucleus,shift_ppm,multiplicity,coupling_hz,num_hydrogens
13C,64.5,,,
13C,25.8,,,
13C,10.2,,,
"""


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    with ray_session(num_cpus=2):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, make: SimpleNamespace) -> SimpleNamespace:
    """A model of IR and NMR with heads for fingerprint and fragments, packed NMR lists, and their index."""
    folder = tmp_path_factory.mktemp("spectral")
    run = make.checkpoint(
        folder / "run",
        beta=1.0,
        patterns=VOCABULARY.patterns,
        modalities=["ir", "h_nmr", "c_nmr"],
        h_nmr={"form": "peaks"},
        c_nmr={"form": "peaks"},
        num_fragments=VOCABULARY.size,
        fragment_head={"form": "counts", "hidden": 8, "max_count": 3},
    )
    (folder / "vocabulary.txt").write_text("\n".join(VOCABULARY.patterns))
    rng = np.random.default_rng(0)
    records = []
    for smiles in TRAINING:
        protons = NmrPeaks("1H", rng.uniform(0.5, 8, 3), num_hydrogens=(1, 2, 3))
        carbons = NmrPeaks("13C", rng.uniform(5, 200, 3))
        records.append(Record(Evidence(smiles, formula_of(smiles), h_nmr=protons, c_nmr=carbons), smiles))
    config = PackConfig(fingerprint=FingerprintConfig(num_bits=64), fragments=str(folder / "vocabulary.txt"))
    pack(records, folder / "packed", config, {})
    index = ["index", "--data", str(folder / "packed"), "--checkpoint", str(run), "--quiet", "--json"]
    assert main([*index, "--out", str(folder / "index")]) == 0
    return SimpleNamespace(run=str(run), index=str(folder / "index"))


@pytest.fixture(scope="module")
def compounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Acetone with IR, ethanol with all three kinds, propanol with ¹³C and a file that is cut off."""
    folder = tmp_path_factory.mktemp("given") / "compounds"
    for name in COMPOUNDS:
        (folder / name).mkdir(parents=True)
    x = np.arange(400, 4000, 4)
    for name, band in (("acetone", 1715), ("ethanol", 1050)):
        y = np.exp(-(((x - band) / 20) ** 2))
        lines = "".join(f"{a},{b:.5f}\n" for a, b in zip(x, y, strict=True))
        (folder / name / "ir.csv").write_text("wavenumber (cm-1),absorbance\n" + lines)
    (folder / "ethanol" / "nmr.txt").write_text(ETHANOL_TEXT)
    (folder / "propanol" / "carbons.csv").write_text(PROPANOL_TABLE)
    (folder / "propanol" / "ir.jdx").write_text("##TITLE=propanol\n##JCAMP-DX=4.24\n")
    return folder


@pytest.fixture
def answer(model: SimpleNamespace, tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Answer an input; what was written."""

    def call(given: Path, *options: str) -> SimpleNamespace:
        out = tmp_path / "out"
        command = ["elucidate", str(given), "--checkpoint", model.run, "--out", str(out), "--quiet"]
        settings = [part for setting in SEARCH for part in ("--set", f"generate.{setting}")]
        assert main([*command, *settings, "--actors", "1", *options]) == 0
        with (out / "rejected.tsv").open(encoding="utf-8", newline="") as stream:
            rejected = {row["id"]: row["code"] for row in csv.DictReader(stream, delimiter="\t")}
        lines = [json.loads(line) for line in (out / "candidates.jsonl").read_text().splitlines()]
        answers: dict[str, dict[str, Any]] = {line["id"]: line for line in lines}
        facts = json.loads((out / "provenance.json").read_text())
        assert facts["num_read"] == len(answers) + len(rejected)
        fragments = read_fragment_counts(out / "fragments.parquet", VOCABULARY.sha256).counts
        assert list(fragments) == list(answers)
        assert facts["outputs_sha256"]["fragments.parquet"] == sha256_file(out / "fragments.parquet")
        return SimpleNamespace(answers=answers, rejected=rejected, facts=facts, report=out / "report.html")

    return call


def used(written: SimpleNamespace) -> dict[str, list[str]]:
    return {id: answer["provenance"]["evidence_used"] for id, answer in written.answers.items()}


def test_a_folder_of_compounds(answer: Callable[..., SimpleNamespace], compounds: Path) -> None:
    written = answer(compounds)
    assert used(written) == {
        "acetone": ["ir"],
        "ethanol": ["formula", "ir", "h_nmr", "c_nmr"],
        "propanol": ["formula", "c_nmr"],
    }
    assert list(written.rejected) == ["propanol/ir.jdx"]
    notes = {id: item["notes"] for id, item in written.answers.items()}
    assert notes["propanol"]["rejected_files"] == "propanol/ir.jdx"
    assert notes["ethanol"]["nuclei_not_used"] == "19F"
    assert all(item["tuning"] == {} for item in written.answers.values())
    for name, formula in (("ethanol", "C2H6O"), ("propanol", "C3H8O")):
        candidates = written.answers[name]["candidates"]
        assert candidates
        assert {str(formula_of(candidate["smiles"])) for candidate in candidates} == {formula}
    files = [path for path in compounds.rglob("*") if path.is_file()]
    assert len(files) == 5
    assert written.facts["inputs_sha256"] == {str(path): sha256_file(path) for path in files}
    report = written.report.read_text(encoding="utf-8")
    assert "<li>rejected files: <b>propanol/ir.jdx</b></li>" in report


def test_a_manifest_is_answered_as_the_folder_of_its_files_is(
    answer: Callable[..., SimpleNamespace], compounds: Path
) -> None:
    manifest = compounds.parent / "compounds.csv"
    manifest.write_text(
        "id,formula,ir,h_nmr,c_nmr\n"
        "acetone,C3H6O,compounds/acetone/ir.csv,,\n"
        "ethanol,,,compounds/ethanol/nmr.txt,compounds/ethanol/nmr.txt\n"
        "propanol,,,,compounds/propanol/none.csv\n"
    )
    written = answer(manifest)
    assert used(written) == {"acetone": ["formula", "ir"], "ethanol": ["formula", "h_nmr", "c_nmr"]}
    assert written.rejected == {
        "propanol": "no_readable_file",
        "propanol/compounds/propanol/none.csv": "missing_file",
    }
    candidates = written.answers["acetone"]["candidates"]
    assert {str(formula_of(candidate["smiles"])) for candidate in candidates} == {"C3H6O"}
    read = (manifest, compounds / "acetone" / "ir.csv", compounds / "ethanol" / "nmr.txt")
    assert written.facts["inputs_sha256"] == {str(path): sha256_file(path) for path in read}


def test_a_compound_of_whose_evidence_nothing_is_left_is_a_row(
    answer: Callable[..., SimpleNamespace], compounds: Path
) -> None:
    written = answer(compounds, "--evidence", "formula,ir")
    assert used(written) == {"acetone": ["ir"], "ethanol": ["formula", "ir"]}
    assert written.rejected == {
        "propanol/ir.jdx": written.rejected["propanol/ir.jdx"],
        "propanol": "no_readable_evidence",
    }
    assert written.facts["evidence"] == "formula,ir"
    assert not any(name.startswith("c_nmr") for name in written.answers["ethanol"]["notes"])


def test_tuned_per_cluster_on_nmr_samples(
    answer: Callable[..., SimpleNamespace], compounds: Path, model: SimpleNamespace
) -> None:
    settings = [part for setting in TUNING for part in ("--set", f"tune.{setting}")]
    written = answer(compounds, "--tune", "per_cluster", "--index", model.index, *settings)
    assert list(written.answers) == list(COMPOUNDS)
    for item in written.answers.values():
        assert (item["tuning"]["mode"], item["tuning"]["steps"], item["tuning"]["dark"]) == (
            "per_cluster",
            2,
            False,
        )
        assert 0 < item["tuning"]["samples"] <= len(TRAINING)
    answered = {id: item for id, item in written.answers.items() if item["candidates"]}
    assert {"ethanol", "propanol"} <= set(answered)  # of which a formula is given
    assert all(0 <= item["nearest_training_similarity"] <= 1 for item in answered.values())
    assert len({item["tuning"]["cluster"] for item in written.answers.values()}) == 2
