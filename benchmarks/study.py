"""What a short pre-training learns: held-out simulated molecules, and MassBank's validation fold, with controls.

    python benchmarks/study.py --massbank massbank_msms.parquet --structures massspecgym_structures.parquet
        --out FOLDER [--steps 2000] [--finetune-steps 300] [--held-out 2000]

Every step is a `molucid` command, printed before it runs; a step that has its result already is not run again.

1. Spectra are simulated for the molecules of `chemicals` and of MassSpecGym's structures up to 26 heavy atoms,
   without MassBank's validation molecules and the held-out ones; a hash of the molecule splits them.
2. A small model is pre-trained on the training split.
3. `held_out`: test-split molecules, one simulated spectrum each, answered from spectrum and formula, from the
   formula alone (`masked`), and by random training molecules of the same formula (`random`).
4. `massbank`: one measured spectrum of every molecule of MassBank's validation fold, answered by the pre-trained
   model (`zero_shot`), after a short fine-tuning on MassBank's training fold (`fine_tuned`), by both tuned at test
   time on neighbours from that fold, by fine-tuned tuned on random samples of it, and by the two controls.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from molucid.dataset.packed import PackedDataset
from molucid.dataset.sources import massbank_parquet
from molucid.errors import Rejected
from molucid.spectra.formats import mgf
from molucid.spectra.types import Evidence, Record

MODEL = ("width=128", "heads=4", "feed_forward_width=384")
METRICS = ("top1_accuracy", "top10_accuracy", "top1_tanimoto", "top10_tanimoto", "top1_formula_match")


def main() -> None:
    """Run what has not been run, then print both tables."""
    options = parsed_options()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    write_validation(options.massbank, out)
    train, test, real = prepare(options, out)
    batch = [f"train.{name}={options.batch}" for name in ("global_batch_size", "micro_batch_size")]
    pretrain = (
        *batch,
        f"train.steps={options.steps}",
        "train.warmup_steps=100",
        *(f"model.{m}" for m in MODEL),
    )
    engine = ("--engine", "single")
    model, fine = out / "model", out / "fine_tuned"
    run(
        model / "done",
        "pretrain",
        "--recipe",
        "quickstart",
        "--data",
        train,
        "--out",
        model,
        *engine,
        *given(pretrain),
    )
    if not (out / "held_out.mgf").exists():
        mgf.write(out / "held_out.mgf", one_per_molecule(PackedDataset(test), options.held_out))
    compare(
        out, "held_out", out / "held_out.mgf", train, {"read": (model,), "masked": (model, "--mask-spectra")}
    )

    finetune = (
        *batch,
        f"train.steps={options.finetune_steps}",
        "train.warmup_steps=20",
        "train.learning_rate=5e-4",
    )
    run(
        fine / "done",
        "finetune",
        "--checkpoint",
        model,
        "--data",
        real,
        "--out",
        fine,
        *engine,
        *given(finetune),
    )
    systems: dict[str, tuple[str | Path, ...]] = {"zero_shot": (model,), "fine_tuned": (fine,)}
    for name, checkpoint in (("zero_shot", model), ("fine_tuned", fine)):
        index = out / f"index_{name}"
        run(index / "manifest.json", "index", "--data", real, "--checkpoint", checkpoint, "--out", index)
        systems[f"{name}_per_cluster"] = (checkpoint, "--index", index, "--tune", "per_cluster")
    # As published it takes 500 steps and renews all vectors every 50, an hour here.
    steps = given(["tune.sequential.num_clusters=64", "tune.sequential.refresh_every=64"])
    tuned = (fine, "--index", out / "index_fine_tuned", "--tune")
    systems["fine_tuned_sequential"] = (*tuned, "sequential", *steps)
    systems["fine_tuned_random"] = (*tuned, "per_cluster", "--select", "random")
    systems["masked"] = (fine, "--mask-spectra")
    compare(out, "massbank", out / "massbank.mgf", train, systems)


def prepare(options: argparse.Namespace, out: Path) -> tuple[Path, Path, Path]:
    """Packed training split, packed test split, packed training fold of MassBank."""
    exclude = ("--exclude", out / "exclude.txt")
    samples = []
    for name, corpus in (("chemicals", "chemicals"), ("structures", f"massspecgym:{options.structures}")):
        samples.append(out / f"samples_{name}")
        conditions = ("--adduct", "[M+H]+", "--adduct", "[M-H]-", "--nce", "25", "--nce", "60")
        limits = given([f"filter.max_heavy_atoms={options.max_heavy_atoms}"])
        run(
            *(samples[-1] / "manifest.json", "simulate", "--corpus", corpus, "--out", samples[-1]),
            *(*conditions, *limits, *exclude),
        )
    bits = given(["fingerprint.num_bits=2048"])
    train, test, real = (out / name for name in ("train", "test", "massbank_train"))
    for split, folder in (("train", train), ("test", test)):
        run(folder / "manifest.json", "pack", *samples, "--split", split, "--out", folder, *exclude, *bits)
    run(
        *(real / "manifest.json", "pack", options.massbank, "--fold", "train"),
        *("--out", real, *exclude, *bits),
    )
    return train, test, real


def compare(
    out: Path, name: str, spectra: Path, train: Path, systems: dict[str, tuple[str | Path, ...]]
) -> None:
    """Answer by every system, evaluate with the random control, print a table."""
    for system, (checkpoint, *rest) in systems.items():
        answers = out / f"answers_{name}_{system}"
        run(
            answers / "provenance.json",
            "elucidate",
            spectra,
            "--checkpoint",
            checkpoint,
            "--out",
            answers,
            *rest,
        )
    told = [f"{system}={out / f'answers_{name}_{system}'}" for system in systems]
    scores = out / f"evaluation_{name}"
    run(
        *(scores / "metrics.json", "evaluate", *told, "--truth", spectra, "--random-from", train),
        *("--training", train, "--training", out / "massbank_train", "--no-mces", "--out", scores),
    )
    print(
        f"\n{name}: {json.loads((scores / 'metrics.json').read_text())['systems'][0]['overall']['num_spectra']} spectra"
    )
    print(f"{'system':24}" + "".join(f"{metric:>24}" for metric in METRICS))
    for system in json.loads((scores / "metrics.json").read_text())["systems"]:
        found = [system["overall"]["metrics"][metric] for metric in METRICS]
        cells = (f"{m['mean']:.3f} ({m['low']:.3f}-{m['high']:.3f})" for m in found)
        print(f"{system['name']:24}" + "".join(f"{cell:>24}" for cell in cells), flush=True)


def write_validation(massbank: Path, out: Path) -> None:
    """One spectrum per validation molecule, chosen by a hash, and the molecules' keys, which no training may see."""
    records = [r for r in massbank_parquet.read(massbank, "val") if not isinstance(r, Rejected)]
    records.sort(key=lambda record: hashlib.sha256(record.evidence.id.encode()).digest())
    chosen = {record.metadata["inchikey14"]: record for record in reversed(records)}
    (out / "exclude.txt").write_text("".join(f"{key}\n" for key in sorted(chosen)))
    mgf.write(out / "massbank.mgf", [chosen[key] for key in sorted(chosen)])


