"""The two-stage systems and the molucid recipe side by side: same molecules, steps, width and batches.

    python -m benchmarks.spectral_study stage1 --data PACKED --test PACKED --out FOLDER
    python -m benchmarks.spectral_study stage2 --data PACKED --test PACKED --stage1 FOLDER --out FOLDER

"Equal compute" means the same molecules, optimiser steps, batch, width and layers of the structure model; numbers of
parameters are printed, for encoders differ by design. Two-stage systems (NMR2Struct, NMIRacle, molucid) have had the
same steps of stage 1 before; the SMILES and SELFIES transformers have no stage 1, as published. All systems of `stage2`
read traces: samples that hold NMR lists are refused, because a list says more than a trace.

`stage1`: counted against present fragments into SMILES, and the structure model that molucid starts from. `stage2`:
simulated IR, ¹H and ¹³C NMR into molecules, by the SMILES and SELFIES transformers, NMR2Struct, NMIRacle and molucid,
with all three kinds of spectra and with ¹H and ¹³C alone; molucid is trained once, hiding each kind from one
sample in seven, and answers both from one checkpoint, without a formula like the others.

Each training is a `molucid pretrain` that goes on where it stopped, so the same command may be repeated until all is
done; what was answered is not answered again. `--only NAME` does one system. Then the table is printed: means over all
test molecules with 95 % intervals, misses counted, and the paired differences to the first system of each set.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from molucid.adapt.replica import Replica, ReplicaSpec, build_replica
from molucid.chem.formula import Formula
from molucid.chem.identity import formula_of
from molucid.dataset.packed import PackedDataset, PackedSample
from molucid.evaluate.answer_files import read_answers, write_candidates
from molucid.evaluate.cases import Case
from molucid.evaluate.config import EvaluateConfig
from molucid.evaluate.evaluation import SystemInput, evaluate
from molucid.files import read_json, read_manifest, write_json
from molucid.generate.generator import GenerateConfig
from molucid.generate.types import Answer, Status
from molucid.recipes.load import load_recipe
from molucid.train.checkpoint import load_model, resolve_checkpoint

METRICS = (
    *("top1_exact", "top10_exact"),
    *("top1_constitutional", "top10_constitutional", "top1_enantiomer", "top10_enantiomer"),
    *("top1_tanimoto", "top10_tanimoto", "top1_any_valid"),
)


@dataclass(frozen=True)
class System:
    """One trained model.

    Attributes:
        name: folder and row.
        recipe: packaged recipe.
        assignments: differences from it.
        stage1: name of the stage-1 system that it starts from.
        answers: rows of the table: name → kinds of evidence that are shown.
    """

    name: str
    recipe: str
    assignments: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]
    stage1: str | None = None


TRIMODAL, NMR = ("ir", "h_nmr", "c_nmr"), ("h_nmr", "c_nmr")
# Three matrices of 680 are as many numbers as the others' two of 1024.
SIX_EIGHTY = "model.feed_forward_width=680"
SUBSETS = {"+".join(kinds): kinds for kinds in (TRIMODAL, NMR)}


def systems_of(study: str) -> list[System]:
    """The systems of a study."""
    if study == "stage1":
        return [
            System("binary", "nmr2struct_stage1", (), {"binary": ("fragments",)}),
            System("counts", "nmiracle_stage1", (), {"counts": ("fragments",)}),
            System("molucid", "molucid_stage1", (SIX_EIGHTY,), {"molucid": ("fragments",)}),
        ]
    found = []
    baselines = {
        "smiles_transformer": ("smiles_transformer", None),
        "selfies_transformer": ("selfies_transformer", None),
        "nmr2struct": ("nmr2struct_stage2", "binary"),
        "nmiracle": ("nmiracle_stage2", "counts"),
    }
    ablations = {name: (name, "counts") for name in ("ablation_fusion", "ablation_positions")}
    for subset, kinds in SUBSETS.items():
        for name, (recipe, stage1) in (baselines | (ablations if kinds == TRIMODAL else {})).items():
            shown = f"{name}@{subset}"
            setting = f"model.modalities=[{','.join(kinds)}]"
            found.append(System(shown, recipe, (setting,), {shown: kinds}, stage1))
    rows = {f"molucid@{subset}": kinds for subset, kinds in SUBSETS.items()}
    own = (
        SIX_EIGHTY,
        "model.fusion.feed_forward_width=680",
        f"model.modalities=[{','.join(TRIMODAL)}]",
        "model.modality_dropout=0.15",
        "train.augment=null",
    )
    return [System("molucid", "molucid", own, rows, "molucid"), *found]


def main() -> None:
    """Train, answer and print."""
    args = parsed_options()
    if args.study == "stage2" and args.stage1 is None:
        raise SystemExit("stage2 needs --stage1, the --out of the study of stage 1")
    if args.study == "stage2" and PackedDataset(args.data).manifest["peaks_of_lists"]:
        raise SystemExit(f"{args.data} holds NMR lists: simulate with --set evidence.nmr_form=traces")
    started = time.monotonic()
    chosen = [system for system in systems_of(args.study) if args.only in (None, system.name)]
    for system in chosen:
        if not train(system, args, started):
            print(f"{system.name}: stopped before its last step; repeat the command", file=sys.stderr)
            return
        answer(system, args, PackedDataset(args.test))
    table(chosen, args, PackedDataset(args.test))


def train(system: System, args: argparse.Namespace, started: float) -> bool:
    """Train a system or go on with it; whether it is finished."""
    run = args.out / system.name
    if answered(system, args):
        return True
    command = [
        sys.executable,
        "-m",
        "jobs.cli",
        "pretrain",
        "--quiet",
        "--recipe",
        system.recipe,
        "--data",
        str(args.data),
    ]
    command += ["--out", str(run / "model"), "--engine", "single", "--num-cpus", str(args.threads)]
    if system.stage1 is not None:
        command += ["--stage1", str(args.stage1 / system.stage1 / "model")]
    if args.max_minutes is not None:
        left = args.max_minutes - (time.monotonic() - started) / 60
        if left <= 0:
            return False
        command += ["--max-minutes", f"{left:.1f}"]
    for assignment in assignments(system, args):
        command += ["--set", assignment]
    print("$ " + " ".join(command), file=sys.stderr)
    finished = subprocess.run(command, stdout=sys.stderr)
    if finished.returncode not in (0, 5):
        raise SystemExit(finished.returncode)
    return finished.returncode == 0


def assignments(system: System, args: argparse.Namespace) -> list[str]:
    """All differences of a system's training from its recipe."""
    model = {
        "width": 128,
        "heads": 8,
        "encoder_layers": args.layers,
        "decoder_layers": args.layers,
        "dropout": 0.0,
        "stereo": str(PackedDataset(args.data).has_stereo).lower(),
    }
    train = {
        "learning_rate": args.learning_rate,
        "weight_decay": 0.01,
        "decay": "cosine",
        "warmup_steps": 200,
        "steps": args.steps,
        "global_batch_size": args.batch,
        "micro_batch_size": args.batch,
        "checkpoint_every": 500,
    }
    shared = [f"{part}.{k}={v}" for part, of in (("model", model), ("train", train)) for k, v in of.items()]
    return [*shared, *system.assignments]


