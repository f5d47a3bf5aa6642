"""From the headers of one record to `Evidence`: the aliases, spellings and number forms that files use.

Every format hands its headers over as text under `field_name` keys; all knowledge about their meaning is
here, so the same spectrum comes out of every format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from molucid.chem.adducts import parse_adduct
from molucid.chem.formula import parse_charged_formula
from molucid.errors import InputError, Where, shorten
from molucid.spectra.energy import CollisionEnergy, parse_collision_energy
from molucid.spectra.instrument import instrument_class
from molucid.spectra.types import Evidence, MassSpectrum, Record

ALIASES: dict[str, tuple[str, ...]] = {
    "precursor_mz": (
        "precursor_mz",
        "precursormz",
        "precursor_m_z",
        "pepmass",
        "selected_ion_m_z",
        "precursor_mass",
    ),
    "adduct": ("adduct", "precursor_type", "precursortype", "ion", "adduct_type", "ion_type"),
    "charge": ("charge", "precursor_charge", "charge_state"),
    "collision_energy": (
        "collision_energy",
        "collisionenergy",
        "collision_energy_ev",
        "normalized_collision_energy",
        "nce",
        "ce",
        "collision_energy_voltage",
        "collision_energy_nce",
    ),
    "fragmentation_mode": ("fragmentation_mode", "fragmentation_method", "activation", "activation_method"),
    "instrument": ("instrument_type", "instrumenttype", "source_instrument", "instrument", "instrumentation"),
    "formula": ("formula", "molecular_formula", "molecularformula", "sum_formula"),
    "smiles": ("smiles",),
    "ms_level": ("ms_level", "mslevel", "ms_type", "spectrum_type", "spectrumtype"),
    "num_peaks": ("num_peaks", "numpeaks", "num_peak"),
}
"""Our name → names in real files, as `field_name`s; of several in one record the first in the list counts."""

_ABSENT = frozenset(
    {"", "n/a", "na", "nan", "none", "null", "unknown", "-", "--", "?", "not available", "[m+?]+", "[m+?]-"}
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
_CHARGE = re.compile(r"([+-]?)(\d{1,2})([+-]?)|([+-])")
_MS_LEVEL = re.compile(r"(?:ms)?\s*(\d)(?:\.0)?", re.IGNORECASE)


def field_name(raw: str) -> str:
    """`raw` as a metadata key in lower snake case: `PRECURSOR_M/Z` becomes `precursor_m_z`."""
    return re.sub(r"[^a-z0-9]+", "_", raw.lower()).strip("_")


def parse_number(text: str, what: str, code: str) -> float:
    """A number as files write it; a comma between digits is a decimal comma.

    Raises:
        InputError: text that is no number, with `code`; NaN or infinity, with code `not_finite`.
    """
    token = text.strip()
    if _NUMBER.fullmatch(token):
        value = float(token)
    elif _DECIMAL_COMMA.fullmatch(token):
        value = float(token.replace(",", "."))
    elif _NOT_FINITE.fullmatch(token):
        value = float("nan")
    else:
        raise InputError(
            f"{what} {shorten(token)!r}", "a number", hint="write it like 195.0877 or 1.2e4", code=code
        )
    if not np.isfinite(value):
        raise InputError(
            f"{what} {shorten(token)!r}", "a finite number", hint="correct or remove it", code="not_finite"
        )
    return value


def value_of(headers: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """(header name, text) of the known field `name`, or `None` if absent or said to be unknown."""
    for alias in ALIASES[name]:
        text = headers.get(alias)
        if text is not None and text.strip().lower() not in _ABSENT:
            return alias, text.strip()
    return None


def parse_charge(text: str) -> str | None:
    """`1+`, `+1`, `1-`, `-1`, `2`, `+` as `+1`, `+1`, `-1`, `-1`, `2`, `+1`; `None` for anything else.

    A charge without sign keeps none: files of negative mode write `1`, too.
    """
    match = _CHARGE.fullmatch(text.strip().replace(" ", "").removesuffix(".0"))
    if match is None or (match[1] and match[3]):
        return None
    return f"{match[1] or match[3] or match[4] or ''}{int(match[2] or 1)}"


def check_ms_level(headers: Mapping[str, str]) -> None:
    """Refuse a record that says it is not an MS2 spectrum."""
    found = value_of(headers, "ms_level")
    level = _MS_LEVEL.fullmatch(found[1]) if found else None
    if level and level[1] != "2":
        raise InputError(
            f"a spectrum of MS level {level[1]}",
            "MS level 2",
            hint="export MS/MS spectra only; survey scans carry no fragments",
            code="not_ms2",
        )


def build_spectrum(headers: Mapping[str, str], mz: ArrayLike, intensity: ArrayLike) -> MassSpectrum:
    """The spectrum that headers and peaks describe.

    Raises:
        InputError: not MS2, an unknown adduct, a malformed number, or another number of peaks than announced.
    """
    check_ms_level(headers)
    precursor_mz = None
    if found := value_of(headers, "precursor_mz"):
        # PEPMASS may carry the precursor's intensity and charge behind its m/z.
        value = parse_number(found[1].split(None, 1)[0], "precursor m/z", "invalid_precursor")
        precursor_mz = value if value != 0 else None  # libraries write 0 where it is not known
    adduct = None
    if found := value_of(headers, "adduct"):
        adduct = parse_adduct(found[1]).name
    instrument = value_of(headers, "instrument")
    mode = value_of(headers, "fragmentation_mode")
    energy = CollisionEnergy()
    if found := value_of(headers, "collision_energy"):
        family = instrument_class(instrument[1]) if instrument else None
        energy = parse_collision_energy(found[1], found[0], family, mode[1] if mode else None)
    if found := value_of(headers, "num_peaks"):
        announced = parse_number(found[1], "number of peaks", "invalid_num_peaks")
        num_peaks = np.size(mz)
        if announced != num_peaks:
            raise InputError(
                f"{num_peaks} peaks",
                f"the {announced:g} that {found[0]} announces",
                hint="the record is cut off or its count is wrong; correct or remove the count",
                code="peak_count_mismatch",
            )
    return MassSpectrum(
        mz=np.asarray(mz, np.float64),
        intensity=np.asarray(intensity, np.float64),
        precursor_mz=precursor_mz,
        adduct=adduct,
        collision_energy_ev=energy.ev,
        normalized_collision_energy=energy.normalized,
        instrument=instrument[1] if instrument else None,
    )


def assemble(
    id: str,
    headers: Mapping[str, str],
    spectra: tuple[MassSpectrum, ...],
    where: Where,
    consumed: Sequence[str] = (),
) -> Record:
    """The record of one compound.

    Args:
        id: its identifier.
        headers: `field_name` → text; what `MassSpectrum` and `Evidence` do not hold becomes metadata.
        spectra: its spectra, read from the same headers.
        where: its place.
        consumed: names of headers that may hold the identifier; the one that does leaves the metadata.

    Raises:
        InputError: a formula that is none.
    """
    formula = value_of(headers, "formula")
    smiles = value_of(headers, "smiles")
    charge = value_of(headers, "charge")
    taken = {found[0] for found in (formula, smiles, value_of(headers, "num_peaks")) if found}
    taken |= {name for name in consumed if headers.get(name) == id}
    for name in ("precursor_mz", "adduct", "instrument"):
        # What stands behind the first word of PEPMASS is kept as text.
        if (found := value_of(headers, name)) and (name != "precursor_mz" or len(found[1].split()) == 1):
            taken.add(found[0])
    metadata = {name: text for name, text in headers.items() if text and name not in taken}
    if charge and (parsed := parse_charge(charge[1])):
        metadata["charge"] = parsed
    evidence = Evidence(id, formula=parse_charged_formula(formula[1])[0] if formula else None, msms=spectra)
    return Record(evidence, smiles=smiles[1] if smiles else None, where=where, metadata=metadata)
