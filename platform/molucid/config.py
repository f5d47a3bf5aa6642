"""Typed configuration: one place for each default, and no unknown key passes.

Each component owns a subclass of `Config` beside it. Recipes and `--set key=value` hold differences
only; `from_mapping` applies them and names the nearest valid key for one that does not exist.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from molucid.errors import InputError, Where


class Config(BaseModel):
    """Base of all configurations: immutable, strict about keys, comparable, JSON-able."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str | None = None) -> Self:
        """Validate `values` (nested mappings, e.g. of a YAML file) read from `source`.

        Raises:
            InputError: an unknown key (with the nearest valid one) or a value of the wrong type or range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(part) for part in first["loc"])
            where = Where(file=source) if source else None
            if first["type"] == "extra_forbidden":
                valid = _keys_at(cls, [str(part) for part in first["loc"][:-1]])
                raise _unknown_key(path, str(first["loc"][-1]), valid, where) from None
            got = f"{path or 'configuration'} = {first['input']!r}"
            expected = _expected(first["type"], first["msg"], first.get("ctx", {}))
            if first["type"] == "value_error" and isinstance(first["input"], Mapping):
                # A rule about several keys says which; the whole section would hide it.
                got, expected = f"{path}: {expected}" if path else expected, "values that fit each other"
            raise InputError(
                got=got,
                expected=expected,
                where=where,
                code="invalid_config",
            ) from None

    def updated(self, assignments: Iterable[str]) -> Self:
        """Copy with `key.subkey=value` assignments applied in turn; values are read as YAML scalars or lists.

        An assignment of another `form` takes a section to that form's defaults, and one below a section that is `None`
        begins it.

        Raises:
            InputError: an assignment without `=`, an unknown key, or an invalid value.
        """
        import yaml  # not needed on a machine that only runs the model

        values = self.model_dump()
        for assignment in assignments:
            path, separator, text = assignment.partition("=")
            if not separator:
                raise InputError(repr(assignment), "key=value", hint="write --set train.learning_rate=3e-4")
            node, parts, begins = values, path.strip().split("."), False
            for depth, part in enumerate(parts):
                valid = _keys_at(type(self), parts[:depth])
                if not isinstance(node, dict) or part not in (valid if begins else node):
                    raise _unknown_key(path, part, valid, None)
                if depth < len(parts) - 1:
                    if node.get(part) is None and _keys_at(type(self), parts[: depth + 1]):
                        node[part], begins = {}, True
                    node = node[part]
            try:
                value = yaml.safe_load(text)
            except yaml.YAMLError:
                raise InputError(
                    repr(assignment), "a number, text or list after the =", code="invalid_config"
                ) from None
            # YAML 1.1 reads 3e-4 as text; a user means the number.
            if isinstance(value, str):
                try:
                    value = float(value)
                except ValueError:
                    value = text.strip()
            if parts[-1] == "form" and node.get("form") != value:
                node.clear()  # settings of one form are none of another
                begins = True
            node[parts[-1]] = value
            if begins:
                values = type(self).from_mapping(values).model_dump()
        return type(self).from_mapping(values)


def _expected(kind: str, message: str, context: Mapping[str, Any]) -> str:
    """What a value had to be; pydantic's own words, save for sections that have several forms."""
    name = str(context.get("discriminator", "")).strip("'")
    if kind == "union_tag_not_found":
        return f"a {name}, set before what belongs to it"
    if kind == "union_tag_invalid":
        return f"a {name} out of {context['expected_tags']}"
    return message.removeprefix("Value error, ")


def _keys_at(cls: type[BaseModel], path: list[str]) -> list[str]:
    options = [cls]
    for part in path:
        field = options[0].model_fields.get(part)
        if field is None:
            # pydantic names the chosen form of a section that has several, e.g. `model.msms.peaks.max_peaks`
            options = [option for option in options if _has_tag(option, part)]
        else:
            options = list(_configs_in(field.annotation))
        if not options:
            return []
    return list(options[0].model_fields)


def _has_tag(option: type[BaseModel], tag: str) -> bool:
    return any(tag in get_args(field.annotation) for field in option.model_fields.values())


def _configs_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The configurations among the options of a field, e.g. of `Annotated[A | B, …] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for option in get_args(annotation):
        yield from _configs_in(option)


def _unknown_key(path: str, key: str, valid: list[str], where: Where | None) -> InputError:
    near = difflib.get_close_matches(key, valid, n=1, cutoff=0.0)
    return InputError(
        got=f"unknown key {path!r}",
        expected=f"one of {', '.join(valid)}" if valid else "no key below this one",
        where=where,
        hint=f"did you mean {near[0]!r}?" if near else None,
        code="unknown_key",
    )
