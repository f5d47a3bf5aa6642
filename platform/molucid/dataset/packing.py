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
from pathlib import Path
from typing import Any

from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PACKED_KIND, PACKED_VERSION
from molucid.dataset.packed_writer import PackedWriter
from molucid.dataset.prepared import Prepared, Preparer
from molucid.errors import InputError, Rejected, Where
from molucid.files import MANIFEST_NAME, read_manifest, write_manifest
from molucid.rejected import write_rejected
from molucid.spectra.types import Record

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
    with PackedWriter(root, config) as writer:
        records_read = 0
        for outcome in _prepare_all(records, config, excluded):
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


def _prepare_all(
    records: Iterable[Record | Rejected], config: PackConfig, exclude: HoldoutKeys
) -> Iterator[Prepared | Rejected]:
    chunks = _chunks(records)
    if config.num_processes == 1:
        prepare = Preparer(config, exclude)
        for chunk in chunks:
            yield from prepare(chunk)
        return
    # A fresh interpreter per process: a fork would copy the threads' locks of whatever runs here already.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        config.num_processes, mp_context=context, initializer=_start_process, initargs=(config, exclude)
    ) as executor:
        pending: deque[Future[list[Prepared | Rejected]]] = deque()
        for chunk in chunks:
            pending.append(executor.submit(_prepare_in_process, chunk))
            if len(pending) > 2 * config.num_processes:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()


def _chunks(records: Iterable[Record | Rejected]) -> Iterator[list[Record | Rejected]]:
    iterator = iter(records)
    while chunk := list(itertools.islice(iterator, _CHUNK)):
        yield chunk


_preparers: list[Preparer] = []
"""The one of this process, if it is one of the pool."""


def _start_process(config: PackConfig, exclude: HoldoutKeys) -> None:
    _preparers.append(Preparer(config, exclude))


def _prepare_in_process(chunk: Sequence[Record | Rejected]) -> list[Prepared | Rejected]:
    return _preparers[0](chunk)
