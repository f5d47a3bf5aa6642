"""Inline SVG for reports: molecules."""

from __future__ import annotations

from markupsafe import Markup, escape
from rdkit.Chem.Draw import rdMolDraw2D

from molucid.chem.identity import parse_smiles


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
