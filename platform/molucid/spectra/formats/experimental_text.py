"""Plain text with the experimental data of one or several compounds, one block of lines each.

A block ends at a blank line. It may begin with a name and hold lines `SMILES: …` and `Formula: …`; the rest is text as
in an experimental section, in which the NMR is looked for (see `molucid.spectra.nmr_text`). A block is one compound:
two lists of one nucleus in it are two compounds, and it is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import Draft, check_id
from molucid.spectra.fields import ALIASES, assemble, field_name
from molucid.spectra.nmr_entries import with_nmr
from molucid.spectra.nmr_text import first_section, parse_nmr_text
from molucid.spectra.source import ReadConfig, lines, unpacked
from molucid.spectra.types import Record

ID_FIELDS = ("title", "name", "compound", "id")
_FIELD = re.compile(r"\s*([A-Za-z][A-Za-z_ ]{0,30}?)\s*[:=]\s*(\S.*)")
_KNOWN = frozenset((*ID_FIELDS, *ALIASES["smiles"], *ALIASES["formula"], "licence", "license", "doi"))
_MAX_NAME_CHARS = 200


def is_experimental_text(text: str) -> bool:
    """Whether the beginning of a file has the head of an NMR section."""
    return first_section(text) is not None


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The compounds of a text; see `molucid.spectra.formats.mgf.read`."""
    draft: Draft | None = None
    text: list[str] = []
    ordinal, num_chars = 0, 0
    for line in lines(unpacked(stream, file), config.max_line_chars):
        if not line.text.strip():
            if draft is not None:
                yield _finish(draft, text, file, ordinal)
            draft, text, num_chars = None, [], 0
            continue
        if draft is None:
            ordinal += 1
            draft = Draft.at(line.number, config)
        num_chars += len(line.text)
        if line.cut or num_chars > config.max_line_chars:
            draft.cut_line(line)
        elif (given := _FIELD.fullmatch(line.text)) and field_name(given[1]) in _KNOWN:
            _take_field(draft, field_name(given[1]), given[2])
        else:
            text.append(line.text)
    if draft is not None:
        yield _finish(draft, text, file, ordinal)


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


def _finish(draft: Draft, text: list[str], file: str, ordinal: int) -> Record | Rejected:
    if draft.fault is None and not any(name in draft.headers for name in ID_FIELDS):
        text = _take_name(draft, text)
    fallback = f"{Path(file).name}#{ordinal}"
    id = next((draft.headers[name] for name in ID_FIELDS if name in draft.headers), fallback)
    where = Where(file, shorten(id), draft.where_line)
    try:
        if draft.fault is not None:
            raise draft.fault
        check_id(id, draft.config)
        found = parse_nmr_text(" ".join(text))
        if found.unused:
            draft.header("nuclei_not_used", ", ".join(found.unused))
        record = assemble(id, draft.headers, (), where, consumed=ID_FIELDS)
        return with_nmr(record, found.spectra, "shifts of the text", draft.config.referencing)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)


def _take_name(draft: Draft, text: list[str]) -> list[str]:
    """The name is the first line, or what stands before the NMR in it."""
    if not text:
        return text
    begin = first_section(text[0])
    name, rest = (text[0], "") if begin is None else (text[0][:begin], text[0][begin:])
    name = name.strip(" \t.:;,-–—")
    if name and len(name) <= _MAX_NAME_CHARS:
        draft.header("title", name)
        return [rest, *text[1:]]
    return text
