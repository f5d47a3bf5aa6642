"""The many characters of one meaning in printed NMR text, and where in a text a fault stands."""

from __future__ import annotations

import re

from molucid.errors import InputError

NUMBER = r"\d{1,4}(?:\.\d{1,6})?"
"""A number without sign in text that `plain` has been through."""

_AROUND = 24
_SAME: dict[str, str] = {
    " ": "\t\n\r\x0b\x0c\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d"
    "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\xad",
    "-": "‐‑‒–—―−﹣－",
    "~": "∼～",
    "x": "×✕⨯",
    "'": "′’‘´`ʹ",
    '"': "″”“‴",
    "(": "（",
    ")": "）",
    ",": "，",
    ";": "；",
    ":": "：",
    "=": "═＝≈≅≃",
    "δ": "ẟ𝛿∂ð",
    "H": "Н",
    "C": "С",
    "O": "О",
}
_TABLE = {ord(variant): plain for plain, variants in _SAME.items() for variant in variants}
_TABLE |= {
    ord(digit): str(value) for digits in ("⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉") for value, digit in enumerate(digits)
}
_MOJIBAKE_DASH = re.compile('â€[“”"]')
_MOJIBAKE_DELTA = re.compile("Î´")
_DECIMAL_POINT = re.compile(r"\d\.\d")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d{1,2}(?!\d|,\d))")
# No locants as those of 2,4,6-trimethyl, C-2,3,5 or 2,3,5-H.
_UNCLEAR_COMMA = re.compile(r"(?<![\w\-',])\d{1,4}(?:,\d{3,}|,\d{1,2},\d)[\d,]*(?![\w\-'])")


def plain(text: str) -> str:
    """`text` with one spelling for each meaning, character by character, so that positions stay.

    All spaces become blanks, dashes hyphens, superscripts and subscripts digits. In a text without any decimal point,
    a comma between digits is one; a comma before a blank separates.
    """
    flat = _one_spelling(text)
    return flat if _DECIMAL_POINT.search(flat) else _DECIMAL_COMMA.sub(".", flat)


def require_clear_commas(text: str, start: int, end: int) -> None:
    """Refuse numbers with commas only, of which nothing tells whether those are decimal: `128,5,77,0`, `150,128,77`.

    Raises:
        InputError: such numbers between two positions of a text without any decimal point (`ambiguous_comma`).
    """
    flat = _one_spelling(text)
    if not _DECIMAL_POINT.search(flat) and (found := _UNCLEAR_COMMA.search(flat, start, end)):
        raise text_fault(
            text,
            found.start(),
            f"numbers {found[0]}",
            "decimal points, or a blank behind each comma that separates",
            "ambiguous_comma",
            "write 128.5, 77.0 or 128,5, 77,0",
        )


def _one_spelling(text: str) -> str:
    return _MOJIBAKE_DELTA.sub("δ ", _MOJIBAKE_DASH.sub(" - ", text)).translate(_TABLE)


def text_fault(
    text: str, position: int, got: str, expected: str, code: str, hint: str | None = None
) -> InputError:
    """The refusal of a text for what stands at `position`, with the text around it."""
    before = text[max(0, position - _AROUND) : position]
    behind = text[position : position + _AROUND]
    left, right = "…" if position > _AROUND else "", "…" if position + _AROUND < len(text) else ""
    around = " ".join(f"{left}{before}»{behind}{right}".split())
    return InputError(f"{got} at character {position + 1} ({around})", expected, hint=hint, code=code)
