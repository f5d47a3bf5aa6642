from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from molucid.chem.formula import Formula
from molucid.dataset.schema import SAMPLE_SCHEMA, StoredSample, samples_to_table, table_to_samples
from molucid.errors import InputError
from molucid.spectra.types import Evidence, MassSpectrum, Sample

Make = Callable[[int], StoredSample]


def test_a_sample_comes_back_as_it_went_in() -> None:
    bare = MassSpectrum([50.0, 100.123456789], [0.5, 1.0])
    full = MassSpectrum([18.0], [1.0], 19.01784, "[M+H]+", None, 35.0, "LC-ESI-QFT")
    water = StoredSample(
        Sample(Evidence("w", Formula.parse("H2O"), (bare, full)), "O"),
        "XLYOFNOQVPJJNP",
        "made",
        None,
        None,
        {"b": "2", "a": "1"},
    )
    (back,) = table_to_samples(samples_to_table([water]))
    first, second = back.sample.evidence.msms
    assert back.sample.evidence.id == "w"
    assert back.sample.evidence.formula == Formula({"H": 2, "O": 1})
    assert (back.sample.smiles, back.inchikey14, back.source) == ("O", "XLYOFNOQVPJJNP", "made")
    assert back.licence is None
    assert back.seed is None
    assert back.metadata == {"a": "1", "b": "2"}
    assert first.mz.tolist() == [50.0, 100.123456789]
    assert (first.precursor_mz, first.adduct, first.instrument) == (None, None, None)
    assert (first.collision_energy_ev, first.normalized_collision_energy) == (None, None)
    assert (second.precursor_mz, second.adduct, second.normalized_collision_energy) == (
        19.01784,
        "[M+H]+",
        35.0,
    )
    assert second.instrument == "LC-ESI-QFT"


def test_many_samples_keep_order_and_their_own_peaks(stored: Make) -> None:
    samples = [stored(i) for i in range(12)]
    back = list(table_to_samples(samples_to_table(samples)))
    assert [s.sample.evidence.id for s in back] == [f"row{i}" for i in range(12)]
    for old, new in zip(samples, back, strict=True):
        assert len(new.sample.evidence.msms) == 2
        for a, b in zip(old.sample.evidence.msms, new.sample.evidence.msms, strict=True):
            np.testing.assert_array_equal(a.mz, b.mz)
            np.testing.assert_array_equal(a.intensity.astype(np.float32), b.intensity)


def test_a_slice_of_a_table_is_read_from_its_own_rows(stored: Make) -> None:
    table = samples_to_table([stored(i) for i in range(6)]).slice(2, 3)
    back = list(table_to_samples(table))
    assert [s.sample.evidence.id for s in back] == ["row2", "row3", "row4"]
    np.testing.assert_array_equal(back[1].sample.evidence.msms[0].mz, stored(3).sample.evidence.msms[0].mz)


def test_no_samples_make_an_empty_table_of_the_schema() -> None:
    table = samples_to_table([])
    assert table.num_rows == 0
    assert table.schema.equals(SAMPLE_SCHEMA)
    assert list(table_to_samples(table)) == []


def test_a_sample_without_formula_is_refused(stored: Make) -> None:
    sample = stored(0)
    bare = replace(sample, sample=Sample(replace(sample.sample.evidence, formula=None), "CCO"))
    with pytest.raises(InputError, match="row0") as caught:
        samples_to_table([bare])
    assert caught.value.code == "no_formula"


def test_another_version_or_another_column_is_refused_by_name(stored: Make) -> None:
    table = samples_to_table([stored(0)])
    newer = table.replace_schema_metadata({"molucid.schema_version": "3"})
    with pytest.raises(InputError, match="version 3"):
        next(table_to_samples(newer))
    with pytest.raises(InputError, match="version none"):
        next(table_to_samples(table.replace_schema_metadata(None)))
    changed = table.set_column(table.schema.get_field_index("seed"), "seed", pa.array([7], pa.int32()))
    with pytest.raises(InputError, match="seed"):
        next(table_to_samples(changed))
    with pytest.raises(InputError, match="colour"):
        next(table_to_samples(table.append_column("colour", pa.array(["red"]))))
