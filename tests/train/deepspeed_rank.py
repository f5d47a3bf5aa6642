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
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import Evidence, InfraredSpectrum, MassSpectrum, NmrPeaks
from molucid.train.config import TrainConfig
from molucid.train.engines.deepspeed import DeepSpeedConfig, DeepSpeedEngine
from molucid.train.engines.single import SingleEngine
from molucid.train.sharing import micro_batches_per_step, part_bounds

NUM_FRAGMENTS = 6
# Infrared and ¹³C are read from some samples only, so that a rank may have none in a batch that others have.
MODEL = ModelConfig.from_mapping(
    {
        "width": 16,
        "heads": 2,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "feed_forward_width": 24,
        "fingerprint_bits": 16,
        "fingerprint_hidden": 8,
        "dropout": 0.0,
        "modalities": ["formula", "msms", "ir", "c_nmr"],
        "ir": {"channels": [2, 2], "pools": [12, 20], "stack": {"layers": 0}},
        "c_nmr": {"form": "bins", "stack": {"layers": 1, "heads": 2, "feed_forward_width": 8}},
        "fusion": {"layers": 1, "heads": 2, "feed_forward_width": 8},
        "type_embeddings": True,
        "num_fragments": NUM_FRAGMENTS,
        "fragment_head": {"form": "counts", "hidden": 8, "max_count": 3},
    }
)
# Strong decay and clipping, so that a wrong parameter group or norm shows.
TRAIN = TrainConfig(weight_decay=0.5, clip_norm=0.3, micro_batch_size=2, global_batch_size=8)
OBJECTIVE = ObjectiveConfig(beta=0.5)
NUM_STEPS, SAVED_AFTER = 5, 3


def new_model() -> Molucid:
    torch.manual_seed(0)
    return Molucid(MODEL)


def micro_batch(model: Molucid, step: int, first: int, end: int) -> Batch:
    """Samples of a global batch, of unequal lengths; each is a function of step and number."""
    evidence, targets, bits, fragments = [], [], [], []
    for number in range(first, end):
        generator = torch.Generator().manual_seed(100 * step + number)
        peaks = 50 + 100 * torch.rand(4, generator=generator).double().numpy()
        formula = Formula.parse(f"C{6 + number}H10O{1 + step}")
        ir = c_nmr = None
        if number % 3 == 0:
            ir = InfraredSpectrum(IR_GRID.axis, torch.rand(IR_GRID.num_points, generator=generator).numpy())
        if number % 4 == 1:
            c_nmr = NmrPeaks("13C", 200 * torch.rand(3, generator=generator).double().numpy())
        spectra = (MassSpectrum(peaks, [1.0] * 4),)
        evidence.append(Evidence(f"{step}-{number}", formula, spectra, ir=ir, c_nmr=c_nmr))
        tokens = torch.randint(3, 40, (4 + number % 5,), generator=generator)
        tokens[0] = 1
        targets.append(tokens)
        bits.append((torch.rand(16, generator=generator) < 0.3).float())
        fragments.append(torch.randint(0, 6, (NUM_FRAGMENTS,), generator=generator))
    inputs = collate_evidence(evidence, model.modalities).inputs
    target_BT = torch.nn.utils.rnn.pad_sequence(targets, batch_first=True)
    return Batch(inputs, len(evidence), target_BT, torch.stack(bits), torch.stack(fragments))


def own_micro_batches(engine: SingleEngine | DeepSpeedEngine, step: int) -> list[Batch]:
    """This rank's micro-batches of the global batch; on three ranks they are of one and of two samples."""
    total, count = TRAIN.global_batch_size, micro_batches_per_step(TRAIN, engine.world_size)
    parts = range(engine.rank, count * engine.world_size, engine.world_size)
    bounds = [part_bounds(total, count * engine.world_size, part) for part in parts]
    return [micro_batch(engine.model, step, first, end) for first, end in bounds]


def run(engine: SingleEngine | DeepSpeedEngine, first: int, last: int) -> list[list[float]]:
    """Losses and gradient norm of steps `first` … `last` − 1, and of a validation after them."""
    rows = []
    for step in range(first, last):
        metrics = engine.train_step(own_micro_batches(engine, step), 0.01 * (step + 1))
        assert metrics.num_samples == 8
        rows.append([*metrics.losses.values(), metrics.grad_norm, metrics.num_tokens])
    rows.append(list(engine.validate(own_micro_batches(engine, 99)).values()))
    return rows


def main() -> None:
    stages, folder, mode = json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        torch.distributed.init_process_group("gloo")
    found = {}
    for stage in stages:
        sharding = DeepSpeedConfig(zero_stage=stage, persistence_threshold=0)
        engine = DeepSpeedEngine(new_model(), Objective(OBJECTIVE), TRAIN, "cpu", sharding)
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
