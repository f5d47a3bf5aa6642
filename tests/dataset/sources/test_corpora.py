from __future__ import annotations

import tracemalloc
from pathlib import Path

from molucid.dataset.corpus import Molecule
from molucid.dataset.identifiers import UsedIdentifiers
from molucid.dataset.sources.corpora import open_corpus
from molucid.errors import Rejected, Where


def test_the_second_use_of_a_title_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    # Line 4 has no SMILES and so uses no identifier; line 6 writes out the identifier that line 5 gets.
    path.write_text("id,smiles\na,CCO\na,CCN\nb,\n,CCC\nc.csv#5,CCS\nb,CCCl\na,CCBr\n")
    rows = list(open_corpus(str(path)).rows)
    assert [(r.id, r.code if isinstance(r, Rejected) else r.smiles, r.where.line) for r in rows] == [
        ("a", "CCO", 2),
        ("a", "duplicate_id", 3),
        ("c.csv#4", "missing_smiles", 4),
        ("c.csv#5", "CCC", 5),
        ("c.csv#5", "duplicate_id", 6),
        ("b", "CCCl", 7),
        ("a", "duplicate_id", 8),
    ]
    (first, *_) = (row for row in rows if isinstance(row, Rejected))
    assert "'a' a second time" in first.message
    assert first.hint


def test_identifiers_of_any_length_take_little_memory() -> None:
    molecules = (Molecule(f"{i} {'x' * 500}", "CCO", Where()) for i in range(100_000))
    tracemalloc.start()
    try:
        kept = sum(1 for _ in UsedIdentifiers().reject_repeated(molecules, lambda molecule: molecule.id))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert kept == 100_000
    assert peak_bytes / 100_000 < 150
