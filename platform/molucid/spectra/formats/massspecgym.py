"""MassSpecGym's table: tab separated, one spectrum per row, peaks as two comma-separated cells.

Source: Bushuiev et al., "MassSpecGym" (NeurIPS 2024). Its `collision_energy` is in eV on every instrument
(normalised energies were converted), its `parent_mass` a neutral mass.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where
from molucid.spectra.draft import Draft
from molucid.spectra.fields import field_name
from molucid.spectra.source import Line, ReadConfig, lines, unpacked
from molucid.spectra.types import Record

REQUIRED_COLUMNS = ("mzs", "intensities")
ID_FIELDS = ("identifier",)
_RENAMED = {"collision_energy": "collision_energy_ev"}


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of a MassSpecGym table; see `molucid.spectra.formats.mgf.read`.

    Raises:
        InputError: the first line does not name the columns `mzs` and `intensities`.
    """
    columns: list[str] | None = None
    for line in lines(unpacked(stream, file), config.max_record_chars):
        if not line.text.strip():
            continue
        if columns is None:
            columns = [field_name(cell) for cell in line.text.split("\t")]
            missing = [name for name in REQUIRED_COLUMNS if name not in columns]
            if missing:
                raise InputError(
                    f"a table without the column {missing[0]!r}",
                    "a tab-separated header with identifier, mzs, intensities, precursor_mz, adduct, …",
                    Where(file, line=line.number),
                    code="missing_column",
                )
            continue
        yield _row(line, columns, file, config)


def _row(line: Line, columns: list[str], file: str, config: ReadConfig) -> Record | Rejected:
    draft = Draft.at(line.number, config)
    if line.cut:
        draft.cut_line(line)
    cells = [cell.strip('"') for cell in line.text.split("\t")]
    if len(cells) != len(columns) and not line.cut:
        draft.fail(
            InputError(f"{len(cells)} cells", f"{len(columns)}, as in the first line", code="ragged_row")
        )
    row = dict(zip(columns, cells, strict=False))
    mzs, intensities = row.pop("mzs", ""), row.pop("intensities", "")
    for name, value in row.items():
        draft.header(_RENAMED.get(name, name), value)
    if draft.fault is None:
        _take_peaks(draft, mzs, intensities)
    return draft.finish(file, f"{Path(file).name}#{line.number}", ID_FIELDS)


def _take_peaks(draft: Draft, mzs: str, intensities: str) -> None:
    if mzs.count(",") != intensities.count(","):
        draft.fail(
            InputError(
                f"{mzs.count(',') + 1} m/z and {intensities.count(',') + 1} intensities",
                "as many of the one as of the other",
                code="ragged_arrays",
            )
        )
        return
    try:
        if mzs or intensities:
            for mz, intensity in zip(mzs.split(","), intensities.split(","), strict=True):
                draft.peaks.add(mz, intensity)
    except InputError as error:
        draft.fail(error)
