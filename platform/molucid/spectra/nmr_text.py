"""NMR in the text of an experimental section: `¹H NMR (400 MHz, CDCl₃) δ 7.26 (d, J = 8.0 Hz, 2H), …`.

A text is cut into the sections of its nuclei. A section begins with its head (nucleus, field, solvent), goes on with
its peaks, and ends before the next section, before another technique (`HRMS`, `IR`, `mp`, …) or with its sentence.
What stands outside of sections is not read; ¹⁹F, ³¹P and other nuclei are named and not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from molucid.errors import InputError
from molucid.spectra.nmr_entries import peaks_of
from molucid.spectra.nmr_text_peaks import parse_entries
from molucid.spectra.nmr_text_plain import NUMBER, plain, require_clear_commas, text_fault
from molucid.spectra.nmr_window import ShiftWindowConfig
from molucid.spectra.nuclei import C_PER_H_FREQUENCY
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.types import NmrPeaks, Nucleus

_LARGEST_C_FIELD_MHZ = 270.0

_ELEMENT = r"(?:H|C|F|P|N|B|Si|Sn|Se|Li|Pt|Te|Hg|Al|O|D|V|W|Rh|Ag|Cd|Pb)"
_DECOUPLED = r"(?:[\s\-]*[{(\[]\s*\^?\d{1,2}\s?[HFCP]\s*[})\]])*"
_EXPERIMENT = r"(?:[\s\-]*(?:DEPT(?:[\s\-]?Q?\d{0,3})|APT|CPD|UDEFT|BBD))?"
_HEAD = re.compile(
    rf"(?<![A-Za-z0-9])(?:[\^({{]{{0,3}}(?P<mass>\d{{1,3}})[)}}]{{0,3}}\s?(?P<element>{_ELEMENT})|(?P<bare>H1?|C(?:13)?|F19|P31))"
    rf"{_DECOUPLED}{_EXPERIMENT}[\s\-_,]*N\.?M\.?R\b\.?{_DECOUPLED}"
)
_DELTA_HEAD = re.compile(r"δ\s?_?(?P<element>[HC])\b(?=\s*[(:=]|\s+-?\d)")
# Other techniques and sentences that may follow a peak list without a new line.
_END = re.compile(
    r"(?:(?<=[\s;.,)\]])(?:(?:ESI|EI|CI|FAB|APCI|ASAP|DART|MALDI)?[\s\-+()]*(?:HR|LR|GC|LC|UPLC|UHPLC|HPLC)?[\s\-/]?"
    r"(?:HRMS|LRMS|MS)\b(?!\s*[=)])|HRMS|HR-MS|LRMS|m/z\b|Anal\b|Elemental|Calcd\b|calcd\b|C,?\s?H,?\s?N\s+anal|"
    r"(?:FT-?)?IR\b\s*[(:,ν\d]|UV(?:-vis)?\b|\[α\]|mp\b|m\.\s?p\.|Mp\b|M\.p\.|Melting|Rf\b|R f|HPLC\b|TLC\b|"
    r"λ|ν\s?(?:max|\()))"
    r"|(?<=[)\]\d])\s?\.\s+(?=[A-Z][a-z]{2,}\s)|(?<=ppm)\s?\.\s+(?=[A-Z])"
)
_FIELD = re.compile(rf"({NUMBER})\s*MHz", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"-?{NUMBER}\s*(?:MHz\b|K\b|°\s?C\b|M\b|mM\b|%|:\s?\d)|\d+\s?:\s?\d+\s?v/v", re.IGNORECASE
)
_FIRST_SHIFT = re.compile(rf"(?:-\s?)?{NUMBER}")
# "DMSO-d 6" has lost the place of its subscript.
_WORD = re.compile(r"δ+_?[HC]?|[A-Za-z0-9\-()]{1,40}-[dD]\s\d(?![\d.])|[^\s,;:=()\[\]{}δ]{1,60}")
_REFERENCE_WORD = re.compile(
    r"(?:table|tab\.?|figures?|fig\.?|compounds?|entry|ref\.?|of|for)$", re.IGNORECASE
)
_OBSERVED: dict[str, Nucleus] = {"1H": "1H", "13C": "13C"}
_MATCHING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class NmrText:
    """The NMR of one compound as its text gives it.

    Attributes:
        h_nmr: ¹H peaks.
        c_nmr: ¹³C peaks.
        unused: nuclei that the text has, too, and nothing here reads, e.g. `19F`.
        faults: nucleus → why its section cannot be read; never of all sections.
    """

    h_nmr: NmrPeaks | None
    c_nmr: NmrPeaks | None
    unused: tuple[str, ...]
    faults: Mapping[Nucleus, InputError] = field(default_factory=dict)

    @property
    def spectra(self) -> dict[Nucleus, NmrPeaks]:
        """Nucleus → its peaks, for those that the text has."""
        given = (self.h_nmr, self.c_nmr)
        return {peaks.nucleus: peaks for peaks in given if peaks is not None}


@dataclass(frozen=True, slots=True)
class _Section:
    nucleus: str
    head: int
    start: int
    end: int


def parse_nmr_text(
    text: str, nucleus: Nucleus | None = None, window: ShiftWindowConfig | None = None
) -> NmrText:
    """All NMR sections of a text about one compound.

    Args:
        text: one compound's; what stands outside of sections is not read.
        nucleus: of a text without any head that names one, where the source knows it.
        window: shifts that are read.

    Raises:
        InputError: no section (`no_nmr_text`), two of one nucleus (`repeated_spectrum`), or a section that cannot be
            read to its end; the message gives the character and the text around it.
    """
    parsed = parse_nmr_sections(text, nucleus, window)
    for fault in parsed.faults.values():
        raise fault
    return parsed


def parse_nmr_sections(
    text: str, nucleus: Nucleus | None = None, window: ShiftWindowConfig | None = None
) -> NmrText:
    """As `parse_nmr_text`, with the sections that can be read where another cannot: its fault stands in `faults`.

    Raises:
        InputError: as there, if no section can be read or a nucleus has two.
    """
    flat = plain(text)
    found: dict[Nucleus, NmrPeaks] = {}
    faults: dict[Nucleus, InputError] = {}
    unused: list[str] = []
    sections = list(_sections(flat))
    if not sections and nucleus is not None:
        sections = [_Section(nucleus, 0, 0, len(flat))]
    for section in sections:
        observed = _OBSERVED.get(section.nucleus)
        if observed is None:
            if section.nucleus not in unused:
                unused.append(section.nucleus)
        elif observed in found or observed in faults:
            raise text_fault(
                text,
                section.head,
                f"a second {observed} NMR section",
                "one section of each nucleus",
                "repeated_spectrum",
                "give each compound and each solvent a text of its own",
            )
        else:
            try:
                require_clear_commas(text, section.start, section.end)
                found[observed] = _peaks(text, flat, section, observed, window or ShiftWindowConfig())
            except InputError as error:
                faults[observed] = error
    if faults and not found:
        raise next(iter(faults.values()))
    if not found:
        raise InputError(
            "a text without ¹H or ¹³C NMR",
            "a section that begins like ¹H NMR (400 MHz, CDCl3) δ",
            hint="write the nucleus before each list of shifts",
            code="no_nmr_text",
        )
    return NmrText(found.get("1H"), found.get("13C"), tuple(unused), faults)


def nuclei_of(text: str) -> tuple[str, ...]:
    """The nuclei of the sections of a text in their order, those that nothing here reads included."""
    return tuple(section.nucleus for section in _sections(plain(text)))


def first_section(text: str) -> int | None:
    """Where the first ¹H or ¹³C section begins; `None` for a text without any."""
    begins = (section.head for section in _sections(plain(text)) if section.nucleus in _OBSERVED)
    return next(begins, None)


def _sections(flat: str) -> Iterator[_Section]:
    heads = [(m.start(), m.end(), _nucleus(m)) for m in _HEAD.finditer(flat)]
    nuclei = {nucleus for _, _, nucleus in heads}
    for match in _DELTA_HEAD.finditer(flat):
        nucleus = "1H" if match["element"] == "H" else "13C"
        if nucleus not in nuclei:
            heads.append((match.start(), match.end(), nucleus))
    heads.sort()
    for number, (head, start, nucleus) in enumerate(heads):
        last = heads[number + 1][0] if number + 1 < len(heads) else len(flat)
        end = _END.search(flat, start, last)
        yield _Section(nucleus, head, start, end.start() if end else last)


def _nucleus(match: re.Match[str]) -> str:
    if match["bare"]:
        return {"H": "1H", "C": "13C", "F": "19F", "P": "31P"}[match["bare"][0]]
    return f"{match['mass']}{match['element']}"


def _peaks(text: str, flat: str, section: _Section, nucleus: Nucleus, window: ShiftWindowConfig) -> NmrPeaks:
    start, head_words = _read_head(text, flat, section)
    field_mhz = None
    if found := _FIELD.search(flat, section.head, start):
        field_mhz = float(found[1])
        if nucleus == "13C" and field_mhz > _LARGEST_C_FIELD_MHZ:
            # No magnet reaches it: the text names the spectrometer by its ¹H frequency.
            field_mhz = round(field_mhz * C_PER_H_FREQUENCY, 2)
    solvents = {name for word in head_words if (name := canonical_solvent(word))}
    entries = parse_entries(text, flat, start, section.end, nucleus, window)
    if not entries:
        raise _no_peaks(text, section)
    return peaks_of(nucleus, entries, window, field_mhz, solvents.pop() if len(solvents) == 1 else None)


def _read_head(text: str, flat: str, section: _Section) -> tuple[int, list[str]]:
    """Position of the first shift, and the words before it that may name the solvent."""
    position, words = section.start, []
    previous = ""
    while position < section.end:
        character = flat[position]
        if character in _MATCHING:
            close = _closing(text, flat, position, section.end)
            inside = flat[position + 1 : close]
            words += [inside, *re.split(r"[,;:]", inside)]
            position = close + 1
        elif quantity := _QUANTITY.match(flat, position, section.end):
            position = quantity.end()
        elif number := _FIRST_SHIFT.match(flat, position, section.end):
            # In "the 1H NMR data of 3 in CDCl3 showed δ 11.95" the first number is a compound.
            if not _REFERENCE_WORD.match(previous):
                return position, words
            position = number.end()
        elif word := _WORD.match(flat, position, section.end):
            previous = word[0]
            words.append(previous)
            position = word.end()
        else:
            position += 1
    raise _no_peaks(text, section)


def _closing(text: str, flat: str, start: int, end: int) -> int:
    depth = 0
    for position in range(start, end):
        if flat[position] in "([{":
            depth += 1
        elif flat[position] in ")]}":
            depth -= 1
            if depth == 0:
                return position
    raise text_fault(
        text,
        start,
        f"{flat[start]} without its {_MATCHING[flat[start]]}",
        "closed parentheses",
        "unbalanced_parenthesis",
        "close the parenthesis",
    )


def _no_peaks(text: str, section: _Section) -> InputError:
    return text_fault(
        text,
        section.head,
        f"a {section.nucleus} NMR section without shifts",
        "at least one shift",
        "no_peaks",
        "write the shifts, or leave the section out",
    )
