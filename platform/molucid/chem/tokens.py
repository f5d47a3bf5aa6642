"""What all notations of molecules have in common: a fixed alphabet of tokens, three special ones among them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from molucid.errors import InputError, shorten

PAD, BOS, EOS = 0, 1, 2
SPECIALS = ("<pad>", "<bos>", "<eos>")


class Tokenizer:
    """Text ↔ token ids over a fixed alphabet. There is no token for what is unknown: such text is refused by name.

    Args:
        notation: name of the notation.
        version: raised whenever the alphabet or its order changes.
        tokens: the alphabet without the special tokens.
        pattern: matches one token of a text; what it does not match cannot be in the alphabet.

    Attributes:
        PAD: id of `<pad>`, 0.
        BOS: id of `<bos>`, 1.
        EOS: id of `<eos>`, 2.
        vocabulary: all tokens; the position of a token is its id.
    """

    PAD, BOS, EOS = PAD, BOS, EOS

    def __init__(
        self, notation: str, version: int, tokens: tuple[str, ...], pattern: re.Pattern[str]
    ) -> None:
        self.vocabulary: tuple[str, ...] = SPECIALS + tokens
        self._notation, self._version, self._pattern = notation, version, pattern
        self._ids = {token: index for index, token in enumerate(self.vocabulary)}

    @property
    def size(self) -> int:
        """Number of tokens, the three special ones included."""
        return len(self.vocabulary)

    @property
    def vocabulary_sha256(self) -> str:
        """Hexadecimal sha256 of version and tokens in order, one per line: equal if and only if ids agree."""
        text = "\n".join((f"{self._notation.lower()} {self._version}", *self.vocabulary))
        return hashlib.sha256(text.encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, without `<bos>` and `<eos>`.

        Raises:
            InputError: code `unknown_token`, naming the text that is not in the alphabet and its position;
                code `empty_smiles` or `empty_selfies`.
        """
        if not text:
            raise InputError(
                f"an empty {self._notation}", "at least one atom", code=f"empty_{self._notation.lower()}"
            )
        ids = []
        for match in self._pattern.finditer(text):
            token = self._ids.get(match[0])
            if token is None or token <= self.EOS:
                raise self._unknown(match[0], match.start(), text)
            ids.append(token)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids`; stops at the first `<eos>`, skips `<pad>` and `<bos>`.

        The text need not be valid: a model may have written it.

        Raises:
            InputError: an id outside the vocabulary, code `unknown_token_id`.
        """
        tokens = []
        for value in ids:
            index = int(value)
            if index == self.EOS:
                break
            if not 0 <= index < self.size:
                raise InputError(f"token id {index}", f"0 to {self.size - 1}", code="unknown_token_id")
            if index not in (self.PAD, self.BOS):
                tokens.append(self.vocabulary[index])
        return "".join(tokens)

    def _unknown(self, token: str, position: int, text: str) -> InputError:
        return InputError(
            f"{shorten(repr(token), 40)} at character {position + 1} of {self._notation} {shorten(text)!r}",
            "text made of the tokens of the fixed alphabet",
            hint="this kind of atom or bond is outside what the model can read or write; leave the molecule out",
            code="unknown_token",
        )
