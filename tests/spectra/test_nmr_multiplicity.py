from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molucid.errors import InputError
from molucid.spectra.nmr_entries import multiplicity_of
from molucid.spectra.nmr_multiplicity import (
    PARTNERS,
    carbon_type,
    coupling_partners,
    couplings_per_partner,
    known_multiplicity,
    parse_multiplicity,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s", "s"),
        ("S", "s"),
        ("DD", "dd"),
        ("Multiplet", "m"),
        ("br s", "br s"),
        ("br. s", "br s"),
        ("brs", "br s"),
        ("bs", "br s"),
        ("b.s.", "br s"),
        ("s br", "br s"),
        ("broad singlet", "br s"),
        ("br", "br s"),
        ("br d", "br d"),
        ("brd", "br d"),
        ("bm", "br m"),
        ("app t", "t"),
        ("app. td", "td"),
        ("pseudo t", "t"),
        ("d.d.", "dd"),
        ("doublet of doublets", "dd"),
        ("d of t", "dt"),
        ("ddt", "ddt"),
        ("p", "quint"),
        ("quintet", "quint"),
        ("pent", "quint"),
        ("h", "sext"),
        ("sextet", "sext"),
        ("hept", "sept"),
        ("sep", "sept"),
        ("dquint", "dquint"),
        ("pd", "quintd"),
        ("heptd", "septd"),
        ("m", "m"),
        ("dm", "m"),
        ("overlapped m", "m"),
        ("ABq", "m"),
        ("AA'BB'", "m"),
        ("AB system", "m"),
    ],
)
def test_spellings(text: str, name: str) -> None:
    assert parse_multiplicity(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "H", "C", "Ph", "ph", "Th", "Hd", "CH3", "ax", "foo", "ss", "ds", "z", "ArH", "7", "x" * 1000],
)
def test_what_is_no_splitting(text: str) -> None:
    assert known_multiplicity(text) is None
    with pytest.raises(InputError, match="multiplicity") as fault:
        parse_multiplicity(text)
    assert fault.value.code == "unknown_multiplicity"


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("q", [7.1], (7.1, 7.1, 7.1)),
        ("dt", [8.0, 2.0], (8.0, 2.0, 2.0)),
        ("td", [2.0, 8.0], (8.0, 2.0, 2.0)),
        ("ddt", [17.0, 10.3, 6.6], (17.0, 10.3, 6.6, 6.6)),
        ("br t", [6.0], (6.0, 6.0)),
        ("t", [7.7, 7.7], (7.7, 7.7)),
        ("dd", [7.6], (7.6,)),
        ("m", [2.0, 8.0], (8.0, 2.0)),
        (None, [3.0], (3.0,)),
        ("s", [], ()),
    ],
)
def test_couplings_once_per_partner(
    name: str | None, given: list[float], expected: tuple[float, ...]
) -> None:
    assert couplings_per_partner(name, given) == expected


@given(st.lists(st.sampled_from([name for name in PARTNERS if name != "s"]), min_size=1, max_size=4))
def test_composites_are_read_back_and_count_their_partners(parts: list[str]) -> None:
    name = "".join(parts)
    assert parse_multiplicity(name) == name
    assert coupling_partners(name) == tuple(PARTNERS[part] for part in parts)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Q", "Q"),
        ("CH3", "Q"),
        ("ch2", "T"),
        ("CH", "D"),
        ("C", "S"),
        ("Cq", "S"),
        ("q", None),
        ("c", None),
        ("", None),
    ],
)
def test_carbon_types_are_capitals_or_groups(text: str, name: str | None) -> None:
    assert carbon_type(text) == name
    if name:
        assert multiplicity_of(text, "13C") == name


def test_a_type_of_carbon_is_none_of_a_proton() -> None:
    assert multiplicity_of("Q", "1H") == "q"
    with pytest.raises(InputError):
        multiplicity_of("CH3", "1H")
