"""NMR lists of one compound in several formats, and how a test reads them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from molucid.errors import Rejected
from molucid.spectra.formats import experimental_text, nmr_peak_list, nmredata, nmrium
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record

DATA = Path(__file__).parent / "data"
Items = list[Record | Rejected]
READERS: dict[str, Callable[..., Any]] = {
    "fluorobenzoate.txt": experimental_text.read,
    "fluorobenzoate.tsv": nmr_peak_list.read,
    "fluorobenzoate.sdf": nmredata.read,
    "fluorobenzoate.nmrium": nmrium.read,
}


def read(reader: Any, text: str, name: str = "a.x", **bounds: int) -> Items:
    return list(reader.read(io.BytesIO(text.encode()), name, ReadConfig(**bounds)))  # type: ignore[arg-type]


def summary(items: Items) -> list[str]:
    return [item.code if isinstance(item, Rejected) else item.evidence.id for item in items]


def only(items: Items) -> Record:
    (record,) = items
    assert isinstance(record, Record), record
    return record


ETHANOL = """ethanol
  test

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.5000    0.0000    0.0000 C   0  0
    2.2000    1.2000    0.0000 O   0  0
  1  2  1  0
  2  3  1  0
M  END
"""


def nmrium_file(*spectra: dict[str, Any], nested: bool = True) -> str:
    body = {"spectra": list(spectra), "molecules": [], "version": 4}
    return json.dumps({"data": body, "view": {}} if nested else body)


H_INFO = {"nucleus": "1H", "dimension": 1, "isFid": False}
C_INFO = {**H_INFO, "nucleus": "13C"}
