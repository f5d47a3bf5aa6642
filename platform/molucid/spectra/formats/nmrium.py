"""NMRium's JSON (`.nmrium`): the spectra of one compound with their ranges, as its web page saves them.

Two layouts are read: `spectra` at the top (versions 0 to 3; version 0 has `signal` and `j` where later ones have
`signals` and `js`), and `spectra` inside of `data` (later versions). Of each one-dimensional, Fourier-transformed ¹H or
¹³C spectrum the ranges are read if there are any, since a person made them; else the trace; else the picked peaks.
DEPT and APT, two-dimensional spectra, FIDs and other nuclei are named in the metadata.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.axis import require_one_run
from molucid.spectra.draft import check_id, too_many_peaks
from molucid.spectra.fields import assemble
from molucid.spectra.nmr_entries import (
    PeakEntry,
    known_multiplicity_of,
    nearly_whole_number,
    peaks_of,
    whole_number,
    with_nmr,
)
from molucid.spectra.nmr_multiplicity import coupling_partners, known_multiplicity
from molucid.spectra.pulse_programs import is_edited
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import ReadConfig, as_text, unpacked
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum, Nucleus, Record

SIGNATURE = re.compile(
    r'\A\s*\{(?=[^\0]{0,4000}"(?:spectra|molecules|view|version)"\s*:)(?![^\0]{0,200}"records"\s*:)'
)
"""What the beginning of such a file looks like."""

_NUCLEI: dict[str, Nucleus] = {"1H": "1H", "13C": "13C"}
_SIGNAL_KINDS = (None, "signal", "mixed")
"""`kind` of ranges and signals that belong to the compound; others are solvent, impurity, reference, …."""

_DEFAULT_SUM = 100.0
"""Sum to which NMRium scales integrals until somebody sets it or draws the molecule."""


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The one record of an NMRium file; see `molucid.spectra.formats.mgf.read`.

    Raises:
        InputError: no JSON, or JSON without NMRium's list of spectra.
    """
    document = _document(stream, file, config)
    body = _mapping(document.get("data")) or document
    spectra = body.get("spectra")
    if not isinstance(spectra, list):
        raise InputError(
            "JSON without a list 'spectra'",
            "a file saved by NMRium",
            Where(file),
            hint="save it again from NMRium with its data",
            code="wrong_json_format",
        )
    yield _record(body, [item for item in spectra if isinstance(item, dict)], file, config)


def _document(stream: IO[bytes], file: str, config: ReadConfig) -> dict[str, Any]:
    with as_text(unpacked(stream, file)) as text:
        content = text.read(config.max_record_chars + 1)
    if len(content) > config.max_record_chars:
        raise InputError(
            f"a file of more than {config.max_record_chars} characters",
            "a smaller one",
            Where(file),
            hint="save fewer spectra in one file",
            code="record_too_long",
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            shorten(str(error), 120), "JSON", Where(file), hint="the file is cut off", code="invalid_json"
        ) from None
    return _mapping(document)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _record(
    body: dict[str, Any], spectra: list[dict[str, Any]], file: str, config: ReadConfig
) -> Record | Rejected:
    id = Path(file).name
    where = Where(file, shorten(id))
    headers: dict[str, str] = {}
    found: dict[Nucleus, NmrSpectrum | NmrPeaks] = {}
    unused = []
    try:
        check_id(id, config)
        for number, spectrum in enumerate(spectra, start=1):
            info = _mapping(spectrum.get("info"))
            nucleus = _used(info)
            if nucleus is None:
                unused.append(_name(info, number))
            elif nucleus in found:
                raise InputError(
                    f"a second {nucleus} spectrum, {_name(info, number)}",
                    "one spectrum of each nucleus",
                    hint="keep the spectrum that is to be read, and save again",
                    code="repeated_spectrum",
                )
            else:
                found[nucleus] = _spectrum(spectrum, info, nucleus, config)
                headers |= _unused_integrals(spectrum.get("ranges"), found[nucleus])
        if not found:
            raise InputError(
                f"no ¹H or ¹³C spectrum among {len(spectra)}",
                "a one-dimensional, transformed spectrum of ¹H or ¹³C",
                hint="transform the FID in NMRium and save again",
                code="no_spectrum",
            )
        if unused:
            headers["spectra_not_used"] = ", ".join(unused)
        headers |= _structure(body.get("molecules"))
        record = assemble(id, headers, (), where)
        return with_nmr(record, found, "the axis of the file", config.referencing)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)


