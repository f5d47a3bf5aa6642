"""Groups of equivalent hydrogens and carbons of a molecule, with their couplings."""

from __future__ import annotations

from typing import NamedTuple

from molucid.simulate.nmr_alkene import trans_hydrogen_offset_ppm
from molucid.simulate.nmr_coupling_table import CouplingConfig, TwinOffset
from molucid.simulate.nmr_couplings import proton_couplings
from molucid.simulate.nmr_hetero_couplings import carbon_couplings, hetero_couplings
from molucid.simulate.nmr_topology import CARBON, NITROGEN, OXYGEN, Topology


class HydrogenGroup(NamedTuple):
    """Equivalent hydrogens on carbon.

    Attributes:
        atom: a carbon that bears some of them.
        number: how many there are.
        offset_ppm: of their shift from the mean of the carbon's hydrogens.
        coupling_hz: one per partner, falling.
    """

    atom: int
    number: int
    offset_ppm: float
    coupling_hz: tuple[float, ...]


class CarbonGroup(NamedTuple):
    """Equivalent carbons.

    Attributes:
        atom: one of them.
        number: how many there are.
        offset_ppm: of their shift from the mean of the carbons that the graph cannot tell apart.
        coupling_hz: to F and P, one per partner, falling.
    """

    atom: int
    number: int
    offset_ppm: float
    coupling_hz: tuple[float, ...]


def hydrogen_groups(topology: Topology, config: CouplingConfig) -> list[HydrogenGroup]:
    """All groups of hydrogens on carbon."""
    groups = []
    for atom, size in topology.classes(CARBON):
        hydrogens = topology.hydrogens[atom]
        if not hydrogens:
            continue
        end = _uneven_end(topology, atom) if hydrogens == 2 else None
        if end is not None:
            offset = trans_hydrogen_offset_ppm(topology, atom, end, config.alkene_offsets)
            for is_cis, sign in ((True, -1), (False, 1)):
                own = [config.geminal_alkene, *proton_couplings(topology, atom, config, is_cis)]
                groups.append(_group(topology, atom, size, sign * offset, own, config))
        elif hydrogens == 2 and _is_diastereotopic(topology, atom):
            near_oxygen = any(topology.element[bond.other] == OXYGEN for bond in topology.bonds[atom])
            own = [config.geminal_oxygen if near_oxygen else config.geminal]
            own += proton_couplings(topology, atom, config, None)
            for sign in (1, -1):
                offset = sign * config.diastereotopic_offset_ppm
                groups.append(_group(topology, atom, size, offset, own, config))
        else:
            own = proton_couplings(topology, atom, config, None)
            twin = _twin_offset(topology, atom, config)
            offsets = (0.0,) if twin is None else (twin.h_ppm, -twin.h_ppm)
            for offset in offsets:
                number = size * hydrogens // len(offsets)
                groups.append(_group(topology, atom, number, offset, own, config))
    return groups


def carbon_groups(topology: Topology, config: CouplingConfig) -> list[CarbonGroup]:
    """All groups of carbons."""
    groups = []
    for atom, size in topology.classes(CARBON):
        couplings = _falling(carbon_couplings(topology, atom, config))
        twin = _twin_offset(topology, atom, config)
        offsets = (0.0,) if twin is None else (twin.c_ppm, -twin.c_ppm)
        groups += [CarbonGroup(atom, size // len(offsets), offset, couplings) for offset in offsets]
    return groups


def _group(
    topology: Topology, atom: int, number: int, offset: float, own: list[float], config: CouplingConfig
) -> HydrogenGroup:
    return HydrogenGroup(atom, number, offset, _falling(own + hetero_couplings(topology, atom, config)))


def _falling(couplings: list[float]) -> tuple[float, ...]:
    return tuple(sorted((value for value in couplings if value > 0), reverse=True))


def _uneven_end(topology: Topology, atom: int) -> int | None:
    """The other carbon of a =CH2 whose hydrogens differ; `None` for any other atom."""
    for bond in topology.bonds[atom]:
        if (
            bond.order == 2
            and topology.element[bond.other] == CARBON
            and _is_uneven(topology, bond.other, atom)
        ):
            return bond.other
    return None


def _is_uneven(topology: Topology, end: int, start: int) -> bool:
    """Whether the end of the double bond from `start` bears two different substituents, one of which may be H."""
    beyond = {topology.equivalence[bond.other] for bond in topology.bonds[end] if bond.other != start}
    return topology.hydrogens[end] < 2 and len(beyond) + topology.hydrogens[end] == 2


def _is_diastereotopic(topology: Topology, atom: int) -> bool:
    """A CH2 with a stereocentre beside it or one bond further on."""
    if not topology.is_saturated(atom):
        return False
    for bond in topology.bonds[atom]:
        if topology.is_stereocentre(bond.other):
            return True
        if any(topology.is_stereocentre(b.other) for b in topology.bonds[bond.other] if b.other != atom):
            return True
    return False


def _twin_offset(topology: Topology, atom: int, config: CouplingConfig) -> TwinOffset | None:
    """How far a saturated carbon and its twin on the same planar atom are from their mean; `None` if they are equal.

    The graph exchanges two equal groups on one end of an open double bond, or on the nitrogen of an amide; the plane
    does not, where the other end has two different substituents.
    """
    if not topology.is_saturated(atom):
        return None
    for bond in topology.bonds[atom]:
        pivot = bond.other
        others = [b for b in topology.bonds[pivot] if b.other != atom]
        if len(others) != 2 or topology.equivalence[atom] not in {
            topology.equivalence[b.other] for b in others
        }:
            continue
        if topology.element[pivot] == CARBON:
            for across in others:
                if across.order == 2 and topology.ring_size(pivot, across.other) is None:
                    return config.alkene_twins if _is_uneven(topology, across.other, pivot) else None
        elif topology.element[pivot] == NITROGEN and not topology.hydrogens[pivot]:
            for across in others:
                if topology.element[across.other] == CARBON and topology.has_double_bond_to(
                    across.other, (OXYGEN,)
                ):
                    return config.amide_twins
    return None
