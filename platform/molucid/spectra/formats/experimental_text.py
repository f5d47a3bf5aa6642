"""Plain text with the experimental data of one or several compounds, one block of lines each.

A block ends at a blank line. It may begin with a name and hold lines `SMILES: …` and `Formula: …`; the rest is text as
in an experimental section, in which the NMR is looked for (see `molucid.spectra.nmr_text`). A block is one compound:
two lists of one nucleus in it are two compounds, and it is rejected. A block without a name that has another nucleus
belongs to the one before, as where name, ¹H and ¹³C stand in paragraphs of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import Draft, check_id
from molucid.spectra.fields import ALIASES, assemble, field_name
from molucid.spectra.nmr_entries import with_nmr
from molucid.spectra.nmr_text import first_section, nuclei_of, parse_nmr_sections
from molucid.spectra.nuclei import SLOTS
from molucid.spectra.source import ReadConfig, lines, unpacked
from molucid.spectra.types import Record

ID_FIELDS = ("title", "name", "compound", "id")
_FIELD = re.compile(r"\s*([A-Za-z][A-Za-z_ ]{0,30}?)\s*[:=]\s*(\S.*)")
_KNOWN = frozenset((*ID_FIELDS, *ALIASES["smiles"], *ALIASES["formula"], "licence", "license", "doi"))
_MAX_NAME_CHARS = 200
_COLOUR = (
    r"(?:pale|light|dark|bright|deep|off|colou?rless|white|yellow(?:ish)?|orange|red(?:dish)?|brown(?:ish)?|beige|"
    r"green(?:ish)?|blue|purple|pink|black|gr[ae]y|tan|clear|viscous|thick|sticky|waxy|fluffy|amorphous|crystalline|"
    r"an?|as|isolated|obtained)"
)
_SOLID = r"(?:solid|oil|powder|foam|crystals?|liquid|gum|syrup|needles|prisms|plates|wax|semi-?solid)"
# What a compound looks like, how much there was, and other techniques stand where a name may stand.
_NO_NAME = re.compile(
    rf"(?:{_COLOUR}[\s,-]+)*{_SOLID}\b|\(?\d+(?:\.\d+)?\s?(?:m?g\b|%|mmol\b)|yields?\b|(?:HR|LR)?-?MS\b|HR-?MS"
    r"|(?:FT-?)?IR\b|UV\b|Anal\b|Elemental|m\.?\s?p\.?\b|melting|R_?f\b|\[α\]|(?:19F|31P|11B|29Si)\b",
    re.IGNORECASE,
)


def is_experimental_text(text: str) -> bool:
    """Whether the beginning of a file has the head of an NMR section."""
    return first_section(text) is not None


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The compounds of a text; see `molucid.spectra.formats.mgf.read`."""
    blocks: list[_Block] = []
    fault: InputError | None = None
    try:
        for block in _blocks(stream, file, config):
            if blocks and _continues(block, blocks[-1]):
                blocks[-1].extend(block)
            else:
                block.ordinal = len(blocks) + 1
                blocks.append(block)
    except InputError as error:
        fault = error
    guessed = Counter(block.draft.headers["title"] for block in blocks if block.is_guessed)
    for block in blocks:
        if block.is_guessed and guessed[block.draft.headers["title"]] > 1:
            del block.draft.headers["title"]  # words before the NMR that every compound has are no name
        yield from _finish(block, file)
    if fault is not None:
        raise fault


@dataclass(slots=True)
class _Block:
    """Lines without a blank line between them, and those that continue them.

    Attributes:
        draft: its fields and its place.
        text: its other lines, without the name.
        nuclei: of its NMR sections.
        is_guessed: whether its title is what stands before the NMR in its line.
        ordinal: of the compound in the file.
    """

    draft: Draft
    text: list[str] = field(default_factory=list)
    nuclei: tuple[str, ...] = ()
    is_guessed: bool = False
    ordinal: int = 0

    @property
    def has_name(self) -> bool:
        return any(name in self.draft.headers for name in ID_FIELDS)

    def extend(self, other: _Block) -> None:
        self.draft.headers |= other.draft.headers
        # What follows a list without a section of its own would be read as part of the list.
        if other.nuclei:
            self.text += other.text
            self.nuclei += other.nuclei


