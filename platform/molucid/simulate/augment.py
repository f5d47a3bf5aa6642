"""Simulated evidence as a laboratory would give it, drawn anew each time that a sample is read for training."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.simulate.ir_augment import IrAugmentConfig, augment_ir
from molucid.simulate.nmr_augment import (
    Measurement,
    NmrAugmentConfig,
    augment_peaks,
    augmented_trace,
    drawn_measurement,
)
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

    A list is a simulated one if it has `shift_std_ppm`. All lists are of one sample: one solvent, one magnet. Infrared
    spectra carry no such mark: training on measured ones is done without augmentation.
    """
    ir = None if evidence.ir is None else augment_ir(evidence.ir, config.ir, rng)
    h_nmr, c_nmr = evidence.h_nmr, evidence.c_nmr
    simulated = [found for found in (h_nmr, c_nmr) if _is_simulated(found)]
    if not simulated:
        return replace(evidence, ir=ir)
    measurement = drawn_measurement(simulated, config.nmr, rng)
    return replace(
        evidence,
        ir=ir,
        h_nmr=_augmented(h_nmr, config, rng, measurement) if _is_simulated(h_nmr) else h_nmr,
        c_nmr=_augmented(c_nmr, config, rng, measurement) if _is_simulated(c_nmr) else c_nmr,
    )


def _is_simulated(spectrum: NmrSpectrum | NmrPeaks | None) -> TypeGuard[NmrPeaks]:
    return isinstance(spectrum, NmrPeaks) and spectrum.shift_std_ppm is not None


def _augmented(
    peaks: NmrPeaks, config: AugmentConfig, rng: np.random.Generator, measurement: Measurement
) -> NmrSpectrum | NmrPeaks:
    if rng.random() < config.trace_probability:
        return augmented_trace(peaks, config.nmr, rng, measurement)
    return augment_peaks(peaks, config.nmr, rng, measurement)
