"""Neighbour index: predicted fingerprints of the training samples, searchable by cosine.

On disk it is a folder of `.npy` arrays with a manifest; the faiss structure is rebuilt from the vectors at
load, so that no faiss file is ever parsed. Vectors belong to the checkpoint that predicted them: the manifest
names its hash and that of the packed data set whose rows it points to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from molucid.adapt.vectors import FloatMatrix, unit_vectors
from molucid.errors import InputError, Where
from molucid.files import MANIFEST_NAME, read_manifest, staged, write_aside, write_manifest

SCHEMA_VERSION = 1
KIND = "neighbour_index"
ARRAYS = ("vectors", "rows", "molecule_keys", "molecule_bits")

Fingerprints = Callable[[Sequence[str]], NDArray[np.uint8]]
"""SMILES → true fingerprint bits, uint8 of 0 and 1 of shape `[molecules, bits]` (Morgan radius 2, 2048 bits)."""


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourIndex:
    """Training samples by predicted fingerprint, and training molecules by true fingerprint.

    Attributes:
        vectors: unit vectors of the samples, float32 `[samples, bits]`, memory-mapped.
        rows: row of each sample in the packed data set, int64 `[samples]`.
        molecule_keys: InChIKey first blocks of the distinct molecules, bytes `[molecules]`.
        molecule_bits: their true fingerprints, packed 8 bits a byte, uint8 `[molecules, bytes]`.
        provenance: manifest content: checkpoint hash, packed data set's hash and path, counts. In the file the path
            is relative to the index, here it is absolute.
    """

    vectors: FloatMatrix
    rows: NDArray[np.int64]
    molecule_keys: NDArray[np.bytes_]
    molecule_bits: NDArray[np.uint8]
    provenance: Mapping[str, Any]
    _faiss: Any

    @classmethod
    def build(
        cls,
        predicted: FloatMatrix,
        rows: NDArray[np.int64],
        keys: Sequence[str],
        smiles: Sequence[str],
        fingerprints: Fingerprints,
        provenance: Mapping[str, Any],
    ) -> NeighbourIndex:
        """Index samples given their predicted fingerprints, data-set rows, InChIKey first blocks and SMILES."""
        unique, first = np.unique(np.asarray(keys, "S14"), return_index=True)
        bits = fingerprints([smiles[i] for i in first])
        vectors = unit_vectors(predicted)
        counts = {"num_samples": len(rows), "num_molecules": len(unique), "fingerprint_bits": bits.shape[1]}
        content = {**provenance, **counts, "schema_version": SCHEMA_VERSION, "kind": KIND}
        return cls(vectors, rows, unique, np.packbits(bits, axis=1), content, _flat(vectors))

    def save(self, folder: Path | str) -> None:
        """Write the index; all files enter the folder together, the manifest last.

        Raises:
            InputError: the folder is complete as something else.
        """
        check_target(folder)
        with staged(folder, last=MANIFEST_NAME) as staging:
            for name in ARRAYS:
                with write_aside(staging / f"{name}.npy") as stream:
                    np.save(stream, getattr(self, name), allow_pickle=False)
            write_manifest(staging, dict(self.provenance))

    @classmethod
    def load(cls, folder: Path | str, checkpoint_hash: str | None = None) -> NeighbourIndex:
        """Read an index and check it.

        Raises:
            InputError: missing or changed files, another schema, or an index made with another checkpoint than
                `checkpoint_hash`.
        """
        where = Where(file=str(folder))
        if not Path(folder).is_dir():
            raise InputError(
                "no such folder",
                "a neighbour index",
                where,
                hint="make one: molucid index --data PACKED --checkpoint CHECKPOINT --out INDEX",
                code="missing_index",
            )
        manifest = read_manifest(folder)
        if manifest.get("kind") != KIND or manifest.get("schema_version") != SCHEMA_VERSION:
            raise InputError(
                f"{manifest.get('kind')!r} version {manifest.get('schema_version')}",
                f"{KIND!r} version {SCHEMA_VERSION}",
                where,
                hint="make the index again with this version",
                code="wrong_schema",
            )
        if checkpoint_hash is not None and manifest["checkpoint_sha256"] != checkpoint_hash:
            raise InputError(
                f"an index of checkpoint {manifest['checkpoint_sha256'][:12]}…",
                f"one of checkpoint {checkpoint_hash[:12]}…",
                where,
                hint="predicted fingerprints belong to one checkpoint: make the index again with this one",
                code="index_of_other_checkpoint",
            )
        arrays = {
            name: np.load(Path(folder) / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS
        }
        packed = (Path(folder) / manifest["packed_path"]).resolve()
        provenance = {**manifest, "packed_path": str(packed)}
        return cls(**arrays, provenance=provenance, _faiss=_flat(arrays["vectors"]))

    def search(self, queries: FloatMatrix, num_neighbours: int) -> tuple[FloatMatrix, NDArray[np.int64]]:
        """Nearest samples by cosine: similarities and positions in this index, both `[queries, num_neighbours]`.

        `num_neighbours` is cut to the number of samples. Ties are broken by position.
        """
        count = min(num_neighbours, len(self.rows))
        similarity, position = self._faiss.search(np.ascontiguousarray(queries, np.float32), count)
        order = np.lexsort((position, -similarity), axis=1)
        return np.take_along_axis(similarity, order, 1), np.take_along_axis(position, order, 1)

    @property
    def keys(self) -> frozenset[str]:
        """InChIKey first blocks of the training molecules."""
        return frozenset(key.decode() for key in self.molecule_keys)

    def with_vectors(self, vectors: FloatMatrix) -> NeighbourIndex:
        """The same samples with renewed unit vectors, in memory."""
        return replace(self, vectors=vectors, _faiss=_flat(vectors))

    def nearest_molecule(self, bits: NDArray[np.uint8]) -> tuple[float, str]:
        """Tanimoto similarity and InChIKey first block of the training molecule most similar to a fingerprint.

        Args:
            bits: uint8 of 0 and 1, shape `[fingerprint_bits]`.
        """
        query = np.packbits(bits)
        both = np.bitwise_count(self.molecule_bits & query).sum(axis=1, dtype=np.int32)
        either = np.bitwise_count(self.molecule_bits | query).sum(axis=1, dtype=np.int32)
        similarity = np.where(either > 0, both / np.maximum(either, 1), 1.0)
        best = int(similarity.argmax())
        return float(similarity[best]), self.molecule_keys[best].decode()


def check_target(folder: Path | str) -> None:
    """Refuse a folder that is complete as something else.

    Raises:
        InputError: it is (`folder_in_use`).
    """
    if not (Path(folder) / MANIFEST_NAME).exists():
        return
    kind = read_manifest(folder, verify=False).get("kind")
    if kind != KIND:
        raise InputError(
            f"a folder that holds {kind!r}",
            "a new folder, or that of an index",
            Where(file=str(folder)),
            hint="give another folder",
            code="folder_in_use",
        )


def _flat(vectors: FloatMatrix) -> Any:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index
