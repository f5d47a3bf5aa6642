"""Streaming XML for spectra: one small element tree per spectrum, in bounded memory, with line numbers.

Built on expat rather than on pyteomics' readers, which expand entities, give no line numbers, need an ontology from
the network for mzML, and end the whole file at its first damaged spectrum.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError, Where
from molucid.spectra.draft import too_many_peaks
from molucid.spectra.source import ReadConfig

_CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class Element:
    """An XML element without namespace.

    Attributes:
        tag: local name.
        attributes: as written.
        line: 1-based line of its start tag.
        children: in order.
        text: character data directly inside it.
        too_long: whether it held more characters than allowed; children and text are then incomplete.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    too_long: bool = False

    @property
    def text(self) -> str:
        """Character data directly inside the element."""
        return "".join(self.parts)

    def find_all(self, tag: str) -> Iterator[Element]:
        """All descendants named `tag`, in document order."""
        stack = list(reversed(self.children))
        while stack:
            element = stack.pop()
            if element.tag == tag:
                yield element
            stack.extend(reversed(element.children))


class _Collector:
    """Expat handlers that build an `Element` for each of `wanted` and queue it when it is complete."""

    def __init__(self, file: str, wanted: Collection[str], config: ReadConfig) -> None:
        self.ready: list[Element] = []
        self.seen_root: str | None = None
        self._file, self._wanted, self._limit = file, wanted, config.max_record_chars
        self._open: list[Element] = []
        self._num_chars = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: Any) -> None:
        raise InputError(
            "a document type declaration",
            "XML without DOCTYPE and entities",
            Where(self._file, line=self.parser.CurrentLineNumber),
            hint="spectra files need none; remove it or export the file again",
            code="xml_doctype",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        self.seen_root = self.seen_root or tag
        if tag in self._wanted:
            # mzXML nests scans: what belongs to the outer one stands before the inner one begins.
            self._flush()
        elif not self._open:
            return
        element = Element(tag, attributes, self.parser.CurrentLineNumber)
        num_chars = len(tag) + len(attributes) + sum(map(len, attributes.values()))
        if self._open and self._count(num_chars):
            self._open[-1].children.append(element)
        self._open.append(element)

    def _text(self, text: str) -> None:
        if self._open and self._count(len(text)):
            self._open[-1].parts.append(text)

    def _end(self, _: str) -> None:
        if len(self._open) == 1:
            self._flush()
        elif self._open:
            self._open.pop()

    def _count(self, num_chars: int) -> bool:
        self._num_chars += num_chars
        self._open[0].too_long |= self._num_chars > self._limit
        return not self._open[0].too_long

    def _flush(self) -> None:
        if self._open:
            self.ready.append(self._open[0])
        self._open, self._num_chars = [], 0


def elements(
    stream: io.BufferedReader, file: str, root: Collection[str], wanted: Collection[str], config: ReadConfig
) -> Iterator[Element]:
    """Each element of `stream` whose name is in `wanted`, as it is complete.

    Args:
        stream: XML bytes.
        file: for messages.
        root: allowed names of the document's root.
        wanted: local names of the elements to build; one inside another ends the outer one.
        config: bounds.

    Raises:
        InputError: a DOCTYPE, XML that is not well-formed or ends early, or another root; all elements that
            were
            complete before have been yielded.
    """
    collector = _Collector(file, wanted, config)
    fault: InputError | None = None
    while fault is None:
        try:
            chunk = stream.read1(_CHUNK_BYTES)
            collector.parser.Parse(chunk, not chunk)
        except InputError as error:
            fault = error
        except (
            expat.ExpatError,
            LookupError,
            ValueError,
        ) as error:  # the latter two: a wrong encoding is declared
            where = Where(file, line=collector.parser.CurrentLineNumber)
            hint = "the file is cut off or damaged; export or copy it again"
            fault = InputError(
                f"broken XML ({error})", "well-formed XML", where, hint=hint, code="broken_xml"
            )
        else:
            if collector.seen_root is not None and collector.seen_root not in root:
                fault = InputError(
                    f"XML of <{collector.seen_root}>",
                    f"<{sorted(root)[0]}>",
                    Where(file),
                    code="wrong_xml_root",
                )
        yield from collector.ready
        collector.ready = []
        if fault is None and not chunk:
            return
    raise fault


def decode_array(
    text: str, dtype: str, compressed: bool, max_values: int, max_peaks: int
) -> NDArray[np.float64]:
    """Numbers of a base64 text.

    Args:
        text: base64, white space allowed.
        dtype: numpy name with byte order, e.g. `<f4`.
        compressed: whether zlib was applied.
        max_values: most numbers that may come out; a decompression bomb stops there.
        max_peaks: the bound to name in the refusal.

    Raises:
        InputError: text that is not base64, not zlib, or not a whole number of values.
    """
    itemsize = np.dtype(dtype).itemsize
    size = max_values * itemsize
    try:
        data = base64.b64decode("".join(text.split()).encode(), validate=True)
        if compressed and data:
            inflater = zlib.decompressobj()
            data = inflater.decompress(data, size + 1)
            if not inflater.eof and len(data) <= size:
                raise zlib.error("the compressed data end early")
    except (binascii.Error, zlib.error) as error:
        raise InputError(
            f"a peak array that cannot be decoded ({error})",
            "base64, zlib where declared",
            hint="the spectrum is damaged; export it again",
            code="broken_peak_array",
        ) from None
    if len(data) > size:
        raise too_many_peaks(max_peaks)
    if len(data) % itemsize:
        raise InputError(
            f"a peak array of {len(data)} bytes",
            f"a multiple of {itemsize}",
            hint="the spectrum is cut off; export it again",
            code="broken_peak_array",
        )
    return np.frombuffer(data, dtype).astype(np.float64)
