"""What a training set is packed from: simulated samples and spectra files of any kind, told apart by content.

`corpus:NAME` is a corpus of molecules without spectra, see `molucid.dataset.sources.corpora`.
Everything else is told apart by `molucid.dataset.sources.spectra_inputs`: a file that cannot be read is one row, and
identifiers are unique over all files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from molucid.dataset.identifiers import UsedIdentifiers
from molucid.dataset.shards import DatasetRoot, read_dataset_manifest
from molucid.dataset.sources.corpora import open_corpus
from molucid.dataset.sources.spectra_inputs import SpectraKind, kind_of, read_spectra
from molucid.errors import InputError, Rejected
from molucid.files import MANIFEST_NAME, sha256_file
from molucid.spectra.formats.sirius import LABELS_NAME
from molucid.spectra.types import Evidence, Record

InputKind = SpectraKind | Literal["corpus"]

_CORPUS = "corpus:"


@dataclass(frozen=True, slots=True)
class TrainingInput:
    """One input of a training set: its path or URL as given, and what it is."""

    name: str
    kind: InputKind

    def describe(self) -> dict[str, str]:
        """`name` without its folders and `sha256` of the content: what a manifest keeps."""
        return {"name": self.name.rstrip("/").rsplit("/", 1)[-1], "sha256": self._sha256()}

    def _sha256(self) -> str:
        if self.kind == "corpus":
            path = Path(self.name.rpartition(":")[2])
            text = open_corpus(self.name.removeprefix(_CORPUS)).source
            return sha256_file(path) if path.is_file() else hashlib.sha256(text.encode()).hexdigest()
        if self.kind == "samples":
            return DatasetRoot(self.name).sha256(MANIFEST_NAME)
        path = Path(self.name)
        if path.is_dir() and self.kind == "spectra":
            files = sorted(file for file in path.rglob("*") if file.is_file())
            return _sha256_of_files(path, files)
        if self.kind != "labelled":
            return sha256_file(self.name)
        folder = path if path.is_dir() else path.parent
        found = (file for pattern in ("*.ms", "*.ms.gz", "spec_files/*.ms") for file in folder.glob(pattern))
        files = sorted([folder / LABELS_NAME, *(file for file in found if file.is_file())])
        return _sha256_of_files(folder, files)


def _sha256_of_files(folder: Path, files: Sequence[Path]) -> str:
    sums = [(file.relative_to(folder).as_posix(), sha256_file(file)) for file in files]
    return hashlib.sha256(json.dumps(sums).encode()).hexdigest()


def training_inputs(names: Sequence[str]) -> tuple[TrainingInput, ...]:
    """Recognise all inputs, before anything of them is read.

    Raises:
        InputError: files or folders that are not there (all are named), or samples that are not complete.
    """
    missing = [
        name
        for name in names
        if not name.startswith(_CORPUS) and "://" not in name and not _is_there(Path(name))
    ]
    if missing:
        raise InputError(
            f"no file or folder {', '.join(missing)}",
            "samples or spectra files that exist",
            hint="check the paths; nothing was packed",
            code="missing_file",
        )
    inputs = tuple(
        TrainingInput(name, "corpus" if name.startswith(_CORPUS) else kind_of(name)) for name in names
    )
    for given in inputs:
        if given.kind == "samples":
            read_dataset_manifest(DatasetRoot(given.name))
    return inputs


def read_inputs(inputs: Sequence[TrainingInput], fold: str | None = None) -> Iterator[Record | Rejected]:
    """All records in the order of the inputs.

    Args:
        inputs: see `training_inputs`.
        fold: only records that their file puts into this fold; simulated samples belong to every fold, and a
            row that cannot be read is passed on whatever its fold.
    """
    used = UsedIdentifiers()
    for given in inputs:
        if given.kind == "corpus":
            yield from _molecules(given.name)
        elif given.kind == "samples":
            yield from read_spectra(given.name, given.kind)
        else:
            found = read_spectra(given.name, given.kind)
            yield from used.reject_repeated(_of_fold(found, fold), lambda record: record.evidence.id)


def _is_there(path: Path) -> bool:
    return path.is_file() or path.is_dir()


def _molecules(name: str) -> Iterator[Record | Rejected]:
    corpus = open_corpus(name.removeprefix(_CORPUS))
    facts = {"source": corpus.source, **({} if corpus.licence is None else {"licence": corpus.licence})}
    for molecule in corpus.rows:
        if isinstance(molecule, Rejected):
            yield molecule
        else:
            yield Record(Evidence(molecule.id), molecule.smiles, molecule.where, facts)


def _of_fold(records: Iterator[Record | Rejected], fold: str | None) -> Iterator[Record | Rejected]:
    for record in records:
        if fold is None or isinstance(record, Rejected) or record.metadata.get("fold") == fold:
            yield record
