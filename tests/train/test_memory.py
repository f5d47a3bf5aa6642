from __future__ import annotations

import pytest
import torch

from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.objective import ObjectiveConfig
from molucid.recipes.load import load_recipe
from molucid.train.memory import estimate_training_memory

OBJECTIVE = ObjectiveConfig(lambda_=0.0)


def test_parameters_cost_sixteen_bytes_and_activations_grow_with_the_batch(small: ModelConfig) -> None:
    one, four = (estimate_training_memory(small, OBJECTIVE, size) for size in (1, 4))
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
    assert estimate_training_memory(huge, OBJECTIVE, 1024).num_parameters > 4e11
    assert torch.get_default_device().type == "cpu"


def test_every_modality_and_part_of_the_objective_counts() -> None:
    recipe = load_recipe("molucid", [])
    whole = estimate_training_memory(recipe.model, recipe.objective, 2)
    without_smiles = ObjectiveConfig(alpha=0.0, beta=recipe.objective.beta, lambda_=recipe.objective.lambda_)
    assert estimate_training_memory(recipe.model, without_smiles, 2).activation_bytes < whole.activation_bytes
    for name in recipe.model.modalities:
        others = tuple(other for other in recipe.model.modalities if other != name)
        fewer = recipe.model.model_copy(update={"modalities": others})
        assert estimate_training_memory(fewer, recipe.objective, 2).activation_bytes < whole.activation_bytes


@pytest.mark.parametrize("name", ["nmiracle_stage1", "nmr2struct_stage2", "smiles_transformer"])
def test_any_recipe_has_an_estimate(name: str) -> None:
    recipe = load_recipe(name, [])
    assert estimate_training_memory(recipe.model, recipe.objective, 2).activation_bytes > 1 << 20
