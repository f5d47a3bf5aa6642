"""The truth of an evaluation: which spectra are asked about, and what their structures are.

Read from a table (TSV, CSV or Parquet) with an identifier and a SMILES column, which covers label files, the
published benchmark tables and manifests of compounds; from a JSON manifest with structures; or from any spectra file or
folder of compounds whose records carry a structure.

What names its structures itself is read for them alone: a compound whose spectra cannot be read is a case as any other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from molucid.chem.adducts import parse_adduct
from molucid.chem.formula import Formula
from molucid.dataset.sources.spectra_inputs import kind_of, read_spectra
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.evaluate.metrics import true_molecule
from molucid.evaluate.utf8 import utf8_lines
from molucid.spectra.compound_manifest import Listed, is_manifest, read_manifest_rows
from molucid.spectra.inputs import holds_compounds
from molucid.spectra.instrument import instrument_class
from molucid.spectra.read import read_records
from molucid.spectra.source import table_delimiter
from molucid.spectra.types import Record

_ALIASES = {
    "id": ("id", "accession", "identifier", "spec", "name"),
    "smiles": ("smiles",),
    "adduct": ("adduct", "ionization", "precursor_type"),
    "instrument": ("instrument", "instrument_type"),
    "fold": ("fold", "split"),
}
"""Column names that published tables use; the first that a table has counts."""

_TABLE_SUFFIXES = (".tsv", ".txt", ".csv")
_MAX_HEADER_CHARS = 1 << 16
_MAX_FIELD_CHARS = 1 << 24


@dataclass(frozen=True, slots=True)
class Case:
    """One spectrum (or set of spectra of one compound) with its known structure.

    Attributes:
        id: identifier, as the answer carries it.
        smiles: the true structure.
        inchikey14: its InChIKey first block: the molecule that this spectrum is of.
        formula: its molecular formula.
        adduct: canonical adduct name, or the text as given if it is no known adduct.
        instrument: instrument class (`molucid.spectra.instrument.INSTRUMENT_CLASSES`).
    """

    id: str
    smiles: str
    inchikey14: str
    formula: Formula
    adduct: str | None = None
    instrument: str | None = None


def read_cases(path: Path | str, fold: str | None = None) -> tuple[list[Case], list[Rejected]]:
    """Read the truth from one file, as `read_case_files`."""
    return read_case_files([path], fold)


def read_case_files(
    paths: Iterable[Path | str], fold: str | None = None
) -> tuple[list[Case], list[Rejected]]:
    """Read the truth from several files as one: identifiers are unique over all of them.

    Args:
        paths: tables or spectra files; `.txt` is a table if its first line names the columns.
        fold: only rows of this fold; every file must have a `fold` or `split` column with such rows.

    Returns:
        Usable cases in the order of files and rows, and the rows that cannot be: no or invalid structure, repeated
        identifier, unreadable record.

    Raises:
        InputError: a missing file, a table without the needed columns or of bytes that are not UTF-8, or a
            fold without any row.
    """
    cases: dict[str, Case] = {}
    rejected: list[Rejected] = []
    for path in paths:
        _read_file(path, fold, cases, rejected)
    return list(cases.values()), rejected


def _read_file(path: Path | str, fold: str | None, cases: dict[str, Case], rejected: list[Rejected]) -> None:
    """Add the cases of one file, and its rows that cannot be."""
    if not Path(path).exists() and "://" not in str(path):
        raise InputError(
            "no file", "a table or spectra file with structures", Where(file=str(path)), code="missing_file"
        )
    folds: set[str] = set()
    for row in _rows(path):
        if isinstance(row, Rejected):
            rejected.append(row)
            continue
        folds.add(row.fold or "")
        if fold is not None and row.fold != fold:
            continue
        try:
            case = row.case()
            if case.id in cases:
                raise InputError(f"id {case.id!r} again", "each id once", row.where, code="duplicate_id")
            cases[case.id] = case
        except InputError as error:
            rejected.append(Rejected.from_error(row.id, error, row.where))
    if fold is not None and fold not in folds:
        raise InputError(
            f"fold {fold!r}",
            "one of the folds " + ", ".join(sorted(f for f in folds if f))
            if folds - {""}
            else "a table with folds",
            Where(file=str(path)),
            code="unknown_fold",
        )


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    smiles: str | None
    adduct: str | None
    instrument: str | None
    fold: str | None
    where: Where

    def case(self) -> Case:
        if not self.id:
            raise InputError("no identifier", "an identifier", self.where, code="missing_id")
        if not self.smiles:
            raise InputError("no SMILES", "the known structure", self.where, code="missing_structure")
        true = true_molecule(self.smiles)
        assert true.inchikey14 is not None
        assert true.formula is not None
        return Case(
            self.id,
            self.smiles,
            true.inchikey14,
            true.formula,
            _adduct(self.adduct),
            instrument_class(self.instrument),
        )


def _adduct(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return parse_adduct(text).name
    except InputError:
        return text.strip()


def _rows(path: Path | str) -> Iterator[_Row | Rejected]:
    suffix = Path(path).suffix.lower()
    if is_manifest(path):
        return _manifest_rows(Path(path))
    if kind_of(str(path)) in ("samples", "alberts", "nmr_literature", "nmrshiftdb2") or holds_compounds(path):
        return _record_rows(read_spectra(str(path)))
    if suffix == ".parquet":
        return _parquet_rows(path)
    if suffix not in _TABLE_SUFFIXES:
        return _record_rows(read_records(path))
    if suffix == ".txt" and not _names_structures(path):
        # MassBank names its records so, and other programs export spectra as text.
        try:
            return _record_rows(read_records(path))
        except InputError as error:
            if error.code not in ("unknown_format", "empty_file"):
                raise
    return _delimited_rows(path)


def _manifest_rows(path: Path) -> Iterator[_Row | Rejected]:
    if path.suffix.lower() != ".json":
        return _delimited_rows(path) if _names_structures(path) else _record_rows(read_spectra(str(path)))
    listed = list(read_manifest_rows(path))
    if not any(isinstance(item, Listed) and item.smiles for item in listed):
        return _record_rows(read_spectra(str(path)))
    return (
        item if isinstance(item, Rejected) else _Row(item.id, item.smiles, None, None, None, item.where)
        for item in listed
    )


def _header(path: Path | str) -> str:
    with Path(path).open(encoding="utf-8-sig", errors="replace") as stream:
        return stream.readline(_MAX_HEADER_CHARS).rstrip("\n")


def _names_structures(path: Path | str) -> bool:
    """Whether the first line is the header of a table of structures."""
    header = _header(path)
    return {"id", "smiles"} <= _found_columns(header.split(table_delimiter(header))).keys()


def _record_rows(records: Iterable[Record | Rejected]) -> Iterator[_Row | Rejected]:
    for record in records:
        if isinstance(record, Rejected):
            yield record
            continue
        spectrum = record.evidence.msms[0] if record.evidence.msms else None
        yield _Row(
            record.evidence.id,
            record.smiles,
            spectrum.adduct if spectrum else None,
            spectrum.instrument if spectrum else None,
            record.metadata.get("fold"),
            record.where,
        )


def _delimited_rows(path: Path | str) -> Iterator[_Row]:
    # peak lists of the benchmark tables exceed the csv module's default of 128 KiB per field
    csv.field_size_limit(_MAX_FIELD_CHARS)
    reader = csv.DictReader(utf8_lines(path), delimiter=table_delimiter(_header(path)))
    try:
        columns = _columns(reader.fieldnames or (), path)
        for values in reader:
            yield _row({name: values[column] for name, column in columns.items()}, path, reader.line_num)
    except csv.Error as error:
        where = Where(file=str(path), line=reader.reader.line_num)
        raise InputError(str(error), "a table of text", where, code="invalid_table") from None


def _parquet_rows(path: Path | str) -> Iterator[_Row | Rejected]:
    from molucid.spectra.parquet_table import open_table

    file = open_table(path)
    columns = _columns(file.schema_arrow.names, path)
    for batch in file.iter_batches(columns=list(columns.values())):
        for values in batch.to_pylist():
            yield _row({name: values[column] for name, column in columns.items()}, path, None)


def _found_columns(names: Sequence[str]) -> dict[str, str]:
    present = {name.strip().lower(): name for name in names}
    return {
        key: next(present[alias] for alias in aliases if alias in present)
        for key, aliases in _ALIASES.items()
        if any(alias in present for alias in aliases)
    }


def _columns(names: Sequence[str], path: Path | str) -> dict[str, str]:
    columns = _found_columns(names)
    for needed in ("id", "smiles"):
        if needed not in columns:
            raise InputError(
                f"columns {shorten(', '.join(names)) or '(none)'}",
                f"a column {' or '.join(_ALIASES[needed])}",
                Where(file=str(path)),
                hint="the first line of the table names its columns",
                code="missing_column",
            )
    return columns


def _row(values: Mapping[str, object], path: Path | str, line: int | None) -> _Row:
    def text(key: str) -> str | None:
        value = values.get(key)
        return str(value).strip() or None if value is not None else None

    identifier = text("id") or ""
    where = Where(file=str(path), record=identifier or None, line=line)
    return _Row(identifier, text("smiles"), text("adduct"), text("instrument"), text("fold"), where)
