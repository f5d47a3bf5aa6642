"""Making packed shards: every chemical question about a record is answered here, once, in parallel processes.

Per record: clean-up, canonical stereo-free SMILES, tokens, formula, InChIKey first block, fingerprint. The
precursor must be at the formula of the structure, whether or not the record states a formula. A record for
which one of them fails becomes a `Rejected` row in `rejected.tsv`, and the manifest counts it by reason, so
that read = kept + rejected. The same records and configuration give the same bytes, with any number of
processes.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from molucid.chem.adducts import ADDUCTS
from molucid.chem.fingerprints import FingerprintConfig
from molucid.config import Config
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.npy_stream import NpyStream
from molucid.dataset.packed import (
    FORMULA_ELEMENTS,
    PACKED_KIND,
    PACKED_VERSION,
    ROW_DTYPE,
    molecule_dtype,
)
from molucid.dataset.splits import Fold, SplitConfig, fold_of
from molucid.dataset.structures import TOKENIZER, Structure, structure_of
from molucid.errors import InputError, Rejected, Where
from molucid.files import MANIFEST_NAME, read_manifest, write_manifest
from molucid.rejected import write_rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.types import MassSpectrum, Record

NOTHING_PACKED = "nothing_packed"
"""Code of the error that `pack` raises when no record could be kept."""

_CHUNK = 256
_OPTIONAL_NUMBERS = ("precursor_mz", "collision_energy_ev", "normalized_collision_energy")


class PackConfig(Config):
    """How records become packed rows.

    Attributes:
        clean: clean-up of each record; the same as at inference.
        fingerprint: target of the fingerprint head.
        split: keep only molecules of this split by hash; `None` for all.
        splits: shares of the splits.
        one_record_per_molecule: reject a second record of the same structure; for simulated corpora, where it
            is the same information again.
        num_processes: processes that do the chemistry; the result does not depend on it.
    """

    clean: CleanConfig = Field(default_factory=CleanConfig)
    fingerprint: FingerprintConfig = FingerprintConfig(num_bits=4096)
    split: Fold | None = None
    splits: SplitConfig = SplitConfig()
    one_record_per_molecule: bool = False
    num_processes: int = Field(default=1, ge=1)


@dataclass(frozen=True, slots=True)
class _Prepared:
    record: Record
    structure: Structure
    num_spectra_rejected: int


def pack(
    records: Iterable[Record | Rejected],
    folder: Path | str,
    config: PackConfig,
    provenance: Mapping[str, Any],
    exclude: HoldoutKeys | None = None,
    on_progress: Callable[[int], None] = lambda records: None,
) -> dict[str, Any]:
    """Write the packed shards of `records` to `folder`, in input order, one row per (record, spectrum).

    Args:
        records: records with structures, and rows that their reader rejected.
        folder: a new or empty folder, or one that an interrupted run left incomplete.
        config: see `PackConfig`.
        provenance: JSON values kept in the manifest (inputs, fold, command).
        exclude: molecules to leave out besides the held-out ones, which never pass.
        on_progress: called with the number of records read since it was called last.

    Returns:
        The manifest: `records_read`, `records_kept`, `rejected` by reason, `rows`, `molecules`, `licences` by
        rows, ….

    Raises:
        InputError: `folder` is complete already, or no record could be kept (`nothing_packed`); then the folder
            holds `rejected.tsv` only and may be packed again.
    """
    root = Path(folder)
    if (root / MANIFEST_NAME).exists():
        raise _folder_exists(root, "a folder that is complete already")
    root.mkdir(parents=True, exist_ok=True)
    rejected: list[Rejected] = []
    excluded = HoldoutKeys.default() | exclude if exclude is not None else HoldoutKeys.default()
    with _Writer(root, config, excluded) as writer:
        records_read = 0
        for outcome in _prepare_all(records, config):
            records_read += 1
            fault = outcome if isinstance(outcome, Rejected) else writer.add(outcome)
            if fault is not None:
                rejected.append(fault)
            if records_read % _CHUNK == 0:
                on_progress(_CHUNK)
        on_progress(records_read % _CHUNK)
    write_rejected(root / "rejected.tsv", rejected)
    reasons = dict(sorted(Counter(row.code for row in rejected).items()))
    if records_read == len(rejected):
        writer.remove()
        raise _nothing_packed(root, reasons)
    return write_manifest(
        root,
        {
            "kind": PACKED_KIND,
            "version": PACKED_VERSION,
            "records_read": records_read,
            "records_kept": records_read - len(rejected),
            "rejected": reasons,
            "fingerprint": config.fingerprint.model_dump(),
            **_origin(config, provenance),
            **writer.summary(),
        },
    )


def packed_before(
    folder: Path | str, config: PackConfig, provenance: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The manifest of `folder` if an earlier run packed the same there, or `None` if nothing is complete there.

    `provenance` has to name the inputs by their content: equal settings and provenance are taken as equal
    records. The files are checked against the manifest.

    Raises:
        InputError: `folder` is complete with something else, or its files are not as they were written.
    """
    root = Path(folder)
    if not (root / MANIFEST_NAME).exists():
        return None
    manifest = read_manifest(root)
    if (manifest.get("kind"), manifest.get("version")) != (PACKED_KIND, PACKED_VERSION):
        raise _folder_exists(root, "a folder that is complete already, but not with packed samples")
    # As the manifest has it: JSON knows no tuples.
    asked = json.loads(json.dumps(_origin(config, provenance)))
    differing = [
        name
        for part, values in asked.items()
        for name in sorted(values.keys() | manifest[part].keys())
        if name not in values or name not in manifest[part] or values[name] != manifest[part][name]
    ]
    if differing:
        got = f"a folder that is complete already, packed with other {', '.join(differing)}"
        raise _folder_exists(root, got)
    return manifest


