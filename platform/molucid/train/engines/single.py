"""The single-process engine: one model, one optimiser, one device."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from molucid.errors import InputError, Where
from molucid.files import read_json, write_bytes, write_json
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.objective import LossTotals, Objective
from molucid.train.config import Precision, TrainConfig
from molucid.train.metrics import StepMetrics
from molucid.train.optimizer import make_optimizer, named_groups
from molucid.train.seeding import seed_step
from molucid.train.validation import LossSums

_TENSORS, _FACTS = "single.safetensors", "single.json"
_MOMENTS = ("exp_avg", "exp_avg_sq")


class SingleEngine:
    """Engine of one process; see `molucid.train.engines.base.Engine`.

    Args:
        model: moved to `device` and trained in place.
        objective: the loss.
        config: optimiser, clipping, precision and seed are read.
        device: where to train.
    """

    rank = 0
    world_size = 1

    def __init__(
        self, model: Molucid, objective: Objective, config: TrainConfig, device: torch.device | str = "cpu"
    ) -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device)
        self.objective, self.config = objective, config
        self.optimizer = make_optimizer(self.model, config)
        self.steps_taken = 0
        self._bf16 = uses_bf16(config.precision, self.device)

    def train_step(self, micro_batches: Sequence[Batch], learning_rate: float) -> StepMetrics:
        """One optimiser step over all of `micro_batches`."""
        totals = LossTotals.of(micro_batches)
        self.model.train()
        seed_step(self.config.seed, self.steps_taken, self.rank)
        self.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        for batch in micro_batches:
            with self._autocast():
                parts = self.objective(self.model, batch.to(self.device, non_blocking=True), totals)
            parts.total.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
            for name, value in parts.detached().items():
                sums[name] = sums[name] + value if name in sums else value
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        # One transfer brings all numbers of the step from the device.
        *losses, grad_norm = torch.stack([*(value.float() for value in sums.values()), norm.float()]).tolist()
        named_losses = dict(zip(sums, losses, strict=True))
        refuse_non_finite(named_losses, grad_norm, self.steps_taken)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.steps_taken += 1
        return StepMetrics(named_losses, totals.num_samples, totals.num_tokens, grad_norm)

    def validate(self, batches: Iterable[Batch]) -> Mapping[str, float]:
        """Means of the loss parts over `batches`, in evaluation mode."""
        self.model.eval()
        sums = LossSums(self.device)
        with torch.inference_mode(), self._autocast():
            for batch in batches:
                totals = LossTotals.of([batch])
                sums.add(self.objective(self.model, batch.to(self.device, non_blocking=True), totals), totals)
        return sums.means(self.objective.config)

    def save(self, folder: Path) -> None:
        """Write parameters and both AdamW moments (safetensors) and the number of steps (JSON)."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self._named_parameters().items():
            tensors[f"parameter/{name}"] = parameter.detach()
            state = self.optimizer.state.get(parameter, {})
            tensors |= {f"{moment}/{name}": state[moment] for moment in _MOMENTS if moment in state}
        write_bytes(folder / _TENSORS, save_tensors({k: v.cpu().contiguous() for k, v in tensors.items()}))
        write_json(folder / _FACTS, {"engine": "single", "steps_taken": self.steps_taken})

    def load(self, folder: Path) -> None:
        """Restore what `save` wrote.

        Raises:
            InputError: no such state, a damaged file, or the state of another model.
        """
        path = folder / _TENSORS
        facts = read_json(folder / _FACTS)
        try:
            tensors = load_tensors(path.read_bytes())
        except (SafetensorError, FileNotFoundError) as error:
            raise InputError(
                f"{error}", "the single engine's state", Where(file=str(path)), code="damaged_engine_state"
            ) from None
        parameters = self._named_parameters()
        stored = {name.partition("/")[2]: tensor.shape for name, tensor in tensors.items()}
        if stored != {name: parameter.shape for name, parameter in parameters.items()}:
            raise InputError(
                "engine state of a model with other parameters",
                "the state of the same recipe",
                Where(file=str(path)),
                hint="resume with the recipe and the --set values of the run that wrote it",
                code="other_model",
            )
        self.steps_taken = int(facts["steps_taken"])
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(tensors[f"parameter/{name}"])
                moments = {m: tensors[f"{m}/{name}"] for m in _MOMENTS if f"{m}/{name}" in tensors}
                if moments:
                    self.optimizer.state[parameter] = {
                        "step": torch.tensor(float(self.steps_taken), device=self.device),
                        **{m: tensor.to(self.device) for m, tensor in moments.items()},
                    }

    def weights(self) -> dict[str, Tensor]:
        """All parameters by name, on the CPU."""
        return {name: parameter.detach().cpu() for name, parameter in self.model.named_parameters()}

    def barrier(self) -> None:
        """Return at once: there is no other rank."""

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bf16)

    def _named_parameters(self) -> dict[str, torch.nn.Parameter]:
        groups = named_groups(self.model)
        return {**groups[True], **groups[False]}


def uses_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether matrix products run in bfloat16."""
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bf16"


def refuse_non_finite(losses: Mapping[str, float], grad_norm: float, step: int) -> None:
    """Stop before the optimiser writes a loss or gradient that is not finite into every parameter.

    Raises:
        FloatingPointError: naming the part.
    """
    values = {**{f"loss/{name}": value for name, value in losses.items()}, "grad_norm": grad_norm}
    wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
    if wrong:
        raise FloatingPointError(
            f"step {step}: {', '.join(f'{name} = {value}' for name, value in wrong.items())}; no parameter "
            "was changed by it. Lower train.learning_rate or raise train.warmup_steps, and go on from the "
            "last checkpoint"
        )
