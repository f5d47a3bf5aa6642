"""Collision energies as files spell them: eV and Thermo's normalised energy (NCE) are told apart."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

# One comma with a single digit or a zero behind it is a decimal comma (`10,5 eV`); every other comma separates
# (`20,40`).
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*|,(?:[0-9]|0[0-9]+)(?![0-9,]))?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|(?P<word>[a-z]+|%)|[\s=:;,/()\[\]–—+-]+")
_UNITS = {
    **dict.fromkeys(("ev", "v", "volt", "volts", "electronvolt", "electronvolts"), "eV"),
    **dict.fromkeys(("%", "nce", "normalized", "normalised"), "NCE"),
    "nominal": "nominal",  # Thermo's word for the setting, but only where no unit says otherwise
}
_WITHOUT_MEANING = frozenset({"ce", "cid", "collision", "electron", "energy", "hcd", "voltage"})
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

    Numbers count in these forms only: numbers with an exponent or a decimal comma, units, the words of such
    headings and brackets around them. Any other word (`35 (HCD cell 2)`), several energies of one spectrum
    (`10,20,40`) and a ramp (`20-40 eV`) leave the energy unknown. What a number without unit means is decided by
    `collision_energy`.

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
    lowered = text.lower()
    values: list[float] = []
    units: list[set[str]] = [set()]  # of each number; those before the first number are its own, too
    position = 0
    while position < len(lowered):
        token = _TOKEN.match(lowered, position)
        if token is None:
            return CollisionEnergy()
        position = token.end()
        if token["number"]:
            values.append(_value(token["number"]))
            units += [set()] if len(values) > 1 else []
        elif word := token["word"]:
            if word in _UNITS:
                units[-1].add(_UNITS[word])
            elif word not in _WITHOUT_MEANING:
                return CollisionEnergy()
    if not all(map(math.isfinite, values)):
        return CollisionEnergy()
    # NIST writes one energy on both scales: `NCE=35% 12eV`.
    if len(values) == 2 and units in ([{"NCE"}, {"eV"}], [{"eV"}, {"NCE"}]):
        return CollisionEnergy(ev=values[units.index({"eV"})], normalized=values[units.index({"NCE"})])
    named = units[0] if units[0] == {"nominal"} else units[0] - {"nominal"}
    if len(values) != 1 or len(named) > 1:
        return CollisionEnergy()
    unit = next(iter(named), None) or _unit_of_field(field)
    mode = "HCD" if _HCD.search(lowered) else fragmentation_mode
    return collision_energy(values[0], "NCE" if unit == "nominal" else unit, instrument_class, mode)


def _value(number: str) -> float:
    return float(number.replace(",", "."))


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
    number = re.fullmatch(_NUMBER, energy.strip().lower())
    return setting is not None and number is not None and _value(number[0]) == float(setting[1])
