"""Training step: what the engines cost over a bare PyTorch loop of the same model, and the loader's wait.

    python benchmarks/train_step.py [--rounds 15] [--samples 600] [--batch 16] [--device cpu] [--threads 2]

One process takes optimiser steps on the same batches in turn: a bare loop (forward, two losses, backward,
clip, fused AdamW), the single engine, and DeepSpeed with one worker where it is installed. Every round takes one
step of each, in an order that rotates; a cost is the median over rounds of the ratio to the bare step of the same
round, in wall-clock time and in processor time of this process, which other work on the machine changes less.
The loader's wait is then measured in a run of `fit` with the single engine over packed samples, batches made
ahead by the loader's thread.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.errors import InputError
from molucid.model.assembled import Molucid, new_model
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.spectra.clean import CleanConfig
from molucid.spectra.types import Evidence, MassSpectrum, Record
from molucid.train.config import TrainConfig
from molucid.train.engines.single import SingleEngine, uses_bf16
from molucid.train.loader import Loader
from molucid.train.loop import TrainState, fit
from molucid.train.metrics import StepReport

MODEL = ModelConfig(
    width=320,
    heads=8,
    encoder_layers=4,
    decoder_layers=4,
    feed_forward_width=832,
    fingerprint_bits=2048,
    dropout=0.0,
)
RINGS = ("c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCOCC1", "c1ccsc1")
LINKS = ("C(=O)N", "CC(=O)O", "CCN", "OCC", "S(=O)(=O)N", "C=C")


def main() -> None:
    """Measure and print one table."""
    options = parsed_options()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    train = TrainConfig(
        micro_batch_size=options.batch, global_batch_size=options.batch, steps=options.rounds, warmup_steps=0
    )
    with tempfile.TemporaryDirectory(prefix="molucid-benchmark-") as folder:
        packed = Path(folder) / "packed"
        # The precursors are made up as well.
        config = PackConfig(clean=CleanConfig(precursor_tolerance_ppm=None))
        pack(records(options.samples), packed, config, {"made_for": "benchmarks/train_step.py"}, None)
        dataset = PackedDataset(packed)
        steps = contestants(train, device)
        parameters = new_model(MODEL, 0).num_parameters
        print(
            f"{parameters / 1e6:.1f} M parameters, {len(dataset)} packed samples, batch {options.batch}, "
            f"{options.device}, {options.threads} threads, load {os.getloadavg()[0]:.1f}"
        )
        times = alternate(steps, batches_of(dataset, options.batch), options.rounds, device)
        print(f"{'step':<24}{'median ms':>12}{'over bare':>12}{'CPU over bare':>16}{'samples/s':>12}")
        for name, own in times.items():
            wall, cpu = (median_ratio(own[:, kind], times["bare PyTorch"][:, kind]) - 1 for kind in (0, 1))
            median = float(np.median(own[:, 0]))
            print(
                f"{name:<24}{1e3 * median:>12.1f}{wall:>+12.1%}{cpu:>+16.1%}{options.batch / median:>12.1f}"
            )
        wait = loader_share(dataset, train, device)
        print(f"{'loader wait':<24}{wait:>12.2%} of step time")


def parsed_options() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="measured rounds, one step of each")
    parser.add_argument("--samples", type=int, default=600, help="packed samples")
    parser.add_argument("--batch", type=int, default=16, help="samples per step")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    return parser.parse_args()


def records(number: int) -> list[Record]:
    """Made-up molecules of the size of drugs with 60 random peaks each: only their shapes matter here."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(number):
        parts = [str(rng.choice(RINGS[:1] + LINKS)) if i % 2 else str(rng.choice(LINKS)) for i in range(5)]
        smiles = str(rng.choice(("C", "CC", "CCC", "OC", "NC"))) + "".join(parts) + str(rng.choice(RINGS))
        mz = np.sort(rng.uniform(50, 480, 60))
        spectrum = MassSpectrum(mz, rng.uniform(0.02, 1, 60), 500.0, "[M+H]+", collision_energy_ev=20.0)
        made.append(Record(Evidence(str(index), None, (spectrum,)), smiles))
    return made


