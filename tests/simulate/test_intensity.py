"""Compiled inference against the network that was trained, and its training against tasks with known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.errors import InputError
from molucid.simulate.candidates import candidates
from molucid.simulate.conditions import Conditions, encode_conditions
from molucid.simulate.features import molecule_features
from molucid.simulate.fragmenter import FragmenterConfig
from molucid.simulate.intensity import fragment_vectors, peak_amplitudes
from molucid.simulate.ion_species import SIMULATED_ADDUCTS, ion_species
from molucid.simulate.molecule import read_molecule
from molucid.simulate.network import IntensityNetwork, NetworkConfig
from molucid.simulate.training_batches import TrainingIon, collate, membership
from molucid.simulate.weights import load_weights, save_weights, weights_from_state

MOLECULES = [
    "CC(=O)Nc1ccc(O)cc1",
    "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5",  # morphine: five rings
    "CCCCCCCCCCCCCCCC(=O)O",
    "C",
    "C[N+](C)(C)CCO",
    "O=S(=O)(N)c1cc2c(cc1Cl)NCNS2(=O)=O",
]
CONDITIONS = [
    {"normalized_collision_energy": 20.0, "instrument_class": "orbitrap"},
    {"collision_energy_ev": 40.0, "instrument_class": "qtof"},
    {},
]


def random_network(config: NetworkConfig, seed: int = 0) -> IntensityNetwork:
    torch.manual_seed(seed)
    return IntensityNetwork(config).eval()


def state_of(network: IntensityNetwork) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(
    "config",
    [
        NetworkConfig(),
        NetworkConfig(atom_width=12, num_rounds=1, bond_width=20, width=24),
        NetworkConfig(num_rounds=2, width=8),
    ],
)
@pytest.mark.parametrize("adduct", SIMULATED_ADDUCTS)
def test_compiled_inference_is_the_trained_network(config: NetworkConfig, adduct: str) -> None:
    network = random_network(config)
    weights = weights_from_state(state_of(network))
    ions, expected = [], []
    for smiles in MOLECULES:
        features = molecule_features(read_molecule(smiles), FragmenterConfig())
        found = candidates(features, ion_species(adduct))
        conditions = tuple(Conditions(adduct, **fields) for fields in CONDITIONS)
        precursor_mz = float(found.mz[found.precursor_peak])
        ions.append(TrainingIon(features, membership(features), found, conditions, precursor_mz, (), ()))
        empty = (np.empty(0, np.int64),) * 3
        object.__setattr__(ions[-1], "target_peak", empty)
        object.__setattr__(ions[-1], "target_amplitude", empty)
        vectors, molecule = fragment_vectors(weights, features)
        encoded = np.stack([encode_conditions(c, precursor_mz) for c in conditions])
        expected.append(
            peak_amplitudes(weights, vectors, molecule, found.peak, len(found.mz), encoded).ravel()
        )
    batch, _, _ = collate([(ion, np.arange(3)) for ion in ions])
    with torch.no_grad():
        amplitude = network(batch).numpy()
    np.testing.assert_allclose(amplitude, np.concatenate(expected), rtol=2e-3, atol=2e-6)


def test_amplitudes_sum_to_one_and_equal_inputs_give_equal_bits() -> None:
    weights = weights_from_state(state_of(random_network(NetworkConfig())))
    features = molecule_features(read_molecule(MOLECULES[1]), FragmenterConfig())
    found = candidates(features, ion_species("[M+H]+"))
    encoded = np.stack([encode_conditions(Conditions(**fields), 286.14) for fields in CONDITIONS])

    def run() -> np.ndarray:
        vectors, molecule = fragment_vectors(weights, features)
        return peak_amplitudes(weights, vectors, molecule, found.peak, len(found.mz), encoded)

    first = run()
    np.testing.assert_allclose(first.sum(1), 1, rtol=1e-5)
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, run())
    # a spectrum does not depend on which others were asked for with it
    vectors, molecule = fragment_vectors(weights, features)
    alone = peak_amplitudes(weights, vectors, molecule, found.peak, len(found.mz), encoded[1:2])
    np.testing.assert_array_equal(alone[0], first[1])


def test_weights_survive_the_disk_and_tampering_is_told(tmp_path: Path) -> None:
    state = state_of(random_network(NetworkConfig(width=16)))
    path = tmp_path / "model.safetensors"
    written = save_weights(path, state, {"seed": 0})
    weights, provenance = load_weights(path)
    assert provenance == written
    for kept, made in zip(weights, weights_from_state(state), strict=True):
        np.testing.assert_array_equal(kept, made)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError) as caught:
        load_weights(path)
    assert caught.value.code == "wrong_hash"
    path.unlink()
    with pytest.raises(InputError) as caught:
        load_weights(path)
    assert caught.value.code == "missing_file"
