"""Plots of spectra: what stands where."""

from __future__ import annotations

import re

import numpy as np
import pytest

from molucid.evaluate.spectrum_drawing import infrared_plot, mass_plot, nmr_plot, plots_of
from molucid.spectra.types import Evidence, InfraredSpectrum, MassSpectrum, NmrPeaks, NmrSpectrum

LEFT, RIGHT = 38.0, 628.0  # pixels of the ends of the axis


def places(svg: str) -> list[float]:
    return [float(x) for x in re.findall(r'class="peak" x1="([0-9.]+)"', svg)]


def points(svg: str) -> list[tuple[float, float]]:
    (text,) = re.findall(r'points="([^"]+)"', svg)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_wavenumbers_fall_from_left_to_right() -> None:
    x = np.linspace(400.0, 4000.0, 3601)
    plot = infrared_plot(InfraredSpectrum(x, np.where(np.abs(x - 3100) < 0.5, 1.0, 0.0)))
    # 3100 is a quarter of the way from 4000 to 400
    top = min(points(plot.svg), key=lambda point: point[1])
    assert abs(top[0] - (LEFT + (RIGHT - LEFT) * 0.25)) < 0.5
    assert ("range", "400 to 4000 cm⁻¹") in plot.facts


def test_a_line_of_one_point_among_a_hundred_thousand_is_drawn_and_the_plot_stays_small() -> None:
    x = np.linspace(0.0, 10.0, 100_001)
    y = np.zeros(100_001)
    y[[20_000, 90_000]] = 1.0, 0.5
    plot = nmr_plot(NmrSpectrum("1H", x, y))
    heights = sorted(y for _, y in points(plot.svg))
    assert heights[0] == 18.0  # the top of the plot
    assert heights[1] == 18.0 + (150 - 28 - 18) / 2
    assert len(points(plot.svg)) <= 2 * 600


def test_sticks_of_a_list_are_as_high_as_their_hydrogens_and_say_what_they_are() -> None:
    peaks = NmrPeaks(
        "1H",
        np.array([1.2, 4.1]),
        multiplicity=("t", "q"),
        coupling_hz=((7.1, 7.1), (7.1, 7.1, 7.1)),
        num_hydrogens=(3, 2),
        field_mhz=400.0,
        solvent="CDCl3",
    )
    plot = nmr_plot(peaks)
    assert plot.title == "¹H NMR"
    assert plot.facts == (("frequency", "400 MHz"), ("solvent", "CDCl3"), ("peaks", "2"))
    assert "1.20 ppm, t, J = 7.1 Hz, 3 H" in plot.svg
    first, second = places(plot.svg)
    assert first > second  # the lower shift is right
    tops = [float(y) for y in re.findall(r'class="peak" x1="[0-9.]+" y1="([0-9.]+)"', plot.svg)]
    floor = 150 - 28
    assert (floor - tops[1]) / (floor - tops[0]) == pytest.approx(2 / 3, abs=0.01)


def test_a_mass_spectrum_says_how_it_was_measured() -> None:
    spectrum = MassSpectrum([50.0, 100.0], [0.5, 1.0], 150.0, "[M+H]+", None, 35.0, "QTOF <b>")
    plot = mass_plot(spectrum)
    assert plot.facts == (
        ("precursor", "m/z 150.0000"),
        ("adduct", "[M+H]+"),
        ("instrument", "QTOF <b>"),
        ("energy", "35 NCE"),
        ("peaks", "2"),
    )
    assert "100.0000, 100.0 %" in plot.svg


def test_every_spectrum_of_a_compound_has_a_plot() -> None:
    x = np.linspace(0.0, 10.0, 50)
    evidence = Evidence(
        "a",
        None,
        (MassSpectrum([50.0], [1.0]), MassSpectrum([60.0], [1.0])),
        InfraredSpectrum(x + 400, np.ones(50)),
        NmrSpectrum("1H", x, np.zeros(50)),
        NmrPeaks("13C", np.zeros(0)),
    )
    assert [plot.title for plot in plots_of(evidence)] == ["MS/MS", "MS/MS", "IR", "¹H NMR", "¹³C NMR"]
    assert plots_of(Evidence("b")) == []


@pytest.mark.parametrize(("lowest", "zero"), [(-1.0, 0.5), (-0.25, 0.2), (0.0, 0.0), (0.5, 0.0)])
def test_negative_values_lie_inside_of_the_plot_and_zero_is_where_they_begin(
    lowest: float, zero: float
) -> None:
    x = np.linspace(0.0, 200.0, 2001)
    y = np.full(2001, max(lowest, 0.0))
    y[[500, 1500]] = 1.0, lowest
    top, floor = 18.0, 150.0 - 28
    for plot in (nmr_plot(NmrSpectrum("13C", x, y)), infrared_plot(InfraredSpectrum(x + 400, y))):
        heights = [height for _, height in points(plot.svg)]
        assert min(heights) == top
        assert max(heights) == pytest.approx(floor if lowest <= 0 else floor - 0.5 * (floor - top), abs=0.06)
        drawn = [float(y) for y in re.findall(r'class="zero" x1="[0-9.]+" y1="([0-9.]+)"', plot.svg)]
        assert drawn == ([pytest.approx(floor - zero * (floor - top), abs=0.06)] if lowest < 0 else [])


def test_a_trace_that_is_never_positive_hangs_from_the_top() -> None:
    x = np.linspace(400.0, 4000.0, 500)
    plot = infrared_plot(InfraredSpectrum(x, -np.abs(np.sin(x / 100))))
    assert 'class="zero" x1="38" y1="18.0"' in plot.svg
    assert max(height for _, height in points(plot.svg)) == 150 - 28
