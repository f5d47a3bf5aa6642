"""Making packed shards: every chemical question about a record is answered here, once, in parallel processes.

Per record: clean-up, canonical SMILES, tokens, formula, InChIKey first block, fingerprint, fragments. The
precursor must be at the formula of the structure, whether or not the record states a formula. A record for
which one of them fails becomes a `Rejected` row in `rejected.tsv`, and so does each faulty spectrum of a record that
is kept. The manifest counts them by reason, so that read = kept + rejected. The same records and configuration give
the same bytes, with any number of processes.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from molucid.chem.adducts import ADDUCTS
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PACKED_KIND, PACKED_VERSION, ROW_DTYPE
from molucid.dataset.packed_writer import PackedWriter, Prepared
from molucid.dataset.structures import StructureMaker, StructureTargets
from molucid.errors import InputError, Rejected, Where
from molucid.files import MANIFEST_NAME, read_manifest, write_manifest
from molucid.rejected import write_rejected
from molucid.spectra.clean import cleaned_items
from molucid.spectra.types import Evidence, Record

NOTHING_PACKED = "nothing_packed"
"""Code of the error that `pack` raises when no record could be kept."""

_CHUNK = 256


def pack(
    records: Iterable[Record | Rejected],
    folder: Path | str,
    config: PackConfig,
    provenance: Mapping[str, Any],
    exclude: HoldoutKeys | None = None,
    on_progress: Callable[[int], None] = lambda records: None,
) -> dict[str, Any]:
    """Write the packed shards of `records` to `folder`, in input order, one row per record or tandem mass spectrum.

    Args:
        records: records with structures, and rows that their reader rejected.
        folder: a new or empty folder, or one that an interrupted run left incomplete.
        config: see `PackConfig`.
        provenance: JSON values kept in the manifest (inputs, fold, command).
        exclude: molecules to leave out besides the held-out ones, which never pass.
        on_progress: called with the number of records read since it was called last.

    Returns:
        The manifest: `records_read` (with one for each spectrum that is a row), `records_kept`, `rejected` by reason,
        `rows`, `molecules`, `licences` by rows, ….

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
    with PackedWriter(root, config, excluded) as writer:
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
    vocabulary = config.vocabulary()
    known = {} if vocabulary is None else {"fragment_vocabulary_sha256": vocabulary.sha256}
    return {
        "config": config.model_dump(exclude={"num_processes"}),
        "provenance": {**provenance, **known},
    }


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


def _prepare_all(records: Iterable[Record | Rejected], config: PackConfig) -> Iterator[Prepared | Rejected]:
    chunks = _chunks(records)
    if config.num_processes == 1:
        for chunk in chunks:
            yield from _prepare_chunk(chunk, config)
        return
    # A fresh interpreter per process: a fork would copy the threads' locks of whatever runs here already.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.num_processes, mp_context=context) as executor:
        pending: deque[Future[list[Prepared | Rejected]]] = deque()
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


def _prepare_chunk(chunk: Sequence[Record | Rejected], config: PackConfig) -> list[Prepared | Rejected]:
    outcomes: list[Prepared | Rejected] = []
    for item in chunk:
        outcomes += [item] if isinstance(item, Rejected) else _prepare(item, config)
    return outcomes


def _prepare(record: Record, config: PackConfig) -> list[Prepared | Rejected]:
    """What is to be written of a record, or why nothing is; then a row for each of its faulty spectra."""
    faulty: list[Rejected] = []
    try:
        record = _with_formula(record, config)
        cleaned: Record | Rejected = record
        if config.spectra != "optional" or _has_spectrum(record.evidence):
            cleaned, *rows = cleaned_items(record, config.clean)
            faulty = [row for row in rows if isinstance(row, Rejected)]
        return [cleaned if isinstance(cleaned, Rejected) else _checked(cleaned, config), *faulty]
    except InputError as error:
        return [Rejected.from_error(record.evidence.id, error, record.where), *faulty]


@lru_cache(maxsize=4)
def _structures(config: PackConfig) -> StructureMaker:
    """One per process and configuration: a counter of fragments takes time to build."""
    return StructureMaker(
        StructureTargets(config.fingerprint, config.stereo, config.selfies, config.vocabulary())
    )


def _with_formula(record: Record, config: PackConfig) -> Record:
    """The record with the formula of its structure if it has none, so that clean-up holds both to the precursor."""
    if record.evidence.formula is not None or record.smiles is None:
        return record
    formula = _structures(config).of(record.smiles).formula
    return replace(record, evidence=replace(record.evidence, formula=formula))


def _has_spectrum(evidence: Evidence) -> bool:
    return bool(evidence.msms) or any(s is not None for s in (evidence.ir, evidence.h_nmr, evidence.c_nmr))


def _checked(record: Record, config: PackConfig) -> Prepared:
    if record.smiles is None:
        raise InputError("no structure", "a SMILES with each training record", code="no_structure")
    if config.spectra == "required" and not _has_spectrum(record.evidence):
        raise InputError(
            "no spectrum",
            "at least one",
            hint="to keep molecules alone, set spectra=optional",
            code="no_spectrum",
        )
    structure = _structures(config).of(record.smiles)
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
    return Prepared(record, structure)
