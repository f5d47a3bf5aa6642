from __future__ import annotations

import math

import pytest

from molucid.train.config import TrainConfig
from molucid.train.schedule import learning_rate, total_steps

BASE = TrainConfig(learning_rate=1.0, warmup_steps=4, min_ratio=0.1, global_batch_size=64)


def test_warmup_is_linear_and_reaches_the_peak() -> None:
    rates = [learning_rate(BASE, step, 24, 1000) for step in range(5)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def test_cosine_passes_its_middle_and_ends_at_the_floor() -> None:
    # steps 4 … 24 are progress 0 … 1
    assert learning_rate(BASE, 14, 25, 1000) == pytest.approx(0.1 + 0.9 * 0.5)
    assert learning_rate(BASE, 9, 25, 1000) == pytest.approx(0.1 + 0.9 * 0.5 * (1 + math.sqrt(0.5)))
    assert learning_rate(BASE, 24, 25, 1000) == pytest.approx(0.1)


def test_no_warmup_starts_at_the_peak() -> None:
    config = BASE.model_copy(update={"warmup_steps": 0})
    assert learning_rate(config, 0, 10, 1000) == 1.0


def test_a_warmup_longer_than_the_run_is_cut_to_half_of_it() -> None:
    config = BASE.model_copy(update={"warmup_steps": 1000})
    rates = [learning_rate(config, step, 8, 1000) for step in range(8)]
    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[-1] == pytest.approx(0.1)


def test_exponential_decays_once_an_epoch_as_published() -> None:
    config = TrainConfig(
        learning_rate=1e-4, warmup_steps=0, decay="exponential", decay_per_epoch=0.95, global_batch_size=64
    )
    # 640 samples are 10 steps an epoch
    assert learning_rate(config, 9, 600, 640) == pytest.approx(1e-4)
    assert learning_rate(config, 10, 600, 640) == pytest.approx(0.95e-4)
    assert learning_rate(config, 599, 600, 640) == pytest.approx(1e-4 * 0.95**59)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"steps": 7}, 7), ({"epochs": 2.0}, 32), ({"epochs": 0.01}, 1), ({"epochs": 0.1}, 2)],
)
def test_total_steps(changes: dict[str, object], expected: int) -> None:
    config = TrainConfig(**{**BASE.model_dump(), **changes})
    assert total_steps(config, 1000) == expected
