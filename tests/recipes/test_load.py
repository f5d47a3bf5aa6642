from __future__ import annotations

from pathlib import Path

import pytest
import torch

from molucid.errors import InputError
from molucid.model.assembled import Molucid
from molucid.model.modalities.msms_peaks import MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsTextConfig
from molucid.recipes.load import list_recipes, load_recipe


def num_parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_recipe_has_the_published_sizes() -> None:
    recipe = load_recipe("msms_ttt")
    with torch.device("meta"):
        model = Molucid(recipe.model)
    # counted from the released configuration: 63.0 M in the encoder, 88.2 M in the decoder
    assert num_parameters(model.encoder) == pytest.approx(63.0e6, rel=2e-3)
    assert num_parameters(model.decoder) == pytest.approx(88.2e6, rel=2e-3)
    head = model.fingerprint_head
    assert [tuple(p.shape) for p in head.parameters()] == [(256, 1024), (256,), (128, 256), (128,)]
    assert (recipe.train.learning_rate, recipe.train.weight_decay, recipe.objective.lambda_) == (
        1e-4,
        0.0,
        1.0,
    )


def test_quickstart_is_small() -> None:
    recipe = load_recipe("quickstart")
    with torch.device("meta"):
        assert 3e6 < Molucid(recipe.model).num_parameters < 6e6


@pytest.mark.parametrize(("name", "probability"), [("molucid", 0.25), ("quickstart", 0.1)])
def test_training_hides_modalities_so_that_masked_spectra_are_nothing_new(
    name: str, probability: float
) -> None:
    assert load_recipe(name).model.modality_dropout == probability


def test_both_forms_are_differences_of_one_configuration() -> None:
    text, peaks = load_recipe("msms_ttt").model, load_recipe("molucid").model
    assert isinstance(text.msms, MsmsTextConfig)
    assert isinstance(peaks.msms, MsmsPeaksConfig)
    assert (text.positions, peaks.positions) == ("sinusoidal", "rotary")
    assert type(text) is type(peaks)


def test_all_packaged_recipes_load_and_are_described() -> None:
    recipes = list_recipes()
    assert {"molucid", "msms_ttt", "quickstart"} <= set(recipes)
    assert all(recipes.values())


def test_assignments_change_values() -> None:
    recipe = load_recipe("quickstart", ["train.learning_rate=3e-4", "model.msms.max_peaks=32"])
    assert recipe.name == "quickstart"
    assert recipe.train.learning_rate == 3e-4
    assert recipe.model.msms.max_peaks == 32


@pytest.mark.parametrize(
    ("assignment", "hint"),
    [
        ("train.learning_rat=1", "learning_rate"),
        ("model.msms.max_peak=1", "max_peaks"),
        ("objective.lambda=1", "lambda_"),
    ],
)
def test_unknown_assignments_name_the_nearest_key(assignment: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"did you mean '{hint}'"):
        load_recipe("molucid", [assignment])


def test_unknown_keys_of_a_file_are_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("description: mine\nmodel: {widht: 64}\n")
    with pytest.raises(InputError, match=r"mine\.yaml: got unknown key 'model\.widht'(.|\n)*'width'"):
        load_recipe(path)
    path.write_text("description: mine\nmodel: {width: 64, heads: 2}\n")
    assert load_recipe(path).name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "YAML of type list"),
        ("a: [", r"bad\.yaml, line 1"),
        ("description: x\nmodel: {width: -1}", r"model\.width = -1"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_recipe(path)


def test_unknown_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'quickstart'"):
        load_recipe("quikstart")
    with pytest.raises(InputError, match="no file"):
        load_recipe(tmp_path / "absent.yaml")
