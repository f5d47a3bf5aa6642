"""Chemical shifts of known structures, with and without their atoms: what a predictor is trained and judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.spectra.types import FloatArray, Nucleus


@dataclass(frozen=True, slots=True, eq=False)
class AssignedShifts:
    """Shifts of one nucleus in one compound.

    Attributes:
        id: identifier in the source.
        smiles: structure without stereo; its heavy atoms in their order are numbered from 0.
        inchikey14: first block of the InChIKey.
        nucleus: observed nucleus.
        atom: number of the carbon, or of the atom that carries the hydrogen; int64 `[shifts]`. An atom may occur
            several times.
        shift_ppm: float64 `[shifts]`.
        computed: whether the shifts come from quantum chemistry, not from a measurement.
        source: name of the collection.
        licence: of the record.
    """

    id: str
    smiles: str
    inchikey14: str
    nucleus: Nucleus
    atom: NDArray[np.int64]
    shift_ppm: FloatArray
    computed: bool
    source: str
    licence: str


@dataclass(frozen=True, slots=True, eq=False)
class ListedShifts:
    """Measured shifts of one nucleus in one compound as a database lists them, without their atoms.

    Attributes:
        id: identifier in the source.
        smiles: structure.
        inchikey14: first block of the InChIKey.
        nucleus: observed nucleus.
        shift_ppm: float64 `[shifts]`, repeated where the source repeats one for several atoms.
        carbon_type: `S`, `D`, `T` or `Q` per shift for the number of hydrogens on the carbon; `None` where unknown.
        source: name of the collection.
        licence: of the record.
    """

    id: str
    smiles: str
    inchikey14: str
    nucleus: Nucleus
    shift_ppm: FloatArray
    carbon_type: tuple[str | None, ...]
    source: str
    licence: str
