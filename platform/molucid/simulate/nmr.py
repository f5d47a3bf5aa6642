"""¹H and ¹³C NMR peak lists of a molecule: shifts from a learned model, splittings and numbers from the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError, Rejected, Where
from molucid.simulate.nmr_augment_config import SIMULATED_FIELD_MHZ
from molucid.simulate.nmr_coupling_table import CouplingConfig
from molucid.simulate.nmr_exchangeable import MobileHydrogenConfig, mobile_groups
from molucid.simulate.nmr_graph import NmrGraph, read_graph
from molucid.simulate.nmr_groups import carbon_groups, hydrogen_groups
from molucid.simulate.nmr_topology import Topology
from molucid.simulate.shift_model import SHIPPED_SHIFT_WEIGHTS, PredictedShifts, ShiftModel, ShiftModelConfig
from molucid.spectra.multiplets import multiplicity_name
from molucid.spectra.nmr_multiplicity import CARBON_TYPES
from molucid.spectra.nuclei import C_PER_H_FREQUENCY
from molucid.spectra.types import NmrPeaks


class NmrConfig(Config):
    """What is simulated and with which model.

    Attributes:
        h_field_mhz: ¹H frequency of the magnet.
        molecules_per_batch: molecules that pass the shift model together.
        couplings: coupling constants by path.
        mobile: hydrogens that carbon does not bear.
        shifts: what is said of unseen environments.
        weights: safetensors file of the shift model, its provenance beside it; `None` for the shipped one.
    """

    h_field_mhz: float = Field(default=SIMULATED_FIELD_MHZ, ge=20, le=2000)
    molecules_per_batch: int = Field(default=64, ge=1)
    couplings: CouplingConfig = CouplingConfig()
    mobile: MobileHydrogenConfig = MobileHydrogenConfig()
    shifts: ShiftModelConfig = ShiftModelConfig()
    weights: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedNmr:
    """Both lists of one molecule; a list is empty where the molecule has no such nucleus.

    Attributes:
        h_nmr: ¹H, one peak per group of equivalent hydrogens, with couplings per partner, number, and the standard
            deviation of the shift; mobile hydrogens are `br s`.
        c_nmr: ¹³C, proton-decoupled, one peak per group of equivalent carbons, with its type, number, couplings to F
            and P, and the standard deviation of the shift.
    """

    h_nmr: NmrPeaks
    c_nmr: NmrPeaks


class NmrSimulator:
    """Simulates peak lists of molecules with at most 255 heavy atoms; holds no state between calls.

    Args:
        config: what is simulated.

    Attributes:
        config: as given.
        provenance: of the shift model: data, licences, command, seed, metrics, sha256.
    """

    def __init__(self, config: NmrConfig | None = None) -> None:
        self.config = config if config is not None else NmrConfig()
        self._model = ShiftModel(self.config.weights or SHIPPED_SHIFT_WEIGHTS, self.config.shifts)
        self.provenance = self._model.provenance

    def simulate(self, smiles: str) -> SimulatedNmr | Rejected:
        """The lists of one molecule.

        Nothing is random: scatter belongs to `molucid.simulate.nmr_augment`. Shifts do not depend on what else is
        simulated beyond 1e-3 ppm.

        Returns:
            Both lists, or the reason why there are none: `invalid_smiles`, `isotope_label`, `multiple_components`,
            `too_many_atoms`, `unsupported_element`, `radical`, `no_nucleus`.
        """
        (answer,) = self.simulate_many([smiles])
        return answer

    def simulate_many(self, smiles: Sequence[str]) -> list[SimulatedNmr | Rejected]:
        """As `simulate`, for each of `smiles` in their order; several times as fast as one by one."""
        answers: list[SimulatedNmr | Rejected | None] = [None] * len(smiles)
        graphs: dict[int, NmrGraph] = {}
        for place, text in enumerate(smiles):
            try:
                graphs[place] = _observable(read_graph(text), text)
            except InputError as error:
                answers[place] = Rejected.from_error(text, error, Where(record=text))
        places = list(graphs)
        for first in range(0, len(places), self.config.molecules_per_batch):
            batch = places[first : first + self.config.molecules_per_batch]
            predicted = self._model.predict([graphs[place] for place in batch])
            start = 0
            for place in batch:
                end = start + len(graphs[place].atoms)
                part = PredictedShifts(*(values[start:end] for values in predicted))
                answers[place] = self._lists(graphs[place], part)
                start = end
        return [answer for answer in answers if answer is not None]

    def _lists(self, graph: NmrGraph, predicted: PredictedShifts) -> SimulatedNmr:
        topology = Topology(graph)
        return SimulatedNmr(self._hydrogens(topology, predicted), self._carbons(topology, predicted))

    def _hydrogens(self, topology: Topology, predicted: PredictedShifts) -> NmrPeaks:
        groups = hydrogen_groups(topology, self.config.couplings)
        mobile = mobile_groups(topology, self.config.mobile)
        atoms = [group.atom for group in groups]
        offset = np.array([group.offset_ppm for group in groups])
        shift = [*(predicted.h_ppm[atoms] + offset).tolist(), *(group.shift.mean_ppm for group in mobile)]
        std = [*predicted.h_std_ppm[atoms].tolist(), *(group.shift.std_ppm for group in mobile)]
        return NmrPeaks(
            "1H",
            np.round(shift, 4),
            multiplicity=(
                *(multiplicity_name(group.coupling_hz) for group in groups),
                *("br s" if group.is_broad else "s" for group in mobile),
            ),
            coupling_hz=(*(group.coupling_hz for group in groups), *(() for _ in mobile)),
            num_hydrogens=(*(group.number for group in groups), *(group.number for group in mobile)),
            shift_std_ppm=np.array(std),
            field_mhz=self.config.h_field_mhz,
        )

    def _carbons(self, topology: Topology, predicted: PredictedShifts) -> NmrPeaks:
        groups = carbon_groups(topology, self.config.couplings)
        atoms = [group.atom for group in groups]
        offset = np.array([group.offset_ppm for group in groups])
        return NmrPeaks(
            "13C",
            np.round(predicted.c_ppm[atoms] + offset, 3),
            multiplicity=tuple(CARBON_TYPES[min(topology.hydrogens[atom], 3)] for atom in atoms),
            coupling_hz=tuple(group.coupling_hz for group in groups),
            num_hydrogens=tuple(group.number for group in groups),
            shift_std_ppm=predicted.c_std_ppm[atoms],
            field_mhz=round(self.config.h_field_mhz * C_PER_H_FREQUENCY, 3),
        )


def _observable(graph: NmrGraph, smiles: str) -> NmrGraph:
    if not (graph.atoms[:, 0] == 6).any() and not graph.atoms[:, 1].any():
        raise InputError(f"{smiles!r} without carbon and hydrogen", "at least one of them", code="no_nucleus")
    return graph
