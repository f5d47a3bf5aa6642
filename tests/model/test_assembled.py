from __future__ import annotations

import numpy as np
import pytest
import torch

from molucid.chem.formula import Formula
from molucid.errors import InputError
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.modalities.formula_text import FormulaTextConfig
from molucid.model.modalities.msms_text import MsmsTextConfig
from molucid.spectra.types import Evidence, MassSpectrum

SMALL = {
    "width": 32,
    "heads": 2,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "feed_forward_width": 48,
    "fingerprint_bits": 16,
    "fingerprint_hidden": 8,
}
TEXT = {
    "formula": FormulaTextConfig(),
    "msms": MsmsTextConfig(),
    "positions": "sinusoidal",
    "feed_forward": "geglu",
    "norm": "layer",
    "tied_embeddings": False,
}
PLAIN = {"feed_forward": "gelu"}


def spectrum(num_peaks: int, **known: object) -> MassSpectrum:
    rng = np.random.default_rng(num_peaks)
    return MassSpectrum(rng.uniform(50, 400, num_peaks), rng.uniform(0.02, 1, num_peaks), **known)


FULL = Evidence(
    "full",
    Formula.parse("C12H17NO3"),
    (spectrum(9, precursor_mz=224.128, adduct="[M+H]+", collision_energy_ev=20.0, instrument="LC-ESI-QTOF"),),
)
TWO = Evidence(
    "two",
    Formula.parse("C6H6"),
    (spectrum(3, normalized_collision_energy=35.0), spectrum(14, precursor_mz=300.0)),
)
NO_MSMS = Evidence("no msms", Formula.parse("CCl4"))
NO_FORMULA = Evidence("no formula", None, (spectrum(30, precursor_mz=410.2, adduct="[M-H]-"),))
EMPTY_SPECTRUM = Evidence("empty spectrum", None, (spectrum(0),))
NOTHING = Evidence("nothing")
ALL = [FULL, TWO, NO_MSMS, NO_FORMULA, EMPTY_SPECTRUM, NOTHING]


@pytest.fixture(params=["peaks", "text", "plain"])
def model(request: pytest.FixtureRequest) -> Molucid:
    torch.manual_seed(0)
    changes = {"peaks": {}, "text": TEXT, "plain": PLAIN}[request.param]
    return Molucid(ModelConfig(**{**SMALL, **changes})).eval()


