"""From stage 1 to stage 2: what is taken, what starts fresh, what does not fit."""

from __future__ import annotations

import pytest
import torch

from molucid.errors import InputError
from molucid.model.assembled import Molucid, new_model
from molucid.model.config import ModelConfig
from molucid.train.transfer import is_structure, plan_transfer, take_structure

SMALL = {
    "width": 16,
    "heads": 2,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "feed_forward_width": 16,
    "fingerprint_bits": None,
    "num_fragments": 5,
}
STAGE1 = ModelConfig.from_mapping({**SMALL, "modalities": ["fragments"]})
STAGE2 = ModelConfig.from_mapping(
    {
        **SMALL,
        "modalities": ["ir", "c_nmr"],
        "c_nmr": {"form": "bins"},
        "fusion": {"layers": 1, "heads": 2, "feed_forward_width": 16},
        "fragment_head": {"form": "counts"},
        "type_embeddings": True,
    }
)


def weights_of(model: Molucid) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def test_the_structure_model_is_taken_and_the_rest_starts_fresh() -> None:
    stage1, stage2 = new_model(STAGE1, seed=1), new_model(STAGE2, seed=2)
    before = weights_of(stage2)
    transfer = take_structure(weights_of(stage1), STAGE1, stage2, "runs/stage1")
    after, source = weights_of(stage2), weights_of(stage1)
    assert transfer.taken
    for name in transfer.taken:
        assert torch.equal(after[name], source[name]), name
    for name in transfer.fresh:
        assert torch.equal(after[name], before[name]), name
    assert {name.split(".")[0] for name in transfer.taken} == {
        "no_evidence",
        "encoder",
        "target_embedding",
        "target_norm",
        "decoder",
    }
    assert {name.split(".")[0] for name in transfer.fresh} == {
        "modality_encoders",
        "modality_type",
        "fusion",
        "fragment_head",
    }
    assert all(name.startswith("modality_encoders.fragments.") for name in transfer.left)
    assert {*transfer.taken, *transfer.fresh} == set(after)


def test_the_lists_are_said_part_by_part() -> None:
    transfer = plan_transfer(weights_of(new_model(STAGE1, 0)), STAGE1, new_model(STAGE2, 0), "runs/stage1")
    said = transfer.describe()
    assert said.startswith("taken: no_evidence (1), encoder (")
    assert "starting fresh: modality_encoders.ir (" in said
    assert "left behind: modality_encoders.fragments (" in said


@pytest.mark.parametrize(
    ("learned", "writes", "said"),
    [
        (False, True, "; marks of configurations: taken, but stage 1 saw none"),
        (True, False, "; marks of configurations: taken, but this model writes none"),
        (False, False, None),
        (True, True, None),
    ],
)
def test_configurations_that_one_of_the_two_has_no_targets_of_are_said(
    learned: bool, writes: bool, said: str | None
) -> None:
    stage1, stage2 = (
        ModelConfig.from_mapping({**config.model_dump(), "stereo": stereo})
        for config, stereo in ((STAGE1, learned), (STAGE2, writes))
    )
    transfer = plan_transfer(weights_of(new_model(stage1, 0)), stage1, new_model(stage2, 0), "runs/stage1")
    assert "output.bias" in transfer.taken or "target_embedding.weight" in transfer.taken
    told = transfer.describe()
    assert (said in told) if said else ("configurations" not in told)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feed_forward_width": 32}, "feed_forward_width 16, expected feed_forward_width 32"),
        ({"encoder_layers": 2}, "encoder_layers 1"),
        ({"tied_embeddings": False}, "tied_embeddings True"),
        # no shape tells these apart
        ({"heads": 4}, "heads 2, expected heads 4"),
        ({"feed_forward": "geglu"}, "feed_forward swiglu"),
        ({"positions": "sinusoidal_target"}, "positions rotary"),
    ],
)
def test_another_structure_model_is_refused_by_name(change: dict[str, object], message: str) -> None:
    other = ModelConfig.from_mapping({**STAGE2.model_dump(), **change})
    model = new_model(other, seed=0)
    before = weights_of(model)
    with pytest.raises(InputError, match=message) as caught:
        take_structure(weights_of(new_model(STAGE1, seed=1)), STAGE1, model, "runs/stage1")
    assert caught.value.code == "other_structure_model"
    assert "runs/stage1" in str(caught.value)
    # nothing was copied before the refusal
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


def test_weights_that_are_not_those_of_their_card_are_refused_by_name() -> None:
    weights = weights_of(new_model(STAGE1, seed=1))
    del weights["encoder.norm.weight"]
    with pytest.raises(InputError, match=r"encoder\.norm\.weight.*missing"):
        plan_transfer(weights, STAGE1, new_model(STAGE2, seed=0), "runs/stage1")


def test_heads_and_what_reads_evidence_are_no_structure() -> None:
    names = {
        "encoder.norm.weight": True,
        "output.bias": True,
        "modality_encoders.ir.x": False,
        "fusion.x": False,
        "fingerprint_head.x": False,
        "fragment_head.x": False,
    }
    assert {name: is_structure(name) for name in names} == names
