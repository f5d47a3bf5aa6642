"""Axes of traces, and what resampling keeps."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID, IR_GRID, Grid


def test_axes_end_where_the_published_ones_end() -> None:
    assert (IR_GRID.axis[0], IR_GRID.axis[-1]) == (400.0, 3998.0)
    assert (H_NMR_GRID.axis[0], H_NMR_GRID.axis[-1]) == pytest.approx((-2.0, 10.0))
    assert (C_NMR_GRID.axis[0], C_NMR_GRID.axis[-1]) == pytest.approx((-20.0, 230.0))


def test_values_on_the_grid_stay_as_they_are() -> None:
    values = np.sin(IR_GRID.axis)
    assert np.array_equal(IR_GRID.resample(IR_GRID.axis, values), values)


def test_a_coarser_grid_keeps_the_area_of_a_narrow_line() -> None:
    grid = Grid(first=0.0, step=1.0, num_points=5)
    x = np.arange(-1.0, 6.0, 0.01)
    y = np.where(np.abs(x - 2.3) < 1e-9, 100.0, 0.0)
    # a triangle of base 0.02 and height 100: area 1, all of it in the cell 1.5 … 2.5
    assert grid.resample(x, y) == pytest.approx([0, 0, 1, 0, 0])


def test_a_finer_grid_interpolates_and_is_zero_outside() -> None:
    grid = Grid(first=0.0, step=1.0, num_points=6)
    assert grid.resample(np.array([1.0, 3.0]), np.array([10.0, 30.0])) == pytest.approx([0, 10, 20, 30, 0, 0])


def test_cells_cut_by_the_end_of_the_data_take_the_mean_of_what_is_there() -> None:
    grid = Grid(first=0.0, step=1.0, num_points=3)
    x = np.linspace(0.0, 1.0, 11)
    assert grid.resample(x, np.full(11, 7.0)) == pytest.approx([7, 7, 0])
