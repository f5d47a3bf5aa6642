"""The shift network: features, numpy against torch, assignment of lists, training, what is said of the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.chem.identity import inchikey14
from molucid.errors import InputError
from molucid.simulate.nmr_graph import NmrGraph, Z, read_graph
from molucid.simulate.shift_accuracy import assigned_errors, listed_errors
from molucid.simulate.shift_assignment import assign
from molucid.simulate.shift_features import collate_graphs
from molucid.simulate.shift_model import C_SHIFT, H_SHIFT, ShiftModel, ShiftModelConfig
from molucid.simulate.shift_network import ShiftNetwork, ShiftNetworkConfig
from molucid.simulate.shift_training_set import ShiftList, ShiftTrainingSet
from molucid.simulate.train_shifts import ShiftTrainingConfig, network_state, tensors, train_shifts
from molucid.simulate.weights import save_weights
from molucid.spectra.assigned_shifts import AssignedShifts, ListedShifts
from molucid.spectra.types import Nucleus

SMILES = ("CCO", "CC(=O)Nc1ccc(O)cc1", "C", "FC(F)(F)c1ccccc1", "C[N+](C)(C)CC(=O)[O-]", "C#CC=C")
SMALL = ShiftNetworkConfig(width=16, num_rounds=2, dropout=0)


def assigned(
    smiles: str, nucleus: Nucleus, shifts: dict[int, float], computed: bool = False
) -> AssignedShifts:
    atoms, values = np.array(list(shifts), np.int64), np.array(list(shifts.values()))
    return AssignedShifts(smiles, smiles, inchikey14(smiles), nucleus, atoms, values, computed, "here", "CC0")


def listed(
    smiles: str, nucleus: Nucleus, shifts: Sequence[float], types: Sequence[str | None] | None = None
) -> ListedShifts:
    return ListedShifts(
        smiles, smiles, inchikey14(smiles), nucleus, np.array(shifts, np.float64),
        tuple(types) if types else (None,) * len(shifts), "here", "CC0",
    )  # fmt: skip


def random_model(folder: Path, known: Sequence[str] = SMILES) -> tuple[ShiftModel, ShiftNetwork]:
    torch.manual_seed(3)
    network = ShiftNetwork(SMALL).eval().half().float()  # what is shipped is rounded
    training = ShiftTrainingSet()
    for smiles in known:
        graph = read_graph(smiles)
        carbons = {int(atom): 50.0 for atom in np.flatnonzero(graph.atoms[:, Z] == 6)}
        training.add_assigned([assigned(smiles, "13C", carbons)], ())
    state = network_state(network, training, training.assigned(), np.array([2.0, 3.0]))
    save_weights(folder / "w.safetensors", state, {"seed": 3})
    return ShiftModel(folder / "w.safetensors"), network


def test_numpy_gives_what_torch_gives(tmp_path: Path) -> None:
    model, network = random_model(tmp_path)
    batch = collate_graphs([read_graph(smiles) for smiles in SMILES])
    with torch.inference_mode():
        expected = network(tensors(batch)).numpy()
    np.testing.assert_allclose(model.outputs(batch), expected, rtol=1e-4, atol=1e-5)


def test_a_molecule_does_not_depend_on_its_neighbours_in_the_batch(tmp_path: Path) -> None:
    model, _ = random_model(tmp_path)
    together = model.predict([read_graph(smiles) for smiles in SMILES])
    alone = [model.predict([read_graph(smiles)]) for smiles in SMILES]
    for place, values in enumerate(together):
        np.testing.assert_allclose(values, np.concatenate([found[place] for found in alone]), rtol=1e-5)


def test_equivalent_atoms_have_equal_shifts_however_the_molecule_is_written(tmp_path: Path) -> None:
    model, _ = random_model(tmp_path)
    first, second = read_graph("Cc1ccc(OC)cc1"), read_graph("O(C)c1ccc(cc1)C")
    values = []
    for graph in (first, second):
        predicted = model.predict([graph]).c_ppm
        for label in set(graph.equivalence.tolist()):
            assert np.ptp(predicted[graph.equivalence == label]) < 1e-4
        values.append(np.sort(predicted[graph.atoms[:, Z] == 6]))
    np.testing.assert_allclose(*values, rtol=1e-5)


def test_an_environment_without_training_shift_is_uncertain(tmp_path: Path) -> None:
    model, _ = random_model(tmp_path, known=["CCO"])
    model.config = ShiftModelConfig(unseen_c_std_ppm=1000, foreign_factor=3)
    known = model.predict([read_graph("CCO")])
    assert (known.c_std_ppm[:2] < 1000).all()
    nitrile = model.predict([read_graph("CC#N")])
    assert (nitrile.c_std_ppm[:2] == 1000).all()
    # the methyl carbon of ethanol has the same neighbourhood in propanol's far end only if its neighbour is the same
    longer = model.predict([read_graph("CCCO")])
    assert longer.c_std_ppm[0] < 1000  # CH3 beside CH2 was seen
    assert longer.c_std_ppm[1] == 1000  # CH2 between two carbons was not


def test_a_foreign_element_widens_what_is_beside_it(tmp_path: Path) -> None:
    model, _ = random_model(tmp_path, known=["CC[Ge](C)(C)C"])
    graph = read_graph("CC[Ge](C)(C)C")
    model.config = ShiftModelConfig(foreign_factor=1)
    plain = model.predict([graph]).c_std_ppm
    model.config = ShiftModelConfig(foreign_factor=5)
    factor = model.predict([graph]).c_std_ppm / plain
    assert factor.tolist() == pytest.approx([1, 5, 5, 5, 5, 5])


def truth(graph: NmrGraph) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(10, 100, len(graph.atoms)), np.full(len(graph.atoms), 2.0)


def rows_of(
    smiles: str, nucleus: Nucleus, shifts: Sequence[float], hydrogens: Sequence[int]
) -> dict[int, float]:
    graph = read_graph(smiles)
    predicted, scale = truth(graph)
    found = assign(
        ShiftList(0, nucleus, np.array(shifts, np.float64), np.array(hydrogens)), graph, predicted, scale
    )
    assert all(column == (C_SHIFT if nucleus == "13C" else H_SHIFT) for _, _, column, _ in found)
    return {atom: shift for _, atom, _, shift in found}


def test_lists_go_to_the_nearest_prediction() -> None:
    # CCCO: predicted 10, 40, 70 (and 100 for O)
    assert rows_of("CCCO", "13C", [68, 12, 39], [-1, -1, -1]) == {0: 12, 1: 39, 2: 68}


def test_stated_carbon_types_come_before_distance() -> None:
    assert rows_of("CCCO", "13C", [68, 45, 55], [3, 2, 2]) == {0: 68, 1: 45, 2: 55}
    assert rows_of("CCCO", "13C", [68, 12, 39], [1, 2, 2]) == {}


def test_a_list_that_leaves_a_class_out_is_not_assigned() -> None:
    assert rows_of("CCCO", "13C", [12, 39], [-1, -1]) == {}
    assert rows_of("CCCO", "13C", [12, 39, 50, 68], [-1] * 4) == {}


def test_a_symmetric_molecule_takes_one_shift_per_class_or_per_atom() -> None:
    # 2-propanol: the methyl carbons are one class
    assert sorted(rows_of("CC(O)C", "13C", [25.0, 64.0], [3, 1]).values()) == [25.0, 64.0]
    assert sorted(rows_of("CC(O)C", "13C", [25.0, 25.1, 64.0], [3, 3, 1]).values()) == [25.0, 25.1, 64.0]


def test_both_hydrogens_of_a_ch2_may_be_listed() -> None:
    assert len(rows_of("CCCO", "1H", [10, 39, 41, 69, 71], [-1] * 5)) == 3
    assert rows_of("CCCO", "1H", [10, 10, 10, 40, 40, 70, 70], [-1] * 7) == {0: 10, 1: 40, 2: 70}


def training_set() -> ShiftTrainingSet:
    training = ShiftTrainingSet()
    training.add_assigned(
        [
            assigned("CCO", "13C", {0: 18.1, 1: 58.0}),
            assigned("CCO", "1H", {0: 1.2, 1: 3.7, 2: 2.6}),
            assigned("CCO", "1H", {0: 1.1, 1: 3.6}, computed=True),
            assigned("CC(C)=O", "13C", {0: 30.6, 1: 206.7, 2: 30.6}),
            assigned("CC(C)=O", "1H", {0: 2.17}),
            assigned("CCN", "13C", {0: 19.0}),
        ],
        {inchikey14("CCN")},
    )
    training.add_lists([listed("CCC=O", "13C", [5.2, 36.7, 202.7], ["Q", "T", "D"])], ())
    return training


def test_what_a_training_set_counts() -> None:
    training = training_set()
    assert training.left_out == {"held_out": 1}
    assert len(training.graphs) == 3
    targets = training.assigned()
    assert len(targets.shift_ppm) == 2 + 2 + 2 + 3 + 1  # without the hydroxyl hydrogen
    training.add_lists([listed("CC", "13C", [900.0]), listed("CC.O", "13C", [9.0])], ())
    assert training.left_out == {"held_out": 1, "implausible_shift": 1, "multiple_components": 1}


def test_three_molecules_are_learned_by_heart(tmp_path: Path) -> None:
    config = ShiftTrainingConfig(
        assigned_epochs=300, epochs=300, assign_every=100, learning_rate=5e-3, averaging=0.9, network=SMALL
    )
    training = training_set()
    network, targets = train_shifts(training, config)
    assert len(targets.shift_ppm) == 10 + 3
    state = network_state(network, training, targets, np.ones(2))
    save_weights(tmp_path / "w.safetensors", state, {})
    model = ShiftModel(tmp_path / "w.safetensors")
    ethanol, propanal = model.predict([read_graph("CCO")]), model.predict([read_graph("CCC=O")])
    np.testing.assert_allclose(ethanol.c_ppm[:2], [18.1, 58.0], atol=2)
    np.testing.assert_allclose(ethanol.h_ppm[:2], [1.2, 3.7], atol=0.15)
    np.testing.assert_allclose(propanal.c_ppm[:3], [5.2, 36.7, 202.7], atol=2)
    of_atoms = assigned_errors(model, [assigned("CCO", "13C", {0: 19.1, 1: 58.0})], "13C").summary()
    assert of_atoms["shifts"] == 2
    assert of_atoms["mae_ppm"] == pytest.approx(0.5, abs=1.5)
    of_lists = listed_errors(
        model, [listed("CCO", "13C", [58.0, 18.1]), listed("CCC", "13C", [1.0])], "13C"
    ).summary()
    assert (of_lists["shifts"], of_lists["unanswered"]) == (2, 1)


def test_training_is_a_function_of_its_seed() -> None:
    states = [
        train_shifts(
            training_set(), ShiftTrainingConfig(assigned_epochs=2, epochs=2, seed=seed, network=SMALL)
        )[0].state_dict()
        for seed in (5, 5, 6)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", {"bias": np.zeros(1, np.float32)}, {})
    with pytest.raises(InputError) as caught:
        ShiftModel(tmp_path / "w.safetensors")
    assert caught.value.code == "invalid_weights"
