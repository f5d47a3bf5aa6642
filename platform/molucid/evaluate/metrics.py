"""Per-spectrum metrics of ranked lists of structures against the true one.

A list holds SMILES, best first; an entry may be `None` or unparsable, and entries are taken as they stand:
the first k are not de-duplicated. A list with fewer than k entries is read as if the missing places held
`None`.

Values per spectrum, for each k, over the first k places:

- `accuracy`: 1 if an entry has the true molecule's InChIKey first block (connectivity, no stereo), else 0;
- `tanimoto`: largest Tanimoto similarity to the truth (Morgan radius 2, 2048 bits); an invalid entry counts
  0;
- `mces`: smallest MCES distance to the truth; an invalid entry counts 100 (see `molucid.evaluate.mces`);
- `validity`: share of the entries that RDKit reads as a molecule; 0 for an empty list;
- `formula_match`: share of the entries whose molecular formula is the true one; 0 for an empty list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molucid.chem.fingerprints import FingerprintConfig, fingerprint, tanimoto
from molucid.chem.formula import Formula
from molucid.chem.identity import formula_of, inchikey14
from molucid.errors import InputError
from molucid.evaluate.mces import MCESDistances

FloatArray = NDArray[np.float64]
Entries = Sequence[str | None]

METRICS = ("accuracy", "tanimoto", "mces", "validity", "formula_match")
"""Metric names in the order of tables; a column is `top{k}_{metric}`."""

LOWER_IS_BETTER = frozenset({"mces", "levenshtein"})

PROTOCOL_FINGERPRINT = FingerprintConfig(kind="morgan", radius=2, num_bits=2048)
"""Part of the metric's definition, so that numbers compare with published ones; not a setting."""


@dataclass(frozen=True, slots=True, eq=False)
class MoleculeFacts:
    """What the metrics read of one molecule.

    Attributes:
        inchikey14: InChIKey first block; `None` where InChI has no key, e.g. for a wildcard atom.
        formula: molecular formula; `None` for an atom that is no element.
        fingerprint: 0/1 bits of `PROTOCOL_FINGERPRINT`, shape `[2048]`.
    """

    inchikey14: str | None
    formula: Formula | None
    fingerprint: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class ListScores:
    """Scores of one system's lists.

    Attributes:
        values: column name `top{k}_{metric}` → one value per spectrum, shape `[spectra]`; no `mces` columns
            where no distances were asked for.
        match_rank: 1-based place of the first correct entry of each whole list; `None` if there is none.
        num_valid: number of valid entries of each whole list.
    """

    values: dict[str, FloatArray]
    match_rank: tuple[int | None, ...]
    num_valid: tuple[int, ...]


@lru_cache(maxsize=20_000)
def molecule_facts(smiles: str) -> MoleculeFacts | None:
    """Facts of a molecule, `None` if RDKit cannot read it.

    The empty text is a molecule without atoms to RDKit, hence valid, as in MassSpecGym's metric.
    """
    mol = read_entry(smiles)
    if mol is None:
        return None
    try:
        key: str | None = inchikey14(mol)
    except InputError:
        key = None
    try:
        formula: Formula | None = formula_of(mol)
    except InputError:
        formula = None
    return MoleculeFacts(key, formula, fingerprint(mol, PROTOCOL_FINGERPRINT))


def read_entry(smiles: str) -> Chem.Mol | None:
    """Read an entry of a list as RDKit does, whose log stays silent; `None` if it cannot."""
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles)


def true_molecule(smiles: str) -> MoleculeFacts:
    """Facts of a true structure, which must have an identity.

    Raises:
        InputError: SMILES that RDKit cannot read, or a molecule without InChIKey or formula.
    """
    facts = molecule_facts(smiles)
    if facts is None or facts.inchikey14 is None or facts.formula is None:
        raise InputError(
            f"SMILES {smiles!r}",
            "a molecule that RDKit reads and that has an InChIKey",
            hint="a structure with a wildcard or polymer has no identity to compare with; leave it out",
            code="invalid_smiles",
        )
    return facts


def score_lists(
    lists: Sequence[Entries],
    true_smiles: Sequence[str],
    top_ks: Sequence[int],
    distances: MCESDistances | None = None,
) -> ListScores:
    """Score one list per spectrum.

    Args:
        lists: per spectrum its entries, best first.
        true_smiles: per spectrum its true structure.
        top_ks: the numbers k of places that are read.
        distances: solver of MCES distances; without it there are no `mces` columns.

    Raises:
        InputError: a true structure without identity.
    """
    n = len(true_smiles)
    values = {
        f"top{k}_{metric}": np.zeros(n)
        for k in top_ks
        for metric in METRICS
        if distances is not None or metric != "mces"
    }
    ranks: list[int | None] = []
    num_valid: list[int] = []
    readable: list[list[str | None]] = []
    for i, (entries, truth) in enumerate(zip(lists, true_smiles, strict=True)):
        true = true_molecule(truth)
        facts = [None if entry is None else molecule_facts(entry) for entry in entries]
        valid = [f is not None for f in facts]
        match = [f is not None and f.inchikey14 == true.inchikey14 for f in facts]
        same_formula = [f is not None and f.formula == true.formula for f in facts]
        similarity = [0.0 if f is None else float(tanimoto(true.fingerprint, f.fingerprint)) for f in facts]
        for k in top_ks:
            values[f"top{k}_accuracy"][i] = any(match[:k])
            values[f"top{k}_tanimoto"][i] = max(similarity[:k], default=0.0)
            num_entries = max(len(facts[:k]), 1)
            values[f"top{k}_validity"][i] = sum(valid[:k]) / num_entries
            values[f"top{k}_formula_match"][i] = sum(same_formula[:k]) / num_entries
        ranks.append(match.index(True) + 1 if True in match else None)
        num_valid.append(sum(valid))
        readable.append([e if f is not None else None for e, f in zip(entries, facts, strict=True)])
    if distances is not None:
        for k, column in distances.smallest(true_smiles, readable, top_ks).items():
            values[f"top{k}_mces"][:] = column
    return ListScores(values, tuple(ranks), tuple(num_valid))


def proportions(top_ks: Sequence[int]) -> list[str]:
    """Columns whose values are 0 or 1: each accuracy; validity and formula match of the first entry alone."""
    first = [f"top1_{metric}" for metric in ("validity", "formula_match")] if 1 in top_ks else []
    return [*(f"top{k}_accuracy" for k in top_ks), *first]
