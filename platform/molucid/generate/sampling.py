"""Top-k sampling over a batch: all samples of all spectra take one step together.

Dimensions: B spectra, S samples of each, N = B·S rows, V vocabulary, T tokens.

Tokens are drawn by the Gumbel-max trick: the largest of log-probability plus Gumbel noise is a draw from the
distribution (Gumbel 1954; Yellott, J. Math. Psychol. 1977, 15, 109), and the largest among those the formula
allows is a draw from the distribution renormalised over them, without computing which they are. The noise of
a spectrum depends on its seed only, never on what else is in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molucid.generate.hypotheses import (
    BOS,
    EOS,
    PAD,
    Guide,
    Hypothesis,
    Pool,
    ScoreKind,
    StepwiseModel,
)
from molucid.generate.smiles_state import SmilesState
from molucid.model.batch import Memory


def sample_strings(
    model: StepwiseModel,
    memory: Memory,
    guide: Guide,
    *,
    seeds: Sequence[int],
    num_samples: int,
    num_finished: int,
    max_length: int,
    temperature: float,
    top_k: int | None,
    score: ScoreKind,
) -> list[tuple[Hypothesis, ...]]:
    """Draw `num_samples` strings per spectrum and keep the distinct ones that ended, best first.

    Args:
        model: the decoder.
        memory: of B spectra.
        guide: formula constraint of each spectrum.
        seeds: one per spectrum.
        num_samples: S.
        num_finished: finished strings kept per spectrum.
        max_length: most tokens of a string, `<eos>` included.
        temperature: divides the logits before the draw; log-likelihoods are those at temperature 1.
        top_k: only the k most probable tokens are drawn, others only where the formula forbids all k; `None`
            for all.
        score: what finished strings are ordered by.
    """
    device, B, S = memory.tokens_BMD.device, len(memory.tokens_BMD), num_samples
    cache = model.start_cache(memory, S, max_length)
    pools = [Pool(num_finished, score) for _ in range(B)]
    seen: list[set[tuple[int, ...]]] = [set() for _ in range(B)]
    noise = [np.random.default_rng(seed) for seed in seeds]
    states = [root for root in guide.roots for _ in range(S)]
    live = np.repeat([guide.may_start(b) for b in range(B)], S)
    total_N = np.zeros(B * S)
    prefix_NT = np.full((B * S, max_length), PAD, np.int64)
    token_N, rows_N = np.full(B * S, BOS, np.int64), np.arange(B * S)
    for step in range(max_length):
        logits_NV = model.decode_step(torch.from_numpy(token_N).to(device), cache).float()
        log_p_NV = torch.log_softmax(logits_NV, dim=-1)
        if step == 0:
            never_NV = ~guide.usable_tokens(logits_NV.shape[1]).repeat_interleave(S, dim=0).to(device)
        key_NV = _keys(logits_NV.masked_fill(never_NV, -float("inf")), temperature, top_k, noise, S)
        log_p = log_p_NV.double().cpu().numpy()
        token_N = _draw(key_NV, guide, states, live, S)
        live &= token_N != PAD
        total_N += np.where(live, log_p[rows_N, token_N], 0.0)
        prefix_NT[:, step] = token_N
        for row in np.flatnonzero(live & (token_N == EOS)).tolist():
            tokens, b = tuple(prefix_NT[row, : step + 1].tolist()), row // S
            if tokens not in seen[b]:
                seen[b].add(tokens)
                pools[b].add(Hypothesis(tokens, float(total_N[row])))
        live &= token_N != EOS
        if not live.any():
            break
    return [pool.hypotheses() for pool in pools]


def _keys(
    logits_NV: Tensor, temperature: float, top_k: int | None, noise: Sequence[np.random.Generator], S: int
) -> NDArray[np.float64]:
    """What tokens are ordered by: the largest key is the draw, the next largest the draw without it."""
    logits: NDArray[np.float64] = logits_NV.double().cpu().numpy() / temperature
    V = logits.shape[1]
    keys: NDArray[np.float64] = logits + np.concatenate(
        [generator.gumbel(size=(S, V)) for generator in noise]
    )
    if top_k is not None and top_k < V:
        smallest_N1 = np.partition(logits, V - top_k, axis=1)[:, V - top_k, None]
        # Far below every other key, and in the order of their own draw.
        keys = np.where(logits >= smallest_N1, keys, keys - 1e6)
    return keys


def _draw(
    keys: NDArray[np.float64],
    guide: Guide,
    states: list[SmilesState | None],
    live: NDArray[np.bool_],
    S: int,
) -> NDArray[np.int64]:
    """Token of each row, `<pad>` where it is over; `states` become those after it."""
    best_N = keys.argmax(axis=1)
    if guide.constraint is None:
        return np.where(live, best_N, PAD)
    token_N = np.full(len(keys), PAD, np.int64)
    for row in np.flatnonzero(live).tolist():
        token = int(best_N[row])
        allowed, state = guide.advance(row // S, states[row], token)
        if not allowed:
            order = (-keys[row]).argsort(kind="stable")
            for token in order[np.isfinite(keys[row, order])][1:].tolist():
                allowed, state = guide.advance(row // S, states[row], token)
                if allowed:
                    break
        states[row] = state
        if allowed:
            token_N[row] = token
    return token_N
