"""How much memory a training step needs, counted on tensors without storage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from molucid.chem.formula import Formula
from molucid.chem.fragment_vector import FragmentCounts
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.objective import LossTotals, Objective, ObjectiveConfig
from molucid.spectra.grids import IR_GRID, NMR_GRIDS
from molucid.spectra.types import Evidence, InfraredSpectrum, MassSpectrum, NmrSpectrum, Nucleus

_TYPICAL_FORMULA = Formula.parse("C22H27N3O5S")
_TYPICAL_PEAKS = 100
_TYPICAL_LINES = 20
_TYPICAL_FRAGMENTS = 25
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


def estimate_training_memory(
    config: ModelConfig, objective: ObjectiveConfig, micro_batch_size: int
) -> MemoryEstimate:
    """Estimate for typical samples with every kind of evidence that the model reads, and 64 target tokens.

    They have a formula of five elements, a mass spectrum of 100 peaks, an infrared trace, NMR traces of 20 lines and
    25 different fragments. The forward pass runs on torch's `meta` device, which knows shapes and keeps no data;
    activations are the distinct tensors that autograd saves, weights left out.
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

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        Objective(objective)(
            model, batch, LossTotals(micro_batch_size * _TYPICAL_TARGET_TOKENS, micro_batch_size)
        )
    activations = sum(tensor.untyped_storage().nbytes() for tensor in saved.values())
    parameters = model.num_parameters
    return MemoryEstimate(parameters, _BYTES_PER_PARAMETER * parameters, activations)


def _typical_batch(model: Molucid, size: int) -> Batch:
    inputs = collate_evidence([_typical_evidence()] * size, model.modalities).inputs
    bits, fragments = model.config.fingerprint_bits, model.config.num_fragments
    return Batch(
        inputs,
        size,
        target_BT=torch.full((size, _TYPICAL_TARGET_TOKENS), 3),
        fingerprint_BF=None if bits is None else torch.zeros(size, bits),
        fragments_BG=torch.zeros(size, fragments, dtype=torch.int64),
    )


def _typical_evidence() -> Evidence:
    mz = np.linspace(50, 440, _TYPICAL_PEAKS)
    return Evidence(
        "typical",
        formula=_TYPICAL_FORMULA,
        msms=(MassSpectrum(mz, np.ones(_TYPICAL_PEAKS), precursor_mz=446.17, adduct="[M+H]+"),),
        ir=InfraredSpectrum(IR_GRID.axis, np.ones(IR_GRID.num_points)),
        h_nmr=_typical_trace("1H"),
        c_nmr=_typical_trace("13C"),
        fragments=FragmentCounts(
            np.arange(_TYPICAL_FRAGMENTS, dtype=np.uint16), np.ones(_TYPICAL_FRAGMENTS, np.uint16)
        ),
    )


def _typical_trace(nucleus: Nucleus) -> NmrSpectrum:
    grid = NMR_GRIDS[nucleus]
    line = np.linspace(grid.first, grid.last, _TYPICAL_LINES + 2)[1:-1]
    width = 5 * grid.step
    return NmrSpectrum(
        nucleus, grid.axis, (1 / (1 + ((grid.axis[:, None] - line) / width) ** 2)).sum(axis=1), field_mhz=400
    )
