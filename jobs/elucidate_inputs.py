"""What `molucid elucidate` reads: records after clean-up, and which of their evidence is to be used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from molucid.chem.identity import inchikey14
from molucid.dataset.identifiers import UsedIdentifiers
from molucid.dataset.sources.spectra_inputs import read_spectra
from molucid.errors import InputError, Rejected
from molucid.model.config import MODALITY_NAMES
from molucid.spectra.clean import clean_all
from molucid.spectra.types import Record


def read_inputs(
    files: list[str], format: str | None, clean_config: Any
) -> tuple[list[Record], list[Rejected]]:
    """All records of `files` after clean-up, and all rejected rows, both in input order."""
    records: list[Record] = []
    rejected: list[Rejected] = []
    used = UsedIdentifiers()
    found = (item for name in files for item in read_spectra(name, format=format))
    unique = used.reject_repeated(found, lambda record: record.evidence.id)
    for item in clean_all(unique, clean_config):
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            records.append(_with_readable_structure(item))
    return records, rejected


def _with_readable_structure(record: Record) -> Record:
    """The record, without its known structure if that is no SMILES: it only judges the answer."""
    if record.smiles is None:
        return record
    try:
        inchikey14(record.smiles)
    except InputError:
        metadata = {**record.metadata, "unreadable_smiles": record.smiles}
        return replace(record, smiles=None, metadata=metadata)
    return record


def evidence_kinds(text: str) -> list[str]:
    """The kinds that `--evidence` names.

    Raises:
        InputError: one that is not a kind of evidence.
    """
    kinds = [kind.strip() for kind in text.split(",")]
    if not set(kinds) <= set(MODALITY_NAMES):
        raise InputError(
            f"--evidence {text}", f"some of {', '.join(MODALITY_NAMES)}", code="unknown_evidence"
        )
    return kinds
