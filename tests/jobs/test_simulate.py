from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest

from jobs import simulate
from jobs.simulate_shard import SimulateJobConfig, simulate_shard
from molucid.chem.adducts import parse_adduct
from molucid.chem.identity import formula_of
from molucid.dataset.corpus import Molecule
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.shards import read_dataset
from molucid.dataset.sources.corpora import open_corpus
from molucid.errors import InputError, Rejected, Where
from molucid.simulate.conditions import Conditions
from molucid.simulate.evidence import EvidenceSimulator, SimulatedEvidence
from molucid.spectra.types import MassSpectrum, NmrPeaks

ROOT = Path(__file__).parents[2]
NONE = HoldoutKeys.from_keys([])


class PrecursorOnly:
    """A simulator whose answer is known: the precursor, at an intensity that names the energy."""

    def simulate_many(
        self, smiles: Sequence[str], conditions: Sequence[Conditions]
    ) -> list[SimulatedEvidence | Rejected]:
        return [self._simulate(text, conditions) for text in smiles]

    def _simulate(self, smiles: str, conditions: Sequence[Conditions]) -> SimulatedEvidence | Rejected:
        if "S" in smiles:
            return Rejected(smiles, "too_many_rings", "got many, expected few")
        spectra = [
            MassSpectrum(
                [parse_adduct(c.adduct).precursor_mz(formula_of(smiles))],
                [c.normalized_collision_energy or c.collision_energy_ev or 0],
                adduct=c.adduct,
                instrument=c.instrument_class,
            )
            for c in conditions
        ]
        return SimulatedEvidence(tuple(spectra), h_nmr=NmrPeaks("1H", np.array([1.0])))


def test_conditions_are_adducts_times_energies_on_their_instruments() -> None:
    config = SimulateJobConfig(
        adducts=("[M+H]+", "[M-H]-"), normalized_collision_energies=(20, 50), collision_energies_ev=(10,)
    )
    found = [
        (c.adduct, c.normalized_collision_energy, c.collision_energy_ev, c.instrument_class)
        for c in config.conditions()
    ]
    one = [(20, None, "orbitrap"), (50, None, "orbitrap"), (None, 10, "qtof")]
    assert found == [(adduct, *rest) for adduct in ("[M+H]+", "[M-H]-") for rest in one]


def test_every_molecule_of_a_shard_is_simulated_or_rejected() -> None:
    smiles = ("CCO", "CC.CC", "not smiles", "CCCS", "C[C@H](N)C(=O)O")
    molecules = [Molecule(f"m{i}", text, Where("c.smi", line=i + 1)) for i, text in enumerate(smiles)]
    exclude = HoldoutKeys.from_keys(["LFQSCWFLJHTTHZ"])
    samples, rejected = simulate_shard(
        molecules, SimulateJobConfig(seed=3), PrecursorOnly(), exclude, "corpus 1", "CC0"
    )
    assert [(r.id, r.code, r.where.line) for r in rejected] == [
        ("m0", "held_out", 1),
        ("m1", "several_fragments", 2),
        ("m2", "invalid_smiles", 3),
        ("m3", "too_many_rings", 4),
    ]
    (sample,) = samples
    assert sample.sample.smiles == "C[C@H](N)C(=O)O"
    assert [s.intensity[0] for s in sample.sample.evidence.msms] == [20, 40, 60]
    assert isinstance(sample.sample.evidence.h_nmr, NmrPeaks)
    assert (sample.source, sample.licence, sample.seed) == ("corpus 1", "CC0", 3)


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    return parser.parse_args(["--quiet", *given])


def corpus(path: Path, count: int) -> Path:
    lines = []
    for a in range(1, 12):
        for b in range(1, 12):
            for c, tail in enumerate(("Cl", "O", "N", "F", "C#N", "C=O", "OC", "Br", "C(=O)O", "c1ccco1")):
                lines.append(f"{'C' * a}N{'C' * b}{tail} m{a}-{b}-{c}")
    path.write_text("\n".join(["C1CC broken", "CC.CC salt", *lines[: count - 2]]) + "\n")
    return path


def test_a_wrong_call_is_refused_before_ray_starts(tmp_path: Path) -> None:
    file = str(corpus(tmp_path / "c.smi", 10))
    out = str(tmp_path / "out")
    with pytest.raises(InputError, match=r"gone\.smi"):
        simulate.run(arguments("--corpus", str(tmp_path / "gone.smi"), "--out", out))
    with pytest.raises(InputError, match="shard_size"):
        simulate.run(arguments("--corpus", file, "--out", out, "--set", "shard_sise=3"))
    with pytest.raises(InputError, match=r"\[M\+Xx\]\+"):
        simulate.run(arguments("--corpus", file, "--out", out, "--adduct", "[M+Xx]+"))
    with pytest.raises(InputError, match="--evidence nmr,uv"):
        simulate.run(arguments("--corpus", file, "--out", out, "--evidence", "nmr,uv"))
    for name in ("nce_instrument", "ev_instrument"):  # no energy in eV is asked for
        with pytest.raises(InputError, match="nearest known one is orbitrap"):
            simulate.run(arguments("--corpus", file, "--out", out, "--set", f"{name}=orbitrp"))
    (tmp_path / "empty.smi").write_text("")
    with pytest.raises(InputError, match="without rows"):
        simulate.run(arguments("--corpus", str(tmp_path / "empty.smi"), "--out", out))
    assert not (tmp_path / "out").exists()


