"""What a command says while it works: notes and progress on stderr, never on stdout."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress


def note(message: str, quiet: bool = False) -> None:
    """One line for the person at the terminal."""
    if not quiet:
        print(message, file=sys.stderr, flush=True)


class Progress:
    """A progress bar on stderr: description, bar, count, elapsed and remaining time.

    Where stderr is no terminal (a log file, a CI run) it prints one line at the start and one at the end.

    Args:
        description: what is done, one or two words.
        total: number of units; `None` if it is not known.
        unit: plural name of the units.
        quiet: print nothing.
    """

    def __init__(self, description: str, total: int | None, unit: str, quiet: bool = False) -> None:
        self._description, self._total, self._unit, self._quiet = description, total, unit, quiet
        self._console = Console(stderr=True)
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._done = 0

    def __enter__(self) -> Self:
        if self._quiet:
            return self
        if not self._console.is_terminal:
            total = "" if self._total is None else f"{self._total} "
            note(f"{self._description}: {total}{self._unit} …")
            return self
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(self._unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[facts]}"),
            console=self._console,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._description, total=self._total, facts="")
        return self

    def advance(self, count: int, facts: str = "") -> None:
        """`count` more units are done; `facts` is shown behind the bar."""
        self._done += count
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=count, facts=facts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif not self._quiet:
            note(
                f"{self._description}: {self._done} {self._unit} done" + (" before it failed" if kind else "")
            )


class Epoch(Protocol):
    """What the fits of simulators report after an epoch."""

    @property
    def epoch(self) -> int:
        """Number of the epoch, from 1."""
        ...

    @property
    def loss(self) -> float:
        """Mean loss."""
        ...

    @property
    def elapsed_s(self) -> float:
        """Time since the start."""
        ...


def print_epoch(report: Epoch, num_epochs: int, quiet: bool, detail: str = "") -> None:
    """One line on stderr after an epoch: its loss, what else there is to say, and the time to go."""
    if quiet:
        return
    remaining_s = report.elapsed_s / report.epoch * (num_epochs - report.epoch)
    sys.stderr.write(
        f"epoch {report.epoch}/{num_epochs}  loss {report.loss:.4f}  {detail}"
        f"{report.elapsed_s:.0f} s, {remaining_s:.0f} s to go\n"
    )