def answer(system: System, args: argparse.Namespace, test: PackedDataset) -> None:
    """Answer the test molecules from each set of evidence."""
    run = args.out / system.name
    if answered(system, args):
        return
    replica = replica_of(run / "model", args)
    for shown, kinds in system.answers.items():
        samples = chosen_samples(test, args.test_molecules)
        answers = []
        for start in range(0, len(samples), 16):
            part = [sample.evidence.only(kinds) for sample in samples[start : start + 16]]
            for evidence, decoded in zip(part, replica.answer(part).decoded, strict=True):
                status: Status = "answered" if decoded.candidates else "no_candidate"
                facts = {"evidence_used": list(evidence.present())}
                answers.append(Answer(evidence.id, decoded.candidates, status, provenance=facts))
        folder = run / shown
        folder.mkdir(parents=True, exist_ok=True)
        write_candidates(folder, answers)
    write_json(run / "answers.done", settings(system, args))


def settings(system: System, args: argparse.Namespace) -> dict[str, object]:
    """What decides the answers of a system."""
    data = {name: PackedDataset(getattr(args, name)).content_hash for name in ("data", "test")}
    recipe = load_recipe(system.recipe, assignments(system, args)).model_dump(mode="json")
    first = None
    if system.stage1 is not None:
        first = read_manifest(resolve_checkpoint(args.stage1 / system.stage1 / "model"))["files"]
    return {"recipe": recipe, "stage1": first, "test_molecules": args.test_molecules, **data}


