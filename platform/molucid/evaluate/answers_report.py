"""`report.html`: per compound its spectra, the evidence used, drawn candidates, scores, and what was tuned.

One file without script or network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from molucid.chem.identity import inchikey14
from molucid.errors import Rejected
from molucid.evaluate.drawing import molecule_svg
from molucid.evaluate.metrics import molecule_facts
from molucid.evaluate.spectrum_drawing import plots_of
from molucid.files import write_bytes
from molucid.generate.types import Answer
from molucid.spectra.types import Record

NUM_DRAWN = 5
"""Candidates drawn per spectrum; the table lists all."""

NUM_DRAWN_SPECTRA = 200
"""Spectra that have a section, the first in order: some 70 KB each, and a browser must open the page."""


_KINDS = {
    "formula": "formula",
    "msms": "MS/MS",
    "ir": "IR",
    "h_nmr": "¹H NMR",
    "c_nmr": "¹³C NMR",
    "fragments": "fragments",
}
"""Kinds of evidence as they are printed."""


def write_answers_report(
    path: Path | str,
    records: Sequence[Record],
    answers: Sequence[Answer],
    rejected: Sequence[Rejected],
    provenance: Mapping[str, Any],
    training_keys: Container[str] | None,
) -> None:
    """Write the report.

    Args:
        path: file to write.
        records: cleaned records, one per answer, in the same order.
        answers: the answers.
        rejected: inputs that were not answered.
        provenance: versions, checkpoint, command and seed, printed at the end.
        training_keys: InChIKey first blocks of the training molecules, to say which known structures the model
            has seen; `None` if they are not known.
    """
    environment = Environment(
        loader=PackageLoader("molucid.evaluate"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.lstrip_blocks = True
    pairs = list(zip(records, answers, strict=True))
    ranks = [_known_rank(record, answer) for record, answer in pairs]
    items = [
        _item(record, answer, rank, training_keys)
        for (record, answer), rank in zip(pairs[:NUM_DRAWN_SPECTRA], ranks[:NUM_DRAWN_SPECTRA], strict=True)
    ]
    html = environment.get_template("answers.html").render(
        items=items,
        num_answered=len(answers),
        rejected=rejected,
        rejected_by_code=Counter(r.code for r in rejected).most_common(),
        num_known=sum(record.smiles is not None for record in records),
        num_first=ranks.count(1),
        num_found=len(ranks) - ranks.count(None),
        provenance=provenance,
    )
    write_bytes(path, html.encode())


def _known_rank(record: Record, answer: Answer) -> int | None:
    """Rank of the known structure; `None` if there is none or it is not among the candidates."""
    if record.smiles is None:
        return None
    known = inchikey14(record.smiles)
    # A candidate that InChI cannot describe has no key and is no known structure.
    found = ((candidate.rank, molecule_facts(candidate.smiles)) for candidate in answer.candidates)
    return next((rank for rank, facts in found if facts is not None and facts.inchikey14 == known), None)


def _item(
    record: Record, answer: Answer, known_rank: int | None, training_keys: Container[str] | None
) -> dict[str, Any]:
    seen = None
    if record.smiles is not None and training_keys is not None:
        seen = inchikey14(record.smiles) in training_keys
    return {
        "record": record,
        "answer": answer,
        "plots": plots_of(record.evidence),
        "evidence_used": _evidence_used(answer),
        "notes": [(_note_title(name), text) for name, text in answer.notes.items()],
        "drawn": [(c, molecule_svg(c.smiles)) for c in answer.candidates[:NUM_DRAWN]],
        "known_smiles": record.smiles,
        "known_svg": molecule_svg(record.smiles) if record.smiles is not None else "",
        "known_rank": known_rank,
        "known_in_training": seen,
    }


def _note_title(name: str) -> str:
    """The name of a note for people: `h_nmr_removed` becomes `¹H NMR removed`."""
    for kind, title in _KINDS.items():
        if name.startswith(f"{kind}_"):
            return f"{title} {name.removeprefix(f'{kind}_').replace('_', ' ')}"
    return name.replace("_", " ")


def _evidence_used(answer: Answer) -> list[str]:
    used = answer.provenance.get("evidence_used", [])
    assert isinstance(used, list), "as `molucid.adapt.elucidate` writes it"
    return [_KINDS[kind] for kind in used]
