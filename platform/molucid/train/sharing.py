"""How ranks share a global batch, whatever their number: contiguous parts whose sizes differ by at most one.

All ranks accumulate the same number of micro-batches, because they meet in every one of them; the micro-batches
need not be of one size, because each loss is its share of the global mean (`molucid.model.objective`).
"""

from __future__ import annotations

from molucid.errors import InputError
from molucid.train.config import TrainConfig


def micro_batches_per_step(config: TrainConfig, world_size: int) -> int:
    """Number of micro-batches that each rank accumulates per optimiser step, none above `micro_batch_size`.

    Raises:
        InputError: the global batch has fewer samples than that makes micro-batches over all ranks.
    """
    count = -(-config.global_batch_size // (config.micro_batch_size * world_size))
    if count * world_size > config.global_batch_size:
        raise InputError(
            f"global_batch_size {config.global_batch_size} on {world_size} workers",
            f"a sample for each of {count} x {world_size} micro-batches",
            hint="take fewer workers, or raise train.global_batch_size"
            + (" or train.micro_batch_size" if count > 1 else ""),
            code="too_many_workers",
        )
    return count


def part_bounds(num_samples: int, num_parts: int, part: int) -> tuple[int, int]:
    """First sample of a part and first sample after it; the larger parts come first."""
    size, num_larger = divmod(num_samples, num_parts)
    first = part * size + min(part, num_larger)
    return first, first + size + (part < num_larger)
