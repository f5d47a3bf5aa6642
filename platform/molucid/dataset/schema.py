"""The Arrow schema of a sample on disk: one molecule with its spectra of any kind, and where both come from.

The schema is explicit and versioned: a file is read only if its schema equals this one, field by field. m/z
is float64, because accurate mass is what identifies a fragment (float32 already errs by 0.06 ppm); intensity
is float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molucid.chem.formula import Formula
from molucid.dataset.schema_spectra import (
    INFRARED_TYPE,
    NMR_TYPE,
    infrared_array,
    infrared_of,
    nmr_array,
    nmr_of,
)
from molucid.errors import InputError, Where
from molucid.spectra.types import Evidence, MassSpectrum, Record, Sample

SCHEMA_VERSION = 2
"""Raised by one with every change of a field; a reader accepts its own version only."""

_SPECTRUM_FIELDS: list[Any] = [
    pa.field("mz", pa.list_(pa.float64()), nullable=False),
    pa.field("intensity", pa.list_(pa.float32()), nullable=False),
    pa.field("precursor_mz", pa.float64()),
    pa.field("adduct", pa.string()),
    pa.field("collision_energy_ev", pa.float64()),
    pa.field("normalized_collision_energy", pa.float64()),
    pa.field("instrument", pa.string()),
]
_SPECTRA = ("spectra", "ir", "h_nmr", "c_nmr")
_SCALARS = ("precursor_mz", "adduct", "collision_energy_ev", "normalized_collision_energy", "instrument")

SAMPLE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("smiles", pa.string(), nullable=False),
        pa.field("formula", pa.string(), nullable=False),
        pa.field("inchikey14", pa.string(), nullable=False),
        pa.field("spectra", pa.list_(pa.struct(_SPECTRUM_FIELDS)), nullable=False),
        pa.field("ir", INFRARED_TYPE),
        pa.field("h_nmr", NMR_TYPE),
        pa.field("c_nmr", NMR_TYPE),
        pa.field("source", pa.string(), nullable=False),
        pa.field("licence", pa.string()),
        pa.field("seed", pa.int64()),
        pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False),
    ],
    metadata={"molucid.kind": "sample", "molucid.schema_version": str(SCHEMA_VERSION)},
)


@dataclass(frozen=True, slots=True, eq=False)
class StoredSample:
    """A sample as it lies on disk.

    Attributes:
        sample: evidence (with its formula) and structure.
        inchikey14: first block of the InChIKey of the structure.
        source: corpus or library the structure comes from, e.g. `chemicals 1.5.2` or `MassBank 2025.05.1`.
        licence: licence of this record as its source gives it; `None` if it gives none.
        seed: seed of the simulation; `None` for a measured spectrum.
        metadata: further fields as text, e.g. `accession`, `simulator`, `corpus_row`.
    """

    sample: Sample
    inchikey14: str
    source: str
    licence: str | None = None
    seed: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def record(self, where: Where) -> Record:
        """Turn the sample into a record read at `where`."""
        extra = {"inchikey14": self.inchikey14, "source": self.source}
        if self.licence is not None:
            extra["licence"] = self.licence
        return Record(self.sample.evidence, self.sample.smiles, where, {**self.metadata, **extra})


def samples_to_table(samples: Sequence[StoredSample]) -> pa.Table:
    """Build the table of `samples`, in their order, with `SAMPLE_SCHEMA`.

    Raises:
        InputError: a sample whose evidence has no formula.
    """
    for stored in samples:
        if stored.sample.evidence.formula is None:
            raise InputError(
                f"sample {stored.sample.evidence.id!r} without formula",
                "a sample with the formula of its structure",
                code="no_formula",
            )
    spectra = [s for stored in samples for s in stored.sample.evidence.msms]
    columns = [
        pa.array([s.sample.evidence.id for s in samples], pa.string()),
        pa.array([s.sample.smiles for s in samples], pa.string()),
        pa.array([str(s.sample.evidence.formula) for s in samples], pa.string()),
        pa.array([s.inchikey14 for s in samples], pa.string()),
        pa.ListArray.from_arrays(
            _offsets([len(s.sample.evidence.msms) for s in samples]),
            _spectra_array(spectra),
            type=SAMPLE_SCHEMA.field("spectra").type,
        ),
        infrared_array([s.sample.evidence.ir for s in samples]),
        nmr_array([s.sample.evidence.h_nmr for s in samples]),
        nmr_array([s.sample.evidence.c_nmr for s in samples]),
        pa.array([s.source for s in samples], pa.string()),
        pa.array([s.licence for s in samples], pa.string()),
        pa.array([s.seed for s in samples], pa.int64()),
        pa.array([sorted(s.metadata.items()) for s in samples], SAMPLE_SCHEMA.field("metadata").type),
    ]
    return pa.Table.from_arrays(columns, schema=SAMPLE_SCHEMA)


def table_to_samples(table: pa.Table) -> Iterator[StoredSample]:
    """Read the samples of `table` in order.

    Raises:
        InputError: the table has another schema or version.
    """
    check_schema(table.schema)
    for batch in table.to_batches():
        yield from _batch_to_samples(batch)


def check_schema(schema: pa.Schema, where: Where | None = None) -> None:
    """Refuse a schema other than `SAMPLE_SCHEMA`, naming the version or the first field that differs."""
    found = (schema.metadata or {}).get(b"molucid.schema_version", b"none").decode()
    if found != str(SCHEMA_VERSION):
        raise InputError(
            f"sample schema version {found}",
            f"version {SCHEMA_VERSION}",
            where,
            hint="make the samples again with this version of molucid",
            code="wrong_schema",
        )
    if not schema.equals(SAMPLE_SCHEMA):
        differing = [f.name for f in SAMPLE_SCHEMA if f.name not in schema.names or schema.field(f.name) != f]
        extra = [name for name in schema.names if name not in SAMPLE_SCHEMA.names]
        raise InputError(
            f"a table that differs in {', '.join(differing + extra) or 'the order of its columns'}",
            f"the columns {', '.join(SAMPLE_SCHEMA.names)} of schema version {SCHEMA_VERSION}",
            where,
            code="wrong_schema",
        )


def _offsets(lengths: Sequence[int]) -> Any:
    total = np.cumsum([0, *lengths], dtype=np.int64)
    if total[-1] > np.iinfo(np.int32).max:
        raise InputError(
            f"{total[-1]} list entries in one shard", "fewer than 2³¹", hint="make shards smaller"
        )
    return pa.array(total.astype(np.int32), pa.int32())


def _spectra_array(spectra: Sequence[MassSpectrum]) -> Any:
    peaks = _offsets([s.mz.size for s in spectra])
    mz = np.concatenate([s.mz for s in spectra]) if spectra else np.empty(0)
    intensity = np.concatenate([s.intensity for s in spectra]) if spectra else np.empty(0)
    arrays = [
        pa.ListArray.from_arrays(peaks, pa.array(mz, pa.float64())),
        pa.ListArray.from_arrays(peaks, pa.array(intensity.astype(np.float32), pa.float32())),
        *(
            pa.array([getattr(s, name) for s in spectra], f.type)
            for name, f in zip(_SCALARS, _SPECTRUM_FIELDS[2:], strict=True)
        ),
    ]
    return pa.StructArray.from_arrays(arrays, fields=_SPECTRUM_FIELDS)


def _batch_to_samples(batch: pa.RecordBatch) -> Iterator[StoredSample]:
    column = {name: batch.column(name) for name in batch.schema.names if name not in _SPECTRA}
    text: dict[str, Any] = {name: values.to_pylist() for name, values in column.items()}
    lists: Any = batch.column("spectra")
    bounds = _numpy(lists.offsets)
    spectra = _spectra(lists.values)
    ir = infrared_of(batch.column("ir"))
    h_nmr, c_nmr = nmr_of(batch.column("h_nmr"), "1H"), nmr_of(batch.column("c_nmr"), "13C")
    for row in range(batch.num_rows):
        evidence = Evidence(
            id=text["id"][row],
            formula=Formula.parse(text["formula"][row]),
            msms=tuple(spectra[i] for i in range(bounds[row], bounds[row + 1])),
            ir=ir[row],
            h_nmr=h_nmr[row],
            c_nmr=c_nmr[row],
        )
        yield StoredSample(
            Sample(evidence, text["smiles"][row]),
            text["inchikey14"][row],
            text["source"][row],
            text["licence"][row],
            text["seed"][row],
            dict(text["metadata"][row]),
        )


def _spectra(structs: Any) -> list[MassSpectrum]:
    mz_lists, intensity_lists = structs.field("mz"), structs.field("intensity")
    peaks = _numpy(mz_lists.offsets)
    mz, intensity = _numpy(mz_lists.values), _numpy(intensity_lists.values)
    scalars = [structs.field(name).to_pylist() for name in _SCALARS]
    return [
        MassSpectrum(mz[start:stop], intensity[start:stop], *values)
        for start, stop, *values in zip(peaks[:-1], peaks[1:], *scalars, strict=True)
    ]


def _numpy(array: Any) -> NDArray[Any]:
    values: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values
