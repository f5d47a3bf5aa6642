from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.errors import InputError
from molucid.model.assembled import Molucid, new_model
from molucid.model.fragment_heads import CompositionHeadConfig
from molucid.model.inputs import collate_evidence
from molucid.model.modalities.msms_peaks import MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsTextConfig
from molucid.model.modalities.nmr_lists import NmrListConfig
from molucid.recipes.load import list_recipes, load_recipe
from molucid.simulate.augment import AugmentConfig
from molucid.simulate.nmr_augment_config import NmrAugmentConfig
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID, IR_GRID
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrSpectrum


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


@pytest.mark.parametrize(
    ("name", "millions"),
    [("nmiracle_stage1", 4.57), ("nmiracle_stage2", 9.66)],  # from the released configuration: 4.55 and 9.85
)
def test_multispectral_recipes_have_the_published_sizes(name: str, millions: float) -> None:
    with torch.device("meta"):
        assert Molucid(load_recipe(name).model).num_parameters == pytest.approx(1e6 * millions, rel=2e-3)


@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_builds(name: str) -> None:
    with torch.device("meta"):
        assert Molucid(load_recipe(name).model).num_parameters > 1e6


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("nmiracle_stage1", "nmiracle_stage2"),
        ("nmr2struct_stage1", "nmr2struct_stage2"),
        ("molucid_stage1", "molucid"),
    ],
)
def test_the_second_stage_has_the_structure_model_of_the_first(first: str, second: str) -> None:
    shapes = []
    for name in (first, second):
        with torch.device("meta"):
            model = Molucid(load_recipe(name).model)
        parts = {"encoder": model.encoder, "decoder": model.decoder, "target": model.target_embedding}
        shapes.append(
            {f"{part}.{key}": x.shape for part, m in parts.items() for key, x in m.state_dict().items()}
        )
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", ["nmiracle_stage2", "nmr2struct_stage2", "molucid"])
def test_the_fragment_loss_reaches_a_transformer_that_reads_the_spectra(name: str) -> None:
    config = load_recipe(name, ["model.width=32", "model.modalities=[ir,h_nmr,c_nmr]"]).model
    model = new_model(config, 0)
    rng = np.random.default_rng(0)
    evidence = Evidence(
        "a",
        ir=InfraredSpectrum(IR_GRID.axis, rng.random(IR_GRID.num_points)),
        h_nmr=NmrSpectrum("1H", H_NMR_GRID.axis, rng.random(H_NMR_GRID.num_points)),
        c_nmr=NmrSpectrum("13C", C_NMR_GRID.axis, rng.random(C_NMR_GRID.num_points)),
    )
    memory = model.encode(collate_evidence([evidence], model.modalities).inputs)
    counts = torch.zeros(1, config.num_fragments, dtype=torch.int64)
    assert model.fragment_head is not None
    model.fragment_head(memory, counts).backward()
    reached = [
        key for key, value in model.named_parameters() if "attention" in key and value.grad is not None
    ]
    assert any(model.get_parameter(key).grad.abs().max() > 0 for key in reached)


def test_quickstart_is_small() -> None:
    recipe = load_recipe("quickstart")
    with torch.device("meta"):
        assert 3e6 < Molucid(recipe.model).num_parameters < 6e6


@pytest.mark.parametrize(("name", "least_share"), [("molucid", 0.015), ("quickstart", 0.05)])
def test_training_shows_every_subset_of_the_evidence(name: str, least_share: float) -> None:
    model = load_recipe(name).model
    hidden, kinds = model.modality_dropout, len(model.modalities)
    for kept in range(1, kinds + 1):
        assert hidden ** (kinds - kept) * (1 - hidden) ** kept >= least_share


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


def test_a_key_below_a_section_that_is_null_begins_it() -> None:
    settings = ["train.augment.trace_probability=1.0", "train.augment.nmr.water=0"]
    recipe = load_recipe("smiles_transformer", settings)
    assert recipe.train.augment == AugmentConfig(trace_probability=1.0, nmr=NmrAugmentConfig(water=0.0))
    settings = ["model.fragment_head.form=counts", "model.fragment_head.hidden=8"]
    assert load_recipe("smiles_transformer", settings).model.fragment_head == CompositionHeadConfig(hidden=8)
    with pytest.raises(InputError, match="did you mean 'trace_probability'"):
        load_recipe("smiles_transformer", ["train.augment.trace_probabilty=1.0"])
    with pytest.raises(InputError, match=r"model\.fragment_head"):
        load_recipe("smiles_transformer", ["model.fragment_head.hidden=8"])


