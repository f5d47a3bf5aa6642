"""What a training job is told: plain data that the starting process checks and every worker reads."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from molucid.cluster.storage import RetryConfig
from molucid.config import Config
from molucid.errors import InputError
from molucid.recipes.load import Recipe
from molucid.simulate.augment import AugmentConfig
from molucid.train.engines.deepspeed import DeepSpeedConfig
from molucid.train.loader import LoaderConfig


class TrainingJobConfig(Config):
    """How a training run is carried out; nothing here changes what is learned.

    Attributes:
        engine: `deepspeed`, or `single` for one worker without it.
        min_workers: fewest workers to run on.
        max_workers: most workers; between the two Ray uses what the cluster has.
        cpus_per_worker: cores of each worker; `None` shares an embedded cluster's cores equally, and is 1 on
            a joined one.
        gpus_per_worker: GPUs of each worker, 0 or 1; `None` is 1 where the cluster has any.
        max_failures: lost workers after which the run fails; preempted machines do not count.
        keep_checkpoints: newest checkpoints that are kept.
        max_minutes: ends the run with a checkpoint after this time; the same command goes on from there.
        validation_samples: at most this many validation samples are measured, evenly spread.
        agree_every_s: time between two moments at which the workers compare clocks and notices of preemption.
        send_every_s: shortest time between two progress messages.
        deepspeed: its sharding.
        loader: how batches are made.
        retry: of uploads.
    """

    engine: Literal["deepspeed", "single"] = "deepspeed"
    min_workers: PositiveInt = 1
    max_workers: PositiveInt = 1
    cpus_per_worker: PositiveInt | None = None
    gpus_per_worker: Literal[0, 1] | None = None
    max_failures: NonNegativeInt = 3
    keep_checkpoints: PositiveInt = 3
    max_minutes: PositiveFloat | None = None
    validation_samples: PositiveInt = 2000
    agree_every_s: NonNegativeFloat = 2.0
    send_every_s: NonNegativeFloat = 0.5
    deepspeed: DeepSpeedConfig = DeepSpeedConfig()
    loader: LoaderConfig = LoaderConfig()
    retry: RetryConfig = RetryConfig()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_workers > self.max_workers:
            raise ValueError(f"min_workers {self.min_workers} is above max_workers {self.max_workers}")
        if self.engine == "single" and self.max_workers > 1:
            raise ValueError(f"the single engine has one worker, not {self.max_workers}")
        return self


class TrainingPlan(Config):
    """One run.

    Attributes:
        recipe: model, objective and hyper-parameters.
        job: how it is carried out.
        data: packed training samples, a folder or URL.
        validation: packed validation samples.
        out: root of the run.
        initial: checkpoint whose weights are the initial ones.
        initial_part: `all` of its weights, or only its `structure` model, which is stage 1 of a two-stage system.
        training: provenance for the model's card.
    """

    recipe: Recipe
    job: TrainingJobConfig
    data: str
    validation: str | None = None
    out: str
    initial: str | None = None
    initial_part: Literal["all", "structure"] = "all"
    training: dict[str, Any] = Field(default_factory=dict)


class FinetuneConfig(Config):
    """Settings of a short training from good weights; they replace those of the checkpoint's own run.

    Attributes:
        learning_rate: peak rate of AdamW.
        warmup_steps: steps of linear warm-up.
        epochs: passes over the data.
        steps: length in optimiser steps instead.
        checkpoint_every: steps between checkpoints.
        validate_every: steps between validations.
        augment: `None`, because measured infrared spectra cannot be told from simulated ones and would be changed.
    """

    learning_rate: PositiveFloat = 1e-4
    warmup_steps: NonNegativeInt = 100
    epochs: PositiveFloat = 3.0
    steps: PositiveInt | None = None
    checkpoint_every: PositiveInt = 500
    validate_every: PositiveInt = 500
    augment: AugmentConfig | None = None


def parse_workers(text: str) -> tuple[int, int]:
    """Fewest and most workers of `N` or `MIN:MAX`.

    Raises:
        InputError: anything else.
    """
    first, separator, second = text.partition(":")
    numbers = (first, second) if separator else (first, first)
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise InputError(
            f"--workers {text}",
            "N or MIN:MAX",
            hint="write --workers 4, or --workers 2:8",
            code="bad_workers",
        )
    return int(numbers[0]), int(numbers[1])
