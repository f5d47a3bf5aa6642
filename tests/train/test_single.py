from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from molucid.errors import InputError
from molucid.model.assembled import Molucid, new_model
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.train.config import TrainConfig
from molucid.train.engines.single import SingleEngine, refuse_non_finite, uses_bf16
from molucid.train.optimizer import named_groups

CONFIG = TrainConfig(micro_batch_size=2, global_batch_size=8, clip_norm=0.5)
Batches = Callable[[range], Batch]


def engine_for(model: Molucid, config: TrainConfig = CONFIG) -> SingleEngine:
    return SingleEngine(model, Objective(ObjectiveConfig(lambda_=0.7)), config)


def test_one_batch_equals_any_micro_batches(small: ModelConfig, batches: Batches) -> None:
    splits = [[range(8)], [range(4), range(4, 8)], [range(1), range(1, 6), range(6, 8)]]
    runs, gradients = [], []
    for split in splits:
        engine = engine_for(new_model(small, seed=7))
        runs.append([engine.train_step([batches(rows) for rows in split], 1e-2)])
        gradients.append({name: p.grad.clone() for name, p in engine.model.named_parameters()})
        runs[-1] += [engine.train_step([batches(rows) for rows in split], 1e-2) for _ in range(2)]
    for run, gradient in zip(runs[1:], gradients[1:], strict=True):
        for name, expected in gradients[0].items():
            torch.testing.assert_close(gradient[name], expected, atol=1e-6, rtol=0)
        for one, other in zip(runs[0], run, strict=True):
            assert other.losses == pytest.approx(one.losses, abs=1e-4)
            assert other.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)
            assert (other.num_samples, other.num_tokens) == (8, one.num_tokens)


def test_the_step_is_that_of_plain_pytorch(small: ModelConfig, batches: Batches) -> None:
    batch = batches(range(8))
    engine = engine_for(new_model(small, seed=7))
    plain = new_model(small, seed=7)
    groups = named_groups(plain)
    optimizer = torch.optim.AdamW(
        [
            {"params": list(groups[True].values()), "weight_decay": CONFIG.weight_decay},
            {"params": list(groups[False].values()), "weight_decay": 0.0},
        ],
        lr=3e-3,
        betas=CONFIG.betas,
    )
    for _ in range(3):
        metrics = engine.train_step([batch], 3e-3)
        loss = Objective(ObjectiveConfig(lambda_=0.7))(plain, batch).total
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        optimizer.step()
        assert metrics.losses["total"] == pytest.approx(loss.item(), abs=1e-5)
        assert metrics.grad_norm == pytest.approx(norm.item(), rel=1e-4)


def test_weight_decay_is_for_matrices_only(model: Molucid) -> None:
    groups = named_groups(model)
    assert "encoder.layers.0.attention.qkv.weight" in groups[True]
    for name in (
        "encoder.layers.0.attention.qkv.bias",
        "encoder.norm.weight",
        "target_embedding.weight",
        "modality_encoders.msms.adduct.weight",
    ):
        assert name in groups[False]
    assert len(groups[True]) + len(groups[False]) == len(list(model.parameters()))


def test_training_learns_its_batch_by_heart(model: Molucid, batches: Batches) -> None:
    engine = engine_for(model, CONFIG.model_copy(update={"clip_norm": 10.0}))
    batch = batches(range(4))
    losses = [engine.train_step([batch], 1e-2).losses["smiles"] for _ in range(60)]
    # an untrained model is no better than a guess among the vocabulary
    assert losses[0] > 4
    assert losses[-1] < 0.2


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_resumed_engine_goes_on_exactly(
    small: ModelConfig, batches: Batches, tmp_path: Path, dropout: float
) -> None:
    config = small.model_copy(update={"dropout": dropout, "modality_dropout": dropout})
    whole = engine_for(new_model(config, seed=7))
    for step in range(3):
        whole.train_step([batches(range(4 * step, 4 * step + 4))], 1e-2)
    whole.save(tmp_path)
    resumed = engine_for(new_model(config, seed=99))
    resumed.load(tmp_path)
    torch.manual_seed(123)
    for step in range(3, 6):
        batch = batches(range(4 * step, 4 * step + 4))
        assert resumed.train_step([batch], 1e-2) == whole.train_step([batch], 1e-2)
    for name, tensor in whole.weights().items():
        assert torch.equal(resumed.weights()[name], tensor), name


def test_engine_state_of_another_model_or_cut_off_is_refused(
    small: ModelConfig, model: Molucid, tmp_path: Path
) -> None:
    engine_for(model).save(tmp_path)
    wider = engine_for(new_model(small.model_copy(update={"feed_forward_width": 64}), seed=0))
    with pytest.raises(InputError, match="other parameters"):
        wider.load(tmp_path)
    path = tmp_path / "single.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"single\.safetensors"):
        engine_for(model).load(tmp_path)


def test_validation_is_the_mean_over_all_tokens_and_samples(model: Molucid, batches: Batches) -> None:
    engine = engine_for(model)
    whole = engine.validate([batches(range(12))])
    parts = engine.validate([batches(range(5)), batches(range(5, 12))])
    assert parts == pytest.approx(whole, abs=1e-6)
    assert whole["total"] == pytest.approx(whole["smiles"] + 0.7 * whole["fingerprint"])


def test_a_loss_that_is_not_finite_changes_no_parameter(model: Molucid, batches: Batches) -> None:
    engine = engine_for(model)
    batch = batches(range(2))
    bad = Batch(batch.inputs, 2, batch.target_BT, torch.full((2, 16), math.nan))
    before = {name: tensor.clone() for name, tensor in engine.weights().items()}
    with pytest.raises(FloatingPointError, match="loss/fingerprint = nan"):
        engine.train_step([bad], 1e-2)
    for name, tensor in engine.weights().items():
        assert torch.equal(tensor, before[name])


def test_refusal_names_every_number() -> None:
    with pytest.raises(FloatingPointError, match="step 3: grad_norm = inf"):
        refuse_non_finite({"total": 1.0}, math.inf, 3)
    refuse_non_finite({"total": 1.0}, 0.0, 3)


def test_precision_on_a_cpu() -> None:
    cpu = torch.device("cpu")
    assert not uses_bf16("auto", cpu)
    assert uses_bf16("bf16", cpu)
    assert not uses_bf16("float32", cpu)


def test_bf16_products_keep_float32_parameters(model: Molucid, batches: Batches) -> None:
    engine = engine_for(model, CONFIG.model_copy(update={"precision": "bf16"}))
    exact = engine_for(new_model(model.config, seed=7))
    batch = batches(range(4))
    rough, fine = engine.train_step([batch], 1e-3), exact.train_step([batch], 1e-3)
    assert rough.losses["total"] == pytest.approx(fine.losses["total"], rel=2e-2)
    assert rough.losses["total"] != fine.losses["total"]
    assert {tensor.dtype for tensor in engine.weights().values()} == {torch.float32}


@pytest.mark.gpu
def test_gpu_agrees_with_cpu(small: ModelConfig, batches: Batches) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    config = CONFIG.model_copy(update={"precision": "float32"})
    engines = [
        SingleEngine(new_model(small, seed=7), Objective(ObjectiveConfig()), config, device)
        for device in ("cpu", "cuda")
    ]
    for _ in range(3):
        a, b = (engine.train_step([batches(range(4))], 1e-3) for engine in engines)
        assert a.losses == pytest.approx(b.losses, rel=1e-3)
