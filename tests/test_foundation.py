"""Errors, configuration and safe files: what all rooms stand on."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from molucid.config import Config
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.files import (
    MANIFEST_NAME,
    read_json,
    read_manifest,
    sha256_file,
    write_aside,
    write_bytes,
    write_json,
    write_manifest,
)


class Inner(Config):
    learning_rate: float = 1e-3
    name: str = "adam"


class Outer(Config):
    inner: Inner = Inner()
    extra: Inner | None = None
    steps: int = 10
    sizes: tuple[int, ...] = (1, 2)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# errors


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(), "input"),
        (Where("a.mgf"), "a.mgf"),
        (Where("a.mgf", "caffeine", 12), "a.mgf, line 12, record caffeine"),
        (Where(line=3), "input, line 3"),
    ],
)
def test_where_reads_as_a_place(where: Where, text: str) -> None:
    assert str(where) == text


def test_error_says_what_where_and_what_to_do() -> None:
    error = InputError("m/z −1", "m/z above 0", Where("a.mgf", line=2), hint="correct it", code="negative_mz")
    assert isinstance(error, ValueError)
    assert str(error) == "a.mgf, line 2: got m/z −1, expected m/z above 0\nhint: correct it"


def test_rejected_row_keeps_the_errors_words_and_prefers_the_given_place() -> None:
    error = InputError("x", "y", Where("inner"), hint="z", code="c")
    assert Rejected.from_error("7", error) == Rejected("7", "c", "got x, expected y", Where("inner"), "z")
    assert Rejected.from_error("7", error, Where("outer")).where == Where("outer")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("short", "short"), ("two\n lines", "two lines"), ("x" * 11, "x" * 9 + "…"), ("y" * 10, "y" * 10)],
)
def test_shorten(text: str, expected: str) -> None:
    assert shorten(text, 10) == expected


def test_shorten_of_a_huge_title_is_short() -> None:
    assert len(shorten("t" * 10_000_000)) == 80
    assert len(shorten(" " * 10_000_000 + "t")) <= 80


# config


def test_values_and_assignments() -> None:
    config = Outer.from_mapping({"inner": {"learning_rate": 0.1}})
    assert config.inner.learning_rate == 0.1
    changed = config.updated(["steps=20", "inner.learning_rate=3e-4", "sizes=[4, 5, 6]", "inner.name=sgd"])
    assert (changed.steps, changed.inner.learning_rate, changed.sizes) == (20, 3e-4, (4, 5, 6))
    assert changed.inner.name == "sgd"
    assert config.steps == 10


@pytest.mark.parametrize(
    ("values", "near"),
    [
        ({"step": 3}, "steps"),
        ({"inner": {"learningrate": 1}}, "learning_rate"),
        ({"extra": {"learningrate": 1}}, "learning_rate"),
    ],
)
def test_unknown_key_in_a_mapping_names_the_nearest(values: dict[str, object], near: str) -> None:
    with pytest.raises(InputError) as caught:
        Outer.from_mapping(values, source="recipe.yaml")
    assert caught.value.code == "unknown_key"
    assert caught.value.hint == f"did you mean {near!r}?"
    assert "recipe.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("assignment", "near"),
    [("stesp=3", "steps"), ("inner.learning_rat=1", "learning_rate"), ("iner.name=x", "inner")],
)
def test_unknown_key_in_an_assignment_names_the_nearest(assignment: str, near: str) -> None:
    with pytest.raises(InputError) as caught:
        Outer().updated([assignment])
    assert caught.value.code == "unknown_key"
    assert caught.value.hint == f"did you mean {near!r}?"


def test_a_key_below_a_value_is_unknown() -> None:
    with pytest.raises(InputError, match="no key below"):
        Outer().updated(["steps.deep=1"])


@pytest.mark.parametrize(
    "assignment", ["steps=many", "sizes=[1", "steps=1.5", "inner.learning_rate=.nan", "steps"]
)
def test_wrong_values_are_refused(assignment: str) -> None:
    with pytest.raises(InputError):
        Outer().updated([assignment])


@pytest.mark.parametrize("values", [None, [1], "text"])
def test_what_is_no_mapping_is_refused(values: object) -> None:
    with pytest.raises(InputError) as caught:
        Outer.from_mapping(values)  # type: ignore[arg-type]  # what an empty or wrong YAML file holds
    assert caught.value.code == "invalid_config"


def test_configurations_are_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Outer().steps = 3  # type: ignore[misc]  # the mistake under test


# files


def test_a_written_file_is_whole_and_alone(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.bin"
    write_bytes(target, b"one")
    write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert names_in(target.parent) == ["a.bin"]


@pytest.mark.parametrize(
    "error", [RuntimeError("stop"), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")]
)
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "a.txt"
    write_bytes(target, b"before")

    def write() -> None:
        with write_aside(target) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert target.read_bytes() == b"before"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_failed_first_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), write_aside(tmp_path / "a.txt"):
        raise ValueError("stop")
    assert names_in(tmp_path) == []


def test_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "a.txt"
    write_bytes(target, b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_bytes(target, b"after")
    assert str(target) in str(caught.value)
    assert target.read_bytes() == b"before"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_write_that_the_kernel_refuses(tmp_path: Path) -> None:
    # A limit on file size makes the kernel cut the write, as a full disk does.
    program = (
        "import resource, signal, sys\n"
        "from molucid.files import write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "write_bytes(sys.argv[1], bytes(100_000))\n"
    )
    target = tmp_path / "large.bin"
    write_bytes(target, b"before")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 1
    assert f"File too large: '{target}'" in done.stderr
    assert target.read_bytes() == b"before"
    assert names_in(tmp_path) == ["large.bin"]


def test_json_round_trip_and_refusals(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": [1, 2.5], "a": "µ"})
    assert read_json(path) == {"b": [1, 2.5], "a": "µ"}
    assert path.read_text(encoding="utf-8").startswith('{\n  "a": "µ"')
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, float("nan"))
    assert read_json(path)["a"] == "µ"
    path.write_text('{"a": 1,\n "b": }')
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert caught.value.code == "invalid_json"
    assert caught.value.where == Where(file=str(path), line=2)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert caught.value.code == "invalid_json"
    with pytest.raises(InputError) as caught:
        read_json(tmp_path / "none.json")
    assert caught.value.code == "missing_file"


def test_sha256_of_known_bytes(tmp_path: Path) -> None:
    write_bytes(tmp_path / "abc", b"abc")  # FIPS 180-2, appendix B.1
    assert sha256_file(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


@pytest.fixture
def complete_folder(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "data" / "part.bin", b"0123456789")
    write_bytes(tmp_path / "model.json", b"{}")
    (tmp_path / ".left.partial").write_bytes(b"of a killed job")
    write_manifest(tmp_path, {"rows": 3})
    return tmp_path


def test_manifest_lists_all_files_but_partial_ones(complete_folder: Path) -> None:
    manifest = read_manifest(complete_folder)
    assert manifest["rows"] == 3
    assert sorted(manifest["files"]) == ["data/part.bin", "model.json"]
    assert manifest["files"]["data/part.bin"]["bytes"] == 10


def with_entry(part: Path, entry: object) -> None:
    (part.parents[1] / MANIFEST_NAME).write_text(json.dumps({"files": {"data/part.bin": entry}}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda part: part.write_bytes(b"01234"), "wrong_hash"),
        (lambda part: part.write_bytes(b"012345678X"), "wrong_hash"),
        (lambda part: part.unlink(), "missing_file"),
        (lambda part: (part.parents[1] / MANIFEST_NAME).unlink(), "incomplete_folder"),
        (lambda part: (part.parents[1] / MANIFEST_NAME).write_text('{"rows"'), "invalid_json"),
        (lambda part: (part.parents[1] / MANIFEST_NAME).write_text("[1]"), "invalid_manifest"),
        (lambda part: (part.parents[1] / MANIFEST_NAME).write_text('{"rows": 3}'), "invalid_manifest"),
        (lambda part: with_entry(part, {"sha256": "0"}), "invalid_manifest"),
        (lambda part: with_entry(part, {"bytes": 10}), "invalid_manifest"),
        (lambda part: with_entry(part, 10), "invalid_manifest"),
    ],
    ids=[
        "cut",
        "changed",
        "missing",
        "no manifest",
        "cut manifest",
        "foreign list",
        "no files",
        "no size",
        "no sum",
        "number",
    ],
)
def test_damage_is_found_and_named(complete_folder: Path, change: object, code: str) -> None:
    assert callable(change)
    change(complete_folder / "data" / "part.bin")
    with pytest.raises(InputError) as caught:
        read_manifest(complete_folder)
    assert caught.value.code == code
    assert caught.value.where is not None
    assert str(complete_folder) in str(caught.value.where)


def test_unverified_reading_skips_the_sums(complete_folder: Path) -> None:
    (complete_folder / "model.json").write_bytes(b"[]")
    assert read_manifest(complete_folder, verify=False)["rows"] == 3
