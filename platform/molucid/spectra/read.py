"""Reading spectra files of any known format, one record at a time.

What is wrong with the call (no such file, no known format) is raised; what is wrong with a record, or with
the rest of a file from some line on, is a `Rejected` row among the records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.formats import (
    bruker,
    experimental_text,
    ir_csv,
    jcamp,
    json,
    json_schema,
    massbank,
    massspecgym,
    mgf,
    msp,
    mzml,
    mzxml,
    nmr_peak_list,
    nmredata,
    nmrium,
    sirius,
)
from molucid.spectra.instrument_folders import FOLDER_FORMATS, is_zip, open_tree, read_tree
from molucid.spectra.source import ReadConfig, open_source
from molucid.spectra.types import Record

_Reader = Callable[[IO[bytes], str, ReadConfig], Iterator[Record | Rejected]]

_READERS: dict[str, _Reader] = {
    "experimental_text": experimental_text.read,
    "ir_csv": ir_csv.read,
    "jcamp": jcamp.read,
    "json": json.read,
    "massbank": massbank.read,
    "massspecgym": massspecgym.read,
    "mgf": mgf.read,
    "msp": msp.read,
    "mzml": mzml.read,
    "mzxml": mzxml.read,
    "nmr_peak_list": nmr_peak_list.read,
    "nmredata": nmredata.read,
    "nmrium": nmrium.read,
    "sirius": sirius.read,
}
FORMATS = (*_READERS, *FOLDER_FORMATS)
"""Names that `read_records` takes as `format`."""

_EXTENSIONS = {
    ".dx": "jcamp",
    ".jcamp": "jcamp",
    ".jcm": "jcamp",
    ".jdx": "jcamp",
    ".json": "json",
    ".mgf": "mgf",
    ".ms": "sirius",
    ".msp": "msp",
    ".mzml": "mzml",
    ".mzxml": "mzxml",
    ".nmrium": "nmrium",
    ".sd": "nmredata",
    ".sdf": "nmredata",
}
_SNIFFED_BYTES = 1 << 14
_SIGNATURES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("mzml", re.compile(r"<(?:\w+:)?(?:indexedmzML|mzML)\b")),
    ("mzxml", re.compile(r"<(?:\w+:)?(?:mzXML|msRun)\b")),
    ("json", re.compile(rf'\A\s*\{{\s*"format"\s*:\s*"{json_schema.FORMAT_NAME}"')),
    ("nmrium", nmrium.SIGNATURE),
    ("jcamp", re.compile(r"\A\s*##\s*TITLE\s*=", re.IGNORECASE)),
    ("ir_csv", ir_csv.SIGNATURE),
    ("nmr_peak_list", nmr_peak_list.SIGNATURE),
    ("nmredata", re.compile(r"^>[^<\n]*<NMREDATA_", re.MULTILINE)),
    ("massbank", re.compile(r"^ACCESSION:", re.MULTILINE)),
    ("mgf", re.compile(r"^\s*BEGIN IONS\s*$", re.MULTILINE | re.IGNORECASE)),
    ("massspecgym", re.compile(r"\A(?=[^\n]*\bmzs\b)(?=[^\n]*\bintensities\b)[^\n]*\t")),
    ("sirius", re.compile(r"^>(?:compound|parentmass|ionization|ms2|collision)", re.MULTILINE)),
    ("msp", re.compile(r"^(?:NAME|PRECURSORMZ|PRECURSOR_MZ|NUM PEAKS)\s*:", re.MULTILINE | re.IGNORECASE)),
)


def read_records(
    path: Path | str, format: str | None = None, config: ReadConfig | None = None
) -> Iterator[Record | Rejected]:
    """The records of one file in file order, and a `Rejected` row for each that cannot be used.

    Every record found in the file becomes exactly one item. A record whose identifier was seen before in the
    file is rejected as `duplicate_id`. A fault of the file itself (truncated gzip, broken XML) becomes one
    last row after all records before it; an empty file is one row, too.

    Args:
        path: a file, gzip or not; for DiffMS data its `labels.tsv` or the folder that holds it; for Bruker and
            Varian data the folder or a zip archive of it.
        format: one of `FORMATS`; by default the extension decides, then the content.
        config: bounds on what one record may hold.

    Raises:
        InputError: the file is missing or not readable, or its format is not known.
    """
    return unique_identifiers(_items(Path(path), format, config or ReadConfig()), {})


def read_files(
    paths: Iterable[Path | str], format: str | None = None, config: ReadConfig | None = None
) -> Iterator[Record | Rejected]:
    """The records of several files as one input: identifiers are unique over all of them.

    A file that cannot be read at all is one `Rejected` row; the files after it are read.
    """
    first_places: dict[str, Where] = {}
    for path in paths:
        try:
            items = _items(Path(path), format, config or ReadConfig())
        except InputError as error:
            yield Rejected.from_error(str(path), error)
        else:
            yield from unique_identifiers(items, first_places)


def read_measurement(path: Path, entries: Collection[str], config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of Bruker or Varian data in a folder, as far as they lie in the given entries of it.

    Args:
        path: a folder.
        entries: names of files and folders in it; what else it holds is not read.
        config: bounds on each file.
    """
    return _guarded(read_tree(bruker.open_folder(path, config, entries), None, config), str(path))


