"""JCAMP-DX 4 to 6: infrared and NMR spectra, one or many blocks in a file.

Blocks of one title, anywhere in a file, are one compound: its infrared, ¹H and ¹³C spectra become one record. Of one
kind the trace counts, a list beside it is noted; a second trace of a kind is a row of its own. The reader is our own,
because nmrglue's takes the values of damaged lines as they come, loses nested blocks of one name and checks neither the
abscissae nor the repeated ordinates that the format carries for that purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.compound import Compound
from molucid.spectra.draft import check_id
from molucid.spectra.jcamp_spectra import holds_data, spectrum_of
from molucid.spectra.jcamp_text import Block, read_blocks
from molucid.spectra.source import ReadConfig, unpacked
from molucid.spectra.types import Record

_KEPT = {
    "CASNAME": "name",
    "NAMES": "name",
    "CASREGISTRYNO": "cas",
    "ORIGIN": "origin",
    "OWNER": "owner",
    "STATE": "state",
    "SAMPLEDESCRIPTION": "sample",
    "SPECTROMETERDATASYSTEM": "instrument",
    "LONGDATE": "date",
    "DATE": "date",
    ".PULSESEQUENCE": "pulse_sequence",
}
_MAX_KEPT_CHARS = 1000


def _note(compound: Compound, block: Block) -> None:
    """Keep what a block says about its compound."""
    for label, name in _KEPT.items():
        text = block.get(label)
        if text is not None and name not in compound.notes and len(text) <= _MAX_KEPT_CHARS:
            compound.notes[name] = text
    text = block.get("MOLFORM")
    if text is None or len(text) > _MAX_KEPT_CHARS:
        return
    try:
        formula = Formula.parse("".join(text.split()))
    except InputError:
        # Labels of old collections write fragments, charges and dots; the spectrum is good without.
        compound.notes.setdefault("molform", text)
    else:
        compound.formulas[str(formula)] = formula


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The compounds of a JCAMP-DX stream; see `molucid.spectra.formats.mgf.read`."""
    stem = Path(Path(file).name.removesuffix(".gz")).stem
    outer_blocks = read_blocks(unpacked(stream, file), file, config)
    titled = (item for block in outer_blocks for item in _inner(block, ""))
    compounds: dict[str, Compound] = {}
    fault: InputError | None = None
    previous: str | None = None
    try:
        for title, block in titled:
            # Blocks without any title are one compound where they follow each other.
            if title or previous != "":
                ordinal = len(compounds) + 1
                id = title or (stem if ordinal == 1 else f"{stem}#{ordinal}")
            previous = title
            where = Where(file, shorten(id), block.line)
            compound = compounds.setdefault(id, Compound(id, where))
            try:
                check_id(id, config)
                _note(compound, block)
                compound.take(spectrum_of(block, config))
            except InputError as error:
                compound.reject(f"{shorten(id)}@{block.line}", error, where)
    except InputError as error:
        fault = error
    for compound in compounds.values():
        if not compound.parts:
            compound.id = shorten(compound.id)
        yield from compound.finish()
    if fault is not None:
        raise fault


def _inner(block: Block, outer_title: str) -> Iterator[tuple[str, Block]]:
    """The blocks with data in and below `block`, with their titles; one without takes that of the block around it."""
    title = block.labels["TITLE"].first_line or outer_title
    if holds_data(block):
        yield title, block
    for inner in block.blocks:
        yield from _inner(inner, title)
