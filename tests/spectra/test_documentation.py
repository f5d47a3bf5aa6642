from __future__ import annotations

import re
from pathlib import Path

from molucid.spectra import read

PAGE = (Path(__file__).parents[2] / "docs" / "spectra-files.md").read_text(encoding="utf-8")


def test_every_reason_and_format_is_documented() -> None:
    room = Path(read.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(room.rglob("*.py")))
    codes = set(re.findall(r'code="([a-z0-9_]+)"', text)) | {"truncated_gzip", "corrupt_gzip"}
    codes -= {"not_mgf"}  # of the writer
    assert {"duplicate_id", "not_ms2"} <= codes
    assert sorted(code for code in {*codes, *read.FORMATS} if f"`{code}`" not in PAGE) == []
