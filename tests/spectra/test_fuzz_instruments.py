"""No damage whatever to instrument files makes a reader raise anything but InputError, or yield anything but items."""

from __future__ import annotations

import contextlib
import io
import itertools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molucid.errors import InputError, Rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.file_tree import FolderTree
from molucid.spectra.formats import bruker, ir_csv, jcamp, varian
from molucid.spectra.read import read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record

JCAMP = """##TITLE=all
##DATA TYPE=LINK
##BLOCKS=3
##TITLE=ethanol
##JCAMP-DX=4.24
##DATA TYPE=INFRARED SPECTRUM
##MOLFORM=C2 H6 O
##XUNITS=1/CM
##YUNITS=% TRANSMITTANCE
##FIRSTX=400
##LASTX=4000
##NPOINTS=5
##XFACTOR=1
##YFACTOR=0.1
##XYDATA=(X++(Y..Y))
400I00k0T
3100H40j40
4000G00
##END=
##TITLE=ethanol
##DATA TYPE=NMR SPECTRUM
##.OBSERVE FREQUENCY=100.0
##.OBSERVE NUCLEUS=^13C
##.SOLVENT NAME=CDCl3
##.SHIFT REFERENCE=INTERNAL, TMS, 1, 200
##NTUPLES=NMR SPECTRUM
##SYMBOL=X, R, I, N
##VAR_DIM=5, 5, 5, 2
##UNITS=HZ, ARBITRARY, ARBITRARY,
##FIRST=20000, 1, 9, 1
##LAST=0, 5, 9, 2
##FACTOR=5000, 2, 3, 1
##PAGE=N=1
##DATA TABLE=(X++(R..R)), XYDATA
4AJJ
2CJJ
##END=
##TITLE=other
##DATA TYPE=NMR PEAK ASSIGNMENTS
##.OBSERVE NUCLEUS=1H
##XUNITS=PPM
##PEAK ASSIGNMENTS=(XYMA)
(1.24,1.00,T,<5>)
(3.73,0.54,q,<7>)
##END=
##END=
"""
CSV = "wavenumber (cm-1);% transmittance\n4000;99,5\n3000;80\n2000;12.5\n1000;0\n"
TEXTS = {"jcamp": (jcamp.read, JCAMP), "ir_csv": (ir_csv.read, CSV)}
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
WORDS = rb"\0 nan -1 0 1e+308 1E-999 1,5 = ## $$ ( ) < > ? @ % J9 s9 Z99 / # : ; .. X++ TITLE END <1H> yes -0".split()
BYTES = [
    b"",
    b"\n",
    b"\r",
    b"\n##",
    b"##TITLE=a\n",
    b"##END=\n",
    b"\xff\xff\xff\xff",
    b"9" * 400,
    b"\x7f\xc0",
    "²".encode(),
]
SNIPPETS = st.sampled_from([*WORDS, *BYTES])


def check(items: Iterator[Record | Rejected]) -> None:
    with contextlib.suppress(InputError):
        for item in items:
            assert isinstance(item, Record | Rejected)
            if isinstance(item, Record):
                assert isinstance(clean(item, CleanConfig()), Record | Rejected)
            else:
                assert item.code
                assert item.message
                assert item.where.file


def damaged(content: bytes, data: st.DataObject) -> bytes:
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 40))
        content = content[:start] + data.draw(SNIPPETS | st.binary(max_size=8)) + content[start + length :]
    return content


@pytest.mark.parametrize("name", TEXTS)
@FUZZ
@given(content=st.binary(max_size=300))
def test_random_bytes(name: str, content: bytes) -> None:
    check(TEXTS[name][0](io.BytesIO(content), "fuzz", ReadConfig(max_peaks=1000)))


@pytest.mark.parametrize("name", TEXTS)
@FUZZ
@given(data=st.data())
def test_damaged_text(name: str, data: st.DataObject) -> None:
    content = damaged(TEXTS[name][1].encode(), data)
    check(TEXTS[name][0](io.BytesIO(content), "fuzz", ReadConfig(max_peaks=1000)))


