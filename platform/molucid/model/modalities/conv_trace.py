"""A trace on a fixed grid → tokens: two convolutions with pooling, positions, a transformer.

Equations 7 and 8 of arXiv 2512.19733.

Shapes: B batch, P grid points, L tokens, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveInt
from torch import Tensor, nn

from molucid.config import Config
from molucid.model.batch import Arrays
from molucid.model.blocks import make_norm
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder
from molucid.model.modalities.stack import Stack, StackConfig
from molucid.model.positions import sinusoidal
from molucid.spectra.types import FloatArray


class ConvTraceConfig(Config):
    """How a trace becomes tokens. The defaults are those of Table 4 of arXiv 2512.19733.

    Attributes:
        kernels: points that each of the two convolutions reads; no padding at the ends.
        channels: of each convolution.
        pools: points that each max-pooling joins; their product is the stride of tokens in points.
        positions: `learned`, or `sinusoidal` (the paper's ablation).
        stack: transformer over the tokens of this trace.
    """

    kernels: tuple[PositiveInt, PositiveInt] = (5, 9)
    channels: tuple[PositiveInt, PositiveInt] = (64, 128)
    pools: tuple[PositiveInt, PositiveInt] = (12, 20)
    positions: Literal["learned", "sinusoidal"] = "learned"
    stack: StackConfig = StackConfig()

    def num_tokens(self, num_points: int) -> int:
        """Tokens of a trace of `num_points`."""
        for kernel, pool in zip(self.kernels, self.pools, strict=True):
            num_points = (num_points - kernel + 1) // pool
        return num_points


def trace_features(values: FloatArray | None) -> Features:
    """`trace_P`, float32, scaled to a largest absolute value of 1; empty where the trace is absent."""
    if values is None:
        return {"trace_P": np.zeros(0, np.float32)}
    largest = np.abs(values).max(initial=0.0)
    return {"trace_P": (values / largest if largest > 0 else values).astype(np.float32)}


def collate_traces(features: Sequence[Features], num_points: int, num_tokens: int) -> Features:
    """`trace_BP`, zeros where absent, and `mask_BL`; of no length where it is absent from all samples."""
    if not any(item["trace_P"].size for item in features):
        num_points = num_tokens = 0
    traces: NDArray[np.float32] = np.zeros((len(features), num_points), np.float32)
    present = np.array([item["trace_P"].size > 0 for item in features], np.bool_)
    for trace, item in zip(traces, features, strict=True):
        if item["trace_P"].size:
            trace[:] = item["trace_P"]
    return {"trace_BP": traces, "mask_BL": np.repeat(present[:, None], num_tokens, axis=1)}


class ConvTraceEncoder(ModalityEncoder):
    """`trace_BP` → tokens."""

    def __init__(self, config: ConvTraceConfig, num_points: int, spec: LayerSpec) -> None:
        super().__init__()
        first, second = config.channels
        # Pooling before rectifying gives the same from fewer values.
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, first, config.kernels[0]),
            nn.MaxPool1d(config.pools[0]),
            nn.ReLU(),
            nn.Conv1d(first, second, config.kernels[1]),
            nn.MaxPool1d(config.pools[1]),
            nn.ReLU(),
        )
        self.project = nn.Linear(second, spec.width)
        self.num_points, self.num_tokens = num_points, config.num_tokens(num_points)
        self.positions = nn.Embedding(self.num_tokens, spec.width) if config.positions == "learned" else None
        self.norm = make_norm(spec.norm, spec.width)
        self.stack = Stack(config.stack, spec)

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode the arrays of `collate_traces`."""
        trace_BP, mask_BL = arrays["trace_BP"], arrays["mask_BL"]
        place_L = torch.arange(self.num_tokens, device=trace_BP.device)
        if trace_BP.shape[1] == 0:
            # Nothing to read in this batch. All ranks must still give all parameters a gradient, here of zero.
            tokens_1LD = self.tokens(trace_BP.new_zeros(1, self.num_points), place_L)
            tokens_1LD = self.stack(tokens_1LD, mask_BL.new_ones(tokens_1LD.shape[:2]))
            return tokens_1LD[:, :0].expand(len(trace_BP), -1, -1), mask_BL
        return self.stack(self.tokens(trace_BP, place_L), mask_BL), mask_BL

    def tokens(self, points_NP: Tensor, place: Tensor) -> Tensor:
        """Tokens `[N, L, D]` of stretches of a trace.

        Args:
            points_NP: stretches of equal length, of which each gives L tokens.
            place: index of each token in the whole trace, `[L]` or `[N, L]`.
        """
        features_NLC = self.convolutions(points_NP[:, None, :]).transpose(1, 2)
        width = self.project.out_features
        position = sinusoidal(place, width) if self.positions is None else self.positions(place)
        tokens_NLD: Tensor = self.norm(self.project(features_NLC) + position)
        return tokens_NLD
