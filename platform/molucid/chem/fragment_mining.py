"""Choosing a vocabulary of fragments from a corpus: what is frequent, and tells apart what is alike.

Every molecule of a sample offers patterns (`fragment_candidates`). Those that enough molecules offer are counted, and a
greedy choice adds the pattern that separates most pairs of molecules, where a pair that k chosen patterns separate
already weighs 1 / (1 + k): the gain in Σ H(k) over the pairs, H being the harmonic numbers. Most pairs are of
molecules of equal or similar formula, which are the hard ones.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from molucid.chem.elements import MODEL_ELEMENTS
from molucid.chem.fragment_candidates import candidates
from molucid.chem.fragment_counts import FragmentCounter, dense
from molucid.chem.fragments import MAX_FRAGMENTS, FragmentVocabulary
from molucid.chem.identity import parse_smiles
from molucid.config import Config
from molucid.errors import InputError

_ATOM = re.compile(r"\[([A-Za-z][a-z]?)X\d+H\d+(?:[+-]\d+)?\]")


class MiningConfig(Config):
    """How a vocabulary is chosen.

    Attributes:
        size: patterns of the vocabulary.
        min_share: least share of the molecules that offer a pattern.
        max_candidates: patterns that are counted, the most frequent ones.
        num_counted: molecules in which they are counted.
        num_alike, num_random: pairs per counted molecule: with those that follow it in the order of formulas, and
            with any.
        seed: of the sample and the random pairs.
    """

    size: int = Field(default=991, ge=1, le=MAX_FRAGMENTS)
    min_share: float = Field(default=5e-4, ge=0, le=1)
    max_candidates: int = Field(default=6_000, ge=1, le=MAX_FRAGMENTS)
    num_counted: int = Field(default=6_000, ge=2)
    num_alike: int = Field(default=3, ge=1)
    num_random: int = Field(default=1, ge=0)
    seed: int = 0


def mine_fragments(
    molecules: Iterable[str], config: MiningConfig, provenance: Mapping[str, str]
) -> FragmentVocabulary:
    """Choose the vocabulary of a corpus.

    Args:
        molecules: SMILES; all are kept in memory.
        config: see `MiningConfig`.
        provenance: of the corpus; configuration and tallies are added.

    Raises:
        InputError: a SMILES that cannot be read, or fewer useful patterns than `config.size` (`small_corpus`).
    """
    smiles = list(molecules)
    offered: Counter[str] = Counter()
    for text in smiles:
        offered.update(candidates(parse_smiles(text)))
    least = max(2, config.min_share * len(smiles))
    # equal frequencies in the order of the text, so that the choice does not depend on the order of a set
    ordered = sorted(offered, key=lambda pattern: (-offered[pattern], pattern))
    frequent = [pattern for pattern in ordered if offered[pattern] >= least][: config.max_candidates]
    seeds = _first_of_elements(ordered)
    pool = [*seeds, *(pattern for pattern in frequent if pattern not in seeds)]
    generator = np.random.default_rng(config.seed)
    chosen_smiles = [smiles[i] for i in generator.permutation(len(smiles))[: config.num_counted]]
    chosen = _choose(pool, len(seeds), chosen_smiles, config, generator)
    if len(chosen) < config.size:
        raise InputError(
            f"{len(chosen)} patterns that tell molecules apart among {len(smiles)} molecules",
            f"{config.size}",
            hint="give more molecules or a smaller --size",
            code="small_corpus",
        )
    return FragmentVocabulary(
        tuple(pool[place] for place in chosen),
        {
            **provenance,
            "molecules": str(len(smiles)),
            "patterns offered": str(len(offered)),
            "patterns counted": str(len(pool)),
            "configuration": config.model_dump_json(),
        },
    )


def _first_of_elements(patterns: Sequence[str]) -> list[str]:
    """The first pattern of a single atom for each element, so that none is missing."""
    first: dict[str, str] = {}
    for pattern in patterns:
        atom = _ATOM.fullmatch(pattern)
        if atom is not None and atom[1].capitalize() in MODEL_ELEMENTS:
            first.setdefault(atom[1].capitalize(), pattern)
    return list(first.values())


def _choose(
    pool: list[str],
    num_seeds: int,
    smiles: Sequence[str],
    config: MiningConfig,
    generator: np.random.Generator,
) -> list[int]:
    """Places in `pool` of the chosen patterns, in the order of choice; the first `num_seeds` are chosen at once."""
    counted = FragmentCounter(FragmentVocabulary(tuple(pool))).count_many(smiles)
    counts = np.stack([dense(row, len(pool)) for row in counted], axis=1)  # [patterns, molecules]
    first, second = _pairs(smiles, config, generator)
    separates = np.stack([row[first] != row[second] for row in counts])  # [patterns, pairs]
    weights = np.ones(len(first), np.float64)
    # A gain only falls as patterns are chosen, so the largest gain that is up to date is the largest of all.
    gains = [(-float(weights[row].sum()), place) for place, row in enumerate(separates)]
    columns: set[bytes] = set()
    chosen: list[int] = []

    def take(place: int) -> None:
        chosen.append(place)
        columns.add(counts[place].tobytes())
        weights[separates[place]] = 1 / (1 + 1 / weights[separates[place]])

    for place in range(num_seeds):
        take(place)
    waiting = gains[num_seeds:]
    heapq.heapify(waiting)
    while waiting and len(chosen) < config.size:
        _, place = heapq.heappop(waiting)
        gain = float(weights[separates[place]].sum())
        if gain == 0 or counts[place].tobytes() in columns:
            continue  # separates nothing, or has the counts of a chosen one
        if waiting and gain < -waiting[0][0]:
            heapq.heappush(waiting, (-gain, place))
        else:
            take(place)
    return chosen[: config.size]


def _pairs(
    smiles: Sequence[str], config: MiningConfig, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of molecules that are to be told apart."""
    formulas = [CalcMolFormula(Chem.MolFromSmiles(text)) for text in smiles]
    order = np.array(sorted(range(len(smiles)), key=lambda place: formulas[place]), np.int64)
    first = [order[:-step] for step in range(1, config.num_alike + 1)]
    second = [order[step:] for step in range(1, config.num_alike + 1)]
    for _ in range(config.num_random):
        first.append(np.arange(len(smiles)))
        second.append(generator.permutation(len(smiles)))
    return np.concatenate(first), np.concatenate(second)
