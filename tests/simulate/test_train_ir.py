"""The infrared network: what it is taught, that it learns, and that numpy runs the same function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.errors import InputError, Rejected
from molucid.simulate.ir import IrSimulator, IrSimulatorConfig
from molucid.simulate.ir_bands import BroadeningConfig, absorption_on_grid
from molucid.simulate.ir_features import IrGraph, ir_graph
from molucid.simulate.ir_model import CELLS, IrModel, drawing_matrix
from molucid.simulate.ir_network import IrNetwork, IrNetworkConfig
from molucid.simulate.ir_similarity import sqrt_cosines
from molucid.simulate.ir_xtb import Vibrations
from molucid.simulate.train_ir import IrTrainingConfig, ir_loss, train_ir, training_molecule
from molucid.simulate.weights import save_weights
from molucid.spectra.grids import IR_GRID

SMALL = IrNetworkConfig(width=16, num_rounds=2, hidden_width=32, dropout=0.0)


def made_up(smiles: str) -> Vibrations:
    """A world in which every C=O absorbs at 1800 (shared evenly), every OH at 3600 and every carbon at 3000 cm⁻¹."""
    symbols = [text for text in smiles if text in "CON"]
    lines: list[tuple[float, float, list[int]]] = []
    for place, symbol in enumerate(symbols):
        if symbol == "C":
            lines.append((3000, 20, [place]))
        elif smiles.find("=O") >= 0 and place == len(symbols) - 1:
            lines.append((1800, 200, [place - 1, place]))
        elif symbol == "O":
            lines.append((3600, 50, [place]))
    lines.sort()
    shares = np.zeros((len(lines), len(symbols)))
    for row, (_, _, atoms) in enumerate(lines):
        shares[row, atoms] = 1 / len(atoms)
    return Vibrations(
        np.array([line[0] for line in lines], float), np.array([line[1] for line in lines], float), shares, 0
    )


TAUGHT = ["CCO", "OCC", "CC=O", "CCC=O", "CCCO", "OCCC", "CCCC=O", "CCC", "CCCC", "OCCO", "OCCC=O", "CCCCO"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[IrNetwork, Path]:
    torch.set_num_threads(1)
    config = IrTrainingConfig(epochs=150, molecules_per_batch=6, learning_rate=5e-3, network=SMALL)
    network = train_ir([training_molecule(smiles, made_up(smiles)) for smiles in TAUGHT], config)
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    save_weights(path, {name: t.numpy() for name, t in network.state_dict().items()}, {"made": "up"})
    return network, path


def test_lines_are_shared_among_atoms_and_cells() -> None:
    # 1803 lies 3/8 of the way from the cell at 1800 to that at 1808; 100 and 5000 lie outside
    vibrations = Vibrations(
        np.array([100.0, 1803.0, 5000.0]),
        np.array([9.0, 80.0, 9.0]),
        np.array([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]]),
        0,
    )
    found = training_molecule("C=O", vibrations).intensity
    cell = int((1800 - CELLS.first) / CELLS.step)
    expected = np.zeros((2, CELLS.num_points))
    expected[0, [cell, cell + 1]] = 20 * 5 / 8, 20 * 3 / 8
    expected[1, [cell, cell + 1]] = 60 * 5 / 8, 60 * 3 / 8
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_linear_molecule_teaches_nothing() -> None:
    with pytest.raises(InputError) as refused:
        training_molecule("C#N", Vibrations(np.array([776.7]), np.array([10.3]), None, 0))
    assert refused.value.code == "linear_molecule"


def test_shares_of_another_molecule_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        training_molecule("CCO", Vibrations(np.array([1800.0]), np.array([9.0]), np.array([[0.5, 0.5]]), 0))
    assert refused.value.code == "other_molecule"


def test_the_loss_is_that_of_its_definition() -> None:
    predicted = torch.tensor([[4.0, 1.0], [0.0, 0.0], [9.0, 0.0]])
    target = torch.tensor([[1.0, 1.0], [3.0, 0.0], [9.0, 0.0]])
    # molecule 0 = atoms 0 and 1: roots (2, 1) and (2, 1); molecule 1: (3, 0) and (3, 0)
    assert float(ir_loss(predicted, target, torch.tensor([0, 0, 1]), 0.0)) == pytest.approx(0, abs=1e-5)
    # atoms: (2 − 1)² + (0 − √3)² = 4 over 14
    assert float(ir_loss(predicted, target, torch.tensor([0, 0, 1]), 1.0)) == pytest.approx(4 / 14, abs=2e-3)


def test_it_learns_local_contributions_and_adds_them_up(trained: tuple[IrNetwork, Path]) -> None:
    _, path = trained
    simulator, config = IrSimulator(IrSimulatorConfig(weights=path)), BroadeningConfig()
    for smiles in ("OCCCC", "CCCCC=O", "OCCCCCCO"):  # larger than what was taught
        answer = simulator.simulate(smiles)
        assert not isinstance(answer, Rejected), answer
        truth = made_up(smiles)
        expected = absorption_on_grid(truth.wavenumber_cm1, truth.intensity_km_mol, config)
        assert sqrt_cosines([answer.absorbance], [expected])[0, 0] > 0.97, smiles


def test_numpy_runs_the_function_of_the_network(trained: tuple[IrNetwork, Path]) -> None:
    network, path = trained
    model = IrModel(path)
    for smiles in ("C", "CC(=O)Nc1ccc(O)cc1", "C1CC1C#N", "O=S(=O)(c1ccccc1)N1CCOCC1"):
        graph = ir_graph(smiles)
        with torch.no_grad():
            expected = network(*(torch.from_numpy(part) for part in graph)).numpy()
        np.testing.assert_allclose(model.atom_intensities(graph), expected, rtol=2e-4, atol=2e-4)


def test_contributions_are_positive_and_add_up_exactly(trained: tuple[IrNetwork, Path]) -> None:
    model = IrModel(trained[1])
    one, two = ir_graph("CCCO"), ir_graph("c1ccccc1C=O")
    both = IrGraph(
        np.concatenate([one.atoms, two.atoms]),
        np.concatenate([one.bonds, two.bonds + len(one.atoms)]),
        np.concatenate([one.bond_features, two.bond_features]),
    )
    assert (model.atom_intensities(both) > 0).all()
    np.testing.assert_allclose(
        model.intensities(both), model.intensities(one) + model.intensities(two), rtol=1e-4, atol=1e-4
    )
    # A chain grows by the same amount with every link, however long it is.
    chain = [model.intensities(ir_graph("C" * n)) for n in (20, 21, 22, 40, 41)]
    np.testing.assert_allclose(chain[1] - chain[0], chain[2] - chain[1], atol=2e-3)
    np.testing.assert_allclose(chain[1] - chain[0], chain[4] - chain[3], atol=2e-3)


def test_a_cell_is_drawn_as_its_line() -> None:
    config = BroadeningConfig(frequency_scale=0.97, width_cm1=15)
    drawn = drawing_matrix(config)
    assert drawn.shape == (CELLS.num_points, IR_GRID.num_points)
    cell = 200
    expected = absorption_on_grid([CELLS.axis[cell]], [1.0], config)
    np.testing.assert_allclose(drawn[cell], expected, rtol=1e-5)


def test_training_is_a_function_of_its_seed() -> None:
    torch.set_num_threads(1)
    molecules = [training_molecule(smiles, made_up(smiles)) for smiles in TAUGHT[:6]]
    states = [
        train_ir(molecules, IrTrainingConfig(epochs=2, seed=seed, network=SMALL)).state_dict()
        for seed in (1, 1, 2)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["output.weight"], states[2]["output.weight"])


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"output.weight": np.zeros((2, 2), np.float32)}, {})
    with pytest.raises(InputError) as refused:
        IrModel(path)
    assert refused.value.code == "invalid_weights"
