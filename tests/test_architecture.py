"""`docs/architecture.md` names files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import molucid

ROOT = Path(molucid.__file__).parent
PAGE = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")


def rooms() -> dict[str, list[str]]:
    """Room → the files that the tree lists in it; what stands in brackets or after a colon is no name."""
    tree = PAGE.split("```")[1].split("jobs/ ")[0]
    found: dict[str, list[str]] = {}
    for room, names in re.findall(r"^ {4}(\w+)/ +(.*(?:\n {8,}.*)*)", tree, re.MULTILINE):
        plain = re.sub(r"\([^)]*\)|/\{[^}]*\}|:.*", "", names)
        found[room] = [name.strip().removesuffix("and its parts").strip() for name in re.split("[,;]", plain)]
    return found


ROOMS = rooms()


def test_the_tree_has_every_room() -> None:
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(ROOMS) == here
    assert {"beam", "ranking"} <= set(ROOMS["generate"])


@pytest.mark.parametrize("room", sorted(set(ROOMS) - {"recipes"}))
def test_every_file_of_the_tree_is_there(room: str) -> None:
    missing = [
        name for name in ROOMS[room] if not [*ROOT.glob(f"{room}/{name}.py"), *ROOT.glob(f"{room}/{name}")]
    ]
    assert missing == []
