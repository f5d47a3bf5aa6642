"""One replica of the model, and what it answers: as it is, or tuned for a cluster and set back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from molucid.adapt.clusters import spherical_kmeans
from molucid.adapt.index import NeighbourIndex
from molucid.adapt.plan import ClusterTask
from molucid.adapt.selection import select
from molucid.adapt.tuning import TuneConfig, Tuner
from molucid.adapt.vectors import FloatMatrix, predict_fingerprints, unit_vectors
from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.fragment_vector import FragmentCounts
from molucid.dataset.packed import PackedDataset
from molucid.generate.chemistry import rdkit_chemistry
from molucid.generate.generator import GenerateConfig, generate
from molucid.generate.ranking import Chemistry
from molucid.generate.types import Candidate
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.spectra.types import Evidence
from molucid.train.loader import BatchMaker, to_batch


@dataclass(frozen=True, slots=True)
class Decoded:
    """Candidates of one piece of evidence and how its model was tuned; seconds are per stage and shared by a task."""

    candidates: tuple[Candidate, ...]
    tuning: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a replica gives back for one task: answers in the order of the task's evidence, and seconds by stage."""

    decoded: list[Decoded]
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """What a replica is built from, beside the weights: plain data, cheap to send to many actors.

    Attributes:
        model: sizes and modalities.
        objective: loss of the gradient steps.
        generate: decoding.
        tune: test-time tuning; `None` if nothing is tuned.
        packed_folder: training samples; `None` if nothing is tuned.
        index_folder: neighbour index; only the sequential mode needs it in the replica.
        batch_size: pieces of evidence encoded and decoded together.
        seed: of decoding and tuning.
        num_threads: of torch on the CPU; sums are split by thread, so it is part of what fixes the bytes.
    """

    model: ModelConfig
    objective: ObjectiveConfig
    generate: GenerateConfig
    tune: TuneConfig | None
    packed_folder: str | None
    index_folder: str | None
    batch_size: int
    seed: int
    num_threads: int

    @property
    def kinds_read(self) -> frozenset[str]:
        """Kinds of evidence that answers depend on: the model's, and a formula that decoding keeps to."""
        decoding = () if self.generate.formula == "ignore" else ("formula",)
        return frozenset((*self.model.modalities, *decoding))


def build_replica(weights: Mapping[str, NDArray[np.generic]], spec: ReplicaSpec) -> Replica:
    """A replica on this process's device, with its own copy of `weights`."""
    torch.set_num_threads(spec.num_threads)
    model = Molucid(spec.model)
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    if torch.cuda.is_available():
        model.cuda()
    return Replica(
        model,
        Objective(spec.objective),
        rdkit_chemistry(predicted_fingerprint(spec.model), spec.model.target, spec.model.stereo),
        spec.generate,
        spec.tune or TuneConfig(),
        None if spec.packed_folder is None else PackedDataset(spec.packed_folder),
        None if spec.index_folder is None else NeighbourIndex.load(spec.index_folder),
        spec.batch_size,
        spec.seed,
    )


def predicted_fingerprint(model: ModelConfig) -> FingerprintConfig:
    """The fingerprint that a model's head predicts; the default one for a model without a head, which has no use."""
    return (
        FingerprintConfig(num_bits=model.fingerprint_bits) if model.fingerprint_bits else FingerprintConfig()
    )


