"""Splittings of textbook molecules, and groups of equivalent nuclei."""

from __future__ import annotations

import pytest

from molucid.errors import InputError
from molucid.simulate.nmr_coupling_table import CouplingConfig
from molucid.simulate.nmr_exchangeable import MobileHydrogenConfig, mobile_groups
from molucid.simulate.nmr_graph import read_graph
from molucid.simulate.nmr_groups import carbon_groups, hydrogen_groups
from molucid.simulate.nmr_topology import Topology
from molucid.spectra.multiplets import multiplicity_name

CONFIG = CouplingConfig()


def splittings(smiles: str) -> dict[tuple[str, int], int]:
    """(multiplicity, number of hydrogens) → how many groups of carbon-bound hydrogens have it."""
    found: dict[tuple[str, int], int] = {}
    for group in hydrogen_groups(Topology(read_graph(smiles)), CONFIG):
        key = (multiplicity_name(group.coupling_hz), group.number)
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCO", {("t", 3): 1, ("q", 2): 1}),
        ("C", {("s", 4): 1}),
        ("CC(C)Cl", {("d", 6): 1, ("sept", 1): 1}),
        ("CC(=O)OCC", {("s", 3): 1, ("t", 3): 1, ("q", 2): 1}),
        ("c1ccccc1", {("s", 6): 1}),
        ("C=C", {("s", 4): 1}),
        ("Cc1ccc(C)cc1", {("s", 6): 1, ("s", 4): 1}),
        ("COc1ccc(C=O)cc1", {("s", 3): 1, ("s", 1): 1, ("d", 2): 2}),
        ("COc1ccccc1C=O", {("s", 3): 1, ("s", 1): 1, ("dd", 1): 2, ("td", 1): 2}),
        ("C=CC(=O)OC", {("s", 3): 1, ("dd", 1): 3}),
        ("COC(=O)C#CC", {("s", 3): 2}),
        ("C#CCO", {("d", 2): 1, ("t", 1): 1}),
        ("CC=O", {("d", 3): 1, ("q", 1): 1}),
        ("c1ccoc1", {("dd", 2): 2}),
        ("CCF", {("dt", 3): 1, ("dq", 2): 1}),
        ("COP(=O)(OC)OC", {("d", 9): 1}),
        ("COC(F)(F)F", {("s", 3): 1}),
        ("CC(C)=C", {("s", 6): 0, ("t", 6): 1, ("sept", 2): 1}),
    ],
)
def test_textbook_patterns(smiles: str, expected: dict[tuple[str, int], int]) -> None:
    assert splittings(smiles) == {key: number for key, number in expected.items() if number}


def first_coupling(smiles: str, name: str) -> set[float]:
    groups = hydrogen_groups(Topology(read_graph(smiles)), CONFIG)
    return {group.coupling_hz[0] for group in groups if multiplicity_name(group.coupling_hz) == name}


def test_geometry_of_a_double_bond() -> None:
    assert first_coupling(r"COC(=O)/C=C/c1ccccc1", "d") == {CONFIG.trans}
    assert first_coupling(r"COC(=O)/C=C\c1ccccc1", "d") == {CONFIG.cis}
    assert first_coupling("COC(=O)C=Cc1ccccc1", "d") == {CONFIG.trans}
    assert first_coupling("CC1(C)C=CC(=O)C(C)(C)C1", "d") == {CONFIG.cis_in_ring[3]}


@pytest.mark.parametrize(
    ("smiles", "coupling_hz"),
    [
        ("CC1(C)CC=CCC1", 9.8),
        ("CC1(C)CC=CCCC1", 11.0),
        ("CC1(C)CC=CCCCC1", 10.3),
        (r"CC1(C)C/C=C\CCCC1", 10.3),
        (r"CC1(C)C/C=C/CCCC1", 15.8),
        ("CC1(C)CC=CCCCCC1", 10.5),
        ("CC1(C)CC=CCCCCCC1", 10.5),
        ("CC1(C)CC=CCCCCCCC1", 15.8),
        (r"CC1(C)C/C=C\CCCCCCC1", 10.5),
        ("OC1CC=CCCCC1", 10.3),
    ],
)
def test_without_a_mark_a_double_bond_in_a_ring_of_up_to_ten_atoms_is_cis(
    smiles: str, coupling_hz: float
) -> None:
    groups = hydrogen_groups(Topology(read_graph(smiles)), CONFIG)
    across = [value for group in groups for value in group.coupling_hz if value > 9]
    assert [value for value in across if value != CONFIG.geminal] == [coupling_hz] * 2


