"""Beam search over a batch: all beams of all samples take one step together.

Dimensions: B samples, K beams, N = B·K rows (row b·K + k is beam k of sample b), V vocabulary, T tokens.

At each step the K·V continuations of a sample are walked from the best down. Those that end go to the
sample's pool of finished hypotheses, those the formula forbids are passed over, until K that go on are
found. With K at least the number of prefixes of any length the search is exhaustive.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

import torch
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

_DEAD = -float("inf")


class _Choice(NamedTuple):
    """Chosen continuations, `[B, K]`, of total −inf where there were fewer; and those that end, one list."""

    parent_BK: Tensor
    token_BK: Tensor
    total_BK: Tensor
    ended_sample: Sequence[int]
    ended_parent: Sequence[int]
    ended_total: Sequence[float]


def beam_search(
    model: StepwiseModel,
    memory: Memory,
    guide: Guide,
    *,
    num_beams: int,
    num_finished: int,
    max_length: int,
    score: ScoreKind,
) -> list[tuple[Hypothesis, ...]]:
    """The best finished strings of each sample.

    Args:
        model: the decoder.
        memory: of B samples.
        guide: formula constraint of each sample.
        num_beams: K.
        num_finished: finished strings kept per sample.
        max_length: most tokens of a string, `<eos>` included.
        score: whether finished strings compete by their log-likelihood or its mean over tokens.

    Returns:
        Per sample up to `num_finished` hypotheses, best first; empty where none could be finished.
    """
    device, B, K = memory.tokens_BMD.device, len(memory.tokens_BMD), num_beams
    cache = model.start_cache(memory, K, max_length)
    pools = [Pool(num_finished, score) for _ in range(B)]
    states: list[list[SmilesState | None]] = [[root] + [None] * (K - 1) for root in guide.roots]
    # Sums over up to hundreds of tokens are kept in double precision.
    total_BK = torch.full((B, K), _DEAD, dtype=torch.float64, device=device)
    total_BK[:, 0] = torch.tensor([0.0 if guide.may_start(b) else _DEAD for b in range(B)], device=device)
    prefix_BKT = torch.full((B, K, max_length), PAD, dtype=torch.int64, device=device)
    token_BK = torch.full((B, K), BOS, dtype=torch.int64, device=device)
    first_row_B1 = torch.arange(B, device=device)[:, None] * K
    for step in range(max_length):
        logits_NV = model.decode_step(token_BK.reshape(-1), cache)
        log_p_BKV = torch.log_softmax(logits_NV.float(), dim=-1).double().view(B, K, -1)
        V = log_p_BKV.shape[-1]
        if step == 0:
            never_B1V = ~guide.usable_tokens(V).to(device)[:, None]
        candidates_BC = (total_BK[..., None] + log_p_BKV.masked_fill(never_B1V, _DEAD)).flatten(1)
        total_BC, order_BC = candidates_BC.sort(dim=1, descending=True, stable=True)
        if guide.constraint is None:
            choice = _best(total_BC, order_BC, K, V)
        else:
            choice = _best_allowed(total_BC, order_BC, K, V, guide, states)
        if choice.ended_sample:
            ended = prefix_BKT[choice.ended_sample, choice.ended_parent, :step].tolist()
            for b, prefix, total in zip(choice.ended_sample, ended, choice.ended_total, strict=True):
                pools[b].add(Hypothesis((*prefix, EOS), total))
        total_BK, token_BK = choice.total_BK, choice.token_BK
        for b, best in enumerate(total_BK.max(dim=1).values.tolist()):
            if best != _DEAD and pools[b].cannot_improve(best, max_length):
                total_BK[b], states[b] = _DEAD, [None] * K
        if step + 1 == max_length or bool((total_BK == _DEAD).all()):
            break
        parent_BKT = choice.parent_BK[..., None].expand(-1, -1, max_length)
        prefix_BKT = prefix_BKT.gather(1, parent_BKT)
        prefix_BKT[:, :, step] = token_BK
        cache.reorder((first_row_B1 + choice.parent_BK).reshape(-1))
    return [pool.hypotheses() for pool in pools]


def _best(total_BC: Tensor, order_BC: Tensor, K: int, V: int) -> _Choice:
    # Each beam ends in one way only, so that K that go on are among the first 2 K.
    total, parent, token = total_BC[:, : 2 * K], order_BC[:, : 2 * K] // V, order_BC[:, : 2 * K] % V
    ends = token == EOS
    goes_on = ~ends
    ends &= (goes_on.cumsum(dim=1) < K) & (total != _DEAD)
    first = (~goes_on).to(torch.int8).sort(dim=1, stable=True).indices[:, :K]
    sample, position = (index.tolist() for index in ends.nonzero(as_tuple=True))
    return _Choice(
        parent.gather(1, first),
        token.gather(1, first),
        total.gather(1, first),
        sample,
        parent[sample, position].tolist(),
        total[sample, position].tolist(),
    )


def _best_allowed(
    total_BC: Tensor,
    order_BC: Tensor,
    K: int,
    V: int,
    guide: Guide,
    states: list[list[SmilesState | None]],
) -> _Choice:
    """Like `_best`, passing over what the guide forbids; `states` become those of the chosen beams."""
    device, B = total_BC.device, len(total_BC)
    total_rows, order_rows = total_BC.cpu().numpy(), order_BC.cpu().numpy()
    parent_BK, token_BK = [[0] * K for _ in range(B)], [[PAD] * K for _ in range(B)]
    best_BK = [[_DEAD] * K for _ in range(B)]
    ended: list[tuple[int, int, float]] = []
    for b in range(B):
        new_states: list[SmilesState | None] = []
        for c in count():
            if len(new_states) == K or c == len(order_rows[b]) or total_rows[b, c] == _DEAD:
                break
            parent, token = divmod(int(order_rows[b, c]), V)
            allowed, state = guide.advance(b, states[b][parent], token)
            if not allowed:
                continue
            if token == EOS:
                ended.append((b, parent, float(total_rows[b, c])))
                continue
            k = len(new_states)
            parent_BK[b][k], token_BK[b][k], best_BK[b][k] = parent, token, float(total_rows[b, c])
            new_states.append(state)
        states[b] = new_states + [None] * (K - len(new_states))
    return _Choice(
        torch.tensor(parent_BK, device=device),
        torch.tensor(token_BK, device=device),
        torch.tensor(best_BK, dtype=torch.float64, device=device),
        [b for b, _, _ in ended],
        [parent for _, parent, _ in ended],
        [total for _, _, total in ended],
    )
