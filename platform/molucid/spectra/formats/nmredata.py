r"""NMReDATA: an SD file whose tags hold the NMR of each structure (Pupier et al., Magn. Reson. Chem. 2018, 56, 703).

`NMREDATA_1D_1H` and `NMREDATA_1D_13C` list signals, `shift, S=dd, J=8.0,2.1(b), N=1, L=label`, one per line; since
version 1.1 a line ends with `\`, and what follows `;` is a comment. Of several spectra of one nucleus the first is read
and the others are named in the metadata. A record without them is read from `NMREDATA_ASSIGNMENT` (`label, shift, atom,
…`; a hydrogen is `H` and the atom that bears it). The structure is known, not evidence: it becomes the record's SMILES.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import Draft, check_id, too_many_peaks
from molucid.spectra.fields import assemble, field_name, parse_number
from molucid.spectra.nmr_entries import PeakEntry, multiplicity_of, peaks_of, whole_number, with_nmr
from molucid.spectra.nmr_multiplicity import CARBON_TYPES
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import ReadConfig, lines, unpacked
from molucid.spectra.types import NmrPeaks, Nucleus, Record

ID_FIELDS = ("title",)
_TAG = re.compile(r">[^<]*<([^>]+)>")
_PREFIX = "NMREDATA_"
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*-\s*(-?\d+(?:\.\d+)?)")
_ATTRIBUTE = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.*)")
_SETTING = re.compile(r"[A-Za-z][\w ]*\s*=")
_ATTACHED = dict(zip("0123", CARBON_TYPES, strict=True))
_UNKNOWN_SHIFT_PPM = 777.0
"""Shifts above it say that the shift is not known."""


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of an SD file; see `molucid.spectra.formats.mgf.read`."""
    ordinal, num_chars = 0, 0
    content: list[str] = []
    draft: Draft | None = None
    for line in lines(unpacked(stream, file), config.max_line_chars):
        if line.text.startswith("$$$$"):
            if draft is not None:
                yield _finish(draft, content, file, ordinal)
            draft, content, num_chars = None, [], 0
            continue
        if draft is None:
            ordinal += 1
            draft = Draft.at(line.number, config)
        num_chars += len(line.text)
        if line.cut or num_chars > config.max_record_chars:
            draft.cut_line(line)
        else:
            content.append(line.text)
    if draft is not None and any(text.strip() for text in content):
        draft.fail(
            InputError(
                "the end of the file",
                "$$$$ at the end of the record",
                hint="the record is cut off; export it again",
                code="unfinished_record",
            )
        )
        yield _finish(draft, content, file, ordinal)


def _finish(draft: Draft, content: list[str], file: str, ordinal: int) -> Record | Rejected:
    molblock, tags = _parts(content)
    title = content[0].strip() if content else ""
    id = title or f"{Path(file).name}#{ordinal}"
    where = Where(file, shorten(id), draft.where_line)
    try:
        if draft.fault is not None:
            raise draft.fault
        check_id(id, draft.config)
        solvent = canonical_solvent(" ".join(_rows(tags.get("SOLVENT", []))))
        assigned = _assignment(_rows(tags.get("ASSIGNMENT", [])))
        found: dict[Nucleus, NmrPeaks] = {}
        unused = []
        for tag, body in tags.items():
            nucleus = _nucleus(tag)
            if nucleus is not None and nucleus not in found:
                found[nucleus] = _spectrum(nucleus, _rows(body), solvent, assigned, draft.config)
            elif tag.startswith(("1D_", "2D_")):
                unused.append(tag)
        if not found:
            found = _from_assignment(assigned, molblock, solvent, draft.config)
        if unused:
            draft.header("spectra_not_used", ", ".join(unused))
        record = assemble(id, _headers(draft, tags, molblock, title), (), where, consumed=ID_FIELDS)
        return with_nmr(record, found, "shifts of the assignment", draft.config.referencing)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)


