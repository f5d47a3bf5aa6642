"""Clean-up of records; of tandem mass spectra by pure steps in a fixed order, each a spectrum or why there is none.

The order is part of the definition of a cleaned spectrum: what is no fragment leaves before the base peak is looked
for, duplicates are merged before intensities are compared, and the relative threshold follows the scaling. Infrared
and NMR are cleaned by `molucid.spectra.clean_traces`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.chem.adducts import parse_adduct
from molucid.chem.elements import MODEL_ELEMENTS
from molucid.chem.formula import Formula
from molucid.config import Config
from molucid.errors import InputError, Rejected, shorten
from molucid.spectra.carbon_letters import with_carbon_types
from molucid.spectra.clean_traces import TraceConfig, clean_infrared, clean_nmr_peaks, clean_nmr_trace
from molucid.spectra.spectrum_files import where_of
from molucid.spectra.types import InfraredSpectrum, MassSpectrum, NmrPeaks, NmrSpectrum, Record


class CleanConfig(Config):
    """What a spectrum must be to be kept, and what of it is kept. `None` switches a step off."""

    require_adduct: bool = Field(default=True, description="reject spectra whose ion species is not known")
    elements: tuple[str, ...] | None = Field(
        default=MODEL_ELEMENTS, description="elements that a formula may hold"
    )
    precursor_tolerance_ppm: float | None = Field(
        default=20.0, gt=0, description="allowed difference between precursor and formula with adduct"
    )
    max_da_above_precursor: float | None = Field(
        default=0.5,
        ge=0,
        description="peaks further above the heaviest possible fragment ion are no fragments",
    )
    merge_tolerance_da: float | None = Field(
        default=0.001,
        gt=0,
        description="peaks closer than this are one, at their weighted mean with summed intensity",
    )
    min_relative_intensity: float | None = Field(
        default=0.001, gt=0, le=1, description="weakest peak kept, relative to the base peak"
    )
    max_peaks: int | None = Field(default=256, gt=0, description="number of most intense peaks kept")
    min_peaks: int = Field(default=1, gt=0, description="peaks that must be left")
    traces: TraceConfig = Field(default=TraceConfig(), description="infrared and NMR")


Step = Callable[[MassSpectrum, Formula | None, CleanConfig], MassSpectrum]
"""A pure step: the spectrum, changed or not; `InputError` with a reason code if it must be rejected."""


def require_peaks(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Reject a spectrum without peaks."""
    if not spectrum.mz.size:
        raise InputError(
            "a spectrum without peaks", "at least one peak", hint="export the peak list", code="no_peaks"
        )
    return spectrum


