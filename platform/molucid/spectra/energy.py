"""Collision energies as files spell them: eV and Thermo's normalised energy (NCE) are told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"\d+(?:\.\d+)?"
# One comma with a single digit behind it is a decimal comma (`10,5 eV`); every other comma separates
# (`20,40`).
_DECIMAL_COMMA = re.compile(r"^\D*\d+,\d(?![\d,])[^,]*$")
_NORMALIZED = re.compile(r"%|(?<![a-z])nce(?![a-z])|normali[sz]ed|nominal")
_ELECTRONVOLT = re.compile(r"(?<![a-z])e?v(?![a-z])|electron ?volt")
_RAMP = re.compile(r"ramp|step")
# NIST writes both scales: `NCE=35% 12eV`.
_BOTH = re.compile(rf"({_NUMBER})\s*%\D*?({_NUMBER})\s*ev")
# Thermo's filter line: `FTMS + c ESI d Full ms2 195.0877@hcd35.00 [50.00-210.00]`.
_FILTER_ENERGY = re.compile(r"@(?:hcd|cid)(\d{1,4}(?:\.\d{1,9})?)")
_HCD = re.compile(r"(?<![a-z])hcd(?![a-z])", re.IGNORECASE)
_MAX_CHARS = 200


@dataclass(frozen=True, slots=True)
class CollisionEnergy:
    """A collision energy on one of two scales that cannot be converted without the instrument's own law.

    Attributes:
        ev: laboratory-frame energy in eV.
        normalized: Thermo's normalised collision energy in percent (NCE).
    """

    ev: float | None = None
    normalized: float | None = None


def collision_energy(
    value: float | None,
    unit: str | None,
    instrument_class: str | None,
    fragmentation_mode: str | None,
) -> CollisionEnergy:
    """What one number means as a collision energy: the rule of every reader and of every training table.

    A number without unit is what the vendor's software shows: an NCE on instruments that read out in an Orbitrap
    or a cyclotron, an energy in eV elsewhere. Contributors' values agree (15 … 90 on the first, 10 … 40 on the
    second). Where the instrument is of no known class, HCD tells an Orbitrap.

    Args:
        value: the number; `None` if there is none.
        unit: `eV`, `NCE`, or `?` where the source names none; any other, a ramp's `eV-ramp` too, is no scale of a
            single energy.
        instrument_class: one of `molucid.spectra.instrument.INSTRUMENT_CLASSES`, or `None`.
        fragmentation_mode: as the source writes it, e.g. `HCD`.

    Returns:
        At most one of both scales; both `None` where the energy is not known.
    """
    if value is None:
        return CollisionEnergy()
    if unit == "?":
        is_unknown = instrument_class in (None, "other")
        is_hcd = fragmentation_mode is not None and _HCD.search(fragmentation_mode) is not None
        unit = "NCE" if instrument_class in ("orbitrap", "fticr") or (is_unknown and is_hcd) else "eV"
    if unit == "NCE":
        return CollisionEnergy(normalized=value)
    return CollisionEnergy(ev=value) if unit == "eV" else CollisionEnergy()


def parse_collision_energy(
    text: str,
    field: str = "collision_energy",
    instrument_class: str | None = None,
    fragmentation_mode: str | None = None,
) -> CollisionEnergy:
    """Read `30 eV`, `HCD 35%`, `35 NCE`, `30 (nominal)`, `-35 V`, `NCE=35% 12eV` and their like.

    Several energies of one spectrum (`10,20,40`) and a ramp (`20-40 eV`) are no single energy, so none is
    known. What a number without unit means is decided by `collision_energy`.

    Args:
        text: the value as written.
        field: lower-case name of the header it stands under, which may name the scale (`nce`,
            `collision_energy_ev`); a unit in the text holds over it.
        instrument_class: as for `collision_energy`.
        fragmentation_mode: as for `collision_energy`; the text may name it, too (`HCD 35`).

    Returns:
        Both fields `None` if the text holds no single energy (`low`, `N/A`, `20-40 eV`).
    """
    if len(text) > _MAX_CHARS:
        return CollisionEnergy()
    lowered = text.strip().lower()
    if _DECIMAL_COMMA.match(lowered):
        lowered = lowered.replace(",", ".")
    if both := _BOTH.search(lowered):
        return CollisionEnergy(ev=float(both[2]), normalized=float(both[1]))
    # A hyphen before the number is the sign of the electrode: the energy itself is never negative.
    values = [float(number) for number in re.findall(_NUMBER, lowered)]
    if len(values) != 1 or _RAMP.search(lowered):
        return CollisionEnergy()
    if _ELECTRONVOLT.search(lowered):
        unit = "eV"
    elif _NORMALIZED.search(lowered):
        unit = "NCE"
    else:
        unit = _unit_of_field(field)
    mode = "HCD" if _HCD.search(lowered) else fragmentation_mode
    return collision_energy(values[0], unit, instrument_class, mode)


def _unit_of_field(field: str) -> str:
    words = field.lower().split("_")
    if "nce" in words or any(word.startswith(("normalized", "normalised")) for word in words):
        return "NCE"
    return "eV" if "ev" in words or "voltage" in words else "?"


def is_thermo_setting(energy: str, filter_line: str) -> bool:
    """Whether `energy` repeats the setting in a Thermo filter line and so is an NCE, whatever its field says.

    Converters write that setting under the term and attribute for eV.
    """
    setting = _FILTER_ENERGY.search(filter_line)
    number = re.fullmatch(_NUMBER, energy.strip())
    return setting is not None and number is not None and float(number[0]) == float(setting[1])
