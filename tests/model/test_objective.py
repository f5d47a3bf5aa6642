from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from molucid.errors import InputError
from molucid.model.batch import Batch
from molucid.model.objective import (
    LossTotals,
    Objective,
    ObjectiveConfig,
    Predictions,
    fingerprint_loss,
    fold,
    smiles_loss,
)


class Recorder:
    """A model that returns what it was told to, and records what it was asked for."""

    def __init__(self, logits: Tensor, bits: Tensor, fragment_loss: float = 0.0) -> None:
        self.logits, self.bits, self.fragment_loss = logits, bits, torch.tensor(fragment_loss)
        self.calls: list[tuple[bool, bool, bool]] = []

    def __call__(
        self,
        inputs: object,
        target_in_BT: Tensor | None,
        with_fingerprint: bool,
        fragments_BG: Tensor | None = None,
    ) -> Predictions:
        asked = (target_in_BT is not None, with_fingerprint, fragments_BG is not None)
        self.calls.append(asked)
        given = (self.logits, self.bits, self.fragment_loss)
        return Predictions(*(value if wanted else None for value, wanted in zip(given, asked, strict=True)))


TARGET = torch.tensor([[1, 3, 2, 0], [1, 3, 3, 2]])
BITS = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
COUNTS = torch.tensor([[0, 2, 1], [3, 0, 0]])
BATCH = Batch({}, 2, TARGET, BITS, COUNTS)
UNIFORM = Recorder(torch.zeros(2, 3, 4), torch.zeros(2, 2))


def test_cross_entropy_is_the_mean_over_real_tokens() -> None:
    # probabilities 1/2 and 1/4 for the two real tokens; the third is padding, whatever its logits
    logits = torch.tensor([[[0.0, 0.0, math.log(2)], [0.0, math.log(2), 0.0], [9.0, 0.0, -9.0]]])
    loss = smiles_loss(logits, torch.tensor([[2, 2, 0]]), 2)
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_fingerprint_loss_is_the_mean_over_bits() -> None:
    logits = torch.tensor([[math.log(3), 0.0]])  # probabilities 3/4 and 1/2
    loss = fingerprint_loss(logits, torch.tensor([[0.0, 1.0]]), 1)
    assert loss.item() == pytest.approx((math.log(4) + math.log(2)) / 2)


def test_stage_two_loss_is_alpha_smiles_plus_beta_fragments() -> None:
    # arXiv 2512.19733, eq. 12, with means: 7.2 nats over 2 samples and 3 fragments are 1.2 each
    model = Recorder(UNIFORM.logits, UNIFORM.bits, fragment_loss=7.2)
    parts = Objective(ObjectiveConfig(alpha=1.0, beta=0.5, lambda_=0.0))(model, BATCH)
    named = {name: value.item() for name, value in parts.detached().items()}
    assert named == pytest.approx({"total": math.log(4) + 0.6, "smiles": math.log(4), "fragments": 1.2})


def test_total_is_the_weighted_sum_of_the_parts_that_are_named() -> None:
    parts = Objective(ObjectiveConfig(alpha=2.0, lambda_=0.5))(UNIFORM, BATCH)
    named = {name: value.item() for name, value in parts.detached().items()}
    smiles, bit = math.log(4), math.log(2)
    assert named == pytest.approx({"total": 2 * smiles + 0.5 * bit, "smiles": smiles, "fingerprint": bit})


@pytest.mark.parametrize(
    ("weights", "asked", "named"),
    [
        ({"lambda_": 0.0}, (True, False, False), {"total", "smiles"}),
        ({"alpha": 0.0, "lambda_": 0.0, "beta": 1.0}, (False, False, True), {"total", "fragments"}),
        ({"alpha": 0.0}, (False, True, False), {"total", "fingerprint"}),
    ],
)
def test_a_part_of_weight_zero_is_not_computed(
    weights: dict[str, float], asked: tuple[bool, bool, bool], named: set[str]
) -> None:
    model = Recorder(UNIFORM.logits, UNIFORM.bits)
    parts = Objective(ObjectiveConfig(**weights))(model, BATCH)
    assert model.calls == [asked]
    assert set(parts.detached()) == named


def test_totals_count_real_tokens_after_bos() -> None:
    assert LossTotals.of([BATCH, BATCH]) == LossTotals(num_tokens=10, num_samples=4)


def test_shares_of_any_split_add_up_to_the_global_mean() -> None:
    torch.manual_seed(0)
    objective = Objective(ObjectiveConfig(lambda_=0.3))
    logits, bits = torch.randn(2, 3, 4), torch.randn(2, 2)
    whole = objective(Recorder(logits, bits), BATCH).total
    totals = LossTotals.of([BATCH])
    shares = [
        objective(
            Recorder(logits[i : i + 1], bits[i : i + 1]),
            Batch({}, 1, TARGET[i : i + 1], BITS[i : i + 1]),
            totals,
        )
        for i in range(2)
    ]
    torch.testing.assert_close(shares[0].total + shares[1].total, whole)
    # The mean of means would differ, as the samples have 2 and 3 tokens.
    means = [
        objective(
            Recorder(logits[i : i + 1], bits[i : i + 1]), Batch({}, 1, TARGET[i : i + 1], BITS[i : i + 1])
        )
        for i in range(2)
    ]
    assert abs((means[0].total + means[1].total) / 2 - whole) > 1e-3


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"alpha": 0.0, "lambda_": 0.0}, "a weight above 0"),
    ],
)
def test_weights_that_cannot_be_trained_are_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Objective(ObjectiveConfig(**weights))


def test_a_missing_target_is_refused() -> None:
    with pytest.raises(InputError, match="a batch without fingerprint_BF"):
        Objective(ObjectiveConfig())(UNIFORM, Batch({}, 2, TARGET))


def test_folded_morgan_fingerprints_are_those_that_rdkit_makes() -> None:
    fingerprints = pytest.importorskip("molucid.chem.fingerprints")
    smiles = ["CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CCCCCCCCCCCCCCCC(=O)O"]

    def made(num_bits: int) -> Tensor:
        config = fingerprints.FingerprintConfig(num_bits=num_bits)
        return torch.from_numpy(fingerprints.fingerprints(smiles, config)).float()

    assert torch.equal(fold(made(4096), 128), made(128))
    assert torch.equal(fold(made(2048), 2048), made(2048))
    with pytest.raises(InputError, match="2048 bits, expected a multiple of the 100"):
        fold(made(2048), 100)
