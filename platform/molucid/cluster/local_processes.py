"""The processes of a Ray cluster that this one starts: begun, found and ended."""

from __future__ import annotations

import contextlib
import gc
import logging
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil
import ray

from molucid.errors import InputError

log = logging.getLogger(__name__)

PROCESS_GRACE_S = 10.0
START_ATTEMPTS = 5


def start_local(folder: Path, sizes: Mapping[str, Any], worker_logs: bool) -> None:
    """Start Ray, which gives its processes 30 s, as often as a busy machine may need.

    Each attempt has a folder of its own below `folder`, by which the processes that it leaves are known and ended.
    A process that the caller starts at the same time is let be.

    Raises:
        InputError: they needed longer every time.
    """
    for attempt in range(1, START_ATTEMPTS + 1):
        # Ray forgets its processes without having waited for them when it gives up.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "subprocess .* is still running", ResourceWarning)
            if _has_started(folder / str(attempt), sizes, worker_logs):
                return
            # Before the shutdown: by its end the raylet may be gone, by which its workers are known.
            started = processes_of(folder)
            ray.shutdown()
            gc.collect()
        _kill(started | processes_of(folder))
        log.warning("Ray took too long to start (%d of %d attempts)", attempt, START_ATTEMPTS)
    raise InputError(
        f"{START_ATTEMPTS} starts of Ray that took too long",
        "a machine with time for its processes",
        hint="end other programs, or join a running cluster with --address",
        code="ray_not_started",
    )


def _has_started(folder: Path, sizes: Mapping[str, Any], worker_logs: bool) -> bool:
    try:
        ray.init(
            address="local",
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=worker_logs,
            _temp_dir=str(folder),
            **sizes,
        )
    except Exception as error:
        # Ray raises a bare Exception when its processes take too long.
        if "timed out during startup" not in str(error):
            raise
        return False
    return True


def processes_of(folder: Path) -> set[psutil.Process]:
    """The processes below this one with `folder` on their command line, and all below those.

    Ray's control store, raylet, monitors and dashboard are told their session's folder. What the raylet starts, agents
    and workers, replaces its command line by a title.
    """
    found: set[psutil.Process] = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(str(folder) in argument for argument in process.cmdline()):
                found |= {process, *process.children(recursive=True)}
    return found


def end_processes(processes: Iterable[psutil.Process]) -> None:
    """Wait until processes are gone; kill those that stay."""
    _, alive = psutil.wait_procs(processes, timeout=PROCESS_GRACE_S)
    _kill(alive)


def _kill(processes: Iterable[psutil.Process]) -> None:
    killed = list(processes)
    for process in killed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(killed, timeout=PROCESS_GRACE_S)
