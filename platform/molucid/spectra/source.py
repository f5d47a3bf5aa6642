"""Opening a spectra file: gzip by content, byte-order marks, line ends, and bounds on memory.

Faults of the file itself (a truncated gzip) are raised as `InputError` by the read that meets them, so every
record before them has been delivered.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.spectra.fid import FidConfig
from molucid.spectra.infrared import InfraredConfig
from molucid.spectra.nmr_window import ShiftWindowConfig
from molucid.spectra.referencing import ReferencingConfig

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP_MAGIC = b"\x1f\x8b"


class ReadConfig(Config):
    """Bounds on one record; one beyond them is rejected by name and the rest of the file is read."""

    max_line_chars: int = Field(
        default=1 << 20, gt=0, description="one line of a format with short lines, e.g. a title"
    )
    max_record_chars: int = Field(
        default=1 << 26,
        gt=0,
        description="one record of a format that writes all peaks on one line or in one element",
    )
    max_id_chars: int = Field(default=1000, gt=0, description="title or identifier of a record")
    max_peaks: int = Field(
        default=1_000_000, gt=0, description="peaks of one spectrum, points of one trace or FID"
    )
    max_archive_bytes: int = Field(
        default=1 << 30,
        gt=0,
        description="all that is unpacked from one archive, and any one file in a folder",
    )
    max_archive_files: int = Field(default=100_000, gt=0, description="files of one archive or folder")
    infrared: InfraredConfig = InfraredConfig()
    shift_window: ShiftWindowConfig = ShiftWindowConfig()
    referencing: ReferencingConfig = ReferencingConfig()
    fid: FidConfig = FidConfig()


class Line(NamedTuple):
    """One line without its end.

    Attributes:
        number: 1-based.
        text: the line; only its beginning if it is cut.
        cut: whether the line was longer than allowed and the rest of it was skipped.
    """

    number: int
    text: str
    cut: bool


class _Plain(io.RawIOBase):
    """Any object with `read` as a raw stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)


class _Translated(io.RawIOBase):
    """A gzip stream whose faults are the user's, not the decompressor's."""

    def __init__(self, packed: io.BufferedReader, file: str) -> None:
        self._packed, self._stream, self._file = packed, gzip.GzipFile(fileobj=packed), file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            return self._stream.readinto(buffer)
        except EOFError:
            raise _broken_gzip("a gzip file that ends early", "truncated_gzip", self._file) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise _broken_gzip(f"a damaged gzip file ({error})", "corrupt_gzip", self._file) from None

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()


def _broken_gzip(got: str, code: str, file: str) -> InputError:
    hint = "copy or download the file again; records before the break were read"
    return InputError(got, "a complete gzip file", Where(file=file), hint=hint, code=code)


def open_source(path: Path) -> io.BufferedReader:
    """Open `path` for reading bytes; gzip is recognised by its first bytes, whatever the name says.

    Raises:
        InputError: the file does not exist, is a folder, or may not be read.
    """
    where = Where(file=str(path))
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise InputError(
            "no file", "a spectra file", where, hint="check the path", code="missing_file"
        ) from None
    except IsADirectoryError:
        raise InputError(
            "a folder",
            "a spectra file",
            where,
            hint="name the files in it, e.g. folder/*.mgf",
            code="is_a_folder",
        ) from None
    except OSError as error:
        raise InputError(str(error), "a readable file", where, code="unreadable_file") from None
    return unpacked(raw, str(path))


def unpacked(stream: IO[bytes], file: str) -> io.BufferedReader:
    """`stream` with gzip undone where its content is gzip."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Plain(stream))
    if buffered.peek(2)[:2] == _GZIP_MAGIC:
        return io.BufferedReader(_Translated(buffered, file))
    return buffered


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    # Old files write µ and ö in a one-byte code; their numbers must not be lost for a name's sake.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("molucid.latin1", _as_latin1)


@contextlib.contextmanager
def as_text(stream: io.BufferedReader) -> Iterator[io.TextIOWrapper]:
    """`stream` as text: UTF-16 by byte-order mark, else UTF-8 with stray bytes as Latin-1; any line end.

    The stream stays open; it belongs to the caller.
    """
    head = stream.peek(4)[:4]
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    text = io.TextIOWrapper(stream, encoding=encoding, errors="molucid.latin1", newline=None)
    try:
        yield text
    finally:
        text.detach()


def table_delimiter(header: str) -> str:
    """What separates the cells of a table with this header: the tab, semicolon or comma that it has most of."""
    return max("\t;,", key=header.count)


def lines(stream: io.BufferedReader, limit: int) -> Iterator[Line]:
    """The lines of `stream`, each of at most `limit` characters in memory."""
    number = 0
    with as_text(stream) as text:
        while part := text.readline(limit + 1):
            number += 1
            if part[-1] == "\n":
                yield Line(number, part[:-1], False)
                continue
            cut = len(part) > limit
            yield Line(number, part[:limit], cut)
            while cut and part and part[-1] != "\n":
                part = text.readline(limit + 1)
