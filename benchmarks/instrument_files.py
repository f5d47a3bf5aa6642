"""What the readers make of instrument files, and how far a transformed FID is from its processed spectrum.

    python -m benchmarks.instrument_files PATH [PATH …]

Every path is a file, or a folder that is searched for JCAMP-DX files, zip archives and Bruker experiments. The
first table counts records and reasons. The second has a row for each Bruker experiment with both a FID and a
processed spectrum: correlation of the two traces, and the largest distance in ppm of a line of the processed spectrum
(of at least 5 % of the highest) from the nearest of the other.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from molucid.errors import InputError, Rejected
from molucid.spectra.clean import CleanConfig, clean_all
from molucid.spectra.file_tree import FolderTree
from molucid.spectra.formats.bruker import Experiment
from molucid.spectra.read import read_files
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import FloatArray, NmrSpectrum, Record

SUFFIXES = {".dx", ".jdx", ".jcm", ".zip"}
MIN_RELATIVE_HEIGHT = 0.05


def paths_below(path: Path) -> Iterator[Path]:
    """The inputs below a folder; a file is its own."""
    if path.is_file():
        yield path
        return
    for entry in sorted(path.rglob("*")):
        if entry.suffix.lower() in SUFFIXES and entry.is_file():
            yield entry
        elif entry.name == "acqus":
            yield entry.parent


def lines_of(spectrum: NmrSpectrum) -> FloatArray:
    """Shifts of the local maxima that stand out."""
    y = spectrum.intensity
    tops = (
        np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:]) & (y[1:-1] > MIN_RELATIVE_HEIGHT * y.max()))
        + 1
    )
    return spectrum.shift_ppm[tops]


def compare(folder: Path) -> str | None:
    """One row for an experiment that has both; `None` for any other."""
    experiment = Experiment.at(FolderTree(folder, ReadConfig()), "", ReadConfig())
    if experiment.acqus is None or not {"fid", "pdata/1/1r"} <= experiment.inside:
        return None
    processed, transformed = experiment.processed("pdata/1/").spectrum, experiment.from_fid().spectrum
    if not (isinstance(processed, NmrSpectrum) and isinstance(transformed, NmrSpectrum)):
        return None
    on_its_axis = np.interp(processed.shift_ppm, transformed.shift_ppm, transformed.intensity)
    correlation = np.corrcoef(processed.intensity, on_its_axis)[0, 1]
    wanted, found = lines_of(processed), lines_of(transformed)
    distance = np.abs(wanted[:, None] - found[None]).min(axis=1) if found.size else np.array([np.inf])
    program = experiment.acqus.text("PULPROG")
    return f"{folder.name:>12} {program or '':>18} {correlation:8.3f} {len(wanted):6d} {distance.max():10.4f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path)
    inputs = [entry for path in parser.parse_args().paths for entry in paths_below(path)]
    warnings.simplefilter("error")
    counts: Counter[str] = Counter()
    for entry in inputs:
        for item in clean_all(read_files([entry]), CleanConfig()):
            if isinstance(item, Rejected):
                counts[item.code] += 1
                continue
            assert isinstance(item, Record)
            for slot in ("ir", "h_nmr", "c_nmr"):
                counts[f"  read: {slot}"] += getattr(item.evidence, slot) is not None
    print(f"{len(inputs)} inputs")
    for name, number in sorted(counts.items()):
        print(f"{number:6d} {name}")
    print(f"\n{'experiment':>12} {'pulse program':>18} {'corr.':>8} {'lines':>6} {'max. ppm':>10}")
    for folder in inputs:
        try:
            row = compare(folder) if folder.is_dir() else None
        except InputError as error:
            row = f"{folder.name:>12} {error.code}"
        if row is not None:
            print(row)


if __name__ == "__main__":
    main()
