from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molucid.errors import InputError
from molucid.train.config import TrainConfig
from molucid.train.sharing import micro_batches_per_step, part_bounds


def config(global_batch_size: int, micro_batch_size: int) -> TrainConfig:
    return TrainConfig(global_batch_size=global_batch_size, micro_batch_size=micro_batch_size)


def test_ranks_accumulate_as_many_micro_batches_as_fit() -> None:
    assert [micro_batches_per_step(config(24, 4), n) for n in (1, 2, 3, 4, 6, 7, 24)] == [6, 3, 2, 2, 1, 1, 1]
    # The default recipe on every number of workers from 1 to 8: 3, 5, 6 and 7 do not divide 256.
    assert [micro_batches_per_step(config(256, 64), n) for n in range(1, 9)] == [4, 2, 2, 1, 1, 1, 1, 1]


@given(num_samples=st.integers(1, 300), num_parts=st.integers(1, 40))
def test_parts_are_those_of_array_split(num_samples: int, num_parts: int) -> None:
    parts = [list(range(*part_bounds(num_samples, num_parts, part))) for part in range(num_parts)]
    assert parts == [part.tolist() for part in np.array_split(np.arange(num_samples), num_parts)]


@settings(deadline=None)  # thousands of parts, on a machine that may be busy
@given(micro=st.integers(2, 64), times=st.integers(1, 12), data=st.data())
def test_any_number_of_ranks_up_to_the_global_batch_gets_micro_batches_that_fit(
    micro: int, times: int, data: st.DataObject
) -> None:
    total = micro * times
    world_size = data.draw(st.integers(1, total))
    num_parts = micro_batches_per_step(config(total, micro), world_size) * world_size
    sizes = [end - first for first, end in (part_bounds(total, num_parts, i) for i in range(num_parts))]
    assert sum(sizes) == total
    assert 1 <= min(sizes) <= max(sizes) <= micro


@pytest.mark.parametrize(("total", "micro", "world_size"), [(8, 4, 9), (4, 1, 3)])
def test_more_micro_batches_than_samples_are_refused(total: int, micro: int, world_size: int) -> None:
    with pytest.raises(InputError) as caught:
        micro_batches_per_step(config(total, micro), world_size)
    assert caught.value.code == "too_many_workers"
