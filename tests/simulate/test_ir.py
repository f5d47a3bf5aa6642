"""The fast infrared simulator with its shipped model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import Rejected
from molucid.simulate.ir import IrSimulator, IrSimulatorConfig
from molucid.simulate.ir_bands import BroadeningConfig
from molucid.simulate.ir_model import SHIPPED_IR_WEIGHTS
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import InfraredSpectrum


@pytest.fixture(scope="module")
def simulator() -> IrSimulator:
    return IrSimulator()


def spectrum_of(answer: InfraredSpectrum | Rejected) -> InfraredSpectrum:
    assert not isinstance(answer, Rejected), answer
    return answer


def strongest(spectrum: InfraredSpectrum, low: float, high: float) -> tuple[float, float]:
    """Wavenumber and absorbance of the highest point between two wavenumbers."""
    inside = (spectrum.wavenumber_cm1 >= low) & (spectrum.wavenumber_cm1 <= high)
    values = np.where(inside, spectrum.absorbance, -1)
    return float(spectrum.wavenumber_cm1[values.argmax()]), float(values.max())


def test_a_spectrum_is_on_the_grid_with_maximum_1(simulator: IrSimulator) -> None:
    spectrum = spectrum_of(simulator.simulate("CC(=O)Nc1ccc(O)cc1"))
    np.testing.assert_array_equal(spectrum.wavenumber_cm1, IR_GRID.axis)
    assert spectrum.absorbance.max() == 1
    assert spectrum.absorbance.min() > 0


@pytest.mark.parametrize(
    ("smiles", "without", "low", "high"),
    [
        ("CCCCC(C)=O", "CCCCCC", 1680, 1820),  # C=O stretch
        ("CCCCCO", "CCCCCC", 3350, 3700),  # O-H stretch
        ("CCCCC#N", "CCCCCC", 2150, 2400),  # C≡N stretch
        ("Cc1ccccc1[N+](=O)[O-]", "Cc1ccccc1C", 1480, 1700),  # antisymmetric NO2 stretch
    ],
)
def test_a_group_has_its_band(
    simulator: IrSimulator, smiles: str, without: str, low: float, high: float
) -> None:
    group, plain = spectrum_of(simulator.simulate(smiles)), spectrum_of(simulator.simulate(without))
    assert strongest(group, low, high)[1] > 2 * strongest(plain, low, high)[1]


def test_one_molecule_has_one_spectrum(simulator: IrSimulator) -> None:
    first, *others = (
        spectrum_of(simulator.simulate(text)).absorbance
        for text in ("CC(N)C(=O)O", "OC(=O)C(C)N", "C[C@H](N)C(=O)O", "[H]OC(=O)C(C)N")
    )
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-5)


def test_many_are_one_after_the_other(simulator: IrSimulator) -> None:
    smiles = ["CCO", "no smiles", "CC(=O)C", "CCO"]
    answers = simulator.simulate_many(smiles)
    assert isinstance(answers[1], Rejected)
    assert answers[1].id == "no smiles"
    for place in (0, 2, 3):
        alone = spectrum_of(simulator.simulate(smiles[place], seed=7))
        np.testing.assert_array_equal(spectrum_of(answers[place]).absorbance, alone.absorbance)


@pytest.mark.parametrize(
    ("smiles", "code"),
    [
        ("C1CC", "invalid_smiles"),
        ("CC.CC", "multiple_components"),
        ("[13CH3]C", "isotope_label"),
        ("C[Al](C)C", "unsupported_element"),
        ("CC(=O)[O-]", "charged_molecule"),
        ("C" * 65, "too_many_atoms"),
    ],
)
def test_what_cannot_be_simulated_is_a_row(simulator: IrSimulator, smiles: str, code: str) -> None:
    answer = simulator.simulate(smiles)
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.where.record) == (code, smiles)


def test_scale_and_width_are_the_callers() -> None:
    plain = spectrum_of(IrSimulator().simulate("CCCC(C)=O"))
    config = IrSimulatorConfig(broadening=BroadeningConfig(frequency_scale=0.96))
    scaled = spectrum_of(IrSimulator(config).simulate("CCCC(C)=O"))
    # the scaled spectrum is the plain one on a scaled axis, but for the width of its lines
    moved = np.interp(plain.wavenumber_cm1, plain.wavenumber_cm1 * 0.96 / 0.98, plain.absorbance)
    inside = plain.wavenumber_cm1 < 3900
    assert np.abs(scaled.absorbance - moved)[inside].max() < 0.05
    assert np.abs(scaled.absorbance - plain.absorbance).max() > 0.5


def test_the_shipped_model_says_where_it_comes_from(simulator: IrSimulator) -> None:
    assert SHIPPED_IR_WEIGHTS.stat().st_size < 3e6
    provenance = simulator.provenance
    job = provenance["data"]["job"]
    assert job["xtb"]["version"] == "6.5.1"
    assert job["corpus"].startswith("chemicals")
    assert len(provenance["data"]["sha256"]) == 64
    assert provenance["data"]["molecules"] > 0
    assert provenance["metrics"]["mean_cosine"] > provenance["metrics"]["mean_spectrum_cosine"]
    assert provenance["broadening"] == {"frequency_scale": 0.98, "width_cm1": 20.0}


def test_simulating_needs_no_torch() -> None:
    code = (
        "import sys; from molucid.simulate.ir import IrSimulator; IrSimulator().simulate('CCO'); "
        "print('torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root / "platform", timeout=120
    )
    assert done.stdout.strip() == "False", done.stderr
