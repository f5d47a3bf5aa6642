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
from molucid.chem.formula import Formula, parse_charged_formula
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
    "ion_mode": ("ion_mode", "ionmode", "polarity", "ionization_mode", "ionisation_mode"),
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
_CHARGE = re.compile(r"(?P<before>[+-]?)(?P<number>[0-9]{1,2})(?P<behind>[+-]?)|(?P<alone>[+-])")
_ION_MODE = re.compile(
    r"(?:(?P<positive>\+1?|1\+|p(?:os(?:itive)?)?)|-1?|1-|n(?:eg(?:ative)?)?)(?: ?ion)?(?: ?(?:mode|scan))?",
    re.IGNORECASE,
)
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


def is_number(token: str) -> bool:
    """Whether `parse_number` knows the form of `token`; NaN and infinity are numbers that it refuses."""
    return any(form.fullmatch(token) for form in (_NUMBER, _DECIMAL_COMMA, _NOT_FINITE))


def value_of(headers: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """(header name, text) of the known field `name`, or `None` if absent or said to be unknown."""
    for alias in ALIASES[name]:
        text = headers.get(alias)
        if text is not None and text.strip().lower() not in _ABSENT:
            return alias, text.strip()
    return None


def parse_charge(text: str) -> tuple[int | None, int | None]:
    """Sign and number of a charge: `2-`, `-2` are (−1, 2), `2` is (`None`, 2), `+` is (1, `None`).

    A charge without sign has none: files of negative mode write `1`, too. Text that is no single charge is
    (`None`, `None`), and so is 0, which files write where the charge is not known.
    """
    match = _CHARGE.fullmatch(text.strip().replace(" ", "").removesuffix(".0"))
    if match is None or (match["before"] and match["behind"]):
        return None, None
    number = None if match["number"] is None else int(match["number"])
    if number == 0:
        return None, None
    sign = match["before"] or match["behind"] or match["alone"]
    return {"+": 1, "-": -1}.get(sign or ""), number


def parse_ion_mode(text: str) -> int | None:
    """+1 for `positive`, `Pos`, `P`, `+`, `positive scan`; −1 for their opposites; `None` for anything else."""
    match = _ION_MODE.fullmatch(text.strip())
    return match and (1 if match["positive"] else -1)


def ion_species(headers: Mapping[str, str]) -> str | None:
    """Canonical name of the adduct, held to the ion mode and the charge where the record gives them.

    Raises:
        InputError: an unknown adduct, or one that contradicts ion mode or charge (`polarity_mismatch`,
            `charge_mismatch`).
    """
    adduct, mode, charge = (value_of(headers, name) for name in ("adduct", "ion_mode", "charge"))
    sign, number = parse_charge(charge[1]) if charge else (None, None)
    polarity = parse_ion_mode(mode[1]) if mode else None
    if mode and charge and polarity and sign and polarity != sign:
        raise InputError(
            f"charge {shorten(charge[1])} in ion mode {shorten(mode[1])}",
            "a charge and an ion mode of the same sign",
            hint=f"correct {charge[0]} or {mode[0]}",
            code="polarity_mismatch",
        )
    if adduct is None:
        return None
    known = parse_adduct(adduct[1], polarity or sign)
    if charge and number and number != abs(known.charge):
        raise InputError(
            f"adduct {known.name} with charge {shorten(charge[1])}",
            f"charge {abs(known.charge)}",
            hint=f"correct the adduct or {charge[0]}; 0 says that the charge is not known",
            code="charge_mismatch",
        )
    return known.name


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
        InputError: not MS2, an adduct that is unknown or contradicts ion mode or charge, a malformed number, or
            another number of peaks than announced.
    """
    check_ms_level(headers)
    precursor_mz = None
    if found := value_of(headers, "precursor_mz"):
        # PEPMASS may carry the precursor's intensity and charge behind its m/z.
        value = parse_number(found[1].split(None, 1)[0], "precursor m/z", "invalid_precursor")
        precursor_mz = value if value != 0 else None  # libraries write 0 where it is not known
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
        adduct=ion_species(headers),
        collision_energy_ev=energy.ev,
        normalized_collision_energy=energy.normalized,
        instrument=instrument[1] if instrument else None,
    )


def molecule_formula(text: str, spectra: Sequence[MassSpectrum]) -> Formula:
    """Formula of the molecule M of all adducts: of the neutral molecule, or of an ion that is itself observed.

    MassBank writes permanent ions with their charge (`C10H20N+`). That is M where the adduct is the ion itself
    (`[M]+`); with any other adduct it contradicts it, since `[M+H]+` of a cation has two charges. A spectrum
    without adduct contradicts nothing.

    Raises:
        InputError: a formula that is none, or whose charge is not that of its adduct (`charged_formula`).
    """
    formula, charge = parse_charged_formula(text)
    for adduct in (parse_adduct(spectrum.adduct) for spectrum in spectra if spectrum.adduct is not None):
        is_molecule = adduct.multiplicity == 1 and not adduct.gained and not adduct.lost
        if charge and not (is_molecule and adduct.charge == charge):
            raise InputError(
                f"formula {shorten(text)!r} of charge {charge:+d} with adduct {adduct.name}",
                "a formula without charge, or the adduct of that ion itself",
                hint="give the formula of the neutral molecule; a permanent cation is observed as [M]+",
                code="charged_formula",
            )
    return formula


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
        InputError: a formula that is none, or charged where the adduct is not that ion.
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
    sign, number = parse_charge(charge[1]) if charge else (None, None)
    if sign or number:
        metadata["charge"] = str(number) if sign is None else f"{sign * (number or 1):+d}"
    evidence = Evidence(id, formula=molecule_formula(formula[1], spectra) if formula else None, msms=spectra)
    return Record(evidence, smiles=smiles[1] if smiles else None, where=where, metadata=metadata)
