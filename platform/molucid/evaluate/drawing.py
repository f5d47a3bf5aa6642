"""Inline SVG for reports: molecules and stick spectra."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape
from rdkit.Chem.Draw import rdMolDraw2D

from molucid.chem.identity import parse_smiles
from molucid.spectra.types import MassSpectrum


def molecule_svg(smiles: str, width_px: int = 190, height_px: int = 140) -> Markup:
    """A structure drawn in two dimensions, as an `<svg>` element without XML header."""
    mol = parse_smiles(smiles)
    drawer = rdMolDraw2D.MolDraw2DSVG(width_px, height_px)
    options = drawer.drawOptions()
    # RDKit's stubs give these C++ fields the type of their owner.
    options.clearBackground = False  # type: ignore[assignment]
    options.padding = 0.08  # type: ignore[assignment]
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    svg: str = drawer.GetDrawingText()
    title = f"<title>{escape(smiles)}</title>"
    body = svg[svg.index("<svg") :]
    opening = body.index(">") + 1
    # RDKit computed this text from a parsed molecule; nothing of the input is copied but the escaped title.
    return Markup(body[:opening] + title + body[opening:])  # noqa: S704


def spectrum_svg(
    spectrum: MassSpectrum, width_px: int = 640, height_px: int = 170, num_labels: int = 6
) -> Markup:
    """A stick spectrum with its axis, the strongest peaks labelled, the precursor marked."""
    left, right, top, bottom = 38, 12, 18, 28
    mz, intensity = spectrum.mz, spectrum.intensity
    precursor = spectrum.precursor_mz
    highest = max([*mz[-1:], *([precursor] if precursor else [])], default=100.0)
    low, high = 0.0, 1.05 * float(highest)
    if mz.size and mz[0] > 100:
        low = 50 * (float(mz[0]) // 50) - 50
    scale_x = (width_px - left - right) / (high - low)
    base = float(intensity.max()) if intensity.size else 1.0
    floor = height_px - bottom

    def x(value: float) -> float:
        return left + (value - low) * scale_x

    parts = [
        f'<svg class="spectrum" viewBox="0 0 {width_px} {height_px}" width="{width_px}" height="{height_px}"'
        ' role="img" xmlns="http://www.w3.org/2000/svg">',
        f'<line class="axis" x1="{left}" y1="{floor}" x2="{width_px - right}" y2="{floor}"/>',
    ]
    for tick in _ticks(low, high):
        parts.append(
            f'<line class="axis" x1="{x(tick):.1f}" y1="{floor}" x2="{x(tick):.1f}" y2="{floor + 4}"/>'
        )
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{floor + 15}">{tick:g}</text>')
    parts.append(
        f'<text class="tick" x="{width_px - right}" y="{height_px - 2}" text-anchor="end">m/z</text>'
    )
    if precursor:
        parts.append(
            f'<line class="precursor" x1="{x(precursor):.1f}" y1="{top}"'
            f' x2="{x(precursor):.1f}" y2="{floor}">'
            f"<title>precursor m/z {precursor:.4f}</title></line>"
        )
    for value, height in zip(mz.tolist(), intensity.tolist(), strict=True):
        y = floor - (floor - top) * height / base
        parts.append(
            f'<line class="peak" x1="{x(value):.1f}" y1="{y:.1f}" x2="{x(value):.1f}" y2="{floor}">'
            f"<title>{value:.4f}, {100 * height / base:.1f} %</title></line>"
        )
    labelled: list[float] = []
    for peak in intensity.argsort()[::-1]:
        position = x(float(mz[peak]))
        if len(labelled) == num_labels:
            break
        if all(abs(position - other) > 44 for other in labelled):
            labelled.append(position)
            y = floor - (floor - top) * float(intensity[peak]) / base - 3
            parts.append(f'<text class="label" x="{position:.1f}" y="{y:.1f}">{float(mz[peak]):.3f}</text>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704  # numbers only


def _ticks(low: float, high: float) -> Sequence[int]:
    span = high - low
    step = next(s for s in (10, 20, 50, 100, 200, 500, 10**9) if span / s <= 12)
    return range(int(low // step + (low % step > 0)) * step, int(high) + 1, step)
