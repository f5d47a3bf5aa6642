"""Limits of a container, as the kernel writes them in either version of its control groups."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from jobs.machine import Usable, usable

GIB = 2**30


@pytest.fixture(autouse=True)
def large_machine(monkeypatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GIB, available=50 * GIB))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)))


def seen(folder: Path, own: str, files: dict[str, str]) -> Usable:
    (folder / "own").write_text(own)
    for name, text in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return usable(folder / "own", folder / "groups")


def test_without_control_groups_the_machine_is_all(tmp_path) -> None:
    assert usable(tmp_path / "none", tmp_path) == Usable(16.0, 64 * GIB, 50 * GIB, container=False)


def test_version_2_in_a_container_of_its_own(tmp_path) -> None:
    files = {
        "memory.max": str(8 * GIB),
        "memory.current": str(6 * GIB),
        "memory.stat": f"anon {2 * GIB}\ninactive_file {3 * GIB}",
        "cpu.max": "150000 100000",
    }
    assert seen(tmp_path, "0::/\n", files) == Usable(1.5, 8 * GIB, 5 * GIB, container=True)


def test_version_2_takes_the_narrowest_of_a_group_and_those_above_it(tmp_path) -> None:
    files = {
        "pod/memory.max": str(4 * GIB),
        "pod/memory.current": str(GIB),
        "pod/cpu.max": "max 100000",
        "pod/job/memory.max": "max",
        "pod/job/memory.current": str(GIB),
        "pod/job/cpu.max": "400000 100000",
    }
    assert seen(tmp_path, "0::/pod/job\n", files) == Usable(4.0, 4 * GIB, 3 * GIB, container=True)


def test_version_1_with_a_path_that_only_the_host_sees(tmp_path) -> None:
    own = "4:memory:/docker/ab\n2:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/ab\n0::/\n"
    files = {
        "memory/memory.limit_in_bytes": str(8 * GIB),
        "memory/memory.usage_in_bytes": str(5 * GIB),
        "memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB}",
        "cpu/cpu.cfs_quota_us": "200000",
        "cpu/cpu.cfs_period_us": "100000",
    }
    assert seen(tmp_path, own, files) == Usable(2.0, 8 * GIB, 4 * GIB, container=True)


def test_version_1_without_limits(tmp_path) -> None:
    files = {
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/memory.usage_in_bytes": str(5 * GIB),
        "cpu/cpu.cfs_quota_us": "-1",
        "cpu/cpu.cfs_period_us": "100000",
    }
    found = seen(tmp_path, "4:memory:/\n2:cpu:/\n", files)
    assert found == Usable(16.0, 64 * GIB, 50 * GIB, container=False)
