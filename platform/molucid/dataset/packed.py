"""Packed shards: what training reads, as memory-mapped arrays with nothing left to parse.

A packed folder holds one entry per sample in `rows.npy` (a molecule with at most one spectrum of each kind; a record
with several tandem mass spectra gives a row for each, and all share its other spectra), one per distinct structure in
`molecules.npy`, and the ragged values both point into: `mz.npy`, `intensity.npy`, `token_ids.npy`, `selfies_ids.npy`,
`fragments.npy`, `id_bytes.npy` and those of `molucid.dataset.packed_spectra`. The manifest carries the vocabularies
(tokens, fragments, adducts, instruments, sources), the fingerprint's configuration and the account of what was read,
kept and rejected. `molucid.dataset.packing`
writes it; this module needs numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molucid.chem.formula import Formula
from molucid.chem.fragment_vector import FragmentCounts
from molucid.dataset.packed_spectra import ARRAYS, SpectraReader
from molucid.errors import InputError, Where
from molucid.files import MANIFEST_NAME, read_manifest, sha256_file
from molucid.spectra.types import Evidence, MassSpectrum

PACKED_KIND = "molucid.packed"
PACKED_VERSION = 2
"""Raised by one with every change of an array; a reader accepts its own version only."""

FORMULA_ELEMENTS = ("H", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I", "B")
"""Columns of a molecule's formula counts: `MODEL_ELEMENTS` in the order of the stored arrays, which is their own. A
structure with another element is not packed."""

ROW_DTYPE = np.dtype(
    [
        ("molecule", "<u4"),
        ("first_peak", "<i8"),
        ("num_peaks", "<u4"),
        ("first_id_byte", "<i8"),
        ("num_id_bytes", "<u2"),
        ("precursor_mz", "<f8"),
        ("collision_energy_ev", "<f8"),
        ("normalized_collision_energy", "<f8"),
        ("has_precursor_mz", "?"),
        ("has_collision_energy_ev", "?"),
        ("has_normalized_collision_energy", "?"),
        ("has_msms", "?"),
        ("has_ir", "?"),
        ("has_h_nmr", "?"),
        ("has_c_nmr", "?"),
        ("ir", "<u4"),
        ("h_nmr", "<u4"),
        ("c_nmr", "<u4"),
        ("adduct", "<u2"),
        ("instrument", "<u2"),
        ("source", "<u2"),
    ]
)
"""One sample. `adduct`, `instrument` and `source` index the manifest's lists, where entry 0 of
the first two is `null`: not known. A number or place is valid only where its `has_` field is true."""

FRAGMENT_DTYPE = np.dtype([("index", "<u2"), ("count", "<u2")])
"""A fragment that occurs in a molecule, and how often; ascending in `index` within a molecule."""


def molecule_dtype(num_bits: int) -> np.dtype[np.void]:
    """One distinct structure; the fingerprint is packed, eight bits a byte, first bit highest."""
    return np.dtype(
        [
            ("first_token", "<i8"),
            ("num_tokens", "<u2"),
            ("first_selfies", "<i8"),
            ("num_selfies", "<u2"),
            ("first_fragment", "<i8"),
            ("num_fragments", "<u2"),
            ("formula", "<u2", (len(FORMULA_ELEMENTS),)),
            ("fingerprint", "u1", ((num_bits + 7) // 8,)),
            ("inchikey14", "S14"),
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class PackedSample:
    """One row.

    Attributes:
        evidence: formula, at most one spectrum of each kind, and the fragments if they were packed.
        target_ids: token ids of the canonical SMILES, without `<bos>` and `<eos>`; uint16 `[tokens]`.
        fingerprint: 0 and 1, uint8 `[bits]`.
        inchikey14: InChIKey first block.
        smiles: the text that `target_ids` spell.
        selfies_ids: token ids of the SELFIES; empty if they were not packed.
    """

    evidence: Evidence
    target_ids: NDArray[np.uint16]
    fingerprint: NDArray[np.uint8]
    inchikey14: str
    smiles: str
    selfies_ids: NDArray[np.uint16]


class PackedDataset:
    """A packed folder, opened: `len(dataset)` rows, `dataset[i]` one of them.

    Args:
        folder: the packed folder.
        verify: compare all files with the sha256 sums of the manifest first; sizes are compared anyway.

    Attributes:
        folder: as given.
        manifest: the manifest, as written by `pack`.
        rows: `ROW_DTYPE`, shape `[rows]`.
        molecules: `molecule_dtype`, shape `[molecules]`.
        fragment_vocabulary: SMARTS by index; empty if fragments were not packed.
        has_selfies: whether SELFIES were packed.
        has_stereo: whether targets tell configurations.

    Raises:
        InputError: an incomplete or changed folder, or one of another version.
    """

    def __init__(self, folder: Path | str, verify: bool = False) -> None:
        self.folder = Path(folder)
        self.manifest: dict[str, Any] = read_manifest(self.folder, verify=verify)
        self._check_manifest()
        self.rows = self._open("rows")
        self.molecules = self._open("molecules")
        self._mz, self._intensity = self._open("mz"), self._open("intensity")
        self._token_ids, self._id_bytes = self._open("token_ids"), self._open("id_bytes")
        self._selfies_ids, self._fragments = self._open("selfies_ids"), self._open("fragments")
        self.fragment_vocabulary: tuple[str, ...] = tuple(self.manifest["fragment_vocabulary"])
        self.has_selfies: bool = self.manifest["config"]["selfies"]
        self.has_stereo: bool = self.manifest["config"]["stereo"]
        self._spectra = SpectraReader(
            {name: self._open(name) for name in ARRAYS},
            self.manifest["solvents"],
            self.manifest["multiplicities"],
        )
        self.vocabulary: tuple[str, ...] = tuple(self.manifest["vocabulary"])
        self.num_bits: int = self.manifest["fingerprint"]["num_bits"]
        self._adducts: list[str | None] = self.manifest["adducts"]
        self._instruments: list[str | None] = self.manifest["instruments"]
        self._formula = lru_cache(maxsize=4096)(self._read_formula)

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def __getitem__(self, index: int) -> PackedSample:
        row = self.rows[index]
        number = int(row["molecule"])
        molecule = self.molecules[number]
        ids = self.token_ids(number)
        smiles = self._spelled(ids)
        evidence = Evidence(
            self.row_id(index),
            self._formula(number),
            (self._spectrum(row),) if row["has_msms"] else (),
            ir=self._spectra.ir(row["ir"]) if row["has_ir"] else None,
            h_nmr=self._spectra.nmr(row["h_nmr"], "1H") if row["has_h_nmr"] else None,
            c_nmr=self._spectra.nmr(row["c_nmr"], "13C") if row["has_c_nmr"] else None,
            fragments=self.fragments(number) if self.fragment_vocabulary else None,
        )
        start = int(molecule["first_selfies"])
        selfies_ids = np.array(self._selfies_ids[start : start + int(molecule["num_selfies"])])
        key = molecule["inchikey14"].decode()
        return PackedSample(evidence, ids, self.fingerprint(number), key, smiles, selfies_ids)

    @property
    def content_hash(self) -> str:
        """sha256 of the manifest, which holds the hashes of all files: names this data set."""
        return sha256_file(self.folder / MANIFEST_NAME)

    def row_id(self, index: int) -> str:
        """Read the identifier of a row, as its source gave it."""
        row = self.rows[index]
        start = int(row["first_id_byte"])
        return self._id_bytes[start : start + int(row["num_id_bytes"])].tobytes().decode()

    def token_ids(self, molecule: int) -> NDArray[np.uint16]:
        """Token ids of a molecule's SMILES; uint16 `[tokens]`."""
        entry = self.molecules[molecule]
        start = int(entry["first_token"])
        return np.array(self._token_ids[start : start + int(entry["num_tokens"])])

    def smiles(self, molecule: int) -> str:
        """Canonical SMILES of a molecule: the text that its token ids spell."""
        return self._spelled(self.token_ids(molecule))

    def fingerprint(self, molecule: int) -> NDArray[np.uint8]:
        """Fingerprint of a molecule as 0 and 1; uint8 `[bits]`."""
        return np.unpackbits(self.molecules[molecule]["fingerprint"], count=self.num_bits)

    def fragments(self, molecule: int) -> FragmentCounts:
        """Fragments of a molecule, as places in `fragment_vocabulary`."""
        entry = self.molecules[molecule]
        start = int(entry["first_fragment"])
        found = self._fragments[start : start + int(entry["num_fragments"])]
        return FragmentCounts(found["index"], found["count"])

    def _spelled(self, ids: NDArray[np.uint16]) -> str:
        return "".join(self.vocabulary[token] for token in ids)

    def _spectrum(self, row: np.void) -> MassSpectrum:
        start = int(row["first_peak"])
        stop = start + int(row["num_peaks"])
        return MassSpectrum(
            self._mz[start:stop],
            self._intensity[start:stop],
            precursor_mz=float(row["precursor_mz"]) if row["has_precursor_mz"] else None,
            adduct=self._adducts[row["adduct"]],
            collision_energy_ev=float(row["collision_energy_ev"]) if row["has_collision_energy_ev"] else None,
            normalized_collision_energy=(
                float(row["normalized_collision_energy"]) if row["has_normalized_collision_energy"] else None
            ),
            instrument=self._instruments[row["instrument"]],
        )

    def _read_formula(self, molecule: int) -> Formula:
        counts = self.molecules[molecule]["formula"].tolist()
        return Formula({e: n for e, n in zip(FORMULA_ELEMENTS, counts, strict=True) if n})

    def _check_manifest(self) -> None:
        found = (self.manifest.get("kind"), self.manifest.get("version"))
        if found != (PACKED_KIND, PACKED_VERSION):
            raise InputError(
                f"a folder of kind {found[0]!r}, version {found[1]!r}",
                f"kind {PACKED_KIND!r}, version {PACKED_VERSION}",
                Where(file=str(self.folder)),
                hint="make it with `molucid pack` of this version",
                code="wrong_schema",
            )
        for name, entry in self.manifest["files"].items():
            path = self.folder / name
            size = path.stat().st_size if path.is_file() else None
            if size != entry["bytes"]:
                raise InputError(
                    "no file" if size is None else f"{size} bytes",
                    f"{entry['bytes']} bytes",
                    Where(file=str(path)),
                    hint="the file was removed or cut off after it was written; pack again",
                    code="missing_file" if size is None else "wrong_hash",
                )

    def _open(self, name: str) -> NDArray[Any]:
        path = self.folder / f"{name}.npy"
        # An empty array cannot be memory-mapped.
        empty = self.manifest["files"][path.name]["bytes"] <= NPY_HEADER_BYTES
        array: NDArray[Any] = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
        # A plain view is several times faster to index than the memmap class.
        return array if empty else array.view(np.ndarray)


NPY_HEADER_BYTES = 1024
"""Fixed size of the header of every array, so that it can be completed after the values."""
