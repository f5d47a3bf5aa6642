"""The molecules that a model was trained on, from wherever a training set is kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from pathlib import Path

import numpy as np

from molucid.chem.identity import inchikey14, parse_smiles
from molucid.dataset.packed import FORMULA_ELEMENTS, PackedDataset
from molucid.dataset.shards import read_dataset
from molucid.dataset.sources.smiles_file import read
from molucid.errors import InputError, Rejected, Where
from molucid.evaluate.training_overlap import symbols
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


def training_elements(path: Path | str) -> Iterator[tuple[str, frozenset[str]]]:
    """Read the InChIKey first block and the symbols of the elements of each molecule, kept as in `training_smiles`.

    A molecule may come many times. A SMILES that cannot be read is no molecule, so nothing was trained on it. Samples
    and packed samples bring both with them.

    Raises:
        InputError: as `training_smiles`.
    """
    source = _existing(path)
    if _is_samples(source):
        for stored in read_dataset(str(source)):
            assert stored.sample.evidence.formula is not None, "as samples are stored"
            yield stored.inchikey14, symbols(stored.sample.evidence.formula)
    elif source.is_dir():
        molecules = PackedDataset(source).molecules
        sets, places = np.unique(molecules["formula"] > 0, axis=0, return_inverse=True)
        elements = [frozenset(compress(FORMULA_ELEMENTS, present)) for present in sets]
        for key, place in zip(molecules["inchikey14"], places.ravel(), strict=True):
            yield key.decode(), elements[place]
    else:
        for smiles in set(training_smiles(source)):
            try:
                mol = parse_smiles(smiles)
                key = inchikey14(mol)
            except InputError:
                continue
            hydrogen = {"H"} if any(atom.GetTotalNumHs() for atom in mol.GetAtoms()) else set()
            yield key, frozenset({str(atom.GetSymbol()) for atom in mol.GetAtoms()} | hydrogen)


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
