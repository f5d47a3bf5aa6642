"""The multimodal spectroscopic dataset: simulated IR, ¹H and ¹³C NMR and MS/MS of 790,000 molecules, as Parquet.

Source: Alberts et al., "Unraveling Molecular Structure: A Multimodal Spectroscopic Dataset for Chemistry" (NeurIPS
2024), data under CDLA-Sharing-1.0. Both of its schemas are read: that of the first release (17 columns, MS/MS as
`msms_positive_10ev` …) and the later one (21 columns, `msms_cfmid_positive_10ev` …, with two more simulators).

The NMR traces are stored from high to low shift, on 10,000 points from 10 to −2 ppm (¹H) and from 230 to −20 ppm (¹³C);
the file does not say so. They become ascending here. IR is on 400, 402 … 3998 cm⁻¹.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molucid.chem.adducts import parse_adduct
from molucid.chem.formula import Formula
from molucid.config import Config
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.fields import molecule_formula
from molucid.spectra.grids import IR_GRID, NMR_GRIDS, Grid
from molucid.spectra.nmr_entries import PeakEntry, peaks_of
from molucid.spectra.nmr_multiplicity import parse_multiplicity
from molucid.spectra.nmr_window import ShiftWindowConfig
from molucid.spectra.parquet_table import has_columns, open_table
from molucid.spectra.types import (
    Evidence,
    FloatArray,
    InfraredSpectrum,
    MassSpectrum,
    NmrPeaks,
    NmrSpectrum,
    Nucleus,
    Record,
)

SOURCE, LICENCE = "multimodal spectroscopic dataset", "CDLA-Sharing-1.0"
COLUMNS = ("smiles", "molecular_formula", "ir_spectra", "h_nmr_spectra", "c_nmr_spectra")
"""Columns that both schemas have and by which a table is known."""
_PEAK_COLUMNS = ("h_nmr_peaks", "c_nmr_peaks")
_ENERGIES_EV = (10, 20, 40)
_ADDUCTS = {"positive": "[M+H]+", "negative": "[M-H]-"}
_BATCH_ROWS = 64


class AlbertsConfig(Config):
    """What of a row becomes evidence.

    Attributes:
        nmr: the simulated traces, or the peaks that were picked from them.
        msms: the spectra that CFM-ID predicts at 10, 20 and 40 eV in both polarities.
    """

    nmr: Literal["traces", "peaks"] = "traces"
    msms: bool = False


def is_alberts(path: Path | str) -> bool:
    """Whether the file is a Parquet table of this dataset, in either schema."""
    return has_columns(path, COLUMNS)


def read(path: Path | str, config: AlbertsConfig | None = None) -> Iterator[Record | Rejected]:
    """The records of one chunk in its order, named `chunk#row` with rows counted from 1.

    Raises:
        InputError: the file is not a table with `COLUMNS` and those that `config` asks for.
    """
    config = config or AlbertsConfig()
    msms = _msms_columns(path) if config.msms else {}
    traces = ("ir_spectra", "h_nmr_spectra", "c_nmr_spectra") if config.nmr == "traces" else ("ir_spectra",)
    peaks = _PEAK_COLUMNS if config.nmr == "peaks" else ()
    table = open_table(path, (*COLUMNS, *peaks))
    scalars = ("smiles", "molecular_formula", *peaks, *msms)
    number = 0
    for batch in table.iter_batches(_BATCH_ROWS, columns=[*scalars, *traces]):
        arrays = {name: _rows(batch.column(name)) for name in traces}
        for place, row in enumerate(batch.select(list(scalars)).to_pylist()):
            number += 1
            id = f"{Path(path).stem}#{number}"
            where = Where(str(path), record=id, line=number)
            row |= {name: values[place] for name, values in arrays.items()}
            try:
                yield _record(id, row, where, config, msms)
            except InputError as error:
                yield Rejected.from_error(id, error, where)


def _msms_columns(path: Path | str) -> dict[str, tuple[str, float]]:
    """Column → (adduct, energy in eV), under the names of the table's schema."""
    names = set(open_table(path).schema_arrow.names)
    prefix = "msms_cfmid" if "msms_cfmid_positive_10ev" in names else "msms"
    columns = {
        f"{prefix}_{polarity}_{energy}ev": (adduct, float(energy))
        for polarity, adduct in _ADDUCTS.items()
        for energy in _ENERGIES_EV
    }
    open_table(path, tuple(columns))
    return columns


