"""Which fragments a compound has, and how often, read from its fused evidence.

Both heads return summed losses, so that the objective divides by what the global batch holds.

Shapes: B batch, M memory tokens, D width, V fragments, C count classes, H hidden width, R samples of one chunk.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from molucid.config import Config
from molucid.errors import InputError
from molucid.model.batch import Memory
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.stack import Stack, StackConfig


class CompositionHeadConfig(Config):
    """Categorical distribution over counts for each fragment (arXiv 2512.19733, eq. 11).

    Attributes:
        form: `counts`.
        hidden: H, of the perceptron.
        max_count: larger counts are this class; C is one more, for 0.
    """

    form: Literal["counts"] = "counts"
    hidden: PositiveInt = 256
    max_count: PositiveInt = 30


class SubstructureBranchConfig(Config):
    """Presence of each fragment, by a transformer and a pooling of its own (NMR2Struct, Hu et al. 2024).

    Attributes:
        form: `binary`.
        stack: transformer over the fused evidence.
    """

    form: Literal["binary"] = "binary"
    stack: StackConfig = StackConfig(layers=4)


class FragmentHead(nn.Module):
    """Base class of both heads."""

    def forward(self, memory: Memory, counts_BV: Tensor) -> Tensor:
        """Summed loss in nats over all samples and fragments; counts are int64."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def predict(self, memory: Memory) -> Tensor:
        """Most probable counts, int64 `[B, V]`; of a binary head 0 or 1."""
        raise TypeError(f"{type(self).__name__} does not define predict")


class CompositionHead(FragmentHead):
    """`Softmax(MLP[h; e_v])` over counts, for the mean h of the fused evidence and each fragment v.

    The first layer of the perceptron is linear in the concatenation, so it is `W h + E[v]`: one product per sample
    and one row per fragment. The paper's form multiplies a matrix of B·V rows and D + V columns. `chunk_samples`
    samples are worked on at a time, and their gradient is taken in the same pass, so nothing of size B·V·C is kept.
    """

    chunk_samples = 8

    def __init__(self, config: CompositionHeadConfig, width: int, num_fragments: int) -> None:
        super().__init__()
        self.max_count = config.max_count
        self.pooled = nn.Linear(width, config.hidden)
        # Parameters of this module itself, because sharded training gathers what a module's own call needs.
        self.fragment_VH = nn.Parameter(torch.empty(num_fragments, config.hidden))
        self.weight_CH = nn.Parameter(torch.empty(config.max_count + 1, config.hidden))
        self.bias_C = nn.Parameter(torch.zeros(config.max_count + 1))
        bound = (6.0 / (width + num_fragments + config.hidden)) ** 0.5
        nn.init.uniform_(self.fragment_VH, -bound, bound)
        nn.init.xavier_uniform_(self.weight_CH)

    def forward(self, memory: Memory, counts_BV: Tensor) -> Tensor:
        """Summed cross-entropy of the counts, clipped at `max_count`.

        Raises:
            InputError: counts of another number of fragments than the head predicts.
        """
        _require_fragments(counts_BV, len(self.fragment_VH))
        pooled_BH = self.pooled(memory.fused_pooled_BD)
        target_BV = counts_BV.clamp(max=self.max_count)
        # Tensors without storage, on which memory is counted, know no autocast.
        device = "cpu" if pooled_BH.is_meta else pooled_BH.device.type
        with torch.autocast(device, enabled=False):
            loss: Tensor = _CompositionLoss.apply(  # type: ignore[no-untyped-call]
                pooled_BH.float(),
                self.fragment_VH,
                self.weight_CH,
                self.bias_C,
                target_BV,
                self.chunk_samples,
            )
        return loss

    def predict(self, memory: Memory) -> Tensor:
        """Most probable count of each fragment."""
        pooled_BH = self.pooled(memory.fused_pooled_BD)
        rows = [
            F.linear(F.gelu(part_RH[:, None, :] + self.fragment_VH), self.weight_CH, self.bias_C).argmax(
                dim=-1
            )
            for part_RH in pooled_BH.split(self.chunk_samples)
        ]
        return torch.cat(rows)


