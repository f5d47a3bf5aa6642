"""One rank of the DeepSpeed tests: trains a small model, saves and goes on, or loads and goes on."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

from molucid.chem.formula import Formula
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.spectra.types import Evidence, MassSpectrum
from molucid.train.config import TrainConfig
from molucid.train.engines.deepspeed import DeepSpeedConfig, DeepSpeedEngine
from molucid.train.engines.single import SingleEngine

MODEL = ModelConfig(
    width=16,
    heads=2,
    encoder_layers=1,
    decoder_layers=1,
    feed_forward_width=24,
    fingerprint_bits=16,
    fingerprint_hidden=8,
    dropout=0.0,
)
# Strong decay and clipping, so that a wrong parameter group or norm shows.
TRAIN = TrainConfig(weight_decay=0.5, clip_norm=0.3, micro_batch_size=2, global_batch_size=8)
NUM_STEPS, SAVED_AFTER = 5, 3


def new_model() -> Molucid:
    torch.manual_seed(0)
    return Molucid(MODEL)


def micro_batches(model: Molucid, step: int) -> list[Batch]:
    """The four micro-batches of a global batch: two samples each, of unequal lengths."""
    made = []
    for micro in range(4):
        generator = torch.Generator().manual_seed(100 * step + micro)
        evidence = [
            Evidence(
                f"{step}-{micro}-{i}",
                Formula.parse(f"C{6 + micro}H{10 + i}O{1 + step}"),
                (MassSpectrum(50 + 100 * torch.rand(4, generator=generator).double().numpy(), [1.0] * 4),),
            )
            for i in range(2)
        ]
        target = torch.randint(3, 40, (2, 5 + micro), generator=generator)
        target[:, 0] = 1
        target[1, 4:] = 0
        bits = (torch.rand(2, 16, generator=generator) < 0.3).float()
        made.append(Batch(collate_evidence(evidence, model.modalities).inputs, 2, target, bits))
    return made


def run(engine: SingleEngine | DeepSpeedEngine, first: int, last: int) -> list[list[float]]:
    """Losses and gradient norm of steps `first` … `last` − 1, and of a validation after them."""
    rows = []
    share = 4 // engine.world_size
    own = slice(engine.rank * share, (engine.rank + 1) * share)
    for step in range(first, last):
        metrics = engine.train_step(micro_batches(engine.model, step)[own], 0.01 * (step + 1))
        assert metrics.num_samples == 8
        rows.append([*metrics.losses.values(), metrics.grad_norm, metrics.num_tokens])
    rows.append(list(engine.validate(micro_batches(engine.model, 99)[own]).values()))
    return rows


def main() -> None:
    stages, folder, mode = json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        torch.distributed.init_process_group("gloo")
    found = {}
    for stage in stages:
        sharding = DeepSpeedConfig(zero_stage=stage, persistence_threshold=0)
        engine = DeepSpeedEngine(new_model(), Objective(ObjectiveConfig()), TRAIN, "cpu", sharding)
        at = folder / f"stage{stage}"
        if mode == "train":
            rows = run(engine, 0, SAVED_AFTER)
            engine.save(at)
            engine.barrier()
            rows += run(engine, SAVED_AFTER, NUM_STEPS)
        else:
            engine.load(at)
            assert engine.steps_taken == SAVED_AFTER
            rows = run(engine, SAVED_AFTER, NUM_STEPS)
        weights = engine.weights()
        found[stage] = {
            "rows": rows,
            "weights": {name: value.double().sum().item() for name, value in weights.items()},
        }
        del engine
    sys.stdout.write("RESULT " + json.dumps(found) + "\n")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
