"""Coupling constants by path, and distances between nuclei that the graph cannot tell apart.

Values are rounded means of textbook tables (Pretsch, Bühlmann and Badertscher, Structure Determination of Organic
Compounds, 5th ed. 2020, chapters 4 and 5). Conformations are not known, so freely turning and saturated ring bonds have
one mean value. Exchanging hydrogens do not couple.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from molucid.config import Config

Hertz = float


class TwinOffset(NamedTuple):
    """Distance in ppm of the carbons, and of their hydrogens, of two equal groups from their mean."""

    c_ppm: float
    h_ppm: float


class AlkeneOffsetConfig(Config):
    """Half of the distance in ppm of the hydrogens of =CH2 that one substituent R of the other carbon makes.

    Above 0 the hydrogen cis to R is downfield; in -CH=CH2 it is the one with the trans coupling. Half of
    Z_cis - Z_trans of the increments of Pascual, Meier and Simon (Helv. Chim. Acta 49, 1966, 164).
    """

    alkyl_ppm: float = 0.03
    alkenyl_ppm: float = Field(default=0.07, description="C=C; also C=N")
    alkynyl_ppm: float = 0.13
    aryl_ppm: float = 0.215
    cyano_ppm: float = 0.10
    ester_ppm: float = Field(default=0.315, description="COO and COS, of acids too")
    amide_ppm: float = Field(default=0.26, description="CON")
    ketone_ppm: float = Field(default=0.125, description="COC; also acyl halides and thioacyl")
    aldehyde_ppm: float = -0.11
    ether_ppm: float = 0.07
    aryl_ether_ppm: float = Field(default=0.2, description="O beside an aromatic or olefinic carbon")
    acyloxy_ppm: float = 0.145
    amine_ppm: float = -0.025
    aryl_amine_ppm: float = Field(default=0.23, description="N that is, or is beside, aromatic or olefinic")
    acylamino_ppm: float = 0.075
    sulfide_ppm: float = -0.08
    sulfonyl_ppm: float = Field(default=0.115, description="SO and SO2")
    fluorine_ppm: float = 0.31
    chlorine_ppm: float = 0.025
    bromine_ppm: float = -0.05
    iodine_ppm: float = -0.035
    other_ppm: float = Field(default=0.0, description="an element that is not in the table")
    least_ppm: float = Field(default=0.015, description="where two substituents make none", ge=0)


class CouplingConfig(Config):
    """Coupling constants in Hz by path; absolute values, because a first-order pattern does not show the sign."""

    vicinal: Hertz = Field(default=7.0, description="H-C-C-H, both saturated")
    vicinal_unsaturated: Hertz = Field(default=6.5, description="H-C(sp2)-C(sp3)-H")
    aldehyde: Hertz = Field(default=2.2, description="OC(H)-C(sp3)-H")
    aldehyde_alkene: Hertz = Field(default=7.8, description="OC(H)-C(H)=C")
    diene: Hertz = Field(default=10.5, description="=C(H)-C(H)=, open")
    diene_ring: Hertz = Field(default=5.5, description="=C(H)-C(H)= in a ring")
    cis: Hertz = Field(default=10.5, description="H-C=C-H")
    trans: Hertz = Field(default=15.8, description="H-C=C-H")
    vinyl_trans: Hertz = Field(default=17.2, description="in -CH=CH2")
    enol_cis: Hertz = Field(default=6.5, description="H-C=C-H with oxygen at either end")
    enol_trans: Hertz = Field(default=13.5, description="the same")
    haloalkene_cis: Hertz = Field(default=7.2, description="H-C=C-H with F, Cl, Br or I at either end")
    haloalkene_trans: Hertz = Field(default=14.0, description="the same")
    cis_in_ring: tuple[Hertz, ...] = Field(
        default=(1.5, 3.0, 5.5, 9.8, 11.0, 10.3), description="H-C=C-H, cis, rings of 3 to 8"
    )
    geminal_alkene: Hertz = Field(default=1.5, description="=CH2")
    geminal: Hertz = Field(default=13.5, description="CH2 with unlike hydrogens")
    geminal_oxygen: Hertz = Field(default=11.0, description="the same beside oxygen")
    allylic: Hertz = Field(default=1.4, description="H-C=C-C-H")
    propargylic: Hertz = Field(default=2.6, description="H-C#C-C-H")
    aromatic_ortho: Hertz = Field(default=8.0, description="six-membered ring")
    aromatic_ortho_nitrogen: Hertz = Field(
        default=5.0, description="the same beside the nitrogen of the ring"
    )
    aromatic_meta: Hertz = Field(default=2.0, description="six-membered ring")
    five_ring: Hertz = Field(default=3.5, description="aromatic ring of five, away from the heteroatom")
    five_ring_oxygen: Hertz = Field(default=1.8, description="the same beside oxygen")
    five_ring_nitrogen: Hertz = Field(default=2.6, description="the same beside nitrogen")
    five_ring_sulfur: Hertz = Field(default=5.2, description="the same beside sulfur")
    five_ring_meta: Hertz = Field(default=1.0, description="over two bonds of an aromatic ring of five")
    fluorine_geminal: Hertz = Field(default=47.5, description="H-C-F")
    fluorine_vicinal: Hertz = Field(default=21.0, description="H-C-CF")
    fluorine_vicinal_several: tuple[Hertz, Hertz] = Field(default=(15.0, 9.0), description="H-C-CF2, H-C-CF3")
    fluorine_alkene: Hertz = Field(default=25.0, description="H-C=C-F")
    fluorine_ortho: Hertz = Field(default=8.8, description="aromatic, three bonds")
    fluorine_meta: Hertz = Field(default=5.6, description="aromatic, four bonds")
    phosphorus_geminal: Hertz = Field(default=14.0, description="H-C-P")
    phosphorus_vicinal: Hertz = Field(default=12.0, description="H-C-C-P")
    phosphorus_ester: Hertz = Field(default=8.5, description="H-C-O-P")
    carbon_fluorine: tuple[Hertz, Hertz, Hertz, Hertz] = Field(
        default=(165.0, 20.0, 5.0, 0.0), description="C and F over one to four bonds"
    )
    carbon_fluorine_aromatic: tuple[Hertz, Hertz, Hertz, Hertz] = Field(
        default=(247.0, 21.5, 8.3, 3.2), description="the same on an aromatic ring"
    )
    carbon_fluorine_several: tuple[Hertz, Hertz] = Field(default=(245.0, 277.0), description="in CF2 and CF3")
    carbon_trifluoromethyl: Hertz = Field(default=33.0, description="C-CF3")
    carbon_phosphorus: tuple[Hertz, Hertz, Hertz] = Field(
        default=(120.0, 9.0, 8.0), description="C and P over one to three bonds"
    )
    alkene_offsets: AlkeneOffsetConfig = AlkeneOffsetConfig()
    diastereotopic_offset_ppm: float = Field(
        default=0.06, description="of the hydrogens of a CH2 near a stereocentre from their mean", ge=0
    )
    alkene_twins: TwinOffset = Field(
        default=TwinOffset(3.9, 0.04), description="R2C= with unlike ends beyond"
    )
    amide_twins: TwinOffset = Field(default=TwinOffset(1.6, 0.05), description="R2N-C=O")
