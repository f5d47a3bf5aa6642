"""JCAMP-DX as text: labelled data records, comments, and blocks inside blocks.

Labels `##LABEL=value` are compared without case, blanks, `-`, `/` and `_`; a value runs to the next label; `$$`
begins a comment. A block runs from `##TITLE=` to `##END=`, and a block of links holds others (JCAMP-DX 4.24,
McDonald & Wilks, Appl. Spectrosc. 1988, 42, 151; 5.01, Lampen et al., Pure Appl. Chem. 1999, 71, 1549).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from molucid.errors import InputError, Where, shorten
from molucid.spectra.source import Line, ReadConfig, lines

_COMMENT = "$$"
_END_OF_FILE = "\x1a"  # what DOS programs write behind their last line
_MAX_DEPTH = 8
_DATA_LABELS = ("XYDATA", "XYPOINTS", "PEAKTABLE", "PEAKASSIGNMENTS", "NTUPLES")


@dataclass(slots=True)
class Text:
    """Value of one label: its lines without comments, the first being what stands behind the `=`."""

    lines: list[Line]

    @property
    def first_line(self) -> str:
        """What stands behind the `=`, without blanks around it."""
        return self.lines[0].text.strip()

    def __str__(self) -> str:
        return "\n".join(line.text.strip() for line in self.lines).strip()


@dataclass(slots=True)
class Block:
    """One block: its labels, in which the first of several with one name counts, and the blocks inside of it.

    Attributes:
        line: line of its `##TITLE=`.
        labels: normalised label → value; `PAGE` and the data tables that follow are in `pages`.
        pages: of an NTUPLES block, (value of `##PAGE=`, value of the `##DATA TABLE=` behind it).
        blocks: the blocks inside.
        ended: whether its `##END=` was found.
        fault: the first fault met in the block.
    """

    line: int
    labels: dict[str, Text] = field(default_factory=dict)
    pages: list[tuple[str, Text]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    ended: bool = False
    fault: InputError | None = None
    _page: str | None = None
    _chars: int = 0

    def get(self, *names: str) -> str | None:
        """First line of the first label in `names` that is there and not empty."""
        for name in names:
            text = self.labels.get(name)
            if text is not None and text.first_line:
                return text.first_line
        return None

    def _take(self, label: str, line: Line, config: ReadConfig) -> Text | None:
        """Keep a label and return its value, to which further lines are added; `None` for one that is not kept."""
        text = Text([line])
        self._count(line, config)
        if label == "PAGE":
            self._page = line.text.strip()
        elif label == "DATATABLE" and self._page is not None:
            self.pages.append((self._page, text))
        elif label in self.labels:
            if label in _DATA_LABELS and self.fault is None:
                self.fault = InputError(
                    f"a second ##{label}= in one block (line {line.number})",
                    "one table of data in a block",
                    hint="put ##END= and ##TITLE= with labels of its own between two spectra",
                    code="repeated_spectrum",
                )
            return None
        else:
            self.labels[label] = text
        return text

    def _count(self, line: Line, config: ReadConfig) -> None:
        self._chars += len(line.text)
        if line.cut and self.fault is None:
            self.fault = InputError(
                f"a line of more than {config.max_line_chars} characters (line {line.number})",
                f"at most {config.max_line_chars} characters per line",
                hint="export the spectrum with lines of 80 characters",
                code="line_too_long",
            )
        if self._chars > config.max_record_chars and self.fault is None:
            self.fault = InputError(
                f"a block of more than {config.max_record_chars} characters",
                f"at most {config.max_record_chars}",
                hint="export one spectrum per file",
                code="record_too_long",
            )


def normal_label(text: str) -> str:
    """A label without case, blanks, `-`, `/` and `_`: `Data Type` is `DATATYPE`; `.` and `$` stay."""
    return re.sub(r"[\s\-/_]", "", text).upper()


def read_blocks(stream: io.BufferedReader, file: str, config: ReadConfig) -> Iterator[Block]:
    """The outermost blocks of a stream, each when it is complete; the last one may lack its end.

    Lines before the first `##TITLE=` belong to no block and are skipped if they are comments or blank.

    Raises:
        InputError: text before the first block, or blocks nested too deeply.
    """
    open_blocks: list[Block] = []
    current: Text | None = None
    for line in lines(stream, config.max_line_chars):
        text = line.text.replace(_END_OF_FILE, "")
        if not text.lstrip().startswith("##"):
            text = text.split(_COMMENT, 1)[0]
            if not text.strip():
                continue
            if not open_blocks:
                raise InputError(
                    f"{shorten(text, 40)!r} outside of a block",
                    "##TITLE=",
                    Where(file, line=line.number),
                    hint="a JCAMP-DX block runs from ##TITLE= to ##END=",
                    code="text_outside_record",
                )
            # One list of lines grows; a fault once met spares the memory of what follows.
            block = open_blocks[-1]
            block._count(line, config)
            if current is not None and block.fault is None:
                current.lines.append(Line(line.number, text, line.cut))
            continue
        raw, _, value = text.lstrip()[2:].partition("=")
        label = normal_label(raw)
        value = value.split(_COMMENT, 1)[0]
        current = None
        if label == "":  # ##= is a comment
            continue
        if label == "TITLE":
            block = Block(line.number)
            if open_blocks:
                open_blocks[-1].blocks.append(block)
            open_blocks.append(block)
            if len(open_blocks) > _MAX_DEPTH:
                raise InputError(
                    f"blocks inside of blocks, {_MAX_DEPTH + 1} deep",
                    f"at most {_MAX_DEPTH}",
                    Where(file, line=line.number),
                    hint="an ##END= is missing",
                    code="unfinished_record",
                )
        if not open_blocks:
            raise InputError(
                f"##{shorten(raw, 40)}= outside of a block",
                "##TITLE=",
                Where(file, line=line.number),
                hint="a JCAMP-DX block runs from ##TITLE= to ##END=",
                code="text_outside_record",
            )
        if label == "END":
            block = open_blocks.pop()
            block.ended = True
            if not open_blocks:
                yield block
            continue
        current = open_blocks[-1]._take(label, Line(line.number, value, line.cut), config)
    if open_blocks:
        yield open_blocks[0]
