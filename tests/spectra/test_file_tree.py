"""Folders and archives: bounds, and no way out of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from molucid.errors import InputError
from molucid.spectra.file_tree import FolderTree, ZipTree
from molucid.spectra.read import read_records
from molucid.spectra.source import ReadConfig


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def test_folder_and_archive_are_the_same_tree(tmp_path: Path) -> None:
    root = tmp_path / "s"
    (root / "10").mkdir(parents=True)
    (root / "10" / "acqus").write_bytes(b"x")
    (root / "a").write_bytes(b"yy")
    for tree in (
        FolderTree(root, ReadConfig()),
        ZipTree(packed(tmp_path / "s.zip", {"a": b"yy", "10/acqus": b"x"}), ReadConfig()),
    ):
        assert (tree.name, tree.names) == ("s", ("10/acqus", "a"))
        assert (tree.read("a"), tree.read("10/acqus")) == (b"yy", b"x")


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "s"
    root.mkdir()
    (root / "up").symlink_to(tmp_path)
    assert FolderTree(root, ReadConfig()).names == ()


@pytest.mark.parametrize("name", ["../acqus", "a/../../acqus", "/etc/acqus", "a\\acqus", "C:/acqus"])
def test_names_that_lead_out_of_an_archive_are_refused(name: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"10/fid": b"x"})
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"x")
    with pytest.raises(InputError) as caught:
        read_records(path)
    assert caught.value.code == "unsafe_archive"


def test_sizes_are_bounded(tmp_path: Path) -> None:
    config = ReadConfig(max_archive_bytes=1000, max_archive_files=3)
    path = packed(tmp_path / "a.zip", {"a": b"0" * 600, "b": b"0" * 600, "c": b"0" * 1001})
    assert path.stat().st_size < 1000
    tree = ZipTree(path, config)
    assert len(tree.read("a")) == 600
    for name in ("b", "c"):
        with pytest.raises(InputError) as caught:
            tree.read(name)
        assert caught.value.code == "archive_too_large"
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "big").write_bytes(b"0" * 1001)
    with pytest.raises(InputError) as caught:
        FolderTree(tmp_path / "f", config).read("big")
    assert caught.value.code == "archive_too_large"
    for number in range(4):
        (tmp_path / "f" / str(number)).write_bytes(b"")
    many = packed(tmp_path / "b.zip", {str(number): b"" for number in range(4)})
    for make in (lambda: FolderTree(tmp_path / "f", config), lambda: ZipTree(many, config)):
        with pytest.raises(InputError) as caught:
            make()
        assert caught.value.code == "archive_too_large"


def test_damaged_and_protected_archives(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"10/acqus": b"##TITLE=a\n" * 100, "10/fid": b"x" * 100})
    content = path.read_bytes()
    for damaged in (content[:-30], content[:40], b"PK\x03\x04"):
        path.write_bytes(damaged)
        with pytest.raises(InputError) as caught:
            read_records(path)
        assert caught.value.code == "corrupt_zip"
    # The flag of a password, in the file's header and in the directory.
    flagged = bytearray(content)
    for place in (6, content.index(b"PK\x01\x02") + 8):
        flagged[place] |= 1
    path.write_bytes(bytes(flagged))
    (row,) = read_records(path)
    assert getattr(row, "code", None) == "corrupt_zip"


def test_an_archive_or_folder_of_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_records(packed(tmp_path / "a.zip", {"readme": b""}))
    assert caught.value.code == "unknown_format"
