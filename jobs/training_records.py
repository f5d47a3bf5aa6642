"""What a training run leaves for people: a line or bar on stderr, `metrics.jsonl`, TensorBoard, MLflow."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from jobs.console import note

METRICS_NAME = "metrics.jsonl"
Row = Mapping[str, float]


class Record(Protocol):
    """Takes the numbers of every step."""

    def add(self, row: Row) -> None:
        """Take the numbers of one step; after lost workers, steps come again."""
        ...

    def close(self) -> None:
        """Write what is kept back."""
        ...


class MetricsFile:
    """One JSON object per step, in a file that has each step once, also where a step was taken again.

    Args:
        path: the file; its steps up to `first_step` are kept.
        first_step: steps that the run has behind it.
    """

    def __init__(self, path: Path, first_step: int) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._last = self._keep(first_step)
        self._stream = path.open("a", encoding="utf-8")

    def add(self, row: Row) -> None:
        """Append the step."""
        if row["step"] <= self._last:
            self._stream.close()
            self._keep(int(row["step"]) - 1)
            self._stream = self._path.open("a", encoding="utf-8")
        self._last = int(row["step"])
        self._stream.write(json.dumps(row, sort_keys=True) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _keep(self, last: int) -> int:
        """Drop steps after `last`, and a line that was cut off; returns the last step in the file."""
        from molucid.files import write_bytes

        if not self._path.exists():
            return 0
        kept: list[str] = []
        steps = [0]
        for line in self._path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                step = int(json.loads(line)["step"])
                if step <= last:
                    kept.append(line)
                    steps.append(step)
        write_bytes(self._path, "".join(f"{line}\n" for line in kept).encode())
        return steps[-1]


class TensorBoardFiles:
    """Event files for TensorBoard, one scalar per number."""

    def __init__(self, folder: Path, first_step: int) -> None:
        # Slow to import, and of use to this command alone.
        from torch.utils.tensorboard import SummaryWriter

        # `purge_step` hides what an interrupted run wrote beyond the checkpoint.
        self._writer: Any = SummaryWriter(str(folder), purge_step=first_step + 1)

    def add(self, row: Row) -> None:
        """Write the step."""
        for name, value in row.items():
            if name not in ("step", "time", "total_steps"):
                self._writer.add_scalar(name, value, int(row["step"]), row["time"])

    def close(self) -> None:
        """Flush the files."""
        self._writer.close()


class MlflowRun:
    """A run of MLflow in a local folder, or on the server that MLFLOW_TRACKING_URI names."""

    def __init__(self, folder: Path, name: str, parameters: Mapping[str, Any]) -> None:
        from molucid.errors import InputError

        try:
            import mlflow
        except ImportError:
            raise InputError(
                "--mlflow without MLflow",
                "MLflow",
                hint="pip install -c constraints.txt -e '.[mlflow]' in molucid's folder",
                code="no_mlflow",
            ) from None
        self._mlflow: Any = mlflow
        if "MLFLOW_TRACKING_URI" not in os.environ:
            # The database backends need packages that the extra does not bring; files must be asked for.
            os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
            mlflow.set_tracking_uri((folder / "mlruns").absolute().as_uri())
        mlflow.set_experiment("molucid")
        mlflow.start_run(run_name=name)
        mlflow.log_params(dict(parameters))

    def add(self, row: Row) -> None:
        """Log the step; a server is spared all but each tenth."""
        step = int(row["step"])
        if step % 10 == 0 or step == row["total_steps"]:
            names = [name for name in row if name not in ("step", "time", "total_steps")]
            self._mlflow.log_metrics({name: row[name] for name in names}, step=step)

    def close(self) -> None:
        """End the run."""
        self._mlflow.end_run()


class Console:
    """Progress on stderr: a bar on a terminal, else a line every `every_s` seconds.

    Args:
        title: what is done.
        total_steps: of the whole run.
        first_step: steps that the run has behind it.
        quiet: print nothing.
        every_s: time between two lines.
    """

    def __init__(
        self, title: str, total_steps: int, first_step: int, quiet: bool, every_s: float = 10.0
    ) -> None:
        from rich.console import Console as RichConsole

        from jobs.console import Progress

        self._quiet, self._every_s, self._said = quiet, every_s, 0.0
        self._step, self._workers = first_step, 0.0
        terminal = RichConsole(stderr=True).is_terminal
        self._bar = Progress(title, total_steps, "steps", quiet) if terminal else None
        if self._bar is not None:
            self._bar.__enter__()
            self._bar.advance(first_step)

    def add(self, row: Row) -> None:
        """Show the step."""
        if row["workers"] != self._workers:
            if self._workers:
                note(
                    f"going on from step {int(row['step']) - 1} on {row['workers']:.0f} workers", self._quiet
                )
            self._workers = row["workers"]
        facts = describe(row)
        if self._bar is not None:
            self._bar.advance(int(row["step"]) - self._step, facts)
        elif time.monotonic() - self._said >= self._every_s or row["step"] == row["total_steps"]:
            self._said = time.monotonic()
            note(f"step {row['step']:.0f}/{row['total_steps']:.0f}  {facts}", self._quiet)
        self._step = int(row["step"])

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


def describe(row: Row) -> str:
    """The numbers of a step that a person watches, on one line."""
    losses = "  ".join(
        f"{name.removeprefix('loss/')} {value:.4f}" for name, value in row.items() if name.startswith("loss/")
    )
    validation = f"  validation {row['validation/total']:.4f}" if "validation/total" in row else ""
    speed = f"{row['samples_per_second']:.0f} samples/s  {row['tokens_per_second']:.0f} tokens/s"
    return f"{losses}{validation}  {speed}  {_duration(row['remaining_seconds'])} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@contextlib.contextmanager
def local_folder(out: Any) -> Iterator[Path]:
    """A local folder for the records of a run at `out`: `out` itself, or one uploaded there at the end."""
    if out.local is not None:
        yield out.local
        return
    with tempfile.TemporaryDirectory(prefix="molucid-records-") as folder:
        if out.exists(METRICS_NAME):
            out.get_file(METRICS_NAME, Path(folder) / METRICS_NAME)
        try:
            yield Path(folder)
        finally:
            out.put_folder(Path(folder))
