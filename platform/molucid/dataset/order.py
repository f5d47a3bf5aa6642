"""The order of samples in an epoch: a bijection that is computed for any slice, never stored.

A run that resumes at position p needs the order from p on, on every rank, at once and without memory that
grows with the data set. So the order is a keyed permutation: a balanced Feistel network (Luby & Rackoff 1988,
SIAM J. Comput. 17:373) over the smallest square power of two that holds the data set, with cycle walking
(Black & Rogaway 2002, CT-RSA, section 4) to stay inside it. The round function is SplitMix64's finaliser
(Steele et al. 2014, OOPSLA, figure 16).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molucid.errors import InputError

_ROUNDS = 6
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def sample_order(num_samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Order one epoch: a permutation of `0 … num_samples − 1`, shape `[num_samples]`."""
    return order_at(np.arange(num_samples, dtype=np.int64), num_samples, seed, epoch)


def order_at(positions: ArrayLike, num_samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the samples that stand at `positions` of the epoch's order, same shape as `positions`.

    A pure function: the same arguments give the same samples on every machine and in every process.

    Raises:
        InputError: a position outside `0 … num_samples − 1`.
    """
    start = np.asarray(positions, np.int64)
    if start.size and (start.min() < 0 or start.max() >= num_samples):
        raise InputError(
            f"positions {start.min()} … {start.max()}",
            f"positions in 0 … {num_samples - 1}",
            code="invalid_position",
        )
    half_bits = max(1, ((num_samples - 1).bit_length() + 1) // 2)
    keys = _round_keys(num_samples, seed, epoch)
    values = _feistel(start.astype(np.uint64).ravel(), half_bits, keys)
    # A walk ends, because the cycle that starts inside the data set must come back into it; the domain is
    # less than four times larger, so few values walk more than a few steps.
    outside = np.flatnonzero(values >= num_samples)
    while outside.size:
        values[outside] = _feistel(values[outside], half_bits, keys)
        outside = outside[values[outside] >= num_samples]
    return values.astype(np.int64).reshape(start.shape)


def _round_keys(num_samples: int, seed: int, epoch: int) -> NDArray[np.uint64]:
    text = f"molucid.order.1:{num_samples}:{seed}:{epoch}".encode()
    return np.frombuffer(hashlib.blake2b(text, digest_size=8 * _ROUNDS).digest(), "<u8")


def _feistel(values: NDArray[np.uint64], half_bits: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    shift, mask = np.uint64(half_bits), np.uint64((1 << half_bits) - 1)
    left, right = values >> shift, values & mask
    for key in keys:
        left, right = right, left ^ (_mix(right ^ key) & mask)
    return (left << shift) | right


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))