def _items(path: Path, format: str | None, config: ReadConfig) -> Iterator[Record | Rejected]:
    """Checks the call at once, and reads when iterated."""
    if path.is_dir() and (path / sirius.LABELS_NAME).is_file():
        path = path / sirius.LABELS_NAME
    if path.name == sirius.LABELS_NAME and format in (None, "sirius"):
        open_source(path).close()
        return _guarded(sirius.read_labelled(path, config), str(path))
    if format is not None and format not in FORMATS:
        raise InputError(f"format {shorten(format)!r}", f"one of {', '.join(FORMATS)}", code="unknown_format")
    if format in (None, *FOLDER_FORMATS) and (path.is_dir() or is_zip(path)):
        return _guarded(read_tree(open_tree(path, config), format, config), str(path))
    if format in FOLDER_FORMATS:
        open_source(path).close()
        raise InputError(
            "a file", f"a folder or zip archive of {format} data", Where(str(path)), code="not_a_folder"
        )
    name = format or _format_of(path)
    return _guarded(_read_file(path, name, config), str(path))


def _format_of(path: Path) -> str:
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    with open_source(path) as stream:
        if suffix in _EXTENSIONS and suffix != ".json":
            return _EXTENSIONS[suffix]
        try:
            head = stream.peek(_SNIFFED_BYTES)[:_SNIFFED_BYTES]
        except InputError as error:
            raise InputError(error.got, error.expected, Where(str(path)), error.hint, error.code) from None
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head.decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    for name, signature in _SIGNATURES:
        if signature.search(text):
            return name
    if suffix in _EXTENSIONS:
        return _EXTENSIONS[suffix]
    if experimental_text.is_experimental_text(text):
        return "experimental_text"
    if ir_csv.is_number_table(text):
        return "ir_csv"
    raise InputError(
        "a file of no known format" if head else "an empty file",
        f"one of {', '.join(FORMATS)}",
        Where(str(path)),
        hint="name the format, or check that the file holds spectra",
        code="unknown_format" if head else "empty_file",
    )


def is_spectra_file(path: Path) -> bool:
    """Whether a path is a file or archive that `read_records` would know the format of."""
    if not path.is_file():
        return False
    try:
        return is_zip(path) or bool(_format_of(path))
    except InputError:
        return False


def _read_file(path: Path, format: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    with open_source(path) as stream:
        if not stream.peek(1):
            raise InputError(
                "an empty file",
                f"{format} records",
                Where(str(path)),
                hint="export it again",
                code="empty_file",
            )
        yield from _READERS[format](stream, str(path), config)


def _guarded(items: Iterator[Record | Rejected], file: str) -> Iterator[Record | Rejected]:
    """Turn the fault that ends a file into its last row, and a file of no records into a row."""
    num_items, last = 0, None
    try:
        for item in items:
            num_items, last = num_items + 1, item.where.record
            yield item
        if not num_items:
            raise InputError(
                "no record",
                "at least one",
                Where(file),
                hint="is it the format it claims?",
                code="no_records",
            )
    except InputError as error:
        where = error.where or Where(file)
        after = f" (after record {last})" if last is not None else ""
        fault = InputError(error.got + after, error.expected, where, error.hint, error.code)
        place = f":{where.line}" if where.line is not None else ""
        yield Rejected.from_error(f"{Path(file).name}{place or ':rest'}", fault, where)


def unique_identifiers(
    items: Iterator[Record | Rejected], first_places: dict[str, Where]
) -> Iterator[Record | Rejected]:
    """The same items, with a row in the place of each record whose identifier came before.

    Args:
        items: of one input.
        first_places: where each identifier was seen first; grows.
    """
    for item in items:
        if isinstance(item, Rejected):
            yield item
            continue
        id = item.evidence.id
        if id not in first_places:
            first_places[id] = item.where
            yield item
            continue
        fault = InputError(
            f"the identifier {shorten(id)!r} a second time",
            f"another one than that of {first_places[id]}",
            item.where,
            hint="give every record a title of its own",
            code="duplicate_id",
        )
        yield Rejected.from_error(id, fault, item.where)
