from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14
from molucid.chem.notation import tokenizer_of
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.errors import InputError
from molucid.generate import generator
from molucid.generate.beam import beam_search
from molucid.generate.chemistry import rdkit_chemistry
from molucid.generate.generator import GenerateConfig, generate
from molucid.generate.hypotheses import Hypothesis, unguided
from molucid.generate.ranking import expected_tanimoto
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.spectra.types import Evidence, InfraredSpectrum, MassSpectrum, NmrPeaks

TOKENIZER = SmilesTokenizer()
FORMULAS = [Formula.parse(text) for text in ("C6H12O2", "C4H9NO2", "C5H8", "C7H8O")]
BEAM = GenerateConfig(num_beams=8, num_candidates=5, num_finished=10, max_length=24)


@pytest.fixture(scope="module")
def model() -> Molucid:
    """Untrained, but for a bias towards plain atoms so that its strings are like molecules."""
    torch.manual_seed(0)
    config = ModelConfig(
        width=32,
        heads=4,
        encoder_layers=1,
        decoder_layers=2,
        feed_forward_width=64,
        fingerprint_bits=64,
        tied_embeddings=False,
    )
    model = Molucid(config)
    assert model.output is not None
    with torch.no_grad():
        for token in ("C", "O", "N", "c", "(", ")", "1", "=", "<eos>"):
            model.output.bias[TOKENIZER.vocabulary.index(token)] += 6.0
    return model


@pytest.fixture(scope="module")
def inputs(model):
    generator = np.random.default_rng(0)
    evidence = []
    for i, formula in enumerate(FORMULAS):
        mz, intensity = np.sort(generator.uniform(40, 140, 4 + i)), generator.uniform(0.1, 1, 4 + i)
        evidence.append(Evidence(f"e{i}", formula, (MassSpectrum(mz, intensity, 145.0, "[M+H]+"),)))
    return collate_evidence(evidence, model.modalities).inputs


@pytest.fixture(scope="module")
def chemistry():
    return rdkit_chemistry(FingerprintConfig(num_bits=64))


def rows(inputs, *items):
    return {name: {key: array[list(items)] for key, array in a.items()} for name, a in inputs.items()}


@pytest.mark.parametrize(
    "config",
    [
        BEAM,
        BEAM.updated(["method=sample", "num_samples=40"]),
        BEAM.updated(["rank_by=likelihood_and_fingerprint"]),
    ],
    ids=["beam", "sample", "blended"],
)
def test_candidates_are_distinct_ranked_molecules_of_the_formula(model, inputs, chemistry, config):
    answers = generate(model, inputs, FORMULAS, config, chemistry, seed=1)
    assert sum(map(len, answers)) >= 8
    probability_BF = torch.sigmoid(model.eval().fingerprint_logits(model.encode(inputs))).detach().numpy()
    for formula, candidates, probability_F in zip(FORMULAS, answers, probability_BF, strict=True):
        assert [c.rank for c in candidates] == list(range(1, len(candidates) + 1))
        assert len({inchikey14(c.smiles) for c in candidates}) == len(candidates)
        for candidate in candidates:
            assert formula_of(candidate.smiles) == formula
            assert candidate.formula_match is True
            assert candidate.smiles == canonical_smiles(candidate.smiles)
            bits = fingerprint(candidate.smiles, FingerprintConfig(num_bits=64))
            agreement = expected_tanimoto(probability_F, bits)
            assert candidate.fingerprint_similarity == pytest.approx(agreement, abs=1e-5)
        if config.rank_by == "likelihood":
            scores = [c.mean_log_likelihood for c in candidates]
        else:
            scores = [c.mean_log_likelihood + c.fingerprint_similarity for c in candidates]
        assert scores == sorted(scores, reverse=True)


def test_a_model_without_a_fingerprint_head_cannot_rank_by_one(inputs, chemistry, monkeypatch):
    headless = Molucid(
        ModelConfig(width=32, heads=4, encoder_layers=1, decoder_layers=1, fingerprint_bits=None)
    )
    monkeypatch.setattr(headless, "encode", None)  # refused before anything is computed
    blended = BEAM.updated(["rank_by=likelihood_and_fingerprint"])
    with pytest.raises(InputError, match="without a fingerprint head"):
        generate(headless, inputs, FORMULAS, blended, chemistry, seed=1)
    assert BEAM.for_model(headless.config) == BEAM


