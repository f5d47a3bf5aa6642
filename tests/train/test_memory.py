from __future__ import annotations

import torch

from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.train.memory import estimate_training_memory


def test_parameters_cost_sixteen_bytes_and_activations_grow_with_the_batch(small: ModelConfig) -> None:
    one, four = (estimate_training_memory(small, size) for size in (1, 4))
    count = sum(parameter.numel() for parameter in Molucid(small).parameters())
    assert one.num_parameters == count
    assert one.parameter_bytes == 16 * count
    assert one.total_bytes == one.parameter_bytes + one.activation_bytes
    # masks of the target are shared by the samples of a batch, so it is a little less than four times as much
    assert 3.5 * one.activation_bytes < four.activation_bytes <= 4 * one.activation_bytes


def test_no_memory_is_used_for_the_estimate() -> None:
    huge = ModelConfig(
        width=16384, heads=64, encoder_layers=100, decoder_layers=100, feed_forward_width=65536
    )
    # over a terabyte of weights
    assert estimate_training_memory(huge, 1024).num_parameters > 4e11
    assert torch.get_default_device().type == "cpu"
