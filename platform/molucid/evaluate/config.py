"""Settings of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from molucid.config import Config
from molucid.evaluate.bootstrap import BootstrapConfig
from molucid.evaluate.mces import MCESConfig
from molucid.evaluate.metrics import proportions
from molucid.evaluate.multispectral import multispectral_proportions
from molucid.evaluate.tables import TablesConfig

MetricSet = Literal["msms", "multispectral"]

_TOP_KS: Mapping[MetricSet, tuple[int, ...]] = {"msms": (1, 10), "multispectral": (1, 5, 10, 15)}


class EvaluateConfig(Config):
    """Settings of an evaluation.

    Attributes:
        metrics: `msms` for MassSpecGym's metrics and summary; `multispectral` for these metrics and those of
            `molucid.evaluate.multispectral`, the table by complexity and the categories of failure.
        top_ks: numbers k of list entries that the metrics read, ascending; `None` for 1 and 10 with `msms`, and 1, 5,
            10 and 15 with `multispectral`. Read them as `ks`.
        with_mces: compute MCES distances: the slow part, seconds per pair for close structures.
        mces: settings of the distance.
        bootstrap: settings of the intervals.
        tables: settings of the strata.
    """

    metrics: MetricSet = "msms"
    top_ks: tuple[int, ...] | None = Field(default=None, min_length=1)
    with_mces: bool = True
    mces: MCESConfig = MCESConfig()
    bootstrap: BootstrapConfig = BootstrapConfig()
    tables: TablesConfig = TablesConfig()

    @field_validator("top_ks")
    @classmethod
    def _positive(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is None:
            return None
        if min(value) < 1 or list(value) != sorted(set(value)):
            raise ValueError("give ascending numbers ≥ 1")
        return value

    @model_validator(mode="after")
    def _edges_ascend(self) -> Self:
        edges = self.tables.mass_edges_da
        if list(edges) != sorted(set(edges)):
            raise ValueError("tables.mass_edges_da must ascend")
        return self

    @property
    def ks(self) -> tuple[int, ...]:
        """Numbers k of list entries that the metrics read."""
        return self.top_ks or _TOP_KS[self.metrics]

    @property
    def proportions(self) -> list[str]:
        """Columns whose values are 0 or 1."""
        more = multispectral_proportions(self.ks) if self.metrics == "multispectral" else []
        return proportions(self.ks) + more