def test_the_cache_gives_the_likelihoods_of_the_whole_decoder(model, inputs):
    """Log-likelihoods of the search against one pass of the decoder over each finished string."""
    model.eval()
    with torch.inference_mode():
        memory = model.encode(inputs)
        found = beam_search(
            model, memory, unguided(4), num_beams=6, num_finished=6, max_length=12, score="mean"
        )
        for b, hypotheses in enumerate(found):
            assert hypotheses
            alone = model.encode(rows(inputs, b))
            for hypothesis in hypotheses:
                tokens = torch.tensor([[TOKENIZER.BOS, *hypothesis.token_ids]])
                log_p = torch.log_softmax(model.decode(tokens[:, :-1], alone), dim=-1)
                total = log_p[0, range(tokens.shape[1] - 1), tokens[0, 1:]].sum().item()
                assert hypothesis.log_likelihood == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("method", ["beam", "sample"])
def test_equal_bytes_again_and_the_same_answer_in_any_batch(model, inputs, chemistry, method):
    config = BEAM.updated([f"method={method}", "num_samples=30"])
    batch = generate(model, inputs, FORMULAS, config, chemistry, seed=5)
    assert repr(generate(model, inputs, FORMULAS, config, chemistry, seed=5)) == repr(batch)
    for item, formula in enumerate(FORMULAS):
        (alone,) = generate(model, rows(inputs, item), [formula], config, chemistry, seed=[5])
        assert [c.smiles for c in alone] == [c.smiles for c in batch[item]]
        for one, other in zip(alone, batch[item], strict=True):
            assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-4)


def test_an_impossible_formula_empties_its_own_answer_only(model, inputs, chemistry):
    expected = generate(model, inputs, FORMULAS, BEAM, chemistry, seed=0)
    formulas = [FORMULAS[0], Formula.parse("CH6"), FORMULAS[2], FORMULAS[3]]
    answers = generate(model, inputs, formulas, BEAM, chemistry, seed=0)
    assert answers[1] == ()
    assert [answers[i] for i in (0, 2, 3)] == [expected[i] for i in (0, 2, 3)]


def test_an_unknown_formula_leaves_its_item_free(model, inputs, chemistry):
    formulas = [FORMULAS[0], None, FORMULAS[2], FORMULAS[3]]
    answers = generate(model, inputs, formulas, BEAM, chemistry, seed=0)
    free = generate(model, inputs, [None] * 4, BEAM, chemistry, seed=0)
    assert [(c.smiles, c.formula_match) for c in answers[1]] == [(c.smiles, None) for c in free[1]]
    constrained = generate(model, inputs, FORMULAS, BEAM, chemistry, seed=0)
    assert answers[0] == constrained[0]


@pytest.mark.parametrize("stereo", [False, True])
def test_a_formula_constrains_a_model_of_configurations_to_them_or_not(stereo, inputs):
    torch.manual_seed(0)
    sizes = {"width": 32, "heads": 4, "encoder_layers": 1, "decoder_layers": 1, "fingerprint_bits": None}
    writer = Molucid(ModelConfig(**sizes, tied_embeddings=False, stereo=stereo))
    with torch.no_grad():
        for token in ("C", "O", "N", "(", ")", "<eos>"):
            writer.output.bias[TOKENIZER.vocabulary.index(token)] += 6.0
        writer.output.bias[TOKENIZER.vocabulary.index("[C@H]")] += 8.0
    chemistry = rdkit_chemistry(FingerprintConfig(), stereo=stereo)
    formulas = [Formula.parse("C4H9NO2")] * 4
    answers = generate(writer, inputs, formulas, BEAM, chemistry, seed=0)
    assert all(candidate.formula_match for answer in answers for candidate in answer)
    assert any("@" in candidate.smiles for answer in answers for candidate in answer) == stereo
    assert any(answers)


