"""AdamW as every engine uses it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from molucid.train.config import TrainConfig


def named_groups(model: nn.Module) -> Mapping[bool, dict[str, nn.Parameter]]:
    """Trained parameters by name, split by whether weight decay applies: to matrices of linear layers."""
    matrices = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    groups: dict[bool, dict[str, nn.Parameter]] = {True: {}, False: {}}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[name in matrices][name] = parameter
    return groups


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) over the groups of `named_groups`."""
    groups = named_groups(model)
    return torch.optim.AdamW(
        [
            {"params": list(groups[True].values()), "weight_decay": config.weight_decay},
            {"params": list(groups[False].values()), "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        betas=config.betas,
        fused=True,
    )