@pytest.mark.parametrize("name", TEXTS)
def test_every_prefix_of_a_text(name: str) -> None:
    content = TEXTS[name][1].encode()
    for end in range(len(content)):
        check(TEXTS[name][0](io.BytesIO(content[:end]), "fuzz", ReadConfig(max_peaks=1000)))


@given(
    values=st.lists(st.integers(-99999, 99999), min_size=2, max_size=60, unique=True), width=st.integers(1, 9)
)
def test_differences_read_back(values: list[int], width: int) -> None:
    """A writer of the difference form from its definition, with repeats and checks, and the reader against it."""

    def digits(number: int, zero_and_up: str, down: str) -> str:
        text = str(abs(number))
        return (zero_and_up[int(text[0])] if number >= 0 else down[int(text[0]) - 1]) + text[1:]

    lines: list[str] = []
    for start in range(0, len(values) - 1, width):
        part = values[start : start + width + 1]
        line = str(start) + digits(part[0], "@ABCDEFGHI", "abcdefghi")
        previous = None
        for before, after in itertools.pairwise(part):
            difference = digits(after - before, "%JKLMNOPQR", "jklmnopqr")
            line += "T" if difference == previous else difference
            previous = None if difference == previous else difference
        lines.append(line)
    text = (
        f"##TITLE=a\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##FIRSTX=0\n"
        f"##LASTX={len(values) - 1}\n##NPOINTS={len(values)}\n##XYDATA=(X++(Y..Y))\n"
        + "\n".join(lines)
        + "\n##END=\n"
    )
    (item,) = jcamp.read(io.BytesIO(text.encode()), "a", ReadConfig())
    assert isinstance(item, Record), item
    assert item.evidence.ir is not None
    np.testing.assert_array_equal(item.evidence.ir.absorbance, values)


class _Changed:
    """A tree of which one file is replaced."""

    def __init__(self, tree: FolderTree, name: str, content: bytes) -> None:
        self.path, self.name, self.parent, self.names = tree.path, tree.name, tree.parent, tree.names
        self._tree, self._changed = tree, {name: content}

    def read(self, name: str) -> bytes:
        return self._changed.get(name) or self._tree.read(name)


LINES = [(1.0, 1.0), (7.26, 0.4)]


@pytest.mark.parametrize("file", ["acqus", "pdata/1/procs", "pdata/1/1r", "fid", "pdata/1/title"])
@FUZZ
@given(data=st.data())
def test_damaged_bruker(
    file: str,
    data: st.DataObject,
    write_bruker: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"bruker-{file.replace('/', '-')}"
    if not folder.exists():
        write_bruker(folder, LINES, reference_mhz=400.0, processed=file != "fid", TD=256, SI=128)
    tree = FolderTree(folder, ReadConfig())
    content = damaged(tree.read(file)[:2000], data)
    check(bruker.read(_Changed(tree, file, content), ReadConfig(max_peaks=1 << 15)))


@pytest.mark.parametrize("file", ["procpar", "fid"])
@FUZZ
@given(data=st.data())
def test_damaged_varian(
    file: str,
    data: st.DataObject,
    write_varian: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"varian-{file}"
    if not folder.exists():
        write_varian(folder, LINES)
    tree = FolderTree(folder, ReadConfig())
    whole = tree.read(file)
    content = damaged(whole[:4000], data) + whole[4000:]
    check(varian.read(_Changed(tree, file, content), ReadConfig(max_peaks=1 << 15)))


@FUZZ
@given(data=st.data())
def test_damaged_archives(
    data: st.DataObject, write_varian: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp() / "archives"
    packed = base / "a.zip"
    if not base.exists():
        folder = write_varian(base / "a.fid", LINES)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(folder / "procpar", "a.fid/procpar")
    changed = base / "b.zip"
    changed.write_bytes(damaged(packed.read_bytes(), data))
    with contextlib.suppress(InputError):
        check(read_records(changed))
