from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the real development data named by the environment variable MOLUCID_DATA."""
    value = os.environ.get("MOLUCID_DATA")
    if not value:
        pytest.skip("MOLUCID_DATA is not set: no folder of real spectra to test against")
    folder = Path(value)
    if not folder.is_dir():
        pytest.fail(f"MOLUCID_DATA={value!r} is not a folder")
    return folder