def _rows(column: pa.Array[Any]) -> list[FloatArray | None]:
    """The lists of a column as views of one array; `None` for a null."""
    assert isinstance(column, pa.ListArray | pa.LargeListArray)
    values: NDArray[Any] = column.values.to_numpy(zero_copy_only=False)
    offsets = column.offsets.to_numpy()
    present = column.is_valid().to_numpy(zero_copy_only=False)
    return [
        values[first:last] if is_present else None
        for first, last, is_present in zip(offsets[:-1], offsets[1:], present, strict=True)
    ]


def _record(
    id: str,
    row: Mapping[str, Any],
    where: Where,
    config: AlbertsConfig,
    msms: Mapping[str, tuple[str, float]],
) -> Record:
    formula = molecule_formula(row["molecular_formula"], ())
    ir = _on_grid(row["ir_spectra"], IR_GRID, "ir_spectra")
    if config.nmr == "traces":
        h_nmr: NmrSpectrum | NmrPeaks | None = _trace(row["h_nmr_spectra"], "1H")
        c_nmr: NmrSpectrum | NmrPeaks | None = _trace(row["c_nmr_spectra"], "13C")
    else:
        h_nmr, c_nmr = _h_peaks(row["h_nmr_peaks"]), _c_peaks(row["c_nmr_peaks"])
    evidence = Evidence(
        id,
        formula=formula,
        msms=tuple(
            spectrum
            for name, (adduct, energy_ev) in msms.items()
            if (spectrum := _mass_spectrum(row[name], formula, adduct, energy_ev)) is not None
        ),
        ir=None if ir is None else InfraredSpectrum(IR_GRID.axis, ir),
        h_nmr=h_nmr,
        c_nmr=c_nmr,
    )
    return Record(evidence, row["smiles"], where, {"source": SOURCE, "licence": LICENCE})


def _on_grid(values: FloatArray | None, grid: Grid, column: str) -> FloatArray | None:
    if values is not None and len(values) != grid.num_points:
        raise InputError(
            f"{len(values)} points in {column}",
            f"{grid.num_points}",
            hint="the file is not of this dataset, or damaged",
            code="ragged_arrays",
        )
    return values


def _trace(values: FloatArray | None, nucleus: Nucleus) -> NmrSpectrum | None:
    grid = NMR_GRIDS[nucleus]
    stored = _on_grid(values, grid, f"{nucleus} NMR")
    return None if stored is None else NmrSpectrum(nucleus, grid.axis, stored[::-1])


def _h_peaks(peaks: list[dict[str, Any]] | None) -> NmrPeaks | None:
    """Multiplets. Of what is no first order, the range stands in place of a centre, as authors write it."""
    if not peaks:
        return None
    entries = []
    for peak in peaks:
        name = parse_multiplicity(peak["category"])
        # Couplings are stored from small to large, while the letters of a category go from large to small.
        couplings = [float(text) for text in (peak["j_values"] or "").split("_") if text][::-1]
        width = peak["rangeMax"] - peak["rangeMin"] if name == "m" else 0.0
        entries.append(PeakEntry(peak["delta"], width, name, tuple(couplings), peak["nH"]))
    return peaks_of("1H", entries, ShiftWindowConfig())


def _c_peaks(peaks: list[dict[str, Any]] | None) -> NmrPeaks | None:
    if not peaks:
        return None
    return peaks_of("13C", [PeakEntry(peak["delta (ppm)"]) for peak in peaks], ShiftWindowConfig())


def _mass_spectrum(
    peaks: list[list[float]] | None, formula: Formula, adduct: str, energy_ev: float
) -> MassSpectrum | None:
    if not peaks:
        return None
    mz, intensity = np.array(peaks, np.float64).T
    ion = parse_adduct(adduct)
    return MassSpectrum(mz, intensity, ion.precursor_mz(formula), ion.name, collision_energy_ev=energy_ev)
