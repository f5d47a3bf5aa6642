"""Which of a compound's NMR spectra a modality reads."""

from __future__ import annotations

from molucid.spectra.types import Evidence, NmrPeaks, NmrSpectrum, Nucleus


def nmr_of(evidence: Evidence, nucleus: Nucleus) -> NmrSpectrum | NmrPeaks | None:
    """The spectrum of `nucleus`, if there is one."""
    return evidence.h_nmr if nucleus == "1H" else evidence.c_nmr
