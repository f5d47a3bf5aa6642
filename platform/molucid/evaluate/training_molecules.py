"""The molecules that a model was trained on, from wherever a training set is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from molucid.chem.identity import inchikey14
from molucid.dataset.packed import PackedDataset
from molucid.dataset.shards import read_dataset
from molucid.dataset.sources.smiles_file import read
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.parquet_table import open_table


def training_smiles(path: Path | str) -> Iterator[str]:
    """Read the SMILES of a training set; a molecule may come many times.

    Args:
        path: folder of samples or of packed samples, Parquet table with a `smiles` column (of which only the
            rows of fold `train` are read if it has a `fold` column), or text file of SMILES.

    Raises:
        InputError: nothing there, or a table without SMILES.
    """
    source = _existing(path)
    if _is_samples(source):
        for stored in read_dataset(str(source)):
            yield stored.sample.smiles
    elif source.is_dir():
        dataset = PackedDataset(source)
        yield from map(dataset.smiles, range(len(dataset.molecules)))
    elif source.suffix == ".parquet":
        yield from _parquet_smiles(source)
    else:
        for molecule in read(source):
            if not isinstance(molecule, Rejected):
                yield molecule.smiles


def training_keys(path: Path | str) -> frozenset[str]:
    """InChIKey first blocks of a training set, kept as in `training_smiles`.

    A SMILES that cannot be read is no molecule, so nothing was trained on it.

    Raises:
        InputError: as `training_smiles`.
    """
    source = _existing(path)
    if _is_samples(source):
        return frozenset(stored.inchikey14 for stored in read_dataset(str(source)))
    if source.is_dir():
        return frozenset(key.decode() for key in PackedDataset(source).molecules["inchikey14"])
    keys = set()
    for smiles in set(training_smiles(source)):
        try:
            keys.add(inchikey14(smiles))
        except InputError:
            continue
    return frozenset(keys)


def _existing(path: Path | str) -> Path:
    if not Path(path).exists():
        raise InputError(
            "nothing", "training samples or a file of SMILES", Where(file=str(path)), code="missing_file"
        )
    return Path(path)


def _is_samples(source: Path) -> bool:
    return (source / "data").is_dir()


def _parquet_smiles(path: Path) -> Iterator[str]:
    file = open_table(path, ("smiles",))
    names = set(file.schema_arrow.names)
    for batch in file.iter_batches(columns=[name for name in ("smiles", "fold") if name in names]):
        for row in batch.to_pylist():
            if row["smiles"] and row.get("fold", "train") == "train":
                yield row["smiles"]
