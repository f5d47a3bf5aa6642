"""One compound put together from the records of its files, or the contradiction between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.compound_manifest import Listed, ListedFile
from molucid.spectra.fields import molecule_formula
from molucid.spectra.spectrum_files import file_notes
from molucid.spectra.types import Evidence, MassSpectrum, Record

_PRECURSOR_DA = 0.5  # what instruments of any resolution agree to; a neighbouring isotope is another ion
_EVIDENCE = ("ir", "h_nmr", "c_nmr", "fragments")


@dataclass(slots=True)
class Merged:
    """One compound while its files are read; each value with the file that gave it, by its name for messages.

    `places` has the path of the file of each spectrum, by the spectrum's name (`ir`, `msms#1`, …).
    """

    listed: Listed
    formula: tuple[Formula, str] | None = None
    smiles: tuple[str, str] | None = None
    msms: list[MassSpectrum] = field(default_factory=list)
    evidence: dict[str, tuple[Any, str]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    precursors: dict[str, tuple[float, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def take_facts(self, formula: str | None, smiles: str | None, label: str) -> None:
        """Keep what a manifest states; a formula that cannot be read is an `InputError`."""
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
        self._require_one_name(record, file)
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
            for spectrum in evidence.msms:
                self.msms.append(spectrum)
                self.places[f"msms#{len(self.msms)}"] = _place(record, file, "msms")
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
                    self._where(self.evidence[name][1], label),
                    hint="keep the one that is to be read",
                    code="repeated_spectrum",
                )
            else:
                self.evidence[name] = (value, label)
                self.places[name] = _place(record, file, name)
        for key, text in record.metadata.items():
            self._note(key, text)
        if label not in self.files:
            self.files.append(label)

    def _require_one_name(self, record: Record, file: ListedFile) -> None:
        """Refuse a file that gives its IR or NMR spectra to compounds of different names.

        Mass spectra have titles of their own, measurements in folders the names of those.
        """
        id, place = record.evidence.id, file.path
        without_ending = Path(place.name.removesuffix(".gz")).stem
        is_stated = record.where.file == str(place) and not place.is_dir()
        if not is_stated or id.startswith((f"{place.name}#", f"{without_ending}#")):
            return
        known = self.names.setdefault(file.name, id)
        has_only_masses = not any(getattr(record.evidence, name) for name in _EVIDENCE)
        if known.split() != id.split() and not (has_only_masses and self._gave_only_masses(file.name)):
            raise self._mixed("the name", known, file.name, id, file.name)

    def _gave_only_masses(self, label: str) -> bool:
        return all(given != label for _, given in self.evidence.values())

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
            self._where(first, second),
            hint="give each compound a folder of its own, or correct what contradicts; name files that are an input "
            "each one by one, e.g. folder/*.mgf",
            code="mixed_compounds",
        )

    def _where(self, first: str, second: str) -> Where:
        """Place of a contradiction: the file that contradicts itself, else the compound."""
        for file in self.listed.files if first == second else ():
            if file.name == first:
                return Where(str(file.path), self.listed.where.record)
        return self.listed.where

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
        metadata = self.metadata | {"files": "; ".join(self.files)} | file_notes(self.places)
        if self.listed.unused:
            metadata["columns_not_used"] = "; ".join(self.listed.unused)
        if faulty:
            metadata["rejected_files"] = "; ".join(row.id for row in faulty)
        evidence = Evidence(self.listed.id, self.formula and self.formula[0], tuple(self.msms), **values)
        return Record(evidence, self.smiles and self.smiles[0], self.listed.where, metadata)


def _place(record: Record, file: ListedFile, name: str) -> str:
    """Path of the file of one kind of spectrum; of a folder with several measurements that of the measurement."""
    place = Path(record.where.file or file.path)
    source = record.metadata.get(f"{name}_source")
    return str(place / source) if source and place.is_dir() else str(place)


def _is_readable(smiles: str) -> bool:
    from molucid.chem.identity import parse_smiles

    try:
        parse_smiles(smiles)
    except InputError:
        return False
    return True
