"""Couplings of hydrogens and carbons to ¹⁹F and ³¹P, from the graph and the table."""

from __future__ import annotations

from molucid.simulate.nmr_coupling_table import CouplingConfig
from molucid.simulate.nmr_topology import CARBON, FLUORINE, OXYGEN, PHOSPHORUS, Topology


def _paths(topology: Topology, atom: int, longest: int) -> list[tuple[int, int, list[int]]]:
    """F and P within `longest` bonds: atom, distance, and the atoms of a shortest way from `atom` to it."""
    found = []
    frontier, seen = [[atom]], {atom}
    for distance in range(1, longest + 1):
        grown = []
        for way in frontier:
            for bond in topology.bonds[way[-1]]:
                if bond.other in seen:
                    continue
                seen.add(bond.other)
                grown.append([*way, bond.other])
                if topology.element[bond.other] in (FLUORINE, PHOSPHORUS):
                    found.append((bond.other, distance, grown[-1]))
        frontier = grown
    return found


def hetero_couplings(topology: Topology, atom: int, config: CouplingConfig) -> list[float]:
    """Couplings of a hydrogen on the carbon `atom` to F and P, in no order; some may be 0."""
    if FLUORINE not in topology.element and PHOSPHORUS not in topology.element:
        return []
    found = []
    for partner, distance, way in _paths(topology, atom, 3):
        carrier = way[-2]
        if topology.element[partner] == PHOSPHORUS:
            by_distance = {1: config.phosphorus_geminal, 2: config.phosphorus_vicinal}
            if distance == 2 and topology.element[carrier] == OXYGEN:
                by_distance[2] = config.phosphorus_ester
            found.append(by_distance.get(distance, 0.0))
        elif topology.aromatic[carrier] and topology.aromatic[atom]:
            found.append({2: config.fluorine_ortho, 3: config.fluorine_meta}.get(distance, 0.0))
        elif distance == 1:
            found.append(config.fluorine_geminal)
        elif distance == 2 and topology.element[carrier] == CARBON:
            if not topology.is_saturated(carrier):
                found.append(config.fluorine_alkene)
            else:
                several = _num_fluorines(topology, carrier)
                found.append((config.fluorine_vicinal, *config.fluorine_vicinal_several)[min(several, 3) - 1])
    return found


def carbon_couplings(topology: Topology, atom: int, config: CouplingConfig) -> list[float]:
    """Couplings of the carbon `atom` to F and P, in no order; some may be 0."""
    if FLUORINE not in topology.element and PHOSPHORUS not in topology.element:
        return []
    found = []
    for partner, distance, way in _paths(topology, atom, 4):
        carrier = way[-2]
        if topology.element[partner] == PHOSPHORUS:
            found.append(config.carbon_phosphorus[distance - 1] if distance <= 3 else 0.0)
        elif topology.element[carrier] != CARBON:
            continue
        elif topology.aromatic[carrier]:
            in_ring = all(topology.aromatic[step] for step in way[:-1])
            found.append(config.carbon_fluorine_aromatic[distance - 1] if in_ring else 0.0)
        else:
            several = _num_fluorines(topology, carrier)
            if distance == 1 and several > 1:
                found.append(config.carbon_fluorine_several[min(several, 3) - 2])
            elif distance == 2 and several == 3:
                found.append(config.carbon_trifluoromethyl)
            else:
                found.append(config.carbon_fluorine[distance - 1])
    return found


def _num_fluorines(topology: Topology, atom: int) -> int:
    return sum(topology.element[bond.other] == FLUORINE for bond in topology.bonds[atom])
