from __future__ import annotations

from pathlib import Path

from molucid.errors import Rejected, Where
from molucid.rejected import REJECTED_COLUMNS, write_rejected


def test_the_columns_are_an_interface() -> None:
    assert REJECTED_COLUMNS == ("id", "code", "message", "hint", "file", "line", "record")


def test_rows_are_plain_cells_whatever_the_text(tmp_path: Path) -> None:
    rows = [
        Rejected(
            "a", "unknown_adduct", 'got "X",\texpected\nan adduct', Where("f.mgf", "third", 9), "see docs"
        ),
        Rejected("b", "no_formula", "got none"),
    ]
    write_rejected(tmp_path / "rejected.tsv", rows)
    assert (tmp_path / "rejected.tsv").read_text().split("\n") == [
        "id\tcode\tmessage\thint\tfile\tline\trecord",
        'a\tunknown_adduct\tgot "X", expected an adduct\tsee docs\tf.mgf\t9\tthird',
        "b\tno_formula\tgot none\t\t\t\t",
        "",
    ]


def test_nothing_rejected_is_a_header(tmp_path: Path) -> None:
    write_rejected(tmp_path / "rejected.tsv", iter(()))
    assert (tmp_path / "rejected.tsv").read_text() == "\t".join(REJECTED_COLUMNS) + "\n"
