"""A Ray session that is opened on purpose and leaves nothing behind.

Without an address a small cluster is started inside this process's own private folder, with a token that only
this user can read; with an address an existing cluster is joined. `RAY_ADDRESS` never decides: a job must not
land on somebody's cluster because a variable happened to be set.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import ray

from molucid.cluster.local_processes import end_processes, processes_of, start_local
from molucid.errors import InputError

log = logging.getLogger(__name__)

# A Unix socket's path is limited to 107 bytes and Ray appends up to 75 of its own.
MAX_TEMP_ROOT_LENGTH = 20


@dataclass(frozen=True, slots=True)
class RaySession:
    """What a job may know of the cluster it runs on.

    Attributes:
        address: `ip:port` of the cluster's control store.
        embedded: whether the cluster was started by this process and ends with the session.
        num_cpus: logical cores of all nodes when the session was opened.
        num_gpus: logical GPUs of all nodes when the session was opened.
    """

    address: str
    embedded: bool
    num_cpus: float
    num_gpus: float


_open_session: RaySession | None = None


@contextlib.contextmanager
def ray_session(
    address: str | None = None,
    num_cpus: int | None = None,
    num_gpus: int | None = None,
    object_store_bytes: int | None = None,
    worker_logs: bool = False,
) -> Iterator[RaySession]:
    """Connect this process to Ray for the length of a block.

    Inside an open session a second call without an address (or with the same one) joins it, so that one job
    can run others; only the outermost block ends it. On leaving, also by an exception or SIGTERM, the
    connection is closed, an embedded cluster's processes are gone, its folder is removed and the environment
    is as it was.

    Args:
        address: `ip:port` of a cluster to join, or `auto` for the one on this machine; `None` starts an
            embedded cluster. A joined cluster must have molucid installed on its nodes.
        num_cpus: logical cores of the embedded cluster; `None` for all of this machine.
        num_gpus: logical GPUs of the embedded cluster; `None` for all of this machine.
        object_store_bytes: shared memory of the embedded cluster; `None` lets Ray choose.
        worker_logs: print what workers print, on this process's stderr.

    Raises:
        InputError: sizes given together with an address, or another session is open, or no cluster answers.
    """
    global _open_session
    sizes = {"num_cpus": num_cpus, "num_gpus": num_gpus, "object_store_memory": object_store_bytes}
    given = {name: value for name, value in sizes.items() if value is not None}
    if address is not None and given:
        raise InputError(
            f"{', '.join(given)} with address {address!r}",
            "sizes only without an address",
            hint="an existing cluster has its sizes already; leave them out",
        )
    if _open_session is not None:
        if address not in (None, _open_session.address):
            raise InputError(
                f"address {address!r} inside a session on {_open_session.address}",
                "no address, or the same one",
                hint="close the open session first",
            )
        yield _open_session
        return
    if ray.is_initialized():
        raise InputError(
            "a Ray connection that this program opened outside ray_session",
            "no open connection",
            hint="call ray.shutdown() first, or open it with ray_session(address)",
        )
    ignored = os.environ.get("RAY_ADDRESS")
    if ignored and address != "auto":
        log.warning("RAY_ADDRESS=%s is ignored: clusters are joined by --address only", ignored)

    opened = _joined(address, worker_logs) if address is not None else _embedded(given, worker_logs)
    with _remarks_on_stderr(), opened as session:
        _open_session = session
        try:
            yield session
        finally:
            _open_session = None


@contextlib.contextmanager
def _embedded(sizes: Mapping[str, Any], worker_logs: bool) -> Iterator[RaySession]:
    # Readable by this user only. Ray opens its own folder to everybody, so that one lies inside.
    folder = Path(tempfile.mkdtemp(prefix="mo", dir=_short_temp_root()))
    token_file = folder / "token"
    # Ray's own token file is readable by everybody under the usual umask.
    token_file.touch(mode=0o600, exist_ok=False)
    token_file.write_text(secrets.token_hex(32))
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_AUTH_TOKEN": None,
        "RAY_ADDRESS": None,
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's workers run at niceness 15, where any other busy program all but stops a training step whose
        # threads wait for each other.
        "RAY_worker_niceness": "0",
        # Ray warns about the coming change of this default; zero is the coming default.
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "PYTHONPATH": _import_path(os.environ.get("PYTHONPATH", "")),
        # Ray sets it; named here so that it is put back.
        "PYTHONBREAKPOINT": os.environ.get("PYTHONBREAKPOINT"),
    }
    try:
        with _environment(environment):
            try:
                start_local(folder / "ray", sizes, worker_logs)
                with _exit_on_sigterm():
                    yield _describe(embedded=True)
            finally:
                started = processes_of(folder)
                ray.shutdown()
                end_processes(started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _joined(address: str, worker_logs: bool) -> Iterator[RaySession]:
    environment = {
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "PYTHONBREAKPOINT": os.environ.get("PYTHONBREAKPOINT"),
    }
    if address != "auto":
        environment["RAY_ADDRESS"] = None
    if "RAY_AUTH_MODE" not in os.environ:
        # For an explicit address Ray never turns the token on by itself, and an unauthenticated client of a
        # cluster with a token only sees its calls refused.
        token_file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
        has_token = "RAY_AUTH_TOKEN" in os.environ or token_file.is_file()
        environment["RAY_AUTH_MODE"] = "token" if has_token else "disabled"
    with _environment(environment):
        try:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=worker_logs)
        except (ConnectionError, ray.exceptions.RaySystemError, ray.exceptions.AuthenticationError) as error:
            raise InputError(
                f"no answer from {address!r} ({error})",
                "the address of a running Ray cluster",
                hint="check the address and RAY_AUTH_TOKEN_PATH, or leave --address out to run embedded",
                code="no_cluster",
            ) from error
        try:
            with _exit_on_sigterm():
                yield _describe(embedded=False)
        finally:
            ray.shutdown()


@contextlib.contextmanager
def _remarks_on_stderr() -> Iterator[None]:
    """Have Ray's remarks on stderr: 2.60 prints them on stdout, which belongs to a command's data."""
    module: Any = importlib.import_module("ray._private.worker")
    original = module.print_to_stdstream

    def on_stderr(data: dict[str, Any], ignore_prefix: bool) -> None:
        original({**data, "is_err": True}, ignore_prefix)

    module.print_to_stdstream = on_stderr
    try:
        yield
    finally:
        module.print_to_stdstream = original


def _describe(embedded: bool) -> RaySession:
    resources = ray.cluster_resources()
    return RaySession(
        address=ray.get_runtime_context().gcs_address,
        embedded=embedded,
        num_cpus=resources.get("CPU", 0.0),
        num_gpus=resources.get("GPU", 0.0),
    )


def _short_temp_root() -> str:
    root = tempfile.gettempdir()
    return root if len(root) <= MAX_TEMP_ROOT_LENGTH else "/tmp"  # noqa: S108 (mkdtemp makes a private one)


@contextlib.contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Leave by `SystemExit` on SIGTERM: under Ray's native handler the cluster would outlive this process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(signal_number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signal_number)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _import_path(inherited: str) -> str:
    """`PYTHONPATH` under which Ray's workers import molucid and its jobs as this process does."""
    parents = []
    for package in ("molucid", "jobs"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            parents.append(str(Path(next(iter(spec.submodule_search_locations))).resolve().parent))
    # At the end: an entry of the user's own keeps its precedence.
    entries = [entry for entry in inherited.split(os.pathsep) if entry] + parents
    return os.pathsep.join(dict.fromkeys(entries))


@contextlib.contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Set (or, with `None`, unset) environment variables for the length of a block."""
    saved = {name: os.environ.get(name) for name in changes}
    _assign(changes)
    _reload_ray_authentication()
    try:
        yield
    finally:
        _assign(saved)
        _reload_ray_authentication()


def _assign(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _reload_ray_authentication() -> None:
    # Ray 2.60 reads the mode at import and the token at first use and keeps both for the life of the process;
    # its own tests reset them in this way, and there is no public one.
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # no stubs

    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()
