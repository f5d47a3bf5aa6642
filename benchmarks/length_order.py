"""Optimiser steps on micro-batches of samples of like length, against samples as the stream brings them.

    python -m benchmarks.length_order --data PACKED --recipe molucid_stage1 [--batch 32] [--micro 8] [--rounds 20]
                                      [--set KEY=VALUE]

All three take the same global batches of PACKED. One cuts them, sorted by length, into micro-batches, as `Loader` does;
one cuts them in stream order; one takes them whole. Steps are timed in turn on copies of one model; the figure is the
median over rounds of the ratio to the whole batch, in processor time. The losses of each round are compared: the
order must not change what is learned.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from molucid.dataset.packed import PackedDataset
from molucid.model.assembled import new_model
from molucid.model.batch import Batch
from molucid.model.objective import Objective
from molucid.recipes.load import load_recipe
from molucid.train.engines.single import SingleEngine
from molucid.train.loader import BatchMaker, Loader, to_batch


def main() -> None:
    """Print one table."""
    options = parsed_options()
    torch.set_num_threads(options.threads)
    dataset = PackedDataset(options.data)
    stereo = f"model.stereo={str(dataset.has_stereo).lower()}"
    recipe = load_recipe(options.recipe, [stereo, "model.dropout=0", *options.set])
    parts = options.batch // options.micro
    engines = {
        name: SingleEngine(new_model(recipe.model, 0), Objective(recipe.objective), recipe.train)
        for name in ("one batch", "parts in stream order", "parts of like length")
    }
    modalities = engines["one batch"].model.modalities
    wanted, target = recipe.objective.wanted, recipe.model.target
    loader = Loader(
        dataset, modalities, options.batch, 0, wanted=wanted, notation=target, num_micro_batches=parts
    )
    maker = BatchMaker(dataset, modalities, wanted, target)
    cpu_s: dict[str, list[float]] = {name: [] for name in engines}
    tokens = dict.fromkeys(engines, 0)
    differ, filled = 0.0, 0
    for round in range(options.rounds + 1):  # the first warms up
        start = round * options.batch
        by_length = [loader.indices(start, part) for part in range(parts)]
        stream = Loader(dataset, modalities, options.batch, 0).indices(start)
        rows = {
            "one batch": [stream],
            "parts in stream order": np.array_split(stream, parts),
            "parts of like length": by_length,
        }
        losses = []
        for name, engine in engines.items():
            batches: list[Batch] = [to_batch(maker.make(part)) for part in rows[name]]
            began = time.process_time()
            metrics = engine.train_step(batches, 1e-4)
            if round:
                cpu_s[name].append(time.process_time() - began)
                tokens[name] += sum(b.target_BT[:, 1:].numel() for b in batches if b.target_BT is not None)
            losses.append(metrics.losses["total"])
        filled += metrics.num_tokens if round else 0
        differ = max(differ, max(losses) - min(losses))
    print(f"{options.recipe}, {len(dataset)} samples, global batch {options.batch}, {parts} micro-batches")
    print(f"{'':<24}{'median ms':>12}{'faster':>10}{'target tokens, padded':>24}")
    whole = np.array(cpu_s["one batch"])
    for name, own in cpu_s.items():
        faster = float(np.median(whole / np.array(own)))
        print(f"{name:<24}{1e3 * np.median(own):>12.0f}{faster:>9.2f}x{tokens[name] / options.rounds:>24.0f}")
    print(f"target tokens without padding: {filled / options.rounds:.0f}")
    print(f"largest difference of the losses of one step: {differ:.1e}")


def parsed_options() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, metavar="PACKED")
    parser.add_argument("--recipe", default="molucid_stage1")
    parser.add_argument("--batch", type=int, default=32, help="samples of a global batch")
    parser.add_argument("--micro", type=int, default=8, help="samples of a micro-batch")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the recipe")
    return parser.parse_args()


if __name__ == "__main__":
    main()
