"""SIRIUS `.ms` text of one or more compounds, and the DiffMS/MIST folder of such files with its `labels.tsv`.

`>key value` lines describe the compound; `>ms1…`, `>ms2…` and `>collision E` open peak lists that end at a
blank line or at the next `>`; `#key value` comments are kept as metadata. All MS2 lists of a compound become
spectra of one record. Here, `parentmass` is the precursor's m/z and `ionization` the adduct.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import Draft, check_id
from molucid.spectra.fields import assemble, build_spectrum, field_name
from molucid.spectra.source import Line, ReadConfig, lines, open_source, unpacked
from molucid.spectra.types import Record

LABELS_NAME = "labels.tsv"
LABELS_COLUMNS = ("spec",)
_RENAMED = {"parentmass": "precursor_mz", "ionization": "adduct", "ion": "adduct", "compound": "title"}
_PEAK_BLOCKS = ("ms1", "ms1peaks", "ms1merged", "ms2", "ms2peaks", "collision")


@dataclass(slots=True)
class _Compound:
    """One compound while it is read: its headers, and one draft per MS2 peak list."""

    head: Draft
    blocks: list[Draft] = field(default_factory=list)
    current: Draft | None = None

    def open_block(self, kind: str, energy: str, line: int) -> None:
        self.current = Draft.at(line, self.head.config)
        if kind.startswith("ms2") or kind == "collision":
            if energy:
                self.current.header("collision_energy", energy)
            self.blocks.append(self.current)

    def finish(self, file: str, fallback_id: str) -> Record | Rejected:
        headers = self.head.headers
        id = headers.get("title") or fallback_id
        where = Where(file, shorten(id), self.head.where_line)
        fault = next((draft.fault for draft in (self.head, *self.blocks) if draft.fault), None)
        try:
            if fault is not None:
                raise fault
            check_id(id, self.head.config)
            spectra = tuple(
                build_spectrum({**headers, **block.headers}, block.peaks.mz, block.peaks.intensity)
                for block in self.blocks
            )
            if not spectra:
                raise InputError("a compound without an MS2 peak list", ">ms2 or >collision", code="no_peaks")
            energies = [block.headers.get("collision_energy", "") for block in self.blocks]
            if any(energies):
                # As written: a ramp is no single energy and stands nowhere else.
                headers = {**headers, "collision_energies": "; ".join(energies)}
            return assemble(id, headers, spectra, where, consumed=("title",))
        except InputError as error:
            return Rejected.from_error(shorten(id), error, where)


def read(
    stream: IO[bytes], file: str, config: ReadConfig, labels: dict[str, str] | None = None
) -> Iterator[Record | Rejected]:
    """The compounds of a `.ms` stream; see `molucid.spectra.formats.mgf.read`.

    Args:
        stream: bytes, gzip or not.
        file: name for places and fallback identifiers.
        config: bounds.
        labels: headers known from `labels.tsv`; they hold over those of the stream.
    """
    compound: _Compound | None = None
    ordinal = 0
    for line in lines(unpacked(stream, file), config.max_line_chars):
        text = line.text.strip()
        key, _, value = text[1:].partition(" ")
        name = field_name(key)
        if compound is not None and text.startswith(">") and name == "compound":
            yield _finish(compound, file, ordinal, labels)
            compound = None
        if not text:
            if compound is not None:
                compound.current = None
            continue
        if compound is None:
            ordinal += 1
            compound = _Compound(Draft.at(line.number, config))
        _take(compound, line, text, name, value.strip())
    if compound is not None:
        yield _finish(compound, file, ordinal, labels)


def _take(compound: _Compound, line: Line, text: str, name: str, value: str) -> None:
    if line.cut:
        compound.head.cut_line(line)
    elif text.startswith(">"):
        if name in _PEAK_BLOCKS:
            compound.open_block(name, value, line.number)
        else:
            compound.current = None
            compound.head.header(_RENAMED.get(name, name), value)
    elif text.startswith("#"):
        if name and value and name not in compound.head.headers:
            compound.head.header(_RENAMED.get(name, name), value)
    elif compound.current is not None:
        compound.current.peak_line(line)
    else:
        compound.head.fail(
            InputError(
                f"{shorten(text, 40)!r} (line {line.number})",
                "a line that begins with > or #, or a peak after >ms2",
                code="text_outside_record",
            )
        )


def _finish(compound: _Compound, file: str, ordinal: int, labels: dict[str, str] | None) -> Record | Rejected:
    stem = Path(file).name.removesuffix(".gz").removesuffix(".ms")
    if labels:
        compound.head.headers |= labels
    return compound.finish(file, stem if ordinal == 1 else f"{stem}#{ordinal}")


def read_labelled(labels_path: Path, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The spectra that a DiffMS/MIST `labels.tsv` lists, in its order.

    Columns: `spec` (name of the `.ms` file, beside the table or in `spec_files/`), and any of `formula`,
    `ionization`, `smiles`, `inchikey`, `instrument`, `dataset`; they hold over what the `.ms` file says,
    since the table is what that data set is evaluated by.

    Raises:
        InputError: the table has no column `spec`, or its stream breaks.
    """
    file = str(labels_path)
    columns: list[str] | None = None
    with open_source(labels_path) as stream:
        for line in lines(stream, config.max_line_chars):
            if not line.text.strip():
                continue
            cells = line.text.split("\t")
            if columns is None:
                columns = [field_name(cell) for cell in cells]
                if "spec" not in columns:
                    raise InputError(
                        "a table without the column 'spec'",
                        "a tab-separated header with spec, formula, ionization, smiles, …",
                        Where(file, line=line.number),
                        code="missing_column",
                    )
                continue
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
            yield from _labelled(labels_path, row, line, config, ragged=len(cells) != len(columns))


def _labelled(
    labels_path: Path, row: dict[str, str], line: Line, config: ReadConfig, ragged: bool
) -> Iterator[Record | Rejected]:
    spec = row.pop("spec", "")
    where = Where(str(labels_path), shorten(spec), line.number)
    # A name from a table must not lead out of the table's folder.
    if ragged or line.cut or not spec or Path(spec).name != spec or len(spec) > 200:
        fault = InputError(
            f"row {shorten(line.text, 40)!r}",
            "as many cells as columns, and the name of a .ms file",
            code="ragged_row",
        )
        yield Rejected.from_error(shorten(spec) or f"{labels_path.name}:{line.number}", fault, where)
        return
    folder = labels_path.parent
    candidates = [folder / "spec_files" / f"{spec}.ms", folder / f"{spec}.ms", folder / f"{spec}.ms.gz"]
    path = next((candidate for candidate in candidates if candidate.is_file()), candidates[0])
    labels = {_RENAMED.get(name, name): text for name, text in row.items() if text}
    try:
        with open_source(path) as stream:
            yield from read(stream, str(path), config, {**labels, "title": spec})
    except InputError as error:
        yield Rejected.from_error(spec, error, error.where or where)
