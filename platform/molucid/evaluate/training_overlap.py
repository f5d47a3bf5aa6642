"""How the truth and the training molecules overlap, and which elements each holds.

Both are drawn as in figure 2 of NMIRacle (arXiv 2512.19733). Molecules are told by connectivity (InChIKey first
block); each counts once, however many spectra it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from molucid.chem.elements import MODEL_ELEMENTS
from molucid.chem.formula import Formula


@dataclass(frozen=True, slots=True)
class TrainingOverlap:
    """Numbers of molecules.

    Attributes:
        num_only_truth: those of the truth that are not among the training molecules.
        num_both: those of both.
        num_only_training: training molecules that are not of the truth.
        truth_with: element → molecules of the truth that hold it; absent where none does.
        training_with: the same of the training molecules.
    """

    num_only_truth: int
    num_both: int
    num_only_training: int
    truth_with: Mapping[str, int]
    training_with: Mapping[str, int]

    @property
    def num_truth(self) -> int:
        """Molecules of the truth."""
        return self.num_only_truth + self.num_both

    @property
    def num_training(self) -> int:
        """Training molecules."""
        return self.num_both + self.num_only_training

    @property
    def elements(self) -> list[str]:
        """Elements that occur: in the order of `MODEL_ELEMENTS`, then others by the alphabet."""
        present = {*self.truth_with, *self.training_with}
        others = sorted(present.difference(MODEL_ELEMENTS))
        return [element for element in MODEL_ELEMENTS if element in present] + others

    def share_of_truth(self, element: str) -> float:
        """Share of the molecules of the truth that hold `element`."""
        return _share(self.truth_with.get(element, 0), self.num_truth)

    def share_of_training(self, element: str) -> float:
        """Share of the training molecules that hold `element`; 0 where there are none."""
        return _share(self.training_with.get(element, 0), self.num_training)


def training_overlap(
    truth: Mapping[str, frozenset[str]], training: Mapping[str, frozenset[str]]
) -> TrainingOverlap:
    """Compare two sets of molecules, both as InChIKey first block → symbols of its elements."""
    num_both = sum(key in training for key in truth)
    return TrainingOverlap(
        num_only_truth=len(truth) - num_both,
        num_both=num_both,
        num_only_training=len(training) - num_both,
        truth_with=_molecules_with(truth.values()),
        training_with=_molecules_with(training.values()),
    )


def merged(molecules: Iterable[tuple[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    """Put molecules together by InChIKey first block: one that comes again, e.g. as a salt, adds its elements."""
    found: dict[str, frozenset[str]] = {}
    shared: dict[frozenset[str], frozenset[str]] = {}
    for key, elements in molecules:
        union = elements | found.get(key, elements)
        # Millions of molecules hold few different sets of elements; each is kept once.
        found[key] = shared.setdefault(union, union)
    return found


def symbols(formula: Formula) -> frozenset[str]:
    """Symbols of the elements of a formula; a labelled atom is of its element."""
    return frozenset(name.strip("[]0123456789") for name in formula)


def _molecules_with(molecules: Iterable[frozenset[str]]) -> dict[str, int]:
    sets = Counter(molecules)
    counts: Counter[str] = Counter()
    for elements, number in sets.items():
        counts.update(dict.fromkeys(elements, number))
    return dict(counts)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
