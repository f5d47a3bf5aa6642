"""Compounds whose spectra lie in several files: a folder for each, or a manifest that names the files of each.

Every compound is one item under its own name: a record with all its evidence, or the row that says why there is none.
Every file, or record in a file, that cannot be used is one more row, named `compound/file`, and the rest of the
compound is answered. Files that contradict each other (two formulas, two structures, two ¹³C spectra) reject the
compound, since nothing says which of them is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.compound_manifest import SLOTS, Listed, ListedFile, is_manifest, read_manifest_rows
from molucid.spectra.fields import molecule_formula
from molucid.spectra.measurements import holds_more, split, visible
from molucid.spectra.read import read_measurement, read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Evidence, MassSpectrum, Record

_PRECURSOR_DA = 0.5  # what instruments of any resolution agree to; a neighbouring isotope is another ion
_EVIDENCE = ("ir", "h_nmr", "c_nmr", "fragments")


def read_compounds(path: Path | str, config: ReadConfig | None = None) -> Iterator[Record | Rejected]:
    """The compounds of a folder in the order of their names, or of a manifest in its order.

    Args:
        path: a folder with one folder per compound, which is named after it; a folder without such folders, which is
            one compound; or a CSV, TSV or JSON manifest (see
            `molucid.spectra.compound_manifest`). A folder of Bruker or Varian data counts as one file. Names that
            begin with a dot are not read.
        config: bounds on each file.

    Raises:
        InputError: nothing at `path`, an empty folder, or a manifest that cannot be read.
    """
    place = Path(path)
    if place.is_dir():
        listed = _folders(place)
    elif is_manifest(place):
        listed = read_manifest_rows(place)
    else:
        raise InputError(
            "neither a folder nor a manifest",
            f"a folder of compounds, or a table with id and any of {', '.join(SLOTS)}",
            Where(str(place)),
            hint="spectra files of their own need no manifest",
            code="no_compounds" if place.exists() else "missing_file",
        )
    return _compounds(listed, config or ReadConfig())


def _folders(place: Path) -> Iterator[Listed | Rejected]:
    where = Where(str(place))
    try:
        entries = visible(place)
        if not entries:
            raise InputError(
                "an empty folder",
                "one folder per compound, or the files of one compound",
                where,
                hint="check the path, or copy the files there again",
                code="no_compounds",
            )
        if not any(entry.is_dir() for entry in split(place)[1]):
            return iter([_folder(place)])
    except OSError as error:
        raise InputError(str(error), "a readable folder", where, code="unreadable_file") from None
    return map(_folder, entries)


def _folder(entry: Path) -> Listed | Rejected:
    name = entry.name or entry.resolve().name
    where = Where(str(entry), name)
    if not entry.is_dir():
        fault = InputError(
            "a file beside the folders",
            "files inside of their compound's folder",
            where,
            hint="move it into the folder of its compound",
            code="stray_file",
        )
        return Rejected.from_error(name, fault, where)
    try:
        files = tuple(_files_in(entry, ""))
    except OSError as error:
        unreadable = InputError(
            str(error), "a readable folder", where, hint="allow reading it", code="unreadable_file"
        )
        return Rejected.from_error(name, unreadable, where)
    return Listed(name, where, files=files)


def _files_in(folder: Path, prefix: str) -> Iterator[ListedFile]:
    """The measurement in a compound's folder, and each file beside it; so for its folders, where they hold more."""
    measured, others = split(folder)
    if measured:
        name = prefix.rstrip("/") or folder.name
        yield ListedFile(name, folder, entries=tuple(part.name for part in measured))
    for entry in others:
        if entry.is_dir() and not entry.is_symlink() and holds_more(entry):
            yield from _files_in(entry, f"{prefix}{entry.name}/")
        else:
            yield ListedFile(f"{prefix}{entry.name}", entry)


