"""Identifiers that are unique over a whole input: the second use of one is a row with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from molucid.errors import InputError, Rejected, Where, shorten


class _Placed(Protocol):
    @property
    def where(self) -> Where: ...


Item = TypeVar("Item", bound=_Placed)

_DIGEST_BYTES = 8  # of ten million identifiers, two share a digest once in 370,000 inputs


class UsedIdentifiers:
    """The identifiers that an input has used so far, as digests of 8 bytes each."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def reject_repeated(
        self, rows: Iterable[Item | Rejected], identifier: Callable[[Item], str]
    ) -> Iterator[Item | Rejected]:
        """Pass `rows` on in order, with a `duplicate_id` row in place of each whose identifier was used before.

        Args:
            rows: rejected ones use up no identifier.
            identifier: that of a row.
        """
        for row in rows:
            if isinstance(row, Rejected):
                yield row
                continue
            text = identifier(row)
            digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest()
            if digest not in self._digests:
                self._digests.add(digest)
                yield row
                continue
            fault = InputError(
                f"the identifier {shorten(text)!r} a second time",
                "one that no row before it has",
                hint="give every record a title of its own",
                code="duplicate_id",
            )
            yield Rejected.from_error(text, fault, row.where)
