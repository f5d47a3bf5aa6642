"""Checkpoints of many ranks below one root, local or remote, entered by their manifest.

Each rank writes its shards aside, on its own disk, and uploads them; rank 0 writes the manifest when all are
done. So a reader of the root sees a whole checkpoint or one to be passed over, whatever was killed when.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from molucid.cluster.storage import Entries, Root
from molucid.errors import InputError, Where
from molucid.files import MANIFEST_NAME, write_bytes
from molucid.train.checkpoint import (
    CHECKPOINT_KIND,
    CHECKPOINT_PREFIX,
    CHECKPOINT_VERSION,
    ENGINE_FOLDER,
    ModelCard,
    checkpoint_name,
    is_whole,
    newest_first,
    resolve_checkpoint,
    write_model,
    write_state,
)
from molucid.train.engines.base import Engine
from molucid.train.loop import TrainState

_PROBE_BYTES = 1 << 20


def store_checkpoint(root: Root, engine: Engine, card: ModelCard, state: TrainState, epoch: float) -> str:
    """Write the checkpoint of `state` below `root`; all ranks call it together.

    Returns:
        The checkpoint's URL.

    Raises:
        OSError: a disk that is full, by its errno, whatever the engine made of it.
    """
    folder = root / checkpoint_name(state.step)
    with tempfile.TemporaryDirectory(prefix="molucid-checkpoint-") as scratch:
        own = Path(scratch)
        _save_engine(engine, own)
        weights = engine.weights()
        if engine.rank == 0:
            write_model(own, weights, card)
            write_state(own, card, state, epoch)
            # Left by a job that was killed here, or damaged and passed over when this one began.
            folder.remove()
        engine.barrier()
        entries = _of_all_ranks(engine, folder.put_folder(own))
    if engine.rank == 0:
        folder.complete({"kind": CHECKPOINT_KIND, "version": CHECKPOINT_VERSION, "step": state.step}, entries)
    engine.barrier()
    return folder.url


def newest_complete_name(root: Root) -> str | None:
    """Name of the newest checkpoint below `root` that is whole; `None` if there is none.

    Others are passed over, see `molucid.train.checkpoint.is_whole`.
    """
    for name in newest_first(root.folders()):
        with tempfile.TemporaryDirectory(prefix="molucid-checkpoint-") as scratch:
            if _fetch_whole(root / name, Path(scratch)) is not None:
                return name
    return None


@contextmanager
def local_checkpoint(url: str) -> Iterator[tuple[str, Path]]:
    """A checkpoint, or the newest complete one of a run, as a local folder: a temporary copy if it is remote.

    Args:
        url: a path or fsspec URL, of the checkpoint or of the folder of the run.

    Yields:
        The checkpoint's own path or URL, and the local folder, which is gone afterwards if it is a copy.

    Raises:
        InputError: neither is there.
    """
    root = Root(url)
    if root.local is not None:
        folder = resolve_checkpoint(root.local)
        yield str(folder), folder
        return
    with tempfile.TemporaryDirectory(prefix="molucid-checkpoint-") as scratch:
        if root.exists(MANIFEST_NAME):
            yield root.url, root.fetch(Path(scratch))
            return
        for name in newest_first(root.folders()):
            copy = _fetch_whole(root / name, Path(scratch) / name)
            if copy is not None:
                yield f"{root}/{name}", copy
                return
    raise InputError(
        "no complete checkpoint",
        "a checkpoint, or the folder of a run that wrote one",
        Where(file=root.url),
        hint=f"give the folder that holds {CHECKPOINT_PREFIX}…",
        code="missing_checkpoint",
    )


def prune_checkpoints(root: Root, keep: int) -> None:
    """Remove all but the newest `keep` complete checkpoints, and incomplete ones older than those."""
    kept = 0
    for name in newest_first(root.folders()):
        folder = root / name
        if kept >= keep:
            folder.remove()
        elif folder.exists(MANIFEST_NAME):
            kept += 1


def _save_engine(engine: Engine, folder: Path) -> None:
    try:
        engine.save(folder / ENGINE_FOLDER)
    except RuntimeError:
        # All that torch.save says of a full disk is that its stream stands at an unexpected place; a write of our
        # own raises the reason.
        write_bytes(folder / "probe", bytes(_PROBE_BYTES))
        raise


def _fetch_whole(folder: Root, target: Path) -> Path | None:
    """A checkpoint as a local folder, in `target` if it is remote; `None` if it is not whole, see `is_whole`."""
    if not folder.exists(MANIFEST_NAME):
        return None
    local = folder.fetch(target)
    return local if is_whole(local, folder.url) else None


def _of_all_ranks(engine: Engine, own: Entries) -> Entries:
    if engine.world_size == 1:
        return own
    from torch import distributed

    gathered: list[Entries] = [{}] * engine.world_size
    distributed.all_gather_object(gathered, own)
    return {name: entry for entries in gathered for name, entry in entries.items()}
