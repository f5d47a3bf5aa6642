"""The axes on which traces are simulated, stored and read by models.

They are those of the multimodal spectroscopic dataset (Alberts et al. 2024), ascending: IR every 2 cm⁻¹ from 400 to
3998, ¹H from −2 to 10 ppm and ¹³C from −20 to 230 ppm, both with 10,000 points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from molucid.spectra.types import FloatArray, InfraredSpectrum, Nucleus


@dataclass(frozen=True)
class Grid:
    """A uniform axis: `first + step · i` for i in 0 … `num_points` − 1."""

    first: float
    step: float
    num_points: int

    @cached_property
    def axis(self) -> FloatArray:
        """All points, ascending, read-only float64 `[num_points]`."""
        axis: FloatArray = self.first + self.step * np.arange(self.num_points, dtype=np.float64)
        axis.setflags(write=False)
        return axis

    @property
    def last(self) -> float:
        """Last point."""
        return self.first + self.step * (self.num_points - 1)

    def resample(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Values at the points of this grid, 0 outside the measured range.

        A coarser grid takes the mean of the linear interpolant over each of its cells, so that a line narrower than a
        cell keeps its area; a grid that is as fine as the data interpolates.

        Args:
            x: ascending axis `[points]`; at least two distinct points.
            y: values `[points]`.
        """
        if len(x) == self.num_points and np.allclose(x, self.axis, rtol=0, atol=1e-3 * self.step):
            return np.array(y, np.float64)
        inside = (self.axis >= x[0]) & (self.axis <= x[-1])
        if (x[-1] - x[0]) / max(len(x) - 1, 1) >= self.step:
            return np.where(inside, np.interp(self.axis, x, y), 0.0)
        area = np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])
        edges = np.clip(np.append(self.axis - self.step / 2, self.last + self.step / 2), x[0], x[-1])
        at_edges = _antiderivative(edges, x, y, area)
        width = np.diff(edges)
        values: FloatArray = np.divide(
            np.diff(at_edges), width, out=np.zeros(self.num_points), where=width > 0
        )
        return values


def _antiderivative(at: FloatArray, x: FloatArray, y: FloatArray, area: FloatArray) -> FloatArray:
    """Integral of the linear interpolant of `(x, y)` from `x[0]` to each of `at`; `area` is that at each of `x`."""
    segment = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    step = at - x[segment]
    slope = np.diff(y)[segment] / np.maximum(np.diff(x)[segment], 1e-300)
    total: FloatArray = area[segment] + step * (y[segment] + 0.5 * slope * step)
    return total


IR_GRID = Grid(first=400.0, step=2.0, num_points=1800)
H_NMR_GRID = Grid(first=-2.0, step=12.0 / 9999, num_points=10_000)
C_NMR_GRID = Grid(first=-20.0, step=250.0 / 9999, num_points=10_000)
NMR_GRIDS: dict[Nucleus, Grid] = {"1H": H_NMR_GRID, "13C": C_NMR_GRID}


def infrared_on_grid(spectrum: InfraredSpectrum) -> InfraredSpectrum:
    """The spectrum at the points of `IR_GRID`."""
    values = IR_GRID.resample(spectrum.wavenumber_cm1, spectrum.absorbance)
    return InfraredSpectrum(IR_GRID.axis, values)
