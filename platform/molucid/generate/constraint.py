"""Formula-constrained decoding: which tokens may follow, so that the molecule has the given formula.

A state machine follows the SMILES token by token and counts atoms, hydrogens and charges; a token after
which the formula can no longer be met is refused. It needs neither RDKit nor the model. States form a tree
that all hypotheses of a formula share, so a token after a prefix is judged once.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from molucid.chem.formula import Formula
from molucid.config import Config
from molucid.generate.atom_tokens import Kind, Token, read_token
from molucid.generate.hydrogen_bounds import can_be_completed, element_bounds, tokens_needed
from molucid.generate.smiles_grammar import step
from molucid.generate.smiles_state import Last, SmilesState


class ConstraintConfig(Config):
    """What a molecule may be besides matching its formula.

    Attributes:
        allow_net_charge: formal charges need not sum to 0.
        allow_fragments: several molecules separated by `.`, among them bare ions and hydrogen atoms.
        allow_radicals: bracket atoms with unpaired electrons.
        lookahead: a prefix is refused unless it can go on for this many tokens, or to its end.
    """

    allow_net_charge: bool = False
    allow_fragments: bool = False
    allow_radicals: bool = False
    lookahead: int = Field(default=3, ge=0, le=8)


class FormulaConstraint:
    """The state machine over one alphabet.

    Args:
        vocabulary: text of each token; `<eos>` ends a molecule, other special tokens are never allowed.
        config: see `ConstraintConfig`.
        max_length: most tokens of a molecule, `<eos>` included; prefixes that need more are refused.
        stereo: whether the model writes configurations, so that tetrahedral marks and directed bonds may stand.
    """

    def __init__(
        self, vocabulary: Sequence[str], config: ConstraintConfig, max_length: int, stereo: bool
    ) -> None:
        self.config, self.max_length, self.stereo = config, max_length, stereo
        self._tokens = tuple(self._token(text) for text in vocabulary)
        # In an order that finds some continuation soon: plain atoms, end, branches and bonds, labels, brackets.
        order = (Kind.ATOM, Kind.END, Kind.CLOSE_BRANCH, Kind.OPEN_BRANCH, Kind.BOND, Kind.RING, Kind.DOT)
        self._usable = sorted(
            (i for i, token in enumerate(self._tokens) if token.kind in order),
            key=lambda i: (self._tokens[i].text.startswith("["), order.index(self._tokens[i].kind), i),
        )
        atoms = [token.atom for token in self._tokens if token.atom is not None]
        self._bounds = element_bounds(atoms, neutral=not config.allow_net_charge)
        self._roots: dict[Formula, SmilesState | None] = {}

    def _token(self, text: str) -> Token:
        token = read_token(text)
        atom = token.atom
        stereo = token.text in ("/", "\\") or (atom is not None and atom.stereo)
        bare_hydrogen = atom is not None and atom.element == "H"
        if (stereo and not self.stereo) or (bare_hydrogen and not self.config.allow_fragments):
            return Token(Kind.OTHER, text)
        return token

    def start(self, formula: Formula) -> SmilesState | None:
        """The empty prefix of molecules of `formula`; `None` if no molecule of it can be written at all."""
        if formula not in self._roots:
            left = {element: count for element, count in formula.items() if element != "H"}
            usable = tuple(i for i in self._usable if self._can_occur(self._tokens[i], formula))
            root = SmilesState(left, formula.count("H"), usable)
            known = all(element in self._bounds for element in left)
            self._roots[formula] = root if known and self._can_be_completed(root) else None
        return self._roots[formula]

    def advance(self, state: SmilesState, token_id: int) -> SmilesState | None:
        """The state after one more token; `None` if it may not follow."""
        new = self._after(state, token_id)
        if new is not None and not self._goes_on(new, self.config.lookahead):
            state.children[token_id] = new = None
        return new

    def _after(self, state: SmilesState, token_id: int) -> SmilesState | None:
        if token_id not in state.children:
            token = self._tokens[token_id]
            new = step(state, token, self.config.allow_radicals, self.config.allow_fragments)
            state.children[token_id] = new if new is not None and self._can_be_completed(new) else None
        return state.children[token_id]

    def _goes_on(self, state: SmilesState, num_tokens: int) -> bool:
        if state.last is Last.END or num_tokens <= state.horizon:
            return True
        for token_id in state.usable:
            new = self._after(state, token_id)
            if new is None:
                continue
            if self._goes_on(new, num_tokens - 1):
                state.horizon = num_tokens
                return True
            state.children[token_id] = None
        return False

    def accepts(self, token_ids: Sequence[int], formula: Formula) -> bool:
        """Whether `token_ids`, `<eos>` included, write a molecule of `formula` from start to end."""
        state = self.start(formula)
        for token_id in token_ids:
            if state is None or state.last is Last.END:
                return False
            state = self.advance(state, token_id)
        return state is not None and state.last is Last.END

    def _can_occur(self, token: Token, formula: Formula) -> bool:
        atom = token.atom
        if atom is None:
            return True
        needed = Formula({"H": atom.hydrogens}) + Formula({atom.element: 1})
        return formula.contains(needed)

    def _can_be_completed(self, state: SmilesState) -> bool:
        if state.length + tokens_needed(state) > self.max_length:
            return False
        neutral = not self.config.allow_net_charge
        return can_be_completed(state, self._bounds, neutral, self.config.allow_fragments)
