"""From a JCAMP-DX block to an infrared or NMR spectrum.

Units are read, never guessed: the kind of spectrum from `##DATA TYPE=`, axis and ordinate from their labels, the
nucleus from `##.OBSERVE NUCLEUS=`, the shift of an axis in Hz from `##.SHIFT REFERENCE=` or Bruker's `##$OFFSET=`.
"""

from __future__ import annotations

import re

import numpy as np

from molucid.errors import InputError, shorten
from molucid.spectra.compound import Part
from molucid.spectra.fields import is_number, parse_number
from molucid.spectra.infrared import infrared_spectrum, wavenumbers
from molucid.spectra.jcamp_ordinates import read_pairs
from molucid.spectra.jcamp_tables import (
    Trace,
    announced_points,
    check_count,
    missing_label,
    number_of,
    trace_of,
    unprocessed_fid,
)
from molucid.spectra.jcamp_text import Block
from molucid.spectra.nmr_entries import PeakEntry, multiplicity_of, peaks_of
from molucid.spectra.nuclei import SLOTS, parse_nucleus
from molucid.spectra.pulse_programs import require_unedited
from molucid.spectra.referencing import reference, settle
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum, Nucleus

_INFRARED = re.compile(r"INFRARED|\bF?T?-?IR\b")
_TABLES = ("XYDATA", "XYPOINTS", "NTUPLES", "PEAKTABLE", "PEAKASSIGNMENTS")
_CENTRED_SHARE = 0.02  # how far from its middle the 0 of an axis may be, of its width
_ASSIGNMENT = re.compile(r"\(([^()<>]*)(?:<[^<>]*>)?[^()<>]*\)")


def holds_data(block: Block) -> bool:
    """Whether a block claims to be a spectrum; structures, parameters and blocks of links do not."""
    if any(label in block.labels for label in _TABLES):
        return True
    return not block.blocks and "DATATYPE" in block.labels and "JCAMPCS" not in block.labels


def spectrum_of(block: Block, config: ReadConfig) -> Part:
    """The spectrum of a block.

    Raises:
        InputError: another kind of data, units or a nucleus that are not known, missing labels, or damaged data.
    """
    if block.fault is not None:
        raise block.fault
    kind = (block.get("DATATYPE") or "").upper()
    if not kind:
        raise missing_label("DATA TYPE")
    # Numbers beyond all bounds become infinite here and are refused as such where the spectrum is made.
    with np.errstate(all="ignore"):
        if "NMR" in kind:
            return _nmr(block, kind, config)
        if _INFRARED.search(kind) and "INTERFEROGRAM" not in kind:
            return _infrared(block, config)
    raise InputError(
        f"##DATA TYPE={shorten(kind, 40)}",
        "INFRARED SPECTRUM or NMR SPECTRUM",
        hint="leave out other data, or export the spectrum itself",
        code="unsupported_data_type",
    )


def _infrared(block: Block, config: ReadConfig) -> Part:
    if not any(label in block.labels for label in ("XYDATA", "XYPOINTS")) and "PEAKTABLE" in block.labels:
        raise InputError(
            "a table of infrared peaks",
            "the whole trace",
            hint="export the spectrum as XYDATA; what is between the peaks counts, too",
            code="ir_peak_table",
        )
    trace = trace_of(block, config)
    axis = wavenumbers(trace.x, trace.x_units)
    spectrum, notes = infrared_spectrum(axis, trace.y, trace.y_units, config.infrared)
    return Part("ir", spectrum, {f"ir_{name}": text for name, text in notes.items()})