def test_a_model_that_writes_selfies_answers_with_and_without_formula(inputs):
    torch.manual_seed(0)
    sizes = {"width": 32, "heads": 4, "encoder_layers": 1, "decoder_layers": 1, "fingerprint_bits": None}
    writer = Molucid(ModelConfig(**sizes, tied_embeddings=False, target="selfies"))
    with torch.no_grad():
        for token in ("[C]", "[O]", "<eos>"):
            writer.output.bias[tokenizer_of("selfies").vocabulary.index(token)] += 9.0
    chemistry = rdkit_chemistry(FingerprintConfig(), "selfies")
    config = BEAM.updated(["num_finished=50", "num_beams=20"])
    formulas = [None, Formula.parse("C2H6O"), Formula.parse("C2H6O"), Formula.parse("U")]
    answers = generate(writer, inputs, formulas, config, chemistry, seed=0)
    assert {candidate.formula_match for candidate in answers[0]} == {None}
    for answer in answers[1:3]:
        assert {"CCO"} <= {candidate.smiles for candidate in answer} <= {"CCO", "COC"}
    assert answers[3] == ()


@pytest.mark.parametrize("carbon", ["combined", "bins", "peaks", "trace"])
@pytest.mark.parametrize("stereo", [False, True])
def test_tautomers_are_two_answers_where_ir_or_nmr_was_read(stereo, carbon, monkeypatch):
    modalities = ("formula", "msms", "ir", "h_nmr", "c_nmr")
    sizes = {"width": 32, "heads": 4, "encoder_layers": 1, "decoder_layers": 1, "fingerprint_bits": None}
    made = {**sizes, "stereo": stereo, "modalities": modalities, "c_nmr": {"form": carbon}}
    reader = Molucid(ModelConfig.from_mapping(made))
    texts = ("O=c1cccc[nH]1", "Oc1ccccn1")
    written = [Hypothesis((*TOKENIZER.encode(text), TOKENIZER.EOS), -1.0) for text in texts]
    monkeypatch.setattr(
        generator, "beam_search", lambda model, memory, *_, **__: [written] * len(memory.mask_BM)
    )
    formula, spectrum = formula_of(texts[0]), MassSpectrum([50.0], [1.0], 96.0, "[M+H]+")
    axis = np.linspace(500, 3900, 200)
    evidence = [
        Evidence("formula", formula),
        Evidence("msms", formula, (spectrum,)),
        Evidence("ir", formula, ir=InfraredSpectrum(axis, np.exp(-(((axis - 1700) / 20) ** 2)))),
        Evidence("h_nmr", formula, (spectrum,), h_nmr=NmrPeaks("1H", [7.3, 6.2])),
        Evidence("c_nmr", c_nmr=NmrPeaks("13C", [165.0, 120.0])),
    ]
    if carbon == "trace":
        evidence.pop()  # which such a model does not read
    inputs = collate_evidence(evidence, reader.modalities).inputs
    chemistry = rdkit_chemistry(FingerprintConfig(), stereo=stereo)
    answers = generate(reader, inputs, [item.formula for item in evidence], BEAM, chemistry, seed=0)
    found = {item.id: len(answer) for item, answer in zip(evidence, answers, strict=True)}
    assert found == {item.id: 2 if stereo or item.id not in ("formula", "msms") else 1 for item in evidence}


def test_rejection_is_the_unguided_search_without_other_formulas(model, inputs, chemistry):
    config = BEAM.updated(["num_finished=200", "num_candidates=200", "num_beams=30"])
    ignored = generate(model, inputs, FORMULAS, config.updated(["formula=ignore"]), chemistry, seed=0)
    rejected = generate(model, inputs, FORMULAS, config.updated(["formula=reject"]), chemistry, seed=0)
    assert any(c.formula_match is False for answer in ignored for c in answer)
    for kept, all_of_them in zip(rejected, ignored, strict=True):
        assert [c.smiles for c in kept] == [c.smiles for c in all_of_them if c.formula_match]


def test_dropout_is_off_and_the_mode_is_given_back(model, inputs, chemistry):
    model.train()
    first = generate(model, inputs, FORMULAS, BEAM, chemistry, seed=0)
    assert model.training
    assert generate(model, inputs, FORMULAS, BEAM, chemistry, seed=0) == first
    model.eval()


def test_wrong_numbers_are_refused(model, inputs, chemistry):
    with pytest.raises(InputError, match="3 formulas and 4 seeds for 4 items"):
        generate(model, inputs, FORMULAS[:3], BEAM, chemistry, seed=0)
    with pytest.raises(InputError, match="num_finished"):
        BEAM.updated(["num_finished=2"])


def test_import_needs_neither_rdkit_nor_ray_nor_pyarrow():
    code = (
        "import sys, molucid.generate.generator; "
        "print([m for m in ('rdkit', 'ray', 'pyarrow', 'deepspeed', 'faiss') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
