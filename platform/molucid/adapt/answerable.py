"""Which records a model can answer at all, asked before any work is handed out.

A record that a modality cannot read, or of whose formula decoding cannot write any molecule, becomes a `Rejected` row;
inside a task its fault would end the whole batch, or come out as an answer without candidates and without a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rdkit.Chem import GetPeriodicTable

from molucid.chem.adducts import parse_adduct
from molucid.chem.formula import Formula
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.errors import InputError, Rejected
from molucid.generate.constraint import FormulaConstraint
from molucid.generate.generator import GenerateConfig
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.modalities.base import Modality
from molucid.spectra.types import Evidence, Record


def split_answerable(
    records: Iterable[Record], model: Molucid, config: GenerateConfig
) -> tuple[list[Record], list[Rejected]]:
    """Records that can be answered, and a row for each that cannot; both in input order.

    Args:
        records: cleaned records.
        model: that will answer.
        config: of decoding; only `formula=constrain` limits which formulas can be answered.
    """
    modalities, formulas = model.modalities, _Formulas(config, model.config)
    kept: list[Record] = []
    rejected: list[Rejected] = []
    for record in records:
        try:
            require_readable(record.evidence, modalities)
            for modality in modalities.values():
                modality.featurize(record.evidence)
            formulas.require_molecule(record.evidence)
        except InputError as error:
            rejected.append(Rejected.from_error(record.evidence.id, error, record.where))
        else:
            kept.append(record)
    return kept, rejected


def require_readable(evidence: Evidence, modalities: Mapping[str, Modality]) -> None:
    """Refuse evidence of which the model reads nothing.

    Raises:
        InputError: all of the evidence is of kinds that are not among `modalities`.
    """
    present = evidence.present()
    if not any(kind in modalities for kind in present):
        raise InputError(
            f"evidence of {', '.join(present) or 'no kind'}",
            f"at least one of {', '.join(modalities)}, which this model reads",
            hint="give the compound a formula or a spectrum of these kinds, or use another checkpoint",
            code="no_readable_evidence",
        )


class _Formulas:
    """Answers whether decoding can write a molecule of a formula."""

    def __init__(self, config: GenerateConfig, model: ModelConfig) -> None:
        self._config = config.for_model(model)
        vocabulary, limits = SmilesTokenizer().vocabulary, config.constraint
        self._as_set = FormulaConstraint(vocabulary, limits, config.max_length, model.stereo)
        charged = limits.model_copy(update={"allow_net_charge": True})
        self._charged = FormulaConstraint(vocabulary, charged, config.max_length, model.stereo)

    def require_molecule(self, evidence: Evidence) -> None:
        formula, limits = evidence.formula, self._config.constraint
        if formula is None or self._config.formula != "constrain":
            return
        odd = num_electrons(formula) % 2 == 1 and not limits.allow_radicals
        # A doubly charged ion that gained and lost nothing is that of a dication; ESI makes no radical dications.
        adducts = [parse_adduct(s.adduct) for s in evidence.msms if s.adduct is not None]
        dication = any(a.gained == a.lost and abs(a.charge) > 1 for a in adducts)
        if (odd or dication) and not limits.allow_net_charge and _can_start(self._charged, formula):
            reason = "its atoms have an odd number of electrons" if odd else "it is the ion itself"
            raise InputError(
                f"formula {formula} of a charged molecule ({reason})",
                "the formula of a neutral molecule, which is what the models are trained to write",
                hint="check the formula; for a permanent ion try --set generate.constraint.allow_net_charge=true",
                code="charged_molecule",
            )
        if not _can_start(self._as_set, formula):
            raise InputError(
                f"formula {formula}",
                f"a formula of which a molecule can be written in {self._config.max_length} tokens",
                hint="correct the formula; for large molecules raise generate.max_length",
                code="no_molecule_of_formula",
            )


def _can_start(constraint: FormulaConstraint, formula: Formula) -> bool:
    # Hydrogen alone is no molecule that the alphabet writes.
    return any(element != "H" for element in formula) and constraint.start(formula) is not None


def num_electrons(formula: Formula) -> int:
    """Electrons of the formula's atoms; an even number in every neutral molecule without a radical."""
    table = GetPeriodicTable()
    # A labelled atom is written `[2H]`.
    return sum(table.GetAtomicNumber(e.strip("[]0123456789")) * n for e, n in formula.items())
