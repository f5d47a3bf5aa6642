from __future__ import annotations

import pytest

from molucid.cluster.plan import TrainingJobConfig, parse_workers
from molucid.errors import InputError


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
