"""Varian/Agilent data: a folder (or a zip of folders) with `fid` and `procpar`.

Folders side by side whose `samplename` is the same are one compound; any other is one of its own, named by its folder.
The binary form is that of VnmrJ's user programming manual: a file header of 32 bytes, per block headers of 28 bytes and
a trace of real and imaginary numbers in turn, all big-endian. A higher shift turns the other way than in Bruker's
data, as nmrglue has it, too. Parameters and header are read here, because nmrglue's readers trust the sizes they find.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.compound import Compound, Part
from molucid.spectra.draft import check_id
from molucid.spectra.fid import ComplexArray, phased, transformed
from molucid.spectra.fields import parse_number
from molucid.spectra.file_tree import FileTree
from molucid.spectra.nuclei import SLOTS, parse_nucleus
from molucid.spectra.pulse_programs import require_unedited
from molucid.spectra.referencing import settle
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import NmrSpectrum, Record

_MARKER = "procpar"
_PROCESSED = "datdir/phasefile"  # what the program showed last, perhaps a part of the spectrum
_HEADER = struct.Struct(">6l2hl")
_BLOCK_HEADER_BYTES = 28
_IS_SPECTRUM, _IS_INT32, _IS_FLOAT = 0x2, 0x4, 0x8
_NAME_LINE = re.compile(r"(\S+)(?: \S+){10}\s*")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"?')


def is_varian(names: tuple[str, ...]) -> bool:
    """Whether files of these names hold Varian data."""
    return any(PurePosixPath(name).name == _MARKER for name in names)


def read(tree: FileTree, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The compounds below a root; see `molucid.spectra.formats.bruker.read`."""
    groups: dict[tuple[str, str], list[_Measurement | Rejected]] = {}
    for name in tree.names:
        path = PurePosixPath(name)
        if path.name != _MARKER:
            continue
        folder = "" if str(path.parent) == "." else str(path.parent)
        id = (path.parent.name or tree.name).removesuffix(".fid") or tree.name
        where = Where(f"{tree.path}/{folder}".rstrip("/"), shorten(id))
        try:
            check_id(id, config)
            measurement = _Measurement(id, tree, folder, where, _parameters(tree.read(name)), config)
        except InputError as error:
            groups[(folder, "")] = [Rejected.from_error(shorten(id), error, where)]
            continue
        sample = measurement.text("samplename")
        key = (str(path.parent.parent), sample) if sample and path.parent.name else (folder, "")
        groups.setdefault(key, []).append(measurement)
    for (_, sample), items in groups.items():
        yield from _compound(items, sample)


def _compound(items: list[_Measurement | Rejected], sample: str) -> Iterator[Record | Rejected]:
    id = items[0].id if len(items) == 1 else sample
    compound = Compound(id, items[0].where)
    for item in items:
        if isinstance(item, Rejected):
            compound.rejected.append(item)
            continue
        try:
            check_id(id, item.config)
            # Numbers beyond all bounds become infinite and are refused as such where the spectrum is made.
            with np.errstate(all="ignore"):
                compound.take(item.spectrum())
        except InputError as error:
            compound.reject(shorten(item.id), error, error.where or item.where)
    if not compound.parts:
        compound.id = shorten(id)
    yield from compound.finish()


