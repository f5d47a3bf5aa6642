"""The simulator with its shipped model."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from rdkit import Chem

from molucid.chem.adducts import parse_adduct
from molucid.chem.identity import formula_of
from molucid.errors import Rejected
from molucid.simulate.ion_species import SIMULATED_ADDUCTS
from molucid.simulate.msms import Conditions, MsmsSimulator, NoiseConfig, SimulatorConfig
from molucid.spectra.types import MassSpectrum

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
ENERGIES = [Conditions(normalized_collision_energy=e, instrument_class="orbitrap") for e in (15, 45, 90)]


@pytest.fixture(scope="module")
def simulator() -> MsmsSimulator:
    return MsmsSimulator()


def spectra_of(answer: tuple[MassSpectrum, ...] | Rejected) -> tuple[MassSpectrum, ...]:
    assert not isinstance(answer, Rejected), answer
    return answer


def test_spectra_say_how_they_were_made(simulator: MsmsSimulator) -> None:
    spectra = spectra_of(simulator.simulate(PARACETAMOL, ENERGIES))
    assert [s.normalized_collision_energy for s in spectra] == [15, 45, 90]
    for spectrum in spectra:
        assert spectrum.adduct == "[M+H]+"
        assert spectrum.instrument == "orbitrap"
        assert spectrum.collision_energy_ev is None
        assert spectrum.precursor_mz == pytest.approx(152.0706, abs=1e-4)
        assert spectrum.intensity.max() == 1
        assert (np.diff(spectrum.mz) > 0).all()
        assert spectrum.mz[-1] <= spectrum.precursor_mz + 0.01


def test_what_is_known_of_paracetamol(simulator: MsmsSimulator) -> None:
    # [M+H]+ loses ketene to m/z 110.0600 (MassBank, all instruments); the precursor fades with energy
    low, middle, high = spectra_of(simulator.simulate(PARACETAMOL, ENERGIES))

    def intensity(spectrum: MassSpectrum, mz: float) -> float:
        return float(spectrum.intensity[np.abs(spectrum.mz - mz) < 2e-3].sum())

    assert intensity(middle, 110.0600) == middle.intensity.max()
    assert intensity(low, 152.0706) > intensity(middle, 152.0706) > intensity(high, 152.0706)


@pytest.mark.parametrize("adduct", SIMULATED_ADDUCTS)
def test_every_adduct_has_its_precursor(simulator: MsmsSimulator, adduct: str) -> None:
    (spectrum,) = spectra_of(simulator.simulate(PARACETAMOL, [Conditions(adduct, collision_energy_ev=5)]))
    assert spectrum.precursor_mz == pytest.approx(
        parse_adduct(adduct).precursor_mz(formula_of(PARACETAMOL)), abs=1e-6
    )


def test_mixed_adducts_come_back_in_the_order_asked(simulator: MsmsSimulator) -> None:
    asked = [Conditions(a, collision_energy_ev=e) for e in (10, 30) for a in ("[M-H]-", "[M+H]+", "[M+Na]+")]
    mixed = spectra_of(simulator.simulate(PARACETAMOL, asked))
    for conditions, spectrum in zip(asked, mixed, strict=True):
        (alone,) = spectra_of(simulator.simulate(PARACETAMOL, [conditions]))
        assert (spectrum.adduct, spectrum.collision_energy_ev) == (
            conditions.adduct,
            conditions.collision_energy_ev,
        )
        np.testing.assert_array_equal(spectrum.mz, alone.mz)
        np.testing.assert_array_equal(spectrum.intensity, alone.intensity)


def test_no_conditions_no_spectra(simulator: MsmsSimulator) -> None:
    assert simulator.simulate(PARACETAMOL, []) == ()


@pytest.mark.parametrize(
    ("smiles", "adduct", "code"),
    [
        ("C" * 65, "[M+H]+", "too_many_atoms"),
        ("CC(=O)[O-].[Na+]", "[M+H]+", "multiple_components"),
        ("not a molecule", "[M+H]+", "invalid_smiles"),
        ("[13CH4]", "[M+H]+", "isotope_label"),
        ("C[N+](C)(C)C", "[M+H]+", "charged_molecule"),
        ("CC(=O)[O-]", "[M-H]-", "charged_molecule"),
    ],
)
def test_refusals_are_rows_not_exceptions(
    simulator: MsmsSimulator, smiles: str, adduct: str, code: str
) -> None:
    answer = simulator.simulate(smiles, [Conditions(adduct)])
    assert isinstance(answer, Rejected)
    assert answer.code == code
    assert answer.id == smiles


def test_capacity_of_the_fragmenter_is_a_named_refusal() -> None:
    simulator = MsmsSimulator(SimulatorConfig.from_mapping({"fragmenter": {"max_fragments": 10}}))
    answer = simulator.simulate(PARACETAMOL, ENERGIES)
    assert isinstance(answer, Rejected)
    assert answer.code == "too_many_fragments"


def test_a_cation_is_its_own_ion(simulator: MsmsSimulator) -> None:
    (spectrum,) = spectra_of(
        simulator.simulate("C[N+](C)(C)CCO", [Conditions("[M]+", collision_energy_ev=20)])
    )
    assert spectrum.precursor_mz == pytest.approx(104.1070, abs=1e-4)  # choline


def other_writings(smiles: str, count: int) -> list[str]:
    """SMILES of the same molecule with its atoms in random orders, and one in Kekulé form."""
    molecule, generator = Chem.MolFromSmiles(smiles), np.random.default_rng(0)
    orders = [generator.permutation(molecule.GetNumAtoms()).tolist() for _ in range(count)]
    shuffled = [
        Chem.MolToSmiles(Chem.RenumberAtoms(molecule, order), canonical=False, kekuleSmiles=False)
        for order in orders
    ]
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    return [*shuffled, Chem.MolToSmiles(molecule, kekuleSmiles=True)]


@pytest.mark.parametrize(
    ("smiles", "largest_mz_difference"),
    [
        # Ions of C, H, N, O and F share no cell with ions of another formula here.
        (PARACETAMOL, 0.0),
        ("CC(C)CC(NC(=O)C(Cc1ccccc1)NC(=O)CN)C(=O)O", 0.0),
        ("CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1", 0.0),
        # Ions that do: their formulas lie this far apart, in Da.
        ("CN1CCN(C)P1c1ccccc1", 0.000311),
        ("O=P1(N(CCCl)CCCl)NCCCO1", 0.000176),
        ("OB(O)c1cccc(C(F)(F)F)c1", 0.000411),
        ("O=C(CCl)NC(Cc1ccc(O)cc1)C(=O)O", 0.000487),
    ],
)
def test_the_writing_of_a_molecule_moves_peaks_within_their_cells_only(
    smiles: str, largest_mz_difference: float
) -> None:
    simulator = MsmsSimulator(SimulatorConfig(min_relative_intensity=0, max_peaks=100_000))
    conditions = [*ENERGIES, Conditions("[M-H]-", collision_energy_ev=30, instrument_class="qtof")]
    written = spectra_of(simulator.simulate(smiles, conditions))
    mz_differences = [0.0]
    for other in other_writings(smiles, 10):
        for a, b in zip(written, spectra_of(simulator.simulate(other, conditions)), strict=True):
            assert len(a.mz) == len(b.mz) > 100
            np.testing.assert_array_equal(np.floor(a.mz * 2000 + 0.5), np.floor(b.mz * 2000 + 0.5))
            np.testing.assert_allclose(a.intensity, b.intensity, rtol=0, atol=1e-5)  # 2.7e-6 measured
            mz_differences.append(np.abs(a.mz - b.mz).max())
    assert max(mz_differences) == pytest.approx(largest_mz_difference, abs=1e-6)
    assert max(mz_differences) <= 0.0005


def test_limits_on_peaks_hold() -> None:
    few = MsmsSimulator(SimulatorConfig(max_peaks=7, min_relative_intensity=0))
    strong = MsmsSimulator(SimulatorConfig(min_relative_intensity=0.05))
    all_peaks = MsmsSimulator(SimulatorConfig(min_relative_intensity=0, max_peaks=100_000))
    (whole,) = spectra_of(all_peaks.simulate(PARACETAMOL, ENERGIES[1:2]))
    (kept,) = spectra_of(few.simulate(PARACETAMOL, ENERGIES[1:2]))
    assert np.sort(kept.intensity).tolist() == np.sort(whole.intensity)[-7:].tolist()
    (kept,) = spectra_of(strong.simulate(PARACETAMOL, ENERGIES[1:2]))
    assert len(kept.mz) == (whole.intensity >= 0.05).sum()


class TestNoise:
    noisy = SimulatorConfig(noise=NoiseConfig(mz_error_ppm=5, intensity_log_sd=0.3, peak_dropout=0.2))

    def test_without_noise_the_seed_is_irrelevant(self, simulator: MsmsSimulator) -> None:
        one, other = (spectra_of(simulator.simulate(PARACETAMOL, ENERGIES, seed))[1] for seed in (0, 1))
        np.testing.assert_array_equal(one.intensity, other.intensity)

    def test_noise_is_a_function_of_seed_and_molecule(self) -> None:
        simulator = MsmsSimulator(self.noisy)
        first = spectra_of(simulator.simulate(PARACETAMOL, ENERGIES, seed=3))
        simulator.simulate("CCO", ENERGIES, seed=3)
        again = spectra_of(simulator.simulate(PARACETAMOL, ENERGIES, seed=3))
        other = spectra_of(simulator.simulate(PARACETAMOL, ENERGIES, seed=4))
        for a, b, c in zip(first, again, other, strict=True):
            np.testing.assert_array_equal(a.mz, b.mz)
            np.testing.assert_array_equal(a.intensity, b.intensity)
            assert not np.array_equal(a.mz, c.mz)

    def test_noise_has_the_size_it_says(self) -> None:
        simulator = MsmsSimulator(
            SimulatorConfig(noise=NoiseConfig(mz_error_ppm=5), min_relative_intensity=0)
        )
        clean = MsmsSimulator(SimulatorConfig(min_relative_intensity=0))
        smiles = "CC(C)CC(NC(=O)C(Cc1ccccc1)NC(=O)CN)C(=O)O"
        error_ppm = []
        (exact,) = spectra_of(clean.simulate(smiles, ENERGIES[:1]))
        for seed in range(20):
            (shifted,) = spectra_of(simulator.simulate(smiles, ENERGIES[:1], seed))
            if len(shifted.mz) == len(exact.mz):
                error_ppm.append((shifted.mz / exact.mz - 1) * 1e6)
        assert np.std(error_ppm) == pytest.approx(5, rel=0.05)


def test_a_pickled_copy_in_another_process_gives_the_same_bits(simulator: MsmsSimulator) -> None:
    (spectrum,) = spectra_of(simulator.simulate(PARACETAMOL, ENERGIES[:1]))
    copy = pickle.loads(pickle.dumps(simulator))
    (copied,) = spectra_of(copy.simulate(PARACETAMOL, ENERGIES[:1]))
    np.testing.assert_array_equal(spectrum.intensity, copied.intensity)
    program = (
        "from molucid.simulate.msms import *\n"
        f"s, = MsmsSimulator().simulate({PARACETAMOL!r}, "
        "[Conditions(normalized_collision_energy=15, instrument_class='orbitrap')])\n"
        "import sys; assert 'torch' not in sys.modules\n"
        "print(s.intensity.tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == spectrum.intensity.tobytes().hex()


def test_shipped_weights_say_where_they_come_from(simulator: MsmsSimulator) -> None:
    provenance = simulator.provenance
    allowed = {"CC BY", "CC BY-SA", "CC0", "dl-de/by-2-0"}
    assert set(provenance["data"]["records_per_licence"]) <= allowed
    assert sum(provenance["data"]["records_per_licence"].values()) == provenance["data"]["spectra"]
    metrics = provenance["val_metrics_max_40_atoms"]["[M+H]+"]
    assert metrics["with_precursor"] >= 0.53
    assert metrics["without_precursor"] >= 0.48
