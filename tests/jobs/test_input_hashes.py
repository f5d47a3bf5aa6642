from __future__ import annotations

import hashlib

import pytest

from jobs.input_hashes import input_hashes


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path):
    for name in ("one/a.txt", "one/10/fid", "two/b.txt", ".hidden/c.txt", "one/.DS_Store"):
        path = tmp_path / "compounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "compounds"


def test_of_a_folder_all_files_below_it(folder):
    (folder / "linked").symlink_to(folder / "one")
    (folder / "one" / "10" / "back").symlink_to(folder)
    hashes = input_hashes([str(folder)], None)
    assert hashes == {
        str(folder / name): sha256(name.replace("linked", "one"))
        for name in ("one/a.txt", "one/10/fid", "two/b.txt", "linked/a.txt", "linked/10/fid")
    }


def test_of_a_manifest_itself_and_what_it_names(folder):
    text = "id,ir,h_nmr\nx,one/a.txt,one/10\ny,two/none.txt,../outside\n"
    (folder / "list.csv").write_text(text)
    names = {"list.csv": text, "one/a.txt": "one/a.txt", "one/10/fid": "one/10/fid"}
    assert input_hashes([str(folder / "list.csv")], None) == {
        str(folder / name): sha256(content) for name, content in names.items()
    }


def test_of_a_broken_manifest_itself_only(folder):
    (folder / "list.csv").write_text("id,ir,h_nmrr\nx,one/a.txt,one/b.txt\n")
    assert list(input_hashes([str(folder / "list.csv")], None)) == [str(folder / "list.csv")]


def test_of_labels_the_files_beside_them(folder):
    (folder / "labels.tsv").write_text("spec\n")
    assert len(input_hashes([str(folder / "labels.tsv")], None)) == 4


def test_what_is_not_there_has_no_hash(folder):
    found = input_hashes([str(folder / "none.mgf"), str(folder / "one" / "a.txt")], None)
    assert found == {str(folder / "one" / "a.txt"): sha256("one/a.txt")}
