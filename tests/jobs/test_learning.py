"""The learning is real: the whole path on 200 molecules, through the commands that a user types."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from jobs.cli import main
from molucid.dataset.corpus import Molecule
from molucid.dataset.shards import read_dataset
from molucid.dataset.sources.corpora import open_corpus
from molucid.errors import Where
from molucid.spectra.formats import mgf

NUM_SPECTRA = 200


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.timeout(1800)
def test_a_small_model_over_fits_200_simulated_spectra(tmp_path: Path) -> None:
    pytest.importorskip(
        "chemicals",
        reason="the corpus extra is not installed: pip install -c constraints.txt -e '.[corpora]'",
    )
    samples, packed, model, answers, scores = (str(tmp_path / n) for n in ("s", "p", "m", "a", "e"))
    corpus = str(tmp_path / "corpus.smi")
    rows = (row for row in open_corpus("chemicals").rows if isinstance(row, Molecule))
    plain = (row for row in rows if 15 <= len(row.smiles) <= 30 and not set(".[") & set(row.smiles))
    # Some are held out, and some are written twice.
    chosen = list(islice(plain, 2 * NUM_SPECTRA))
    Path(corpus).write_text("".join(f"{m.smiles} {m.id}\n" for m in chosen))

    assert main(["simulate", "--corpus", corpus, "--nce", "40", "--out", samples, "--quiet"]) == 0
    stored = list(read_dataset(samples))[:NUM_SPECTRA]
    assert len(stored) == NUM_SPECTRA
    spectra = str(tmp_path / "spectra.mgf")
    mgf.write(spectra, [sample.record(Where(samples)) for sample in stored])
    assert main(["pack", spectra, "--out", packed, "--set", "fingerprint.num_bits=2048", "--quiet"]) == 0

    settings = ["width=128", "heads=4", "encoder_layers=2", "decoder_layers=2", "feed_forward_width=256"]
    # To over-fit, every sample is to be seen whole every time.
    settings.append("modality_dropout=0")
    steps = [
        "steps=300",
        "warmup_steps=50",
        "global_batch_size=40",
        "micro_batch_size=40",
        "learning_rate=3e-3",
    ]
    assignments = [f"model.{s}" for s in settings] + [f"train.{s}" for s in steps]
    options = [part for assignment in assignments for part in ("--set", assignment)]
    assert main(["pretrain", "--recipe", "quickstart", "--data", packed, "--out", model, *options]) == 0
    assert main(["elucidate", spectra, "--checkpoint", model, "--out", answers, "--quiet"]) == 0
    told = str(Path(answers) / "candidates.jsonl")
    assert main(["evaluate", told, "--truth", spectra, "--no-mces", "--out", scores, "--quiet"]) == 0

    (system,) = json.loads((Path(scores) / "metrics.json").read_text())["systems"]
    everything = system["overall"]
    assert everything["num_spectra"] == NUM_SPECTRA
    assert everything["metrics"]["top1_accuracy"]["mean"] >= 0.9
    assert everything["metrics"]["top1_formula_match"]["mean"] == 1
