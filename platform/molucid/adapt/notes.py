"""What the readers noted about a record that whoever reads its answer must know: the one rule for it."""

from __future__ import annotations

from molucid.spectra.types import Record

_KINDS = ("msms", "ir", "h_nmr", "c_nmr")
_LEFT_OUT_BEGIN = ("rejected_", "unreadable_")
_LEFT_OUT_END = "not_used"


def reader_notes(record: Record) -> dict[str, str]:
    """Notes of the record's metadata, in their order.

    These are: what was left out (`rejected_files`, `rejected_spectra`, `unreadable_smiles`, and all that end in
    `not_used`), and how a spectrum that the record holds was understood or changed (all that begin with its kind:
    `ir_ordinate`, `ir_clipped_points`, `h_nmr_reference`, `h_nmr_removed`, …). What else a file
    says of its compound is none.
    """
    present = tuple(f"{kind}_" for kind in _KINDS if kind in record.evidence.present())
    absent = tuple(f"{kind}_" for kind in _KINDS if f"{kind}_" not in present)
    return {
        key: _encodable(text)
        for key, text in record.metadata.items()
        if not key.startswith(absent)
        and (key.startswith((*present, *_LEFT_OUT_BEGIN)) or key.endswith(_LEFT_OUT_END))
    }


def _encodable(text: str) -> str:
    # A file's name may hold bytes that are no UTF-8, which no file of answers can.
    return text.encode("utf-8", "backslashreplace").decode()