@pytest.mark.parametrize(
    ("smiles", "cis_hz", "trans_hz"),
    [
        ("C=CCC", CONFIG.cis, CONFIG.vinyl_trans),
        ("C=COCC", CONFIG.enol_cis, CONFIG.enol_trans),
        ("C=COC(C)=O", CONFIG.enol_cis, CONFIG.enol_trans),
        ("C=CBr", CONFIG.haloalkene_cis, CONFIG.haloalkene_trans),
        ("C=CC(=O)OC", CONFIG.cis, CONFIG.vinyl_trans),
    ],
)
def test_electronegative_substituents_make_couplings_across_a_double_bond_smaller(
    smiles: str, cis_hz: float, trans_hz: float
) -> None:
    shown = [set(group.coupling_hz) for group in hydrogen_groups(Topology(read_graph(smiles)), CONFIG)]
    for pair in ({cis_hz, trans_hz}, {CONFIG.geminal_alkene, cis_hz}, {CONFIG.geminal_alkene, trans_hz}):
        assert any(pair <= couplings for couplings in shown), pair


def test_couplings_of_a_pair_are_the_same_from_both_sides() -> None:
    """A constant that two groups show is shown by as many hydrogen pairs from the one as from the other."""
    for smiles in ("CCCO", "C=CCCl", "Cc1ccncc1", "CC(C)CC=O", "c1ccsc1C", "FCCc1ccccc1", "OCC1CCCO1"):
        groups = hydrogen_groups(Topology(read_graph(smiles)), CouplingConfig(diastereotopic_offset_ppm=0))
        values = sorted({value for group in groups for value in group.coupling_hz})
        for value in values:
            if value >= CONFIG.fluorine_vicinal:
                continue  # to fluorine, which is in no group
            pairs = [group.number * group.coupling_hz.count(value) for group in groups]
            shown = [number for number in pairs if number]
            assert sum(shown) % 2 == 0, (smiles, value, pairs)
            assert len(shown) != 2 or shown[0] == shown[1], (smiles, value, pairs)


def test_hydrogens_of_a_ch2_differ_beside_a_stereocentre_only() -> None:
    assert splittings("CC(O)CCl") == {("d", 3): 1, ("dd", 1): 2, ("sext", 1): 1}
    groups = hydrogen_groups(Topology(read_graph("CC(O)CCl")), CONFIG)
    offsets = sorted(group.offset_ppm for group in groups)
    assert offsets == [-CONFIG.diastereotopic_offset_ppm, 0, 0, CONFIG.diastereotopic_offset_ppm]
    assert splittings("CC(C)CCl")[("d", 2)] == 1


def test_twins_on_a_planar_atom_differ_if_the_other_end_is_uneven() -> None:
    offsets = {
        smiles: sorted(group.offset_ppm for group in carbon_groups(Topology(read_graph(smiles)), CONFIG))
        for smiles in ("CC(C)=CCl", "CC(C)=C", "CC(C)=C(Cl)Cl", "CC(=O)N(C)C", "CN(C)C", "CC1CCCC=C1C")
    }
    alkene, amide = CONFIG.alkene_twins.c_ppm, CONFIG.amide_twins.c_ppm
    assert offsets["CC(C)=CCl"] == [-alkene, 0, 0, alkene]
    assert offsets["CC(=O)N(C)C"] == [-amide, 0, 0, amide]
    for even in ("CC(C)=C", "CC(C)=C(Cl)Cl", "CN(C)C", "CC1CCCC=C1C"):
        assert not any(offsets[even]), even
    hydrogens = hydrogen_groups(Topology(read_graph("CC(C)=CCl")), CONFIG)
    assert sorted(group.number for group in hydrogens) == [1, 3, 3]


def test_numbers_add_up_to_the_formula() -> None:
    for smiles, hydrogens, carbons in (
        ("CC(C)(C)OC(=O)N[C@@H](C)C(=O)O", 15, 8),
        ("C=CCC1CCCCC1O", 16, 9),
        ("c1ccc2[nH]ccc2c1", 7, 8),
        ("CC(C)=CCN(C)C(=O)N(CC)CC", 22, 11),
    ):
        topology = Topology(read_graph(smiles))
        mobile = mobile_groups(topology, MobileHydrogenConfig())
        groups = hydrogen_groups(topology, CONFIG)
        assert sum(group.number for group in groups) + sum(group.number for group in mobile) == hydrogens
        assert sum(group.number for group in carbon_groups(topology, CONFIG)) == carbons


def test_carbons_split_by_fluorine_and_phosphorus() -> None:
    groups = carbon_groups(Topology(read_graph("Fc1ccccc1")), CONFIG)
    assert sorted((group.number, group.coupling_hz) for group in groups) == [
        (1, (3.2,)), (1, (247.0,)), (2, (8.3,)), (2, (21.5,))
    ]  # fmt: skip
    trifluoroethanol = {
        group.coupling_hz for group in carbon_groups(Topology(read_graph("OCC(F)(F)F")), CONFIG)
    }
    assert trifluoroethanol == {(277.0,) * 3, (33.0,) * 3}
    assert {g.coupling_hz for g in carbon_groups(Topology(read_graph("CP(C)(C)=O")), CONFIG)} == {(120.0,)}


