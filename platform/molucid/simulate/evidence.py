"""Complete evidence of a molecule: tandem mass spectra, infrared and NMR, by their simulators together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.errors import Rejected
from molucid.simulate.conditions import Conditions
from molucid.simulate.ir import IrSimulator, IrSimulatorConfig
from molucid.simulate.ir_xtb import XtbConfig, XtbIrSimulator
from molucid.simulate.msms import MsmsSimulator, SimulatorConfig
from molucid.simulate.nmr import NmrConfig, NmrSimulator, SimulatedNmr
from molucid.simulate.nmr_augment import NmrAugmentConfig, augmented_trace, drawn_measurement
from molucid.spectra.grids import NMR_GRIDS
from molucid.spectra.multiplets import render
from molucid.spectra.types import InfraredSpectrum, MassSpectrum, NmrPeaks, NmrSpectrum

EvidenceKind = Literal["msms", "ir", "nmr"]
EVIDENCE_KINDS: tuple[EvidenceKind, ...] = ("msms", "ir", "nmr")


class EvidenceConfig(Config):
    """Which spectra are simulated, and how.

    Attributes:
        kinds: of spectra; a molecule that one of them cannot be simulated for is rejected.
        nmr_form: `lists` keeps multiplets (30 numbers, not 20,000), of which a trace is drawn where one is read;
            `traces` draws them now, and `measured` draws them with the departures of `departures`. A list says more
            than a trace: which lines are one multiplet, and of how many nuclei.
        msms: of tandem mass spectra.
        ir: of infrared spectra; `form` is `fast` (a fitted model) or `xtb` (physics, seconds to minutes per molecule).
        nmr: of ¹H and ¹³C NMR.
        departures: noise, solvent, impurities and errors of traces drawn as `measured`.
    """

    kinds: tuple[EvidenceKind, ...] = Field(default=("msms",), min_length=1)
    nmr_form: Literal["lists", "traces", "measured"] = "lists"
    msms: SimulatorConfig = SimulatorConfig()
    ir: Annotated[IrSimulatorConfig | XtbConfig, Field(discriminator="form")] = IrSimulatorConfig()
    nmr: NmrConfig = NmrConfig()
    departures: NmrAugmentConfig = NmrAugmentConfig()


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedEvidence:
    """Spectra of one molecule; what was not asked for, or the molecule has no nucleus for, is `None` or empty."""

    msms: tuple[MassSpectrum, ...] = ()
    ir: InfraredSpectrum | None = None
    h_nmr: NmrSpectrum | NmrPeaks | None = None
    c_nmr: NmrSpectrum | NmrPeaks | None = None


class EvidenceSimulator:
    """Runs the simulators of `config.kinds`; holds no state between calls.

    Args:
        config: what is simulated.
        seed: of noise, and of the conformers that xtb begins with.

    Attributes:
        provenance: of each simulator, by kind.

    Raises:
        InputError: infrared spectra by xtb where that program is not (`missing_program`).
    """

    def __init__(self, config: EvidenceConfig, seed: int = 0) -> None:
        self._config, self._seed = config, seed
        self._msms = MsmsSimulator(config.msms) if "msms" in config.kinds else None
        self._ir = _ir_simulator(config.ir) if "ir" in config.kinds else None
        self._nmr = NmrSimulator(config.nmr) if "nmr" in config.kinds else None
        simulators: dict[str, Any] = {"msms": self._msms, "ir": self._ir, "nmr": self._nmr}
        self.provenance: dict[str, Any] = {
            kind: simulator.provenance for kind, simulator in simulators.items() if simulator is not None
        }

    def simulate_many(
        self, smiles: Sequence[str], conditions: Sequence[Conditions]
    ) -> list[SimulatedEvidence | Rejected]:
        """One answer per molecule, in order.

        Args:
            smiles: the molecules.
            conditions: one tandem mass spectrum is simulated for each.

        Returns:
            All spectra that were asked for, or why the first of them cannot be simulated.
        """
        nmr = [None] * len(smiles) if self._nmr is None else self._nmr.simulate_many(smiles)
        return [
            self._complete(text, simulated, conditions) for text, simulated in zip(smiles, nmr, strict=True)
        ]

    def _complete(
        self, smiles: str, nmr: SimulatedNmr | Rejected | None, conditions: Sequence[Conditions]
    ) -> SimulatedEvidence | Rejected:
        if isinstance(nmr, Rejected):
            return nmr
        ir = None if self._ir is None else self._ir.simulate(smiles, self._seed)
        if isinstance(ir, Rejected):
            return ir
        msms = () if self._msms is None else self._msms.simulate(smiles, conditions, self._seed)
        if isinstance(msms, Rejected):
            return msms
        h_nmr, c_nmr = (None, None) if nmr is None else (nmr.h_nmr, nmr.c_nmr)
        return SimulatedEvidence(msms, ir, *self._in_form(smiles, h_nmr, c_nmr))

    def _in_form(self, smiles: str, *lists: NmrPeaks | None) -> tuple[NmrSpectrum | NmrPeaks | None, ...]:
        """The lists of one molecule as they are kept; `None` where the molecule has no such nucleus."""
        found = [peaks if peaks is not None and len(peaks.shift_ppm) else None for peaks in lists]
        if self._config.nmr_form == "lists":
            return tuple(found)
        if self._config.nmr_form == "traces":
            return tuple(None if peaks is None else _drawn(peaks) for peaks in found)
        ranges = self._config.departures
        sample = drawn_measurement([p for p in found if p is not None], ranges, self._generator(smiles, ""))
        return tuple(
            None
            if peaks is None
            else augmented_trace(peaks, ranges, self._generator(smiles, peaks.nucleus), sample)
            for peaks in found
        )

    def _generator(self, smiles: str, what: str) -> np.random.Generator:
        """A generator that is a function of seed, molecule and what is drawn with it."""
        text = f"{self._seed}\n{what}\n{smiles}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))


def _ir_simulator(config: IrSimulatorConfig | XtbConfig) -> IrSimulator | XtbIrSimulator:
    return XtbIrSimulator(config) if isinstance(config, XtbConfig) else IrSimulator(config)


def _drawn(peaks: NmrPeaks) -> NmrSpectrum:
    grid = NMR_GRIDS[peaks.nucleus]
    return NmrSpectrum(peaks.nucleus, grid.axis, render(peaks, grid), peaks.field_mhz)