def _compounds(listed: Iterator[Listed | Rejected], config: ReadConfig) -> Iterator[Record | Rejected]:
    first_places: dict[str, Where] = {}
    for item in listed:
        if isinstance(item, Rejected):
            yield item
        elif item.id in first_places:
            fault = InputError(
                f"the compound {shorten(item.id)!r} a second time",
                f"another name than that of {first_places[item.id]}",
                item.where,
                hint="give every compound a name of its own",
                code="duplicate_id",
            )
            yield Rejected.from_error(item.id, fault, item.where)
        else:
            first_places[item.id] = item.where
            yield from _compound(item, config)


def _compound(listed: Listed, config: ReadConfig) -> Iterator[Record | Rejected]:
    merged = _Merged(listed)
    faulty: list[Rejected] = []
    contradiction: InputError | None = None
    try:
        merged.take_facts(listed.formula, listed.smiles, listed.where.file or "the manifest")
    except InputError as error:
        contradiction = error
    for file in listed.files:
        for item in _items(file, config):
            name = f"{listed.id}/{_name_of(item, file, listed)}"
            if isinstance(item, Rejected):
                faulty.append(replace(item, id=name))
                continue
            faulty += [
                _without_slot(name, slot, item) for slot in file.slots if not getattr(item.evidence, slot)
            ]
            try:
                merged.take(item, file)
            except InputError as error:
                contradiction = contradiction or error
    try:
        if contradiction is not None:
            raise contradiction
        yield merged.record(faulty)
    except InputError as error:
        yield Rejected.from_error(listed.id, error, listed.where)
    yield from faulty


def _items(file: ListedFile, config: ReadConfig) -> Iterator[Record | Rejected]:
    try:
        if file.entries:
            yield from read_measurement(file.path, file.entries, config)
        else:
            yield from read_records(file.path, config=config)
    except InputError as error:
        yield Rejected.from_error(str(file.path), error, error.where or Where(str(file.path)))


def _name_of(item: Record | Rejected, file: ListedFile, listed: Listed) -> str:
    """Name of a file, or of the experiment in it that a row is about."""
    place, folder = Path(item.where.file or file.path), Path(listed.where.file or "")
    place = place if place.is_dir() else place.parent
    if file.entries and place != folder and place.is_relative_to(folder):
        return place.relative_to(folder).as_posix()
    return file.name


def _without_slot(name: str, slot: str, record: Record) -> Rejected:
    held = [other for other in SLOTS if getattr(record.evidence, other)]
    fault = InputError(
        f"a file of {' and '.join(held) or 'nothing'} in the column {slot}",
        f"a file that holds {slot}",
        record.where,
        hint="put the file into the column of its kind",
        code="wrong_column",
    )
    return Rejected.from_error(name, fault, record.where)


