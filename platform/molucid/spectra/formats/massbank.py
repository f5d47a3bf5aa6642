"""MassBank records (format 2.x): `TAG: value`, `TAG: SUBTAG value`, a `PK$PEAK` table, and `//` at the end.

Format: MassBank consortium, "MassBank Record Format 2.6". Absolute intensities (second column) are read; the
third column is the same scaled to 999.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected
from molucid.spectra.draft import Draft
from molucid.spectra.source import Line, ReadConfig, lines, unpacked
from molucid.spectra.types import Record

ID_FIELDS = ("accession",)
_SUBTAGGED = (
    "AC$MASS_SPECTROMETRY",
    "AC$CHROMATOGRAPHY",
    "MS$FOCUSED_ION",
    "MS$DATA_PROCESSING",
    "CH$LINK",
    "SP$LINK",
)


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of a MassBank stream, one or many; see `molucid.spectra.formats.mgf.read`."""
    draft: Draft | None = None
    table = ""
    ordinal = 0
    for line in lines(unpacked(stream, file), config.max_line_chars):
        text = line.text.strip()
        if draft is not None and (text == "//" or text.startswith("ACCESSION:")):
            if text != "//":
                draft.fail(_unfinished(f"the next ACCESSION in line {line.number}"))
            yield _finish(draft, file, ordinal)
            draft, table = None, ""
        if not text or text == "//":
            continue
        if draft is None:
            ordinal += 1
            draft = Draft.at(line.number, config)
        if line.cut:
            draft.cut_line(line)
            continue
        tag, colon, value = text.partition(":")
        if line.text[:1].isspace() or not colon:
            _take_row(draft, line, table)
            continue
        table = tag if tag in ("PK$PEAK", "PK$ANNOTATION") else ""
        if not table:
            _take_tag(draft, tag, value.strip())
    if draft is not None:
        draft.fail(_unfinished("the end of the file"))
        yield _finish(draft, file, ordinal)


def _take_tag(draft: Draft, tag: str, value: str) -> None:
    if tag in _SUBTAGGED:
        subtag, _, value = value.partition(" ")
        draft.header(subtag, value)
    else:
        draft.header(tag.rpartition("$")[2], value)


def _take_row(draft: Draft, line: Line, table: str) -> None:
    if table == "PK$PEAK":
        draft.peak_line(line)
    elif table != "PK$ANNOTATION":
        draft.fail(
            InputError(
                f"{line.text.strip()[:40]!r} (line {line.number})", "TAG: value", code="text_outside_record"
            )
        )


def _finish(draft: Draft, file: str, ordinal: int) -> Record | Rejected:
    return draft.finish(file, f"{Path(file).name}#{ordinal}", ID_FIELDS)


def _unfinished(found: str) -> InputError:
    return InputError(
        found,
        "// at the end of the record",
        hint="the record is cut off; download it again",
        code="unfinished_record",
    )
