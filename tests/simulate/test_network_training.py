"""The course of the learning rate and single steps, where their values are known."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from molucid.simulate.network_training import NetworkTraining, NetworkTrainingConfig, learning_rate_factor


@pytest.mark.parametrize(
    ("progress", "warmup_fraction", "expected"),
    [
        (0.0, 0.2, 0.0),
        (0.05, 0.2, 0.25),
        (0.2, 0.2, 1.003),  # the rise ends at 1, the cosine begins above it
        (0.2 + 0.8 / 3, 0.2, 0.753),  # cos 60° = 1/2
        (0.6, 0.2, 0.503),
        (0.2 + 1.6 / 3, 0.2, 0.253),
        (1.0, 0.2, 0.003),
        (0.0, 0.0, 1.003),
        (0.5, 0.0, 0.503),
    ],
)
def test_values_in_closed_form(progress: float, warmup_fraction: float, expected: float) -> None:
    assert learning_rate_factor(progress, warmup_fraction) == pytest.approx(expected, abs=1e-12)


def weight_after(num_calls: int, num_steps: int, **settings: float) -> list[float]:
    """The one weight of a network, from 1, after each step of a loss that falls with it."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    training = NetworkTraining(network, NetworkTrainingConfig(weight_decay=0.0, **settings), num_steps)
    weights = []
    for _ in range(num_calls):
        training.step(network.weight.sum())
        weights.append(network.weight.item())
    return weights


def test_a_step_of_adam_is_the_learning_rate_of_its_place() -> None:
    # With a constant gradient, every step of Adam is as long as the learning rate.
    found = weight_after(4, 4, learning_rate=0.1, warmup_fraction=0.25)
    rates = [0.0, 0.1003, 0.0753, 0.0253]  # the rise ends at 1/4; then cos 0, 60 and 120 degrees
    assert found == pytest.approx([1 - sum(rates[:count]) for count in (1, 2, 3, 4)], abs=1e-6)


def test_steps_beyond_the_last_are_taken_at_its_rate() -> None:
    weights = weight_after(6, 2, learning_rate=0.1, warmup_fraction=0.0)
    steps = [before - after for before, after in itertools.pairwise(weights)]
    assert steps[1:] == pytest.approx([0.0003] * 4, abs=1e-6)


def test_gradients_are_clipped_to_their_norm() -> None:
    network = nn.Linear(2, 1, bias=False)
    training = NetworkTraining(network, NetworkTrainingConfig(max_gradient_norm=0.5), 10)
    training.step((network.weight * torch.tensor([[30.0, 40.0]])).sum())
    assert network.weight.grad is not None
    assert network.weight.grad.tolist() == [pytest.approx([0.3, 0.4], rel=1e-4)]


def test_an_epoch_reports_the_mean_of_its_own_losses() -> None:
    network = nn.Linear(1, 1, bias=False)
    training = NetworkTraining(network, NetworkTrainingConfig(learning_rate=1e-9), 4)
    for losses in ([1.0, 3.0], [10.0]):
        for loss in losses:
            training.step(network.weight.sum() * 0 + loss)
        report = training.end_epoch(len(losses))
        assert (report.epoch, report.loss) == (len(losses), pytest.approx(sum(losses) / len(losses)))
    assert report.elapsed_s > 0
