"""One record while a line reader collects it: bounded peaks and headers, and the first fault."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.fields import assemble, build_spectrum, field_name, parse_number
from molucid.spectra.source import Line, ReadConfig
from molucid.spectra.types import Record

_HUGE = 1e300


class Peaks:
    """Peaks of one spectrum while they are read: 16 bytes each, no more than the configured number."""

    def __init__(self, max_peaks: int) -> None:
        self._max_peaks = max_peaks
        self.mz, self.intensity = array("d"), array("d")

    def __len__(self) -> int:
        return len(self.mz)

    def add(self, mz_text: str, intensity_text: str) -> None:
        """Append one peak.

        Raises:
            InputError: a token that is no finite number (`malformed_peak`, `not_finite`), or one peak too
                many.
        """
        if len(self.mz) >= self._max_peaks:
            raise too_many_peaks(self._max_peaks)
        try:
            mz, intensity = float(mz_text), float(intensity_text)
        except ValueError:
            mz, intensity = _careful(mz_text, "m/z"), _careful(intensity_text, "intensity")
        # float() is right for nearly all tokens and much faster, but it takes 1_0, inf and 1e999.
        if (
            not (-_HUGE < mz < _HUGE and -_HUGE < intensity < _HUGE)
            or "_" in mz_text
            or "_" in intensity_text
        ):
            mz, intensity = _careful(mz_text, "m/z"), _careful(intensity_text, "intensity")
        self.mz.append(mz)
        self.intensity.append(intensity)

    def add_line(self, text: str) -> None:
        """Append the peak of a line `m/z intensity [anything]`, separated by blanks or tabs."""
        tokens = text.split(None, 2)
        if len(tokens) < 2:
            raise InputError(
                f"peak {shorten(text)!r}",
                "m/z and intensity",
                hint="write both numbers, separated by a blank or a tab",
                code="malformed_peak",
            )
        self.add(tokens[0], tokens[1])


def _careful(token: str, what: str) -> float:
    return parse_number(token, what, "malformed_peak")


def too_many_peaks(limit: int) -> InputError:
    """The refusal of a spectrum with more than `limit` peaks."""
    return InputError(
        f"more than {limit} peaks",
        f"at most {limit} peaks in one spectrum",
        hint="centroid the spectrum, or raise max_peaks",
        code="too_many_peaks",
    )


@dataclass(slots=True)
class Draft:
    """One record while it is read: raw headers and peaks, its first fault, and its place.

    Attributes:
        where_line: line at which the record starts.
        peaks: the peak list.
        headers: `field_name` → text; a name that returns with another text is joined by `; `.
        fault: the first fault met; the record is rejected with it, the reader goes on.
    """

    where_line: int | None
    peaks: Peaks
    config: ReadConfig
    headers: dict[str, str] = field(default_factory=dict)
    fault: InputError | None = None
    _header_chars: int = 0

    @classmethod
    def at(cls, line: int | None, config: ReadConfig) -> Draft:
        """An empty draft that starts at `line`."""
        return cls(line, Peaks(config.max_peaks), config)

    def header(self, raw_name: str, value: str) -> None:
        """Keep one header."""
        self._header_chars += len(raw_name) + len(value)
        if self._header_chars > self.config.max_line_chars:
            self.fail(
                InputError(
                    f"more than {self.config.max_line_chars} characters of headers",
                    "a record with shorter headers",
                    hint=f"shorten {shorten(raw_name)!r}",
                    code="header_too_long",
                )
            )
            return
        name, text = field_name(raw_name), value.strip()
        known = self.headers.get(name)
        if known is None or known == "":
            self.headers[name] = text
        elif text and text != known:
            self.headers[name] = f"{known}; {text}"

    def peak_line(self, line: Line) -> None:
        """Keep the peak of a line `m/z intensity …`, or its fault."""
        if self.fault is None:
            try:
                self.peaks.add_line(line.text)
            except InputError as error:
                self.fail(at_line(error, line.number))

    def cut_line(self, line: Line) -> None:
        """Note that a line is longer than one may be."""
        self.fail(
            InputError(
                f"a line of more than {self.config.max_line_chars} characters "
                f"that begins {shorten(line.text, 40)!r} (line {line.number})",
                f"at most {self.config.max_line_chars} characters per line",
                hint="shorten that field",
                code="line_too_long",
            )
        )

    def fail(self, error: InputError) -> None:
        """Keep the first fault."""
        self.fault = self.fault or error

    def finish(self, file: str, fallback_id: str, id_fields: Sequence[str]) -> Record | Rejected:
        """The record, or the row that says why there is none.

        Args:
            file: the file as the user named it.
            fallback_id: identifier if the record has none of its own.
            id_fields: `field_name`s that may hold the identifier, best first.
        """
        id = next((self.headers[name] for name in id_fields if self.headers.get(name)), fallback_id)
        where = Where(file, shorten(id), self.where_line)
        try:
            if self.fault is not None:
                raise self.fault
            check_id(id, self.config)
            spectrum = build_spectrum(self.headers, self.peaks.mz, self.peaks.intensity)
            return assemble(id, self.headers, (spectrum,), where, consumed=id_fields)
        except InputError as error:
            return Rejected.from_error(shorten(id), error, where)


def at_line(error: InputError, line: int) -> InputError:
    """The same fault with the line on which it stands named in its message."""
    return InputError(f"{error.got} (line {line})", error.expected, error.where, error.hint, error.code)


def check_id(id: str, config: ReadConfig) -> None:
    """Refuse an identifier that would swamp every table it enters."""
    if len(id) > config.max_id_chars:
        raise InputError(
            f"a title of {len(id)} characters",
            f"at most {config.max_id_chars}",
            hint="shorten the title",
            code="title_too_long",
        )
