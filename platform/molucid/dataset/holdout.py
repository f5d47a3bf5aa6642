"""Molecules that no training corpus, index or shipped model may contain, told by digest.

Only the first eight bytes of the SHA-256 of each InChIKey first block are kept, so the list of molecules is
not published with the code. Two different molecules collide with probability 2⁻⁶⁴ per pair: a molecule that
is not held out is taken for one with odds of 9,224 / 2⁶⁴ = 5·10⁻¹⁶, and among 10⁸ molecules one false
exclusion is expected with odds of 5·10⁻⁸. A held-out molecule is never missed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError, Where, shorten
from molucid.files import write_aside

_KEY = re.compile(r"([A-Z]{14})(-[A-Z]{10}-[A-Z])?")


class HoldoutKeys:
    """A set of InChIKey first blocks; `key in keys` asks for a first block of 14 letters.

    Args:
        digests: `key_digest` of each first block, in any order; shape `[keys]`.
    """

    def __init__(self, digests: NDArray[np.uint64]) -> None:
        self._digests = np.unique(np.asarray(digests, np.uint64))

    @classmethod
    @cache
    def default(cls) -> HoldoutKeys:
        """Return the molecules on which released models are judged."""
        file = resources.files("molucid.dataset") / "holdout_keys" / "sha256_64.npy"
        with file.open("rb") as stream:
            return cls(np.load(stream, allow_pickle=False))

    @classmethod
    def from_keys(cls, keys: Iterable[str]) -> HoldoutKeys:
        """Make the set of these InChIKeys or first blocks."""
        return cls(np.fromiter((key_digest(first_block(key)) for key in keys), np.uint64))

    @classmethod
    def from_file(cls, path: Path | str) -> HoldoutKeys:
        """Read a text file of InChIKeys or first blocks, one per line, `#` starts a comment.

        Raises:
            InputError: no such file, or a line that is not a key (with its number).
        """
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise InputError(
                "no file", "a list of InChIKeys", Where(file=str(path)), code="missing_file"
            ) from None
        keys = []
        for number, line in enumerate(lines, start=1):
            text = line.split("#")[0].strip()
            if text:
                keys.append(first_block(text, Where(file=str(path), line=number)))
        return cls.from_keys(keys)

    @property
    def sha256(self) -> str:
        """Hash of the set, by which two jobs tell that they excluded the same molecules."""
        return hashlib.sha256(self._digests.astype("<u8").tobytes()).hexdigest()

    def save(self, path: Path) -> None:
        """Write the sorted digests as a `.npy` file of uint64."""
        with write_aside(path) as stream:
            np.save(stream, self._digests, allow_pickle=False)

    def __contains__(self, inchikey14: object) -> bool:
        if not isinstance(inchikey14, str) or not self._digests.size:
            return False
        digest = key_digest(inchikey14)
        at = int(np.searchsorted(self._digests, digest))
        return at < self._digests.size and self._digests[at] == digest

    def __or__(self, other: HoldoutKeys) -> HoldoutKeys:
        return HoldoutKeys(np.concatenate([self._digests, other._digests]))

    def __len__(self) -> int:
        return int(self._digests.size)


def key_digest(inchikey14: str) -> np.uint64:
    """Take the first eight bytes, big-endian, of the SHA-256 of an InChIKey first block in ASCII."""
    return np.uint64(int.from_bytes(hashlib.sha256(inchikey14.encode("ascii")).digest()[:8], "big"))


def first_block(inchikey: str, where: Where | None = None) -> str:
    """Take the connectivity part of an InChIKey, or of a first block that is given alone.

    Raises:
        InputError: text that is neither.
    """
    match = _KEY.fullmatch(inchikey.strip())
    if match is None:
        raise InputError(
            repr(shorten(inchikey, 40)),
            "an InChIKey or its first block of 14 capital letters",
            where,
            code="invalid_inchikey",
        )
    return match[1]
