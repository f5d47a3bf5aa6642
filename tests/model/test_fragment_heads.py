"""The two fragment heads against their formulas, written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from molucid.errors import InputError
from molucid.model.batch import Memory
from molucid.model.fragment_heads import (
    CompositionHead,
    CompositionHeadConfig,
    SubstructureBranch,
    SubstructureBranchConfig,
)
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.stack import StackConfig

WIDTH, NUM_FRAGMENTS, SAMPLES = 6, 11, 5


def memory(fused_BMD: Tensor, mask_BM: Tensor | None = None) -> Memory:
    mask = torch.ones(fused_BMD.shape[:2], dtype=torch.bool) if mask_BM is None else mask_BM
    pooled = (fused_BMD * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    return Memory(fused_BMD, mask, pooled, fused_BMD, pooled)


def published_loss(head: CompositionHead, fused_BMD: Tensor, counts: Tensor) -> Tensor:
    """Equations 10 and 11 as they stand: one row [h; e_v] per sample and fragment through one perceptron."""
    num_samples, num_fragments = counts.shape
    pooled_BD = fused_BMD.mean(dim=1)
    rows = torch.cat(
        [
            pooled_BD[:, None, :].expand(-1, num_fragments, -1),
            torch.eye(num_fragments).expand(num_samples, -1, -1),
        ],
        dim=-1,
    )
    first = torch.cat([head.pooled.weight, head.fragment_VH.T], dim=1)
    hidden = F.gelu(F.linear(rows, first, head.pooled.bias))
    logits = F.linear(hidden, head.weight_CH, head.bias_C)
    target = counts.clamp(max=head.max_count)
    return F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum")


@pytest.mark.parametrize("chunk_samples", [1, 2, 8])
def test_the_factored_head_is_the_published_one(chunk_samples: int) -> None:
    torch.manual_seed(0)
    head = CompositionHead(CompositionHeadConfig(hidden=7, max_count=3), WIDTH, NUM_FRAGMENTS)
    nn.init.normal_(head.bias_C)
    head.chunk_samples = chunk_samples
    # counts above max_count are clipped to its class
    counts = torch.randint(0, 6, (SAMPLES, NUM_FRAGMENTS))
    results = []
    for loss_of in (
        lambda fused: head(memory(fused), counts),
        lambda fused: published_loss(head, fused, counts),
    ):
        fused = torch.randn(SAMPLES, 3, WIDTH, generator=torch.Generator().manual_seed(1)).requires_grad_()
        head.zero_grad()
        loss = loss_of(fused)
        (2.0 * loss).backward()
        results.append([loss.detach(), fused.grad, *(p.grad.clone() for p in head.parameters())])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_a_head_without_weights_gives_every_class_the_same_probability() -> None:
    head = CompositionHead(CompositionHeadConfig(max_count=30), WIDTH, NUM_FRAGMENTS)
    nn.init.zeros_(head.weight_CH)
    counts = torch.zeros(SAMPLES, NUM_FRAGMENTS, dtype=torch.int64)
    with torch.no_grad():
        loss = head(memory(torch.randn(SAMPLES, 2, WIDTH)), counts)
    expected = SAMPLES * NUM_FRAGMENTS * torch.tensor(31.0).log()
    torch.testing.assert_close(loss, expected)


def test_predicted_counts_are_those_that_a_trained_head_was_shown() -> None:
    torch.manual_seed(0)
    head = CompositionHead(CompositionHeadConfig(hidden=32, max_count=4), WIDTH, NUM_FRAGMENTS)
    given = memory(torch.randn(SAMPLES, 2, WIDTH))
    counts = torch.randint(0, 5, (SAMPLES, NUM_FRAGMENTS))
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    for _ in range(200):
        optimizer.zero_grad()
        head(given, counts).backward()
        optimizer.step()
    assert torch.equal(head.predict(given), counts)


def test_the_branch_pools_real_tokens_only_and_scores_presence() -> None:
    torch.manual_seed(0)
    spec = LayerSpec(WIDTH, 2, 8, "relu", "layer", 0.0)
    branch = SubstructureBranch(SubstructureBranchConfig(stack=StackConfig(layers=0)), spec, NUM_FRAGMENTS)
    fused = torch.randn(1, 3, WIDTH)
    mask = torch.tensor([[True, True, False]])
    weight = F.linear(fused[0, :2], branch.attend.weight, branch.attend.bias).softmax(dim=0)
    logits = branch.presence((weight * fused[0, :2]).sum(dim=0))
    torch.testing.assert_close(branch.logits(memory(fused, mask))[0], logits)
    counts = torch.tensor([[0, 3] + [0] * (NUM_FRAGMENTS - 2)])
    p = logits.sigmoid()
    expected = -(p[1].log() + (1 - p[0]).log() + (1 - p[2:]).log().sum())
    torch.testing.assert_close(branch(memory(fused, mask), counts), expected)
    assert branch.predict(memory(fused, mask)).tolist() == [(logits > 0).long().tolist()]


@pytest.mark.parametrize("columns", [NUM_FRAGMENTS - 1, NUM_FRAGMENTS + 1])
def test_counts_of_another_vocabulary_are_refused(columns: int) -> None:
    spec = LayerSpec(WIDTH, 2, 8, "relu", "layer", 0.0)
    counts = torch.zeros(1, columns, dtype=torch.int64)
    heads = (
        CompositionHead(CompositionHeadConfig(), WIDTH, NUM_FRAGMENTS),
        SubstructureBranch(SubstructureBranchConfig(stack=StackConfig(layers=0)), spec, NUM_FRAGMENTS),
    )
    for head in heads:
        with pytest.raises(InputError, match=f"counts of {columns} fragments"):
            head(memory(torch.randn(1, 2, WIDTH)), counts)
