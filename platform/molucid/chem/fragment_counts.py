"""Counting the fragments of a vocabulary in molecules: as many distinct sets of atoms as RDKit's search finds.

What a pattern counts is `len(mol.GetSubstructMatches(pattern, uniquify=True, maxMatches=…))`. Patterns that ask for
features of single atoms and bonds, nearly all in practice, are searched together by compiled code (`fragment_kernel`);
the others, and molecules that `fragment_graphs` does not read, are searched by RDKit. Both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit import Chem
from rdkit.Chem import Mol

from molucid.chem.fragment_graphs import GraphReader, Graphs, Integers
from molucid.chem.fragment_kernel import count_patterns
from molucid.chem.fragment_queries import AtomClasses, Queries, reads_listed_features
from molucid.chem.fragment_trie import build_trie, followers
from molucid.chem.fragment_vector import FragmentCounts, dense
from molucid.chem.fragments import FragmentVocabulary, check_smarts
from molucid.chem.identity import parse_smiles
from molucid.errors import InputError, shorten

__all__ = ["FragmentCounter", "FragmentCounts", "dense"]

_MAX_COUNT = 65_535
_MAX_MATCHES = 10_000_000  # before RDKit drops those of equal atoms
_CHUNK = 256  # molecules per compiled call


class FragmentCounter:
    """Counts the fragments of one vocabulary; a copy sent to another process is built anew there.

    Args:
        vocabulary: patterns to count.

    Raises:
        InputError: a pattern that is no SMARTS (`invalid_smarts`).
    """

    def __init__(self, vocabulary: FragmentVocabulary) -> None:
        self.vocabulary = vocabulary
        for pattern in vocabulary.patterns:
            check_smarts(pattern)
        self._patterns: list[Mol] = [Chem.MolFromSmarts(pattern) for pattern in vocabulary.patterns]
        queries = Queries()
        self._trie = build_trie(self._patterns, queries)
        self._searched_by_rdkit = {
            int(number): np.array(
                [
                    queries.atom_number(a)
                    for a in self._patterns[number].GetAtoms()
                    if reads_listed_features(a)
                ],
                np.int64,
            )
            for number in np.flatnonzero(self._trie.end_of_pattern == 0)
        }
        self._bond_answers = queries.bond_answers()
        self._classes = AtomClasses(queries.atoms)
        self._followers = followers(self._trie, self._classes.answers)
        self._reader = GraphReader()

    def __reduce__(self) -> tuple[type[FragmentCounter], tuple[FragmentVocabulary]]:
        return type(self), (self.vocabulary,)

    def count(self, molecule: str | Mol) -> FragmentCounts:
        """Fragments of one molecule, a SMILES or a sanitised RDKit molecule.

        Raises:
            InputError: codes `invalid_smiles`, and `too_many_matches` for more than 65,535 of one fragment.
        """
        return self.count_many([molecule])[0]

    def count_many(self, molecules: Sequence[str | Mol]) -> list[FragmentCounts]:
        """Fragments of each molecule.

        Raises:
            InputError: as `count`, for the first molecule at fault.
        """
        counted: list[FragmentCounts] = []
        for start in range(0, len(molecules), _CHUNK):
            chunk = [parse_smiles(m) if isinstance(m, str) else m for m in molecules[start : start + _CHUNK]]
            counted += self._count_chunk(chunk)
        return counted

    def _count_chunk(self, mols: Sequence[Mol]) -> list[FragmentCounts]:
        graphs, read = self._reader.read(mols)
        classes = self._classes_of(graphs, mols)
        starts, patterns, counts = count_patterns(
            self._trie, self._followers, self._bond_answers, classes, graphs
        )
        result = []
        for place, mol in enumerate(mols):
            own = slice(starts[place], starts[place + 1])
            if not read[place]:
                result.append(self._joined(mol, patterns[:0], counts[:0], range(len(self._patterns))))
                continue
            atoms = classes[graphs.atom_start[place] : graphs.atom_start[place + 1]]
            others = self._possible(atoms) if self._searched_by_rdkit else ()
            result.append(self._joined(mol, patterns[own], counts[own], others))
        return result

    def _classes_of(self, graphs: Graphs, mols: Sequence[Mol]) -> Integers:
        """Class of each atom; the first atom of features not met before is shown to RDKit."""
        features, first, inverse = np.unique(graphs.features, return_index=True, return_inverse=True)
        num_known = len(self._classes.answers)
        numbers = np.empty(len(features), np.int32)
        for place, (key, atom) in enumerate(zip(features.tolist(), first.tolist(), strict=True)):
            number = self._classes.get(key)
            if number is None:
                molecule = int(np.searchsorted(graphs.atom_start, atom, side="right")) - 1
                mol = mols[molecule]
                index = self._reader.order(mol)[atom - int(graphs.atom_start[molecule])]
                number = self._classes.add(key, mol.GetAtomWithIdx(index))
            numbers[place] = number
        if len(self._classes.answers) > num_known:
            self._followers = followers(self._trie, self._classes.answers)
        return numbers[inverse]

    def _possible(self, classes: Integers) -> list[int]:
        """Patterns left to RDKit of which each atom query that can be told is answered by some atom."""
        answered = np.logical_or.reduce([self._classes.answers[number] for number in set(classes.tolist())])
        return [number for number, needed in self._searched_by_rdkit.items() if answered[needed].all()]

    def _joined(
        self, mol: Mol, patterns: Integers, counts: Integers, others: Sequence[int]
    ) -> FragmentCounts:
        """Counts found by compiled code, and those of the patterns `others` by RDKit's search."""
        found = [(number, n) for number in others if (n := count_by_rdkit(mol, self._patterns[number]))]
        if found:
            patterns = np.append(patterns, np.array([number for number, _ in found], np.int32))
            counts = np.append(counts, np.array([n for _, n in found], np.int32))
            order = np.argsort(patterns)
            patterns, counts = patterns[order], counts[order]
        if counts.size and counts.max() > _MAX_COUNT:
            pattern = self.vocabulary.patterns[patterns[counts.argmax()]]
            raise InputError(
                f"{counts.max()} times {shorten(pattern)!r}",
                f"at most {_MAX_COUNT} of one fragment",
                hint="leave that pattern out of the vocabulary",
                code="too_many_matches",
            )
        return FragmentCounts(patterns.astype(np.uint16), counts.astype(np.uint16))


def count_by_rdkit(mol: Mol, pattern: Mol) -> int:
    """Distinct sets of atoms of `mol` that match `pattern`, by RDKit's own search."""
    return len(mol.GetSubstructMatches(pattern, uniquify=True, maxMatches=_MAX_MATCHES))
