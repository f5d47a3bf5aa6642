"""How much memory a training step needs, counted on tensors without storage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from molucid.chem.formula import Formula
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.objective import LossTotals, Objective, ObjectiveConfig
from molucid.spectra.types import Evidence, MassSpectrum

_TYPICAL_FORMULA = Formula.parse("C22H27N3O5S")
_TYPICAL_PEAKS = 100
_TYPICAL_TARGET_TOKENS = 64
_BYTES_PER_PARAMETER = 16
"""Float32 weight, gradient and two AdamW moments."""


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes of one training step in float32.

    Attributes:
        num_parameters: trained numbers.
        parameter_bytes: weights, gradients and optimiser state.
        activation_bytes: tensors that the backward pass of one micro-batch keeps.
    """

    num_parameters: int
    parameter_bytes: int
    activation_bytes: int

    @property
    def total_bytes(self) -> int:
        """Both together, without what the allocator and kernels need besides."""
        return self.parameter_bytes + self.activation_bytes


def estimate_training_memory(config: ModelConfig, micro_batch_size: int) -> MemoryEstimate:
    """Estimate for typical samples: a spectrum of 100 peaks, 64 target tokens, a formula of five elements.

    The forward pass runs on torch's `meta` device, which knows shapes and keeps no data; activations are the
    distinct tensors that autograd saves, weights left out.
    """
    with torch.device("meta"):
        model = Molucid(config)
    batch = _typical_batch(model, micro_batch_size).to("meta")
    own = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    saved: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            saved[storage._cdata] = tensor
        return tensor

    weights = ObjectiveConfig(lambda_=0.0 if config.fingerprint_bits is None else 1.0)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        Objective(weights)(
            model, batch, LossTotals(micro_batch_size * _TYPICAL_TARGET_TOKENS, micro_batch_size)
        )
    activations = sum(tensor.untyped_storage().nbytes() for tensor in saved.values())
    parameters = model.num_parameters
    return MemoryEstimate(parameters, _BYTES_PER_PARAMETER * parameters, activations)


def _typical_batch(model: Molucid, size: int) -> Batch:
    mz = np.linspace(50, 440, _TYPICAL_PEAKS)
    spectrum = MassSpectrum(mz, np.ones(_TYPICAL_PEAKS), precursor_mz=446.17, adduct="[M+H]+")
    inputs = collate_evidence(
        [Evidence("typical", _TYPICAL_FORMULA, (spectrum,))] * size, model.modalities
    ).inputs
    bits = model.config.fingerprint_bits
    return Batch(
        inputs,
        size,
        target_BT=torch.full((size, _TYPICAL_TARGET_TOKENS), 3),
        fingerprint_BF=None if bits is None else torch.zeros(size, bits),
    )