def _name(info: dict[str, Any], number: int) -> str:
    words = (info.get(key) for key in ("nucleus", "experiment"))
    name = " ".join(str(word) for word in words if word) or f"number {number}"
    # Names are written as UTF-8, which has no halves of surrogate pairs.
    return shorten(name.encode("utf-8", "backslashreplace").decode(), 40)


def _used(info: dict[str, Any]) -> Nucleus | None:
    """Nucleus of a spectrum that is read."""
    nucleus = info.get("nucleus")
    experiment = f"{info.get('experiment')} {info.get('pulseSequence')}"
    if info.get("isFid") or info.get("dimension", 1) != 1 or is_edited(experiment):
        return None
    return _NUCLEI.get(nucleus) if isinstance(nucleus, str) else None


def _spectrum(
    spectrum: dict[str, Any], info: dict[str, Any], nucleus: Nucleus, config: ReadConfig
) -> NmrSpectrum | NmrPeaks:
    field_mhz = next(
        (value for key in ("baseFrequency", "originFrequency") if (value := _number(info.get(key)))), None
    )
    solvent = info.get("solvent")
    solvent = canonical_solvent(solvent) if isinstance(solvent, str) else None
    ranges, peaks = _values(spectrum.get("ranges")), _values(spectrum.get("peaks"))
    data = _mapping(spectrum.get("data"))
    x, y = data.get("x"), data.get("re", data.get("y"))
    if max(len(ranges), len(peaks), len(x) if isinstance(x, list) else 0) > config.max_peaks:
        raise too_many_peaks(config.max_peaks)
    in_hydrogens = nucleus == "1H" and _is_in_hydrogens(spectrum.get("ranges"))
    if entries := [entry for item in ranges for entry in _range_entries(item, nucleus, in_hydrogens)]:
        return peaks_of(nucleus, entries, config.shift_window, field_mhz, solvent)
    if isinstance(x, list) and isinstance(y, list) and x:
        shift = _numbers(x, "x")
        require_one_run(shift)
        return NmrSpectrum(nucleus, shift, _numbers(y, "re"), field_mhz, solvent)
    if not peaks:
        raise InputError(
            f"a {nucleus} spectrum with {len(ranges)} ranges, none of the compound's, and no data or peaks",
            "ranges of the compound, or a file saved with its data",
            hint="mark the compound's ranges as signals; where NMRium has saved a link only, save with the data",
            code="no_peaks",
        )
    picked = [PeakEntry(_shift(item.get("x", item.get("delta")))) for item in peaks]
    return peaks_of(nucleus, picked, config.shift_window, field_mhz, solvent)


def _values(part: Any) -> list[dict[str, Any]]:
    values = part.get("values") if isinstance(part, dict) else part
    return [item for item in values if isinstance(item, dict)] if isinstance(values, list) else []


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e300 and math.isfinite(value) else None


def _shift(value: Any) -> float:
    shift = _number(value)
    if shift is None:
        raise InputError(
            f"a shift of {shorten(repr(value))}",
            "a number in ppm",
            hint="correct or remove that peak or range in NMRium",
            code="malformed_shift",
        )
    return shift


def _numbers(values: list[Any], name: str) -> FloatArray:
    if not all(isinstance(value, int | float) and abs(value) < 1e300 for value in values):
        raise InputError(
            f"data.{name} with what is no finite number",
            "numbers",
            hint="save the file again with its data",
            code="not_finite",
        )
    return np.array(values, np.float64)


