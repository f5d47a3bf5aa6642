"""Files of NMR lists, damaged, cut and random: a record or a row, nothing else is raised."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molucid.errors import InputError, Rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record
from tests.spectra.nmr_lists import DATA, READERS

FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = [
    b"\0",
    b"nan",
    b"1e999",
    b"$$$$\n",
    b"\n\n",
    b"> <NMREDATA_1D_1H>\n",
    b"\\",
    b";",
    b'"',
    b"{",
    b"[",
    b"\xff\xfe",
]
WORDS += [
    b"\\ud800",
    b"99999999",
    b"7.1, S=",
    b"J=",
    b"(",
    b")",
    b"1H NMR",
    b"M  V30",
    b"V3000",
    b"null",
    b"-",
    b"\t",
]


@pytest.mark.parametrize("name", READERS)
@FUZZ
@given(data=st.data())
def test_damaged_files_raise_nothing_else(name: str, data: st.DataObject) -> None:
    content = (DATA / name).read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 40))
        snippet = data.draw(st.sampled_from(WORDS) | st.binary(max_size=8))
        content = content[:start] + snippet + content[start + length :]
    drain(name, content)


@pytest.mark.parametrize("name", READERS)
def test_every_prefix_of_a_file(name: str) -> None:
    content = (DATA / name).read_bytes()
    for end in range(0, len(content), 13):
        drain(name, content[:end])


@pytest.mark.parametrize("name", READERS)
@FUZZ
@given(content=st.binary(max_size=200))
def test_random_bytes(name: str, content: bytes) -> None:
    drain(name, content)


def drain(name: str, content: bytes) -> None:
    with contextlib.suppress(InputError):
        for item in READERS[name](io.BytesIO(content), "fuzz", ReadConfig(max_peaks=1000)):
            assert isinstance(item, Record | Rejected)
            text = item.id if isinstance(item, Rejected) else str(item.metadata)
            text.encode()
            if isinstance(item, Record):
                assert isinstance(clean(item, CleanConfig()), Record | Rejected)
