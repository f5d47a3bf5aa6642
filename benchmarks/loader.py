"""How fast the loader makes batches, alone.

    python benchmarks/loader.py [--batch-size 64] [--processes 2]

Made-up spectra of 64 peaks over 2,000 made-up molecules, packed in a temporary folder. How long a training step
waits for its batch is measured by benchmarks/train_step.py.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

import numpy as np

from molucid.chem.adducts import parse_adduct
from molucid.chem.identity import formula_of
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.errors import Where
from molucid.model.config import ModelConfig
from molucid.model.modalities.registry import build_modalities
from molucid.spectra.types import Evidence, MassSpectrum, Record
from molucid.train.loader import Loader, LoaderConfig

NUM_MOLECULES, NUM_PEAKS = 2000, 64
TAILS = ("O", "N", "C#N", "C(=O)O", "c1ccccc1", "c1ccc(F)cc1", "S(=O)(=O)N", "C(=O)N1CCOCC1")


def records() -> Iterator[Record]:
    """Molecules of 15 to 40 heavy atoms with random spectra."""
    generator = np.random.default_rng(0)
    sizes = product(range(4, 15), range(4, 15), TAILS, TAILS)
    for number, (a, b, head, tail) in enumerate(islice(sizes, NUM_MOLECULES)):
        smiles = f"C({'C' * a}{head})N(C){'C' * b}{tail}"
        precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula_of(smiles))
        mz = generator.uniform(50, precursor_mz, NUM_PEAKS)
        spectrum = MassSpectrum(
            mz, generator.uniform(0.01, 1, NUM_PEAKS), precursor_mz, "[M+H]+", None, 40.0, "orbitrap"
        )
        yield Record(Evidence(f"m{number}", formula_of(smiles), (spectrum,)), smiles, Where("made"))


def samples_per_second(dataset: PackedDataset, config: ModelConfig, batch_size: int, processes: int) -> float:
    """Rate of a loader that nobody waits for, after its first batches."""
    made = Loader(
        dataset, build_modalities(config), batch_size, 0, config=LoaderConfig(num_processes=processes)
    )
    batches = iter(made)
    for _ in range(8):
        next(batches)
    started = time.perf_counter()
    count = 0
    while time.perf_counter() - started < 5:
        count += next(batches).num_samples
    return count / (time.perf_counter() - started)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    forms = {
        "accurate mass": ModelConfig(),
        "text": ModelConfig.from_mapping({"formula": {"form": "text"}, "msms": {"form": "text"}}),
    }
    with tempfile.TemporaryDirectory() as folder:
        pack(records(), Path(folder) / "packed", PackConfig(), {})
        dataset = PackedDataset(Path(folder) / "packed")
        print(f"{'modalities':<16}{'maker':<14}{'samples/s':>10}")
        for form, config in forms.items():
            for processes in (0, arguments.processes):
                rate = samples_per_second(dataset, config, arguments.batch_size, processes)
                print(f"{form:<16}{maker(processes):<14}{rate:>10.0f}", flush=True)


def maker(processes: int) -> str:
    """What makes the batches."""
    return f"{processes} processes" if processes else "a thread"


if __name__ == "__main__":
    main()
