from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molucid.spectra.energy import (
    CollisionEnergy,
    collision_energy,
    is_thermo_setting,
    parse_collision_energy,
)


@pytest.mark.parametrize(
    ("text", "ev", "normalized"),
    [
        ("30", 30, None),
        ("30 eV", 30, None),
        ("30eV", 30, None),
        ("10,5 eV", 10.5, None),
        ("35 V", 35, None),
        ("-35 eV", 35, None),
        ("10,20,40", None, None),
        ("20,40", None, None),
        ("20-40 eV", None, None),
        ("Ramp 21.1-31.6 eV", None, None),
        ("1e1 eV", 10, None),
        ("3.5E+1 NCE", None, 35),
        ("1,5e1 eV", 15, None),
        ("35,00 eV", 35, None),
        ("10,5,20 eV", None, None),
        (".5 eV", 0.5, None),
        ("1e-05 eV", 1e-05, None),
        ("1e999 eV", None, None),
        ("35 (HCD cell 2)", None, None),
        ("25 kV", None, None),
        ("30 a.u.", None, None),
        ("35 ± 5 eV", None, None),
        ("CE: 30 eV (HCD)", 30, None),
        ("normalized collision energy 35", None, 35),
        ("35 % 12 eV", 12, 35),
        ("12 eV, 35 NCE", 12, 35),
        ("12 eV 35 eV", None, None),
        ("35 NCE eV", None, None),
        ("Ramp 30 eV", None, None),
        ("eV-ramp 30", None, None),
        ("30 eV (nominal)", 30, None),
        ("CID 30 eV", 30, None),
        ("0", 0, None),
        ("HCD 35%", None, 35),
        ("35 NCE", None, 35),
        ("35NCE", None, 35),
        ("NCE35", None, 35),
        ("30 (nominal)", None, 30),
        ("45 % (nominal)", None, 45),
        ("15, 30, 45, 60, 75, 90 (nominal)", None, None),
        ("20 HCD (NCE 20-30-40%)", None, None),
        ("HCD 30", None, 30),
        ("HCD 30 eV", 30, None),
        ("NCE=35% 12eV", 12, 35),
        ("N/A", None, None),
        ("low", None, None),
        ("", None, None),
    ],
)
def test_spellings(text: str, ev: float | None, normalized: float | None) -> None:
    energy = parse_collision_energy(text)
    assert energy.ev == (None if ev is None else pytest.approx(ev))
    assert energy.normalized == (None if normalized is None else pytest.approx(normalized))


@pytest.mark.parametrize("field", ["nce", "normalized_collision_energy", "collision_energy_nce"])
def test_field_may_name_the_scale(field: str) -> None:
    assert parse_collision_energy("30", field) == CollisionEnergy(normalized=30)
    assert parse_collision_energy("30 eV", field) == CollisionEnergy(ev=30)


@pytest.mark.parametrize("field", ["collision_energy_ev", "collision_energy_voltage"])
def test_a_field_in_ev_holds_on_every_instrument(field: str) -> None:
    assert parse_collision_energy("30", field, "orbitrap", "HCD") == CollisionEnergy(ev=30)


NCE, EV, UNKNOWN = CollisionEnergy(normalized=30.0), CollisionEnergy(ev=30.0), CollisionEnergy()


@pytest.mark.parametrize(
    ("unit", "instrument", "mode", "expected"),
    [
        ("?", "orbitrap", "HCD", NCE),
        ("?", "orbitrap", "CID", NCE),
        ("?", "orbitrap", None, NCE),
        ("?", "fticr", None, NCE),
        ("?", "qtof", "CID", EV),
        ("?", "qtof", "HCD", EV),
        ("?", "qqq", None, EV),
        ("?", "ion_trap", None, EV),
        ("?", "other", None, EV),
        ("?", "other", "HCD", NCE),
        ("?", None, "hcd", NCE),
        ("?", None, "CID", EV),
        ("?", None, None, EV),
        ("eV", "orbitrap", "HCD", EV),
        ("NCE", "qtof", None, NCE),
        ("eV-ramp", "qtof", None, UNKNOWN),
        ("NCE-ramp", "orbitrap", None, UNKNOWN),
        ("?-ramp", "orbitrap", "HCD", UNKNOWN),
        (None, "orbitrap", "HCD", UNKNOWN),
    ],
)
def test_the_rule(
    unit: str | None, instrument: str | None, mode: str | None, expected: CollisionEnergy
) -> None:
    assert collision_energy(30.0, unit, instrument, mode) == expected
    assert collision_energy(None, unit, instrument, mode) == UNKNOWN
    if unit is not None:
        # The same number and unit as text mean the same; a text without unit is the `?` of the tables.
        text = "30" if unit == "?" else f"30 {unit}"
        assert parse_collision_energy(text, "collision_energy", instrument, mode) == expected


def test_thermo_setting_is_recognised_by_its_filter_line() -> None:
    assert is_thermo_setting("35.0", "FTMS + p ESI d Full ms2 195.09@hcd35.00 [50-210]")
    assert not is_thermo_setting("35.0", "FTMS + p ESI d Full ms2 195.09@hcd30.00 [50-210]")
    assert not is_thermo_setting("35.0", "")
    assert is_thermo_setting("3.5e1", "FTMS + p ESI d Full ms2 195.09@hcd35.00 [50-210]")


@given(st.text(max_size=300))
def test_any_text_gives_energies_that_are_not_negative(text: str) -> None:
    energy = parse_collision_energy(text)
    assert energy.ev is None or energy.ev >= 0
    assert energy.normalized is None or energy.normalized >= 0