def contestants(train: TrainConfig, device: torch.device) -> dict[str, Callable[[Batch], object]]:
    """Functions that take one step on one batch."""
    objective = Objective(ObjectiveConfig())
    single = SingleEngine(new_model(MODEL, 0), objective, train, device)
    steps: dict[str, Callable[[Batch], object]] = {
        "bare PyTorch": bare_step(new_model(MODEL, 0).to(device), train, device),
        "single engine": lambda batch: single.train_step([batch], train.learning_rate),
    }
    try:
        from molucid.train.engines.deepspeed import DeepSpeedEngine

        engine = DeepSpeedEngine(new_model(MODEL, 0), objective, train, device)
    except InputError as error:
        print(f"DeepSpeed is not measured: {error}")
    else:
        steps["DeepSpeed, one worker"] = lambda batch: engine.train_step([batch], train.learning_rate)
    return steps


def bare_step(model: Molucid, train: TrainConfig, device: torch.device) -> Callable[[Batch], object]:
    """The step that anybody would write by hand."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=train.learning_rate, betas=train.betas, fused=True)
    bf16 = uses_bf16(train.precision, device)

    def step(batch: Batch) -> None:
        batch = batch.to(device, non_blocking=True)
        assert batch.target_BT is not None
        assert batch.fingerprint_BF is not None
        model.train()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            memory = model.encode(batch.inputs)
            logits_BTV = model.decode(batch.target_BT[:, :-1], memory)
            bits_BF = model.fingerprint_logits(memory)
        loss = F.cross_entropy(
            logits_BTV.flatten(0, 1).float(),
            batch.target_BT[:, 1:].flatten(),
            ignore_index=SmilesTokenizer.PAD,
        )
        true_BF = batch.fingerprint_BF.unflatten(1, (-1, bits_BF.shape[1])).amax(dim=1)
        loss = loss + F.binary_cross_entropy_with_logits(bits_BF.float(), true_BF)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), train.clip_norm)
        optimizer.step()

    return step


def batches_of(dataset: PackedDataset, size: int) -> list[Batch]:
    """Eight batches in memory, as the loader makes them."""
    modalities = new_model(MODEL, 0).modalities
    stream = iter(Loader(dataset, modalities, size, seed=0))
    return [next(stream) for _ in range(8)]


def alternate(
    steps: dict[str, Callable[[Batch], object]], batches: list[Batch], rounds: int, device: torch.device
) -> dict[str, NDArray[np.float64]]:
    """Wall-clock and processor seconds per step by name, `[rounds, 2]`; two unmeasured rounds come first."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    names = list(steps)
    for index in range(-2, rounds):
        batch = batches[index % len(batches)]
        start = index % len(names)
        for name in names[start:] + names[:start]:
            wall, cpu = time.perf_counter(), time.process_time()
            steps[name](batch)
            if device.type == "cuda":
                torch.cuda.synchronize()
            if index >= 0:
                times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: np.array(values) for name, values in times.items()}


def median_ratio(own: NDArray[np.float64], bare: NDArray[np.float64]) -> float:
    """Median over rounds of a step's time over the bare step's in the same round."""
    return float(np.median(own / bare))


def loader_share(dataset: PackedDataset, train: TrainConfig, device: torch.device) -> float:
    """Time waited for batches over whole time, the first step left out: the pipeline fills during it."""
    engine = SingleEngine(new_model(MODEL, 0), Objective(ObjectiveConfig()), train, device)
    loader = Loader(dataset, engine.model.modalities, train.micro_batch_size, seed=0)
    reports: list[StepReport] = []

    def no_checkpoint(state: TrainState) -> None:
        """Nothing is kept."""

    fit(engine, loader, train, reports.append, no_checkpoint)
    waited = sum(report.loader_seconds for report in reports[1:])
    return waited / sum(report.loader_seconds + report.step_seconds for report in reports[1:])


if __name__ == "__main__":
    main()
