"""No bytes whatever make a reader raise anything but InputError, or yield anything but records and rejected rows."""

from __future__ import annotations

import contextlib
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molucid.errors import InputError, Rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.formats import json, massbank, massspecgym, mgf, msp, mzml, mzxml, sirius
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record

DATA = Path(__file__).parent / "data"
READERS = {
    "json": (json.read, "oxprenolol.json"),
    "massbank": (massbank.read, "oxprenolol.massbank.txt"),
    "massspecgym": (massspecgym.read, "oxprenolol.massspecgym.tsv"),
    "mgf": (mgf.read, "oxprenolol.mgf"),
    "msp": (msp.read, "oxprenolol.msp"),
    "mzml": (mzml.read, "oxprenolol.mzML"),
    "mzxml": (mzxml.read, "oxprenolol.mzXML"),
    "sirius": (sirius.read, "oxprenolol.ms"),
}
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = rb"\0 nan -1 1e999 1,5 = : // > # [M+?]+ < &lt; &x; ]]> { } ] _ 0 utf-7 utf-32 zlib C99999999".split()
LONG = [b"9" * 400, b"1" * 5000, b"[" * 3000]
BYTES = [b"", b"\0", b"\n", b"\r", b"\n\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\xb2", "²".encode(), "١".encode()]
SNIPPETS = st.sampled_from([*WORDS, *LONG, *BYTES, b"BEGIN IONS\n", b"END IONS\n", b'"'])


def drain(name: str, content: bytes) -> None:
    read, _ = READERS[name]
    with contextlib.suppress(InputError):
        for item in read(io.BytesIO(content), "fuzz", ReadConfig(max_peaks=1000)):
            assert isinstance(item, Record | Rejected)
            if isinstance(item, Record):
                assert isinstance(clean(item, CleanConfig()), Record | Rejected)
            else:
                assert item.code
                assert item.message
                assert item.where.file


@pytest.mark.parametrize("name", READERS)
@FUZZ
@given(content=st.binary(max_size=300))
def test_random_bytes(name: str, content: bytes) -> None:
    drain(name, content)
    drain(name, b"\x1f\x8b\x08" + content)


@pytest.mark.parametrize("name", READERS)
@FUZZ
@given(data=st.data())
def test_damaged_real_file(name: str, data: st.DataObject) -> None:
    content = (DATA / READERS[name][1]).read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 40))
        content = content[:start] + data.draw(SNIPPETS | st.binary(max_size=8)) + content[start + length :]
    if data.draw(st.booleans()):
        content = gzip.compress(content)[: -data.draw(st.integers(1, 40))]
    drain(name, content)


@pytest.mark.parametrize("name", READERS)
def test_every_prefix_of_a_real_file(name: str) -> None:
    content = (DATA / READERS[name][1]).read_bytes()
    for end in range(0, len(content), 7):
        drain(name, content[:end])
