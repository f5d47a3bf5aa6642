"""The arrays of one packed folder while they grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molucid.chem.adducts import ADDUCTS
from molucid.dataset.npy_stream import NpyStream
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import FORMULA_ELEMENTS, FRAGMENT_DTYPE, ROW_DTYPE, molecule_dtype
from molucid.dataset.packed_spectra import ARRAYS, SpectraWriter
from molucid.dataset.prepared import Prepared
from molucid.dataset.structures import TOKENIZER, Structure
from molucid.errors import Rejected
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import Evidence, MassSpectrum, Record

_OPTIONAL_NUMBERS = ("precursor_mz", "collision_energy_ev", "normalized_collision_energy")


class PackedWriter:
    """The arrays of one packed folder while they grow."""

    def __init__(self, root: Path, config: PackConfig) -> None:
        self._root, self._config = root, config
        self._molecule_dtype = molecule_dtype(config.fingerprint.num_bits)
        self._numbers: dict[str, int] = {}
        self._instruments: dict[str | None, int] = {None: 0}
        self._sources: dict[str, int] = {}
        self._adducts: dict[str | None, int] = {name: i for i, name in enumerate((None, *ADDUCTS))}
        self._licences: Counter[str] = Counter()
        self._vocabulary = config.vocabulary()
        self._spectra = SpectraWriter(lambda name, values: self._arrays[name].append(values))

    def __enter__(self) -> PackedWriter:
        with ExitStack() as stack:
            opened = {
                name: stack.enter_context(NpyStream(self._root / f"{name}.npy", dtype))
                for name, dtype in {
                    "rows": ROW_DTYPE,
                    "molecules": self._molecule_dtype,
                    "mz": np.dtype("<f8"),
                    "intensity": np.dtype("<f4"),
                    "token_ids": np.dtype("<u2"),
                    "selfies_ids": np.dtype("<u2"),
                    "fragments": FRAGMENT_DTYPE,
                    "id_bytes": np.dtype("u1"),
                    **ARRAYS,
                }.items()
            }
            self._arrays, self._stack = opened, stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def add(self, prepared: Prepared) -> Rejected | None:
        """Append one record's rows, or say why not."""
        record, structure = prepared.record, prepared.structure
        smiles = structure.identity.smiles
        number = self._numbers.get(smiles)
        if number is not None and self._config.one_record_per_molecule:
            return Rejected(
                record.evidence.id,
                "duplicate_molecule",
                f"got {smiles} again, expected one record per structure",
                record.where,
            )
        if number is None:
            number = self._numbers[smiles] = self._add_molecule(structure)
        shared = self._add_shared(record.evidence)
        for spectrum in record.evidence.msms or (None,):
            self._add_row(number, record, spectrum, shared)
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
            "infrared_spectra": self._arrays["ir"].length // IR_GRID.num_points,
            "nmr_spectra": self._arrays["nmr"].length,
            "peaks_of_lists": self._arrays["peaks"].length,
            "tokens": self._arrays["token_ids"].length,
            "licences": dict(sorted(self._licences.items())),
            "formula_elements": list(FORMULA_ELEMENTS),
            "adducts": list(self._adducts),
            "instruments": list(self._instruments),
            "solvents": list(self._spectra.solvents),
            "multiplicities": list(self._spectra.multiplicities),
            "fragment_vocabulary": [] if self._vocabulary is None else list(self._vocabulary.patterns),
            "sources": list(self._sources),
            "vocabulary": list(TOKENIZER.vocabulary),
            "vocabulary_sha256": TOKENIZER.vocabulary_sha256,
        }

    def _add_molecule(self, structure: Structure) -> int:
        entry = np.zeros(1, self._molecule_dtype)
        entry["first_token"] = self._arrays["token_ids"].append(structure.token_ids)
        entry["num_tokens"] = structure.token_ids.size
        entry["first_selfies"] = self._arrays["selfies_ids"].append(structure.selfies_ids)
        entry["num_selfies"] = structure.selfies_ids.size
        fragments = np.zeros(structure.fragments.index.size, FRAGMENT_DTYPE)
        fragments["index"], fragments["count"] = structure.fragments.index, structure.fragments.count
        entry["first_fragment"] = self._arrays["fragments"].append(fragments)
        entry["num_fragments"] = fragments.size
        entry["formula"] = [structure.identity.formula.count(element) for element in FORMULA_ELEMENTS]
        entry["fingerprint"] = np.packbits(structure.fingerprint)
        entry["inchikey14"] = structure.identity.inchikey14.encode()
        return self._arrays["molecules"].append(entry)

    def _add_shared(self, evidence: Evidence) -> dict[str, int]:
        """Places of the spectra that all rows of a record share, by name of the row's field."""
        places = {}
        if evidence.ir is not None:
            places["ir"] = self._spectra.add_ir(evidence.ir)
        for name, spectrum in (("h_nmr", evidence.h_nmr), ("c_nmr", evidence.c_nmr)):
            if spectrum is not None:
                places[name] = self._spectra.add_nmr(spectrum)
        return places

    def _add_row(
        self, molecule: int, record: Record, spectrum: MassSpectrum | None, shared: Mapping[str, int]
    ) -> None:
        identifier = np.frombuffer(record.evidence.id.encode(), np.uint8)
        source = record.metadata.get("source") or record.where.file or "unknown"
        row = np.zeros(1, ROW_DTYPE)
        row["molecule"] = molecule
        row["first_id_byte"] = self._arrays["id_bytes"].append(identifier)
        row["num_id_bytes"] = identifier.size
        for name, place in shared.items():
            row[name], row[f"has_{name}"] = place, True
        if spectrum is not None:
            self._add_spectrum(row, spectrum)
        row["source"] = self._sources.setdefault(source, len(self._sources))
        self._arrays["rows"].append(row)
        self._licences[record.metadata.get("licence", "not given")] += 1

    def _add_spectrum(self, row: NDArray[np.void], spectrum: MassSpectrum) -> None:
        row["has_msms"] = True
        row["first_peak"] = self._arrays["mz"].append(spectrum.mz)
        self._arrays["intensity"].append(spectrum.intensity)
        row["num_peaks"] = spectrum.mz.size
        for name in _OPTIONAL_NUMBERS:
            value = getattr(spectrum, name)
            if value is not None:
                row[name], row[f"has_{name}"] = value, True
        row["adduct"] = self._adducts[spectrum.adduct]
        row["instrument"] = self._instruments.setdefault(spectrum.instrument, len(self._instruments))
