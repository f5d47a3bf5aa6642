"""The parentheses of one NMR section: paired, and refused where a missing one would hide a shift."""

from __future__ import annotations

import re

from molucid.errors import InputError
from molucid.spectra.nmr_text_plain import NUMBER, text_fault
from molucid.spectra.types import Nucleus

COUNT_H = re.compile(
    r"(?<![A-Za-z0-9.\-])(?:(\d{1,2})\s?x\s?)?(\d{1,3}(?:\.\d+)?)\s?[x*]?\s?H'?(?![A-Za-z0-9'\-])"
)
"""A number of hydrogens: `3H`, `2 x 3H`, `1.5 H`."""

_SEPARATED = re.compile(r"[,;]|\d\.\d")
_SWALLOWED = re.compile(rf"[,;]\s*-?\d{{1,3}}\.\d{{1,3}}(?:\s*-\s*{NUMBER})?\s*[(\[]\s*(?:\d+\s?H|[a-z])")
_OPEN, _CLOSE = "([{", ")]}"


def groups_of(text: str, body: str, start: int, end: int, nucleus: Nucleus) -> list[tuple[int, int]]:
    """Outermost parentheses as (position of the opening one, of the closing one).

    Args:
        text: as the user wrote it, for messages.
        body: the same after `plain`, without couplings.
        start: of the first shift.
        end: of the section.
        nucleus: only ¹H entries have numbers of hydrogens.

    Raises:
        InputError: one without its partner, or a group with a shift in it (`unbalanced_parenthesis`).
    """
    groups: list[tuple[int, int]] = []
    pending: list[int] = []
    for position in range(start, end):
        character = body[position]
        if character in _OPEN:
            pending.append(position)
        elif character in _CLOSE:
            if not pending or _OPEN.index(body[pending[-1]]) != _CLOSE.index(character):
                raise _unbalanced(text, position, character)
            opening = pending.pop()
            if not pending:
                groups.append((opening, position))
    if pending:
        raise _unbalanced(text, pending[0], body[pending[0]])
    for opening, closing in groups:
        if swallowed := _SWALLOWED.search(body, opening, closing):
            raise _unbalanced(text, swallowed.start() + 1, "a shift inside of parentheses")
        if nucleus == "1H":
            _require_one_count(text, without_inner(body[opening + 1 : closing]), opening + 1)
    return groups


def _require_one_count(text: str, content: str, start: int) -> None:
    """Refuse `m, 3H, 3.91 s, 3H`: two missing parentheses cancel, and 3.91 is lost; `5H maj + 5H min` is one signal."""
    previous: re.Match[str] | None = None
    for count in COUNT_H.finditer(content):
        if previous is not None and _SEPARATED.search(content, previous.end(), count.start()):
            raise _unbalanced(
                text, start + count.start(), "a second number of hydrogens in one pair of parentheses"
            )
        previous = count


def _unbalanced(text: str, position: int, what: str) -> InputError:
    got = f"{what} without its partner" if len(what) == 1 else what
    return text_fault(
        text,
        position,
        got,
        "as many opening as closing parentheses",
        "unbalanced_parenthesis",
        "add the missing parenthesis",
    )


def without_inner(content: str) -> str:
    """`content` with commas in place of its inner parentheses."""
    depth, kept = 0, []
    for character in content:
        depth += character in _OPEN
        kept.append("," if depth else character)
        depth -= character in _CLOSE
    return "".join(kept)
