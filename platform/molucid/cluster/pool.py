"""A pool of equal actors that share one set of weights; results come in the order of the tasks.

The interface is meant to last: a pool is asked for results, never for an actor, so its size may change while
it works; today it is fixed. Two rules make that safe and hold for any later form. A task may run twice (its
actor died after the work and before the answer), so a task must not change what later tasks read. And a task
does not choose its actor, so nothing may depend on which one runs it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import ray
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    GetTimeoutError,
    OutOfMemoryError,
    RayTaskError,
)

from molucid.config import Config
from molucid.errors import TaskFailure

Weights = Mapping[str, NDArray[Any]]
"""Parameters by name; read-only views of shared memory inside an actor."""


class PoolConfig(Config):
    """Size and resources of a pool.

    Attributes:
        num_actors: actors that work side by side.
        cpus_per_actor: logical cores reserved for each.
        gpus_per_actor: logical GPUs reserved for each; a fraction shares one.
        max_retries: how often a task whose actor died is given to another one.
        tasks_ahead: per actor, tasks begun beyond the first result that the caller has not taken; bounds the
            results held.
        start_timeout_s: how long to wait for all actors to stand.
    """

    num_actors: PositiveInt = 1
    cpus_per_actor: PositiveFloat = 1.0
    gpus_per_actor: NonNegativeFloat = 0.0
    max_retries: NonNegativeInt = 2
    tasks_ahead: PositiveInt = 4
    start_timeout_s: PositiveFloat = 600.0


class PoolError(RuntimeError):
    """A task that could not be done, by its place in the tasks, or actors that could not be started."""


class _Actor:
    """Holds what `build` made and calls its methods."""

    def __init__(self, build: Callable[..., Any], weights: Weights, arguments: tuple[Any, ...]) -> None:
        self._worker = build(weights, *arguments)

    def ready(self) -> bool:
        return True

    def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        return getattr(self._worker, method)(*arguments)


_RemoteActor: Any = ray.remote(_Actor)


@dataclass(slots=True)
class _Task:
    index: int
    arguments: tuple[Any, ...]
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None


class ActorPool:
    """Actors that each hold `build(weights, *arguments)`.

    Use as a context manager inside a Ray session; leaving ends the actors.

    Args:
        build: makes an actor's worker. It must be importable on the cluster's nodes, and must not write into
            `weights`: all actors of a node read the same memory.
        weights: put into the object store once, however many actors there are.
        arguments: further arguments of `build`, small enough to be sent to every actor.
        config: size and resources.

    Raises:
        PoolError: `build` failed, or the cluster has no room for all actors in `start_timeout_s`.
    """

    def __init__(
        self,
        build: Callable[..., Any],
        weights: Mapping[str, NDArray[Any]],
        arguments: tuple[Any, ...] = (),
        config: PoolConfig | None = None,
    ) -> None:
        self.config = config or PoolConfig()
        self._build = build
        self._weights = ray.put({name: np.ascontiguousarray(array) for name, array in weights.items()})
        self._arguments = ray.put(arguments)
        self._actors = [self._start() for _ in range(self.config.num_actors)]
        try:
            ray.get([actor.ready.remote() for actor in self._actors], timeout=self.config.start_timeout_s)
        except (ActorDiedError, OutOfMemoryError) as error:
            self.close()
            raise PoolError(f"an actor could not be built: {error}") from error
        except GetTimeoutError as error:
            self.close()
            wanted = f"{self.config.num_actors} actors of {self.config.cpus_per_actor:g} CPU"
            raise PoolError(
                f"{wanted} and {self.config.gpus_per_actor:g} GPU did not start within "
                f"{self.config.start_timeout_s:g} s; the cluster has {ray.cluster_resources()}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def map(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Results of `worker.<method>(*task)` for every task, in the order of `tasks`.

        An exception that a task raises is raised here when its turn comes, as the type it was; a task whose
        actor died is tried again on another actor.

        Args:
            method: name of a method of what `build` made.
            tasks: arguments, one tuple per task.

        Raises:
            PoolError: a task lost its actor more than `max_retries` times; the message names the task.
        """
        for outcome in self._outcomes(method, tasks):
            if outcome.error is not None:
                raise getattr(outcome.error, "cause", outcome.error) from outcome.error
            yield outcome.value

    def attempt(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """As `map`, with a `TaskFailure` in the place of every task that `map` would raise for."""
        for outcome in self._outcomes(method, tasks):
            if outcome.error is None:
                yield outcome.value
            else:
                cause = getattr(outcome.error, "cause", outcome.error)
                yield TaskFailure(f"{type(cause).__name__}: {cause}")

    def _outcomes(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[_Outcome]:
        waiting = deque(_Task(index, arguments) for index, arguments in enumerate(tasks))
        running: dict[Any, tuple[_Task, int]] = {}
        done: dict[int, _Outcome] = {}
        idle = deque(range(len(self._actors)))
        limit = self.config.tasks_ahead * len(self._actors)
        for turn in range(len(tasks)):
            while turn not in done:
                while idle and waiting and waiting[0].index - turn < limit:
                    task, slot = waiting.popleft(), idle.popleft()
                    running[self._actors[slot].call.remote(method, task.arguments)] = (task, slot)
                (finished,), _ = ray.wait(list(running), num_returns=1)
                task, slot = running.pop(finished)
                try:
                    done[task.index] = _Outcome(value=ray.get(finished))
                except RayTaskError as error:
                    done[task.index] = _Outcome(error=error)
                except (ActorDiedError, ActorUnavailableError, OutOfMemoryError) as error:
                    task.attempts += 1
                    if task.attempts <= self.config.max_retries:
                        waiting.appendleft(task)
                    else:
                        place = f"task {task.index + 1} of {len(tasks)} ({method})"
                        lost = PoolError(f"{place} lost its actor {task.attempts} times: {error}")
                        done[task.index] = _Outcome(error=lost)
                    ray.kill(self._actors[slot])
                    self._actors[slot] = self._start()
                idle.append(slot)
            yield done.pop(turn)

    def close(self) -> None:
        """End the actors; a second call does nothing."""
        for actor in self._actors:
            ray.kill(actor)
        self._actors = []

    def _start(self) -> Any:
        return _RemoteActor.options(
            num_cpus=self.config.cpus_per_actor,
            num_gpus=self.config.gpus_per_actor,
            # The pool replaces a dead actor itself and knows then which task was lost.
            max_restarts=0,
        ).remote(self._build, self._weights, self._arguments)