@pytest.mark.parametrize(
    ("smiles", "name"),
    [
        ("CC(=O)O", "carboxylic_acid"),
        ("CCO", "alcohol"),
        ("Oc1ccccc1", "phenol"),
        ("O=Cc1ccccc1O", "phenol_chelated"),
        ("CC(O)=CC(C)=O", "enol"),
        ("CC=NO", "hydroxylamine"),
        ("CS(=O)(=O)O", "oxoacid"),
        ("C[Si](C)(C)O", "silanol_or_boronic"),
        ("CCN", "amine"),
        ("Nc1ccccc1", "aniline"),
        ("CC(N)=O", "amide"),
        ("COC(N)=O", "carbamate_or_urea"),
        ("CS(N)(=O)=O", "sulfonamide"),
        ("c1cc[nH]c1", "ring_nitrogen"),
        ("C[NH3+]", "ammonium"),
        ("CC(C)=N", "imine"),
        ("CNN(C)C", "hydrazine"),
        ("CCS", "thiol"),
        ("Sc1ccccc1", "thiophenol"),
        ("C[SiH](C)C", "silane"),
        ("O", "other"),
    ],
)
def test_classes_of_mobile_hydrogens(smiles: str, name: str) -> None:
    config = MobileHydrogenConfig()
    (group,) = mobile_groups(Topology(read_graph(smiles)), config)
    assert group.shift == getattr(config, name)


@pytest.mark.parametrize(
    ("smiles", "code"),
    [
        ("C1CC", "invalid_smiles"),
        ("", "invalid_smiles"),
        ("[13CH4]", "isotope_label"),
        ("CC.O", "multiple_components"),
        ("C" * 256, "too_many_atoms"),
        ("C[Fe]C", "unsupported_element"),
        ("[H][H]", "unsupported_element"),
        ("*C", "unsupported_element"),
        ("C[CH2]", "radical"),
    ],
)
def test_molecules_that_are_not_simulated(smiles: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_graph(smiles)
    assert caught.value.code == code


# shifts of the =CH2 in CDCl3, of the hydrogen trans and of that cis to the one on the other carbon
MEASURED_VINYL_PPM = {
    "C=Cc1ccccc1": (5.75, 5.24),
    "C=CC(=O)OC": (6.40, 5.82),
    "C=CC(C)=O": (6.26, 5.93),
    "C=CC=O": (6.37, 6.52),
    "C=CCCCC": (4.99, 4.93),
    "C=COCC": (4.17, 3.96),
    "C=COC(C)=O": (4.88, 4.57),
    "C=CC#N": (6.24, 6.11),
}


@pytest.mark.parametrize("smiles", MEASURED_VINYL_PPM)
def test_the_hydrogens_of_a_vinyl_group_are_apart_as_measured(smiles: str) -> None:
    groups = hydrogen_groups(Topology(read_graph(smiles)), CONFIG)
    trans, cis = (
        next(
            group
            for group in groups
            if CONFIG.geminal_alkene in group.coupling_hz
            and couplings & set(group.coupling_hz)
            and group.offset_ppm
        )
        for couplings in ({CONFIG.vinyl_trans, CONFIG.enol_trans}, {CONFIG.cis, CONFIG.enol_cis})
    )
    measured = MEASURED_VINYL_PPM[smiles][0] - MEASURED_VINYL_PPM[smiles][1]
    assert trans.offset_ppm == -cis.offset_ppm
    assert trans.offset_ppm - cis.offset_ppm == pytest.approx(measured, abs=0.12)
    assert (trans.offset_ppm > cis.offset_ppm) == (measured > 0)


@pytest.mark.parametrize(
    ("smiles", "upper", "lower"),
    [
        ("C=C(C)C(=O)OC", 6.10, 5.55),  # methyl methacrylate
        ("C=C(C)c1ccccc1", 5.36, 5.08),  # α-methylstyrene
        ("C=C(C)CC", 4.69, 4.66),  # 2-methyl-1-butene
    ],
)
def test_two_substituents_set_a_ch2_apart_by_their_difference(
    smiles: str, upper: float, lower: float
) -> None:
    groups = hydrogen_groups(Topology(read_graph(smiles)), CONFIG)
    offsets = sorted(group.offset_ppm for group in groups if group.offset_ppm)
    assert len(offsets) == 2
    assert offsets[1] - offsets[0] == pytest.approx(upper - lower, abs=0.12)
