from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molucid.cluster.plan import TrainingJobConfig, parse_workers, train_config_for
from molucid.errors import InputError
from molucid.train.config import TrainConfig
from molucid.train.loop import micro_batches_per_step


@given(
    workers=st.integers(1, 16), share=st.integers(1, 60), rounds=st.integers(1, 8), micro=st.integers(1, 64)
)
def test_every_number_of_workers_takes_the_same_global_batch(workers, share, rounds, micro) -> None:
    global_batch = workers * share * rounds
    divisor = max(size for size in range(1, micro + 1) if global_batch % size == 0)
    config = TrainConfig(global_batch_size=global_batch, micro_batch_size=divisor)
    adapted = train_config_for(config, workers)
    assert adapted.micro_batch_size <= divisor
    assert micro_batches_per_step(adapted, workers) * adapted.micro_batch_size * workers == global_batch
    assert adapted.model_copy(update={"micro_batch_size": divisor}) == config


def test_the_micro_batch_is_the_largest_that_fits() -> None:
    config = TrainConfig(global_batch_size=48, micro_batch_size=16)
    assert [train_config_for(config, n).micro_batch_size for n in (1, 2, 3, 4, 6)] == [16, 12, 16, 12, 8]


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(InputError, match="a multiple of 3"):
        train_config_for(TrainConfig(global_batch_size=64, micro_batch_size=64), 3)


@pytest.mark.parametrize(("text", "expected"), [("1", (1, 1)), ("4", (4, 4)), ("2:8", (2, 8))])
def test_workers_are_one_number_or_a_range(text, expected) -> None:
    assert parse_workers(text) == expected


@pytest.mark.parametrize("text", ["", "a", "2:", ":3", "-1", "1:2:3", "1.5", "²"])
def test_anything_else_is_refused(text) -> None:
    with pytest.raises(InputError, match="MIN:MAX"):
        parse_workers(text)


@pytest.mark.parametrize(
    "values", [{"min_workers": 3, "max_workers": 2}, {"min_workers": 0}, {"gpus_per_worker": 2}]
)
def test_a_job_that_cannot_run_is_refused(values) -> None:
    with pytest.raises(InputError):
        TrainingJobConfig.from_mapping(values)