def drop_zero_intensity(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Remove peaks of intensity 0, with which profile exports pad."""
    return _selected(spectrum, spectrum.intensity > 0)


def require_known_adduct(
    spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig
) -> MassSpectrum:
    """Reject a spectrum whose ion species the file does not give."""
    if config.require_adduct and spectrum.adduct is None:
        raise InputError(
            "no adduct",
            "the ion species, e.g. [M+H]+",
            hint="add a line ADDUCT=[M+H]+",
            code="missing_adduct",
        )
    return spectrum


def require_precursor(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Reject a spectrum without precursor m/z."""
    if spectrum.precursor_mz is None:
        raise InputError(
            "no precursor m/z",
            "the m/z of the selected ion",
            hint="add a line PEPMASS=…",
            code="missing_precursor",
        )
    return spectrum


def require_alphabet(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Reject a formula with an element that the models do not write."""
    _require_elements(formula, config)
    return spectrum


def _require_elements(formula: Formula | None, config: CleanConfig) -> None:
    outside = [e for e in formula or () if config.elements is not None and e not in config.elements]
    if outside:
        raise InputError(
            f"{', '.join(outside)} in formula {formula}",
            f"elements {' '.join(config.elements or ())}",
            hint="no model here writes such molecules",
            code="element_outside_alphabet",
        )


def require_formula_fits_precursor(
    spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig
) -> MassSpectrum:
    """Reject a formula that, with the adduct, is not at the precursor's m/z."""
    if config.precursor_tolerance_ppm is None or formula is None or spectrum.adduct is None:
        return spectrum
    if spectrum.precursor_mz is None:
        return spectrum
    expected_mz = parse_adduct(spectrum.adduct).precursor_mz(formula)
    error_ppm = 1e6 * (spectrum.precursor_mz - expected_mz) / expected_mz
    if abs(error_ppm) > config.precursor_tolerance_ppm:
        raise InputError(
            f"precursor m/z {spectrum.precursor_mz:.4f}, {error_ppm:+.1f} ppm off {formula} {spectrum.adduct}",
            f"m/z {expected_mz:.4f} within {config.precursor_tolerance_ppm:g} ppm",
            hint="correct formula, adduct or precursor; the formula is that of the neutral molecule",
            code="formula_precursor_mismatch",
        )
    return spectrum


def remove_above_precursor(
    spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig
) -> MassSpectrum:
    """Remove peaks too heavy for a fragment: above |z| times the precursor m/z of an ion of charge z."""
    if config.max_da_above_precursor is None or spectrum.precursor_mz is None:
        return spectrum
    charge = 1 if spectrum.adduct is None else abs(parse_adduct(spectrum.adduct).charge)
    heaviest_mz = charge * spectrum.precursor_mz + config.max_da_above_precursor
    return _selected(spectrum, spectrum.mz <= heaviest_mz)


def merge_close_peaks(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Merge runs of peaks no wider than the tolerance into one each, at the intensity-weighted mean m/z."""
    mz, intensity = spectrum.mz, spectrum.intensity
    tolerance = config.merge_tolerance_da
    if tolerance is None or mz.size < 2 or (np.diff(mz) > tolerance).all():
        return spectrum
    # A run is bounded by its first peak, not by gaps, so that a profile trace does not collapse into one
    # peak.
    starts: list[int] = []
    first_mz = -np.inf
    for i, value in enumerate(mz.tolist()):
        if value - first_mz > tolerance:
            starts.append(i)
            first_mz = value
    summed = np.add.reduceat(intensity, starts)
    # Offsets from the first peak keep the digits that m/z · intensity would lose.
    offsets = mz - np.repeat(mz[starts], np.diff([*starts, mz.size]))
    mean = mz[starts] + np.add.reduceat(offsets * intensity, starts) / summed
    return replace(spectrum, mz=mean, intensity=summed)


def scale_base_peak(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Scale intensities so that the most intense peak is 1; there is at least one, however weak."""
    return replace(spectrum, intensity=spectrum.intensity / spectrum.intensity.max())


def drop_weak_peaks(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Remove peaks below the relative threshold."""
    if config.min_relative_intensity is None:
        return spectrum
    return _selected(spectrum, spectrum.intensity >= config.min_relative_intensity)


def keep_most_intense(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Keep the given number of most intense peaks; of equal ones those of lower m/z."""
    if config.max_peaks is None or spectrum.mz.size <= config.max_peaks:
        return spectrum
    strongest = np.argsort(-spectrum.intensity, kind="stable")[: config.max_peaks]
    return _selected(spectrum, np.sort(strongest))


def require_min_peaks(spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig) -> MassSpectrum:
    """Reject a spectrum of which too little is left."""
    if spectrum.mz.size < config.min_peaks:
        raise InputError(
            f"{spectrum.mz.size} peaks after clean-up",
            f"at least {config.min_peaks}",
            hint="the others had no intensity or lay above the precursor",
            code="too_few_peaks",
        )
    return spectrum


STEPS: tuple[Step, ...] = (
    require_peaks,
    require_known_adduct,
    require_precursor,
    require_alphabet,
    require_formula_fits_precursor,
    drop_zero_intensity,
    remove_above_precursor,
    merge_close_peaks,
    require_min_peaks,
    scale_base_peak,
    drop_weak_peaks,
    keep_most_intense,
    require_min_peaks,
)
"""The order of the clean-up."""


def _selected(spectrum: MassSpectrum, keep: NDArray[np.bool_] | NDArray[np.intp]) -> MassSpectrum:
    return replace(spectrum, mz=spectrum.mz[keep], intensity=spectrum.intensity[keep])


def clean_spectrum(
    spectrum: MassSpectrum, formula: Formula | None, config: CleanConfig
) -> MassSpectrum | Rejected:
    """All steps in order; the base peak of the result is 1.

    Returns:
        The cleaned spectrum, or a `Rejected` with the reason and without a place.
    """
    try:
        for step in STEPS:
            spectrum = step(spectrum, formula, config)
    except InputError as error:
        return Rejected.from_error("", error)
    return spectrum


def clean(record: Record, config: CleanConfig) -> Record | Rejected:
    """The record with cleaned spectra, or why there is none: the first of `cleaned_items`."""
    return cleaned_items(record, config)[0]


def cleaned_items(record: Record, config: CleanConfig) -> list[Record | Rejected]:
    """The record with cleaned spectra, then a row for each spectrum that does not pass.

    A record of several spectra of any kind is kept if at least one passes; the rows are named `compound/slot`
    (`a/ir`, `a/msms#2`), stand at the file of that spectrum where the compound has several, and are in the metadata,
    too (`rejected_spectra`). Where none passes, the first row is the record's, and its message says which spectrum
    it is about. A record without spectra passes.
    """
    record = with_carbon_types(record)
    evidence = record.evidence
    kept: list[MassSpectrum] = []
    faults: list[Rejected] = []
    present = [slot for slot in ("ir", "h_nmr", "c_nmr") if getattr(evidence, slot) is not None]
    if evidence.msms or present:
        try:
            _require_elements(evidence.formula, config)
        except InputError as error:
            return [Rejected.from_error(evidence.id, error, record.where)]
    for number, spectrum in enumerate(evidence.msms, start=1):
        cleaned = clean_spectrum(spectrum, evidence.formula, config)
        if isinstance(cleaned, Rejected):
            where = where_of(record, f"msms#{number}")
            faults.append(replace(cleaned, id=f"{evidence.id}/msms#{number}", where=where))
        else:
            kept.append(cleaned)
    traces: dict[str, InfraredSpectrum | NmrSpectrum | NmrPeaks] = {}
    for slot in present:
        try:
            traces[slot] = _clean_trace(getattr(evidence, slot), config.traces)
        except InputError as error:
            faults.append(Rejected.from_error(f"{evidence.id}/{slot}", error, where_of(record, slot)))
    if faults and not kept and not traces:
        first, *others = faults
        slot = first.id.removeprefix(f"{evidence.id}/")
        return [replace(first, id=evidence.id, message=f"{slot}: {first.message}"), *others]
    metadata = dict(record.metadata)
    if faults:
        metadata["rejected_spectra"] = "; ".join(f"{fault.id}: {shorten(fault.message)}" for fault in faults)
    cleaned_evidence = replace(
        evidence,
        msms=tuple(kept),
        **{slot: traces.get(slot) for slot in ("ir", "h_nmr", "c_nmr")},  # type: ignore[arg-type]
    )
    return [replace(record, evidence=cleaned_evidence, metadata=metadata), *faults]


def _clean_trace(
    value: InfraredSpectrum | NmrSpectrum | NmrPeaks, config: TraceConfig
) -> InfraredSpectrum | NmrSpectrum | NmrPeaks:
    if isinstance(value, InfraredSpectrum):
        return clean_infrared(value, config)
    return clean_nmr_trace(value, config) if isinstance(value, NmrSpectrum) else clean_nmr_peaks(value)


def clean_all(items: Iterable[Record | Rejected], config: CleanConfig) -> Iterator[Record | Rejected]:
    """The records of `items`, each followed by the rows of its faulty spectra, and rejected rows as they are."""
    for item in items:
        if isinstance(item, Rejected):
            yield item
        else:
            yield from cleaned_items(item, config)