def answered(system: System, args: argparse.Namespace) -> bool:
    """Whether the answers are there, and those of these settings."""
    path = args.out / system.name / "answers.done"
    if not path.exists():
        return False
    found, asked = read_json(path), settings(system, args)
    differing = [name for name, value in asked.items() if found.get(name) != value]
    if differing:
        raise SystemExit(f"{path.parent} holds answers of other {', '.join(differing)}: choose another --out")
    return True


def replica_of(run: Path, args: argparse.Namespace) -> Replica:
    """The newest checkpoint, decoding ten candidates by beam search."""
    model, card = load_model(resolve_checkpoint(run))
    generate = GenerateConfig().updated(
        ["method=beam", "num_beams=10", "num_candidates=10", "formula=ignore", "max_length=100"]
    )
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    spec = ReplicaSpec(card.model, card.objective, generate, None, None, None, 16, 0, args.threads)
    return build_replica(weights, spec)


def chosen_samples(test: PackedDataset, count: int) -> list[PackedSample]:
    """The first sample of each molecule, evenly spread over the test set."""
    first: dict[int, int] = {}
    for row in range(len(test)):
        first.setdefault(int(test.rows[row]["molecule"]), row)
    rows = list(first.values())
    step = max(1, len(rows) // count)
    return [test[row] for row in rows[::step][:count]]


def table(chosen: list[System], args: argparse.Namespace, test: PackedDataset) -> None:
    """Print means with intervals, and differences to the first row."""
    samples = chosen_samples(test, args.test_molecules)
    cases = [
        Case(sample.evidence.id, sample.smiles, sample.inchikey14, formula(sample)) for sample in samples
    ]
    print(f"{args.study}: {len(cases)} test molecules, {args.steps} steps of {args.batch}")
    inputs: dict[tuple[str, ...], dict[str, SystemInput]] = {}
    for system in chosen:
        model, card = load_model(resolve_checkpoint(args.out / system.name / "model"))
        print(f"{system.name:<32}{model.num_parameters:>10,} parameters, recipe {card.recipe}")
        for shown, kinds in system.answers.items():
            path = args.out / system.name / shown / "candidates.jsonl"
            inputs.setdefault(kinds, {})[shown] = SystemInput(list(read_answers(path)), {})
    config = EvaluateConfig().updated(["metrics=multispectral", "top_ks=[1,10]", "with_mces=false"])
    for own in inputs.values():
        result = evaluate(cases, own, config)
        print(f"\n{'system':<32}" + "".join(f"{name:>28}" for name in METRICS))
        for row in result.systems:
            cells = (row.overall.intervals[name] for name in METRICS)
            print(f"{row.name:<32}" + "".join(f"{c.mean:>12.3f} ({c.low:.3f}–{c.high:.3f})" for c in cells))
        first = result.systems[0].name
        for name, differences in result.differences.items():
            for metric in METRICS:
                if metric in differences:
                    c = differences[metric]
                    print(f"{metric}, {name} less {first}: {c.mean:+.3f} ({c.low:+.3f} to {c.high:+.3f})")


def formula(sample: PackedSample) -> Formula:
    """The formula of a sample."""
    return sample.evidence.formula or formula_of(sample.smiles)


def parsed_options() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", choices=("stage1", "stage2"))
    parser.add_argument("--data", required=True, type=Path, metavar="PACKED")
    parser.add_argument("--test", required=True, type=Path, metavar="PACKED")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--stage1", type=Path, help="--out of the study of stage 1; needed by stage 2")
    parser.add_argument("--only", help="name of one system, e.g. counts or nmiracle@h_nmr+c_nmr")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--layers", type=int, default=3, help="of encoder and of decoder")
    parser.add_argument("--test-molecules", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--max-minutes", type=float, default=None, help="stop with a checkpoint after this time"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