class _CompositionLoss(torch.autograd.Function):
    """Summed cross-entropy of `W₂ gelu(p_b + E_v) + c`, and its gradient, chunk by chunk in one pass."""

    @staticmethod
    def forward(
        ctx: Any,
        pooled_BH: Tensor,
        fragment_VH: Tensor,
        weight_CH: Tensor,
        bias_C: Tensor,
        target_BV: Tensor,
        chunk_samples: int,
    ) -> Tensor:
        wants_gradient = any(ctx.needs_input_grad)
        # Classes that never occur make the rows a multiple of 16 numbers: products of 31 columns are slow.
        padding = -len(bias_C) % 16
        weight_CH = F.pad(weight_CH, (0, 0, 0, padding))
        bias_C = F.pad(bias_C, (0, padding), value=float("-inf"))
        (num_fragments, hidden), num_classes = fragment_VH.shape, len(bias_C)
        total = pooled_BH.new_zeros((), dtype=torch.float64)
        grads = [torch.zeros_like(x) for x in (pooled_BH, fragment_VH, weight_CH, bias_C)]
        # Every chunk is worked on in the same four tensors: new ones cost more than the arithmetic.
        space = [
            pooled_BH.new_empty(min(chunk_samples, len(pooled_BH)) * num_fragments, columns)
            for columns in (hidden, hidden, num_classes, num_classes)
        ]
        for start in range(0, len(pooled_BH), chunk_samples):
            part_RH = pooled_BH[start : start + chunk_samples]
            shape_RVH = (len(part_RH), num_fragments, hidden)
            before_NH, hidden_NH, logits_NC, log_p_NC = (x[: len(part_RH) * num_fragments] for x in space)
            torch.add(part_RH[:, None, :], fragment_VH, out=before_NH.view(shape_RVH))
            torch.ops.aten.gelu.out(before_NH, out=hidden_NH)
            torch.addmm(bias_C, hidden_NH, weight_CH.T, out=logits_NC)
            torch.log_softmax(logits_NC, dim=-1, out=log_p_NC)
            target_N1 = target_BV[start : start + chunk_samples].reshape(-1, 1)
            total -= log_p_NC.gather(1, target_N1).sum(dtype=torch.float64)
            if not wants_gradient:
                continue
            # softmax − one-hot
            d_logits_NC = torch.exp(log_p_NC, out=logits_NC)
            d_logits_NC.scatter_add_(1, target_N1, torch.full_like(target_N1, -1.0, dtype=d_logits_NC.dtype))
            grads[2].addmm_(d_logits_NC.T, hidden_NH)
            grads[3] += d_logits_NC.sum(dim=0)
            d_hidden_NH = torch.mm(d_logits_NC, weight_CH, out=hidden_NH)
            torch.ops.aten.gelu_backward.grad_input(d_hidden_NH, before_NH, grad_input=d_hidden_NH)
            d_before_RVH = d_hidden_NH.view(shape_RVH)
            torch.sum(d_before_RVH, dim=1, out=grads[0][start : start + chunk_samples])
            grads[1] += d_before_RVH.sum(dim=0)
        if padding:
            grads[2:] = [grad[:-padding] for grad in grads[2:]]
        ctx.save_for_backward(*grads)
        return total.to(pooled_BH.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grad_outputs
        return (*(grad * saved for saved in ctx.saved_tensors), None, None)


class SubstructureBranch(FragmentHead):
    """Transformer, pooling by learned attention (SeqPool), and one logit per fragment."""

    def __init__(self, config: SubstructureBranchConfig, spec: LayerSpec, num_fragments: int) -> None:
        super().__init__()
        self.stack = Stack(config.stack, spec)
        self.attend = nn.Linear(spec.width, 1)
        self.presence = nn.Linear(spec.width, num_fragments)

    def logits(self, memory: Memory) -> Tensor:
        """Logits of presence, `[B, V]`."""
        tokens_BMD = self.stack(memory.fused_BMD, memory.mask_BM)
        weight_BM1 = (
            self.attend(tokens_BMD).masked_fill(~memory.mask_BM[..., None], float("-inf")).softmax(dim=1)
        )
        logits_BV: Tensor = self.presence((weight_BM1 * tokens_BMD).sum(dim=1))
        return logits_BV

    def forward(self, memory: Memory, counts_BV: Tensor) -> Tensor:
        """Summed binary cross-entropy of presence.

        Raises:
            InputError: counts of another number of fragments than the head predicts.
        """
        _require_fragments(counts_BV, self.presence.out_features)
        return F.binary_cross_entropy_with_logits(
            self.logits(memory).float(), (counts_BV > 0).float(), reduction="sum"
        )

    def predict(self, memory: Memory) -> Tensor:
        """1 where presence is more probable than absence."""
        return (self.logits(memory) > 0).long()


def _require_fragments(counts_BV: Tensor, expected: int) -> None:
    if counts_BV.shape[1] != expected:
        raise InputError(
            f"counts of {counts_BV.shape[1]} fragments",
            f"the {expected} fragments that the model predicts",
            hint="pack the samples with the vocabulary that the model was trained with",
            code="other_vocabulary",
        )