@dataclass(slots=True)
class _Merged:
    """One compound while its files are read; each value with the file that gave it."""

    listed: Listed
    formula: tuple[Formula, str] | None = None
    smiles: tuple[str, str] | None = None
    msms: list[MassSpectrum] = field(default_factory=list)
    evidence: dict[str, tuple[Any, str]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    precursors: dict[str, tuple[float, str]] = field(default_factory=dict)

    def take_facts(self, formula: str | None, smiles: str | None, label: str) -> None:
        if formula:
            self.formula = (molecule_formula(formula, ()), label)
        if smiles:
            self.smiles = (smiles, label)

    def take(self, record: Record, file: ListedFile) -> None:
        """Add what a record holds, of the kinds that are taken from its file.

        Raises:
            InputError: it contradicts what was taken before (`mixed_compounds`, `repeated_spectrum`).
        """
        evidence, label = record.evidence, file.name
        if evidence.formula is not None:
            if self.formula is not None and self.formula[0] != evidence.formula:
                raise self._mixed(
                    "formula", str(self.formula[0]), self.formula[1], str(evidence.formula), label
                )
            self.formula = self.formula or (evidence.formula, label)
        if record.smiles is not None:
            self._take_structure(record.smiles, label)
        self._require_one_precursor(evidence.msms, label)
        if evidence.msms and file.slots and "msms" not in file.slots:
            self._note("not_used", f"msms of {label}")
        else:
            self.msms += evidence.msms
        for name in _EVIDENCE:
            value = getattr(evidence, name)
            if value is None:
                continue
            if file.slots and name not in file.slots:
                self._note("not_used", f"{name} of {label}")
            elif name in self.evidence:
                raise InputError(
                    f"{name} in {self.evidence[name][1]} and in {label}",
                    f"one {name} spectrum of a compound",
                    self.listed.where,
                    hint="keep the one that is to be read",
                    code="repeated_spectrum",
                )
            else:
                self.evidence[name] = (value, label)
        for key, text in record.metadata.items():
            self._note(key, text)
        if label not in self.files:
            self.files.append(label)

    def _take_structure(self, smiles: str, label: str) -> None:
        if self.smiles is None or self.smiles[0] == smiles:
            self.smiles = self.smiles or (smiles, label)
            return
        # RDKit is imported only where two files spell a structure differently.
        from molucid.chem.identity import same_molecule

        if not _is_readable(self.smiles[0]):
            self._note("unreadable_smiles", f"{self.smiles[0]} in {self.smiles[1]}")
            self.smiles = (smiles, label)
        elif not _is_readable(smiles):
            self._note("unreadable_smiles", f"{smiles} in {label}")
        elif not same_molecule(self.smiles[0], smiles):
            raise self._mixed("structure", *self.smiles, smiles, label)

    def _require_one_precursor(self, spectra: Sequence[MassSpectrum], label: str) -> None:
        for spectrum in spectra:
            if spectrum.adduct is None or spectrum.precursor_mz is None:
                continue
            known_mz, first = self.precursors.setdefault(spectrum.adduct, (spectrum.precursor_mz, label))
            if abs(known_mz - spectrum.precursor_mz) > _PRECURSOR_DA:
                one, other = f"{spectrum.adduct} {known_mz:.4f}", f"{spectrum.precursor_mz:.4f}"
                raise self._mixed("precursor", one, first, other, label)

    def _note(self, key: str, text: str) -> None:
        known = self.metadata.get(key)
        if known is None:
            self.metadata[key] = text
        elif text not in known.split("; "):
            self.metadata[key] = f"{known}; {text}"

    def _mixed(self, what: str, one: str, first: str, other: str, second: str) -> InputError:
        return InputError(
            f"{what} {shorten(one)} in {first} and {shorten(other)} in {second}",
            "files of one compound",
            self.listed.where,
            hint="give each compound a folder of its own, or correct what contradicts; name files that are an input "
            "each one by one, e.g. folder/*.mgf",
            code="mixed_compounds",
        )

    def record(self, faulty: list[Rejected]) -> Record:
        """The merged record.

        Raises:
            InputError: there is nothing to merge (`no_readable_file`).
        """
        if not self.msms and not self.evidence:
            given = len(self.listed.files)
            raise InputError(
                f"{given} files, none with a spectrum that can be used" if given else "no file",
                "at least one spectrum",
                self.listed.where,
                hint="see the rows of its files" if faulty else "name its files",
                code="no_readable_file",
            )
        values: Mapping[str, Any] = {name: value for name, (value, _) in self.evidence.items()}
        metadata = self.metadata | {"files": "; ".join(self.files)}
        if self.listed.unused:
            metadata["columns_not_used"] = "; ".join(self.listed.unused)
        if faulty:
            metadata["rejected_files"] = "; ".join(row.id for row in faulty)
        evidence = Evidence(self.listed.id, self.formula and self.formula[0], tuple(self.msms), **values)
        return Record(evidence, self.smiles and self.smiles[0], self.listed.where, metadata)


def _is_readable(smiles: str) -> bool:
    from molucid.chem.identity import parse_smiles

    try:
        parse_smiles(smiles)
    except InputError:
        return False
    return True
