"""What packing computes of one record, and why it refuses others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from molucid.chem.adducts import ADDUCTS
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import ROW_DTYPE
from molucid.dataset.splits import fold_of
from molucid.dataset.structures import Identity, Structure, StructureMaker, StructureTargets
from molucid.errors import InputError, Rejected
from molucid.spectra.clean import cleaned_items
from molucid.spectra.types import Evidence, Record


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that is kept, unless its molecule is a duplicate, and what is computed of its structure."""

    record: Record
    structure: Structure


class Preparer:
    """Prepares records; one per process, because a counter of fragments takes time to build.

    Args:
        config: how records become packed rows.
        exclude: molecules that are refused.
    """

    def __init__(self, config: PackConfig, exclude: HoldoutKeys) -> None:
        self._config, self._exclude = config, exclude
        targets = StructureTargets(config.fingerprint, config.stereo, config.selfies, config.vocabulary())
        self._structures = StructureMaker(targets)

    def __call__(self, items: Sequence[Record | Rejected]) -> list[Prepared | Rejected]:
        """Each record prepared or refused, followed by a row for each of its faulty spectra; refused rows as given."""
        outcomes: list[Prepared | Rejected] = []
        for item in items:
            outcomes += [item] if isinstance(item, Rejected) else self._prepare(item)
        return outcomes

    def _prepare(self, record: Record) -> list[Prepared | Rejected]:
        faulty: list[Rejected] = []
        try:
            if record.smiles is None:
                raise InputError("no structure", "a SMILES with each training record", code="no_structure")
            identity = self._structures.identify(record.smiles)
            if record.evidence.formula is None:
                # So that clean-up holds the structure, too, to the precursor.
                record = replace(record, evidence=replace(record.evidence, formula=identity.formula))
            if self._config.spectra != "optional" or _has_spectrum(record.evidence):
                cleaned, *rows = cleaned_items(record, self._config.clean)
                faulty = [row for row in rows if isinstance(row, Rejected)]
                if isinstance(cleaned, Rejected):
                    return [cleaned, *faulty]
                record = cleaned
            self._require_consistent(record, identity)
            self._require_admitted(identity)
            # Last, because fragments and fingerprints take most of the time.
            return [Prepared(record, self._structures.of(identity.smiles)), *faulty]
        except InputError as error:
            return [Rejected.from_error(record.evidence.id, error, record.where), *faulty]

    def _require_consistent(self, record: Record, identity: Identity) -> None:
        evidence = record.evidence
        if self._config.spectra == "required" and not _has_spectrum(evidence):
            raise InputError(
                "no spectrum",
                "at least one",
                hint="to keep molecules alone, set spectra=optional",
                code="no_spectrum",
            )
        if evidence.formula != identity.formula:
            raise InputError(
                f"formula {evidence.formula}",
                f"{identity.formula} as of the structure",
                code="formula_mismatch",
            )
        for spectrum in evidence.msms:
            if spectrum.adduct is not None and spectrum.adduct not in ADDUCTS:
                raise InputError(
                    f"adduct {spectrum.adduct}", f"one of {', '.join(ADDUCTS)}", code="unknown_adduct"
                )
        if len(evidence.id.encode()) > np.iinfo(ROW_DTYPE["num_id_bytes"]).max:
            raise InputError("an identifier above 65,535 bytes", "a shorter one", code="identifier_too_long")

    def _require_admitted(self, identity: Identity) -> None:
        if identity.inchikey14 in self._exclude:
            raise InputError(
                "a held-out or excluded molecule", "one that training may contain", code="held_out"
            )
        fold = fold_of(identity.inchikey14, self._config.splits)
        if self._config.split not in (None, fold):
            raise InputError(f"a molecule of split {fold}", str(self._config.split), code="other_split")


def _has_spectrum(evidence: Evidence) -> bool:
    return bool(evidence.msms) or any(s is not None for s in (evidence.ir, evidence.h_nmr, evidence.c_nmr))
