"""Fragment counts by identifier in a Parquet table: what a model predicts, or what structures have.

Columns `id`, `index` (list of uint16, ascending) and `count` (list of uint16, at least 1); the metadata name the
sha256 of the vocabulary that numbers the fragments.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from molucid.chem.fragment_vector import FragmentCounts, dense
from molucid.errors import InputError, Where
from molucid.evaluate.fragments import FragmentMetrics, fragment_metrics
from molucid.files import write_aside
from molucid.spectra.parquet_table import open_table

SCHEMA = pa.schema([("id", pa.string()), ("index", pa.list_(pa.uint16())), ("count", pa.list_(pa.uint16()))])
VOCABULARY_KEY = b"vocabulary_sha256"


@dataclass(frozen=True, slots=True)
class FragmentTable:
    """Fragment counts of many compounds.

    Attributes:
        counts: identifier → its fragments.
        vocabulary_sha256: hash of the vocabulary that they are numbered by.
    """

    counts: Mapping[str, FragmentCounts]
    vocabulary_sha256: str

    def dense(self, ids: Sequence[str], size: int) -> NDArray[np.uint16]:
        """Counts of all `size` fragments of each identifier, shape `[ids, size]`; zeros where there is no row.

        Raises:
            InputError: a fragment outside the vocabulary (`wrong_vocabulary`).
        """
        table = np.zeros((len(ids), size), np.uint16)
        for row, identifier in enumerate(ids):
            if identifier in self.counts:
                table[row] = dense(self.counts[identifier], size)
        return table


@dataclass(frozen=True, slots=True, eq=False)
class FragmentResult:
    """How good a table of predicted fragments is.

    Attributes:
        metrics: over all compounds; one without a row counts as predicted to have no fragment.
        num_missing: compounds without a row.
    """

    metrics: FragmentMetrics
    num_missing: int


def compare_fragments(
    predicted: FragmentTable, ids: Sequence[str], true_counts: Sequence[FragmentCounts], size: int
) -> FragmentResult:
    """Compare a table with the counts of the true structures.

    Args:
        predicted: the table.
        ids: identifiers of the compounds.
        true_counts: per compound its true fragments, by the same vocabulary.
        size: number of fragments of the vocabulary.

    Raises:
        InputError: no compounds, or a fragment outside the vocabulary (`wrong_vocabulary`).
    """
    truth = FragmentTable(dict(zip(ids, true_counts, strict=True)), predicted.vocabulary_sha256)
    missing = sum(identifier not in predicted.counts for identifier in ids)
    return FragmentResult(fragment_metrics(truth.dense(ids, size), predicted.dense(ids, size)), missing)


def write_fragment_counts(path: Path | str, table: FragmentTable) -> None:
    """Write the table as a whole or not at all."""
    columns: dict[str, list[Any]] = {
        "id": list(table.counts),
        "index": [counts.index for counts in table.counts.values()],
        "count": [counts.count for counts in table.counts.values()],
    }
    schema = SCHEMA.with_metadata({VOCABULARY_KEY: table.vocabulary_sha256.encode()})
    with write_aside(path) as stream:
        pq.write_table(pa.table(columns, schema), stream)


def read_fragment_counts(path: Path | str, vocabulary_sha256: str) -> FragmentTable:
    """Read a table whose fragments are numbered by the vocabulary of this hash.

    Raises:
        InputError: no such table (`missing_file`, `invalid_parquet`, `missing_column`), columns of other types or a row
            that is no fragment counts (`invalid_fragments`), an identifier twice (`duplicate_id`), or a table of
            another vocabulary (`wrong_vocabulary`).
    """
    where = Where(file=str(path))
    file = open_table(path, SCHEMA.names)
    schema = file.schema_arrow
    if any(not _same_kind(schema.field(field.name).type, field.type) for field in SCHEMA):
        raise InputError(
            ", ".join(f"{name}: {schema.field(name).type}" for name in SCHEMA.names),
            ", ".join(f"{field.name}: {field.type}" for field in SCHEMA),
            where,
            code="invalid_fragments",
        )
    found = (schema.metadata or {}).get(VOCABULARY_KEY, b"").decode(errors="replace")
    if found != vocabulary_sha256:
        raise InputError(
            f"fragments of vocabulary {found[:12]}…" if found else "fragments of no named vocabulary",
            f"fragments of vocabulary {vocabulary_sha256[:12]}…",
            where,
            hint="evaluate with the vocabulary that the model was trained on (--vocabulary)",
            code="wrong_vocabulary",
        )
    counts: dict[str, FragmentCounts] = {}
    for batch in file.iter_batches(columns=SCHEMA.names):
        for row in batch.to_pylist():
            identifier, fragments = _row(row, str(path))
            if identifier in counts:
                raise InputError(
                    f"id {identifier!r} again",
                    "each id once",
                    Where(file=str(path), record=identifier),
                    code="duplicate_id",
                )
            counts[identifier] = fragments
    return FragmentTable(counts, vocabulary_sha256)


def _same_kind(found: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_string(wanted):
        return pa.types.is_string(found) or pa.types.is_large_string(found)
    if isinstance(found, pa.ListType | pa.LargeListType):
        return pa.types.is_unsigned_integer(found.value_type)
    return False


def _row(row: Mapping[str, Any], path: str) -> tuple[str, FragmentCounts]:
    identifier, index, count = row["id"], row["index"], row["count"]
    if (
        not identifier
        or index is None
        or count is None
        or None in index
        or None in count
        or len(index) != len(count)
        or any(low >= high for low, high in itertools.pairwise(index))
        or min(count, default=1) < 1
        or max(*index, *count, 0, 0) >= 1 << 16
    ):
        raise InputError(
            "a row that is no fragment counts",
            "an id, ascending fragments, and as many counts of at least 1, all below 65,536",
            Where(file=path, record=identifier or None),
            hint="write the table with molucid",
            code="invalid_fragments",
        )
    return identifier, FragmentCounts(np.array(index, np.uint16), np.array(count, np.uint16))
