"""DeepSpeed engine: ZeRO stages 0 to 3 on CPU (gloo) and CUDA (NCCL), with the single engine's numbers.

Two things keep it equal to the single engine. Losses are already shares of global means, so gradients are to
be summed and not averaged: the loss is multiplied by the number of ranks, by which DeepSpeed divides. And
mixed precision is `torch.autocast` over float32 parameters, not DeepSpeed's own bf16 mode, whose stages
differ.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
import socket
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, distributed
from torch.distributed import HashStore  # type: ignore[attr-defined]  # exported, not declared

from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.files import read_json, write_json
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.objective import LossTotals, Objective
from molucid.train.config import TrainConfig
from molucid.train.engines.single import refuse_non_finite, uses_bf16
from molucid.train.metrics import StepMetrics
from molucid.train.optimizer import make_optimizer
from molucid.train.seeding import seed_step
from molucid.train.validation import LossSums

_STATE, _UNIVERSAL, _FACTS = "state", "universal", "deepspeed.json"


class DeepSpeedConfig(Config):
    """How DeepSpeed shards.

    Attributes:
        zero_stage: what is sharded over the ranks: 0 nothing, 1 optimiser state, 2 gradients too, 3
            parameters too (Rajbhandari et al. 2020). A checkpoint is continued at the stage that wrote it.
        persistence_threshold: stage 3 keeps parameters of fewer elements whole on every rank.
    """

    zero_stage: int = Field(default=1, ge=0, le=3)
    persistence_threshold: int = Field(default=100_000, ge=0)


class DeepSpeedEngine:
    """See `molucid.train.engines.base.Engine`.

    For many ranks the caller has initialised `torch.distributed`; for one process it is done here.

    Args:
        model: with the initial parameters; those of rank 0 count.
        objective: loss of one micro-batch.
        config: optimiser, clipping, precision and seed are read.
        device: of this rank.
        sharding: over the ranks.
    """

    def __init__(
        self,
        model: Molucid,
        objective: Objective,
        config: TrainConfig,
        device: torch.device | str = "cpu",
        sharding: DeepSpeedConfig | None = None,
    ) -> None:
        self.device = torch.device(device)
        _prepare_process(self.device)
        self.rank, self.world_size = distributed.get_rank(), distributed.get_world_size()
        self.model = model.to(self.device)
        self.objective, self.config, self.sharding = objective, config, sharding or DeepSpeedConfig()
        self.steps_taken = 0
        self._engine, *_ = _import_deepspeed().initialize(
            model=self.model,
            optimizer=make_optimizer(self.model, config),
            config=_settings(config, self.sharding, self.device),
            dist_init_required=False,
        )

    def train_step(self, micro_batches: Sequence[Batch], learning_rate: float) -> StepMetrics:
        """One optimiser step over `micro_batches` of every rank."""
        totals = self._totals(micro_batches)
        self._engine.train()
        seed_step(self.config.seed, self.steps_taken, self.rank)
        sums: dict[str, Tensor] = {}
        for index, batch in enumerate(micro_batches):
            self._engine.set_gradient_accumulation_boundary(index == len(micro_batches) - 1)
            parts = self.objective(self._engine, batch.to(self.device, non_blocking=True), totals)
            self._engine.backward(parts.total * self.world_size, scale_wrt_gas=False)
            for name, value in parts.detached().items():
                sums[name] = sums[name] + value if name in sums else value
        shares = torch.stack([value.float() for value in sums.values()])
        distributed.all_reduce(shares)
        losses = dict(zip(sums, shares.tolist(), strict=True))
        refuse_non_finite(losses, 0.0, self.steps_taken)
        for group in self._engine.optimizer.param_groups:
            group["lr"] = learning_rate
        grad_norm = self._step()
        self.steps_taken += 1
        return StepMetrics(losses, totals.num_samples, totals.num_tokens, grad_norm)

    def validate(self, batches: Iterable[Batch]) -> Mapping[str, float]:
        """Means of the loss parts over `batches` of all ranks, of which each brings the same number."""
        self._engine.eval()
        sums = LossSums(self.device)
        # ZeRO-3 gathers parameters while it runs, which inference mode forbids to be used again in training.
        with torch.no_grad():
            for batch in batches:
                totals = LossTotals.of([batch])
                parts = self.objective(self._engine, batch.to(self.device, non_blocking=True), totals)
                sums.add(parts, totals)
        distributed.all_reduce(sums.vector)
        return sums.means(self.objective.config)

    def save(self, folder: Path) -> None:
        """Write this rank's shards, in DeepSpeed's own files."""
        self._engine.save_checkpoint(str(folder), tag=_STATE)
        if self.rank == 0:
            # Programs that DeepSpeed copies into every checkpoint; a checkpoint holds data only.
            for program in folder.glob("*.py"):
                program.unlink()
            facts = {
                "engine": "deepspeed",
                "steps_taken": self.steps_taken,
                "world_size": self.world_size,
                "zero_stage": self.sharding.zero_stage,
            }
            write_json(folder / _FACTS, facts)

    def load(self, folder: Path) -> None:
        """Continue from what `save` wrote, by DeepSpeed's universal checkpoint on another number of ranks.

        The files are unpickled: `folder` is to be one that this program wrote.

        Raises:
            InputError: written by another engine or at another ZeRO stage, or incomplete.
        """
        facts = check_facts(folder, self.sharding.zero_stage)
        if facts["world_size"] == self.world_size or self.sharding.zero_stage == 0:
            self._load(folder, _STATE)
        else:
            with self._universal(folder) as converted:
                self._load_universal(converted)
        self.steps_taken = int(facts["steps_taken"])

    def weights(self) -> dict[str, Tensor]:
        """Full float32 parameters on rank 0, gathered one by one so that only one is whole at a time."""
        gathered = {}
        gather = _import_deepspeed().zero.GatheredParameters
        for name, parameter in self.model.named_parameters():
            with gather([parameter], enabled=self.sharding.zero_stage == 3):
                if self.rank == 0:
                    gathered[name] = parameter.detach().to("cpu", copy=True)
        return gathered

    def barrier(self) -> None:
        """Wait for all ranks."""
        distributed.barrier()

    def _load(self, folder: Path, tag: str) -> None:
        path, _ = self._engine.load_checkpoint(str(folder), tag=tag, load_lr_scheduler_states=False)
        if path is None:
            raise InputError(
                "an engine state that DeepSpeed cannot find",
                f"its files below {tag}/",
                Where(file=str(folder)),
                code="incomplete_engine_state",
            )

    def _load_universal(self, folder: Path) -> None:
        groups = self._engine.optimizer.param_groups
        settings = [{k: v for k, v in group.items() if k != "params"} for group in groups]
        # The flag of its configuration; DeepSpeed reads it while loading only.
        self._engine._config.load_universal_checkpoint = True
        self._load(folder, _UNIVERSAL)
        self._engine._config.load_universal_checkpoint = False
        # Stage 3 of DeepSpeed 0.19.8 gives all groups the settings of the first (weight decay among them), and
        # all shards one tensor to count steps with, which each then advances.
        for group, setting in zip(self._engine.optimizer.param_groups, settings, strict=True):
            group.update(setting)
        for state in self._engine.optimizer.optimizer.state.values():
            state["step"] = torch.as_tensor(state["step"]).clone()

    @contextlib.contextmanager
    def _universal(self, folder: Path) -> Iterator[Path]:
        """The folder's state as a universal checkpoint, made once on each node."""
        here = socket.gethostname()
        first = int(os.environ.get("LOCAL_RANK", "0")) == 0
        with (
            tempfile.TemporaryDirectory(prefix="molucid-universal-")
            if first
            else contextlib.nullcontext() as made
        ):
            if made is not None:
                _convert(folder / _STATE, Path(made) / _UNIVERSAL)
            places: list[Any] = [None] * self.world_size
            distributed.all_gather_object(places, (here, made))
            yield Path(next(place for host, place in places if host == here and place is not None))
            self.barrier()

    def _totals(self, micro_batches: Sequence[Batch]) -> LossTotals:
        own = LossTotals.of(micro_batches)
        counts = torch.tensor([own.num_tokens, own.num_samples], device=self.device)
        distributed.all_reduce(counts)
        tokens, samples = counts.tolist()
        return LossTotals(tokens, samples)

    def _step(self) -> float:
        """Clip and step; the gradient's norm before clipping."""
        if self.sharding.zero_stage == 0:
            # Without ZeRO, DeepSpeed would keep the norm to itself.
            norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm))
            refuse_non_finite({}, norm, self.steps_taken)
            self._engine.step()
            return norm
        self._engine.step()
        norm = float(self._engine.get_global_grad_norm())
        if not math.isfinite(norm):
            raise FloatingPointError(
                f"step {self.steps_taken}: grad_norm = {norm}. Lower train.learning_rate or raise "
                "train.warmup_steps, and go on from the last checkpoint"
            )
        return norm


