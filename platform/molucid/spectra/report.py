"""Accounting of what was read: every record is kept or rejected, and the reasons are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from molucid.errors import Rejected
from molucid.spectra.types import Record


@dataclass(slots=True)
class ReadReport:
    """How many records were read, kept and rejected, and why.

    Attributes:
        num_kept: records that passed.
        rejected: reason code → number of records.
        first_rejected: reason code → the first row with it, as an example for a person.
    """

    num_kept: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejected: dict[str, Rejected] = field(default_factory=dict)

    @property
    def num_rejected(self) -> int:
        """Records that did not pass."""
        return self.rejected.total()

    @property
    def num_read(self) -> int:
        """Records found in the input: `num_kept + num_rejected`."""
        return self.num_kept + self.num_rejected

    def count(self, items: Iterable[Record | Rejected]) -> Iterator[Record | Rejected]:
        """Pass `items` through unchanged, counting each."""
        for item in items:
            if isinstance(item, Rejected):
                self.rejected[item.code] += 1
                self.first_rejected.setdefault(item.code, item)
            else:
                self.num_kept += 1
            yield item

    def __str__(self) -> str:
        lines = [f"{self.num_read} read, {self.num_kept} kept, {self.num_rejected} rejected"]
        for code, number in self.rejected.most_common():
            example = self.first_rejected[code]
            hint = f"; {example.hint}" if example.hint else ""
            lines.append(f"  {number} × {code}, first at {example.where}: {example.message}{hint}")
        return "\n".join(lines)
