"""The molecules that a model was trained on, from wherever a training set is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from molucid.dataset.packed import PackedDataset
from molucid.dataset.shards import read_dataset
from molucid.dataset.sources.smiles_file import read
from molucid.errors import InputError, Rejected, Where


def training_smiles(path: Path | str) -> Iterator[str]:
    """Read the SMILES of a training set; a molecule may come many times.

    Args:
        path: folder of samples or of packed samples, Parquet table with a `smiles` column (of which only the
            rows of fold `train` are read if it has a `fold` column), or text file of SMILES.

    Raises:
        InputError: nothing there, or a table without SMILES.
    """
    source = Path(path)
    if not source.exists():
        raise InputError(
            "nothing", "training samples or a file of SMILES", Where(file=str(path)), code="missing_file"
        )
    if source.is_dir() and (source / "data").is_dir():
        for stored in read_dataset(str(source)):
            yield stored.sample.smiles
    elif source.is_dir():
        dataset = PackedDataset(source)
        for i in range(len(dataset)):
            yield dataset[i].smiles
    elif source.suffix == ".parquet":
        yield from _parquet_smiles(source)
    else:
        for molecule in read(source):
            if not isinstance(molecule, Rejected):
                yield molecule.smiles


def _parquet_smiles(path: Path) -> Iterator[str]:
    file = pq.ParquetFile(path)
    names = set(file.schema_arrow.names)
    if "smiles" not in names:
        raise InputError(
            f"columns {', '.join(sorted(names))}",
            "a column smiles",
            Where(file=str(path)),
            code="missing_column",
        )
    for batch in file.iter_batches(columns=[name for name in ("smiles", "fold") if name in names]):
        for row in batch.to_pylist():
            if row["smiles"] and row.get("fold", "train") == "train":
                yield row["smiles"]
