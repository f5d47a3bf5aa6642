"""One compound gathered from several spectra of a file or folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrPeaks, NmrSpectrum, Record

Slot = Literal["ir", "h_nmr", "c_nmr"]


@dataclass(frozen=True, slots=True)
class Part:
    """One spectrum of a compound.

    Attributes:
        slot: its field of `Evidence`.
        spectrum: the value of that field.
        notes: what is to be said about it, for `Record.metadata`.
    """

    slot: Slot
    spectrum: InfraredSpectrum | NmrSpectrum | NmrPeaks
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def is_trace(self) -> bool:
        """A trace is preferred to a list of the same kind."""
        return not isinstance(self.spectrum, NmrPeaks)


@dataclass(slots=True)
class Compound:
    """The spectra that belong to one identifier, and those that cannot be used.

    Attributes:
        id: identifier.
        where: place of the first of them.
        parts: slot → its spectrum.
        notes: metadata of the record.
        formulas: formula as text → formula, for each that is stated.
        rejected: a row for each spectrum that is not in the record.
    """

    id: str
    where: Where
    parts: dict[str, Part] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    formulas: dict[str, Formula] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    def take(self, part: Part) -> None:
        """Keep a spectrum; of a trace and a list of one kind the trace, which is noted.

        Raises:
            InputError: a second trace, or a second list, of one kind (`repeated_spectrum`).
        """
        known = self.parts.get(part.slot)
        if known is not None and known.is_trace and part.is_trace:
            raise InputError(
                f"a second {part.slot} spectrum of {self.id!r}",
                "one infrared, one 1H and one 13C spectrum of a compound",
                hint="give every compound a name of its own, or name the file or folder of the one spectrum",
                code="repeated_spectrum",
            )
        if known is None or part.is_trace > known.is_trace:
            self.parts[part.slot] = part
        if known is not None:
            self.notes[f"{part.slot}_not_used"] = "a list of the same spectrum"

    def reject(self, id: str, error: InputError, where: Where) -> None:
        """Keep the row of a spectrum that cannot be used."""
        self.rejected.append(Rejected.from_error(id, error, where))

    def finish(self) -> Iterator[Record | Rejected]:
        """The record, or why there is none; then a row per spectrum that is not in it."""
        if len(self.formulas) > 1:
            fault = InputError(
                f"formulas {' and '.join(self.formulas)} under one name",
                "one compound per name",
                hint="give every compound a name of its own",
                code="mixed_compounds",
            )
            yield Rejected.from_error(self.id, fault, self.where)
            yield from self.rejected
            return
        if not self.parts:
            first, *others = self.rejected
            yield replace(first, id=self.id)
            yield from others
            return
        notes = dict(self.notes)
        for part in self.parts.values():
            notes |= part.notes
        evidence = Evidence(
            self.id,
            formula=next(iter(self.formulas.values()), None),
            **{slot: part.spectrum for slot, part in self.parts.items()},  # type: ignore[arg-type]
        )
        yield Record(evidence, where=self.where, metadata=notes)
        yield from self.rejected
