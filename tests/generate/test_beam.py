from __future__ import annotations

import heapq

import pytest

from molucid.generate.beam import beam_search
from molucid.generate.hypotheses import Hypothesis, Pool, unguided

EOS = 2


def search(model, *samples, beams=27, finished=10, max_length=4, score="mean"):
    return beam_search(
        model,
        model.memory_of(*samples),
        unguided(len(samples)),
        num_beams=beams,
        num_finished=finished,
        max_length=max_length,
        score=score,
    )


def exhaustive(model, sample, max_length, score, number):
    scored = []
    for tokens in model.all_strings(max_length):
        total = model.log_likelihood(sample, tokens)
        scored.append((total / len(tokens) if score == "mean" else total, tokens))
    return [tokens for _, tokens in heapq.nlargest(number, scored)]


@pytest.mark.parametrize("score", ["mean", "sum"])
def test_wide_beam_equals_enumeration_of_all_strings(table_model, score):
    # 3 letters and at most 4 tokens: 27 prefixes of length 3, so 27 beams keep them all.
    model = table_model()
    for sample in range(8):
        (found,) = search(model, sample, score=score)
        assert [h.token_ids for h in found] == exhaustive(model, sample, 4, score, 10)
        for hypothesis in found:
            expected = model.log_likelihood(sample, hypothesis.token_ids)
            assert hypothesis.log_likelihood == pytest.approx(expected, abs=1e-6)


def plain_beam_search(model, sample, beams, max_length):
    """Textbook beam search on Python lists: the same definition, another implementation."""
    live, finished = [((), 0.0)], []
    for _ in range(max_length):
        candidates = []
        for prefix, total in live:
            log_p = model.log_probabilities(sample, prefix)
            candidates += [((*prefix, t), total + log_p[t]) for t in (EOS, 3, 4, 5)]
        live = []
        for tokens, total in sorted(candidates, key=lambda c: -c[1]):
            if len(live) == beams:
                break
            (finished if tokens[-1] == EOS else live).append((tokens, total))
    return finished


@pytest.mark.parametrize("beams", [1, 3])
def test_narrow_beam_equals_a_plain_implementation(table_model, beams):
    model = table_model()
    for sample in range(12):
        expected = plain_beam_search(model, sample, beams, 7)
        expected.sort(key=lambda h: -h[1] / len(h[0]))
        (found,) = search(model, sample, beams=beams, finished=1000, max_length=7)
        assert [h.token_ids for h in found] == [tokens for tokens, _ in expected]


@pytest.mark.parametrize("score", ["mean", "sum"])
def test_early_stop_changes_nothing(table_model, monkeypatch, score):
    model = table_model()
    stopped = [search(model, s, beams=4, finished=2, max_length=9, score=score) for s in range(20)]
    monkeypatch.setattr(Pool, "cannot_improve", lambda *_: False)
    assert stopped == [search(model, s, beams=4, finished=2, max_length=9, score=score) for s in range(20)]


def test_early_stop_saves_steps(table_model, monkeypatch):
    model = table_model(sharpness=8.0)
    steps = []
    step = model.decode_step
    monkeypatch.setattr(model, "decode_step", lambda t, c: (steps.append(1), step(t, c))[1])
    for sample in range(10):
        search(model, sample, beams=4, finished=1, max_length=30, score="sum")
    assert len(steps) < 10 * 30


def test_a_sample_is_decoded_alike_alone_and_in_a_batch(table_model):
    model = table_model()
    batch = search(model, *range(6), beams=3)
    assert batch == [search(model, s, beams=3)[0] for s in range(6)]


def test_strings_longer_than_the_limit_are_not_finished(table_model):
    (found,) = search(table_model(), 1, finished=1000, max_length=3)
    assert {len(h.token_ids) for h in found} == {1, 2, 3}


def test_pool_orders_ties_by_tokens_and_keeps_the_best():
    pool = Pool(2, "mean")
    for tokens, total in [((5, 2), -2.0), ((4, 2), -2.0), ((3, 2), -8.0)]:
        pool.add(Hypothesis(tokens, total))
    assert [h.token_ids for h in pool.hypotheses()] == [(4, 2), (5, 2)]
    # At best −9.9 / 10 tokens = −0.99 can still be reached, which beats −1 per token; −10.1 cannot.
    assert not pool.cannot_improve(-9.9, 10)
    assert pool.cannot_improve(-10.1, 10)
