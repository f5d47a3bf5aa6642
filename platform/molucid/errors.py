"""The two ways in which an input is refused: an exception for a call, a row for one record of many.

Both say the same four things: what was got, what was expected, where it stands, and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """Place of a record in the input.

    Attributes:
        file: path or URL as the user gave it; `None` for values that came from no file.
        record: title, identifier or ordinal of the record, as found in the file.
        line: 1-based line at which the record starts; `None` where the format has no lines.
    """

    file: str | None = None
    record: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [self.file or "input"]
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.record is not None:
            parts.append(f"record {shorten(self.record)}")
        return ", ".join(parts)


class InputError(ValueError):
    """A user's input that cannot be used.

    Args:
        got: what was found.
        expected: what would have been accepted.
        where: place in the input, if there is one.
        hint: one sentence that says what to change.
        code: stable snake_case name of the fault; the reason code when the record becomes a `Rejected` row.
    """

    def __init__(
        self,
        got: str,
        expected: str,
        where: Where | None = None,
        hint: str | None = None,
        code: str = "invalid_input",
    ) -> None:
        self.got, self.expected, self.where, self.hint, self.code = got, expected, where, hint, code
        place = f"{where}: " if where is not None else ""
        tail = f"\nhint: {hint}" if hint else ""
        super().__init__(f"{place}got {got}, expected {expected}{tail}")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, Where | None, str | None, str]]:
        # Python would rebuild it from its message alone where it comes back from another process.
        return type(self), (self.got, self.expected, self.where, self.hint, self.code)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record of many that is not answered, with its reason.

    Attributes:
        id: identifier of the record, as its answer would have carried.
        code: stable snake_case reason, e.g. `unknown_adduct`; tables count by it.
        message: one sentence for a person, with the value that was got.
        where: file, record and line.
        hint: what to change; empty if nothing can be advised.
    """

    id: str
    code: str
    message: str
    where: Where = Where()
    hint: str = ""

    @classmethod
    def from_error(cls, id: str, error: InputError, where: Where | None = None) -> Rejected:
        """Make the row for a record that raised `error`."""
        message = f"got {error.got}, expected {error.expected}"
        return cls(id, error.code, message, where or error.where or Where(), error.hint or "")


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Stands in the place of a task's result: what went wrong, in words."""

    message: str


def shorten(text: str, limit: int = 80) -> str:
    """`text` on one line with at most `limit` characters, for use in a message."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"