def one_per_molecule(packed: PackedDataset, number: int) -> Iterator[Record]:
    """One [M+H]+ spectrum at NCE 25 of each of the first molecules in the order of their hash."""
    first: dict[str, Record] = {}
    for row in range(len(packed)):
        sample = packed[row]
        (spectrum,) = sample.evidence.msms
        if (spectrum.adduct, spectrum.normalized_collision_energy) == ("[M+H]+", 25):
            evidence = Evidence(f"held-out-{row}", sample.evidence.formula, (spectrum,))
            first.setdefault(sample.inchikey14, Record(evidence, sample.smiles))
    for key in sorted(first, key=lambda key: hashlib.sha256(key.encode()).digest())[:number]:
        yield first[key]


def run(result: Path, *command: str | Path) -> None:
    """Run `molucid` with the arguments unless a run of it left `result`; say what and how long."""
    if result.exists():
        return
    words = ["molucid", *map(str, command), "--quiet"]
    print("$", " ".join(words), flush=True)
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    if result.name == "done":
        result.touch()


def given(assignments: Iterable[str]) -> list[str]:
    """`--set` options."""
    return [word for assignment in assignments for word in ("--set", assignment)]


def parsed_options() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--massbank", type=Path, required=True)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--max-heavy-atoms", type=int, default=26)
    parser.add_argument("--held-out", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--finetune-steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=64)
    return parser.parse_args()


if __name__ == "__main__":
    main()