@dataclass(frozen=True, slots=True)
class _Measurement:
    """One folder with its parameters.

    Attributes:
        id: name of its folder.
        tree: where its files are.
        folder: the folder relative to the root.
        where: its place.
        parameters: name → first value as text.
        config: bounds, and how FIDs are processed and referenced.
    """

    id: str
    tree: FileTree
    folder: str
    where: Where
    parameters: Mapping[str, str]
    config: ReadConfig

    def text(self, name: str) -> str:
        return self.parameters.get(name, "").strip()

    def number(self, name: str) -> float | None:
        return parse_number(self.text(name), name, "malformed_label") if self.text(name) else None

    def required(self, name: str) -> float:
        value = self.number(name)
        if value is None or value <= 0:
            raise InputError(
                f"no parameter {name}" if value is None else f"{name} = {value:g}",
                f"{name} above 0 in procpar",
                self.where,
                hint="copy the whole folder of the measurement again",
                code="missing_parameter",
            )
        return value

    def spectrum(self) -> Part:
        """The transformed FID, referenced by `rfl` and `rfp`, else by `reffrq`, then TMS or the solvent."""
        nucleus = parse_nucleus(self.text("tn"))
        if any((self.number(name) or 0) > 1 for name in ("ni", "ni2", "arraydim")):
            raise _two_dimensional()
        require_unedited(self.text("seqfil"))
        width_hz, observe_mhz = self.required("sw"), self.required("sfrq")
        decay = _decay(self._fid(), self.where, self.config)
        spectrum = phased(transformed(np.conj(decay), width_hz, nucleus, self.config.fid))
        offset_hz = (np.arange(len(spectrum)) / len(spectrum) - 0.5) * width_hz
        line, at = self.number("rfl"), self.number("rfp")
        scale_mhz = self.required("reffrq") if self.text("reffrq") else observe_mhz
        stated = None
        if line is not None and at is not None:
            # rfl is the distance of the reference line from the right edge, rfp its frequency on the scale.
            offset_hz += width_hz / 2 - line + at
            stated = f"rfl = {line:g} Hz, rfp = {at:g} Hz"
        else:
            offset_hz += (observe_mhz - scale_mhz) * 1e6
        solvent_text = self.text("solvent")
        solvent = canonical_solvent(solvent_text)
        slot = SLOTS[nucleus]
        notes = {f"{slot}_source": f"{self.folder}/fid".lstrip("/")}
        if solvent_text and solvent is None:
            notes[f"{slot}_solvent"] = solvent_text
        if self.text("seqfil"):
            notes[f"{slot}_pulse_program"] = self.text("seqfil")
        trace = NmrSpectrum(nucleus, offset_hz / scale_mhz, spectrum, observe_mhz, solvent)
        settled, settled_notes = settle(trace, stated, self.config.referencing)
        return Part(slot, settled, notes | settled_notes)

    def _fid(self) -> bytes:
        name = f"{self.folder}/fid".lstrip("/")
        if name not in self.tree.names:
            processed = f"{self.folder}/{_PROCESSED}".lstrip("/")
            raise InputError(
                f"{_PROCESSED} and no file fid" if processed in self.tree.names else "no file fid",
                "fid beside procpar",
                self.where,
                hint="copy the whole folder of the measurement again, or export the spectrum as JCAMP-DX",
                code="no_trace",
            )
        return self.tree.read(name)


def _two_dimensional() -> InputError:
    return InputError(
        "a two-dimensional or arrayed experiment",
        "a one-dimensional 1H or 13C spectrum",
        hint="leave out 2D experiments; no model here reads them",
        code="two_dimensional",
    )


def _decay(content: bytes, where: Where, config: ReadConfig) -> ComplexArray:
    """The one complex trace of a `fid` file."""
    damaged = InputError(
        f"a fid file of {len(content)} bytes that does not hold what its header announces",
        "one complex trace",
        where,
        hint="the file is cut off or damaged; copy the folder again",
        code="point_count_mismatch",
    )
    if len(content) < _HEADER.size:
        raise damaged
    num_blocks, num_traces, num_numbers, _, _, _, _, status, num_headers = _HEADER.unpack_from(content)
    if num_blocks > 1 or num_traces > 1:
        raise _two_dimensional()
    if status & _IS_SPECTRUM or not 0 < num_numbers <= config.max_peaks or not 0 <= num_headers <= 8:
        raise damaged
    dtype = np.dtype(">f4" if status & _IS_FLOAT else ">i4" if status & _IS_INT32 else ">i2")
    start = _HEADER.size + num_headers * _BLOCK_HEADER_BYTES
    if len(content) < start + num_numbers * dtype.itemsize:
        raise damaged
    numbers = np.frombuffer(content, dtype, num_numbers // 2 * 2, start).astype(np.float64)
    if not math.isfinite(float(np.abs(numbers).sum())):
        raise InputError(
            "NaN or infinity in fid", "finite numbers", where, hint="copy the folder again", code="not_finite"
        )
    return numbers.view(np.complex128)


def _parameters(content: bytes) -> dict[str, str]:
    """First value of each parameter: a line that names it, a line with the number of values and the first of them."""
    parameters: dict[str, str] = {}
    lines = iter(content.decode("utf-8", errors="molucid.latin1").splitlines())
    for line in lines:
        match = _NAME_LINE.fullmatch(line)
        if match is None:
            continue
        values = next(lines, "").partition(" ")[2].strip()
        quoted = _STRING.match(values)
        parameters[match[1]] = quoted[1] if quoted else values.split(" ", 1)[0]
    return parameters
