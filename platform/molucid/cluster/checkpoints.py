"""Checkpoints of many ranks below one root, local or remote, entered by their manifest.

Each rank writes its shards aside, on its own disk, and uploads them; rank 0 writes the manifest when all are
done. So a reader of the root sees a whole checkpoint or one to be passed over, whatever was killed when.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from molucid.cluster.storage import Entries, Root
from molucid.errors import InputError
from molucid.files import MANIFEST_NAME, read_manifest
from molucid.train.checkpoint import (
    CHECKPOINT_KIND,
    CHECKPOINT_VERSION,
    ENGINE_FOLDER,
    ModelCard,
    checkpoint_name,
    write_model,
    write_state,
)
from molucid.train.engines.base import Engine
from molucid.train.loop import TrainState

log = logging.getLogger(__name__)

_PREFIX = checkpoint_name(0).split("-")[0] + "-"


def store_checkpoint(root: Root, engine: Engine, card: ModelCard, state: TrainState, epoch: float) -> str:
    """Write the checkpoint of `state` below `root`; all ranks call it together.

    Returns:
        The checkpoint's URL.
    """
    folder = root / checkpoint_name(state.step)
    with tempfile.TemporaryDirectory(prefix="molucid-checkpoint-") as scratch:
        own = Path(scratch)
        engine.save(own / ENGINE_FOLDER)
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

    One without a manifest is passed over, for a job was killed while it wrote it; so is a damaged one, with a
    warning.
    """
    for name in reversed(_names(root)):
        folder = root / name
        if not folder.exists(MANIFEST_NAME):
            continue
        with tempfile.TemporaryDirectory(prefix="molucid-checkpoint-") as scratch:
            try:
                read_manifest(folder.fetch(Path(scratch)))
            except InputError as error:
                log.warning("checkpoint %s is damaged and is passed over: %s", folder, error)
                continue
        return name
    return None


def prune_checkpoints(root: Root, keep: int) -> None:
    """Remove all but the newest `keep` complete checkpoints, and incomplete ones older than those."""
    kept = 0
    for name in reversed(_names(root)):
        folder = root / name
        if kept >= keep:
            folder.remove()
        elif folder.exists(MANIFEST_NAME):
            kept += 1


def _names(root: Root) -> list[str]:
    return [name for name in root.folders() if name.startswith(_PREFIX)]


def _of_all_ranks(engine: Engine, own: Entries) -> Entries:
    if engine.world_size == 1:
        return own
    from torch import distributed

    gathered: list[Entries] = [{}] * engine.world_size
    distributed.all_gather_object(gathered, own)
    return {name: entry for entries in gathered for name, entry in entries.items()}
