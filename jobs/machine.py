"""What this process may use of its machine: cores and memory, with the limits of the container that it is in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OWN_GROUPS, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Usable:
    """What may be used.

    Attributes:
        cores: number, a fraction where the container's share of time is one.
        total_bytes: memory, the machine's or less.
        free_bytes: of it.
        container: whether a container allows less memory than the machine has.
    """

    cores: float
    total_bytes: int
    free_bytes: int
    container: bool


def usable(own_groups: Path = _OWN_GROUPS, groups: Path = _GROUPS) -> Usable:
    """Look at the machine and at the control groups (version 1 or 2) of this process and above it.

    Args:
        own_groups: file that names them.
        groups: where they are mounted.

    Raises:
        ImportError: psutil is not installed.
    """
    import psutil

    machine = psutil.virtual_memory()
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    total, free = int(machine.total), int(machine.available)
    for folder in _folders(own_groups, groups):
        cores = min(cores, _share(folder) or cores)
        limit = _number(folder / "memory.max") or _number(folder / "memory.limit_in_bytes")
        if limit is not None:
            total, free = min(total, limit), min(free, max(0, limit - _kept(folder)))
    return Usable(cores, total, free, total < machine.total)


def _folders(own_groups: Path, groups: Path) -> Iterator[Path]:
    """Folders of the groups that this process is in, and of those above them: a limit of any holds for it."""
    if not own_groups.is_file():
        return
    for line in own_groups.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        parts = [part for part in path.split("/") if part]
        for controller in controllers.split(","):
            # Version 2 has one hierarchy without a name, so its folder is the mount itself.
            for depth in range(len(parts) + 1):
                yield groups.joinpath(controller, *parts[:depth])


def _share(folder: Path) -> float | None:
    """Processor time per time, in cores; `None` if it is not limited."""
    if (folder / "cpu.max").is_file():
        quota, period = (folder / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    quota_us, period_us = (_number(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    # Version 1 writes -1 for no limit.
    return quota_us / period_us if quota_us is not None and period_us and quota_us > 0 else None


def _kept(folder: Path) -> int:
    """Bytes in use that are not given back on demand, as pages of files are that nobody has read for a while."""
    used = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes") or 0
    rows = (folder / "memory.stat").read_text().splitlines() if (folder / "memory.stat").is_file() else []
    stat = dict(row.split(maxsplit=1) for row in rows)
    return max(0, used - int(stat.get("total_inactive_file", stat.get("inactive_file", 0))))


def _number(path: Path) -> int | None:
    """The number in a file; `None` without the file, or where it says `max`."""
    text = path.read_text().strip() if path.is_file() else "max"
    return None if text == "max" else int(text)
