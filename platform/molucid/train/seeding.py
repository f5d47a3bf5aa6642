"""Random numbers of training as a function of seed, step and rank: nothing to save, exact to resume."""

from __future__ import annotations

import hashlib

import torch


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Seed torch's generators (CPU and CUDA) for dropout of one optimiser step on one rank."""
    digest = hashlib.blake2b(f"molucid.step.1:{seed}:{step}:{rank}".encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(digest, "little"))
