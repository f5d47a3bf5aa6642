"""Mean losses over many batches, whatever their sizes."""

from __future__ import annotations

import torch
from torch import Tensor

from molucid.model.objective import LossParts, LossTotals, ObjectiveConfig


class LossSums:
    """Running sums of loss parts; ranks add up `vector` before `means` is read.

    Attributes:
        vector: summed token losses, tokens, summed fingerprint losses, samples, summed fragment losses; float64
            `[5]`.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.vector: Tensor = torch.zeros(5, dtype=torch.float64, device=device)

    def add(self, parts: LossParts, totals: LossTotals) -> None:
        """Add the means `parts` of one batch that holds `totals`."""
        if parts.smiles is not None:
            self.vector[0] += parts.smiles.detach().double() * totals.num_tokens
        if parts.fingerprint is not None:
            self.vector[2] += parts.fingerprint.detach().double() * totals.num_samples
        if parts.fragments is not None:
            self.vector[4] += parts.fragments.detach().double() * totals.num_samples
        self.vector[1] += totals.num_tokens
        self.vector[3] += totals.num_samples

    def means(self, config: ObjectiveConfig) -> dict[str, float]:
        """Means by part name, parts of weight 0 left out, and their weighted `total`."""
        token_loss, tokens, bit_loss, samples, count_loss = self.vector.tolist()
        means = {}
        if config.alpha:
            means["smiles"] = token_loss / max(tokens, 1)
        if config.beta:
            means["fragments"] = count_loss / max(samples, 1)
        if config.lambda_:
            means["fingerprint"] = bit_loss / max(samples, 1)
        weights = {"smiles": config.alpha, "fragments": config.beta, "fingerprint": config.lambda_}
        return {"total": sum(weights[name] * value for name, value in means.items()), **means}
