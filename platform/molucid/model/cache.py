"""Key–value cache of incremental decoding.

Shapes: B samples, K beams, N = B·K rows (row b·K + k is beam k of sample b), H heads, d head width, M memory
tokens, T decoded tokens at most, Λ decoder layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(slots=True)
class DecoderCache:
    """What decoding keeps between steps; made by `Molucid.start_cache`, filled in place by `decode_step`.

    Attributes:
        beams: K.
        max_length: T; no more than this many tokens can be decoded.
        length: tokens decoded so far.
        self_key_value: keys and values of decoded tokens, preallocated, `[Λ, 2, N, H, T, d]`; entries at and
            after `length` are not yet written.
        cross_keys: keys of the memory, one `[B, H, M, d]` per layer, shared by the beams of a sample.
        cross_values: values of the memory, likewise.
        memory_mask_B11M: `True` for real memory tokens.
    """

    beams: int
    max_length: int
    length: int
    self_key_value: Tensor
    cross_keys: tuple[Tensor, ...]
    cross_values: tuple[Tensor, ...]
    memory_mask_B11M: Tensor

    def reorder(self, source_rows_N: Tensor) -> None:
        """Let row n continue row `source_rows_N[n]` (int64, over all N rows) of the same sample."""
        rows_N = torch.arange(len(source_rows_N), device=source_rows_N.device)
        moved = (source_rows_N != rows_N).nonzero()[:, 0]
        sources = source_rows_N[moved]
        # Only rows that move, and layer by layer, so that the buffer of a copy stays in the processor's cache.
        for keys_or_values_NHTd in self.self_key_value.flatten(0, 1):
            decoded = keys_or_values_NHTd[:, :, : self.length]
            decoded[moved] = decoded[sources]

    def append(self, layer: int, keys_NH1d: Tensor, values_NH1d: Tensor) -> tuple[Tensor, Tensor]:
        """Write one layer's keys and values at `length`; returns all so far, `[N, H, length + 1, d]`."""
        keys, values = self.self_key_value[layer]
        keys[:, :, self.length] = keys_NH1d[:, :, 0]
        values[:, :, self.length] = values_NH1d[:, :, 0]
        return keys[:, :, : self.length + 1], values[:, :, : self.length + 1]
