"""The Ray Data actor of `molucid simulate`: takes a shard's molecules, leaves the shard on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.simulate_shard import SimulateJobConfig, simulate_shard
from molucid.dataset.corpus import Molecule
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.shards import DatasetRoot, ShardWriter
from molucid.errors import Rejected, Where
from molucid.simulate.evidence import EvidenceSimulator


class SimulateShards:
    """One per core; holds the compiled simulator and its weights.

    Args:
        root: URL of the data set.
        config: of the job, as JSON values.
        exclude: molecules not to simulate.
        source: kept with every sample.
        licence: likewise.
    """

    def __init__(
        self, root: str, config: Mapping[str, Any], exclude: HoldoutKeys, source: str, licence: str | None
    ) -> None:
        self._config = SimulateJobConfig.from_mapping(config)
        self._simulator = EvidenceSimulator(self._config.evidence, self._config.seed)
        self._writer = ShardWriter(DatasetRoot(root))
        self._exclude, self._source, self._licence = exclude, source, licence

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Simulate, write, check and enter one shard."""
        molecules, unreadable = _rows(row)
        samples, rejected = simulate_shard(
            molecules, self._config, self._simulator, self._exclude, self._source, self._licence
        )
        entry = self._writer.write(int(row["shard"]), samples, unreadable + rejected)
        return {"shard": entry.index, "entry": entry.model_dump_json()}


def _rows(row: Mapping[str, Any]) -> tuple[list[Molecule], list[Rejected]]:
    molecules, unreadable = [], []
    names = ("id", "smiles", "file", "line", "code", "message", "hint")
    for identifier, smiles, file, line, code, message, hint in zip(
        *(row[name] for name in names), strict=True
    ):
        where = Where(file, line=None if line is None else int(line))
        if code is None:
            molecules.append(Molecule(identifier, smiles, where))
        else:
            unreadable.append(Rejected(identifier, code, message, where, hint))
    return molecules, unreadable