def _blocks(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[_Block]:
    block: _Block | None = None
    num_chars = 0
    for line in lines(unpacked(stream, file), config.max_line_chars):
        if not line.text.strip():
            if block is not None:
                yield _named(block)
            block, num_chars = None, 0
            continue
        if block is None:
            block = _Block(Draft.at(line.number, config))
        num_chars += len(line.text)
        if line.cut or num_chars > config.max_line_chars:
            block.draft.cut_line(line)
        elif (given := _FIELD.fullmatch(line.text)) and field_name(given[1]) in _KNOWN:
            _take_field(block.draft, field_name(given[1]), given[2])
        else:
            block.text.append(line.text)
    if block is not None:
        yield _named(block)


def _named(block: _Block) -> _Block:
    if block.draft.fault is None and not block.has_name:
        _take_name(block)
    block.nuclei = nuclei_of(" ".join(block.text))
    return block


def _continues(block: _Block, before: _Block) -> bool:
    """Whether a block without a name is of the compound before it: it has another nucleus, or no compound's data."""
    if block.has_name or block.draft.fault is not None or before.draft.fault is not None:
        return False
    headers = before.draft.headers
    if any(headers.get(name, text) != text for name, text in block.draft.headers.items()):
        return False
    if not block.nuclei:
        return bool(before.nuclei) and _NO_NAME.match(" ".join(block.text).strip()) is not None
    is_name_only = not "".join(before.text).strip()
    return (bool(before.nuclei) or is_name_only) and not set(block.nuclei) & set(before.nuclei)


def _take_field(draft: Draft, name: str, value: str) -> None:
    if draft.headers.get(name, value) != value:
        draft.fail(
            InputError(
                f"{name} {shorten(draft.headers[name])!r} and {shorten(value)!r} in one block",
                "one compound per block",
                hint="put a blank line between compounds",
                code="mixed_compounds",
            )
        )
    draft.header(name, value)


def _finish(block: _Block, file: str) -> Iterator[Record | Rejected]:
    """The record, or why there is none; then a row for each nucleus that cannot be read."""
    draft = block.draft
    fallback = f"{Path(file).name}#{block.ordinal}"
    id = next((draft.headers[name] for name in ID_FIELDS if name in draft.headers), fallback)
    where = Where(file, shorten(id), draft.where_line)
    try:
        if draft.fault is not None:
            raise draft.fault
        check_id(id, draft.config)
        found = parse_nmr_sections(" ".join(block.text), window=draft.config.shift_window)
        if found.unused:
            draft.header("nuclei_not_used", ", ".join(found.unused))
        record = assemble(id, draft.headers, (), where, consumed=ID_FIELDS)
        record = with_nmr(record, found.spectra, "shifts of the text", draft.config.referencing)
    except InputError as error:
        yield Rejected.from_error(shorten(id), error, where)
        return
    yield record
    for nucleus, fault in found.faults.items():
        yield Rejected.from_error(f"{shorten(id)}/{SLOTS[nucleus]}", fault, where)


def _take_name(block: _Block) -> None:
    """The name is the first line, or what stands before the NMR in it, if it can be one."""
    if not block.text:
        return
    first = block.text[0]
    begin = first_section(first)
    name, rest = (first, "") if begin is None else (first[:begin], first[begin:])
    name = name.strip(" \t.:;,-–—")
    if name and len(name) <= _MAX_NAME_CHARS and not _NO_NAME.match(name) and not nuclei_of(name):
        block.draft.header("title", name)
        block.is_guessed = begin is not None
        block.text = [rest, *block.text[1:]]
