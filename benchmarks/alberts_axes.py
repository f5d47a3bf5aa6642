"""Whether the traces of the multimodal spectroscopic dataset stand on the axes that they are read on.

    MOLUCID_DATA=<folder with alberts_example_100.parquet> python benchmarks/alberts_axes.py

Listed ¹³C peaks are compared with the nearest maximum of the trace, and with the same maxima on an ascending axis; of
the ¹H signal above 1 % of each trace's maximum, the share inside of the listed ranges is counted.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from molucid.dataset.sources import alberts
from molucid.spectra.grids import C_NMR_GRID
from molucid.spectra.nmr_peak_picking import PeakPickingConfig, pick_peaks
from molucid.spectra.types import NmrSpectrum, Record


def main() -> int:
    """Print the table."""
    folder = os.environ.get("MOLUCID_DATA")
    if not folder:
        print("set MOLUCID_DATA to the folder that holds alberts_example_100.parquet", file=sys.stderr)
        return 2
    path = Path(folder) / "alberts_example_100.parquet"
    records = [item for item in alberts.read(path) if isinstance(item, Record)]
    begin = time.process_time()
    for _ in alberts.read(path):
        pass
    print(
        f"{len(records)} rows, {1e3 * (time.process_time() - begin) / len(records):.2f} ms of one core each"
    )
    listed = pq.read_table(path, columns=["h_nmr_peaks", "c_nmr_peaks"]).to_pylist()
    for height, distance in ((0.02, 3), (0.1, 5)):
        config = PeakPickingConfig(min_relative_height=height, min_distance_points=distance)
        errors, mirrored = [], []
        for record, row in zip(records, listed, strict=True):
            trace = record.evidence.c_nmr
            assert isinstance(trace, NmrSpectrum)
            found = pick_peaks(trace, config).shift_ppm
            shifts = np.array([peak["delta (ppm)"] for peak in row["c_nmr_peaks"]])
            errors.append(np.abs(shifts[:, None] - found).min(axis=1))
            turned = C_NMR_GRID.first + C_NMR_GRID.last - found
            mirrored.append(np.abs(shifts[:, None] - turned).min(axis=1))
        error, other = np.concatenate(errors), np.concatenate(mirrored)
        print(
            f"¹³C, height {height:g}, distance {distance}: median error {np.median(error):.4f} ppm, within 0.05 ppm "
            f"{(error <= 0.05).mean():.1%} of {len(error)}; on an ascending axis {np.median(other):.1f} ppm"
        )
    inside = total = 0.0
    for record, row in zip(records, listed, strict=True):
        trace = record.evidence.h_nmr
        assert isinstance(trace, NmrSpectrum)
        y = np.where(trace.intensity > 0.01 * trace.intensity.max(), trace.intensity, 0)
        within = np.zeros(len(y), np.bool_)
        for peak in row["h_nmr_peaks"]:
            within |= (trace.shift_ppm >= peak["rangeMin"]) & (trace.shift_ppm <= peak["rangeMax"])
        inside, total = inside + y[within].sum(), total + y.sum()
    print(f"¹H: {inside / total:.2%} of the signal inside of the listed ranges")
    return 0


if __name__ == "__main__":
    sys.exit(main())