def test_a_missing_program_is_refused_before_the_corpus_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    given = ("--corpus", str(tmp_path / "gone.smi"), "--out", str(tmp_path / "out"), "--evidence", "ir")
    with pytest.raises(InputError, match="apt-get install xtb") as refused:
        simulate.run(arguments(*given, "--set", "evidence.ir.form=xtb"))
    assert refused.value.code == "missing_program"
    assert not (tmp_path / "out").exists()


def test_a_molecule_that_xtb_fails_on_is_a_rejected_row(tmp_path: Path) -> None:
    program = tmp_path / "xtb"
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "* xtb version 9.9.9 (x)"\nexit 1\n')
    program.chmod(0o755)
    xtb = ("--set", "evidence.ir.form=xtb", "--set", f"evidence.ir.executable={program}")
    config = simulate._config(arguments("--corpus", "c", "--out", "o", "--evidence", "ir", *xtb))
    simulator = EvidenceSimulator(config.evidence, config.seed)
    rows = simulate._Rows([], 1, "")
    provenance = simulate._provenance("corpus 1", "CC0", rows, config, NONE, simulator.provenance)
    told = provenance["simulators"]["ir"]
    assert (told["form"], told["program"], told["version"]) == ("xtb", "xtb", "9.9.9")
    molecules = [Molecule("m0", "CCCO", Where("c.smi", line=1))]
    samples, (row,) = simulate_shard(molecules, config, simulator, NONE, "corpus 1", "CC0")
    assert not samples
    assert (row.id, row.code, row.where.line) == ("m0", "xtb_failed", 1)


def test_a_repeated_title_is_a_rejected_row_of_its_own_shard(tmp_path: Path) -> None:
    file = tmp_path / "c.smi"
    file.write_text("CCO a\nCCN b\nCCC c\nCCS a\nCCCl d\n")
    once, again = (simulate._read_corpus(open_corpus(str(file)).rows, 2) for _ in range(2))
    assert [table["id"][0].as_py() for table in once.tables] == [["a", "b"], ["c", "a"], ["d"]]
    assert [table["code"][0].as_py() for table in once.tables] == [
        [None, None],
        [None, "duplicate_id"],
        [None],
    ]
    assert once.sha256 == again.sha256
    assert all(a.equals(b) for a, b in zip(once.tables, again.tables, strict=True))


def command(file: Path, out: Path, *more: str) -> list[str]:
    code = (
        "import argparse, sys; from jobs import simulate as job; p = argparse.ArgumentParser(); job.add_arguments(p);"
        "p.add_argument('--json', action='store_true'); p.add_argument('--quiet', action='store_true');"
        "sys.exit(job.run(p.parse_args()))"
    )
    given = ["--corpus", str(file), "--out", str(out), "--shard-size", "12", "--num-cpus", "1", "--json"]
    return [sys.executable, "-c", code, *given, *more]


def finished(out: Path) -> int:
    folder = out / "entries"
    return len(list(folder.glob("part-*.json"))) if folder.is_dir() else 0


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_a_killed_job_resumes_to_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    file, environment = corpus(tmp_path / "c.smi", 1200), {**os.environ, "OMP_NUM_THREADS": "1"}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    job = subprocess.Popen(command(file, broken), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    family: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + 200
        while finished(broken) < 3:
            assert job.poll() is None, "the job ended before it could be killed"
            assert time.monotonic() < deadline, "no shard was written"
            time.sleep(0.005)
        family = psutil.Process(job.pid).children(recursive=True)
    finally:
        job.send_signal(signal.SIGKILL)
        job.wait()
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=30)
    before = finished(broken)
    assert 3 <= before < 100
    assert not (broken / "manifest.json").exists()
    with pytest.raises(InputError, match="run its command again"):
        next(read_dataset(str(broken)))
    # What the kill left half-written must not stay.
    (broken / "data" / ".part-00099.parquet.0badcafe.partial").write_bytes(b"half a shard")

    resumed = subprocess.run(command(file, broken), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert f"{before} of 100 shards are there already" in resumed.stderr
    unbroken = subprocess.run(command(file, whole), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert unbroken.returncode == 0, unbroken.stderr

    names = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(broken) for path in broken.rglob("*") if path.is_file())
    assert len(names) == 302
    for name in names:
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name

    summary = json.loads(resumed.stdout)
    assert summary["num_read"] == 1200 == summary["num_samples"] + sum(summary["rejected"].values())
    assert summary["rejected"]["several_fragments"] == 1
    assert summary["rejected"]["invalid_smiles"] == 1
    assert summary["num_spectra"] == 3 * summary["num_samples"]
    keys = {stored.inchikey14 for stored in read_dataset(str(whole))}
    assert not any(key in HoldoutKeys.default() for key in keys)

    again = subprocess.run(command(file, whole), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "complete already" in again.stderr
    assert json.loads(again.stdout)["num_samples"] == summary["num_samples"]
    other = subprocess.run(
        command(file, whole, "--nce", "35"), cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert other.returncode != 0
    assert "differs in config" in other.stderr