def _is_in_hydrogens(ranges: Any) -> bool:
    """Whether integrals are numbers of hydrogens: their sum is that of a molecule, or one that somebody has set."""
    options = _mapping(_mapping(ranges).get("options"))
    total = _number(options.get("sum")) or 0.0
    is_of_molecule = bool(options.get("mf") or options.get("moleculeId"))
    return total > 0 and (is_of_molecule or total != _DEFAULT_SUM)


def _unused_integrals(ranges: Any, nmr: NmrSpectrum | NmrPeaks) -> dict[str, str]:
    """The note on a ¹H list whose ranges have integrals of which none gives a number of hydrogens."""
    if not isinstance(nmr, NmrPeaks) or nmr.nucleus != "1H" or nmr.num_hydrogens is not None:
        return {}
    own = [item for item in _values(ranges) if item.get("kind") in _SIGNAL_KINDS]
    number = sum(1 for item in own if _number(item.get("integration")))
    reason = "no whole numbers" if _is_in_hydrogens(ranges) else "their sum is no number of hydrogens"
    return {"h_nmr_integrals_not_used": f"{number} of {len(own)} ranges: {reason}"} if number else {}


def _range_entries(item: dict[str, Any], nucleus: Nucleus, in_hydrogens: bool) -> Iterator[PeakEntry]:
    """One entry for each of the compound's signals in a range, or one for the range where no signal is marked.

    Args:
        item: the range.
        nucleus: of the spectrum.
        in_hydrogens: whether the integral of a range with one signal is its number of hydrogens.
    """
    if item.get("kind") not in _SIGNAL_KINDS:
        return
    integral = nearly_whole_number(_number(item.get("integration"))) if in_hydrogens else None
    of_range = whole_number(_number(item.get("nbAtoms"))) or integral
    signals = [signal for key in ("signals", "signal") for signal in _values(item.get(key))]
    for signal in signals:
        if signal.get("kind") not in _SIGNAL_KINDS:
            continue
        splittings = [j for key in ("js", "j") for j in _values(signal.get(key))]
        name = signal.get("multiplicity")
        name = known_multiplicity_of(name, nucleus) if isinstance(name, str) else None
        yield PeakEntry(
            _shift(signal.get("delta")),
            multiplicity=name or ("m" if signal.get("multiplicity") else None),
            coupling_hz=_couplings(splittings, name),
            num_hydrogens=whole_number(_number(signal.get("nbAtoms")))
            or (of_range if len(signals) == 1 else None),
        )
    if not signals:
        first, last = _shift(item.get("from")), _shift(item.get("to"))
        yield PeakEntry((first + last) / 2, width_ppm=abs(last - first), num_hydrogens=of_range)


def _couplings(splittings: list[dict[str, Any]], name: str | None) -> tuple[float, ...]:
    """Couplings of a signal: one per splitting if they are as many as its name has, else one per partner."""
    values = [(_number(j.get("coupling")) or 0.0, j.get("multiplicity")) for j in splittings]
    values = [(value, kind) for value, kind in values if value]
    if len(coupling_partners(name or "m") or ()) == len(values):
        return tuple(value for value, _ in values)
    expanded: list[float] = []
    for value, kind in values:
        word = known_multiplicity(kind) if isinstance(kind, str) else None
        expanded += [value] * (sum(coupling_partners(word or "d") or (1,)) or 1)
    return tuple(expanded)


def _structure(molecules: Any) -> dict[str, str]:
    blocks = [item.get("molfile") for item in _values(molecules)]
    molfiles = [block for block in blocks if isinstance(block, str) and block.strip()]
    if len(molfiles) != 1:
        return {"molecules": str(len(molfiles))} if molfiles else {}
    # RDKit is imported where a structure is met: reading spectra needs none.
    from molucid.chem.molblock import smiles_of_molblock

    try:
        return {"smiles": smiles_of_molblock(molfiles[0]) or ""}
    except InputError as error:
        return {"structure_not_read": error.got}