def _parts(content: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The molfile, and the lines of each NMReDATA tag without its prefix."""
    molblock: list[str] = []
    tags: dict[str, list[str]] = {}
    body: list[str] | None = None
    in_structure = True
    for text in content:
        if match := _TAG.match(text):
            in_structure = False
            name = match[1].strip()
            body = tags.setdefault(name.removeprefix(_PREFIX), []) if name.startswith(_PREFIX) else None
        elif in_structure:
            molblock.append(text)
        elif body is not None:
            body.append(text)
    return molblock, tags


def _rows(body: list[str]) -> list[str]:
    r"""Lines of a tag without comments; where `\` ends them, line breaks in between mean nothing."""
    pieces = "".join(text + " " for text in body).split("\\") if any("\\" in text for text in body) else body
    rows = (piece.partition(";")[0].strip() for piece in pieces)
    return [row for row in rows if row]


def _nucleus(tag: str) -> Nucleus | None:
    name = tag.partition("#")[0]
    return {"1D_1H": "1H", "1D_13C": "13C"}.get(name)  # type: ignore[return-value]


def _headers(draft: Draft, tags: Mapping[str, list[str]], molblock: list[str], title: str) -> dict[str, str]:
    draft.header("title", title)
    for tag in ("ID", "SMILES", "FORMULA", "LEVEL", "SOLVENT"):
        if rows := _rows(tags.get(tag, [])):
            draft.header(field_name(tag), rows[0] if tag in ("SMILES", "FORMULA") else "; ".join(rows))
    if not draft.headers.get("smiles"):
        # RDKit is imported where a structure is met: reading lists needs none.
        from molucid.chem.molblock import smiles_of_molblock

        try:
            draft.header("smiles", smiles_of_molblock("\n".join(molblock)) or "")
        except InputError as error:
            draft.header("structure_not_read", error.got)
    return draft.headers


def _assignment(rows: list[str]) -> dict[str, tuple[float, list[str]]]:
    """Label → (shift, atoms)."""
    assigned = {}
    for row in rows:
        cells = [cell.strip() for cell in row.split(",")]
        if len(cells) >= 3 and not _SETTING.match(row):
            assigned[cells[0]] = (parse_number(cells[1], "shift", "malformed_shift"), cells[2:])
    return assigned


def _spectrum(
    nucleus: Nucleus,
    rows: list[str],
    solvent: str | None,
    assigned: Mapping[str, tuple[float, list[str]]],
    config: ReadConfig,
) -> NmrPeaks:
    field_mhz = None
    entries = []
    if len(rows) > config.max_peaks:
        raise too_many_peaks(config.max_peaks)
    for row in rows:
        if not row[0].isdigit() and row[0] not in "-.":
            if row.lower().startswith("larmor"):
                field_mhz = parse_number(row.partition("=")[2], "Larmor", "malformed_field")
            continue
        shift, _, rest = row.partition(",")
        attributes = _attributes(rest)
        entry = _entry(shift.strip(), attributes, nucleus)
        label = attributes.get("L", "")
        if nucleus == "13C" and label in assigned:
            # N counts carbons in some files and their hydrogens in others; the assignment is certain.
            entry.num_hydrogens = len(assigned[label][1])
        entries.append(entry)
    return peaks_of(nucleus, entries, config.shift_window, field_mhz, solvent)


def _attributes(text: str) -> dict[str, str]:
    """`S=dd, J=8.0,2.1, L=a` as a mapping; a cell without name goes on with the one before it."""
    attributes: dict[str, str] = {}
    name = ""
    for cell in text.split(","):
        if match := _ATTRIBUTE.fullmatch(cell):
            name = match[1]
            attributes[name] = match[2].strip()
        elif name:
            attributes[name] += f",{cell.strip()}"
    return attributes


def _entry(shift: str, attributes: Mapping[str, str], nucleus: Nucleus) -> PeakEntry:
    span = _RANGE.fullmatch(shift)
    ends = [parse_number(text, "shift", "malformed_shift") for text in (span.groups() if span else (shift,))]
    name = attributes.get("S", "")
    couplings = (value.partition("(")[0].strip() for value in attributes.get("J", "").split(","))
    count = attributes.get("N", "") if nucleus == "1H" else ""
    attached = _ATTACHED.get(name) if nucleus == "13C" else None
    return PeakEntry(
        (ends[0] + ends[-1]) / 2,
        width_ppm=abs(ends[-1] - ends[0]),
        multiplicity=attached or (multiplicity_of(name, nucleus) if name else None),
        coupling_hz=tuple(
            parse_number(value, "coupling", "malformed_coupling") for value in couplings if value
        ),
        num_hydrogens=whole_number(parse_number(count, "N", "malformed_peak")) if count else None,
    )


def _from_assignment(
    assigned: Mapping[str, tuple[float, list[str]]],
    molblock: list[str],
    solvent: str | None,
    config: ReadConfig,
) -> dict[Nucleus, NmrPeaks]:
    elements = _elements(molblock)
    entries: dict[Nucleus, list[PeakEntry]] = {}
    for shift, atoms in assigned.values():
        if shift >= _UNKNOWN_SHIFT_PPM:
            continue
        kinds = {"H" if atom.startswith("H") else elements.get(atom, "") for atom in atoms}
        if kinds == {"H"}:
            explicit = not any(atom.startswith("H") for atom in atoms)
            entries.setdefault("1H", []).append(
                PeakEntry(shift, num_hydrogens=len(atoms) if explicit else None)
            )
        elif kinds == {"C"}:
            entries.setdefault("13C", []).append(PeakEntry(shift, num_hydrogens=len(atoms)))
    if not entries:
        raise InputError(
            "a record without NMReDATA of ¹H or ¹³C",
            "the tag NMREDATA_1D_1H, NMREDATA_1D_13C or NMREDATA_ASSIGNMENT",
            hint="export the record with its peak lists; a plain SD file holds structures only",
            code="no_nmredata",
        )
    return {
        nucleus: peaks_of(nucleus, found, config.shift_window, solvent=solvent)
        for nucleus, found in entries.items()
    }


def _elements(molblock: list[str]) -> dict[str, str]:
    """1-based number of each atom as text → element, from a V2000 molfile."""
    counts = molblock[3][:3].strip() if len(molblock) > 3 else ""
    if not counts.isdecimal():
        return {}
    return {
        str(number): line[31:34].strip() for number, line in enumerate(molblock[4 : 4 + int(counts)], start=1)
    }
