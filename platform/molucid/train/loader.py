"""Packed samples → batches, in an order that any number of ranks and any resume agree on.

All epochs' orders, one after the other, are one endless stream of samples. Global batch b is the slice
`[b·batch_size, (b+1)·batch_size)` of it, sorted by length and cut into `num_micro_batches · world_size` parts (see
`molucid.train.sharing`); micro-batch m of rank r is part m·world_size + r. So the stream position alone says what
comes next, and the global batches are the same on one rank and on many, whether or not they divide evenly. Samples
of one part are of like length, because padding costs as much as what it pads; the loss, a mean over the global batch,
is the same in any order. The longest come first: what does not fit into memory is known at once.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from molucid.chem.notation import Notation
from molucid.chem.tokens import BOS, EOS, PAD
from molucid.config import Config
from molucid.dataset.order import order_at
from molucid.dataset.packed import PackedDataset, PackedSample
from molucid.errors import InputError, Where
from molucid.model.batch import SMILES_AND_FINGERPRINT, Batch, Wanted
from molucid.model.modalities.base import Features, Modality
from molucid.simulate.augment import AugmentConfig, augment_evidence
from molucid.train.sharing import part_bounds

_Made = tuple[
    dict[str, Features], NDArray[np.int64] | None, NDArray[np.float32] | None, NDArray[np.int64] | None
]
"""What a worker hands over: arrays per modality, targets, fingerprints, fragment counts."""


class LoaderConfig(Config):
    """How batches are made ready.

    Attributes:
        prefetch_batches: batches made ahead of the one that is asked for.
        num_processes: processes that make them; 0 for a thread of this process, which is enough unless the
            training step is shorter than the making of its batch.
    """

    prefetch_batches: int = Field(default=4, ge=1)
    num_processes: int = Field(default=0, ge=0)


class Loader:
    """An endless iterator of this rank's batches.

    Args:
        dataset: packed samples.
        modalities: which arrays to make, by name.
        batch_size: samples of one global batch, of all ranks together.
        seed: with the epoch's number it decides the order.
        rank: this rank, 0 … world_size − 1.
        world_size: number of ranks.
        position: samples of the stream that were consumed before; the next global batch starts there.
        wanted: targets that batches carry.
        notation: of the target tokens.
        augment: draws departures of measured spectra; what is drawn for a sample is a function of `seed` and its place
            in the stream.
        config: see `LoaderConfig`.
        num_micro_batches: in which each rank takes its share of a global batch, one after the other.

    Attributes:
        position: stream position after the batch yielded last; what a checkpoint keeps. Batches made ahead do
            not count.
        num_samples: samples of one epoch.

    Raises:
        InputError: an empty data set, or fewer samples in a global batch than it has parts.
    """

    def __init__(
        self,
        dataset: PackedDataset,
        modalities: Mapping[str, Modality],
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        position: int = 0,
        wanted: Wanted = SMILES_AND_FINGERPRINT,
        notation: Notation = "smiles",
        augment: AugmentConfig | None = None,
        config: LoaderConfig | None = None,
        num_micro_batches: int = 1,
    ) -> None:
        if not len(dataset):
            raise InputError(f"no sample in {dataset.folder}", "at least one", code="empty_dataset")
        num_parts = num_micro_batches * world_size
        if not 1 <= num_parts <= batch_size:
            raise InputError(
                f"batch of {batch_size} samples in {num_micro_batches} micro-batches on {world_size} ranks",
                "at least one sample in each",
                code="too_small_batch",
            )
        if not 0 <= rank < world_size:
            raise InputError(
                f"rank {rank} of {world_size}", f"a rank in 0 … {world_size - 1}", code="invalid_rank"
            )
        if position < 0:
            raise InputError(f"position {position}", "a position ≥ 0", code="invalid_position")
        self.num_samples = len(dataset)
        self.position = position
        self._batch_size, self._num_parts, self._seed = batch_size, num_parts, seed
        # The global batch that the next micro-batch is of, and rank 0's part of that micro-batch.
        self._start, self._part = position, 0
        self._rank, self._world_size = rank, world_size
        self._maker = BatchMaker(dataset, modalities, wanted, notation, augment)
        self._sorted: tuple[int, NDArray[np.int64]] | None = None
        self._config = config or LoaderConfig()

    @property
    def epoch(self) -> float:
        """Passes over the data that `position` amounts to."""
        return self.position / self.num_samples

    def indices(self, start: int, part: int = 0) -> NDArray[np.int64]:
        """Rows that this rank takes of the global batch that starts at `start`; see `places`."""
        return self._rows(self.places(start, part))

    def places(self, start: int, part: int = 0) -> NDArray[np.int64]:
        """Stream positions of the samples that this rank takes of the global batch that starts at `start`.

        Args:
            start: stream position of the global batch's first sample.
            part: rank 0's part of the micro-batch; this rank's is the one `rank` places after it.
        """
        first, end = part_bounds(self._batch_size, self._num_parts, part + self._rank)
        return self._longest_first(start)[first:end]

    def _longest_first(self, start: int) -> NDArray[np.int64]:
        """Stream positions of the global batch that starts at `start`; in their own order if there is one part."""
        if self._sorted is None or self._sorted[0] != start:
            stream = np.arange(start, start + self._batch_size, dtype=np.int64)
            if self._num_parts > 1:
                stream = stream[np.argsort(-self._maker.lengths(self._rows(stream)), kind="stable")]
            self._sorted = (start, stream)
        return self._sorted[1]

    def _rows(self, stream: NDArray[np.int64]) -> NDArray[np.int64]:
        epochs, places = np.divmod(stream, self.num_samples)
        rows = np.empty(len(stream), np.int64)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            rows[chosen] = order_at(places[chosen], self.num_samples, self._seed, int(epoch))
        return rows

    def __iter__(self) -> Iterator[Batch]:
        executor, make = self._start_executor()
        pending: deque[Future[_Made]] = deque()
        start, part = self._start, self._part
        try:
            while True:
                while len(pending) <= self._config.prefetch_batches:
                    stream = self.places(start, part)
                    seeds = [(self._seed, int(place)) for place in stream]
                    pending.append(executor.submit(make, self._rows(stream), seeds))
                    start, part = self._following(start, part)
                batch = to_batch(pending.popleft().result())
                self._start, self._part = self._following(self._start, self._part)
                self.position = self._start + part_bounds(self._batch_size, self._num_parts, self._part)[0]
                yield batch
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    def _following(self, start: int, part: int) -> tuple[int, int]:
        """Global batch and part of the micro-batch after this one."""
        part += self._world_size
        return (start, part) if part < self._num_parts else (start + self._batch_size, 0)

    def _start_executor(
        self,
    ) -> tuple[Executor, Callable[[NDArray[np.int64], Sequence[tuple[int, int]]], _Made]]:
        if self._config.num_processes == 0:
            return ThreadPoolExecutor(max_workers=1, thread_name_prefix="molucid-loader"), self._maker.make
        executor = ProcessPoolExecutor(
            self._config.num_processes,
            # A fork would copy locks held by the threads of torch and Ray.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_open_in_process,
            initargs=self._maker.arguments(),
        )
        return executor, _make_in_process


class BatchMaker:
    """Rows of a packed data set → padded numpy arrays.

    Args:
        dataset: packed samples.
        modalities: which arrays to make, by name.
        wanted: targets to make.
        notation: of the target tokens.
        augment: draws departures of measured spectra.

    Raises:
        InputError: the samples were packed without a target that is wanted.
    """

    def __init__(
        self,
        dataset: PackedDataset,
        modalities: Mapping[str, Modality],
        wanted: Wanted = SMILES_AND_FINGERPRINT,
        notation: Notation = "smiles",
        augment: AugmentConfig | None = None,
    ) -> None:
        check_targets(dataset, "fragments" in modalities or wanted.fragments, notation)
        self._dataset, self._modalities = dataset, dict(modalities)
        self._wanted, self._notation, self._augment = wanted, notation, augment

    def arguments(self) -> tuple[Path, dict[str, Modality], Wanted, Notation, AugmentConfig | None]:
        """What another process needs to make the same batches."""
        return self._dataset.folder, self._modalities, self._wanted, self._notation, self._augment

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What a batch pads to its longest row, summed: target tokens, MS/MS peaks, fragments; int64 `[rows]`.

        Lists of NMR peaks are padded, too, but are short beside the tokens of a trace.
        """
        stored = self._dataset.rows[rows]
        molecules = self._dataset.molecules[stored["molecule"]]
        lengths = np.zeros(len(rows), np.int64)
        if self._wanted.smiles:
            lengths += molecules["num_selfies" if self._notation == "selfies" else "num_tokens"]
        if "msms" in self._modalities:
            lengths += stored["num_peaks"]
        if "fragments" in self._modalities:
            lengths += molecules["num_fragments"]
        return lengths

    def make(self, rows: NDArray[np.int64], seeds: Sequence[tuple[int, int]] | None = None) -> _Made:
        """Arrays of all modalities, token ids `[B, T]`, fingerprints `[B, F]` and fragment counts `[B, G]`.

        Args:
            rows: of the data set.
            seeds: of what is drawn for each; without them nothing is.
        """
        samples = [self._dataset[int(row)] for row in rows]
        evidence = [sample.evidence for sample in samples]
        if self._augment is not None and seeds is not None:
            evidence = [
                augment_evidence(item, self._augment, np.random.default_rng(seed))
                for item, seed in zip(evidence, seeds, strict=True)
            ]
        inputs = {
            name: modality.collate([modality.featurize(item) for item in evidence])
            for name, modality in self._modalities.items()
        }
        target = fingerprint = fragments = None
        if self._wanted.smiles:
            in_selfies = self._notation == "selfies"
            target = pad_targets([s.selfies_ids if in_selfies else s.target_ids for s in samples])
        if self._wanted.fingerprint:
            fingerprint = np.stack([sample.fingerprint for sample in samples]).astype(np.float32)
        if self._wanted.fragments:
            fragments = self._fragments(samples)
        return inputs, target, fingerprint, fragments

    def _fragments(self, samples: list[PackedSample]) -> NDArray[np.int64]:
        counts = np.zeros((len(samples), len(self._dataset.fragment_vocabulary)), np.int64)
        for row, sample in zip(counts, samples, strict=True):
            found = sample.evidence.fragments
            assert found is not None, "checked when the maker was made"
            row[found.index] = found.count
        return counts