def _origin(config: PackConfig, provenance: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What decides the bytes of a packed folder, as its manifest carries it."""
    return {"config": config.model_dump(exclude={"num_processes"}), "provenance": dict(provenance)}


def _nothing_packed(root: Path, reasons: Mapping[str, int]) -> InputError:
    counted = ", ".join(f"{code} {count}" for code, count in reasons.items()) or "none was read"
    return InputError(
        f"0 of {sum(reasons.values())} records to keep ({counted})",
        "at least one",
        Where(file=str(root)),
        hint="rejected.tsv there says why for each; records of another --fold are not counted",
        code=NOTHING_PACKED,
    )


def _folder_exists(root: Path, got: str) -> InputError:
    hint = "choose another --out, or remove this folder"
    return InputError(got, "a new folder", Where(file=str(root)), hint, "folder_exists")


class _Writer:
    """The arrays of one packed folder while they grow."""

    def __init__(self, root: Path, config: PackConfig, exclude: HoldoutKeys) -> None:
        self._root, self._config, self._exclude = root, config, exclude
        self._molecule_dtype = molecule_dtype(config.fingerprint.num_bits)
        self._numbers: dict[str, int] = {}
        self._instruments: dict[str | None, int] = {None: 0}
        self._sources: dict[str, int] = {}
        self._adducts: dict[str | None, int] = {name: i for i, name in enumerate((None, *ADDUCTS))}
        self._licences: Counter[str] = Counter()
        self._num_spectra_rejected = 0

    def __enter__(self) -> _Writer:
        with ExitStack() as stack:
            opened = {
                name: stack.enter_context(NpyStream(self._root / f"{name}.npy", dtype))
                for name, dtype in {
                    "rows": ROW_DTYPE,
                    "molecules": self._molecule_dtype,
                    "mz": np.dtype("<f8"),
                    "intensity": np.dtype("<f4"),
                    "token_ids": np.dtype("<u2"),
                    "id_bytes": np.dtype("u1"),
                }.items()
            }
            self._arrays, self._stack = opened, stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def add(self, prepared: _Prepared) -> Rejected | None:
        """Append one record's rows, or say why not."""
        record, structure = prepared.record, prepared.structure
        if structure.inchikey14 in self._exclude:
            message = "got a held-out or excluded molecule, expected one that training may contain"
            return Rejected(record.evidence.id, "held_out", message, record.where)
        fold = fold_of(structure.inchikey14, self._config.splits)
        if self._config.split not in (None, fold):
            message = f"got a molecule of split {fold}, expected {self._config.split}"
            return Rejected(record.evidence.id, "other_split", message, record.where)
        number = self._numbers.get(structure.smiles)
        if number is not None and self._config.one_record_per_molecule:
            return Rejected(
                record.evidence.id,
                "duplicate_molecule",
                f"got {structure.smiles} again, expected one record per structure",
                record.where,
            )
        if number is None:
            number = self._numbers[structure.smiles] = self._add_molecule(structure)
        for spectrum in record.evidence.msms:
            self._add_row(number, record, spectrum)
        self._num_spectra_rejected += prepared.num_spectra_rejected
        return None

    def remove(self) -> None:
        """Remove the arrays, after they are closed."""
        for name in self._arrays:
            (self._root / f"{name}.npy").unlink()

    def summary(self) -> dict[str, Any]:
        """Describe the arrays for the manifest."""
        return {
            "rows": self._arrays["rows"].length,
            "molecules": self._arrays["molecules"].length,
            "peaks": self._arrays["mz"].length,
            "tokens": self._arrays["token_ids"].length,
            "spectra_rejected_of_kept_records": self._num_spectra_rejected,
            "licences": dict(sorted(self._licences.items())),
            "formula_elements": list(FORMULA_ELEMENTS),
            "adducts": list(self._adducts),
            "instruments": list(self._instruments),
            "sources": list(self._sources),
            "vocabulary": list(TOKENIZER.vocabulary),
            "vocabulary_sha256": TOKENIZER.vocabulary_sha256,
        }

    def _add_molecule(self, structure: Structure) -> int:
        entry = np.zeros(1, self._molecule_dtype)
        entry["first_token"] = self._arrays["token_ids"].append(structure.token_ids)
        entry["num_tokens"] = structure.token_ids.size
        entry["formula"] = [structure.formula.count(element) for element in FORMULA_ELEMENTS]
        entry["fingerprint"] = np.packbits(structure.fingerprint)
        entry["inchikey14"] = structure.inchikey14.encode()
        return self._arrays["molecules"].append(entry)

    def _add_row(self, molecule: int, record: Record, spectrum: MassSpectrum) -> None:
        identifier = np.frombuffer(record.evidence.id.encode(), np.uint8)
        source = record.metadata.get("source") or record.where.file or "unknown"
        row = np.zeros(1, ROW_DTYPE)
        row["molecule"] = molecule
        row["first_peak"] = self._arrays["mz"].append(spectrum.mz)
        self._arrays["intensity"].append(spectrum.intensity)
        row["num_peaks"] = spectrum.mz.size
        row["first_id_byte"] = self._arrays["id_bytes"].append(identifier)
        row["num_id_bytes"] = identifier.size
        for name in _OPTIONAL_NUMBERS:
            value = getattr(spectrum, name)
            if value is not None:
                row[name], row[f"has_{name}"] = value, True
        row["adduct"] = self._adducts[spectrum.adduct]
        row["instrument"] = self._instruments.setdefault(spectrum.instrument, len(self._instruments))
        row["source"] = self._sources.setdefault(source, len(self._sources))
        self._arrays["rows"].append(row)
        self._licences[record.metadata.get("licence", "not given")] += 1


def _prepare_all(records: Iterable[Record | Rejected], config: PackConfig) -> Iterator[_Prepared | Rejected]:
    chunks = _chunks(records)
    if config.num_processes == 1:
        for chunk in chunks:
            yield from _prepare_chunk(chunk, config)
        return
    # A fresh interpreter per process: a fork would copy the threads' locks of whatever runs here already.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.num_processes, mp_context=context) as executor:
        pending: deque[Future[list[_Prepared | Rejected]]] = deque()
        for chunk in chunks:
            pending.append(executor.submit(_prepare_chunk, chunk, config))
            if len(pending) > 2 * config.num_processes:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()


def _chunks(records: Iterable[Record | Rejected]) -> Iterator[list[Record | Rejected]]:
    iterator = iter(records)
    while chunk := list(itertools.islice(iterator, _CHUNK)):
        yield chunk


def _prepare_chunk(chunk: Sequence[Record | Rejected], config: PackConfig) -> list[_Prepared | Rejected]:
    return [item if isinstance(item, Rejected) else _prepare(item, config) for item in chunk]


def _prepare(record: Record, config: PackConfig) -> _Prepared | Rejected:
    try:
        record = _with_formula(record, config)
        cleaned = clean(record, config.clean)
        if isinstance(cleaned, Rejected):
            return cleaned
        return _checked(cleaned, config, len(record.evidence.msms))
    except InputError as error:
        return Rejected.from_error(record.evidence.id, error, record.where)


def _with_formula(record: Record, config: PackConfig) -> Record:
    """The record with the formula of its structure if it has none, so that clean-up holds both to the precursor."""
    if record.evidence.formula is not None or record.smiles is None:
        return record
    formula = structure_of(record.smiles, config.fingerprint).formula
    return replace(record, evidence=replace(record.evidence, formula=formula))


def _checked(record: Record, config: PackConfig, num_spectra_read: int) -> _Prepared:
    if record.smiles is None:
        raise InputError("no structure", "a SMILES with each training record", code="no_structure")
    if not record.evidence.msms:
        raise InputError("no tandem mass spectrum", "at least one", code="no_spectrum")
    structure = structure_of(record.smiles, config.fingerprint)
    given = record.evidence.formula
    if given != structure.formula:
        raise InputError(
            f"formula {given}", f"{structure.formula} as of the structure", code="formula_mismatch"
        )
    for spectrum in record.evidence.msms:
        if spectrum.adduct is not None and spectrum.adduct not in ADDUCTS:
            raise InputError(
                f"adduct {spectrum.adduct}", f"one of {', '.join(ADDUCTS)}", code="unknown_adduct"
            )
    if len(record.evidence.id.encode()) > np.iinfo(ROW_DTYPE["num_id_bytes"]).max:
        raise InputError("an identifier above 65,535 bytes", "a shorter one", code="identifier_too_long")
    return _Prepared(record, structure, num_spectra_read - len(record.evidence.msms))
