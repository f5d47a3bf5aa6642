"""Multiplets and traces against patterns and areas known in closed form."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molucid.errors import InputError
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID, Grid
from molucid.spectra.multiplets import (
    LineConfig,
    Lines,
    lines,
    multiplicity_name,
    render,
    render_lines,
    split_lines,
)
from molucid.spectra.types import NmrPeaks


def h_peaks(**fields: object) -> NmrPeaks:
    return NmrPeaks("1H", **fields)  # type: ignore[arg-type]  # keywords of the type


@pytest.mark.parametrize("partners", range(7))
def test_equal_partners_split_binomially(partners: int) -> None:
    offset, weight = split_lines((7.0,) * partners)
    np.testing.assert_allclose(offset, 7.0 * (np.arange(partners + 1) - partners / 2), atol=1e-9)
    np.testing.assert_allclose(weight, [math.comb(partners, k) / 2**partners for k in range(partners + 1)])


def test_a_doublet_of_triplets() -> None:
    offset, weight = split_lines((8.0, 2.0, 2.0))
    np.testing.assert_allclose(offset, [-6, -4, -2, 2, 4, 6])
    np.testing.assert_allclose(weight, np.array([1, 2, 1, 1, 2, 1]) / 8)


@given(st.lists(st.floats(0.1, 300), max_size=6))
def test_a_pattern_is_symmetric_and_keeps_its_intensity(couplings: list[float]) -> None:
    offset, weight = split_lines(tuple(couplings))
    assert weight.sum() == pytest.approx(1)
    np.testing.assert_allclose(offset, -offset[::-1], atol=0.05)
    assert offset[-1] == pytest.approx(sum(couplings) / 2, abs=0.05)


def test_more_lines_than_anyone_can_draw_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        split_lines(tuple(0.37 * 1.9**k for k in range(14)))
    assert caught.value.code == "too_many_couplings"


def test_the_lines_of_ethanol() -> None:
    peaks = h_peaks(
        shift_ppm=np.array([1.2, 3.7]), num_hydrogens=(3, 2), coupling_hz=((7.0, 7.0), (7.0, 7.0, 7.0)), field_mhz=400.0
    )  # fmt: skip
    found = lines(peaks)
    hz = (found.shift_ppm - np.repeat([1.2, 3.7], [3, 4])) * 400
    np.testing.assert_allclose(hz, [-7, 0, 7, -10.5, -3.5, 3.5, 10.5], atol=1e-6)
    np.testing.assert_allclose(found.intensity, [0.75, 1.5, 0.75, 0.25, 0.75, 0.75, 0.25])
    at_double = lines(peaks, field_mhz=800.0)
    np.testing.assert_allclose(at_double.shift_ppm - np.repeat([1.2, 3.7], [3, 4]), hz / 800, atol=1e-9)


def test_what_a_list_leaves_out_has_a_stated_meaning() -> None:
    config = LineConfig(unstated_coupling_hz=6.0)
    peaks = h_peaks(
        shift_ppm=np.array([1.0, 2.0, 3.0, 4.0]),
        multiplicity=("t", "m", "br s", None),
        width_ppm=np.array([0, 0.4, 0.1, 0]),
    )
    found = lines(peaks, 100.0, config)
    near = [np.abs(found.shift_ppm - center) < 0.45 for center in (1, 2, 3, 4)]
    np.testing.assert_allclose(found.shift_ppm[near[0]], [0.94, 1.0, 1.06])
    assert found.intensity[near[1]].sum() == pytest.approx(1)
    band = found.shift_ppm[near[1]]
    assert 1.8 < band.min() < 1.81
    assert 2.19 < band.max() < 2.2
    assert found.width_ppm[near[2]].tolist() == pytest.approx([0.1])
    assert near[3].sum() == 1
    assert found.width_ppm[near[3]] == pytest.approx([config.h_width_hz / 100])


def test_carbons_are_weighed_by_their_hydrogens_and_number() -> None:
    peaks = NmrPeaks("13C", np.array([20.0, 170.0]), multiplicity=("Q", "S"), num_hydrogens=(3, 1))
    intensity = lines(peaks).intensity
    assert intensity.tolist() == pytest.approx([3 * 1.29, 0.42])


def test_one_line_is_the_lorentzian() -> None:
    grid = Grid(0.0, 0.01, 1001)
    trace = render_lines(Lines(np.array([5.003]), np.array([2.0]), np.array([0.1])), grid, 20)
    distance = (grid.axis - 5.003) / 0.05
    expected = 2.0 / (np.pi * 0.05) / (1 + distance**2)
    inside = np.abs(grid.axis - 5.003) < 1.95
    np.testing.assert_allclose(trace[inside], expected[inside], rtol=1e-9)
    assert not trace[np.abs(grid.axis - 5.003) > 2.1].any()


@pytest.mark.parametrize("grid", [H_NMR_GRID, C_NMR_GRID])
def test_the_area_under_a_line_is_its_intensity(grid: Grid) -> None:
    rng = np.random.default_rng(0)
    for center in rng.uniform(grid.first + 10 * grid.step, grid.last - 10 * grid.step, 20):
        found = Lines(np.array([center]), np.array([3.0]), np.array([2 * grid.step]))
        inside = render_lines(found, grid, 20).sum() * grid.step
        room = min(center - grid.first, grid.last - center)
        least = 3.0 * (0.5 + np.arctan(room / grid.step) / np.pi) - 0.06
        assert least < inside < 3.03


def test_lines_beyond_the_grid_leave_no_trace_or_their_flank() -> None:
    far = Lines(np.array([-9.0, 40.0]), np.ones(2), np.full(2, 0.01))
    assert not render_lines(far, H_NMR_GRID, 20).any()
    edge = Lines(np.array([H_NMR_GRID.last]), np.ones(1), np.full(1, 0.01))
    trace = render_lines(edge, H_NMR_GRID, 20)
    assert int(np.argmax(trace)) == H_NMR_GRID.num_points - 1
    assert not trace[: H_NMR_GRID.num_points // 2].any()


def test_rendering_adds_up() -> None:
    rng = np.random.default_rng(1)
    shift = rng.uniform(-2, 10, 30)
    whole = render(h_peaks(shift_ppm=shift), H_NMR_GRID)
    parts = sum(render(h_peaks(shift_ppm=np.array([value])), H_NMR_GRID) for value in shift)
    np.testing.assert_allclose(whole, parts, atol=1e-12)


@pytest.mark.parametrize(
    ("couplings", "name"),
    [
        ((), "s"),
        ((7.0, 7.0), "t"),
        ((8.1, 8.0, 2.0), "td"),
        ((8.0, 2.0, 2.0), "dt"),
        ((7.0,) * 6, "sept"),
        ((17.0, 10.0, 1.5), "ddd"),
        ((17.0, 10.0, 6.0, 1.5), "m"),
        ((7.0,) * 9, "m"),
    ],
)
def test_names_of_patterns(couplings: tuple[float, ...], name: str) -> None:
    assert multiplicity_name(couplings) == name


def test_no_peaks_no_signal() -> None:
    assert not render(h_peaks(shift_ppm=np.zeros(0)), H_NMR_GRID).any()


@pytest.mark.slow
def test_a_trace_takes_a_fifth_of_a_millisecond() -> None:
    rng = np.random.default_rng(2)
    peaks = h_peaks(
        shift_ppm=rng.uniform(0, 9, 12), num_hydrogens=(1,) * 12, coupling_hz=((8.0, 8.0, 2.0),) * 12
    )
    render(peaks, H_NMR_GRID)
    start = time.process_time()
    for _ in range(200):
        render(peaks, H_NMR_GRID)
    assert (time.process_time() - start) / 200 < 4e-4  # twice what is stated, for a loaded machine
