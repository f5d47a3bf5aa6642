"""By how much a measured NMR spectrum departs from a simulated one: every random range in one place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from molucid.config import Config
from molucid.spectra.referencing import ReferencingConfig
from molucid.spectra.solvents import SOLVENTS

Probability = Annotated[float, Field(ge=0, le=1)]
SIMULATED_FIELD_MHZ = 400.0
"""¹H frequency that simulated lists state unless another was asked for."""
Range = tuple[float, float]
"""Smallest and largest value; uniform between them, or uniform in the logarithm where the attribute says so."""


class NmrAugmentConfig(Config):
    """Ranges of all departures. A pair is drawn from uniformly, unless it is called logarithmic.

    Attributes:
        shift_error: factor of `shift_std_ppm` in each peak's own error; normal, cut at three deviations.
        h_offset_ppm: largest error of the reference of a ¹H spectrum, to either side.
        c_offset_ppm: of a ¹³C spectrum.
        coupling_error_hz: standard deviation of each coupling.
        mobile_missing: probability that a broad line (OH, NH) is not seen; 1 in `D2O` and `CD3OD`.
        quaternary_missing: probability that a carbon without hydrogen is not seen.
        solvents: name and weight of each solvent of a list that names none.
        field_mhz: ¹H frequencies, each as likely, of a list that states none or the simulator's; others are kept.
        unresolved: probability, per list, that couplings below `unresolved_below_hz` are not seen.
        unresolved_below_hz: smallest coupling that such a list still gives.
        multiplet_as_range: probability, per list, that multiplets without a name give their range and no couplings.
        merge_overlaps: probability, per list, that multiplets that overlap are listed as one.
        bare_hydrogens: probability that a ¹H list gives shifts only.
        carbon_types: probability that a ¹³C list gives `S`, `D`, `T`, `Q`; a split carbon gives its splitting.
        carbon_numbers: probability that a ¹³C list gives the number of carbons of every peak, as databases do.
        carbon_repeats: probability that one that does not gives the numbers above 1, as texts do.
        carbon_lines: probability that a ¹³C list gives the lines of a split carbon one by one.
        h_width_hz: full width at half height of ¹H lines; logarithmic.
        c_width_hz: of ¹³C lines; logarithmic.
        broad_width_hz: of broad lines; logarithmic.
        carbon_intensity: factor of the area of each type of carbon.
        noise: standard deviation, relative to the compound's highest line; logarithmic.
        baseline: largest departure of the smooth baseline, relative to the same.
        phase_degrees: error of the zero-order phase.
        h_solvent_height: of the residual solvent's lines, relative to the compound's highest; logarithmic.
        c_solvent_height: of the solvent's carbons; logarithmic.
        water: probability of a water line in ¹H.
        water_height: of that line; logarithmic.
        water_width_ppm: of that line.
        reference: probability of a line of tetramethylsilane.
        impurities: probability of impurities.
        max_impurities: most lines of impurities.
        impurity_height: of each; logarithmic.
        referencing: how readers take the lines of the solvent out of a trace.
    """

    shift_error: float = Field(default=1.0, ge=0)
    h_offset_ppm: float = Field(default=0.03, ge=0)
    c_offset_ppm: float = Field(default=0.3, ge=0)
    coupling_error_hz: float = Field(default=0.4, ge=0)
    mobile_missing: Probability = 0.35
    quaternary_missing: Probability = 0.03
    solvents: tuple[tuple[str, float], ...] = (
        ("CDCl3", 0.66),
        ("DMSO-d6", 0.18),
        ("CD3OD", 0.07),
        ("acetone-d6", 0.03),
        ("D2O", 0.02),
        ("C6D6", 0.02),
        ("CD2Cl2", 0.02),
    )
    field_mhz: tuple[float, ...] = (300.0, 400.0, 400.0, 500.0, 600.0)
    unresolved: Probability = 0.6
    unresolved_below_hz: float = Field(default=3.0, ge=0)
    multiplet_as_range: Probability = 0.8
    merge_overlaps: Probability = 0.5
    bare_hydrogens: Probability = 0.1
    carbon_types: Probability = 0.3
    carbon_numbers: Probability = 0.1
    carbon_repeats: Probability = 0.2
    carbon_lines: Probability = 0.5
    h_width_hz: Range = (0.6, 3.0)
    c_width_hz: Range = (1.0, 5.0)
    broad_width_hz: Range = (3.0, 80.0)
    carbon_intensity: Range = (0.5, 1.2)
    noise: Range = (2e-4, 1e-2)
    baseline: float = Field(default=0.01, ge=0)
    phase_degrees: Range = (-5.0, 5.0)
    h_solvent_height: Range = (0.02, 3.0)
    c_solvent_height: Range = (0.1, 6.0)
    water: Probability = 0.7
    water_height: Range = (0.02, 2.0)
    water_width_ppm: Range = (0.005, 0.05)
    reference: Probability = 0.3
    impurities: Probability = 0.4
    max_impurities: int = Field(default=3, ge=1)
    impurity_height: Range = (0.005, 0.15)
    referencing: ReferencingConfig = ReferencingConfig()

    @model_validator(mode="after")
    def _ranges_rise(self) -> NmrAugmentConfig:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name.endswith(
                ("_hz", "_height", "_width_ppm", "noise", "_degrees", "_intensity")
            ) and isinstance(value, tuple):
                if value[0] > value[1]:
                    raise ValueError(f"{name} must not fall: {value}")
                if name != "phase_degrees" and value[0] <= 0:
                    raise ValueError(f"{name} must be above 0: {value}")
        unknown = [name for name, _ in self.solvents if name not in SOLVENTS]
        if unknown or not self.solvents or not all(weight > 0 for _, weight in self.solvents):
            raise ValueError(f"solvents must be names of {', '.join(SOLVENTS)} with weights above 0")
        if not self.field_mhz or min(self.field_mhz) <= 0:
            raise ValueError("field_mhz must be frequencies above 0")
        return self
