from __future__ import annotations

import pytest

from molucid.spectra.solvents import SOLVENTS, canonical_solvent

# Fulmer et al. 2010, table 1 (residual ¹H, water) and 2 (¹³C), typed a second time as an independent check.
FULMER = {
    "THF-d8": ((1.72, 3.58), 2.46, (67.21, 25.31)),
    "CD2Cl2": ((5.32,), 1.52, (53.84,)),
    "CDCl3": ((7.26,), 1.56, (77.16,)),
    "toluene-d8": ((2.08, 6.97, 7.01, 7.09), 0.43, (137.48, 128.87, 127.96, 125.13, 20.43)),
    "C6D6": ((7.16,), 0.40, (128.06,)),
    "C6D5Cl": ((6.96, 6.99, 7.14), 1.03, (134.19, 129.26, 128.25, 125.96)),
    "acetone-d6": ((2.05,), 2.84, (29.84, 206.26)),
    "DMSO-d6": ((2.50,), 3.33, (39.52,)),
    "CD3CN": ((1.94,), 2.13, (1.32, 118.26)),
    "TFE-d3": ((5.02, 3.88), 3.66, (61.50, 126.28)),
    "CD3OD": ((3.31,), 4.87, (49.00,)),
    "D2O": ((4.79,), 4.79, ()),
}


@pytest.mark.parametrize("name", FULMER)
def test_lines_are_those_of_the_published_table(name: str) -> None:
    residual, water, carbon = FULMER[name]
    solvent = SOLVENTS[name]
    assert (solvent.residual_h_ppm, solvent.water_ppm) == (tuple(sorted(residual)), water)
    assert solvent.c_ppm == tuple(sorted(carbon))


def test_lines_ascend_and_names_belong_to_one_solvent() -> None:
    aliases = [alias for solvent in SOLVENTS.values() for alias in solvent.aliases]
    assert len(aliases) == len(set(aliases))
    for solvent in SOLVENTS.values():
        assert list(solvent.residual_h_ppm) == sorted(solvent.residual_h_ppm)
        assert list(solvent.c_ppm) == sorted(solvent.c_ppm)
        assert canonical_solvent(solvent.name) == solvent.name
        assert all(canonical_solvent(alias) == solvent.name for alias in solvent.aliases)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Chloroform-D1 (CDCl3)", "CDCl3"),
        ("CDCl₃", "CDCl3"),
        ("<CDCl3>", "CDCl3"),
        ("100% CDCl3", "CDCl3"),
        ("CDCl3 + TMS", "CDCl3"),
        ("CDCl3_SPE", "CDCl3"),
        ("Dimethylsulphoxide-D6 (DMSO-D6, C2D6SO)", "DMSO-d6"),
        ("(CD3)2SO", "DMSO-d6"),
        ("d6-DMSO", "DMSO-d6"),
        ("[D6]DMSO", "DMSO-d6"),
        ("MeOD-d4", "CD3OD"),
        ("Methanol-D4 (CD3OD)", "CD3OD"),
        ("Tetrahydrofuran-D8 (THF-D8, C4D4O)", "THF-d8"),
        ("Acetone-D6 ((CD3)2CO)", "acetone-d6"),
        ("H2O+D2O", "D2O"),
        ("CDCl3/CD3OD", None),
        ("CDCl3 (Chloroform) DMSO", None),
        ("CDCl3 (DMSO)", None),
        ("Unreported", None),
        ("", None),
    ],
)
def test_spellings_found_in_files(text: str, name: str | None) -> None:
    assert canonical_solvent(text) == name
