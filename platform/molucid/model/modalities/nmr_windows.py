"""The windows of an NMR trace that hold signal, each a token; empty windows are none.

A trace is empty for the most part: of 103 windows on the published grids about seven hold lines. The token of a
window is what the convolutions of `conv_trace` give there, so only windows with signal are worked on.

Shapes: B batch, L windows, W points that one token reads, D width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from molucid.model.batch import Arrays
from molucid.model.modalities.base import Features, length_mask, pad_rows
from molucid.model.modalities.conv_trace import ConvTraceConfig, ConvTraceEncoder
from molucid.spectra.types import FloatArray


def points_of_token(config: ConvTraceConfig) -> int:
    """W: how many points the token of a window depends on."""
    return config.pools[0] * (config.pools[1] + config.kernels[1] - 1) + config.kernels[0] - 1


def window_features(values: FloatArray | None, least: float, config: ConvTraceConfig) -> Features:
    """Windows that hold a point whose absolute value is at least `least`.

    Args:
        values: a trace on its grid, `[points]`; `None` where it is absent.
        least: height of a signal.
        config: of the convolutions.

    Returns:
        `place_L` (index of the window) and `window_LW` (float32, the trace scaled to a largest absolute value of 1).
    """
    num_points = points_of_token(config)
    if values is None:
        return {"place_L": np.zeros(0, np.int64), "window_LW": np.zeros((0, num_points), np.float32)}
    stride = config.pools[0] * config.pools[1]
    # Windows overlap by what the kernels read beyond the stride; a signal belongs to the one whose middle it is in.
    margin = (num_points - stride) // 2
    signal = np.flatnonzero(np.abs(values) >= least)
    place = np.unique(np.clip((signal - margin) // stride, 0, config.num_tokens(len(values)) - 1))
    largest = np.abs(values).max(initial=0.0)
    windows = values[place[:, None] * stride + np.arange(num_points)]
    return {
        "place_L": place.astype(np.int64),
        "window_LW": (windows / largest if largest > 0 else windows).astype(np.float32),
    }


def collate_windows(features: Sequence[Features]) -> Features:
    """`place_BL`, `window_BLW` and `mask_BL`, padded to at least one window, so that all parameters have a gradient."""
    places = [item["place_L"] for item in features]
    return {
        "place_BL": pad_rows(places, at_least=1),
        "window_BLW": pad_rows([item["window_LW"] for item in features], at_least=1),
        "mask_BL": length_mask(places, at_least=1),
    }


class WindowEncoder(ConvTraceEncoder):
    """Arrays of `collate_windows` → tokens, by the layers that read a whole trace."""

    def forward(self, arrays: Arrays) -> tuple[Tensor, Tensor]:
        """Encode the windows."""
        place_BL, window_BLW, mask_BL = arrays["place_BL"], arrays["window_BLW"], arrays["mask_BL"]
        tokens_N1D = self.tokens(window_BLW.flatten(0, 1), place_BL.flatten()[:, None])
        return self.stack(tokens_N1D.view(*place_BL.shape, -1), mask_BL), mask_BL
