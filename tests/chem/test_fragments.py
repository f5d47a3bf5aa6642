"""The vocabulary of fragments as a file: head, hash, refusals, the shipped one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from molucid.chem.fragments import FragmentVocabulary
from molucid.errors import InputError

PATTERNS = ("[CX4H3]", "[OX2H1]", "[C]-[O]")


def test_saved_and_loaded(tmp_path: Path) -> None:
    vocabulary = FragmentVocabulary(PATTERNS, {"corpora": "two:  of\nthem", "rdkit": "1"})
    path = tmp_path / "v.smarts"
    vocabulary.save(path)
    digest = hashlib.sha256(b"[CX4H3]\n[OX2H1]\n[C]-[O]").hexdigest()
    assert path.read_text().splitlines() == [
        "# corpora: two: of them", "# rdkit: 1", f"# sha256: {digest}", *PATTERNS
    ]  # fmt: skip
    loaded = FragmentVocabulary.load(path)
    assert loaded.patterns == PATTERNS
    assert loaded.provenance == {"corpora": "two: of them", "rdkit": "1"}
    assert loaded.sha256 == vocabulary.sha256 == digest
    assert loaded.size == 3


def test_order_is_part_of_the_hash() -> None:
    assert FragmentVocabulary(PATTERNS).sha256 != FragmentVocabulary(PATTERNS[::-1]).sha256


def test_a_plain_list(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeffC=O\r\n\r\n# sulfur: a comment after the head\r\n  [#16]  \r\n".encode())
    loaded = FragmentVocabulary.load(path)
    assert loaded.patterns == ("C=O", "[#16]")
    assert loaded.provenance == {}


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"C=O\nC(\n", "invalid_smarts", 2),
        (b"# a: b\nC=O\nC N\n", "invalid_smarts", 3),
        (b"C=O\n\nC=O\n", "invalid_smarts", 3),
        (b"# sha256: 12\nC=O\n", "wrong_hash", None),
        (b"# a: b\n", "invalid_vocabulary", None),
        (b"\xff\xfe", "invalid_vocabulary", None),
    ],
)
def test_a_wrong_file_is_refused_by_line(tmp_path: Path, content: bytes, code: str, line: int | None) -> None:
    path = tmp_path / "wrong.smarts"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        FragmentVocabulary.load(path)
    assert refused.value.code == code
    assert refused.value.where is not None
    assert refused.value.where.file == str(path)
    assert refused.value.where.line == line


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        FragmentVocabulary.load(tmp_path / "none")
    assert refused.value.code == "missing_file"


@pytest.mark.parametrize("patterns", [(), ("C", "N", "C"), tuple(f"[{i}C]" for i in range(65_536))])
def test_a_wrong_list_is_refused(patterns: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refused:
        FragmentVocabulary(patterns)
    assert refused.value.code == "invalid_vocabulary"


def test_the_shipped_vocabulary() -> None:
    """991 patterns, with every element that the models write, and its head says where they are from."""
    shipped = FragmentVocabulary.default()
    assert shipped.size == 991
    assert "chemicals" in shipped.provenance["corpora"]
    assert "molsets" in shipped.provenance["corpora"]
    assert "held_out" in shipped.provenance["left out"]
    text = "\n".join(shipped.patterns)
    for element in ("C", "c", "N", "n", "O", "o", "S", "s", "P", "F", "Cl", "Br", "I", "B", "Si", "Se"):
        assert any(f"[{element}{end}" in text for end in ("X", "]")), element