def _nmr(block: Block, kind: str, config: ReadConfig) -> Part:
    if "FID" in kind:
        raise unprocessed_fid()
    name = block.get(".OBSERVENUCLEUS", "$NUC1", "$NUCLEUS")
    if name is None:
        raise missing_label(".OBSERVE NUCLEUS")
    nucleus = parse_nucleus(name)
    require_unedited(block.get(".PULSESEQUENCE", "$PULPROG"))
    field_mhz = number_of(block, ".OBSERVEFREQUENCY", "$SFO1")
    if field_mhz is not None and field_mhz <= 0:
        raise InputError(
            f"##.OBSERVE FREQUENCY={field_mhz:g}", "a frequency in MHz above 0", code="malformed_label"
        )
    solvent_text = block.get(".SOLVENTNAME", "$SOLVENT")
    solvent = canonical_solvent(solvent_text) if solvent_text else None
    spectrum: NmrSpectrum | NmrPeaks
    stated: str | None
    if any(label in block.labels for label in ("XYDATA", "XYPOINTS", "NTUPLES")):
        trace = trace_of(block, config)
        shift, stated = _shifts(block, trace, field_mhz)
        spectrum = NmrSpectrum(nucleus, shift, trace.y, field_mhz, solvent)
        if stated is None:
            # In Hz, so that nothing but a line of TMS or the solvent says where 0 ppm is.
            as_written = spectrum
            spectrum, stated = reference(as_written, config.referencing)
            if spectrum is as_written:
                raise _missing_reference(trace)
    else:
        places, names = _listed(block, nucleus, config)
        shift, stated = _listed_shifts(block, places, field_mhz)
        entries = [PeakEntry(at, multiplicity=name) for at, name in zip(shift.tolist(), names, strict=True)]
        spectrum = peaks_of(nucleus, entries, config.shift_window, field_mhz, solvent)
    settled, notes = settle(spectrum, stated, config.referencing)
    if solvent_text and solvent is None:
        notes[f"{SLOTS[nucleus]}_solvent"] = solvent_text
    return Part(SLOTS[nucleus], settled, notes)


def _in_ppm(x: FloatArray, units: str, field_mhz: float | None) -> FloatArray:
    if units == "PPM":
        return x
    if units != "HZ":
        raise InputError(
            f"an NMR axis in {shorten(units) or 'no unit'}",
            "HZ or PPM",
            hint="export the spectrum over ppm",
            code="unknown_x_units",
        )
    if field_mhz is None:
        raise missing_label(".OBSERVE FREQUENCY")
    return x / field_mhz


def _shifts(block: Block, trace: Trace, field_mhz: float | None) -> tuple[FloatArray, str | None]:
    """The axis in ppm, and how the file states its reference; `None` if it does not."""
    units = trace.x_units.upper()
    shift = _in_ppm(trace.x, units, field_mhz)
    if units == "PPM":
        return shift, "axis in ppm"
    stated = _shift_reference(block)
    if stated is not None:
        point, at_ppm = stated
        # The point counts from 1 in the order of the file and may lie between two.
        here = float(np.interp(point - 1, np.arange(len(shift)), shift))
        return shift + (at_ppm - here), f"point {point:g} at {at_ppm:g} ppm"
    offset = number_of(block, "$OFFSET")
    if offset is not None:
        return shift + (offset - float(shift.max())), f"highest shift {offset:g} ppm"
    first, last = float(trace.x[0]), float(trace.x[-1])
    # Such an axis says how wide the spectrum is, not where; a line at its 0 is no TMS.
    if min(abs(first), abs(last)) == 0 or abs(first + last) <= _CENTRED_SHARE * abs(first - last):
        raise _missing_reference(trace)
    return shift, None


def _listed_shifts(block: Block, places: FloatArray, field_mhz: float | None) -> tuple[FloatArray, str]:
    """Shifts of a list, and how the file states its reference: one in Hz must name one of its own lines."""
    units = (block.get("XUNITS") or "").upper()
    shift = _in_ppm(places, units, field_mhz)
    if units == "PPM" or not shift.size:
        return shift, "list as written"
    point, at_ppm = _shift_reference(block) or (0.0, 0.0)
    is_tms = "TMS" in (block.get(".SHIFTREFERENCE") or "").upper()
    # A point that is no line of the list, or TMS away from 0, is of the trace that the list was taken from; its
    # highest shift ($OFFSET) is none of the list's, either.
    if not (point.is_integer() and 1 <= point <= len(shift)) or (is_tms and at_ppm != 0):
        raise InputError(
            f"a list in Hz from {places[0]:g} to {places[-1]:g} without a reference",
            "##.SHIFT REFERENCE= with the number of one of its lines and the shift of that line",
            hint="export the list over ppm",
            code="missing_reference",
        )
    return shift + (at_ppm - shift[int(point) - 1]), f"line {point:g} at {at_ppm:g} ppm"


