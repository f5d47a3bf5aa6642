"""A tokeniser of SELFIES (Krenn et al. 2020) over a fixed alphabet: one token per bracketed symbol.

This file turns text into ids only. Between SMILES and SELFIES the package `selfies` translates, where chemistry is
done anyway: when samples are packed, and when candidates are ranked.
"""

from __future__ import annotations

import itertools
import re

from molucid.chem.tokens import Tokenizer

VOCABULARY_VERSION = 1
"""Raised whenever the alphabet or its order changes."""

_STRUCTURE = tuple(
    f"[{bond}{kind}{size}]"
    for kind, bonds in (("Branch", ("", "=", "#")), ("Ring", ("", "=", "-/", "-\\")))
    for bond in bonds
    for size in (1, 2, 3)
)
# Atoms of the stereo-free and the isomeric canonical SMILES of MassSpecGym, nmrshiftdb2 and the `chemicals` package,
# completed to families of bonds.
_ANY_BOND = (
    "C",
    "N",
    "S",
    "P",
    "B",
    "Si",
    "Se",
    "As",
    "C-1",
    "N+1",
    "NH1+1",
    "S+1",
    "P+1",
    "O+1",
    "CH0",
    "CH1",
)
_SINGLE_OR_DOUBLE = ("O", "N-1", "NH2+1", "Te", "B-1", "Se+1", "PH1", "OH0", "OH1+1", "CH1-1", "CH2")
_SINGLE = (
    *(
        "F",
        "Cl",
        "Br",
        "I",
        "H",
        "2H",
        "O-1",
        "S-1",
        "NH1",
        "NH0",
        "NH3+1",
        "CH3",
        "CH2-1",
        "OH1",
        "SH0",
        "PH0",
    ),
    *(
        "SiH1",
        "SiH2",
        "SiH3",
        "SeH1",
        "AsH2",
        "FH0",
        "ClH0",
        "BrH0",
        "IH0",
        "I+1",
        "I-1",
        "Cl+1",
        "Cl+3",
        "As+1",
    ),
    *(
        "Sn",
        "Ge",
        "Ge-1",
        "Hg",
        "Al",
        "Pb",
        "Li",
        "Na",
        "K",
        "Mg",
        "Zn",
        "Ga",
        "Ti",
        "Fe",
        "Sb",
        "Cu",
        "Tl",
        "Pd",
    ),
    *("Ag", "In", "Bi"),
    *(
        "C@",
        "C@@",
        "C@H1",
        "C@@H1",
        "P@",
        "P@@",
        "N@",
        "N@@",
        "N@H1+1",
        "N@@H1+1",
        "S@",
        "S@@",
        "S@+1",
        "S@@+1",
    ),
)
_DIRECTED = (
    *(
        "C",
        "N",
        "O",
        "S",
        "P",
        "B",
        "Si",
        "Se",
        "Sn",
        "F",
        "Cl",
        "Br",
        "I",
        "O-1",
        "S-1",
        "N+1",
        "P+1",
        "O+1",
    ),
    *("NH1+1", "I+1", "CH0", "CH1", "CH2", "C@", "C@@", "C@H1", "C@@H1"),
)
_ATOMS = tuple(
    f"[{bond}{atom}]"
    for bonds, atoms in (
        (("", "=", "#"), _ANY_BOND),
        (("", "="), _SINGLE_OR_DOUBLE),
        (("",), _SINGLE),
        (("/", "\\"), _DIRECTED),
    )
    for bond, atom in itertools.product(bonds, atoms)
)
_TOKEN = re.compile(r"\[[^\[\]]*\]|.", re.DOTALL)


class SelfiesTokenizer(Tokenizer):
    """SELFIES ↔ token ids."""

    def __init__(self) -> None:
        super().__init__("SELFIES", VOCABULARY_VERSION, _STRUCTURE + _ATOMS, _TOKEN)