def test_an_assigned_form_starts_from_its_defaults() -> None:
    model = load_recipe("nmiracle_stage2", ["model.h_nmr.form=peaks", "model.h_nmr.form=peaks"]).model
    assert model.h_nmr == NmrListConfig()
    same_form = load_recipe("nmiracle_stage2", ["model.h_nmr.form=trace"]).model.h_nmr
    assert same_form.pools == (12, 20)
    narrow = load_recipe("nmiracle_stage2", ["model.h_nmr.form=peaks", "model.h_nmr.max_peaks=8"]).model.h_nmr
    assert narrow == NmrListConfig(max_peaks=8)
    with pytest.raises(InputError, match=r"unknown key 'model\.h_nmr\.kernels'"):
        load_recipe("nmiracle_stage2", ["model.h_nmr.form=peaks", "model.h_nmr.kernels=[3]"])
    with pytest.raises(InputError, match=r"model\.h_nmr = "):
        load_recipe("nmiracle_stage2", ["model.h_nmr.form=lists"])


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


def test_a_recipe_holds_its_differences_from_its_base(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        "description: small\nbase: nmiracle_stage2\nmodel: {width: 32, heads: 2, h_nmr: {pools: [4, 5]}}\n"
    )
    (tmp_path / "lists.yaml").write_text(
        "description: lists\nbase: small.yaml\nmodel: {h_nmr: {form: peaks}, fragment_head: null}\n"
    )
    published, small, lists = (
        load_recipe(name) for name in ("nmiracle_stage2", tmp_path / "small.yaml", tmp_path / "lists.yaml")
    )
    assert (small.name, small.description) == ("small", "small")
    assert small.model.h_nmr == published.model.h_nmr.model_copy(update={"pools": (4, 5)})
    assert (small.model.fusion, small.train) == (published.model.fusion, published.train)
    assert (lists.model.width, lists.model.h_nmr, lists.model.fragment_head) == (32, NmrListConfig(), None)


def test_ablations_differ_from_the_published_recipe_in_what_they_name() -> None:
    def settings(name: str, *without: str) -> dict[str, object]:
        recipe = load_recipe(name).model_dump(exclude={"name", "description"})
        return recipe | {"model": recipe["model"] | dict.fromkeys(without)}

    assert settings("ablation_fusion", "fusion") == settings("nmiracle_stage2", "fusion")
    assert settings("ablation_positions", "ir", "h_nmr") == settings("nmiracle_stage2", "ir", "h_nmr")
    assert load_recipe("ablation_fusion").model.fusion.layers == 0
    assert load_recipe("ablation_positions").model.ir.positions == "sinusoidal"


def test_faults_of_a_base_name_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("description: a\nbase: b.yaml\n")
    (tmp_path / "b.yaml").write_text("description: b\nmodel: {widht: 64}\n")
    with pytest.raises(InputError, match=r"b\.yaml: got unknown key 'model\.widht'"):
        load_recipe(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text("description: b\nbase: a.yaml\n")
    with pytest.raises(InputError, match=r"its own base: .*a\.yaml → .*b\.yaml → .*a\.yaml"):
        load_recipe(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text(f"description: b\nbase: ../{tmp_path.name}/b.yaml\n")
    with pytest.raises(InputError, match="its own base"):
        load_recipe((tmp_path / "b.yaml").resolve())
    (tmp_path / "b.yaml").write_text("base: molucid\n")
    with pytest.raises(InputError, match=r"b\.yaml: got no description"):
        load_recipe(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").write_text("description: b\nbase: nmiracle_stage3\n")
    with pytest.raises(InputError, match="did you mean 'nmiracle_stage"):
        load_recipe(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").write_text("description: b\nbase: [molucid]\n")
    with pytest.raises(InputError, match=r"b\.yaml: got base of type list"):
        load_recipe(tmp_path / "b.yaml")


def test_a_file_may_have_the_name_of_its_packaged_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("molucid.yaml").write_text("description: mine\nbase: molucid\nmodel: {width: 64, heads: 2}\n")
    Path("wide.yaml").write_text("description: wide\nbase: molucid.yaml\nname: wider\nmodel: {width: 96}\n")
    Path("third.yaml").write_text("description: third\nbase: wide.yaml\n")
    widths = [(r.name, r.model.width) for r in map(load_recipe, ("molucid.yaml", "wide.yaml", "third.yaml"))]
    assert widths == [("molucid", 64), ("wider", 96), ("third", 96)]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"description: \xff\xfe")
    (tmp_path / "folder.yaml").mkdir()
    for name, code in (("bytes", "not_utf8"), ("folder", "not_a_file")):
        with pytest.raises(InputError) as caught:
            load_recipe(tmp_path / f"{name}.yaml")
        assert caught.value.code == code


def test_unknown_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'quickstart'"):
        load_recipe("quikstart")
    with pytest.raises(InputError, match="no file"):
        load_recipe(tmp_path / "absent.yaml")
