"""Equations 8 to 10 of arXiv 2512.19733, by the whole model and by torch's own transformer with the same weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from molucid.model.assembled import new_model
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.modalities.stack import Stack
from molucid.recipes.load import load_recipe
from molucid.spectra.grids import H_NMR_GRID, IR_GRID
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrPeaks, NmrSpectrum

HEADS, INNER, WIDTH = 2, 24, 16
STACK = f"{{layers: 1, heads: {HEADS}, feed_forward_width: {INNER}}}"


def published() -> ModelConfig:
    """Stage 2 as published, small, with one layer in every stack."""
    settings = [
        f"model.width={WIDTH}",
        f"model.fusion={STACK}",
        f"model.ir.stack={STACK}",
        f"model.h_nmr.stack={STACK}",
        f"model.c_nmr.stack={STACK}",
        "model.dropout=0.0",
        "model.heads=2",
        "model.encoder_layers=1",
        "model.decoder_layers=1",
        "model.feed_forward_width=32",
    ]
    return load_recipe("nmiracle_stage2", settings).model


def torch_encoder(stack: Stack) -> nn.TransformerEncoder:
    """torch's encoder of one pre-norm layer and a last norm, with the weights of ours."""
    assert stack.encoder is not None
    (ours,) = stack.encoder.layers
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, INNER, dropout=0.0, activation="relu", batch_first=True, norm_first=True
    )
    pairs = (
        (layer.self_attn.in_proj_weight, ours.attention.qkv.weight),
        (layer.self_attn.in_proj_bias, ours.attention.qkv.bias),
        (layer.self_attn.out_proj.weight, ours.attention.out.weight),
        (layer.self_attn.out_proj.bias, ours.attention.out.bias),
        (layer.linear1.weight, ours.feed_forward.up.weight),
        (layer.linear1.bias, ours.feed_forward.up.bias),
        (layer.linear2.weight, ours.feed_forward.down.weight),
        (layer.linear2.bias, ours.feed_forward.down.bias),
        (layer.norm1.weight, ours.attention_norm.weight),
        (layer.norm1.bias, ours.attention_norm.bias),
        (layer.norm2.weight, ours.feed_forward_norm.weight),
        (layer.norm2.bias, ours.feed_forward_norm.bias),
    )
    norm = nn.LayerNorm(WIDTH)
    encoder = nn.TransformerEncoder(layer, 1, norm, enable_nested_tensor=False).eval()
    with torch.no_grad():
        for theirs, own in pairs:
            theirs.copy_(own)
        encoder.layers[0].load_state_dict(layer.state_dict())
        norm.weight.copy_(stack.encoder.norm.weight)
        norm.bias.copy_(stack.encoder.norm.bias)
    return encoder


def before_the_stack(encoder: nn.Module, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Tokens and mask of a modality as its stack receives them: Z of equation 8."""
    received: list[tuple[Tensor, Tensor]] = []
    handle = encoder.stack.register_forward_pre_hook(lambda module, args: received.append(args))
    encoder(inputs)
    handle.remove()
    return received[0]


@torch.no_grad()
def test_tokens_read_their_modality_then_each_other_and_their_mean_is_that_of_the_real_ones() -> None:
    rng = np.random.default_rng(0)
    infrared = InfraredSpectrum(IR_GRID.axis, rng.random(IR_GRID.num_points))
    protons = NmrSpectrum("1H", H_NMR_GRID.axis, rng.random(H_NMR_GRID.num_points))
    samples = [
        Evidence(
            "all", ir=infrared, h_nmr=protons, c_nmr=NmrPeaks("13C", np.array([14.2, 60.1, 128.0, 171.0]))
        ),
        Evidence("no infrared", h_nmr=protons, c_nmr=NmrPeaks("13C", np.array([21.0, 77.0]))),
    ]
    model = new_model(published(), seed=3).eval()
    for (
        parameter
    ) in model.parameters():  # norms begin as the identity, biases as 0, which would hide a mistake
        parameter.add_(
            0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
        )
    inputs = collate_evidence(samples, model.modalities).inputs
    memory = model.encode(inputs)

    for row, evidence in enumerate(samples):
        parts = []
        for name in model.modalities:
            if getattr(evidence, name) is None:
                continue
            tokens_BLD, mask_BL = before_the_stack(model.modality_encoders[name], inputs[name])
            alone_1LD = tokens_BLD[row : row + 1, mask_BL[row]]
            parts.append(torch_encoder(model.modality_encoders[name].stack)(alone_1LD))  # equation 8
        fused_MD = torch_encoder(model.fusion)(torch.cat(parts, dim=1))[0]  # equation 9
        torch.testing.assert_close(memory.fused_BMD[row, memory.mask_BM[row]], fused_MD, rtol=1e-4, atol=1e-5)
        pooled_D = fused_MD.sum(dim=0) / len(fused_MD)  # equation 10
        torch.testing.assert_close(memory.fused_pooled_BD[row], pooled_D, rtol=1e-4, atol=1e-5)
    assert memory.mask_BM.sum(dim=1).tolist() == [7 + 41 + 4, 41 + 2]
