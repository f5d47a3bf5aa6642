from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["molucid.dataset.packed", "molucid.dataset.order", "molucid.train.loader"]
)
def test_what_training_reads_needs_neither_rdkit_nor_pyarrow(module: str) -> None:
    heavy = ("rdkit", "pyarrow", "ray", "deepspeed", "fsspec", "numba")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
