"""Mascot Generic Format: `BEGIN IONS … END IONS` blocks of `KEY=value` lines and peak lines.

The dialects of Mascot, GNPS, mzmine, SIRIUS and matchms differ in the names and spellings of headers; those
are the matter of `molucid.spectra.fields`. A line reader of our own serves here because a fault must be
named with its line and must not end the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.files import write_aside
from molucid.spectra.draft import Draft
from molucid.spectra.fields import field_name
from molucid.spectra.source import Line, ReadConfig, lines, unpacked
from molucid.spectra.types import Record

ID_FIELDS = ("title", "spectrumid", "spectrum_id")
_COMMENT = ("#", ";", "!", "/")


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of an MGF stream, each as it is complete.

    Args:
        stream: bytes, gzip or not.
        file: name for places and fallback identifiers.
        config: bounds.

    Raises:
        InputError: the stream itself breaks (truncated gzip); everything before was yielded.
    """
    defaults: dict[str, str] = {}
    draft: Draft | None = None
    ordinal, stray = 0, False
    for line in lines(unpacked(stream, file), config.max_line_chars):
        text = line.text.strip()
        if draft is not None and text[:1].isdigit() and not line.cut:
            draft.peak_line(line)
            continue
        marker = text.upper() if len(text) <= 16 else ""
        if marker == "BEGIN IONS":
            if draft is not None:
                draft.fail(_unfinished(f"BEGIN IONS in line {line.number}"))
                yield _finish(draft, defaults, file, ordinal)
            ordinal, stray = ordinal + 1, False
            draft = Draft.at(line.number, config)
        elif marker == "END IONS" and draft is not None:
            yield _finish(draft, defaults, file, ordinal)
            draft = None
        elif not text or text.startswith(_COMMENT):
            continue
        elif draft is not None:
            _take(draft, line, text)
        elif "=" in text and text[0].isalpha() and not line.cut:
            key, _, value = text.partition("=")
            defaults[field_name(key)] = value.strip()
        elif not stray:
            # One row for a run of lines, so that a text that is no MGF makes one row, not thousands.
            stray = True
            yield _stray(line, file)
    if draft is not None:
        draft.fail(_unfinished("the end of the file"))
        yield _finish(draft, defaults, file, ordinal)


def _take(draft: Draft, line: Line, text: str) -> None:
    if line.cut:
        draft.cut_line(line)
    elif "=" in text and text[0].isalpha():
        key, _, value = text.partition("=")
        draft.header(key, value)
    else:
        draft.peak_line(line)


def _finish(draft: Draft, defaults: dict[str, str], file: str, ordinal: int) -> Record | Rejected:
    # Headers before the first block (Mascot) hold for every block that does not set them.
    draft.headers = {**defaults, **draft.headers}
    feature, scans = draft.headers.get("feature_id"), draft.headers.get("scans")
    fallback = f"{Path(file).name}#{ordinal}"
    if feature:
        # mzmine writes several MS2 blocks of one feature; the scan tells them apart.
        fallback = f"{feature}:{scans}" if scans and scans != feature else feature
    elif scans:
        fallback = f"scan:{scans}"
    return draft.finish(file, fallback, ID_FIELDS)


def _unfinished(found: str) -> InputError:
    return InputError(
        found,
        "END IONS",
        hint="the file is cut off or END IONS is missing; export it again",
        code="unfinished_record",
    )


def _stray(line: Line, file: str) -> Rejected:
    fault = InputError(
        f"{shorten(line.text, 40)!r} outside of a record",
        "BEGIN IONS",
        hint="every spectrum stands between BEGIN IONS and END IONS",
        code="text_outside_record",
    )
    where = Where(file, None, line.number)
    return Rejected.from_error(f"{Path(file).name}:{line.number}", fault, where)


def write(path: Path | str, records: Iterable[Record]) -> int:
    """Write tandem mass spectra as MGF, one block per spectrum, whole or not at all.

    A record of several spectra becomes blocks titled `id#1`, `id#2`, …; other evidence has no place in MGF
    and is an error, never left out.

    Returns:
        The number of blocks written.

    Raises:
        InputError: a record with evidence that MGF cannot hold, or without any spectrum.
    """
    num_blocks = 0
    with write_aside(path) as stream:
        for record in records:
            for block in _blocks(record):
                stream.write(block.encode())
                num_blocks += 1
    return num_blocks


def _blocks(record: Record) -> Iterator[str]:
    evidence = record.evidence
    if not evidence.msms or evidence.ir or evidence.h_nmr or evidence.c_nmr:
        raise InputError(
            "a record without MS/MS or with IR or NMR",
            "tandem mass spectra only",
            record.where,
            hint="write it as JSON",
            code="not_mgf",
        )
    for number, spectrum in enumerate(evidence.msms, start=1):
        headers = {
            "title": evidence.id if len(evidence.msms) == 1 else f"{evidence.id}#{number}",
            "pepmass": _text(spectrum.precursor_mz),
            "adduct": spectrum.adduct,
            "collision_energy": _energy_text(
                spectrum.collision_energy_ev, spectrum.normalized_collision_energy
            ),
            "instrument_type": spectrum.instrument,
            "formula": None if evidence.formula is None else str(evidence.formula),
            "smiles": record.smiles,
        }
        headers |= {key: value for key, value in record.metadata.items() if headers.get(key) is None}
        rows = ["BEGIN IONS"]
        rows += [f"{key.upper()}={' '.join(value.split())}" for key, value in headers.items() if value]
        peaks = zip(spectrum.mz.tolist(), spectrum.intensity.tolist(), strict=True)
        rows += [f"{mz!r} {intensity!r}" for mz, intensity in peaks]
        yield "\n".join([*rows, "END IONS", "", ""])


def _text(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _energy_text(ev: float | None, normalized: float | None) -> str | None:
    if ev is not None and normalized is not None:
        return f"NCE={normalized!r}% {ev!r}eV"  # as NIST writes both scales
    if normalized is not None:
        return f"{normalized!r} NCE"
    return None if ev is None else f"{ev!r} eV"
