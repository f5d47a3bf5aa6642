"""A peak list as a laboratory reports it: overlapping multiplets as one, ranges for couplings, rounded shifts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from molucid.simulate.nmr_augment_config import NmrAugmentConfig
from molucid.spectra.multiplets import multiplicity_name, split_lines
from molucid.spectra.nuclei import USUAL_FIELD_MHZ
from molucid.spectra.types import NmrPeaks


class _Peak(NamedTuple):
    shift_ppm: float
    width_ppm: float
    multiplicity: str | None
    coupling_hz: tuple[float, ...]
    number: int | None


def reported(peaks: NmrPeaks, config: NmrAugmentConfig, rng: np.random.Generator) -> NmrPeaks:
    """The list with what a report leaves out left out."""
    rows = _rows(peaks)
    field = peaks.field_mhz or USUAL_FIELD_MHZ[peaks.nucleus]
    first, second, third, fourth = rng.random(4)
    if peaks.nucleus == "1H":
        if third < config.bare_hydrogens:
            return NmrPeaks(
                "1H", np.round(peaks.shift_ppm, 2), field_mhz=peaks.field_mhz, solvent=peaks.solvent
            )
        if fourth < config.unresolved:
            rows = [_without_small(row, config.unresolved_below_hz) for row in rows]
        groups = _overlapping(rows, field) if second < config.merge_overlaps else [[row] for row in rows]
        rows = [_as_one(group, field, first < config.multiplet_as_range) for group in groups]
        return _list(peaks, rows, 3)
    if first < config.carbon_lines:
        rows = [line for row in rows for line in _single_lines(row, field)]
    least = 1 if third < config.carbon_numbers else 2 if fourth < config.carbon_repeats else None
    return _list(peaks, [_carbon(row, second < config.carbon_types, least) for row in rows], 2)


def _rows(peaks: NmrPeaks) -> list[_Peak]:
    size = len(peaks.shift_ppm)
    return [
        _Peak(*values)
        for values in zip(
            peaks.shift_ppm.tolist(),
            peaks.width_ppm.tolist() if peaks.width_ppm is not None else [0.0] * size,
            peaks.multiplicity or [None] * size,
            peaks.coupling_hz or [()] * size,
            peaks.num_hydrogens or [None] * size,
            strict=True,
        )
    ]


def _list(peaks: NmrPeaks, rows: list[_Peak], decimals: int) -> NmrPeaks:
    """The rows as a list; as a reader gives it, a property that no row has is absent from all."""
    width = np.array([round(row.width_ppm, decimals) for row in rows], np.float64)
    names = tuple(row.multiplicity for row in rows)
    numbers = tuple(row.number for row in rows)
    return NmrPeaks(
        peaks.nucleus,
        np.array([round(row.shift_ppm, decimals) for row in rows], np.float64),
        multiplicity=names if any(name is not None for name in names) else None,
        coupling_hz=tuple(row.coupling_hz for row in rows),
        num_hydrogens=numbers if any(number is not None for number in numbers) else None,
        width_ppm=width if width.any() else None,
        field_mhz=peaks.field_mhz,
        solvent=peaks.solvent,
    )


def _carbon(row: _Peak, with_type: bool, least: int | None) -> _Peak:
    """A carbon with its splitting where it is split, else its type or nothing, and its number from `least` on."""
    name = multiplicity_name(row.coupling_hz) if row.coupling_hz else row.multiplicity if with_type else None
    is_counted = least is not None and row.number is not None and row.number >= least
    return row._replace(multiplicity=name, number=row.number if is_counted else None)


def _span_ppm(row: _Peak, field_mhz: float) -> float:
    return max(sum(row.coupling_hz) / field_mhz, row.width_ppm)


def _is_broad(row: _Peak) -> bool:
    return row.multiplicity is not None and row.multiplicity.startswith("br")


def _without_small(row: _Peak, smallest_hz: float) -> _Peak:
    kept = tuple(value for value in row.coupling_hz if value >= smallest_hz)
    if len(kept) == len(row.coupling_hz):
        return row
    return row._replace(coupling_hz=kept, multiplicity=multiplicity_name(kept))


def _overlapping(rows: list[_Peak], field_mhz: float) -> list[list[_Peak]]:
    """Groups of neighbours whose patterns overlap; broad lines stay by themselves."""
    groups: list[list[_Peak]] = []
    for row in rows:
        before = groups[-1][-1] if groups else None
        if (
            before is not None
            and not _is_broad(row)
            and not _is_broad(before)
            and row.shift_ppm - before.shift_ppm
            < (_span_ppm(row, field_mhz) + _span_ppm(before, field_mhz)) / 2
        ):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _as_one(group: list[_Peak], field_mhz: float, as_range: bool) -> _Peak:
    """A multiplet of several peaks, or one peak; a multiplet gives its range."""
    first = group[0]
    if len(group) == 1 and not (as_range and first.multiplicity == "m"):
        return first
    low = min(row.shift_ppm - _span_ppm(row, field_mhz) / 2 for row in group)
    high = max(row.shift_ppm + _span_ppm(row, field_mhz) / 2 for row in group)
    numbers = [row.number for row in group if row.number is not None]
    total = sum(numbers) if len(numbers) == len(group) else None
    return _Peak((low + high) / 2, high - low, "m", (), total)


def _single_lines(row: _Peak, field_mhz: float) -> list[_Peak]:
    """Each line of a carbon that is split by F or P as a peak of its own."""
    if not row.coupling_hz:
        return [row]
    offsets, _ = split_lines(row.coupling_hz)
    return [
        row._replace(shift_ppm=row.shift_ppm + offset / field_mhz, coupling_hz=())
        for offset in offsets.tolist()
    ]
