"""The forms of JCAMP-DX tables against values written out by hand."""

from __future__ import annotations

import pytest

from molucid.errors import InputError
from molucid.spectra.jcamp_ordinates import read_ordinates, read_pairs
from molucid.spectra.source import Line

# The example of McDonald & Wilks 1988, figure 1: one row in every form.
PUBLISHED = [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]


def table(*texts: str) -> list[Line]:
    return [Line(number, text, False) for number, text in enumerate(texts, start=1)]


def values(*texts: str) -> list[float]:
    return list(read_ordinates(table(*texts), 1000).values)


def code(*texts: str, limit: int = 1000) -> str:
    with pytest.raises(InputError) as caught:
        read_ordinates(table(*texts), limit)
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "99 1 2 3 3 2 1 0 -1 -2 -3",  # AFFN
        "99+1+2+3+3+2+1+0-1-2-3",  # PAC
        "99ABCCBA@abc",  # SQZ
        "99ABCT BA@abc",  # SQZ with DUP
        "99AJJ%jjjjjj",  # DIF
        "99AJT%jX",  # DIF with DUP: J twice, j six times
        "I9ABCCBA@abc",  # abscissa as SQZ: 99
        "99, 1, 2, 3; 3 2 1 0 -1 -2 -3",
        "99 1.0 2. 3e+0 30E-1 .2E+1 1 0 -1 -2 -3",
    ],
)
def test_every_form_of_the_published_example(text: str) -> None:
    result = read_ordinates(table(text), 100)
    assert list(result.values) == PUBLISHED
    assert (result.x_of_line, result.first_of_line, result.line_numbers) == ([99], [0], [1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0A5b07@%5", [15, -207, 0, 5]),  # % with a digit is the difference 05
        ("0C2J0k5", [32, 42, 17]),
        ("0A5T", [15, 15]),
        ("0A5S", [15]),
        ("0A0J0U", [10, 20, 30, 40]),  # U: the difference three times
        ("0A0S2", [10] * 12),  # DUP of two digits
        ("0E5e5", [55, -55]),  # no exponents
        ("0 1E5", [1, 55]),  # a SQZ number follows a plain one
        ("0A.5J.25", [1.5, 2.75]),
    ],
)
def test_digits_and_repeats(text: str, expected: list[float]) -> None:
    assert values(text) == expected


def test_a_line_behind_differences_begins_with_a_check() -> None:
    """10, 20, 30 | check 30, then 40; the check is no point of its own, and its abscissa is that of the point."""
    result = read_ordinates(table("400A0J0J0", "402C0J0"), 100)
    assert list(result.values) == [10, 20, 30, 40]
    assert result.first_of_line == [0, 2]
    # A line that holds nothing but the check ends a table.
    assert values("400A0J0", "401B0") == [10, 20]
    # Some programs write 0 there.
    assert values("400A0J0", "401@") == [10, 20]
    assert code("400A0J0", "401@J0") == "y_check_failed"
    # A check may be plain, and a repeat of a difference is one, too.
    assert values("400A0J0T", "403 30 J0") == [10, 20, 30, 40]


def test_a_line_behind_values_has_no_check() -> None:
    assert values("400A0B0", "402C0D0") == [10, 20, 30, 40]
    assert values("400A0J0B5", "403C0") == [10, 20, 25, 30]


def test_a_wrong_check_names_its_line() -> None:
    with pytest.raises(InputError, match="ordinate 31 at the start of line 2") as caught:
        values("400A0J0J0", "402C1J0")
    assert caught.value.code == "y_check_failed"


@pytest.mark.parametrize(
    "text", ["abc xyz", "400 1 x", "J5", "400J5", "400T", "400 #", "400 " + "A" + "9" * 400]
)
def test_what_is_no_number_is_malformed(text: str) -> None:
    assert code(text) == "malformed_ordinate"


def test_missing_ordinates_and_too_many_are_named() -> None:
    assert code("400 1 ? 3") == "not_finite"
    assert code("400A0S9", limit=5) == "too_many_points"
    assert code("400 1 2 3", limit=2) == "too_many_points"
    assert code("400 1e+308 1E+999") == "malformed_ordinate"


def test_pairs() -> None:
    x, y = read_pairs(table("400,1; 401,2;", " 402 3   403.5 -4e+0 "), 10)
    assert (list(x), list(y)) == ([400, 401, 402, 403.5], [1, 2, 3, -4])
    for text, expected in (("400 1 401", "malformed_ordinate"), ("a b", "malformed_ordinate")):
        with pytest.raises(InputError) as caught:
            read_pairs(table(text), 10)
        assert caught.value.code == expected
