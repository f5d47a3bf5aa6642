"""A channel for rows of numbers, and a fault, from the workers of a job to the process that started it.

Workers come and go (a resize or a failure replaces all of them), so the rows wait in an actor that belongs to
the starting process; that process alone writes files and talks to the terminal.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import ray

log = logging.getLogger(__name__)

Row = Mapping[str, float]
POLL_S = 0.3
IDLE_S = 60.0


class _Board:
    """Keeps rows until they are taken, and the first fault for good."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._fault: Exception | None = None

    def post(self, rows: list[Row]) -> None:
        self._rows += rows

    def take(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows

    def fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault

    def fault(self) -> Exception | None:
        return self._fault


_RemoteBoard: Any = ray.remote(_Board)


class Sender:
    """The worker's end: rows go out together, at most every `every_s` seconds.

    Args:
        board: of a `ProgressChannel`.
        every_s: shortest time between two sendings.
    """

    def __init__(self, board: Any, every_s: float = 0.5) -> None:
        self._board, self._every_s = board, every_s
        self._pending: list[Row] = []
        self._sent = time.monotonic()

    def send(self, row: Row) -> None:
        """Queue one row, and send what is queued if it is time."""
        self._pending.append(row)
        if time.monotonic() - self._sent >= self._every_s:
            self._board.post.remote(self._pending)
            self._pending, self._sent = [], time.monotonic()

    def flush(self) -> None:
        """Send what is queued and wait until it has arrived."""
        ray.get(self._board.post.remote(self._pending))
        self._pending, self._sent = [], time.monotonic()

    def fail(self, fault: Exception) -> None:
        """Leave a fault that no retry cures; it has arrived when this returns, and the first one counts."""
        ray.get(self._board.fail.remote(fault))

    def fault(self) -> Exception | None:
        """The fault that a worker has left, perhaps one that this one replaces."""
        fault: Exception | None = ray.get(self._board.fault.remote())
        return fault


class ProgressChannel:
    """The starting process's end: calls `receive` with every row, in order, from a thread of its own.

    Use as a context manager; leaving takes what has arrived by then, and raises what `receive` raised first. After
    that, which is said at once, it is called no more: rows are taken, counted and dropped, so that the board does
    not grow.

    Args:
        receive: takes a row.
        waiting: called after every further `idle_s` seconds without a row, with the seconds since the last.
        idle_s: see there.

    Attributes:
        board: to be handed to the workers.
    """

    def __init__(
        self,
        receive: Callable[[Row], None],
        waiting: Callable[[float], None] | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        self.board = _RemoteBoard.options(num_cpus=0, max_concurrency=1).remote()
        self._receive, self._waiting, self._idle_s = receive, waiting, idle_s
        self._heard = self._said = time.monotonic()
        self._done = threading.Event()
        self._error: Exception | None = None
        self._dropped = 0
        self._thread = threading.Thread(target=self._follow, name="molucid-progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        ray.kill(self.board)
        if self._dropped:
            log.warning("%d steps are not recorded, because of: %s", self._dropped, self._error)
        if self._error is not None and error is None:
            raise self._error

    def fault(self) -> Exception | None:
        """The fault that a worker has left, see `Sender.fail`."""
        return Sender(self.board).fault()

    def _follow(self) -> None:
        over = False
        while not over:
            over = self._done.wait(POLL_S)
            try:
                self._take()
                self._say_waiting()
            except Exception as error:  # noqa: BLE001 (handed to the thread that leaves the block)
                if self._error is None:
                    self._error = error
                    log.warning("what follows is not recorded: %s", error)

    def _take(self) -> None:
        rows = ray.get(self.board.take.remote())
        if rows:
            self._heard = self._said = time.monotonic()
        for number, row in enumerate(rows):
            if self._error is not None:
                self._dropped += len(rows) - number
                return
            try:
                self._receive(row)
            except BaseException:
                self._dropped += len(rows) - number
                raise

    def _say_waiting(self) -> None:
        now = time.monotonic()
        if self._waiting is not None and now - self._said >= self._idle_s:
            self._said = now
            self._waiting(now - self._heard)
