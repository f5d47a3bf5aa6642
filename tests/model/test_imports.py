"""The model must run on a machine that has torch, numpy, safetensors and pydantic only."""

from __future__ import annotations

import subprocess
import sys

BLOCKED_THEN_TRAINED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"rdkit", "ray", "deepspeed", "pyarrow", "faiss", "numba", "yaml"}:
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Blocked())
import torch
import molucid.train.checkpoint, molucid.train.loader, molucid.train.loop, molucid.train.memory
from molucid.chem.formula import Formula
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.spectra.types import Evidence
from molucid.train.config import TrainConfig
from molucid.train.engines.single import SingleEngine

model = Molucid(ModelConfig(width=16, heads=2, encoder_layers=1, decoder_layers=1, feed_forward_width=16))
inputs = collate_evidence([Evidence("a", Formula.parse("CH4"))], model.modalities).inputs
engine = SingleEngine(model, Objective(ObjectiveConfig(lambda_=0.0)), TrainConfig())
engine.train_step([Batch(inputs, 1, torch.tensor([[1, 5, 2]]))], 1e-3)
"""


def test_model_and_training_import_neither_chemistry_nor_cluster() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED_THEN_TRAINED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
