"""Couplings between hydrogens on carbons, from the graph and the table."""

from __future__ import annotations

from molucid.simulate.nmr_coupling_table import CouplingConfig
from molucid.simulate.nmr_graph import AROMATIC_ORDER
from molucid.simulate.nmr_topology import CARBON, HALOGENS, NITROGEN, OXYGEN, SULFUR, Bond, Topology

_LARGEST_CIS_RING = 10  # of cycloundecene the trans isomer is the more stable one


def proton_couplings(
    topology: Topology, atom: int, config: CouplingConfig, is_cis: bool | None
) -> list[float]:
    """Couplings of a hydrogen on `atom` to those on other carbons, over three and four bonds, in no order.

    Args:
        topology: of the molecule.
        atom: a carbon.
        config: values.
        is_cis: which of the hydrogens of a =CH2 is meant; `None` for any other hydrogen.
    """
    found: list[float] = []
    for bond in topology.bonds[atom]:
        middle = bond.other
        if topology.element[middle] != CARBON and not topology.aromatic[middle]:
            continue
        if bond.order == 2 and topology.hydrogens[middle] == 2 and _counts(topology, atom, middle):
            found += _cis_and_trans(topology, atom, middle, config)  # a vinyl group's CH sees one of each
        elif _counts(topology, atom, middle):
            coupling = _vicinal(topology, atom, bond, config, is_cis)
            found += [coupling] * topology.hydrogens[middle]
        for second in topology.bonds[middle]:
            if second.other != atom and _counts(topology, atom, second.other):
                coupling = _over_four_bonds(topology, atom, bond, second, config)
                found += [coupling] * topology.hydrogens[second.other]
    return found


def _counts(topology: Topology, atom: int, other: int) -> bool:
    return (
        topology.element[other] == CARBON
        and topology.hydrogens[other] > 0
        and topology.equivalence[other] != topology.equivalence[atom]
    )


def _vicinal(topology: Topology, atom: int, bond: Bond, config: CouplingConfig, is_cis: bool | None) -> float:
    other = bond.other
    if bond.order == AROMATIC_ORDER:
        return _aromatic_vicinal(topology, atom, other, config)
    if bond.order == 2:
        return _across_double_bond(topology, atom, bond, config, is_cis)
    if bond.order == 3:
        return 0.0
    saturated = topology.is_saturated(atom), topology.is_saturated(other)
    if all(saturated):
        return config.vicinal
    aldehyde = any(topology.has_double_bond_to(end, (OXYGEN,)) for end in (atom, other))
    if any(saturated):
        return config.aldehyde if aldehyde else config.vicinal_unsaturated
    if aldehyde:
        return config.aldehyde_alkene
    return config.diene_ring if topology.ring_size(atom, other) is not None else config.diene


def _across_double_bond(
    topology: Topology, atom: int, bond: Bond, config: CouplingConfig, is_cis: bool | None
) -> float:
    size = topology.ring_size(atom, bond.other)
    if is_cis is None:
        # without a mark the more stable isomer is assumed
        is_cis = topology.cis.get(bond.number, size is not None and size <= _LARGEST_CIS_RING)
    if is_cis and size is not None and size - 3 < len(config.cis_in_ring):
        return config.cis_in_ring[size - 3]
    cis, trans = _cis_and_trans(topology, atom, bond.other, config)
    return cis if is_cis else trans


def _cis_and_trans(topology: Topology, atom: int, other: int, config: CouplingConfig) -> tuple[float, float]:
    """Constants across an open double bond; electronegative substituents make them smaller."""
    substituents = {topology.element[b.other] for end in (atom, other) for b in topology.bonds[end]}
    if OXYGEN in substituents:
        return config.enol_cis, config.enol_trans
    if substituents & HALOGENS:
        return config.haloalkene_cis, config.haloalkene_trans
    is_vinyl = 2 in (topology.hydrogens[atom], topology.hydrogens[other])
    return config.cis, config.vinyl_trans if is_vinyl else config.trans


def _aromatic_vicinal(topology: Topology, atom: int, other: int, config: CouplingConfig) -> float:
    beside = [
        topology.element[b.other]
        for end in (atom, other)
        for b in topology.bonds[end]
        if b.order == AROMATIC_ORDER
    ]
    if topology.ring_size(atom, other) != 5:
        return config.aromatic_ortho_nitrogen if NITROGEN in beside else config.aromatic_ortho
    for element, coupling in (
        (OXYGEN, config.five_ring_oxygen),
        (SULFUR, config.five_ring_sulfur),
        (NITROGEN, config.five_ring_nitrogen),
    ):
        if element in beside:
            return coupling
    return config.five_ring


def _over_four_bonds(
    topology: Topology, atom: int, first: Bond, second: Bond, config: CouplingConfig
) -> float:
    orders = (first.order, second.order)
    if orders == (AROMATIC_ORDER, AROMATIC_ORDER):
        size = topology.ring_size(atom, first.other, second.other)
        return {5: config.five_ring_meta, 6: config.aromatic_meta}.get(size or 0, 0.0)
    if topology.element[first.other] != CARBON:
        return 0.0
    ends = (topology.is_saturated(atom), topology.is_saturated(second.other))
    if orders in ((2, 1), (1, 2)) and any(ends):
        return config.allylic
    return config.propargylic if orders in ((3, 1), (1, 3)) else 0.0
