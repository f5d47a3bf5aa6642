"""Molecules per second of the fast simulators of infrared and NMR spectra: SMILES in, spectra out.

    python -m benchmarks.evidence_speed [--processes 2] [--molecules 2000] [--rounds 5]

The molecules are those of `simulate_speed.py` (10 to 45 heavy atoms, median 22). Every process has its own share and
one thread, and simulates some of it unmeasured first. Wall clock of all processes together, best round and median; CPU
time counts processor time, which a loaded machine changes less.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.parallel_rounds import Ways, load_line, measure
from benchmarks.simulate_speed import molecules
from molucid.simulate.ir import IrSimulator
from molucid.simulate.nmr import NmrSimulator, SimulatedNmr
from molucid.simulate.nmr_augment import NmrAugmentConfig, augment_peaks, augmented_trace
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID
from molucid.spectra.multiplets import render
from molucid.spectra.types import InfraredSpectrum


class Simulators:
    """What one process holds."""

    def __init__(self) -> None:
        self.ir, self.nmr = IrSimulator(), NmrSimulator()
        self.augment = NmrAugmentConfig()

    def lists(self, smiles: Sequence[str]) -> list[SimulatedNmr]:
        """¹H and ¹³C peak lists."""
        return [found for found in self.nmr.simulate_many(smiles) if isinstance(found, SimulatedNmr)]

    def infrared(self, smiles: Sequence[str]) -> list[InfraredSpectrum]:
        """Infrared spectra."""
        return [found for found in self.ir.simulate_many(smiles) if isinstance(found, InfraredSpectrum)]

    def traces(self, smiles: Sequence[str]) -> None:
        """Both lists, and both traces drawn of them."""
        for found in self.lists(smiles):
            render(found.h_nmr, H_NMR_GRID)
            render(found.c_nmr, C_NMR_GRID)

    def augmented_lists(self, smiles: Sequence[str]) -> None:
        """Both lists as a laboratory reports them."""
        rng = np.random.default_rng(0)
        for found in self.lists(smiles):
            augment_peaks(found.h_nmr, self.augment, rng)
            augment_peaks(found.c_nmr, self.augment, rng)

    def augmented_traces(self, smiles: Sequence[str]) -> None:
        """Both traces as measured."""
        rng = np.random.default_rng(0)
        for found in self.lists(smiles):
            augmented_trace(found.h_nmr, self.augment, rng)
            augmented_trace(found.c_nmr, self.augment, rng)

    def all_with_lists(self, smiles: Sequence[str]) -> None:
        """Infrared spectra and both lists."""
        self.infrared(smiles)
        self.lists(smiles)

    def all_with_traces(self, smiles: Sequence[str]) -> None:
        """Infrared spectra and both traces."""
        self.infrared(smiles)
        self.traces(smiles)


WAYS: dict[str, Callable[[Simulators, Sequence[str]], object]] = {
    "IR": Simulators.infrared,
    "NMR, lists": Simulators.lists,
    "NMR, traces": Simulators.traces,
    "NMR, augmented lists": Simulators.augmented_lists,
    "NMR, augmented traces": Simulators.augmented_traces,
    "IR and NMR, lists": Simulators.all_with_lists,
    "IR and NMR, traces": Simulators.all_with_traces,
}


def prepare(share: Sequence[str]) -> tuple[Ways, int]:
    """The simulators of one process, warm, and the spectra that they refuse."""
    simulators = Simulators()
    refused = 2 * len(share) - len(simulators.lists(share)) - len(simulators.infrared(share))
    for way in WAYS.values():
        way(simulators, share[:100])
    return {name: partial(way, simulators) for name, way in WAYS.items()}, refused


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--molecules", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    smiles, sizes = molecules(arguments.molecules)
    found, refused = measure(prepare, smiles, arguments.processes, arguments.rounds)
    print(
        f"{len(smiles)} molecules, {min(sizes)}-{max(sizes)} heavy atoms, median {statistics.median(sizes):.0f}, "
        f"{refused} spectra refused, {arguments.processes} processes"
    )
    print(load_line())
    print(f"{'molecules/s':<30}{'best':>8}{'median':>8}{'per core of CPU time':>22}")
    for name, rounds in found.items():
        print(f"{name:<30}{rounds.best:>8.0f}{rounds.median:>8.0f}{len(smiles) / rounds.cpu_s:>22.0f}")


if __name__ == "__main__":
    main()
