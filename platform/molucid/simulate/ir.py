"""Infrared spectra of a molecule, fast: a small model fitted to GFN2-xTB's vibrations, drawn as Lorentzian lines.

`molucid.simulate.ir_xtb` is the slow physical way to the same spectrum.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from molucid.config import Config
from molucid.errors import InputError, Rejected, Where
from molucid.simulate.ir_bands import BroadeningConfig, normalised_spectrum
from molucid.simulate.ir_features import ir_graph
from molucid.simulate.ir_model import SHIPPED_IR_WEIGHTS, IrModel, drawing_matrix
from molucid.spectra.types import InfraredSpectrum


class IrSimulatorConfig(Config):
    """With which model and how lines are drawn.

    Attributes:
        form: `fast`.
        broadening: scale of the model's harmonic wavenumbers and width of the lines.
        weights: safetensors file of the model, its provenance beside it; `None` for the shipped one.
    """

    form: Literal["fast"] = "fast"
    broadening: BroadeningConfig = BroadeningConfig()
    weights: Path | None = None


class IrSimulator:
    """Simulates infrared spectra of neutral molecules with at most 64 heavy atoms; holds no state between calls.

    Matrix products run in numpy's BLAS: a process of several should have one thread (`OMP_NUM_THREADS=1`).

    Args:
        config: how.

    Attributes:
        config: as given.
    """

    def __init__(self, config: IrSimulatorConfig | None = None) -> None:
        self.config = config if config is not None else IrSimulatorConfig()
        self._model = IrModel(self.config.weights or SHIPPED_IR_WEIGHTS)
        self._drawing = drawing_matrix(self.config.broadening)

    @property
    def provenance(self) -> dict[str, Any]:
        """Form, the model's (data, xtb's version, command, seed, metrics, sha256), and how lines are drawn."""
        drawing = {"broadening": self.config.broadening.model_dump(mode="json")}
        return {"form": self.config.form, **self._model.provenance, **drawing}

    def simulate(self, smiles: str, seed: int = 0) -> InfraredSpectrum | Rejected:
        """Spectrum on `IR_GRID` with maximum 1, a function of the configuration and the molecule alone.

        Another SMILES of a molecule gives the same spectrum within 1e-5; stereo is not read.

        Args:
            smiles: the molecule.
            seed: for a place among the simulators that have noise; this one has none, see `ir_augment`.

        Returns:
            The spectrum, or the reason why this molecule has none: `invalid_smiles`, `multiple_components`,
            `isotope_label`, `unsupported_element`, `charged_molecule`, `too_many_atoms`, `too_many_rings`.
        """
        try:
            graph = ir_graph(smiles)
        except InputError as error:
            return Rejected.from_error(smiles, error, Where(record=smiles))
        return normalised_spectrum((self._model.intensities(graph) @ self._drawing).astype(np.float64))

    def simulate_many(self, smiles: Iterable[str], seed: int = 0) -> list[InfraredSpectrum | Rejected]:
        """One answer per molecule, in order, equal to that of `simulate`."""
        return [self.simulate(text, seed) for text in smiles]
