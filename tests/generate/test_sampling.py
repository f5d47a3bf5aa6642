from __future__ import annotations

import math

import numpy as np
import torch

from molucid.generate.hypotheses import unguided
from molucid.generate.sampling import _keys, sample_strings


def draw(model, *samples, seeds, number=20, max_length=5, temperature=1.0, top_k=None):
    return sample_strings(
        model,
        model.memory_of(*samples),
        unguided(len(samples)),
        seeds=seeds,
        num_samples=number,
        num_finished=10_000,
        max_length=max_length,
        temperature=temperature,
        top_k=top_k,
        score="mean",
    )


def test_same_spectrum_and_seed_give_the_same_strings_in_any_batch(table_model):
    model = table_model()
    batch = draw(model, 4, 7, 9, seeds=[1, 2, 3])
    assert batch == [draw(model, s, seeds=[seed])[0] for s, seed in ((4, 1), (7, 2), (9, 3))]
    assert draw(model, 4, seeds=[2]) != draw(model, 4, seeds=[1])


def test_log_likelihood_is_that_of_the_model_at_temperature_1(table_model):
    model = table_model()
    (found,) = draw(model, 3, seeds=[0], temperature=2.0, top_k=3)
    assert found
    for hypothesis in found:
        expected = model.log_likelihood(3, hypothesis.token_ids)
        assert math.isclose(hypothesis.log_likelihood, expected, abs_tol=1e-6)


def test_draws_are_distributed_as_the_softmax():
    logits = torch.tensor([[0.0, 1.0, 2.0]]).repeat(20_000, 1)
    keys = _keys(logits, 2.0, None, [np.random.default_rng(0)], 20_000)
    frequency = np.bincount(keys.argmax(axis=1), minlength=3) / 20_000
    expected = np.exp([0, 0.5, 1.0]) / np.exp([0, 0.5, 1.0]).sum()
    # Three standard errors of a frequency at most 0.5 are 0.0106.
    assert np.abs(frequency - expected).max() < 0.0106


def test_top_1_is_greedy(table_model):
    model = table_model()
    (found,) = draw(model, 5, seeds=[3], max_length=40, top_k=1)
    prefix: tuple[int, ...] = ()
    while not prefix or prefix[-1] != 2:
        log_p = model.log_probabilities(5, prefix)
        log_p[:2] = -np.inf
        prefix = (*prefix, int(log_p.argmax()))
        if len(prefix) == 40:
            break
    assert [h.token_ids for h in found] == ([prefix] if prefix[-1] == 2 else [])