def _missing_reference(trace: Trace) -> InputError:
    return InputError(
        f"an axis in Hz from {trace.x[0]:g} to {trace.x[-1]:g} without a reference",
        "##.SHIFT REFERENCE=, which says the shift of one point, or a line of TMS or the solvent",
        hint="add e.g. ##.SHIFT REFERENCE= INTERNAL, TMS, 1, 14.5, or export the spectrum over ppm",
        code="missing_reference",
    )


def _shift_reference(block: Block) -> tuple[float, float] | None:
    """Number of a point and its shift: `INTERNAL, TMS, 1, 14.5`; `None` where they are not given."""
    text = block.get(".SHIFTREFERENCE")
    cells = [] if text is None else [cell.strip() for cell in text.strip("() ").split(",")]
    if len(cells) < 4 or not (is_number(cells[-2]) and is_number(cells[-1])):
        return None
    point, at_ppm = (parse_number(cell, ".SHIFT REFERENCE", "malformed_label") for cell in cells[-2:])
    # Points count from 1; programs that know no reference write 0, 0.
    return (point, at_ppm) if point >= 1 else None


def _listed(block: Block, nucleus: Nucleus, config: ReadConfig) -> tuple[FloatArray, list[str | None]]:
    """Positions of a `PEAK TABLE` or of `PEAK ASSIGNMENTS`, the latter once each and with their multiplicities.

    Raises:
        InputError: a form that is not known, or fewer or more lines than the block announces.
    """
    factor = number_of(block, "XFACTOR")
    table = block.labels.get("PEAKTABLE")
    if table is not None:
        if not re.search(r"\(\s*XY\s*\.\.\s*XY\s*\)", table.first_line.upper()):
            raise _unknown_list(table.first_line)
        x, _ = read_pairs(table.lines[1:], config.max_peaks)
        num_points = announced_points(block)
        if x or num_points:
            check_count(len(x), num_points)
        return np.array(x) * (1.0 if factor is None else factor), [None] * len(x)
    assigned = block.labels.get("PEAKASSIGNMENTS")
    if assigned is None:
        raise missing_label("XYDATA")
    form = re.sub(r"\s", "", assigned.first_line.upper())
    if form not in ("(XYA)", "(XYMA)", "(XA)", "(XMA)"):
        raise _unknown_list(assigned.first_line)
    place = form.find("M") - 1
    text = "\n".join(line.text for line in assigned.lines[1:])
    if rest := _ASSIGNMENT.sub("", text).strip(" \t\n,;"):
        raise InputError(
            f"{shorten(rest, 40)!r} among peak assignments",
            "each peak in parentheses, its atom in < >",
            hint="close the parenthesis",
            code="malformed_ordinate",
        )
    found: dict[float, str | None] = {}
    entries = _ASSIGNMENT.findall(text)
    for entry in entries:
        cells = [cell.strip() for cell in entry.split(",")]
        shift = parse_number(cells[0], "shift", "malformed_ordinate")
        name = cells[place] if 0 < place < len(cells) else ""
        found[shift] = multiplicity_of(name, nucleus) if name else found.get(shift)
    num_points = announced_points(block)
    # Programs count the entries, or a line once for all atoms that it is assigned to.
    if (entries or num_points) and num_points != len(found):
        check_count(len(entries), num_points)
    return np.array(list(found), np.float64), list(found.values())


def _unknown_list(form: str) -> InputError:
    return InputError(
        f"peaks in the form {shorten(form, 40)!r}",
        "(XY..XY), (XYA) or (XYMA)",
        hint="export the trace as XYDATA",
        code="unknown_table_form",
    )
