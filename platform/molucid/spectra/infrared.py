"""Infrared axes and ordinates: from the units that a file names to 1/cm and absorbance."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError, shorten
from molucid.spectra.types import FloatArray, InfraredSpectrum

_X_UNITS: dict[str, float | None] = {
    # unit → 1/cm · unit, where the wavenumber is that over the number; None: the number is the wavenumber
    **dict.fromkeys(("1/cm", "cm-1", "cm^-1", "cm^(-1)", "/cm", "wavenumber", "wavenumbers"), None),
    **dict.fromkeys(
        ("micrometers", "micrometer", "micrometres", "micrometre", "microns", "micron", "um"), 1e4
    ),
    **dict.fromkeys(("nanometers", "nanometer", "nanometres", "nanometre", "nm"), 1e7),
}
_ABSORBANCE = ("absorbance", "absorbanceunits", "absorbance(a)", "abs", "abs.", "a")
# NIST's quantitative gas spectra: a decadic absorption coefficient, which is proportional to absorbance.
_ABSORPTION_COEFFICIENT = ("(micromol/mol)-1m-1(base10)", "(micromol/mol)^-1m^-1(base10)")
_TRANSMITTANCE = ("transmittance", "transmission", "trans", "t")
_MAX_FRACTION = 1.5
_MIN_PERCENT = 5.0  # a spectrum in percent whose lightest point is darker than this shows nothing
_MAX_PERCENT = 150.0
_MIN_RUN = 3


class InfraredConfig(Config):
    """How transmittance becomes absorbance."""

    min_transmittance: float = Field(
        default=1e-3, gt=0, lt=1, description="smallest transmittance kept: below it a detector sees no light"
    )
    plateau_range: float = Field(
        default=0.002,
        ge=0,
        lt=1,
        description="what counts as flat at the darkest point, of the range between it and the lightest",
    )
    dark_transmittance: float = Field(
        default=0.1, gt=0, lt=1, description="above it a noisy bottom is a weak band, and no saturation"
    )
    plateau_noise: float = Field(
        default=6.0,
        ge=0,
        description="what counts as flat at a dark bottom, in standard deviations of the noise there; that of the "
        "lowest of several hundred points is three below their mean",
    )
    max_saturated_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of dark points, those of a flat bottom included, from which a spectrum is rejected",
    )


def _unit_key(text: str) -> str:
    key = re.sub(r"\s", "", text.lower()).replace("μ", "u").replace("µ", "u")
    return key.translate(str.maketrans("⁻¹−", "-1-"))


def wavenumbers(x: FloatArray, units: str) -> FloatArray:
    """The axis in 1/cm.

    Args:
        x: numbers as in the file `[points]`.
        units: their unit as the file names it: 1/cm, cm⁻¹, micrometers, μm, nanometers, nm.

    Raises:
        InputError: another unit (`unknown_x_units`), or a wavelength that is not above 0 (`wrong_ir_axis`).
    """
    key = _unit_key(units)
    inside = re.search(r"[(\[]([^()\[\]]*(?:\(-?1\))?)[)\]]$", key)
    for candidate in (key, inside[1] if inside else ""):
        if candidate in _X_UNITS:
            factor = _X_UNITS[candidate]
            break
    else:
        raise InputError(
            f"an infrared axis in {shorten(units)!r}",
            "1/CM, MICROMETERS or NANOMETERS",
            hint="export the spectrum over wavenumbers",
            code="unknown_x_units",
        )
    if factor is None:
        return x
    if not (x > 0).all():
        raise InputError(
            f"a wavelength of {x.min():g} {units}",
            "wavelengths above 0",
            hint="correct the unit of the axis, or export the spectrum over wavenumbers",
            code="wrong_ir_axis",
        )
    return np.asarray(factor / x, np.float64)


def _plateau(y: FloatArray, config: InfraredConfig) -> NDArray[np.bool_]:
    """The points of runs, of three or more, that are as high as the highest point but for a hair."""
    if y.size < _MIN_RUN or y.max() == y.min():
        return np.zeros(y.size, np.bool_)
    return _in_runs(y >= y.max() - config.plateau_range * (y.max() - y.min()))


def _noisy_bottom(transmittance: FloatArray, config: InfraredConfig) -> NDArray[np.bool_]:
    """The dark points of runs, of three or more, that differ from the darkest by no more than noise.

    The noise is the median of absolute second differences at dark points (for Gaussian noise their standard deviation
    is √6 of its own, and their median 0.6745 of that): it is that of the bottom alone, and a slope adds nothing.
    """
    is_dark = transmittance <= config.dark_transmittance
    bent = np.abs(np.diff(transmittance, 2))[is_dark[1:-1]]
    if not bent.size:
        return np.zeros(transmittance.size, np.bool_)
    noise = float(np.median(bent)) / (0.6745 * np.sqrt(6.0))
    return _in_runs(is_dark & (transmittance <= transmittance.min() + config.plateau_noise * noise))


def _in_runs(is_flat: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`is_flat` without runs of fewer than three points."""
    kept = np.zeros(is_flat.size, np.bool_)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_flat, [False]))))
    for first, last in edges.reshape(-1, 2):
        kept[first:last] = last - first >= _MIN_RUN
    return kept


