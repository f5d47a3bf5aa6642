"""Parameters of Bruker data, which are JCAMP-DX text, and the numbers of the binary files that they describe."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from molucid.errors import InputError, Where
from molucid.spectra.fields import parse_number
from molucid.spectra.file_tree import FileTree
from molucid.spectra.jcamp_text import normal_label, read_blocks
from molucid.spectra.source import ReadConfig, unpacked
from molucid.spectra.types import FloatArray


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of one `acqus` or `procs` file."""

    values: Mapping[str, str]
    where: Where

    def text(self, name: str) -> str | None:
        """Text of a parameter without its angle brackets; `None` if absent or empty."""
        return self.values.get(normal_label(f"${name}"), "").strip().strip("<>").strip() or None

    def number(self, name: str) -> float:
        """Number of a parameter that must be there."""
        text = self.text(name)
        if text is None:
            raise InputError(
                f"no parameter {name}",
                f"##${name}= in {PurePosixPath(self.where.file or '').name}",
                self.where,
                hint="copy the whole folder of the experiment again",
                code="missing_parameter",
            )
        return parse_number(text, name, "malformed_label")

    def number_or(self, name: str, absent: float) -> float:
        """Number of a parameter that older programs do not write."""
        return absent if self.text(name) is None else self.number(name)

    def positive(self, name: str) -> float:
        """Number above 0 of a parameter that must be there."""
        value = self.number(name)
        if value <= 0:
            raise InputError(f"{name} = {value:g}", "a number above 0", self.where, code="malformed_label")
        return value

    def count(self, name: str, config: ReadConfig) -> int:
        """Number of points that a parameter states, within bounds."""
        value = self.positive(name)
        if not 1 <= value <= config.max_peaks:
            raise InputError(
                f"{name} = {value:g} points",
                f"1 to {config.max_peaks}",
                self.where,
                hint="export fewer points, or raise max_peaks",
                code="too_many_points",
            )
        return int(value)


def read_parameters(tree: FileTree, name: str, config: ReadConfig) -> Parameters:
    """The parameters in one file of a tree."""
    where = Where(f"{tree.path}/{name}")
    stream = unpacked(io.BytesIO(tree.read(name)), str(where.file))
    block = next(iter(read_blocks(stream, where.file or "", config)), None)
    labels = {} if block is None else block.labels
    return Parameters({label: str(text) for label, text in labels.items()}, where)


def numbers_of(content: bytes, parameters: Parameters, kind: str, order: str, count: int) -> FloatArray:
    """Numbers of a binary file, whose form the parameters `kind` (0 integers, 2 floats) and `order` name."""
    form = {0.0: "i4", 2.0: "f8"}.get(parameters.number_or(kind, 0))
    if form is None:
        raise InputError(
            f"{kind} = {parameters.text(kind)}", "0 or 2", parameters.where, code="malformed_label"
        )
    dtype = np.dtype(("<", ">")[parameters.number_or(order, 0) == 1] + form)
    if len(content) < count * dtype.itemsize:
        raise InputError(
            f"{len(content) // dtype.itemsize} points",
            f"{count}, as the parameters say",
            parameters.where,
            hint="the file is cut off; copy the folder again",
            code="point_count_mismatch",
        )
    return np.frombuffer(content, dtype, count).astype(np.float64)
