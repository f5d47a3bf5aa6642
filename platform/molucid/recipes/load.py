"""Recipes: named differences from the typed defaults, or from another recipe (`base: NAME`), as YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.model.config import ModelConfig
from molucid.model.objective import ObjectiveConfig
from molucid.train.config import TrainConfig


class Recipe(Config):
    """One way to build and train the model.

    Attributes:
        name: of the recipe; the file's name.
        description: one sentence.
        model: sizes and choices.
        objective: weights of the loss.
        train: hyper-parameters.
    """

    name: str
    description: str
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    train: TrainConfig = TrainConfig()


def list_recipes() -> dict[str, str]:
    """Names of the packaged recipes and their descriptions, sorted by name."""
    folder = files("molucid.recipes")
    names = sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )
    return {name: load_recipe(name).description for name in names}


def load_recipe(name_or_path: str | Path, assignments: Iterable[str] = ()) -> Recipe:
    """Read a packaged recipe by name, or one's own YAML file by path, and apply `key=value` assignments.

    Raises:
        InputError: no such recipe or base, text that is not a YAML mapping, an unknown key, or an invalid value.
    """
    values, source = _values(str(name_or_path), ())
    return Recipe.from_mapping(values, source).updated(assignments)


def _values(name_or_path: str, above: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    """What a recipe and its bases say together, and the recipe's source; `above` are the recipes that build on it."""
    text, source = _read(name_or_path)
    if source in above:
        chain = " → ".join((*above, source))
        raise InputError(f"a recipe that is its own base: {chain}", "a base that stands by itself")
    values = {"name": Path(source).stem, **_mapping(text, source)}
    base = values.pop("base", None)
    if not isinstance(values.get("description"), str):
        raise InputError(
            "no description", "one sentence", Where(file=source), hint="add a line description: …"
        )
    if base is None:
        return values, source
    if not isinstance(base, str):
        raise InputError(f"base of type {type(base).__name__}", "the name of a recipe", Where(file=source))
    if _is_file(base):
        base = str((Path(source).parent / base).resolve())
    inherited, inherited_from = _values(base, (*above, source))
    Recipe.from_mapping(inherited, inherited_from)  # its faults are told with its own name
    return _merged(inherited, values), source


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what `over` says instead; a section that takes another `form` starts from that form's defaults."""
    merged = dict(base)
    for key, value in over.items():
        below = base.get(key)
        if (
            isinstance(below, dict)
            and isinstance(value, dict)
            and value.get("form") in (None, below.get("form"))
        ):
            value = _merged(below, value)
        merged[key] = value
    return merged


def _mapping(text: str, source: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = Where(file=source, line=None if mark is None else mark.line + 1)
        raise InputError(str(error).splitlines()[0], "YAML", where, code="invalid_yaml") from None
    if not isinstance(values, dict):
        raise InputError(
            f"YAML of type {type(values).__name__}", "a mapping of keys to values", Where(file=source)
        )
    return values


def _is_file(name_or_path: str) -> bool:
    return name_or_path.endswith((".yaml", ".yml"))


def _read(name_or_path: str) -> tuple[str, str]:
    """Text and source of a recipe: the path of a file, or `molucid.recipes/NAME.yaml`, which no path is."""
    if _is_file(name_or_path):
        where = Where(file=name_or_path)
        try:
            return Path(name_or_path).read_text(encoding="utf-8"), name_or_path
        except FileNotFoundError:
            raise InputError("no file", "a recipe", where, code="missing_file") from None
        except UnicodeDecodeError:
            raise InputError("bytes that are no UTF-8", "a recipe as text", where, code="not_utf8") from None
        except IsADirectoryError:
            raise InputError("a folder", "a recipe", where, code="not_a_file") from None
    folder = files("molucid.recipes")
    packaged = folder / f"{name_or_path}.yaml"
    if not packaged.is_file():
        names = [e.name.removesuffix(".yaml") for e in folder.iterdir() if e.name.endswith(".yaml")]
        near = difflib.get_close_matches(name_or_path, names, n=1, cutoff=0.0)
        raise InputError(
            f"recipe {name_or_path!r}",
            f"one of {', '.join(sorted(names))}, or a path that ends in .yaml",
            hint=f"did you mean {near[0]!r}?",
            code="unknown_recipe",
        )
    return packaged.read_text(encoding="utf-8"), f"molucid.recipes/{name_or_path}.yaml"
