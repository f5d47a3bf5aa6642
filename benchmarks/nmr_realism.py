"""Simulated against published NMR lists: the multimodal spectroscopic dataset (MestReNova) and the literature.

    python benchmarks/nmr_realism.py DATA [--rows 1000]

DATA is the folder of development data with `alberts_example_100.parquet` and `nmr_literature_text.parquet`. Every
listed peak goes to one simulated peak so that the sum of the distances is least (linear sum assignment). ¹³C: molecules
without fluorine and phosphorus, whose lines would be listed one by one. ¹H: of the peaks that are matched and are no
band, how many agree in the number of hydrogens and in the splitting, and how far the largest couplings are apart where
both sides have one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from molucid.errors import InputError
from molucid.simulate.nmr import NmrSimulator, SimulatedNmr
from molucid.spectra.nmr_multiplicity import couplings_per_partner, known_multiplicity
from molucid.spectra.nmr_text import parse_nmr_text
from molucid.spectra.types import NmrPeaks

Row = tuple[str, NmrPeaks | None, NmrPeaks | None]


def dataset_rows(path: Path) -> Iterator[Row]:
    """SMILES, ¹H and ¹³C list of each row of the multimodal dataset."""
    for row in pq.read_table(path, columns=["smiles", "h_nmr_peaks", "c_nmr_peaks"]).to_pylist():
        hydrogens = row["h_nmr_peaks"]
        names = [known_multiplicity(peak["category"]) for peak in hydrogens]
        values = [
            # the file lists couplings from the smallest, names go from the largest
            tuple(
                sorted((float(value) for value in (peak["j_values"] or "").split("_") if value), reverse=True)
            )
            for peak in hydrogens
        ]
        yield (
            row["smiles"],
            NmrPeaks(
                "1H",
                np.array([peak["centroid"] for peak in hydrogens]),
                multiplicity=tuple(names),
                coupling_hz=tuple(couplings_per_partner(n, v) for n, v in zip(names, values, strict=True)),
                num_hydrogens=tuple(peak["nH"] for peak in hydrogens),
            ),
            NmrPeaks("13C", np.array([peak["delta (ppm)"] for peak in row["c_nmr_peaks"]])),
        )


def literature_rows(path: Path, limit: int) -> Iterator[Row]:
    """The same of experimental sections; text that cannot be read is no list."""
    for row in pq.read_table(path).slice(0, limit).to_pylist():
        yield row["smiles"], _parsed(row["h1_text"], "1H"), _parsed(row["c13_text"], "13C")


def _parsed(text: str, nucleus: Any) -> NmrPeaks | None:
    try:
        return parse_nmr_text(text, nucleus).spectra.get(nucleus)
    except InputError:
        return None


def matched(listed: NmrPeaks, simulated: NmrPeaks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the listed and of the simulated peaks that belong together."""
    distance = np.abs(listed.shift_ppm[:, None] - simulated.shift_ppm[None, :])
    rows, columns = linear_sum_assignment(distance)
    return np.asarray(rows), np.asarray(columns)


class Tally:
    """What is counted over a collection."""

    def __init__(self) -> None:
        self.carbon: list[float] = []
        self.hydrogen: list[float] = []
        self.within: list[bool] = []
        self.coupling: list[float] = []
        self.same_number: list[bool] = []
        self.same_splitting: list[bool] = []
        self.carbon_counts: list[tuple[int, int]] = []
        self.molecules = self.refused = 0

    def add(self, smiles: str, found: SimulatedNmr, h_nmr: NmrPeaks | None, c_nmr: NmrPeaks | None) -> None:
        """Compare one molecule."""
        self.molecules += 1
        if c_nmr is not None and len(c_nmr.shift_ppm) and not {"F", "P"} & set(smiles):
            rows, columns = matched(c_nmr, found.c_nmr)
            self.carbon += np.abs(c_nmr.shift_ppm[rows] - found.c_nmr.shift_ppm[columns]).tolist()
            self.carbon_counts.append((len(c_nmr.shift_ppm), len(found.c_nmr.shift_ppm)))
        if h_nmr is not None and len(h_nmr.shift_ppm):
            self._add_hydrogens(h_nmr, found.h_nmr)

    def _add_hydrogens(self, listed: NmrPeaks, simulated: NmrPeaks) -> None:
        for row, column in zip(*matched(listed, simulated), strict=True):
            error = abs(float(listed.shift_ppm[row] - simulated.shift_ppm[column]))
            if simulated.multiplicity and str(simulated.multiplicity[column]).startswith("br"):
                continue
            self.hydrogen.append(error)
            if simulated.shift_std_ppm is not None:
                self.within.append(error <= simulated.shift_std_ppm[column])
            name = listed.multiplicity[row] if listed.multiplicity else None
            if name is None or name == "m" or name.startswith("br"):
                continue
            if listed.num_hydrogens and simulated.num_hydrogens and listed.num_hydrogens[row] is not None:
                self.same_number.append(listed.num_hydrogens[row] == simulated.num_hydrogens[column])
            self.same_splitting.append(
                bool(simulated.multiplicity) and simulated.multiplicity[column] == name
            )
            mine = simulated.coupling_hz[column] if simulated.coupling_hz else ()
            theirs = listed.coupling_hz[row] if listed.coupling_hz else ()
            if mine and theirs:
                self.coupling.append(abs(max(mine) - max(theirs)))

    def show(self, name: str) -> None:
        """Print the means."""
        listed, simulated = np.array(self.carbon_counts).T
        print(f"{name}: {self.molecules} molecules, {self.refused} refused by the simulator")
        print(
            f"  13C  {len(self.carbon)} shifts, MAE {np.mean(self.carbon):.2f} ppm, median "
            f"{np.median(self.carbon):.2f}; same number of peaks in {np.mean(listed == simulated):.0%} "
            f"of {len(listed)} molecules"
        )
        print(
            f"  1H   {len(self.hydrogen)} peaks, MAE {np.mean(self.hydrogen):.3f} ppm, median "
            f"{np.median(self.hydrogen):.3f}, within one stated deviation {np.mean(self.within):.0%}"
        )
        print(
            f"       same number of hydrogens {np.mean(self.same_number):.0%} of {len(self.same_number)}, same "
            f"splitting {np.mean(self.same_splitting):.0%} of {len(self.same_splitting)}, largest coupling off by "
            f"{np.median(self.coupling):.2f} Hz (median of {len(self.coupling)}, mean {np.mean(self.coupling):.2f})"
        )


def main() -> None:
    """Compare both collections."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=1000, help="most rows of the literature")
    arguments = parser.parse_args()
    simulator = NmrSimulator()
    for name, rows in (
        ("multimodal dataset", dataset_rows(arguments.data / "alberts_example_100.parquet")),
        ("literature", literature_rows(arguments.data / "nmr_literature_text.parquet", arguments.rows)),
    ):
        tally = Tally()
        for smiles, h_nmr, c_nmr in rows:
            found = simulator.simulate(smiles)
            if isinstance(found, SimulatedNmr):
                tally.add(smiles, found, h_nmr, c_nmr)
            else:
                tally.refused += 1
        tally.show(name)


if __name__ == "__main__":
    main()
