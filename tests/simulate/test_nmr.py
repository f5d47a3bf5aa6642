"""The NMR simulator with the shipped weights."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molucid.errors import Rejected
from molucid.simulate.nmr import NmrConfig, NmrSimulator, SimulatedNmr
from molucid.spectra.grids import H_NMR_GRID
from molucid.spectra.multiplets import render
from molucid.spectra.types import NmrPeaks

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


@pytest.fixture(scope="module")
def simulator() -> NmrSimulator:
    return NmrSimulator()


def simulated(simulator: NmrSimulator, smiles: str) -> SimulatedNmr:
    found = simulator.simulate(smiles)
    assert isinstance(found, SimulatedNmr)
    return found


def column(values: tuple[object, ...] | None) -> tuple[object, ...]:
    assert values is not None
    return values


def test_paracetamol_looks_like_its_measured_spectrum(simulator: NmrSimulator) -> None:
    """Measured in DMSO-d6: 2.0 (3H), 6.7 (2H, d), 7.3 (2H, d), NH, OH; 24, 115, 121, 131, 153, 168 ppm."""
    found = simulated(simulator, PARACETAMOL)
    on_carbon = [
        (name, number, shift)
        for name, number, shift in zip(
            column(found.h_nmr.multiplicity),
            column(found.h_nmr.num_hydrogens),
            found.h_nmr.shift_ppm.tolist(),
            strict=True,
        )
        if name != "br s"
    ]
    assert [(name, number) for name, number, _ in on_carbon] == [("s", 3), ("d", 2), ("d", 2)]
    np.testing.assert_allclose([shift for *_, shift in on_carbon], [2.0, 6.7, 7.35], atol=0.35)
    np.testing.assert_allclose(found.c_nmr.shift_ppm, [24.0, 115.2, 121.0, 131.0, 153.3, 167.8], atol=4)
    assert found.c_nmr.multiplicity == ("Q", "D", "D", "S", "S", "S")
    assert found.c_nmr.num_hydrogens == (1, 2, 2, 1, 1, 1)
    assert found.h_nmr.field_mhz == 400.0
    assert found.c_nmr.field_mhz == pytest.approx(100.58)


@pytest.mark.parametrize(
    ("smiles", "carbon", "hydrogen"),
    [
        ("CCO", [18, 58], [1.2, 3.7]),
        ("CC(C)=O", [30.8, 206.5], [2.15]),
        ("c1ccccc1", [128.4], [7.35]),
        ("CC(=O)OCC", [14.2, 20.9, 60.4, 171], [1.25, 2.05, 4.12]),
        ("C1CCCCC1", [27], [1.43]),
        ("c1ccncc1", [123.8, 136, 149.8], [7.3, 7.7, 8.6]),
        ("CC#N", [1.9, 117], [2.0]),
        ("COC", [60.5], [3.25]),
    ],
)
def test_textbook_shifts(
    simulator: NmrSimulator, smiles: str, carbon: list[float], hydrogen: list[float]
) -> None:
    found = simulated(simulator, smiles)
    names = column(found.h_nmr.multiplicity)
    on_carbon = found.h_nmr.shift_ppm[[name != "br s" for name in names]]
    np.testing.assert_allclose(found.c_nmr.shift_ppm, carbon, atol=5)
    np.testing.assert_allclose(on_carbon, hydrogen, atol=0.45)


def described(peaks: NmrPeaks) -> list[tuple[object, ...]]:
    return sorted(
        zip(
            np.round(peaks.shift_ppm, 2).tolist(),
            column(peaks.multiplicity),
            column(peaks.coupling_hz),
            column(peaks.num_hydrogens),
            strict=True,
        )
    )


def test_the_spelling_of_a_molecule_does_not_matter(simulator: NmrSimulator) -> None:
    molecule = Chem.MolFromSmiles("CC(C)Cc1ccc(cc1)C(C)C(=O)OCC=C")
    reference = simulated(simulator, Chem.MolToSmiles(molecule))
    rng = np.random.default_rng(0)
    for _ in range(5):
        order = rng.permutation(molecule.GetNumAtoms()).tolist()
        other = Chem.MolToSmiles(Chem.RenumberAtoms(molecule, order), canonical=False)
        found = simulated(simulator, other)
        for mine, theirs in ((reference.h_nmr, found.h_nmr), (reference.c_nmr, found.c_nmr)):
            assert [row[1:] for row in described(mine)] == [row[1:] for row in described(theirs)]
            np.testing.assert_allclose(mine.shift_ppm, theirs.shift_ppm, atol=2e-3)


def test_many_are_answered_in_their_order_as_one_by_one() -> None:
    smiles = ["CCO", "C1CC", PARACETAMOL, "CC.C", "C", "[Na+].[Cl-]", "CCN"]
    together = NmrSimulator(NmrConfig(molecules_per_batch=2)).simulate_many(smiles)
    simulator = NmrSimulator()
    for text, found in zip(smiles, together, strict=True):
        alone = simulator.simulate(text)
        if isinstance(found, Rejected):
            assert found == alone
            assert found.id == text
        else:
            assert isinstance(alone, SimulatedNmr)
            np.testing.assert_allclose(found.h_nmr.shift_ppm, alone.h_nmr.shift_ppm, atol=1e-3)
            np.testing.assert_allclose(found.c_nmr.shift_ppm, alone.c_nmr.shift_ppm, atol=1e-3)
    codes = [found.code for found in together if isinstance(found, Rejected)]
    assert codes == ["invalid_smiles", "multiple_components", "multiple_components"]


def test_a_molecule_without_the_nucleus_has_an_empty_list(simulator: NmrSimulator) -> None:
    assert not len(simulated(simulator, "ClC(Cl)(Cl)Cl").h_nmr.shift_ppm)
    assert not len(simulated(simulator, "N").c_nmr.shift_ppm)
    found = simulator.simulate("ClCl")
    assert isinstance(found, Rejected)
    assert found.code == "no_nucleus"


def test_the_trace_of_a_molecule_has_the_area_of_its_hydrogens(simulator: NmrSimulator) -> None:
    found = simulated(simulator, "CCOC(=O)C=C")
    area = render(found.h_nmr, H_NMR_GRID).sum() * H_NMR_GRID.step
    assert area == pytest.approx(8, rel=0.03)


def test_deviations_are_those_of_the_environment(simulator: NmrSimulator) -> None:
    common, strange = (
        simulated(simulator, "Cc1ccccc1").c_nmr,
        simulated(simulator, "C[Ge](C)(C)[Sb](C)C").c_nmr,
    )
    assert common.shift_std_ppm is not None
    assert strange.shift_std_ppm is not None
    assert common.shift_std_ppm.max() < 3
    assert strange.shift_std_ppm.min() > 3


def test_provenance_names_data_licences_and_metrics(simulator: NmrSimulator) -> None:
    provenance = simulator.provenance
    assert provenance["command"].startswith("molucid train-shifts ")
    assert {"files", "rows_per_source", "rows_left_out"} <= set(provenance["data"])
    assert provenance["val_metrics"]["13C CASCADE Exp5K"]["mae_ppm"] < 3.05  # the lookup on that collection
    assert provenance["val_metrics"]["1H CASCADE NMR8K"]["mae_ppm"] < 0.328
