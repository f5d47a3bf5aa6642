from __future__ import annotations

import pytest

from molucid.adapt.answerable import num_electrons, split_answerable
from molucid.chem.formula import Formula
from molucid.errors import Where
from molucid.generate.constraint import ConstraintConfig
from molucid.generate.generator import GenerateConfig
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.modalities.formula_text import FormulaTextConfig
from molucid.spectra.types import Evidence, MassSpectrum, Record

TINY = ModelConfig(width=16, heads=2, encoder_layers=1, decoder_layers=1, feed_forward_width=24)
COUNTS = Molucid(TINY)
TEXT = Molucid(TINY.model_copy(update={"formula": FormulaTextConfig(max_count=20)}))


def given(formula: str | None, adduct: str = "[M+H]+") -> Record:
    spectrum = MassSpectrum([50.0], [1.0], 100.0, adduct)
    parsed = None if formula is None else Formula.parse(formula)
    return Record(Evidence(f"{formula} {adduct}", parsed, (spectrum,)), None, Where("spectra.mgf", None, 7))


def reason(record: Record, model=COUNTS, **settings) -> str | None:
    kept, rejected = split_answerable([record], model, GenerateConfig(**settings))
    assert len(kept) + len(rejected) == 1
    if kept:
        return None
    assert (rejected[0].id, rejected[0].where) == (record.evidence.id, record.where)
    assert rejected[0].hint
    return rejected[0].code


def test_electrons_are_counted_by_atomic_number() -> None:
    # choline's cation C5H14NO+ has 58 electrons, so its atoms 59
    assert num_electrons(Formula.parse("C5H14NO")) == 5 * 6 + 14 + 7 + 8 == 59
    assert num_electrons(Formula.parse("C[2H]4")) == 10


@pytest.mark.parametrize(
    ("formula", "adduct", "code"),
    [
        ("C8H10N4O2", "[M+H]+", None),
        (None, "[M+H]+", None),
        ("C40H56", "[M]+", None),  # carotene's radical cation
        ("C5H14NO", "[M]+", "charged_molecule"),  # choline
        ("C30H63N2O", "[M]+", "charged_molecule"),  # a quaternary ammonium
        ("C9H16ClN4", "[M+H]+", "charged_molecule"),  # the same under a wrong adduct
        ("C12H14N2", "[M]2+", "charged_molecule"),  # paraquat
        ("CH10", "[M+H]+", "no_molecule_of_formula"),
        ("H2", "[M+H]+", "no_molecule_of_formula"),
        ("C200H402", "[M+H]+", "no_molecule_of_formula"),  # more than 160 tokens
        ("C2H5[2H]O", "[M+H]+", "formula_outside_vocabulary"),
    ],
)
def test_what_cannot_be_answered_says_why(formula: str | None, adduct: str, code: str | None) -> None:
    assert reason(given(formula, adduct)) == code


def test_charges_are_answered_where_they_are_allowed() -> None:
    allowed = ConstraintConfig(allow_net_charge=True)
    for record in (given("C5H14NO", "[M]+"), given("C12H14N2", "[M]2+")):
        assert reason(record, constraint=allowed) is None


def test_only_constrained_decoding_limits_formulas() -> None:
    assert reason(given("CH10"), formula="reject") is None


def test_no_formula_limits_a_model_that_writes_selfies() -> None:
    writer = Molucid(TINY.model_copy(update={"target": "selfies"}))
    assert reason(given("CH10"), writer) is None


def test_a_formula_outside_the_vocabulary_of_a_text_model() -> None:
    assert reason(given("C21H44"), TEXT) == "formula_outside_vocabulary"
    assert reason(given("C20H20"), TEXT) is None


def test_order_is_kept() -> None:
    records = [given("C2H6O"), given("H2"), given("C3H8"), given("CH10")]
    kept, rejected = split_answerable(records, COUNTS, GenerateConfig())
    assert kept == [records[0], records[2]]
    assert [row.id for row in rejected] == ["H2 [M+H]+", "CH10 [M+H]+"]
