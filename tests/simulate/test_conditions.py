"""Encoding of measurement conditions."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.simulate.conditions import NUM_CONDITION_FEATURES, Conditions, encode_conditions, nce_to_ev
from molucid.spectra.instrument import INSTRUMENT_CLASSES


def test_nce_is_defined_at_m_z_500() -> None:
    assert nce_to_ev(30, 500) == 30
    assert nce_to_ev(30, 250) == 15


def test_energies_are_told_apart_even_where_they_are_equal() -> None:
    as_ev = encode_conditions(Conditions(collision_energy_ev=30), 500)
    as_nce = encode_conditions(Conditions(normalized_collision_energy=30), 500)
    unknown = encode_conditions(Conditions(), 500)
    assert as_ev.shape == (NUM_CONDITION_FEATURES,)
    assert not np.array_equal(as_ev, as_nce)
    assert not np.array_equal(unknown, encode_conditions(Conditions(collision_energy_ev=0), 500))


def test_adduct_and_instrument_are_one_hot() -> None:
    rows = [encode_conditions(Conditions(a, instrument_class=i), 300) for a, i in
            [("[M+H]+", "orbitrap"), ("[M-H]-", "orbitrap"), ("[M+H]+", "qtof"), ("[M+H]+", None)]]  # fmt: skip
    assert len({row.tobytes() for row in rows}) == 4
    # a class without training spectra is as good as none
    np.testing.assert_array_equal(encode_conditions(Conditions(instrument_class="fticr"), 300), rows[3])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"collision_energy_ev": 10, "normalized_collision_energy": 10}, "two_energies"),
        ({"collision_energy_ev": -1}, "invalid_energy"),
        ({"normalized_collision_energy": float("nan")}, "invalid_energy"),
        ({"adduct": "[M+K]+"}, "unsupported_adduct"),
        ({"adduct": "M plus H"}, "unsupported_adduct"),
        ({"instrument_class": "orbitrp"}, "unknown_instrument_class"),
        ({"instrument_class": "LC-ESI-QTOF"}, "unknown_instrument_class"),
        ({"instrument_class": ""}, "unknown_instrument_class"),
    ],
)
def test_wrong_conditions_are_refused_by_name(fields: dict[str, object], code: str) -> None:
    with pytest.raises(InputError) as caught:
        Conditions(**fields)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.code == code


def test_a_misspelt_instrument_class_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'orbitrp'.*\nhint: the nearest known one is orbitrap$"):
        Conditions(instrument_class="orbitrp")
    for name in INSTRUMENT_CLASSES:
        assert Conditions(instrument_class=name).instrument_class == name
