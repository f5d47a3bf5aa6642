"""The range of chemical shifts that a peak list may hold: outside of it stands a slip, not a signal.

The sweep of a trace reaches further than its signals; its limits are in `molucid.spectra.clean_traces`.
"""

from __future__ import annotations

from molucid.config import Config
from molucid.errors import InputError
from molucid.spectra.types import Nucleus


class ShiftWindowConfig(Config):
    """First and last chemical shift in ppm that is read; wider than the grids, on which models see traces.

    Attributes:
        h_ppm: ¹H, from shielded protons inside of macrocycles to chelated enols and strong acids.
        c_ppm: ¹³C, from diiodomethane to thioketones.
        c_range_ppm: widest range in place of a ¹³C shift; a wider one stands for several lines that are not listed.
    """

    h_ppm: tuple[float, float] = (-10.0, 20.0)
    c_ppm: tuple[float, float] = (-60.0, 260.0)
    c_range_ppm: float = 2.0

    def of(self, nucleus: Nucleus) -> tuple[float, float]:
        """First and last shift in ppm of a nucleus."""
        return self.h_ppm if nucleus == "1H" else self.c_ppm


def check_shift(shift_ppm: float, width_ppm: float, nucleus: Nucleus, config: ShiftWindowConfig) -> None:
    """Refuse a shift outside of the window, or a range that is no line.

    Raises:
        InputError: `shift_outside_window`, `shift_range_too_wide`.
    """
    first, last = config.of(nucleus)
    if nucleus == "13C" and width_ppm > config.c_range_ppm:
        raise InputError(
            f"a ¹³C range of {width_ppm:g} ppm",
            f"single shifts, or ranges of at most {config.c_range_ppm:g} ppm",
            hint="list the lines of the range one by one",
            code="shift_range_too_wide",
        )
    if not (first <= shift_ppm - width_ppm / 2 and shift_ppm + width_ppm / 2 <= last):
        raise InputError(
            f"a {nucleus} shift of {shift_ppm:g} ppm",
            f"{first:g} to {last:g} ppm",
            hint="correct the shift or the nucleus; a comma may stand for a decimal point",
            code="shift_outside_window",
        )