class Replica:
    """A model that answers evidence; tuning never outlives the call that asked for it.

    Args:
        model: the base model; this object owns it.
        objective: loss of the gradient steps.
        chemistry: functions that decoding needs.
        generate_config: decoding.
        tune_config: test-time tuning; only read by the tuned methods.
        dataset: training samples; `None` if nothing is tuned.
        index: their neighbour index; only the sequential mode reads it here.
        batch_size: pieces of evidence encoded and decoded together.
        seed: of decoding and tuning.
    """

    def __init__(
        self,
        model: Molucid,
        objective: Objective,
        chemistry: Chemistry,
        generate_config: GenerateConfig,
        tune_config: TuneConfig,
        dataset: PackedDataset | None,
        index: NeighbourIndex | None,
        batch_size: int,
        seed: int,
    ) -> None:
        self.model = model.eval()
        self.objective, self.chemistry = objective, chemistry
        self.generate_config, self.tune_config = generate_config, tune_config
        self.dataset, self.index, self.batch_size, self.seed = dataset, index, batch_size, seed
        self._maker = (
            None
            if dataset is None
            else BatchMaker(dataset, model.modalities, objective.config.wanted, model.config.target)
        )

    def answer(self, evidence: Sequence[Evidence]) -> TaskResult:
        """Decode with the model as it is."""
        started = time.perf_counter()
        candidates = self._decode(evidence)
        return TaskResult([Decoded(c) for c in candidates], {"decode": time.perf_counter() - started})

    def answer_cluster(self, task: ClusterTask, evidence: Sequence[Evidence]) -> TaskResult:
        """Tune on the task's training samples from the base weights, decode the cluster, set the weights back.

        Args:
            task: the cluster.
            evidence: its members, in the order of `task.members`.
        """
        facts: dict[str, object] = {
            "mode": "per_cluster",
            "selection": self.tune_config.selection,
            "cluster": task.cluster,
            "cluster_size": len(task.members),
            "nearest_cosine": round(task.nearest_similarity, 6),
            "dark": task.dark,
        }
        if task.dark:
            result = self.answer(evidence)
            facts |= {"steps": 0, "samples": 0}
            return TaskResult([Decoded(d.candidates, facts) for d in result.decoded], result.seconds)
        base = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        started = time.perf_counter()
        try:
            losses = self._tune_on_rows(task)
            tuned = time.perf_counter()
            candidates = self._decode(evidence)
        finally:
            self.model.load_state_dict(base)
        facts |= {
            "steps": len(losses),
            "samples": len(task.rows),
            "first_loss": round(losses[0], 6),
            "last_loss": round(losses[-1], 6),
        }
        seconds = {"tune": tuned - started, "decode": time.perf_counter() - tuned}
        return TaskResult([Decoded(c, facts) for c in candidates], seconds)

    def answer_sequentially(self, evidence: Sequence[Evidence]) -> TaskResult:
        """The paper's mode: one step per cluster in order, then decode everything with the final model.

        Clusters stay as they were at the start; the queries' and the training samples' vectors are renewed
        every `refresh_every` steps. A dark cluster takes no step, and the base model decodes it. The weights
        are set back afterwards.
        """
        assert self.index is not None, "sequential tuning needs the neighbour index"
        config, limits, index = self.tune_config, self.tune_config.sequential, self.index
        base = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        stages = ("predict_fingerprints", "cluster_and_retrieve", "tune", "decode")
        seconds = dict.fromkeys(stages, 0.0)
        mark = time.perf_counter()

        def count_for(stage: str) -> None:
            nonlocal mark
            now = time.perf_counter()
            seconds[stage] += now - mark
            mark = now

        nearest: list[float] = []
        num_samples = 0
        try:
            vectors = self.vectors(evidence)
            count_for("predict_fingerprints")
            clusters = spherical_kmeans(vectors, limits.num_clusters, config.kmeans_iterations, self.seed)
            tuner = Tuner(self.model, self.objective, config, limits.decay_per_step, self.seed)
            for step, query in enumerate(clusters.representatives):
                if step and step % limits.refresh_every == 0:
                    vectors, index = self.vectors(evidence), self._refreshed(index)
                    count_for("predict_fingerprints")
                chosen = select(
                    index, vectors[query : query + 1], config.selection, config.batch_size, self.seed + step
                )
                nearest.append(chosen.nearest_similarity)
                count_for("cluster_and_retrieve")
                if chosen.nearest_similarity >= config.dark_below_cosine:
                    tuner.step(self._batch(chosen.rows))
                    num_samples += len(chosen.rows)
                count_for("tune")
            dark = [nearest[cluster] < config.dark_below_cosine for cluster in clusters.assignment]
            candidates = self._decode_where(evidence, [not is_dark for is_dark in dark])
        finally:
            self.model.load_state_dict(base)
        candidates |= self._decode_where(evidence, dark)
        count_for("decode")
        decoded = []
        for position in range(len(evidence)):
            cluster = int(clusters.assignment[position])
            facts: dict[str, object] = {
                "mode": "sequential",
                "selection": config.selection,
                "cluster": cluster,
                "cluster_size": len(clusters.members(cluster)),
                "nearest_cosine": round(nearest[cluster], 6),
                "dark": dark[position],
                "steps": 0 if dark[position] else len(tuner.losses),
                "samples": 0 if dark[position] else num_samples,
            }
            decoded.append(Decoded(candidates[position], facts))
        return TaskResult(decoded, seconds)

    def vectors(self, evidence: Sequence[Evidence]) -> FloatMatrix:
        """Unit vectors of the predicted fingerprints, `[evidence, bits]`."""
        return unit_vectors(predict_fingerprints(self.model, evidence, self.batch_size))

    def fragments(self, evidence: Sequence[Evidence]) -> list[FragmentCounts]:
        """Predicted fragment counts of each piece of evidence, by the base model's fragment head."""
        found = []
        for start in range(0, len(evidence), self.batch_size):
            chunk = evidence[start : start + self.batch_size]
            inputs = collate_evidence(chunk, self.model.modalities).to(self.model.device).inputs
            with torch.inference_mode():
                counts_BG = self.model.fragment_counts(self.model.encode(inputs)).cpu().numpy()
            for counts in counts_BG.astype(np.uint16):
                (index,) = counts.nonzero()
                found.append(FragmentCounts(index.astype(np.uint16), counts[index]))
        return found

    def _decode(self, evidence: Sequence[Evidence]) -> list[tuple[Candidate, ...]]:
        found: list[tuple[Candidate, ...]] = []
        for start in range(0, len(evidence), self.batch_size):
            chunk = evidence[start : start + self.batch_size]
            inputs = collate_evidence(chunk, self.model.modalities).to(self.model.device).inputs
            formulas = [item.formula for item in chunk]
            with torch.inference_mode():
                found += generate(
                    self.model, inputs, formulas, self.generate_config, self.chemistry, self.seed
                )
        return found

    def _decode_where(
        self, evidence: Sequence[Evidence], chosen: Sequence[bool]
    ) -> dict[int, tuple[Candidate, ...]]:
        positions = [position for position, is_chosen in enumerate(chosen) if is_chosen]
        found = self._decode([evidence[position] for position in positions])
        return dict(zip(positions, found, strict=True))

    def _tune_on_rows(self, task: ClusterTask) -> list[float]:
        config = self.tune_config
        tuner = Tuner(self.model, self.objective, config, 1.0, task.seed)
        generator = np.random.default_rng(task.seed)
        waiting = np.zeros(0, np.int64)
        size = min(config.batch_size, len(task.rows))
        for _ in range(config.per_cluster.steps_per_cluster):
            if len(waiting) < size:
                waiting = np.concatenate([waiting, generator.permutation(task.rows)])
            tuner.step(self._batch(waiting[:size]))
            waiting = waiting[size:]
        return tuner.losses

    def _batch(self, rows: NDArray[np.int64]) -> Batch:
        assert self._maker is not None, "tuning needs the packed training samples"
        return to_batch(self._maker.make(rows))

    def _refreshed(self, index: NeighbourIndex) -> NeighbourIndex:
        assert self.dataset is not None, "tuning needs the packed training samples"
        dataset = self.dataset
        predicted = predict_fingerprints(
            self.model, (dataset[int(row)].evidence for row in index.rows), self.batch_size
        )
        return index.with_vectors(unit_vectors(predicted))