def check_targets(dataset: PackedDataset, fragments: bool, notation: Notation) -> None:
    """Refuse samples that were packed without what a training on them needs.

    Raises:
        InputError: `fragments` are needed, or SELFIES are, and the data set has none.
    """
    for needed, present, what, setting in (
        (fragments, bool(dataset.fragment_vocabulary), "fragment counts", "fragments=default"),
        (notation == "selfies", dataset.has_selfies, "SELFIES", "selfies=true"),
    ):
        if needed and not present:
            raise InputError(
                f"samples packed without {what}",
                f"samples with {what}, which this recipe is trained on",
                Where(file=str(dataset.folder)),
                hint=f"pack them again with --set {setting}",
                code="missing_target",
            )


def pad_targets(ids: list[NDArray[np.uint16]]) -> NDArray[np.int64]:
    """`<bos> … <eos>` of each sample, padded with `<pad>` to the longest; int64 `[B, T]`."""
    targets = np.full((len(ids), max(len(tokens) for tokens in ids) + 2), PAD, np.int64)
    for row, tokens in zip(targets, ids, strict=True):
        row[0] = BOS
        row[1 : len(tokens) + 1] = tokens
        row[len(tokens) + 1] = EOS
    return targets


def to_batch(made: _Made) -> Batch:
    """What a `BatchMaker` made, as tensors on the CPU."""
    inputs, target, fingerprint, fragments = made
    return Batch(
        inputs={name: {k: torch.from_numpy(v) for k, v in arrays.items()} for name, arrays in inputs.items()},
        num_samples=len(next(iter(next(iter(inputs.values())).values()))),
        target_BT=None if target is None else torch.from_numpy(target),
        fingerprint_BF=None if fingerprint is None else torch.from_numpy(fingerprint),
        fragments_BG=None if fragments is None else torch.from_numpy(fragments),
    )


_maker_of_process: BatchMaker | None = None


def _open_in_process(
    folder: Path,
    modalities: Mapping[str, Modality],
    wanted: Wanted,
    notation: Notation,
    augment: AugmentConfig | None,
) -> None:
    global _maker_of_process
    _maker_of_process = BatchMaker(PackedDataset(folder), modalities, wanted, notation, augment)


def _make_in_process(rows: NDArray[np.int64], seeds: Sequence[tuple[int, int]]) -> _Made:
    assert _maker_of_process is not None, "set by the initializer of the process"
    return _maker_of_process.make(rows, seeds)
