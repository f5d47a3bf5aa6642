"""Infrared and NMR spectra through both stores: what a source says, and what it does not, comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from molucid.chem.formula import Formula
from molucid.chem.selfies_tokens import SelfiesTokenizer
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack, packed_before
from molucid.dataset.schema import StoredSample, samples_to_table, table_to_samples
from molucid.errors import InputError, Where
from molucid.spectra.grids import C_NMR_GRID, IR_GRID
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrPeaks, NmrSpectrum, Record, Sample

IR = InfraredSpectrum(IR_GRID.axis, np.linspace(-0.25, 1.0, IR_GRID.num_points))
TRACE = NmrSpectrum("13C", C_NMR_GRID.axis, np.cos(C_NMR_GRID.axis), 100.6, "CDCl3")
LIST = NmrPeaks(
    "1H",
    np.array([1.18, 3.65]),
    multiplicity=("t", None),
    coupling_hz=((7.0, 7.0), ()),
    num_hydrogens=(3, None),
    width_ppm=np.array([0.0, 0.125]),
    shift_std_ppm=np.array([0.25, 0.5]),
    field_mhz=400.0,
)
BARE = NmrPeaks("1H", np.array([2.0]))
ETHANOL = Formula.parse("C2H6O")


def lists_equal(a: NmrPeaks, b: NmrPeaks) -> None:
    assert a.shift_ppm.tolist() == b.shift_ppm.tolist()
    for name in ("multiplicity", "coupling_hz", "num_hydrogens", "field_mhz", "solvent"):
        assert getattr(a, name) == getattr(b, name), name
    for name in ("width_ppm", "shift_std_ppm"):
        x, y = getattr(a, name), getattr(b, name)
        assert (x is None and y is None) or x.tolist() == y.tolist(), name


def stored(identifier: str, evidence: Evidence) -> StoredSample:
    return StoredSample(Sample(evidence, "CCO"), "LFQSCWFLJHTTHZ", "made")


def test_samples_keep_every_kind_of_evidence() -> None:
    samples = [
        stored("a", Evidence("a", ETHANOL, (), IR, LIST, TRACE)),
        stored("b", Evidence("b", ETHANOL, h_nmr=BARE)),
        stored("c", Evidence("c", ETHANOL, h_nmr=replace(TRACE, nucleus="1H"))),
        stored("d", Evidence("d", ETHANOL, ir=IR)),
    ]
    table = samples_to_table(samples)
    back = [item.sample.evidence for item in table_to_samples(table)]
    assert back[0].ir is not None
    np.testing.assert_allclose(back[0].ir.wavenumber_cm1, IR_GRID.axis)
    np.testing.assert_allclose(back[0].ir.absorbance, IR.absorbance, atol=1e-6)
    assert isinstance(back[0].h_nmr, NmrPeaks)
    lists_equal(back[0].h_nmr, LIST)
    assert isinstance(back[0].c_nmr, NmrSpectrum)
    np.testing.assert_allclose(back[0].c_nmr.shift_ppm, C_NMR_GRID.axis)
    np.testing.assert_allclose(back[0].c_nmr.intensity, TRACE.intensity, atol=1e-6)
    assert (back[0].c_nmr.field_mhz, back[0].c_nmr.solvent) == (100.6, "CDCl3")
    assert isinstance(back[1].h_nmr, NmrPeaks)
    lists_equal(back[1].h_nmr, BARE)
    assert (back[1].ir, back[1].c_nmr) == (None, None)
    assert isinstance(back[2].h_nmr, NmrSpectrum)
    assert back[3].h_nmr is None
    # a slice has offsets of its own
    (last,) = table_to_samples(table.slice(3, 1))
    assert last.sample.evidence.ir is not None


def test_an_uneven_axis_is_refused() -> None:
    uneven = InfraredSpectrum(np.array([400.0, 402.0, 410.0]), np.zeros(3))
    with pytest.raises(InputError, match="not evenly spaced in cm-1"):
        samples_to_table([stored("a", Evidence("a", ETHANOL, ir=uneven))])


def record(evidence: Evidence, smiles: str = "CCO") -> Record:
    return Record(evidence, smiles, Where("f", evidence.id), {"source": "made"})


def test_packed_rows_keep_every_kind_of_evidence(tmp_path: Path) -> None:
    records = [record(Evidence("a", None, (), IR, LIST, TRACE)), record(Evidence("b", h_nmr=BARE), "CCN")]
    pack(records, tmp_path, PackConfig(), {})
    dataset = PackedDataset(tmp_path)
    first, second = dataset[0].evidence, dataset[1].evidence
    assert first.msms == ()
    assert first.formula == ETHANOL
    assert first.ir is not None
    # float16 steps below 1 are 0.0005 at most
    np.testing.assert_allclose(first.ir.absorbance, IR.absorbance, atol=3e-4)
    assert isinstance(first.h_nmr, NmrPeaks)
    lists_equal(first.h_nmr, LIST)
    assert isinstance(first.c_nmr, NmrSpectrum)
    np.testing.assert_allclose(first.c_nmr.intensity, TRACE.intensity, atol=3e-4)
    assert isinstance(second.h_nmr, NmrPeaks)
    lists_equal(second.h_nmr, BARE)
    assert (second.ir, second.c_nmr) == (None, None)


def test_targets_are_stereo_selfies_and_counted_fragments(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocabulary.smarts"
    vocabulary.write_text("[CX4]\n[OX2H]\n[F]\n")
    config = PackConfig(stereo=True, selfies=True, fragments=str(vocabulary))
    pack([record(Evidence("a", h_nmr=BARE), "C[C@H](O)CO")], tmp_path / "packed", config, {})
    dataset = PackedDataset(tmp_path / "packed")
    sample = dataset[0]
    assert sample.smiles == "C[C@H](O)CO"
    assert SelfiesTokenizer().decode(sample.selfies_ids) == "[C][C@H1][Branch1][C][O][C][O]"
    assert sample.evidence.fragments is not None
    # three sp3 carbons, two hydroxyls, no fluorine
    assert sample.evidence.fragments.index.tolist() == [0, 1]
    assert sample.evidence.fragments.count.tolist() == [3, 2]
    assert dataset.fragment_vocabulary == ("[CX4]", "[OX2H]", "[F]")


def test_molecules_alone_are_kept_where_spectra_are_optional(tmp_path: Path) -> None:
    pack([record(Evidence("a"))], tmp_path / "some", PackConfig(spectra="optional"), {})
    assert len(PackedDataset(tmp_path / "some")) == 1
    with pytest.raises(InputError, match="no_spectrum 1"):
        pack([record(Evidence("a"))], tmp_path / "none", PackConfig(), {})


def test_another_vocabulary_in_the_same_file_is_another_packing(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocabulary.smarts"
    config = PackConfig(fragments=str(vocabulary))
    vocabulary.write_text("[CX4]\n[OX2H]\n")
    pack([record(Evidence("a", h_nmr=BARE))], tmp_path / "packed", config, {})
    assert packed_before(tmp_path / "packed", config, {}) is not None
    vocabulary.write_text("[CX4]\n[F]\n")
    with pytest.raises(InputError, match="fragment_vocabulary_sha256"):
        packed_before(tmp_path / "packed", config, {})
