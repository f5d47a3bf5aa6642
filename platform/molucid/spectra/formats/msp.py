"""NIST MSP text: `Key: value` headers, `Num Peaks: n`, then peaks; as NIST, MoNA, MS-DIAL and RIKEN write it.

Records are told apart by blank lines or by the next `Name:`. Peaks stand one to a line or several, separated
by blanks or `;`, as `m/z intensity`, tab separated, or `m/z:intensity`. What follows the first token that is
no number, up to the next `;`, is an annotation and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, shorten
from molucid.spectra.draft import Draft, at_line
from molucid.spectra.fields import field_name, is_number
from molucid.spectra.source import Line, ReadConfig, lines, unpacked
from molucid.spectra.types import Record

# Not the name: libraries give it to every spectrum of a compound, and MS-DIAL writes `Unknown` a thousand
# times.
ID_FIELDS = ("db", "spectrum_id", "spectrumid", "accession", "id", "title")
_HEADER = re.compile(r"([A-Za-z][^:=;]{0,60}):(.*)", re.DOTALL)
_COMMENT_PAIR = re.compile(r'"([^"=]{1,60})=([^"]*)"')


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of an MSP stream; see `molucid.spectra.formats.mgf.read` for arguments and errors."""
    draft: Draft | None = None
    in_peaks = False
    ordinal = 0
    for line in lines(unpacked(stream, file), config.max_line_chars):
        text = line.text.strip()
        header = _HEADER.fullmatch(text)
        starts_next = header is not None and (in_peaks or field_name(header[1]) == "name")
        if draft is not None and (
            (not text and in_peaks) or (starts_next and (in_peaks or "name" in draft.headers))
        ):
            yield _finish(draft, file, ordinal)
            draft, in_peaks = None, False
        if not text:
            continue
        if draft is None:
            ordinal += 1
            draft = Draft.at(line.number, config)
        if line.cut:
            draft.cut_line(line)
        elif header is not None:
            draft.header(header[1], header[2])
            in_peaks = field_name(header[1]) in ("num_peaks", "numpeaks")
        else:
            in_peaks = True
            _take_peaks(draft, line)
    if draft is not None:
        yield _finish(draft, file, ordinal)


def _take_peaks(draft: Draft, line: Line) -> None:
    # Quoted text first, as one token that is no number: an annotation may hold any separator.
    for part in re.sub(r'"[^"]*"', ' "" ', line.text).split(";"):
        tokens = part.replace(":", " ").split()
        numbers = list(takewhile(is_number, tokens))
        if len(numbers) < 2 and tokens:
            draft.peak_line(Line(line.number, " ".join(tokens), line.cut))
        elif len(numbers) % 2:
            error = InputError(
                f"{len(numbers)} numbers in {shorten(part.strip(), 60)!r}",
                "pairs of m/z and intensity",
                hint="write m/z and intensity of every peak, and an annotation in quotes",
                code="malformed_peak",
            )
            draft.fail(at_line(error, line.number))
        else:
            for mz, intensity in zip(numbers[0::2], numbers[1::2], strict=True):
                draft.peak_line(Line(line.number, f"{mz} {intensity}", line.cut))


def _finish(draft: Draft, file: str, ordinal: int) -> Record | Rejected:
    for name in ("comment", "comments"):
        for key, value in _COMMENT_PAIR.findall(draft.headers.get(name, "")):
            draft.headers.setdefault(field_name(key), value.strip())
    if not draft.headers:
        draft.fail(
            InputError(
                "numbers without a header", "a record that begins with Name:", code="text_outside_record"
            )
        )
    return draft.finish(file, f"{Path(file).name}#{ordinal}", ID_FIELDS)
