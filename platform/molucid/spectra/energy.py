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
# `20 HCD (NCE 20-30-40%)`: the bracket spells out what stands before it.
_SPELLED_OUT = re.compile(r"\(([^)]*nce[^)]*\d[^)]*)\)")
# NIST writes both scales: `NCE=35% 12eV`.
_BOTH = re.compile(rf"({_NUMBER})\s*%\D*?({_NUMBER})\s*ev")
# Thermo's filter line: `FTMS + c ESI d Full ms2 195.0877@hcd35.00 [50.00-210.00]`.
_FILTER_ENERGY = re.compile(r"@(?:hcd|cid)(\d{1,4}(?:\.\d{1,9})?)")
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


def parse_collision_energy(text: str, field: str = "collision_energy") -> CollisionEnergy:
    """Read `30 eV`, `HCD 35%`, `35 NCE`, `10,20,40`, `20-40 eV`, `15, 30 (nominal)`, `-35 V` and their like.

    Several energies of one spectrum (stepped or ramped) become their mean: the model conditions on one
    number. A number without unit is in eV, except after `HCD`, whose setting on Thermo instruments is an NCE.

    Args:
        text: the value as written.
        field: lower-case name of the header it stands under, which may name the scale (`nce`,
            `collision_energy_ev`).

    Returns:
        Both fields `None` if the text holds no usable number (`low`, `N/A`).
    """
    if len(text) > _MAX_CHARS:
        return CollisionEnergy()
    lowered = text.strip().lower()
    if _DECIMAL_COMMA.match(lowered):
        lowered = lowered.replace(",", ".")
    if both := _BOTH.search(lowered):
        return CollisionEnergy(ev=float(both[2]), normalized=float(both[1]))
    if spelled_out := _SPELLED_OUT.search(lowered):
        lowered = spelled_out[1]
    # A hyphen before or between numbers is a sign of the electrode or a ramp: the energy itself is never
    # negative.
    values = [float(number) for number in re.findall(_NUMBER, lowered)]
    if not values:
        return CollisionEnergy()
    mean = sum(values) / len(values)
    name = field.lower()
    normalized = bool(_NORMALIZED.search(lowered)) or "nce" in re.split(r"[^a-z]+", name) or "normali" in name
    electronvolt = bool(_ELECTRONVOLT.search(lowered)) or "ev" in re.split(r"[^a-z]+", name)
    if normalized or ("hcd" in lowered and not electronvolt):
        return CollisionEnergy(normalized=mean)
    return CollisionEnergy(ev=mean)


def is_thermo_setting(energy: str, filter_line: str) -> bool:
    """Whether `energy` repeats the setting in a Thermo filter line and so is an NCE, whatever its field says.

    Converters write that setting under the term and attribute for eV.
    """
    setting = _FILTER_ENERGY.search(filter_line)
    number = re.fullmatch(_NUMBER, energy.strip())
    return setting is not None and number is not None and float(number[0]) == float(setting[1])
