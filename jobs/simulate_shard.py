"""One shard of simulated samples: a pure function of its corpus rows, the configuration and the seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import Field

from molucid.config import Config
from molucid.dataset.corpus import CorpusFilter, Molecule, admit
from molucid.dataset.holdout import HoldoutKeys
from molucid.dataset.schema import StoredSample
from molucid.errors import Rejected
from molucid.simulate.conditions import Conditions, check_instrument_class
from molucid.simulate.evidence import EvidenceConfig, SimulatedEvidence
from molucid.spectra.types import Evidence, Sample


class SimulateJobConfig(Config):
    """What is simulated for each molecule of a corpus.

    Attributes:
        adducts: ion species; each is simulated at all energies.
        normalized_collision_energies: NCE in percent, on `nce_instrument`.
        collision_energies_ev: laboratory-frame energies in eV, on `ev_instrument`.
        nce_instrument: instrument class of the spectra at an NCE.
        ev_instrument: instrument class of the spectra at an energy in eV.
        seed: of the simulator's noise.
        shard_size: corpus rows per shard; the unit that a resumed job does again or not.
        filter: which molecules are simulated.
        evidence: kinds of spectra and their simulators.
    """

    adducts: tuple[str, ...] = Field(default=("[M+H]+",), min_length=1)
    normalized_collision_energies: tuple[float, ...] = (20.0, 40.0, 60.0)
    collision_energies_ev: tuple[float, ...] = ()
    nce_instrument: str = "orbitrap"
    ev_instrument: str = "qtof"
    seed: int = Field(default=0, ge=0)
    shard_size: int = Field(default=2000, ge=1)
    filter: CorpusFilter = CorpusFilter()
    evidence: EvidenceConfig = EvidenceConfig()

    def conditions(self) -> tuple[Conditions, ...]:
        """All measurement conditions, adduct by adduct.

        Raises:
            InputError: a condition that cannot be simulated, or an instrument class that is not known, used or not.
        """
        check_instrument_class(self.nce_instrument)
        check_instrument_class(self.ev_instrument)
        return tuple(
            condition
            for adduct in self.adducts
            for condition in (
                *(
                    Conditions(adduct, normalized_collision_energy=nce, instrument_class=self.nce_instrument)
                    for nce in self.normalized_collision_energies
                ),
                *(
                    Conditions(adduct, collision_energy_ev=ev, instrument_class=self.ev_instrument)
                    for ev in self.collision_energies_ev
                ),
            )
        )


class Simulator(Protocol):
    """What a shard needs of `molucid.simulate.evidence.EvidenceSimulator`."""

    def simulate_many(
        self, smiles: Sequence[str], conditions: Sequence[Conditions]
    ) -> list[SimulatedEvidence | Rejected]:
        """The spectra of each molecule, or the reason why there are none."""
        ...


def simulate_shard(
    molecules: Sequence[Molecule],
    config: SimulateJobConfig,
    simulator: Simulator,
    exclude: HoldoutKeys,
    source: str,
    licence: str | None,
) -> tuple[list[StoredSample], list[Rejected]]:
    """Filter and simulate `molecules`; every one of them is in one of the two lists, each in input order."""
    admitted = [admit(molecule, config.filter, exclude) for molecule in molecules]
    smiles = [item.smiles for item in admitted if not isinstance(item, Rejected)]
    simulated = iter(simulator.simulate_many(smiles, config.conditions()))
    samples: list[StoredSample] = []
    rejected: list[Rejected] = []
    for molecule, item in zip(molecules, admitted, strict=True):
        if isinstance(item, Rejected):
            rejected.append(item)
            continue
        found = next(simulated)
        if isinstance(found, Rejected):
            rejected.append(Rejected(molecule.id, found.code, found.message, molecule.where, found.hint))
            continue
        evidence = Evidence(molecule.id, item.formula, found.msms, found.ir, found.h_nmr, found.c_nmr)
        samples.append(
            StoredSample(
                Sample(evidence, item.smiles),
                item.inchikey14,
                source,
                licence,
                config.seed,
                {"corpus_row": str(molecule.where)},
            )
        )
    return samples, rejected
