"""How much of the NMR text of published articles is read, and whether what is read fits the structure.

    MOLUCID_DATA=<folder with nmr_literature_text.parquet> python benchmarks/nmr_text_coverage.py

A row counts as read if both of its texts are read to their end. Hydrogens fit if those of the ¹H list are the
structure's, or fewer by no more than those on O, N and S, which exchange with the solvent; carbons fit if the ¹³C list
has no more lines than the structure has carbons.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path

from rdkit import Chem

from molucid.dataset.sources import nmr_literature
from molucid.errors import Rejected
from molucid.spectra.types import NmrPeaks, Record


def exchangeable_hydrogens(smiles: str) -> int:
    """Hydrogens on O, N and S."""
    mol = Chem.MolFromSmiles(smiles)
    return sum(atom.GetTotalNumHs() for atom in mol.GetAtoms() if atom.GetSymbol() in ("O", "N", "S"))


def fits(record: Record) -> dict[str, bool]:
    """What holds of one record."""
    formula, h, c = record.evidence.formula, record.evidence.h_nmr, record.evidence.c_nmr
    assert formula is not None
    assert isinstance(h, NmrPeaks)
    assert isinstance(c, NmrPeaks)
    counts = h.num_hydrogens or (None,) * len(h.shift_ppm)
    missing = formula.count("H") - sum(count or 0 for count in counts)
    return {
        "every ¹H peak has its number of hydrogens": None not in counts,
        "every ¹H peak has a splitting": None not in (h.multiplicity or (None,)),
        "hydrogens are those of the structure": missing == 0,
        "or fewer by exchangeable ones": 0 <= missing <= exchangeable_hydrogens(record.smiles or ""),
        "more hydrogens than the structure": missing < 0,
        "no more ¹³C lines than carbons": len(c.shift_ppm) <= formula.count("C"),
        "solvent known": h.solvent is not None or c.solvent is not None,
    }


def main() -> int:
    """Print the table."""
    folder = os.environ.get("MOLUCID_DATA")
    if not folder:
        print("set MOLUCID_DATA to the folder that holds nmr_literature_text.parquet", file=sys.stderr)
        return 2
    begin = time.perf_counter()
    items = list(nmr_literature.read(Path(folder) / "nmr_literature_text.parquet"))
    seconds = time.perf_counter() - begin
    records = [item for item in items if isinstance(item, Record)]
    print(f"{len(items)} rows in {seconds:.1f} s")
    print(f"{len(records) / len(items):7.1%}  both texts read to their end ({len(records)})")
    reasons = Counter(item.code for item in items if isinstance(item, Rejected))
    for code, number in reasons.most_common():
        print(f"{number / len(items):7.1%}  {code} ({number})")
    totals: Counter[str] = Counter()
    for record in records:
        totals.update(name for name, holds in fits(record).items() if holds)
    print("of the rows that are read:")
    for name in fits(records[0]):
        print(f"{totals[name] / len(records):7.1%}  {name} ({totals[name]})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
