from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from molucid.chem.adducts import parse_adduct
from molucid.chem.identity import formula_of, inchikey14
from molucid.dataset.schema import StoredSample
from molucid.errors import Where
from molucid.spectra.types import Evidence, MassSpectrum, Record, Sample

SMILES = ("CCO", "CC(=O)Oc1ccccc1C(=O)O", "CCN(CC)CC", "c1ccoc1", "OCC(O)CO", "ClCCBr", "NCCc1ccc(O)cc1")


def make_spectrum(smiles: str, num_peaks: int, energy: float | None = 30.0) -> MassSpectrum:
    precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula_of(smiles))
    mz = np.linspace(0.3, 1.0, num_peaks) * precursor_mz
    return MassSpectrum(
        mz, np.linspace(0.25, 1.0, num_peaks), precursor_mz, "[M+H]+", energy, None, "LC-ESI-QTOF"
    )


def make_record(smiles: str, identifier: str, spectra: tuple[MassSpectrum, ...] | None = None) -> Record:
    evidence = Evidence(identifier, formula_of(smiles), spectra or (make_spectrum(smiles, 3),))
    return Record(evidence, smiles, Where("made.mgf", identifier), {"source": "made", "licence": "CC0"})


def make_stored(index: int) -> StoredSample:
    smiles = SMILES[index % len(SMILES)]
    spectra = (make_spectrum(smiles, 2 + index % 3), make_spectrum(smiles, 4, None))
    evidence = Evidence(f"row{index}", formula_of(smiles), spectra)
    return StoredSample(
        Sample(evidence, smiles), inchikey14(smiles), "made", "CC0", 7, {"corpus_row": str(index)}
    )


@pytest.fixture
def record() -> Callable[..., Record]:
    return make_record


@pytest.fixture
def stored() -> Callable[[int], StoredSample]:
    return make_stored


@pytest.fixture
def spectrum() -> Callable[..., MassSpectrum]:
    return make_spectrum
