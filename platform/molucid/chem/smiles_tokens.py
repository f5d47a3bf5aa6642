"""A SMILES tokeniser over a fixed alphabet: one token per atom, bond, branch or ring label.

A bracket atom is one token (as in Schwaller et al., ACS Cent. Sci. 2019, 5, 1572), so that its element,
charge and hydrogens are known from the token alone. There is no token for what is unknown: such text is
refused by name. The order of the alphabet is part of every checkpoint: `VOCABULARY_VERSION` and
`vocabulary_sha256` tell whether two are the same.
"""

from __future__ import annotations

import re

from molucid.chem.tokens import Tokenizer

VOCABULARY_VERSION = 1
"""Raised whenever the alphabet or its order changes."""

_BONDS_AND_BRANCHES = ("(", ")", "-", "=", "#", ":", ".", "/", "\\")
_RINGS = tuple("123456789") + tuple(f"%{label}" for label in range(10, 20))
_ORGANIC = ("B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I", "b", "c", "n", "o", "p", "s")
# Bracket atoms of canonical SMILES in MassBank, MassSpecGym and the `chemicals` package, completed to
# families of charges and hydrogen counts; the bare metals are those of organometallic compounds there.
_BRACKETS = (
    # carbon
    *("[C]", "[CH]", "[CH2]", "[CH3]", "[C+]", "[CH+]", "[CH2+]", "[C-]", "[CH-]", "[CH2-]", "[CH3-]"),
    *("[c]", "[c+]", "[cH+]", "[c-]", "[cH-]"),
    # nitrogen
    *("[N]", "[NH]", "[NH2]", "[N+]", "[NH+]", "[NH2+]", "[NH3+]", "[NH4+]", "[N-]", "[NH-]", "[NH2-]"),
    *("[n]", "[nH]", "[n+]", "[nH+]", "[n-]"),
    # oxygen and the chalcogens
    *("[O]", "[OH]", "[O+]", "[OH+]", "[OH2+]", "[O-]", "[OH-]", "[o+]"),
    *("[S]", "[SH]", "[S+]", "[SH+]", "[SH2+]", "[S-]", "[SH-]", "[s+]"),
    *("[Se]", "[SeH]", "[SeH2]", "[Se+]", "[Se-]", "[se]", "[se+]"),
    *("[Te]", "[TeH]", "[TeH2]", "[te]"),
    # phosphorus and its group
    *("[P]", "[PH]", "[PH2]", "[PH3]", "[P+]", "[PH+]", "[PH2+]", "[P-]", "[pH]", "[p+]"),
    *("[As]", "[AsH]", "[AsH2]", "[AsH3]", "[As+]", "[Sb]", "[SbH]", "[Bi]"),
    # boron and silicon, with their groups
    *("[B]", "[BH]", "[BH2]", "[B-]", "[BH-]", "[BH2-]", "[BH3-]", "[BH4-]", "[b-]"),
    *("[Si]", "[SiH]", "[SiH2]", "[SiH3]", "[SiH4]", "[Si-]"),
    *("[Ge]", "[GeH]", "[GeH2]", "[GeH3]", "[Sn]", "[SnH]", "[SnH2]", "[SnH3]", "[Pb]", "[Al]", "[Ga]"),
    # halogens in other valences and as ions
    *("[F]", "[F-]", "[Cl]", "[Cl+]", "[Cl+2]", "[Cl+3]", "[Cl-]", "[Br]", "[Br-]", "[I]", "[I+]", "[I-]"),
    # hydrogen, counter ions and metals of organic compounds
    *("[H]", "[H+]", "[H-]", "[HH]", "[Li]", "[Li+]", "[Na]", "[Na+]", "[K]", "[K+]", "[Mg]", "[Mg+2]"),
    *("[Ca]", "[Ca+2]", "[Zn]", "[Zn+2]", "[Fe]", "[Fe+2]", "[Fe+3]", "[Cu]", "[Cu+2]", "[Co]", "[Co+2]"),
    *("[Mn]", "[Mn+2]", "[Ni]", "[Pd]", "[Pt]", "[Pt+2]", "[Ag]", "[Au]", "[Hg]", "[Hg+]", "[Hg+2]"),
    # isotopic labels
    *("[2H]", "[3H]", "[13C]", "[13CH]", "[13CH2]", "[13CH3]", "[13c]", "[13cH]"),
    *("[14C]", "[14CH]", "[14CH2]", "[14CH3]", "[14c]", "[14cH]"),
    *("[15N]", "[15NH]", "[15NH2]", "[15n]", "[15nH]", "[18O]", "[18OH]", "[34S]", "[125I]", "[131I]"),
    # tetrahedral stereocentres
    *("[C@]", "[C@@]", "[C@H]", "[C@@H]", "[N@]", "[N@@]", "[N@+]", "[N@@+]", "[N@H+]", "[N@@H+]"),
    *("[S@]", "[S@@]", "[S@+]", "[S@@+]", "[P@]", "[P@@]", "[P@H]", "[P@@H]", "[P@+]", "[P@@+]"),
    *("[Si@]", "[Si@@]", "[Si@H]", "[Si@@H]", "[B@-]", "[B@@-]", "[Se@]", "[Se@@]"),
)
_TOKEN = re.compile(r"\[[^\[\]]*\]|Br|Cl|%\d\d|.", re.DOTALL)


class SmilesTokenizer(Tokenizer):
    """SMILES ↔ token ids."""

    def __init__(self) -> None:
        super().__init__(
            "SMILES", VOCABULARY_VERSION, _BONDS_AND_BRANCHES + _RINGS + _ORGANIC + _BRACKETS, _TOKEN
        )
