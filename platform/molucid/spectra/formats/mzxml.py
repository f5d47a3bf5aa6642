"""mzXML 2 and 3: each `<scan>`, nested or not, with big-endian interleaved m/z–intensity pairs.

Format: Pedrioli et al., Nat. Biotechnol. 2004, 22, 1459. Headers that mzXML has no place for (adduct,
formula, SMILES) are read from `nameValue` by the names of `molucid.spectra.fields`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import check_id
from molucid.spectra.energy import is_thermo_setting
from molucid.spectra.fields import assemble, build_spectrum, check_ms_level, field_name
from molucid.spectra.source import ReadConfig, unpacked
from molucid.spectra.types import FloatArray, Record
from molucid.spectra.xml_elements import Element, decode_array, elements

ROOTS = ("mzXML", "msRun")
_POLARITIES = {"+": "positive", "-": "negative"}
_SCAN_ATTRIBUTES = ("retentionTime", "filterLine", "scanType")


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The scans of an mzXML stream, MS1 ones as rejected rows; see `molucid.spectra.formats.mgf.read`.

    Raises:
        InputError: the stream or its XML breaks; every scan before was yielded.
    """
    instrument: str | None = None
    for element in elements(unpacked(stream, file), file, ROOTS, ("scan", "msInstrument"), config):
        if element.tag == "msInstrument":
            values = [
                child.attributes["value"]
                for tag in ("msModel", "msMassAnalyzer")
                for child in element.find_all(tag)
                if child.attributes.get("value")
            ]
            instrument = instrument or (values[0] if values else None)
        else:
            yield _scan(element, instrument, file, config)


def _scan(element: Element, instrument: str | None, file: str, config: ReadConfig) -> Record | Rejected:
    native_id = f"scan={element.attributes.get('num', '?')}"
    id = f"{Path(file).name}:{native_id}"
    where = Where(file, shorten(native_id), element.line)
    try:
        if element.too_long:
            raise InputError(
                f"a scan of more than {config.max_record_chars} characters",
                "a shorter one",
                hint="centroid the spectrum",
                code="record_too_long",
            )
        headers = _headers(element)
        id = headers.pop("title", id)
        check_id(id, config)
        check_ms_level(headers)
        if instrument is not None:
            headers.setdefault("instrument_type", instrument)
        mz, intensity = _pairs(element, config)
        spectrum = build_spectrum(headers, mz, intensity)
        return assemble(id, headers, (spectrum,), where)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)


def _headers(element: Element) -> dict[str, str]:
    headers = {
        "ms_level": element.attributes.get("msLevel", ""),
        "collision_energy": element.attributes.get("collisionEnergy", ""),
    }
    polarity = element.attributes.get("polarity", "")
    # In words, because a lone hyphen stands for what is absent.
    headers["polarity"] = _POLARITIES.get(polarity, polarity)
    for name in _SCAN_ATTRIBUTES:
        headers[field_name(name)] = element.attributes.get(name, "")
    for child in element.children:
        if child.tag == "precursorMz":
            headers.setdefault("precursor_mz", child.text.strip())
            headers.setdefault("charge", child.attributes.get("precursorCharge", ""))
            headers.setdefault("activation", child.attributes.get("activationMethod", ""))
        elif child.tag == "nameValue":
            key = field_name(child.attributes.get("name", ""))
            if key and not headers.get(key):
                headers[key] = child.attributes.get("value", "").strip()
    energy = headers["collision_energy"]
    if is_thermo_setting(energy, headers["filterline"]):
        headers["collision_energy"] = f"{energy} NCE"
    headers.setdefault("num_peaks", element.attributes.get("peaksCount", ""))
    return {key: text for key, text in headers.items() if text}


def _pairs(element: Element, config: ReadConfig) -> tuple[FloatArray, FloatArray]:
    peaks = next((child for child in element.children if child.tag == "peaks"), None)
    attributes = peaks.attributes if peaks is not None else {}
    precision = attributes.get("precision", "32")
    compression = attributes.get("compressionType", "none")
    order = attributes.get("contentType", attributes.get("pairOrder", "m/z-int"))
    if precision not in ("32", "64") or compression not in ("none", "zlib") or order != "m/z-int":
        raise InputError(
            f"peaks of precision {precision!r}, compression {compression!r}, order {order!r}",
            "32 or 64, none or zlib, m/z-int",
            hint="convert with msconvert",
            code="unsupported_peak_array",
        )
    text = peaks.text if peaks is not None else ""
    dtype = ">f4" if precision == "32" else ">f8"
    values = decode_array(text, dtype, compression == "zlib", 2 * config.max_peaks, config.max_peaks)
    if values.size % 2:
        raise InputError(
            f"{values.size} numbers",
            "m/z–intensity pairs",
            hint="export the scan again",
            code="broken_peak_array",
        )
    return values[0::2], values[1::2]
