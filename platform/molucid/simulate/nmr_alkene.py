"""How far the hydrogens of a =CH2 are apart, from the substituents of the other carbon."""

from __future__ import annotations

from molucid.simulate.nmr_coupling_table import AlkeneOffsetConfig
from molucid.simulate.nmr_topology import CARBON, FLUORINE, NITROGEN, OXYGEN, SULFUR, Topology

_CHLORINE, _BROMINE, _IODINE = 17, 35, 53


def trans_hydrogen_offset_ppm(topology: Topology, atom: int, end: int, config: AlkeneOffsetConfig) -> float:
    """Offset from their mean of one hydrogen of the =CH2 `atom`; the other has its negative.

    In -CH=CH2 it is the hydrogen trans to that of `end`, so cis to the substituent. With two substituents it is the one
    cis to the first: increments add, so the second makes the opposite difference.
    """
    beyond = [bond.other for bond in topology.bonds[end] if bond.other != atom]
    first, *second = (_increment_ppm(topology, other, end, config) for other in beyond)
    return first - sum(second) or config.least_ppm


def _increment_ppm(topology: Topology, atom: int, end: int, config: AlkeneOffsetConfig) -> float:
    """Of the substituent that begins with `atom`, bound to the double bond's `end`."""
    element = topology.element[atom]
    if element == CARBON:
        return _of_carbon(topology, atom, end, config)
    beyond = [bond.other for bond in topology.bonds[atom] if bond.other != end]
    acylated = any(topology.has_double_bond_to(other, (OXYGEN,)) for other in beyond)
    conjugated = any(
        topology.element[other] == CARBON and not topology.is_saturated(other) for other in beyond
    )
    if element == OXYGEN:
        return config.acyloxy_ppm if acylated else config.aryl_ether_ppm if conjugated else config.ether_ppm
    if element == NITROGEN:
        if topology.aromatic[atom]:
            return config.aryl_amine_ppm
        return config.acylamino_ppm if acylated else config.aryl_amine_ppm if conjugated else config.amine_ppm
    if element == SULFUR:
        oxidised = topology.has_double_bond_to(atom, (OXYGEN,))
        return config.sulfonyl_ppm if oxidised else config.sulfide_ppm
    return {
        FLUORINE: config.fluorine_ppm,
        _CHLORINE: config.chlorine_ppm,
        _BROMINE: config.bromine_ppm,
        _IODINE: config.iodine_ppm,
    }.get(element, config.other_ppm)


def _of_carbon(topology: Topology, atom: int, end: int, config: AlkeneOffsetConfig) -> float:
    if topology.aromatic[atom]:
        return config.aryl_ppm
    if topology.highest_order(atom) == 3:
        nitrile = any(topology.element[bond.other] == NITROGEN for bond in topology.bonds[atom])
        return config.cyano_ppm if nitrile else config.alkynyl_ppm
    if topology.has_double_bond_to(atom, (OXYGEN, SULFUR)):
        if topology.hydrogens[atom]:
            return config.aldehyde_ppm
        single = {topology.element[b.other] for b in topology.bonds[atom] if b.order == 1 and b.other != end}
        if NITROGEN in single:
            return config.amide_ppm
        return config.ester_ppm if single & {OXYGEN, SULFUR} else config.ketone_ppm
    return config.alkyl_ppm if topology.is_saturated(atom) else config.alkenyl_ppm
