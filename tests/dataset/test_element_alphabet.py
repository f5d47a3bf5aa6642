"""One alphabet of elements; the orders that are written to disk or number a vocabulary stay as they were."""

from __future__ import annotations

from molucid.chem.elements import MODEL_ELEMENTS
from molucid.dataset.corpus import CorpusFilter
from molucid.dataset.packed import FORMULA_ELEMENTS
from molucid.model.modalities.formula_text import FormulaTextConfig
from molucid.spectra.clean import CleanConfig


def test_what_is_simulated_packed_and_cleaned_is_one_alphabet() -> None:
    assert len(MODEL_ELEMENTS) == 13
    assert sorted(MODEL_ELEMENTS) == sorted(FORMULA_ELEMENTS) == sorted(CorpusFilter().elements)
    assert CleanConfig().elements == MODEL_ELEMENTS


def test_recorded_orders_stay() -> None:
    assert " ".join(CleanConfig().elements or ()) == "C H N O P S F Cl Br I B Si Se"
    assert " ".join(CorpusFilter().elements) == "C H N O P S F Cl Br I Si B Se"
    assert " ".join(FORMULA_ELEMENTS) == "H C N O F Si P S Cl Se Br I B"
    assert " ".join(FormulaTextConfig().elements) == "C H N O P S F Cl Br I B Si Se Na K"
