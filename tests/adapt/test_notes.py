from __future__ import annotations

import numpy as np

from molucid.adapt.notes import reader_notes
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrPeaks, Record

IR = InfraredSpectrum(np.linspace(400, 4000, 10), np.ones(10))
PROTONS = NmrPeaks("1H", np.array([1.2]))


def notes(evidence, **metadata):
    return reader_notes(Record(evidence, metadata=metadata))


def test_what_was_left_out_and_how_spectra_were_understood_are_notes():
    found = {
        "rejected_files": "a/b.jdx",
        "rejected_spectra": "a#ir: got nothing",
        "unreadable_smiles": "c1cc(",
        "nuclei_not_used": "19F",
        "spectra_not_used": "HSQC",
        "not_used": "msms of c.json",
        "h_nmr_not_used": "a list of the same spectrum",
        "h_nmr_reference": "solvent",
        "h_nmr_removed": "CHCl3",
        "ir_clipped_points": "3",
        "ir_ordinate": "absorbance from transmittance",
    }
    evidence = Evidence("a", ir=IR, h_nmr=PROTONS)
    assert notes(evidence, licence="CC0", name="x", title="t", files="b; c", **found) == found


def test_a_spectrum_that_is_not_there_has_none():
    assert notes(Evidence("a", h_nmr=PROTONS), ir_ordinate="x", c_nmr_not_used="y", h_nmr_removed="z") == {
        "h_nmr_removed": "z"
    }


def test_a_name_that_is_no_utf8_can_be_written():
    (text,) = notes(Evidence("a", ir=IR), rejected_files="a/\udcff.jdx").values()
    assert text.encode() == rb"a/\udcff.jdx"