def check_facts(folder: Path, zero_stage: int) -> dict[str, Any]:
    """What `save` noted in `folder`, if its state can be continued at `zero_stage`.

    Raises:
        InputError: written by another engine or at another ZeRO stage.
    """
    facts: dict[str, Any] = read_json(folder / _FACTS)
    wanted = {"engine": "deepspeed", "zero_stage": zero_stage}
    found = {name: facts.get(name) for name in wanted}
    if found != wanted:
        raise InputError(
            f"engine state of {found}",
            f"engine state of {wanted}",
            Where(file=str(folder)),
            hint="continue with the engine and ZeRO stage of the run, or start anew with finetune",
            code="wrong_engine_state",
        )
    return facts


def _settings(config: TrainConfig, sharding: DeepSpeedConfig, device: torch.device) -> dict[str, Any]:
    settings: dict[str, Any] = {
        # Accumulation is ours (`set_gradient_accumulation_boundary`); these two only have to be consistent.
        "train_micro_batch_size_per_gpu": config.micro_batch_size,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": config.clip_norm if sharding.zero_stage else 0.0,
        "zero_optimization": {
            "stage": sharding.zero_stage,
            # A copy against fragmented device memory; on a CPU it only touches fresh pages, a tenth of a step.
            "contiguous_gradients": device.type != "cpu",
            "stage3_param_persistence_threshold": sharding.persistence_threshold,
        },
        # torch's AdamW: DeepSpeed's would have to be compiled first.
        "zero_allow_untested_optimizer": True,
        "steps_per_print": 2**62,
    }
    if uses_bf16(config.precision, device):
        # An empty list keeps gradients in float32 on the wire.
        settings["torch_autocast"] = {
            "enabled": True,
            "dtype": "bfloat16",
            "lower_precision_safe_modules": [],
        }
    return settings


