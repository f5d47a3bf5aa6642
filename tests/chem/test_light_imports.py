"""The parts of chem that a bare inference machine needs import nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'rdkit', 'pyarrow', 'ray', 'pandas', 'torch', 'deepspeed', 'scipy', 'yaml'}:
            raise ImportError(f'{name} is blocked')
sys.meta_path.insert(0, Blocker())
"""


def run_blocked(statement: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", BLOCKER + statement],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("module", ["elements", "formula", "adducts", "smiles_tokens", "isotope_pattern"])
def test_module_imports_without_rdkit(module: str) -> None:
    done = run_blocked(f"import molucid.chem.{module}")
    assert done.returncode == 0, done.stderr


def test_the_blocker_blocks() -> None:
    done = run_blocked("import molucid.chem.identity")
    assert done.returncode != 0
    assert "rdkit is blocked" in done.stderr
