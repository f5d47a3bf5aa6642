from __future__ import annotations

import errno
import json
import uuid
from pathlib import Path

import pytest
import torch

from molucid.cluster import checkpoints, storage
from molucid.cluster.checkpoints import (
    local_checkpoint,
    newest_complete_name,
    prune_checkpoints,
    store_checkpoint,
)
from molucid.cluster.storage import RetryConfig, Root, with_retry
from molucid.errors import InputError
from molucid.files import read_manifest, sha256_file
from molucid.model.config import ModelConfig
from molucid.model.objective import ObjectiveConfig
from molucid.train.checkpoint import make_card, newest_complete, read_state, read_weights
from molucid.train.config import TrainConfig
from molucid.train.loop import TrainState

QUICK = RetryConfig(attempts=3, first_wait_s=0.0)
CARD = make_card("tiny", ModelConfig(), ObjectiveConfig(), TrainConfig(), {"data_sha256": "0"})


class OneTensorEngine:
    """What a checkpoint needs of an engine, on one rank."""

    rank, world_size = 0, 1

    def __init__(self, value: float) -> None:
        self.value = value

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "state.bin").write_bytes(str(self.value).encode())

    def weights(self) -> dict[str, torch.Tensor]:
        return {"value": torch.tensor([self.value])}

    def barrier(self) -> None:
        pass


@pytest.fixture(params=["local", "remote"])
def root(request, tmp_path) -> Root:
    url = str(tmp_path / "run") if request.param == "local" else f"memory://{uuid.uuid4().hex}/run"
    return Root(url, QUICK)


def store(root: Root, step: int, value: float) -> str:
    return store_checkpoint(root, OneTensorEngine(value), CARD, TrainState(step, 8 * step), epoch=0.5)


def test_a_checkpoint_is_read_back_from_any_root(root, tmp_path) -> None:
    url = store(root, 7, 1.5)
    assert url == f"{root}/step-00000007"
    assert newest_complete_name(root) == "step-00000007"
    copy = (root / "step-00000007").fetch(tmp_path / "copy")
    manifest = read_manifest(copy)
    assert sorted(manifest["files"]) == ["engine/state.bin", "model.json", "model.safetensors", "state.json"]
    assert read_state(copy, CARD) == TrainState(7, 56)
    assert read_weights(copy)["value"].tolist() == [1.5]
    assert (copy / "engine" / "state.bin").read_text() == "1.5"
    if root.local is not None:
        assert newest_complete(root.local) == copy


def test_the_newest_whole_checkpoint_is_found_past_incomplete_and_damaged_ones(root, caplog) -> None:
    assert newest_complete_name(root) is None
    for step in (1, 2, 10):
        store(root, step, float(step))
    interrupted = root / "step-00000011"
    interrupted.put_json("state.json", {"step": 11})
    assert newest_complete_name(root) == "step-00000010"
    (root / "step-00000010").put_json("state.json", {"step": 10, "changed": True})
    assert newest_complete_name(root) == "step-00000002"
    assert f"{root}/step-00000010 is damaged" in caplog.text
    (root / "step-00000012").put_json("manifest.json", {"files": {"state.json": {"sha256": "0"}}})
    assert newest_complete_name(root) == "step-00000002"
    assert f"{root}/step-00000012 is damaged" in caplog.text
    (root / "step-00000012").remove()

    store(root, 10, 3.0)
    assert newest_complete_name(root) == "step-00000010"
    prune_checkpoints(root, keep=2)
    # The interrupted one may be another job's that still writes it; it is newer than what is kept.
    assert root.folders() == ["step-00000002", "step-00000010", "step-00000011"]


class BlindEngine(OneTensorEngine):
    """Fails as torch.save does on a full disk."""

    def save(self, folder: Path) -> None:
        raise RuntimeError("unexpected pos 576 vs 534")


def test_a_full_disk_is_named_where_the_engine_does_not_name_it(tmp_path, monkeypatch) -> None:
    def store_blindly() -> None:
        store_checkpoint(Root(tmp_path), BlindEngine(1.0), CARD, TrainState(1, 8), epoch=0.5)

    with pytest.raises(RuntimeError, match="unexpected pos"):
        store_blindly()

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoints, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        store_blindly()
    assert caught.value.errno == errno.ENOSPC


def test_a_checkpoint_of_any_root_is_a_local_folder_to_its_reader(root) -> None:
    with pytest.raises(InputError) as caught, local_checkpoint(root.url):
        pass
    assert caught.value.code == "missing_checkpoint"
    for step in (1, 2):
        store(root, step, float(step))
    (root / "step-00000003").put_json("state.json", {"step": 3})
    for url in (root.url, f"{root}/step-00000002"):
        with local_checkpoint(url) as (found, folder):
            assert found == f"{root}/step-00000002"
            assert read_weights(folder)["value"].tolist() == [2.0]
        # What was copied is gone again, and what was there has stayed.
        assert folder.exists() == (root.local is not None)
    (root / "step-00000002").put_json("state.json", {"step": 2, "changed": True})
    with local_checkpoint(root.url) as (found, folder):
        assert found == f"{root}/step-00000001"


def test_a_transfer_is_tried_again_until_it_succeeds(tmp_path, monkeypatch) -> None:
    root = Root(f"memory://{uuid.uuid4().hex}", QUICK)
    source = tmp_path / "part"
    source.write_bytes(b"peaks")
    calls, put_file = [], root.filesystem.put_file

    def unreliable(*args: object) -> None:
        calls.append(args)
        if len(calls) < 3:
            raise ConnectionResetError("connection lost")
        put_file(*args)

    monkeypatch.setattr(root.filesystem, "put_file", unreliable)
    entry = root.put_file(source, "a/part")
    assert len(calls) == 3
    assert entry == {"bytes": 5, "sha256": sha256_file(source)}
    root.get_file("a/part", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"peaks"


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (TimeoutError("slow"), 3),
        (PermissionError("no"), 1),
        (FileNotFoundError("gone"), 1),
        (OSError(errno.ENOSPC, "full"), 1),
        (KeyError("a fault of ours"), 1),
    ],
)
def test_only_what_waiting_may_cure_is_tried_again(error, tries) -> None:
    calls = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        with_retry(fail, "a transfer", QUICK)
    assert len(calls) == tries


def test_waits_double_up_to_the_longest(monkeypatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(storage.time, "sleep", waits.append)

    def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        with_retry(fail, "a transfer", RetryConfig(attempts=6, first_wait_s=1.0, longest_wait_s=5.0))
    assert waits == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(InputError, match="nosuch") as caught:
        Root("nosuch://bucket/run")
    assert caught.value.code == "unknown_storage"


@pytest.mark.slow
def test_a_checkpoint_on_an_object_store(monkeypatch, tmp_path) -> None:
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        s3fs.S3FileSystem().mkdir("molucid-test")
        root = Root("s3://molucid-test/run", QUICK)
        store(root, 3, 2.5)
        assert newest_complete_name(root) == "step-00000003"
        copy = (root / "step-00000003").fetch(tmp_path / "copy")
        assert read_weights(copy)["value"].tolist() == [2.5]
        assert json.loads((copy / "state.json").read_text())["step"] == 3
        with local_checkpoint(root.url) as (url, folder):
            assert url == "s3://molucid-test/run/step-00000003"
            assert read_weights(folder)["value"].tolist() == [2.5]
    finally:
        server.stop()
