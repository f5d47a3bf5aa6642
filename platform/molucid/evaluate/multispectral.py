"""Metrics of multi-spectral elucidation beside those of `molucid.evaluate.metrics` (NMIRacle, arXiv 2512.19733, B.1).

Lists are read as there: an entry may be `None` or unparsable and then keeps its place, the first k are not
de-duplicated, and places that a list does not fill hold nothing. Every mean is over all spectra; one without an
answer counts as said below. Values per spectrum, for each k, over the first k places:

- `exact`, `enantiomer`, `constitutional`: 1 if an entry is right by this protocol of `molucid.evaluate.protocols`;
- `maccs`, `rdkit`: as `tanimoto`, with MACCS keys and with RDKit's fingerprint of paths (2048 bits); nothing counts 0;
- `levenshtein`: smallest number of characters to insert, delete or replace between the canonical SMILES of a valid
  entry and that of the truth or of its mirror image (the paper: of the truth only); what `enantiomer` accepts is at
  distance 0. Without a valid entry it is the length of the true SMILES, as from the empty text. A valid entry may be
  farther: there is no cap;
- `any_valid`: 1 if RDKit reads at least one entry: the paper's validity. `validity` is the share of the entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from molucid.chem.fingerprints import MACCS_NUM_BITS, FingerprintConfig, fingerprint, tanimoto
from molucid.errors import InputError
from molucid.evaluate.metrics import Entries, FloatArray, read_entry
from molucid.evaluate.protocols import PROTOCOLS, Names, Protocol, TrueNames, names_of

MULTISPECTRAL_METRICS = (*PROTOCOLS, "maccs", "rdkit", "levenshtein", "any_valid")
"""Metric names in the order of tables; a column is `top{k}_{metric}`."""

FINGERPRINTS = {
    "maccs": FingerprintConfig(kind="maccs", num_bits=MACCS_NUM_BITS),
    "rdkit": FingerprintConfig(kind="rdkit", num_bits=2048),
}
"""Part of the metrics' definition; the Morgan fingerprint is that of `tanimoto`."""


@dataclass(frozen=True, slots=True, eq=False)
class EntryFacts:
    """What these metrics read of one valid entry.

    Attributes:
        names: its canonical SMILES; `None` for a molecule without atoms, which nothing equals.
        bits: its fingerprints, keyed as `FINGERPRINTS`.
    """

    names: Names | None
    bits: Mapping[str, NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class MultispectralScores:
    """Scores of one system's lists.

    Attributes:
        values: column name `top{k}_{metric}` → one value per spectrum, shape `[spectra]`.
        match_ranks: protocol → 1-based place of the first right entry of each whole list; `None` if there is none.
    """

    values: dict[str, FloatArray]
    match_ranks: Mapping[Protocol, tuple[int | None, ...]]


@lru_cache(maxsize=20_000)
def entry_facts(smiles: str) -> EntryFacts | None:
    """Facts of one entry; `None` if RDKit cannot read it."""
    mol = read_entry(smiles)
    if mol is None:
        return None
    try:
        names: Names | None = names_of(mol)
    except InputError:
        names = None
    return EntryFacts(names, {kind: fingerprint(mol, config) for kind, config in FINGERPRINTS.items()})


@lru_cache(maxsize=20_000)
def _true_facts(smiles: str) -> tuple[TrueNames, dict[str, NDArray[np.uint8]]]:
    bits = {kind: fingerprint(smiles, config) for kind, config in FINGERPRINTS.items()}
    return TrueNames.of(smiles), bits


def score_multispectral(
    lists: Sequence[Entries], true_smiles: Sequence[str], top_ks: Sequence[int]
) -> MultispectralScores:
    """Score one list per spectrum.

    Args:
        lists: per spectrum its entries, best first.
        true_smiles: per spectrum its true structure.
        top_ks: the numbers k of places that are read.

    Raises:
        InputError: a true structure that RDKit cannot read.
    """
    values = {f"top{k}_{metric}": np.zeros(len(lists)) for k in top_ks for metric in MULTISPECTRAL_METRICS}
    ranks: dict[Protocol, list[int | None]] = {protocol: [] for protocol in PROTOCOLS}
    for i, (entries, truth) in enumerate(zip(lists, true_smiles, strict=True)):
        true, true_bits = _true_facts(truth)
        facts = [None if entry is None else entry_facts(entry) for entry in entries]
        names = [fact.names if fact is not None else None for fact in facts]
        accepted = [true.accepted_by(name) if name is not None else frozenset() for name in names]
        similarity = {
            kind: [0.0 if fact is None else tanimoto(bits, fact.bits[kind]) for fact in facts]
            for kind, bits in true_bits.items()
        }
        distance = [_distance(true, name, protocols) for name, protocols in zip(names, accepted, strict=True)]
        for protocol in PROTOCOLS:
            right = [protocol in protocols for protocols in accepted]
            ranks[protocol].append(right.index(True) + 1 if True in right else None)
            for k in top_ks:
                values[f"top{k}_{protocol}"][i] = any(right[:k])
        for k in top_ks:
            for kind in FINGERPRINTS:
                values[f"top{k}_{kind}"][i] = max(similarity[kind][:k], default=0.0)
            of_valid = (value for value in distance[:k] if value is not None)
            values[f"top{k}_levenshtein"][i] = min(of_valid, default=len(true.names.exact))
            values[f"top{k}_any_valid"][i] = any(fact is not None for fact in facts[:k])
    return MultispectralScores(values, {protocol: tuple(column) for protocol, column in ranks.items()})


def _distance(true: TrueNames, name: Names | None, accepted: frozenset[Protocol]) -> int | None:
    """`None` for an entry that is no molecule."""
    if name is None:
        return None
    if "enantiomer" in accepted:
        return 0  # also where RDKit spells it in another way
    return min(Levenshtein.distance(name.exact, text) for text in (true.names.exact, true.mirrored))


def multispectral_proportions(top_ks: Sequence[int]) -> list[str]:
    """Columns whose values are 0 or 1: right by each protocol, any valid."""
    return [f"top{k}_{metric}" for k in top_ks for metric in (*PROTOCOLS, "any_valid")]
