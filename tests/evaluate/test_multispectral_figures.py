from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from molucid.evaluate.bootstrap import Interval
from molucid.evaluate.failures import OUTCOMES
from molucid.evaluate.figures import Frame
from molucid.evaluate.fragments import fragment_metrics
from molucid.evaluate.multispectral_figures import (
    coverage_chart,
    element_bars,
    frequency_chart,
    outcome_bars,
    overlap_circles,
    protocol_bars,
    relative_bars,
)
from molucid.evaluate.training_overlap import TrainingOverlap

SVG = "{http://www.w3.org/2000/svg}"


def interval(mean):
    return Interval(mean, max(0.0, mean - 0.1), min(1.0, mean + 0.1), "bca")


def bars(root, series):
    return [g.find(f"{SVG}rect") for g in root.iter(f"{SVG}g") if g.get("class") == series]


def size(rect, name):
    return float(rect.get(name))


def test_protocols_stand_side_by_side_with_heights_as_their_shares():
    shares = {
        "exact": [interval(0.2), interval(0.3)],
        "enantiomer": [interval(0.4), interval(0.5)],
        "constitutional": [interval(0.8), interval(0.6)],
    }
    root = ET.fromstring(protocol_bars(shares, (1, 15), 0.9))
    heights = [size(bars(root, f"p-{p}")[0], "height") for p in shares]
    assert heights[1] / heights[0] == pytest.approx(2, abs=0.02)
    assert heights[2] / heights[0] == pytest.approx(4, abs=0.04)
    assert len(list(root.iter(f"{SVG}rect"))) == 6
    assert "Top-15 enantiomer: 50.0 % (40.0 to 60.0)" in [t.text for t in root.iter(f"{SVG}title")]


def test_outcomes_fill_the_bar_without_gap():
    shares = dict(zip(OUTCOMES, map(interval, (0.5, 0.1, 0.0, 0.38, 0.02)), strict=True))
    root = ET.fromstring(outcome_bars(["a<b", "c"], [shares, shares]))
    rects = [g.find(f"{SVG}rect") for g in root.iter(f"{SVG}g")][:4]
    assert [g.get("class") for g in root.iter(f"{SVG}g")][:4] == [
        *("o-success", "o-stereo", "o-fragment", "o-no_candidate")
    ], "a category without inputs has no part"
    for left, right in itertools.pairwise(rects):
        assert size(left, "x") + size(left, "width") == pytest.approx(size(right, "x"), abs=0.2)
    assert size(rects[0], "width") / size(rects[1], "width") == pytest.approx(5, abs=0.05)
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert "a<b" in texts
    assert "50 %" in texts
    assert "2 %" not in texts, "there is no room for it"


def test_relative_bars_reach_the_reference_line_at_one():
    root = ET.fromstring(relative_bars(["Top-1", "MCES"], [[1.0, 1.0], [0.5, None]], ["full", "cut"]))
    (line,) = [e for e in root.iter(f"{SVG}line") if e.get("class") == "reference"]
    full, cut = bars(root, "s0"), bars(root, "s1")
    assert size(full[0], "y") == pytest.approx(size(line, "y1"), abs=0.1)
    assert size(cut[0], "height") / size(full[0], "height") == pytest.approx(0.5, abs=0.01)
    assert len(cut) == 1, "no finite ratio, no bar"


def test_fragment_charts_show_the_numbers():
    true = np.array([[2, 1, 0, 0, 0], [1, 0, 1, 0, 0], [3, 0, 0, 0, 0]])
    said = np.array([[2, 0, 0, 0, 0], [1, 0, 4, 1, 0], [2, 1, 0, 0, 0]])
    metrics = fragment_metrics(true, said)
    root = ET.fromstring(frequency_chart(["a<b"], [metrics]))
    (circle,) = root.iter(f"{SVG}circle")
    assert float(circle.get("cy")) == pytest.approx(Frame(460, 260, (0, 1), (0, 1)).y(2 / 3), abs=0.1)
    assert "a<b, 30–100 % of the molecules, 3 fragments: F1 0.667" in [
        t.text for t in root.iter(f"{SVG}title")
    ]
    root = ET.fromstring(coverage_chart(["a<b"], [metrics]))
    assert "a<b" in [t.text for t in root.iter(f"{SVG}title")]
    points = root.find(f".//{SVG}polyline").get("points").split()
    frame = Frame(420, 260, (0, 1), (0, 1))
    expected = [(0, 0), (0.25, 6 / 8), (0.5, 7 / 8), (0.75, 1), (1, 1)]
    assert points == [f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in expected]


OVERLAP = TrainingOverlap(3, 1, 4999, {"C": 4, "O": 1}, {"C": 5000, "Se": 1})


def test_circles_carry_the_three_numbers_from_left_to_right():
    root = ET.fromstring(overlap_circles(OVERLAP))
    texts = {t.text: float(t.get("x")) for t in root.iter(f"{SVG}text")}
    assert [text for text in texts if "truth: " in text or "training: " in text] == [
        "truth: 4",
        "training: 5,000",
    ]
    truth, training = (g.find(f"{SVG}circle") for g in root.iter(f"{SVG}g"))
    spans = [(size(c, "cx") - size(c, "r"), size(c, "cx") + size(c, "r")) for c in (truth, training)]
    assert spans[0][0] < texts["3"] < spans[1][0] < texts["1"] < spans[0][1] < texts["4,999"] < spans[1][1]
    for number, name in (("3", "only truth"), ("1", "both"), ("4,999", "only training")):
        assert texts[number] == texts[name]


def test_elements_have_bars_as_high_as_their_shares():
    root = ET.fromstring(element_bars(OVERLAP))
    truth, training = bars(root, "m-truth"), bars(root, "m-training")
    full = size(truth[0], "height")
    assert [size(rect, "height") / full for rect in truth] == pytest.approx([1, 0.25, 0], abs=0.01)
    assert [size(rect, "height") / full for rect in training] == pytest.approx([1, 0, 0.0002], abs=0.001)
    titles = [t.text for t in root.iter(f"{SVG}title")]
    assert "O, truth: 1 of 4 molecules, 25 %" in titles
    assert "Se, training: 1 of 5,000 molecules, 0.02 %" in titles
    texts = [t.text for t in root.iter(f"{SVG}text")]
    own = texts[texts.index("C") : texts.index("molecules that hold it, %")]
    assert [text for text in own if text] == ["C", "100", "100", "O", "25", "0", "Se", "0", "0.0"]


def test_nothing_still_has_axes():
    empty = fragment_metrics(np.zeros((1, 1), int), np.zeros((1, 1), int))
    zero = {name: [Interval(0, 0, 0, "none")] for name in ("exact", "enantiomer", "constitutional")}
    for svg in (
        frequency_chart(["a"], [empty]),
        coverage_chart(["a"], [empty]),
        protocol_bars(zero, (1,), 0.0),
        relative_bars(["m"], [[None]], ["a"]),
    ):
        assert "nan" not in svg.replace("enantiomer", "")
        assert "inf" not in svg
        ET.fromstring(svg)
