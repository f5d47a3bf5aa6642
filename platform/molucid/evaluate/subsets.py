"""Which modalities a system answered from, and the comparison of systems by that.

The answers of one model to the same inputs with different evidence are different systems, named `MODEL@SUBSET`:
`nmiracle@ir+h_nmr`. A compound that lacks a spectrum of the subset is answered from the others. Where a name has no
modality behind an @, the subset that all its answers say they used (`evidence_used` of their provenance) stands for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from molucid.errors import InputError
from molucid.generate.types import Answer

MODALITIES = ("fragments", "formula", "msms", "ir", "h_nmr", "c_nmr")
"""Names of the modalities in the order in which subsets are written."""

TITLES = {
    "fragments": "fragments",
    "formula": "formula",
    "msms": "MS/MS",
    "ir": "IR",
    "h_nmr": "¹H",
    "c_nmr": "¹³C",
}

NOT_GIVEN = "not given"
"""Stratum of the inputs of which no answer says what evidence was used."""

Subset = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """What a system is, for the table of subsets.

    Attributes:
        model: its name without the subset.
        subset: modalities that it was given to read, in the order of `MODALITIES`; `None` where they are not known or,
            without a subset in its name, differ from answer to answer.
        num_complete: answers that used all of the subset; `None` without one, and where no answer says what it used.
    """

    model: str
    subset: Subset | None
    num_complete: int | None = None


def member_of(name: str, answers: Iterable[Answer]) -> Member:
    """Read model and subset from a system's name and answers.

    An answer may have used less than the subset, where a compound lacks a spectrum.

    Raises:
        InputError: a subset that names no modality (`unknown_modality`), or answers that used others than it names
            (`wrong_subset`).
    """
    model, _, text = name.rpartition("@")
    used = Counter(subset for answer in answers if (subset := evidence_of(answer)) is not None)
    # One modality among the parts makes it a subset, in which a misspelt one is a mistake.
    if not model or not _parts(text) & set(MODALITIES):
        return Member(name, *next(iter(used.items()))) if len(used) == 1 else Member(name, None)
    subset = parse_subset(text)
    outside = sorted(subset_name(other) for other in used if not set(other) <= set(subset))
    if outside:
        raise InputError(
            f"system {name!r}, whose answers used {' and '.join(outside)}",
            f"answers that used {subset_name(subset)}, or less of it",
            hint="name each file of answers by the evidence that it was made from",
            code="wrong_subset",
        )
    return Member(model, subset, used[subset] if used else None)


def parse_subset(text: str) -> Subset:
    """Read `ir+h_nmr`; the order does not matter.

    Raises:
        InputError: a name that is no modality (`unknown_modality`).
    """
    parts = _parts(text)
    unknown = sorted(parts - set(MODALITIES))
    if unknown:
        raise InputError(
            f"modality {unknown[0]!r}",
            f"one of {', '.join(MODALITIES)}",
            hint="write a subset with +, e.g. ir+h_nmr",
            code="unknown_modality",
        )
    return _ordered(parts)


def is_subset_name(text: str) -> bool:
    """Whether every part of `text` between `+` names a modality."""
    return _parts(text) <= set(MODALITIES)


def _parts(text: str) -> set[str]:
    return {part.strip() for part in text.split("+")}


def evidence_of(answer: Answer) -> Subset | None:
    """Modalities that an answer says it used; `None` if it does not say, or names one that is not known."""
    used = answer.provenance.get("evidence_used")
    if not isinstance(used, Collection) or isinstance(used, str) or not set(used) <= set(MODALITIES):
        return None
    return _ordered({str(name) for name in used})


def subset_name(subset: Subset) -> str:
    """Write a subset as in the name of a system: `ir+h_nmr`."""
    return "+".join(subset) or "none"


def subset_title(subset: Subset) -> str:
    """Write a subset for people: `IR + ¹H`."""
    return " + ".join(TITLES[name] for name in subset) or "nothing"


def sort_subsets(subsets: Iterable[Subset]) -> Sequence[Subset]:
    """Order by number of modalities, then as `MODALITIES`."""
    return sorted(subsets, key=lambda subset: (len(subset), [MODALITIES.index(name) for name in subset]))


def _ordered(names: Collection[str]) -> Subset:
    return tuple(name for name in MODALITIES if name in names)
