"""Time per spectrum of answering, split by stage, as the model is and tuned in both modes.

    python benchmarks/elucidate_stages.py --checkpoint C --index I --spectra FILE… [--limit 100] [--threads 1]
        [--modes untuned per_cluster sequential] [--data PACKED] [--set tune.batch_size=32]

One replica in this process does what an actor of `molucid elucidate` does; starting actors is not counted. Stages are
wall-clock seconds: predicted fingerprints (of spectra, and of training samples where they are renewed), k-means with
retrieval, gradient steps, decoding, and comparing first candidates with the training molecules.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from jobs.elucidate_inputs import read_inputs
from molucid.adapt.answerable import split_answerable
from molucid.adapt.elucidate import elucidate
from molucid.adapt.index import NeighbourIndex
from molucid.adapt.replica import Replica, ReplicaSpec, build_replica
from molucid.adapt.tuning import TuneConfig
from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.config import Config
from molucid.generate.generator import GenerateConfig
from molucid.spectra.clean import CleanConfig
from molucid.train.checkpoint import load_model, model_hash, resolve_checkpoint

MODES = ("untuned", "per_cluster", "sequential")
STAGES = ("predict_fingerprints", "cluster_and_retrieve", "tune", "decode", "compare_with_training")


class Settings(Config):
    """What `--set` changes."""

    generate: GenerateConfig = GenerateConfig()
    tune: TuneConfig = TuneConfig()


class HerePool:
    """One replica in this process."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica

    def map(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Results in the order of `tasks`."""
        return (getattr(self.replica, method)(*task) for task in tasks)

    attempt = map  # a fault ends the measurement


def main() -> None:
    """Measure each mode and print one table."""
    options = parsed_options()
    settings = Settings().updated(options.assignments)
    checkpoint = resolve_checkpoint(options.checkpoint)
    model, card = load_model(checkpoint)
    index = NeighbourIndex.load(options.index, model_hash(checkpoint))
    read, rejected = read_inputs(options.spectra, None, CleanConfig())
    records, unanswerable = split_answerable(read, model, settings.generate)
    records = records[: options.limit]
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    morgan = FingerprintConfig()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {options.threads} threads"
    print(
        f"{len(records)} spectra ({len(rejected) + len(unanswerable)} rejected), {model.num_parameters / 1e6:.1f} M "
        f"parameters, {len(index.rows)} training samples, {settings.generate.num_beams} beams, {device}"
    )
    print(f"{'ms per spectrum':16}" + "".join(f"{stage:>24}" for stage in (*STAGES, "all")))
    for mode in options.modes:
        tune = None if mode == "untuned" else settings.tune.model_copy(update={"mode": mode})
        spec = ReplicaSpec(
            model=card.model,
            objective=card.objective,
            generate=settings.generate,
            tune=tune,
            packed_folder=None if tune is None else options.data or index.provenance["packed_path"],
            index_folder=options.index if mode == "sequential" else None,
            batch_size=options.batch_size,
            seed=0,
            num_threads=options.threads,
        )
        pool = HerePool(build_replica(weights, spec))
        started = time.perf_counter()
        result = elucidate(
            records,
            pool,
            options.batch_size,
            0,
            tune,
            index,
            lambda smiles: fingerprint(smiles, morgan),
            {},
            lambda count: None,
            spec.kinds_read,
        )
        total = time.perf_counter() - started
        row = [*(result.seconds.get(stage) for stage in STAGES), total]
        print(
            f"{mode:16}"
            + "".join(f"{'–' if s is None else f'{1e3 * s / len(records):.1f}':>24}" for s in row)
        )


def parsed_options() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--index", required=True)
    parser.add_argument("--spectra", required=True, nargs="+", metavar="FILE")
    parser.add_argument("--data", metavar="PACKED", help="packed samples, if the index's have moved")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--limit", type=int, default=None, help="first so many spectra")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
    return parser.parse_args()


if __name__ == "__main__":
    main()
