"""Initial values of parameters."""

from __future__ import annotations

from torch import nn


def initialise(model: nn.Module) -> None:
    """Set every matrix and embedding below `model`; norms keep scale 1 and shift 0.

    Matrices are Xavier-uniform (Glorot and Bengio 2010) with zero biases. Embeddings are normal with variance
    1/width, so that a tied output projection gives logits of unit variance; each embedding is followed by a
    norm.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
