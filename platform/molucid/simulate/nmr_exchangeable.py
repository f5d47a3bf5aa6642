"""Hydrogens on other atoms than carbon: where they are found, and how widely that varies.

Shifts of OH, NH and SH depend on solvent, concentration and water more than on the structure, so a table of classes
stands here instead of a prediction. Ranges after Pretsch, Bühlmann and Badertscher, Structure Determination of Organic
Compounds, 5th ed. 2020, chapter 5.
"""

from __future__ import annotations

from typing import NamedTuple

from molucid.config import Config
from molucid.simulate.nmr_topology import CARBON, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR, Topology

_BORON, _SILICON = 5, 14
_OXYGEN_OR_SULFUR = (OXYGEN, SULFUR)


class MobileShift(NamedTuple):
    """Mean and standard deviation in ppm."""

    mean_ppm: float
    std_ppm: float


class MobileHydrogenConfig(Config):
    """Shift and spread of each class of hydrogens that carbon does not bear; mean and standard deviation in ppm."""

    carboxylic_acid: MobileShift = MobileShift(11.5, 1.3)
    alcohol: MobileShift = MobileShift(3.0, 1.4)
    phenol: MobileShift = MobileShift(7.0, 2.2)
    phenol_chelated: MobileShift = MobileShift(11.8, 1.0)
    enol: MobileShift = MobileShift(11.5, 2.5)
    hydroxylamine: MobileShift = MobileShift(9.0, 1.8)
    oxoacid: MobileShift = MobileShift(10.0, 2.0)
    silanol_or_boronic: MobileShift = MobileShift(4.5, 2.2)
    amine: MobileShift = MobileShift(1.8, 0.9)
    aniline: MobileShift = MobileShift(4.3, 1.1)
    amide: MobileShift = MobileShift(7.0, 1.2)
    carbamate_or_urea: MobileShift = MobileShift(6.2, 1.5)
    sulfonamide: MobileShift = MobileShift(6.3, 1.6)
    ring_nitrogen: MobileShift = MobileShift(9.8, 1.9)
    ammonium: MobileShift = MobileShift(8.0, 1.5)
    imine: MobileShift = MobileShift(7.5, 2.0)
    hydrazine: MobileShift = MobileShift(6.5, 2.5)
    thiol: MobileShift = MobileShift(1.6, 0.5)
    thiophenol: MobileShift = MobileShift(3.5, 0.4)
    silane: MobileShift = MobileShift(4.3, 0.6)
    other: MobileShift = MobileShift(5.0, 3.0)


class MobileGroup(NamedTuple):
    """Equivalent hydrogens on one kind of heteroatom: its number, its shift, and whether the line is broad."""

    number: int
    shift: MobileShift
    is_broad: bool


def mobile_groups(topology: Topology, config: MobileHydrogenConfig) -> list[MobileGroup]:
    """All hydrogens that carbon does not bear, by symmetry class."""
    return [
        MobileGroup(
            size * topology.hydrogens[atom],
            _shift(topology, atom, config),
            topology.element[atom] != _SILICON,
        )
        for element in dict.fromkeys(topology.element)
        if element != CARBON
        for atom, size in topology.classes(element)
        if topology.hydrogens[atom]
    ]


def _shift(topology: Topology, atom: int, config: MobileHydrogenConfig) -> MobileShift:
    element = topology.element[atom]
    if element == OXYGEN:
        return _on_oxygen(topology, atom, config)
    if element == NITROGEN:
        return _on_nitrogen(topology, atom, config)
    if element == SULFUR:
        beside_ring = any(topology.aromatic[bond.other] for bond in topology.bonds[atom])
        return config.thiophenol if beside_ring else config.thiol
    return config.silane if element == _SILICON else config.other


def _on_oxygen(topology: Topology, atom: int, config: MobileHydrogenConfig) -> MobileShift:
    if not topology.bonds[atom]:
        return config.other
    carrier = topology.bonds[atom][0].other
    element = topology.element[carrier]
    if element == NITROGEN:
        return config.hydroxylamine
    if element in (PHOSPHORUS, SULFUR):
        return config.oxoacid
    if element in (_BORON, _SILICON):
        return config.silanol_or_boronic
    if element != CARBON:
        return config.other
    if topology.has_double_bond_to(carrier, _OXYGEN_OR_SULFUR):
        return config.carboxylic_acid
    if topology.aromatic[carrier]:
        return config.phenol_chelated if _is_chelated(topology, carrier) else config.phenol
    return config.alcohol if topology.is_saturated(carrier) else config.enol


def _is_chelated(topology: Topology, carrier: int) -> bool:
    """Whether a carbonyl or nitro group stands ortho to a phenol's carbon."""
    return any(
        topology.has_double_bond_to(substituent.other, (OXYGEN,))
        for ortho in topology.bonds[carrier]
        if topology.aromatic[ortho.other]
        for substituent in topology.bonds[ortho.other]
        if topology.element[substituent.other] in (CARBON, NITROGEN)
    )


def _on_nitrogen(topology: Topology, atom: int, config: MobileHydrogenConfig) -> MobileShift:
    if topology.aromatic[atom]:
        return config.ring_nitrogen
    others = [bond.other for bond in topology.bonds[atom]]
    if topology.is_saturated(atom) and len(others) + topology.hydrogens[atom] == 4:
        return config.ammonium
    if not topology.is_saturated(atom):
        return config.imine
    acyl = [other for other in others if topology.has_double_bond_to(other, _OXYGEN_OR_SULFUR)]
    if any(topology.element[other] == SULFUR for other in acyl):
        return config.sulfonamide
    if acyl:
        beyond = [
            topology.element[bond.other]
            for bond in topology.bonds[acyl[0]]
            if bond.order == 1 and bond.other != atom
        ]
        carbonic = len(acyl) == 1 and any(element in (OXYGEN, NITROGEN) for element in beyond)
        return config.carbamate_or_urea if carbonic else config.amide
    if any(topology.element[other] in (NITROGEN, OXYGEN) for other in others):
        return config.hydrazine
    if any(topology.has_double_bond_to(other, (NITROGEN,)) for other in others):
        return config.imine
    return config.aniline if any(topology.aromatic[other] for other in others) else config.amine
