"""How fast the loader makes batches, alone, and what augmentation costs.

    python benchmarks/loader.py [--batch-size 64] [--processes 2]

Made-up spectra of 64 peaks over 2,000 made-up molecules, packed in a temporary folder. How long a training step
waits for its batch is measured by benchmarks/train_step.py. The second table is the CPU time of a batch of simulated
¹H and ¹³C lists, read as they are and augmented with half of them drawn as traces.
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
from molucid.errors import Rejected, Where
from molucid.model.config import ModelConfig
from molucid.model.modalities.registry import build_modalities
from molucid.simulate.augment import AugmentConfig
from molucid.simulate.nmr import NmrSimulator
from molucid.spectra.types import Evidence, MassSpectrum, Record
from molucid.train.loader import BatchMaker, Loader, LoaderConfig

NUM_MOLECULES, NUM_PEAKS = 2000, 64
NUM_LISTS, NUM_ROUNDS = 256, 3
AUGMENTATIONS = {
    "as they are": None,
    "augmented, trace_probability 0": AugmentConfig(trace_probability=0.0),
    "augmented, trace_probability 0.5": AugmentConfig(trace_probability=0.5),
    "augmented, trace_probability 1": AugmentConfig(trace_probability=1.0),
}
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
                print(f"{form:<16}{maker_name(processes):<14}{rate:>10.0f}", flush=True)
        pack(simulated_lists(), Path(folder) / "lists", PackConfig(), {})
        lists = PackedDataset(Path(folder) / "lists")
        print(f"\n{'simulated ¹H and ¹³C lists':<40}{'CPU ms/sample':>14}")
        for name, augment in AUGMENTATIONS.items():
            print(f"{name:<40}{cpu_ms_per_sample(lists, arguments.batch_size, augment):>14.2f}", flush=True)


def simulated_lists() -> Iterator[Record]:
    """The same molecules with simulated NMR lists."""
    made = list(islice(records(), NUM_LISTS))
    simulated = NmrSimulator().simulate_many([record.smiles or "" for record in made])
    for record, found in zip(made, simulated, strict=True):
        if isinstance(found, Rejected):
            raise ValueError(found.message)
        evidence = Evidence(record.evidence.id, h_nmr=found.h_nmr, c_nmr=found.c_nmr)
        yield Record(evidence, record.smiles, record.where)


def cpu_ms_per_sample(dataset: PackedDataset, batch_size: int, augment: AugmentConfig | None) -> float:
    """Least CPU time of a sample over `NUM_ROUNDS` passes, made in this process; other programs add to a mean."""
    modalities = build_modalities(ModelConfig.from_mapping({"modalities": ["h_nmr", "c_nmr"]}))
    maker = BatchMaker(dataset, modalities, augment=augment)
    best = float("inf")
    for number in range(NUM_ROUNDS + 1):
        started = time.process_time()
        for first in range(0, len(dataset), batch_size):
            rows = np.arange(first, min(first + batch_size, len(dataset)))
            maker.make(rows, [(number, int(row)) for row in rows])
        if number:  # the first pass fills caches
            best = min(best, (time.process_time() - started) / len(dataset) * 1000)
    return best


def maker_name(processes: int) -> str:
    """What makes the batches."""
    return f"{processes} processes" if processes else "a thread"


if __name__ == "__main__":
    main()
