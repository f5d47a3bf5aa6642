"""Encoders of whole spectra, lists and fragments: shapes of the paper, and what may not change a token."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from molucid.chem.formula import Formula
from molucid.chem.fragment_vector import FragmentCounts
from molucid.errors import InputError
from molucid.model.assembled import new_model
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.carbon_bins import CarbonBins, CarbonBinsConfig
from molucid.model.modalities.conv_trace import ConvTraceConfig, ConvTraceEncoder
from molucid.model.modalities.fragments import Fragments, FragmentsConfig, FragmentsEncoder
from molucid.model.modalities.infrared import Infrared
from molucid.model.modalities.nmr_combined import NmrCombined, NmrCombinedConfig
from molucid.model.modalities.nmr_lists import MULTIPLICITIES, NmrList, NmrListConfig
from molucid.model.modalities.nmr_trace import NmrTrace, NmrTraceConfig
from molucid.model.modalities.nmr_windows import WindowEncoder, collate_windows, window_features
from molucid.model.modalities.stack import StackConfig
from molucid.recipes.load import load_recipe
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID, IR_GRID
from molucid.spectra.multiplets import render
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrPeaks, NmrSpectrum

SPEC = LayerSpec(16, 2, 32, "relu", "layer", 0.0)
PROTONS = NmrPeaks(
    "1H",
    np.array([1.2, 3.7, 7.3]),
    multiplicity=("t", "q", "zigzag"),
    coupling_hz=((7.1, 7.1), (7.1, 7.1, 7.1), ()),
    num_hydrogens=(3, 2, None),
)
CARBONS = NmrPeaks("13C", np.array([14.2, 60.1, 60.5, 171.0]))
FRAGMENTS = FragmentCounts(np.array([2, 5], np.uint16), np.array([1, 99], np.uint16))


def test_the_published_pools_give_the_published_numbers_of_tokens() -> None:
    published, ours = ConvTraceConfig(), ConvTraceConfig(pools=(8, 12))
    assert published.num_tokens(IR_GRID.num_points) == 7
    assert published.num_tokens(H_NMR_GRID.num_points) == 41
    assert ours.num_tokens(H_NMR_GRID.num_points) == 103


def test_the_molucid_recipe_keeps_at_least_103_tokens_per_nmr_axis() -> None:
    config = load_recipe("molucid").model
    for form, grid in ((config.h_nmr, H_NMR_GRID), (config.c_nmr, C_NMR_GRID)):
        assert isinstance(form, NmrCombinedConfig)
        assert form.trace.num_tokens(grid.num_points) >= 103


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
def test_trace_tokens_are_projected_features_plus_positions(positions: str) -> None:
    # arXiv 2512.19733, eq. 7, with one point per token so that it can be written out
    torch.manual_seed(0)
    config = ConvTraceConfig.from_mapping(
        {
            "kernels": (1, 1),
            "channels": (1, 1),
            "pools": (1, 1),
            "positions": positions,
            "stack": {"layers": 0},
        }
    )
    encoder = ConvTraceEncoder(config, 4, SPEC)
    with torch.no_grad():
        for module in encoder.convolutions:
            if isinstance(module, torch.nn.Conv1d):
                module.weight.fill_(2.0)
                module.bias.fill_(0.0)
    trace = torch.tensor([[0.0, 1.0, -1.0, 0.5]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    tokens, _ = encoder({"trace_BP": trace, "mask_BL": mask})
    # two convolutions of weight 2 and ReLU: negative points become 0
    features = torch.tensor([0.0, 4.0, 0.0, 2.0])[:, None]
    if positions == "learned":
        position = encoder.positions.weight
    else:
        angle = torch.arange(4)[:, None] * 10000.0 ** (-torch.arange(8) / 8)
        position = torch.cat([angle.sin(), angle.cos()], dim=1)
    expected = encoder.norm(features @ encoder.project.weight.T + encoder.project.bias + position)
    torch.testing.assert_close(tokens[0], expected)


def test_a_trace_is_scaled_to_its_largest_absolute_value_and_keeps_its_sign() -> None:
    values = np.zeros(IR_GRID.num_points)
    values[[3, 7]] = 0.5, -2.0
    features = Infrared(ConvTraceConfig()).featurize(Evidence("a", ir=InfraredSpectrum(IR_GRID.axis, values)))
    trace = features["trace_P"]
    assert (trace[3], trace[7]) == (0.25, -1.0)


def test_bins_are_those_of_the_true_axis() -> None:
    # 220 ppm in 80 bins are 2.75 ppm each: 14.2 → 5, 60.1 → 21, 60.5 → 22, 171.0 → 62
    features = CarbonBins(CarbonBinsConfig()).featurize(Evidence("a", c_nmr=CARBONS))
    assert features["bin_L"].tolist() == [5, 21, 22, 62]
    outside = NmrPeaks("13C", np.array([-3.0, 221.0]))
    assert CarbonBins(CarbonBinsConfig()).featurize(Evidence("a", c_nmr=outside))["bin_L"].tolist() == [0, 79]


def test_bins_of_a_trace_are_those_of_its_peaks() -> None:
    values = np.zeros(C_NMR_GRID.num_points)
    for shift, height in ((14.2, 1.0), (60.1, 0.5), (171.0, 0.09)):
        values[np.abs(C_NMR_GRID.axis - shift).argmin()] = height
    trace = NmrSpectrum("13C", C_NMR_GRID.axis, values)
    # the peak of 9 % is below the published threshold of 10 %
    assert CarbonBins(CarbonBinsConfig()).featurize(Evidence("a", c_nmr=trace))["bin_L"].tolist() == [5, 21]


def test_fragment_tokens_are_the_norm_of_the_perceptron_of_the_sum() -> None:
    # arXiv 2512.19733, eq. 4 and 5; the count 99 is read as 30
    torch.manual_seed(0)
    modality = Fragments(FragmentsConfig(max_count=30), 8)
    encoder = modality.build_encoder(SPEC)
    assert isinstance(encoder, FragmentsEncoder)
    arrays = collate_evidence([Evidence("a", fragments=FRAGMENTS)], {"fragments": modality})
    tokens, mask = encoder(arrays.inputs["fragments"])
    summed = encoder.fragment.weight[[2, 5]] + encoder.count.weight[[1, 30]]
    expected = encoder.norm(torch.nn.functional.gelu(encoder.perceptron[0](summed)))
    torch.testing.assert_close(tokens[0], expected)
    assert mask.tolist() == [[True, True]]


def test_binary_fragments_do_not_know_counts() -> None:
    torch.manual_seed(0)
    modality = Fragments(FragmentsConfig(form="binary"), 8)
    encoder = modality.build_encoder(SPEC)
    once = FragmentCounts(FRAGMENTS.index, np.array([1, 1], np.uint16))
    both = collate_evidence([Evidence("a", fragments=f) for f in (FRAGMENTS, once)], {"fragments": modality})
    tokens, _ = encoder(both.inputs["fragments"])
    assert torch.equal(tokens[0], tokens[1])


def test_a_fragment_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="fragment 5"):
        Fragments(FragmentsConfig(), 5).featurize(Evidence("a", fragments=FRAGMENTS))


def test_list_features_say_what_a_list_says_and_what_it_does_not() -> None:
    features = NmrList("1H", NmrListConfig()).featurize(Evidence("a", h_nmr=PROTONS))
    assert features["shift_L"].tolist() == [1.2, 3.7, 7.3]
    place = [1 + MULTIPLICITIES.index(name) for name in ("t", "q", "other")]
    assert features["multiplicity_L"].tolist() == place
    assert features["hydrogens_L"].tolist() == [4, 3, 0]
    assert features["has_coupling_LJ"].sum(axis=1).tolist() == [2, 3, 0]
    bare = NmrList("13C", NmrListConfig()).featurize(Evidence("a", c_nmr=CARBONS))
    assert not bare["multiplicity_L"].any()
    assert not bare["hydrogens_L"].any()


def test_a_quaternary_carbon_is_no_singlet_and_a_methyl_no_quartet() -> None:
    names = ("S", "D", "T", "Q", "s", "d", "t", "q", "BR S")
    carbons = NmrPeaks("13C", np.arange(10.0, 100.0, 10.0), multiplicity=names)
    found = NmrList("13C", NmrListConfig()).featurize(Evidence("a", c_nmr=carbons))["multiplicity_L"].tolist()
    assert found == [1 + MULTIPLICITIES.index(name) for name in (*names[:-1], "br s")]
    assert len(set(found)) == len(names)


def test_a_hundredth_of_a_bin_changes_the_token_of_a_shift() -> None:
    torch.manual_seed(0)
    modality = NmrList("13C", NmrListConfig())
    encoder = modality.build_encoder(SPEC)
    evidence = [Evidence("a", c_nmr=NmrPeaks("13C", np.array([shift]))) for shift in (60.10, 60.13, 60.10)]
    tokens, _ = encoder(collate_evidence(evidence, {"c_nmr": modality}).inputs["c_nmr"])
    torch.testing.assert_close(tokens[0], tokens[2])
    assert (tokens[0] - tokens[1]).norm() > 0.1


def test_a_trace_gives_tokens_of_both_parts_and_a_list_those_of_peaks_only() -> None:
    modality = NmrCombined("1H", NmrCombinedConfig())
    trace = NmrTrace("1H", NmrTraceConfig())
    values = np.zeros(H_NMR_GRID.num_points)
    values[[2000, 5000, 9999]] = 1.0, 0.5, 0.019  # the last is no signal
    both = [Evidence("a", h_nmr=NmrSpectrum("1H", H_NMR_GRID.axis, values)), Evidence("b", h_nmr=PROTONS)]
    inputs = collate_evidence(both, {"h_nmr": modality}).inputs["h_nmr"]
    _, mask = modality.build_encoder(SPEC)(inputs)
    # 2000 = 20 · 96 + 80 and 5000 = 52 · 96 + 8, which the middle of the window before holds
    assert inputs["place_BL"][0].tolist() == [20, 51]
    assert mask[:, :2].tolist() == [[True, True], [False, False]]
    assert mask[:, 2:].sum(dim=1).tolist() == [2, 3]
    drawn = trace.featurize(both[1])["trace_P"]
    assert drawn.max() == 1.0
    assert drawn.shape == (H_NMR_GRID.num_points,)


@pytest.mark.parametrize("pools", [(8, 12), (3, 5)])
def test_the_token_of_a_window_is_the_one_that_the_whole_trace_has_there(pools: tuple[int, int]) -> None:
    torch.manual_seed(0)
    config = ConvTraceConfig(pools=pools, stack=StackConfig(layers=0))
    values = np.random.default_rng(0).normal(size=2000)
    whole = ConvTraceEncoder(config, len(values), SPEC)
    windows = WindowEncoder(config, len(values), SPEC)
    windows.load_state_dict(whole.state_dict())
    mask = torch.ones(1, whole.num_tokens, dtype=torch.bool)
    trace = torch.tensor(values / np.abs(values).max(), dtype=torch.float32)[None]
    expected, _ = whole({"trace_BP": trace, "mask_BL": mask})
    features = window_features(values, 2.5, config)
    tokens, _ = windows({name: torch.as_tensor(x) for name, x in collate_windows([features]).items()})
    assert 5 < len(features["place_L"]) < whole.num_tokens
    torch.testing.assert_close(tokens[0], expected[0, features["place_L"]])
    # every signal is a point that one of the tokens depends on
    stride, points = pools[0] * pools[1], features["window_LW"].shape[1]
    read = features["place_L"][:, None] * stride + np.arange(points)
    assert set(np.flatnonzero(np.abs(values) >= 2.5)) <= set(read.ravel())


def test_a_peak_without_a_number_is_one_carbon_among_counted_ones_and_unknown_among_hydrogens() -> None:
    c_list, h_list = NmrList("13C", NmrListConfig()), NmrList("1H", NmrListConfig())
    carbons = NmrPeaks("13C", np.array([20.0, 128.0, 140.0]), num_hydrogens=(None, 4, None))
    hydrogens = NmrPeaks("1H", np.array([1.2, 3.7, 7.2]), num_hydrogens=(3, None, 5))
    of_carbons = c_list.featurize(Evidence("a", c_nmr=carbons))["area_L"]
    of_hydrogens = h_list.featurize(Evidence("a", h_nmr=hydrogens))["area_L"]
    np.testing.assert_allclose(of_carbons, [0.5, 2.0, 0.5])
    np.testing.assert_allclose(of_hydrogens, [0.75, 0.0, 1.25])


def test_areas_of_a_trace_and_of_a_list_are_alike() -> None:
    modality = NmrList("1H", NmrListConfig())
    drawn = NmrSpectrum("1H", H_NMR_GRID.axis, render(PROTONS, H_NMR_GRID))
    known = NmrPeaks("1H", np.array([1.2, 3.7]), num_hydrogens=(3, 2))
    of_list = modality.featurize(Evidence("a", h_nmr=known))["area_L"]
    assert of_list.tolist() == pytest.approx([1.2, 0.8])
    unknown = modality.featurize(Evidence("a", h_nmr=NmrPeaks("1H", np.array([1.2]))))["area_L"]
    assert unknown.tolist() == [0.0]
    of_trace = modality.featurize(Evidence("a", h_nmr=drawn))["area_L"]
    assert of_trace[1] / of_trace[0] == pytest.approx(2 / 3, rel=0.05)


SMALL = ModelConfig.from_mapping(
    {
        "width": 16,
        "heads": 2,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "feed_forward_width": 32,
        "dropout": 0.0,
        "type_embeddings": True,
        "fingerprint_bits": 8,
        "fingerprint_hidden": 8,
        "num_fragments": 8,
        "fragment_head": {"form": "counts", "hidden": 8, "max_count": 3},
        "fusion": {"layers": 1, "heads": 2, "feed_forward_width": 16},
        "modalities": ["formula", "msms", "ir", "h_nmr", "c_nmr", "fragments"],
    }
)


def everything(identifier: str) -> Evidence:
    rng = np.random.default_rng(len(identifier))
    return Evidence(
        identifier,
        Formula.parse("C4H8O2"),
        (),
        InfraredSpectrum(IR_GRID.axis, rng.random(IR_GRID.num_points)),
        NmrSpectrum("1H", H_NMR_GRID.axis, rng.random(H_NMR_GRID.num_points)),
        CARBONS,
        FRAGMENTS,
    )


def test_any_subset_is_encoded_as_it_is_alone() -> None:
    model = new_model(SMALL, seed=0).eval()
    whole = everything("a")
    subsets = [
        whole,
        Evidence("b", formula=whole.formula),
        Evidence("c", ir=whole.ir),
        Evidence("d", h_nmr=PROTONS, c_nmr=CARBONS),
        Evidence("e", fragments=FRAGMENTS),
        Evidence("f"),
    ]
    together = model.encode(collate_evidence(subsets, model.modalities).inputs)
    for row, evidence in enumerate(subsets):
        alone = model.encode(collate_evidence([evidence], model.modalities).inputs)
        torch.testing.assert_close(together.pooled_BD[row], alone.pooled_BD[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            together.fused_pooled_BD[row], alone.fused_pooled_BD[0], rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("evidence", [everything("a"), Evidence("b"), Evidence("c", ir=everything("c").ir)])
def test_every_parameter_has_a_gradient_whatever_evidence_there_is(evidence: Evidence) -> None:
    # else workers of one training would disagree on which gradients to add up
    model = new_model(SMALL, seed=0).train()
    inputs = collate_evidence([evidence], model.modalities).inputs
    predictions = model(inputs, torch.tensor([[1, 20]]), True, torch.zeros(1, 8, dtype=torch.int64))
    total = predictions.logits_BTV.sum() + predictions.fingerprint_logits_BF.sum() + predictions.fragment_loss
    total.backward()
    used = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    unused = {name for name, _ in model.named_parameters()} - used
    assert unused == set()


def test_without_fusion_the_fused_tokens_are_the_joined_ones() -> None:
    plain = SMALL.model_copy(update={"fusion": StackConfig(layers=0)})
    model = new_model(plain, seed=0).eval()
    inputs = collate_evidence([everything("a")], model.modalities).inputs
    memory = model.encode(inputs)
    number = list(model.modalities).index("c_nmr")
    tokens, mask = model.modality_encoders["c_nmr"](inputs["c_nmr"])
    expected = tokens[mask] + model.modality_type.weight[number]
    fused = memory.fused_BMD[memory.mask_BM]
    assert any(torch.allclose(row, expected[0], atol=1e-6) for row in fused)
