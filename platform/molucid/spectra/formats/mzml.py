"""mzML 1.1: each `<spectrum>` with its controlled-vocabulary terms and two binary arrays.

Format and accessions: HUPO-PSI mass spectrometry ontology (PSI-MS). Headers that mzML has no term for
(adduct, formula, SMILES) are read from `userParam` by the names of `molucid.spectra.fields`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import check_id
from molucid.spectra.energy import is_thermo_setting
from molucid.spectra.fields import assemble, build_spectrum, check_ms_level, field_name
from molucid.spectra.source import ReadConfig, unpacked
from molucid.spectra.types import FloatArray, Record
from molucid.spectra.xml_elements import Element, decode_array, elements

ROOTS = ("mzML", "indexedmzML")
_FIELD_OF_TERM = {
    "MS:1000511": "ms_level",
    "MS:1000744": "precursor_mz",
    "MS:1000041": "charge",
    "MS:1000045": "collision_energy_ev",
    "MS:1000138": "normalized_collision_energy",
    "MS:1000512": "filter_string",
    "MS:1000796": "spectrum_title",
    "MS:1000016": "retention_time",
    "MS:1000130": "polarity",  # these two terms have no value; their names, `positive scan`, say it
    "MS:1000129": "polarity",
}
_DTYPE = {"MS:1000521": "<f4", "MS:1000523": "<f8", "MS:1000519": "<i4", "MS:1000522": "<i8"}
_MZ_ARRAY, _INTENSITY_ARRAY = "MS:1000514", "MS:1000515"
_ZLIB, _NO_COMPRESSION = "MS:1000574", "MS:1000576"
_SERIAL_NUMBER = "MS:1000529"

_Params = list[tuple[str, str, str]]
"""(accession, name, value) of each term; the accession of a userParam is empty."""


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The spectra of an mzML stream, MS1 ones as rejected rows; see `molucid.spectra.formats.mgf.read`.

    Raises:
        InputError: the stream or its XML breaks; every spectrum before was yielded.
    """
    groups: dict[str, _Params] = {}
    instrument: str | None = None
    wanted = ("spectrum", "referenceableParamGroup", "instrumentConfiguration", "chromatogram")
    for element in elements(unpacked(stream, file), file, ROOTS, wanted, config):
        if element.tag == "referenceableParamGroup":
            groups[element.attributes.get("id", "")] = _params(element, groups)
        elif element.tag == "instrumentConfiguration" and instrument is None:
            names = [name for term, name, _ in _params(element, groups) if term and term != _SERIAL_NUMBER]
            instrument = names[0] if names else None
        elif element.tag == "spectrum":
            yield _spectrum(element, groups, instrument, file, config)


def _params(element: Element, groups: dict[str, _Params]) -> _Params:
    """Terms directly inside `element`, references to groups resolved."""
    params: _Params = []
    for child in element.children:
        if child.tag == "referenceableParamGroupRef":
            params += groups.get(child.attributes.get("ref", ""), [])
        elif child.tag in ("cvParam", "userParam"):
            accession = child.attributes.get("accession", "") if child.tag == "cvParam" else ""
            params.append((accession, child.attributes.get("name", ""), child.attributes.get("value", "")))
    return params


def _spectrum(
    element: Element, groups: dict[str, _Params], instrument: str | None, file: str, config: ReadConfig
) -> Record | Rejected:
    native_id = element.attributes.get("id", "") or f"index={element.attributes.get('index', '?')}"
    id = f"{Path(file).name}:{native_id}"
    where = Where(file, shorten(native_id), element.line)
    try:
        if element.too_long:
            raise InputError(
                f"a spectrum of more than {config.max_record_chars} characters",
                "a shorter one",
                hint="centroid the spectrum",
                code="record_too_long",
            )
        headers = _headers(element, groups)
        id = headers.pop("spectrum_title", id)
        check_id(id, config)
        check_ms_level(headers)
        if instrument is not None:
            headers.setdefault("instrument_type", instrument)
        mz, intensity = _arrays(element, groups, config)
        spectrum = build_spectrum(headers, mz, intensity)
        return assemble(id, headers, (spectrum,), where)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)


def _headers(element: Element, groups: dict[str, _Params]) -> dict[str, str]:
    headers: dict[str, str] = {}
    holders = [element, *(e for tag in ("scan", "selectedIon", "activation") for e in element.find_all(tag))]
    for holder in holders:
        for accession, name, value in _params(holder, groups):
            key = _FIELD_OF_TERM.get(accession) if accession else field_name(name)
            if key:
                headers.setdefault(key, value.strip() or name)
    energy = headers.get("collision_energy_ev", "")
    if is_thermo_setting(energy, headers.get("filter_string", "")):
        del headers["collision_energy_ev"]
        headers["normalized_collision_energy"] = energy
    headers.setdefault("num_peaks", element.attributes.get("defaultArrayLength", ""))
    return headers


def _arrays(
    element: Element, groups: dict[str, _Params], config: ReadConfig
) -> tuple[FloatArray, FloatArray]:
    found: dict[str, FloatArray] = {}
    for array in element.find_all("binaryDataArray"):
        terms = {accession: name for accession, name, _ in _params(array, groups)}
        kind = next((term for term in (_MZ_ARRAY, _INTENSITY_ARRAY) if term in terms), None)
        if kind is not None:
            found[kind] = _decode(array, terms, config)
    empty: NDArray[np.float64] = np.zeros(0)
    return found.get(_MZ_ARRAY, empty), found.get(_INTENSITY_ARRAY, empty)


def _decode(array: Element, terms: dict[str, str], config: ReadConfig) -> FloatArray:
    dtype = next((_DTYPE[term] for term in terms if term in _DTYPE), None)
    packed = next((name for name in terms.values() if "numpress" in name.lower()), None)
    if dtype is None or packed is not None:
        raise InputError(
            f"an array of {packed or 'unknown number type'}",
            "32- or 64-bit numbers, zlib or not compressed",
            hint="convert with msconvert without numpress",
            code="unsupported_peak_array",
        )
    text = next((child.text for child in array.children if child.tag == "binary"), "")
    return decode_array(text, dtype, _ZLIB in terms, config.max_peaks, config.max_peaks)