def infrared_spectrum(
    wavenumber_cm1: FloatArray, y: FloatArray, units: str, config: InfraredConfig
) -> tuple[InfraredSpectrum, dict[str, str]]:
    """The spectrum in absorbance, A = −log₁₀ T, and what has to be said about it.

    A label that says percent means percent. `TRANSMITTANCE` alone is a fraction by the standard; numbers that
    cannot be one but can be percent are taken as percent, which is noted.

    Args:
        wavenumber_cm1: axis `[points]` in any order.
        y: ordinates `[points]` with all factors applied.
        units: their unit as the file names it.
        config: what counts as saturated.

    Returns:
        The spectrum, and notes for `Record.metadata`.

    Raises:
        InputError: a unit that is none of these (`unknown_y_units`), no light at all (`all_zero`), numbers that are no
            transmittance (`impossible_transmittance`), too many points dark or on a flat bottom
            (`saturated_transmittance`), or too many on a flat top of absorbance (`saturated_absorbance`).
    """
    key = _unit_key(units)
    if key in _ABSORBANCE or key in _ABSORPTION_COEFFICIENT:
        num_flat = int(_plateau(y, config).sum())
        # Of a transmittance with the wrong label most is flat on top; clean-up tells that.
        if config.max_saturated_share * y.size < num_flat <= 0.5 * y.size:
            raise InputError(
                f"{num_flat} of {y.size} points at the largest absorbance, {y.max():g}",
                f"at most {config.max_saturated_share:.0%} of the points on a flat top",
                hint="measure a thinner or more dilute sample; is it transmittance? then name its unit",
                code="saturated_absorbance",
            )
        return InfraredSpectrum(wavenumber_cm1, y), {}
    plain = re.sub(r"percent|%|[()\[\]]", "", key)
    if plain not in _TRANSMITTANCE:
        raise InputError(
            f"an ordinate in {shorten(units)!r}",
            "ABSORBANCE, TRANSMITTANCE or % TRANSMITTANCE",
            hint="name the unit of the ordinate, or export the spectrum in absorbance",
            code="unknown_y_units",
        )
    if not y.any():
        raise InputError(
            f"{y.size} points that are all zero",
            "a signal",
            hint="export the spectrum again",
            code="all_zero",
        )
    highest = float(y.max())
    says_percent = plain != key and re.search(r"percent|%", key) is not None
    is_percent = says_percent or highest > _MAX_FRACTION
    lowest_limit, limit = (_MIN_PERCENT, _MAX_PERCENT) if is_percent else (0.0, _MAX_FRACTION)
    if not lowest_limit < highest <= limit:
        raise InputError(
            f"{shorten(units)} up to {highest:g}",
            "percent up to 100" if is_percent else "a fraction up to 1, or percent up to 100",
            hint="correct YUNITS or YFACTOR: a fraction is TRANSMITTANCE, percent is % TRANSMITTANCE",
            code="impossible_transmittance",
        )
    transmittance = y / 100.0 if is_percent else y
    is_dark = transmittance <= config.min_transmittance
    is_bottom = is_dark | _plateau(-transmittance, config) | _noisy_bottom(transmittance, config)
    if (num_bottom := int(is_bottom.sum())) > config.max_saturated_share * len(y):
        darkest = max(float(transmittance[is_bottom].max()), config.min_transmittance)
        raise InputError(
            f"{num_bottom} of {len(y)} points with a transmittance of at most {darkest:g}",
            f"at most {config.max_saturated_share:.0%} of the points",
            hint="measure a thinner or more dilute sample",
            code="saturated_transmittance",
        )
    num_dark = int(is_dark.sum())
    absorbance = -np.log10(np.maximum(transmittance, config.min_transmittance))
    notes = {"ordinate": f"absorbance from {'percent ' if is_percent else ''}transmittance"}
    if is_percent and not says_percent:
        notes["ordinate"] += f" (labelled {shorten(units)}, largest value {highest:g})"
    if num_dark:
        notes["clipped_points"] = f"{num_dark} at a transmittance of {config.min_transmittance:g} or less"
    return InfraredSpectrum(wavenumber_cm1, absorbance), notes