def _prepare_process(device: torch.device) -> None:
    """What DeepSpeed expects to find: a process group, and how many ranks share this machine."""
    os.environ.setdefault("LOCAL_RANK", "0")
    os.environ.setdefault("LOCAL_SIZE", os.environ.get("LOCAL_WORLD_SIZE", "1"))
    os.environ.setdefault("DS_ACCELERATOR", device.type)
    if not distributed.is_initialized():
        backend = "nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, store=HashStore(), rank=0, world_size=1)


def _import_deepspeed() -> Any:
    """DeepSpeed without its remarks on stdout."""
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(None):
            import deepspeed
    except ImportError as error:
        raise InputError(
            f"no DeepSpeed ({error})",
            "DeepSpeed and the C++ compiler it needs",
            hint="pip install deepspeed, or choose --engine single",
            code="no_deepspeed",
        ) from error
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    return deepspeed


def _convert(source: Path, target: Path) -> None:
    from deepspeed.checkpoint import ds_to_universal

    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(io.StringIO()):
        ds_to_universal.main(
            Namespace(
                input_folder=str(source),
                output_folder=str(target),
                # One worker means this process; more would be forked from one that has threads.
                num_extract_workers=1,
                num_merge_workers=1,
                keep_temp_folder=False,
                strict=True,
                inject_missing_state=True,
            )
        )
