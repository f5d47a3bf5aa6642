"""Simulated evidence as a laboratory would give it, drawn anew each time that a sample is read for training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.simulate.ir_augment import IrAugmentConfig, augment_ir
from molucid.simulate.nmr_augment import NmrAugmentConfig, augment_peaks, augmented_trace
from molucid.spectra.types import Evidence, NmrPeaks, NmrSpectrum


class AugmentConfig(Config):
    """What is drawn. Traces and lists that were measured, or stored as traces, stay as they are.

    Attributes:
        trace_probability: that a simulated NMR list is drawn as a trace; else it is reported as a list. Drawn for
            each nucleus.
        nmr: departures of both forms.
        ir: departures of infrared spectra.
    """

    trace_probability: float = Field(default=0.5, ge=0, le=1)
    nmr: NmrAugmentConfig = NmrAugmentConfig()
    ir: IrAugmentConfig = IrAugmentConfig()


def augment_evidence(evidence: Evidence, config: AugmentConfig, rng: np.random.Generator) -> Evidence:
    """The same compound measured another time; a function of the evidence, the ranges and the generator's state.

    A list is a simulated one if it has `shift_std_ppm`. Infrared spectra carry no such mark: training on measured ones
    is done without augmentation.
    """
    return replace(
        evidence,
        ir=None if evidence.ir is None else augment_ir(evidence.ir, config.ir, rng),
        h_nmr=_augmented(evidence.h_nmr, config, rng),
        c_nmr=_augmented(evidence.c_nmr, config, rng),
    )


def _augmented(
    spectrum: NmrSpectrum | NmrPeaks | None, config: AugmentConfig, rng: np.random.Generator
) -> NmrSpectrum | NmrPeaks | None:
    if not isinstance(spectrum, NmrPeaks) or spectrum.shift_std_ppm is None:
        return spectrum
    if rng.random() < config.trace_probability:
        return augmented_trace(spectrum, config.nmr, rng)
    return augment_peaks(spectrum, config.nmr, rng)
