from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from molucid.evaluate.bootstrap import Interval
from molucid.evaluate.figures import Frame, accuracy_curves, interval_chart, similarity_curves, width_for

SVG = "{http://www.w3.org/2000/svg}"


def test_frame_places_the_ends_of_the_axes():
    frame = Frame(400, 200, (0.0, 10.0), (0.0, 1.0))
    assert frame.x(10.0) - frame.x(0.0) == pytest.approx(2 * (frame.x(5.0) - frame.x(0.0)))
    assert 0 < frame.x(0) < frame.x(10) < 400
    assert 0 < frame.y(1.0) < frame.y(0.0) < 200, "larger values stand higher"


def test_interval_chart_draws_each_point_inside_with_its_bar():
    interval = Interval(0.3, 0.1, 0.62, "bca")
    other = Interval(0.0, 0.0, 0.0, "none")
    root = ET.fromstring(
        interval_chart(["< 200 Da", "≥ 200 Da"], [[interval, other], [other, None]], ["a<b", "c"], "y")
    )
    circles = root.findall(f".//{SVG}circle")
    assert len(circles) == 3
    bar = root.find(f".//{SVG}g/{SVG}line")
    y1, y2, cy = float(bar.get("y1")), float(bar.get("y2")), float(circles[0].get("cy"))
    # (mean − low) : (high − low), from the bottom of the bar
    assert (y1 - cy) / (y1 - y2) == pytest.approx(0.2 / 0.52, abs=0.01)
    assert "a<b, < 200 Da: 0.3 (0.1 to 0.62)" in [t.text for t in root.iter(f"{SVG}title")]
    assert all(0 <= float(c.get("cy")) <= 260 for c in circles)


def test_accuracy_curve_rises_with_k():
    root = ET.fromstring(accuracy_curves([[1, 3, None, 3]], 4, ["a<b"]))
    points = [tuple(map(float, p.split(","))) for p in root.find(f".//{SVG}polyline").get("points").split()]
    assert [t.text for t in root.iter(f"{SVG}title")] == ["a<b, k = 1: 25.0 %, k = 4: 75.0 %"]
    heights = [y for _, y in points]
    assert heights[0] == heights[1] > heights[2] == heights[3]
    bottom = Frame(320, 240, (1, 4), (0, 0.8)).y(0.0)
    assert (bottom - heights[2]) / (bottom - heights[0]) == pytest.approx(3, abs=0.01)


def test_similarity_curve_starts_at_one_and_ends_at_the_share_of_exact_matches():
    root = ET.fromstring(similarity_curves([np.array([1.0, 0.5, 0.0, 1.0])], ["a<b"]))
    points = [tuple(map(float, p.split(","))) for p in root.find(f".//{SVG}polyline").get("points").split()]
    assert [t.text for t in root.iter(f"{SVG}title")] == ["a<b, mean 0.625"]
    frame = Frame(320, 240, (0, 1), (0, 1))
    assert points[0][1] == pytest.approx(frame.y(1.0), abs=0.1)
    assert points[-1][1] == pytest.approx(frame.y(0.5), abs=0.1)


def test_all_zero_still_has_an_axis():
    for svg in (
        interval_chart(["all"], [[Interval(0, 0, 0, "none")]], ["s"], "y"),
        accuracy_curves([[None, None]], 1, ["s"]),
    ):
        labels = {text.text for text in ET.fromstring(svg).iter(f"{SVG}text")}
        assert "0" in labels
        assert not any("nan" in label or "inf" in label for label in labels if label)


def test_many_marks_widen_a_chart_to_the_width_of_the_page():
    assert [width_for(n) for n in (1, 50, 70, 500)] == [660, 660, 898, 1120]