@torch.inference_mode()
def test_a_sample_is_not_changed_by_its_neighbours(model: Molucid) -> None:
    target = torch.randint(3, 40, (len(ALL), 11))
    together = model.encode(collate_evidence(ALL, model.modalities).inputs)
    logits = model.decode(target, together)
    bits = model.fingerprint_logits(together)
    for i, evidence in enumerate(ALL):
        alone = model.encode(collate_evidence([evidence], model.modalities).inputs)
        assert alone.mask_BM.sum() == together.mask_BM[i].sum()
        torch.testing.assert_close(
            alone.tokens_BMD[alone.mask_BM], together.tokens_BMD[i][together.mask_BM[i]], atol=1e-5, rtol=0
        )
        torch.testing.assert_close(alone.pooled_BD[0], together.pooled_BD[i], atol=1e-5, rtol=0)
        torch.testing.assert_close(model.decode(target[i : i + 1], alone)[0], logits[i], atol=1e-5, rtol=0)
        torch.testing.assert_close(model.fingerprint_logits(alone)[0], bits[i], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_padding_of_a_target_changes_nothing_before_it(model: Molucid) -> None:
    memory = model.encode(collate_evidence([FULL], model.modalities).inputs)
    target = torch.tensor([[1, 30, 31, 32, 33]])
    padded = torch.nn.functional.pad(target, (0, 4))
    torch.testing.assert_close(
        model.decode(padded, memory)[:, :5], model.decode(target, memory), atol=1e-5, rtol=0
    )


@torch.inference_mode()
def test_a_target_position_reads_no_later_token(model: Molucid) -> None:
    memory = model.encode(collate_evidence([FULL], model.modalities).inputs)
    first = torch.tensor([[1, 30, 31, 32, 33]])
    second = torch.tensor([[1, 30, 31, 45, 46]])
    a, b = model.decode(first, memory), model.decode(second, memory)
    torch.testing.assert_close(a[:, :3], b[:, :3], atol=1e-6, rtol=0)
    assert (a[:, 3] - b[:, 3]).abs().max() > 1e-3


@torch.inference_mode()
def test_number_of_memory_tokens(model: Molucid) -> None:
    memory = model.encode(collate_evidence([FULL, NO_MSMS, NOTHING], model.modalities).inputs)
    text = model.config.msms.form == "text"
    # formula: C H N O (+ bos, eos); spectrum: 9 peaks as 2 tokens each + bos, eos, or 9 + 4 conditions
    full = (4 + 2) + (2 * 9 + 2) if text else 4 + (9 + 4)
    without = 2 + 2 if text else 2
    assert memory.mask_BM.sum(dim=1).tolist() == [full, without, 1]


@torch.inference_mode()
def test_peaks_are_a_set() -> None:
    model = Molucid(ModelConfig(**SMALL)).eval()
    inputs = collate_evidence([FULL], model.modalities).inputs
    reversed_peaks = {
        name: array.flip(1) if name in ("mz_BP", "sqrt_intensity_BP") else array
        for name, array in inputs["msms"].items()
    }
    a = model.encode(inputs).pooled_BD
    b = model.encode({**inputs, "msms": reversed_peaks}).pooled_BD
    torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_cached_decoding_equals_teacher_forcing(model: Molucid) -> None:
    beams, length = 3, 7
    memory = model.encode(collate_evidence(ALL, model.modalities).inputs)
    tokens = torch.randint(3, 60, (len(ALL) * beams, length))
    tokens[:, 0] = 1
    cache = model.start_cache(memory, beams, length)
    steps = torch.stack([model.decode_step(tokens[:, t], cache) for t in range(length)], dim=1)
    for beam in range(beams):
        expected = model.decode(tokens[beam::beams], memory)
        torch.testing.assert_close(steps[beam::beams], expected, atol=1e-5, rtol=0)
    with pytest.raises(InputError, match="at most 7 tokens"):
        model.decode_step(tokens[:, 0], cache)


@torch.inference_mode()
def test_reordered_cache_continues_the_chosen_beams(model: Molucid) -> None:
    beams = 3
    memory = model.encode(collate_evidence([FULL, TWO], model.modalities).inputs)
    prefix = torch.randint(3, 60, (2 * beams, 4))
    source = torch.tensor([2, 2, 0, 4, 3, 3])
    last = torch.randint(3, 60, (2 * beams,))
    cache = model.start_cache(memory, beams, 10)
    for t in range(4):
        model.decode_step(prefix[:, t], cache)
    cache.reorder(source)
    logits = model.decode_step(last, cache)
    whole = torch.cat([prefix[source], last[:, None]], dim=1)
    for beam in range(beams):
        expected = model.decode(whole[beam::beams], memory)[:, -1]
        torch.testing.assert_close(logits[beam::beams], expected, atol=1e-5, rtol=0)


def test_the_memory_is_kept_once_per_sample(model: Molucid) -> None:
    memory = model.encode(collate_evidence([FULL, TWO], model.modalities).inputs)
    cache = model.start_cache(memory, 50, 128)
    assert cache.cross_keys[0].shape[:2] == (2, 2)  # samples, heads: no beams
    assert cache.self_key_value.shape == (2, 2, 100, 2, 128, 16)


def test_an_unknown_modality_and_a_missing_head_are_refused() -> None:
    model = Molucid(ModelConfig(**{**SMALL, "fingerprint_bits": None}))
    inputs = collate_evidence([FULL], model.modalities).inputs
    with pytest.raises(InputError, match=r"evidence of ir.*formula, msms"):
        model.encode({**inputs, "ir": {}})
    with pytest.raises(InputError, match="fingerprint"):
        model.fingerprint_logits(model.encode(inputs))


def test_modality_dropout_hides_whole_modalities_in_training_only() -> None:
    model = Molucid(ModelConfig(**SMALL, modality_dropout=0.5, dropout=0.0))
    inputs = collate_evidence([FULL] * 200, model.modalities).inputs
    torch.manual_seed(1)
    counts = model.train().encode(inputs).mask_BM.sum(dim=1)
    # formula 4 tokens, spectrum 13; nothing at all leaves the one token that says so
    assert set(counts.tolist()) == {1, 4, 13, 17}
    assert (model.eval().encode(inputs).mask_BM.sum(dim=1) == 17).all()
