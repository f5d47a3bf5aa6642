"""NMR solvents: the lines of what is left undeuterated, of their carbons and of dissolved water, and their names.

Shifts in ppm from tetramethylsilane at 0. Source: Fulmer et al., Organometallics 2010, 29, 2176 (table 1 and 2);
the solvents that are not in it (pyridine, DMF, TFA, dioxane, acetic acid, tetrachloroethane) after Cambridge Isotope
Laboratories' chart of NMR solvents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Solvent:
    """One deuterated solvent.

    Attributes:
        name: canonical name, as `NmrSpectrum.solvent` and `NmrPeaks.solvent` carry it.
        aliases: other names found in files, in lower case with letters and digits only.
        residual_h_ppm: ¹H lines of the molecules that are not fully deuterated, ascending.
        c_ppm: ¹³C lines, ascending; empty for a solvent without carbon.
        water_ppm: ¹H line of dissolved water at room temperature.
    """

    name: str
    aliases: tuple[str, ...]
    residual_h_ppm: tuple[float, ...]
    c_ppm: tuple[float, ...]
    water_ppm: float


TMS_PPM = 0.0
"""Line of tetramethylsilane in ¹H and ¹³C."""

_TABLE = (
    Solvent(
        "CDCl3",
        ("chloroform", "chloroformd", "chloroformd1", "dchloroform", "deuterochloroform", "chcl3", "cdc13"),
        (7.26,),
        (77.16,),
        1.56,
    ),
    Solvent(
        "DMSO-d6",
        (
            *(
                "dmso",
                "d6dmso",
                "dmsod",
                "dmso6",
                "cd32so",
                "c2d6so",
                "c2d6os",
                "hexadeuterodimethylsulfoxide",
            ),
            *("dimethylsulfoxide", "dimethylsulfoxided6", "dimethylsulphoxide", "dimethylsulphoxided6"),
        ),
        (2.50,),
        (39.52,),
        3.33,
    ),
    Solvent(
        "CD3OD",
        (
            "methanol",
            "methanold4",
            "d4methanol",
            "meod",
            "meodd4",
            "meohd4",
            "meoh",
            "cd3odd4",
            "cd4o",
            "ch3oh",
        ),
        (3.31,),
        (49.00,),
        4.87,
    ),
    Solvent(
        "D2O",
        ("deuteriumoxide", "deuteratedwater", "heavywater", "water", "waterd2", "h2o", "h2od2o", "d2oh2o"),
        (4.79,),
        (),
        4.79,
    ),
    Solvent(
        "acetone-d6",
        (
            "acetone",
            "d6acetone",
            "cd32co",
            "acetonde6",
            "cd3cocd3",
            "cd3coch3",
            "c3d6o",
            "aceton",
            "acetond6",
        ),
        (2.05,),
        (29.84, 206.26),
        2.84,
    ),
    Solvent("C6D6", ("benzene", "benzened6", "d6benzene", "benzened", "c6h6"), (7.16,), (128.06,), 0.40),
    Solvent(
        "CD2Cl2",
        (
            *("dichloromethane", "dichloromethaned2", "d2dichloromethane", "dcm", "dcmd2", "ch2cl2"),
            *("methylenechloride", "methylenechlorided2", "methylenchloride", "methylenchlorided2"),
        ),
        (5.32,),
        (53.84,),
        1.52,
    ),
    Solvent(
        "CD3CN",
        (
            "acetonitrile",
            "acetonitriled3",
            "d3acetonitrile",
            "mecn",
            "mecnd3",
            "acn",
            "acnd3",
            "ch3cn",
            "c2d3n",
        ),
        (1.94,),
        (1.32, 118.26),
        2.13,
    ),
    Solvent(
        "THF-d8",
        ("thf", "d8thf", "tetrahydrofuran", "tetrahydrofurand8", "c4d8o", "octadeuterotetrahydrofuran"),
        (1.72, 3.58),
        (25.31, 67.21),
        2.46,
    ),
    Solvent(
        "toluene-d8",
        ("toluene", "d8toluene", "tol", "told8", "c6d5cd3", "c7d8"),
        (2.08, 6.97, 7.01, 7.09),
        (20.43, 125.13, 127.96, 128.87, 137.48),
        0.43,
    ),
    Solvent(
        "pyridine-d5",
        ("pyridine", "d5pyridine", "pyr", "pyrd5", "pyridin", "pyridind5", "c5d5n"),
        (7.22, 7.58, 8.74),
        (123.87, 135.91, 150.35),
        4.96,
    ),
    Solvent(
        "DMF-d7",
        ("dmf", "d7dmf", "dimethylformamide", "dimethylformamided7", "nndimethylformamided7", "c3d7no"),
        (2.75, 2.92, 8.03),
        (29.76, 34.89, 163.15),
        3.50,
    ),
    Solvent(
        "TFA-d",
        (
            "tfa",
            "tfad1",
            "dtfa",
            "trifluoroaceticacid",
            "trifluoroaceticacidd",
            "cf3cood",
            "cf3co2d",
            "cf3cooh",
        ),
        (11.50,),
        (116.6, 164.2),
        11.50,
    ),
    Solvent(
        "C6D5Cl",
        ("chlorobenzene", "chlorobenzened5", "d5chlorobenzene"),
        (6.96, 6.99, 7.14),
        (125.96, 128.25, 129.26, 134.19),
        1.03,
    ),
    Solvent(
        "TFE-d3",
        ("tfe", "d3tfe", "trifluoroethanol", "trifluoroethanold3", "222trifluoroethanold3", "cf3cd2od"),
        (3.88, 5.02),
        (61.50, 126.28),
        3.66,
    ),
    Solvent(
        "dioxane-d8", ("dioxane", "d8dioxane", "14dioxane", "14dioxaned8", "c4d8o2"), (3.53,), (66.66,), 2.4
    ),
    Solvent(
        "acetic-acid-d4",
        ("aceticacid", "acetic", "d4aceticacid", "cd3cood", "cd3co2d", "acod", "acohd4"),
        (2.04, 11.65),
        (20.0, 178.99),
        11.5,
    ),
    Solvent(
        "C2D2Cl4",
        ("tetrachloroethane", "tetrachloroethaned2", "1122tetrachloroethaned2", "tced2", "tce", "cdcl2cdcl2"),
        (5.98,),
        (73.78,),
        1.5,
    ),
)

SOLVENTS: dict[str, Solvent] = {solvent.name: solvent for solvent in _TABLE}
"""Canonical name → solvent."""

_DEUTERONS: dict[str, tuple[tuple[int, float], ...]] = {
    "CDCl3": ((1, 32.0),),
    "DMSO-d6": ((3, 21.0),),
    "CD3OD": ((3, 21.4),),
    "acetone-d6": ((3, 19.4), (0, 0.0)),
    "C6D6": ((1, 24.3),),
    "CD2Cl2": ((2, 27.0),),
    "CD3CN": ((3, 21.0), (0, 0.0)),
}


def deuterons_of(solvent: Solvent) -> tuple[tuple[int, float], ...]:
    """Per ¹³C line of a solvent the deuterons on that carbon and the coupling to each in Hz (table 2 of the source).

    A carbon has 2n + 1 lines, one coupling apart, for n deuterons; (0, 0) where the table has none.
    """
    return _DEUTERONS.get(solvent.name, ((0, 0.0),) * len(solvent.c_ppm))


def _key(text: str) -> str:
    subscripts = text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
    return re.sub(r"[^a-z0-9]", "", subscripts.lower())


_NAMES: dict[str, str] = {
    key: solvent.name for solvent in _TABLE for key in (_key(solvent.name), *solvent.aliases)
}
_IN_PARENTHESES = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_NOISE = re.compile(
    r"\d+(?:\.\d+)?\s*%|\b(?:solvent|with tms|containing tms|\+ ?tms|/ ?tms|anhydrous)\b|_spe\b|\btms\b"
)


def canonical_solvent(text: str) -> str | None:
    """Canonical name of the solvent that `text` names, or `None` for one not known or a mixture of several.

    Case, blanks and punctuation do not matter: `Chloroform-D1 (CDCl3)`, `d6-DMSO`, `(CD3)2SO`, `MeOD-d4`, `CDCl₃`.
    """
    key = _key(text)
    if key in _NAMES:
        return _NAMES[key]
    plain = _NOISE.sub(" ", text.lower())
    inside = [part for group in _IN_PARENTHESES.findall(plain) for part in group.split(",")]
    outside = _IN_PARENTHESES.sub(" ", plain)
    # What stands before the parentheses must be known, too: a mixture may name its second part there.
    names = [_NAMES.get(_key(part)) for part in (outside,) if _key(part)]
    names += [_NAMES[_key(part)] for part in inside if _key(part) in _NAMES]
    return names[0] if names and len(set(names)) == 1 else None
