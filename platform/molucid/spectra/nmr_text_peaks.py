"""The peaks of one NMR section: shifts with what their parentheses say.

Order and separators are free: `7.26 (d, J = 8.0 Hz, 2H, ArH)`, `7.26 (2H, d, J = 8.0)`, `7.26, d, J = 8.0 Hz, 2H;`.
What is neither splitting, coupling nor number is a label and is left out. The steps: couplings are cut out of the
text, because they hold commas and parentheses of their own; parentheses are paired; the numbers outside of them are
the shifts; everything up to the next shift belongs to the one before.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

from molucid.errors import InputError
from molucid.spectra.nmr_entries import PeakEntry, whole_number
from molucid.spectra.nmr_multiplicity import CARBON_TYPES, carbon_type, known_multiplicity
from molucid.spectra.nmr_text_couplings import BROKEN_COUPLING, cut_couplings
from molucid.spectra.nmr_text_groups import COUNT_H, groups_of, without_inner
from molucid.spectra.nmr_text_plain import NUMBER, text_fault
from molucid.spectra.nmr_window import ShiftWindowConfig, check_shift
from molucid.spectra.types import Nucleus

_SHIFT = re.compile(
    rf"(?P<first>(?:-\s?)?{NUMBER})(?:\s*(?:-|~|\bto\b)\s*(?P<last>-?{NUMBER}))?"
    r"(?=[.:]?(?:[\s,;()\[\]{}/x&]|$|ppm))(?!\.\s?\d)"
)
_REPEATED = re.compile(r"(\d{1,2})\s?x\s?(?=-?\d)")
_TIMES = re.compile(r"x\s?(\d{1,2})(?![\d.])|(\d{1,2})\s?x(?![\w])")
_COUNT_C = re.compile(
    r"(\d{1,3})\s?[x*]?\s?(?:C(?:H\d?|q|quat)?s?|[SDTQ])|[x*]\s?(\d{1,2})C?|(\d{1,2})\s?[x*]"
)
_ATTACHED = re.compile(r"(?:\d{1,2}\s?[x*]?\s?)?(CH3|CH2|CH|Cq|[CSDTQ])")
_SEVERAL = re.compile(r"(\d{1,2}|two|both|three|each|all)(?:\s?x)?\s?([a-zA-Z][a-z. ]*)")
_ANY = 0
_NUMERALS = {"two": 2, "both": 2, "three": 3, "each": _ANY, "all": _ANY}
_EMPTY_WORDS = ("ppm", "and", "&", "+")
_WORD = re.compile(r"[^\s,;()\[\]{}]+")
_NUMBER_WORD = re.compile(r"-?\d+\.[\d.]*\S*|\d{4,}|-?\d+-?$")
# A short word of consonants in front stands for a splitting, if it is no group or unit.
_MAYBE_MULTIPLICITY = re.compile(r"(?!(?:ph|cp|bn|pr|ppm)$)[b-df-hj-np-tv-xz]{1,4}")
_LARGEST_BESIDE_NEGATIVE_PPM = 1.0
_Found = TypeVar("_Found")


@dataclass(slots=True)
class _Peak:
    """One peak while its text is read."""

    entry: PeakEntry
    start: int
    bare: bool = True
    joined: bool = False
    shared_by: int = 1
    """Signals that the splitting is said to be that of; `_ANY` for all that are listed before it."""


def parse_entries(
    text: str, flat: str, start: int, end: int, nucleus: Nucleus, window: ShiftWindowConfig
) -> list[PeakEntry]:
    """The peaks between two positions.

    Args:
        text: as the user wrote it, for messages.
        flat: the same after `plain`.
        start: of the first shift.
        end: of the section.
        nucleus: decides what the counts are called and which shifts are possible.
        window: shifts that are read.

    Raises:
        InputError: `unbalanced_parenthesis`, `malformed_shift`, `malformed_coupling`, `unknown_multiplicity` or
            what `check_shift` refuses, with the character and the text around it.
    """
    body, couplings = cut_couplings(flat, end)
    groups = groups_of(text, body, start, end, nucleus)
    peaks = _shifts(text, body, start, end, groups, nucleus, window)
    for number, peak in enumerate(peaks):
        stop = peaks[number + 1].start if number + 1 < len(peaks) else end
        mine = _between(couplings, peak.start, stop)
        peak.entry.coupling_hz = tuple(value for _, values in mine for value in values)
        peak.bare = not mine
        items = list(_items(body, peak.start, stop, _between(groups, peak.start, stop)))
        if nucleus == "13C" and len(items) == 1 and items[0][1].strip().isdecimal():
            peak.entry.num_hydrogens = int(items[0][1])  # "29.7 (6)"; beside a label, a number is one, too
            continue
        for at, item in items:
            _read_item(text, at, item.strip(" .:"), peak, nucleus)
    _share(peaks)
    return [peak.entry for peak in peaks]


def _shifts(
    text: str,
    body: str,
    start: int,
    end: int,
    groups: list[tuple[int, int]],
    nucleus: Nucleus,
    window: ShiftWindowConfig,
) -> list[_Peak]:
    """Peaks with shift, width and place, from the numbers outside of parentheses."""
    closing = dict(groups)
    peaks: list[_Peak] = []
    count: int | None = None
    position = start
    while position < end:
        if position in closing:
            position = closing[position] + 1
        elif repeated := _REPEATED.match(body, position, end):
            count, position = int(repeated[1]), repeated.end()
        elif (skipped := _TIMES.match(body, position, end)) or (
            skipped := COUNT_H.match(body, position, end)
        ):
            position = skipped.end()
        elif shift := _SHIFT.match(body, position, end):
            first = float(shift["first"].replace(" ", ""))
            last = first if shift["last"] is None else float(shift["last"])
            if last < 0 and first > _LARGEST_BESIDE_NEGATIVE_PPM:
                last = -last  # LaTeX writes the dash of a range as two hyphens
            entry = PeakEntry(round((first + last) / 2, 6), round(abs(last - first), 6), num_hydrogens=count)
            try:
                check_shift(entry.shift_ppm, entry.width_ppm, nucleus, window)
            except InputError as error:
                raise text_fault(text, position, error.got, error.expected, error.code, error.hint) from None
            peaks.append(_Peak(entry, position))
            count, position = None, shift.end()
        elif body[position] in "δ=/:&~.":
            position += 1
        elif word := _WORD.match(body, position, end):
            if _NUMBER_WORD.match(word[0]):
                raise text_fault(
                    text,
                    position,
                    "what is no shift",
                    "a shift or a range, e.g. 7.26 or 7.31-7.24",
                    "malformed_shift",
                    "correct the number",
                )
            if broken := BROKEN_COUPLING.match(word[0]):
                raise _malformed_coupling(text, position + broken.start())
            position = word.end()
        else:
            position += 1
    return peaks


def _malformed_coupling(text: str, position: int) -> InputError:
    return text_fault(
        text,
        position,
        "a coupling without a number",
        "J = 8.0 Hz",
        "malformed_coupling",
        "write the value in Hz",
    )


def _between(found: Sequence[tuple[int, _Found]], start: int, stop: int) -> Sequence[tuple[int, _Found]]:
    """Those of `found`, ordered by position, from `start` to before `stop`."""
    first, last = (bisect_left(found, position, key=itemgetter(0)) for position in (start, stop))
    return found[first:last]


def _items(body: str, start: int, stop: int, inside: Sequence[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """What stands between separators from `start` to `stop`: outside of parentheses, then inside of each."""
    outside = list(body[start:stop])
    shift = _SHIFT.match(body, start, stop)
    assert shift is not None
    outside[: shift.end() - start] = "," * (shift.end() - start)
    for a, b in inside:
        outside[a - start : b + 1 - start] = "," * (b + 1 - a)
    yield from _split("".join(outside), start)
    for a, b in inside:
        # A sign alone is the phase of the line in an edited spectrum; it joins nothing.
        yield from (item for item in _split(without_inner(body[a + 1 : b]), a + 1) if item[1].strip() != "+")


def _split(content: str, offset: int) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"[^,;]+", content):
        if match[0].strip():
            yield offset + match.start() + len(match[0]) - len(match[0].lstrip()), match[0]


def _read_item(text: str, position: int, item: str, peak: _Peak, nucleus: Nucleus) -> None:
    """Take the splitting or the number that `item` gives; anything else is a label."""
    if not item or item in _EMPTY_WORDS:
        peak.joined = peak.joined or item in ("and", "&", "+")
        return
    first = peak.bare or (peak.entry.num_hydrogens is not None and peak.entry.multiplicity is None)
    peak.bare = False
    if broken := BROKEN_COUPLING.search(item):
        raise _malformed_coupling(text, position + broken.start())
    if nucleus == "1H" and (count := COUNT_H.search(item)):
        if peak.entry.num_hydrogens is None:
            peak.entry.num_hydrogens = whole_number(float(count[2]) * int(count[1] or 1))
        for rest in COUNT_H.sub(",", item).split(","):
            _read_word(text, position, rest.strip(" .:"), peak, first)
    elif nucleus == "1H" or not _read_carbon(item, peak.entry):
        _read_word(text, position, item, peak, first)


def _read_word(text: str, position: int, item: str, peak: _Peak, first: bool) -> None:
    """Take a splitting; a first word that looks like one and is none is refused."""
    if not item:
        return
    if peak.entry.multiplicity is not None and not peak.entry.multiplicity.isupper():
        if known_multiplicity(item) == "br s" and not peak.entry.multiplicity.startswith("br "):
            peak.entry.multiplicity = f"br {peak.entry.multiplicity}"
        return
    if (several := _SEVERAL.fullmatch(item)) and (name := known_multiplicity(several[2])):
        peak.entry.multiplicity, peak.shared_by = name, _numeral(several[1])
    elif name := known_multiplicity(item):
        peak.entry.multiplicity = name
    elif first and _MAYBE_MULTIPLICITY.fullmatch(item):
        raise text_fault(
            text,
            position,
            f"the unknown multiplicity {item!r}",
            "s, d, t, q, quint, sext, sept, m or a composite as dd",
            "unknown_multiplicity",
            "correct the word; m stands for what is not first order",
        )
    elif (leading := re.match(r"[a-z]+\.?(?=\s)", item)) and (name := known_multiplicity(leading[0])):
        peak.entry.multiplicity = name


def _numeral(word: str) -> int:
    return _NUMERALS[word] if word in _NUMERALS else int(word)


def _read_carbon(item: str, entry: PeakEntry) -> bool:
    """Take the number of carbons, and of hydrogens on each where the label is no more than that.

    Returns:
        Whether the item says no more; `o`, `m`, `p` and `h` without a coupling are places in a ring.
    """
    attached, count = _ATTACHED.fullmatch(item), _COUNT_C.fullmatch(item)
    if attached and attached[1] in CARBON_TYPES and entry.coupling_hz:
        return False  # "D, J = 250 Hz" is a doublet
    if attached and entry.multiplicity is None and (attached[1] != "C" or item == "C"):
        entry.multiplicity = carbon_type(attached[1])
    if count and entry.num_hydrogens is None:
        entry.num_hydrogens = next(int(value) for value in count.groups() if value)
    return bool(attached or count) or (item in ("o", "m", "p", "h") and not entry.coupling_hz)


def _share(peaks: list[_Peak]) -> None:
    """`8.80, 10.74 (2s, 4H)` and `1.8 and 2.2 (s, 4H)` say of both shifts what stands behind the second.

    `7.2 (2d, 2H)` at one shift is not first order.
    """
    for number, peak in enumerate(peaks):
        first = number
        while first and peaks[first - 1].bare and (peak.shared_by != 1 or peaks[first - 1].joined):
            first -= 1
        run = peaks[first : number + 1]
        if peak.shared_by > 1 and len(run) != peak.shared_by:
            peak.entry.multiplicity = "m"
        elif len(run) > 1 and not peak.bare:
            total = peak.entry.num_hydrogens
            each = total // len(run) if total and total % len(run) == 0 else None
            for member in run:
                member.entry.multiplicity, member.entry.num_hydrogens = peak.entry.multiplicity, each
