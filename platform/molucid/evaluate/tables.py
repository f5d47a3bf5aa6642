"""Metrics by stratum: per adduct, mass bin and instrument class, and by whether the molecule was trained on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.evaluate.bootstrap import BootstrapConfig, FloatArray, Interval, mean_intervals
from molucid.evaluate.cases import Case

UNKNOWN = "not given"
"""Stratum of the cases for which the source says nothing."""

NEW, TRAINED_ON = "not in training", "in training"
"""Strata by whether the case's molecule is one of the training molecules."""


class TablesConfig(Config):
    """Settings of the strata.

    Attributes:
        mass_edges_da: ascending edges between bins of the true molecule's monoisotopic mass in Da; a bin
            holds its lower edge. Below the first and above the last edge lie open bins.
    """

    mass_edges_da: tuple[float, ...] = Field(default=(200.0, 300.0, 400.0, 500.0, 600.0, 800.0), min_length=1)


@dataclass(frozen=True, slots=True)
class Row:
    """Metrics of one stratum of one system.

    Attributes:
        stratum: e.g. `[M+Na]+` or `200–300 Da`.
        num_spectra: spectra of the stratum.
        num_molecules: distinct molecules (InChIKey first blocks) among them.
        intervals: metric → mean and interval.
    """

    stratum: str
    num_spectra: int
    num_molecules: int
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Strata:
    """One more division of the cases.

    Attributes:
        of_case: per case the name of its stratum.
        order: names in the order of the rows; those without a case have none.
    """

    of_case: Sequence[str]
    order: Sequence[str]


def stratified_tables(
    cases: Sequence[Case],
    values: Mapping[str, FloatArray],
    config: TablesConfig,
    bootstrap: BootstrapConfig,
    proportions: Collection[str],
    training_keys: Container[str] | None = None,
    further: Mapping[str, Strata] | None = None,
) -> dict[str, tuple[Row, ...]]:
    """Make the tables: `adduct`, `mass`, `instrument`, `training` if the training molecules are given, and `further`.

    Mass bins come in ascending order, adducts and instruments by falling number of spectra. Every case is in exactly
    one row of each table.
    """
    bins = mass_bins(config)

    def mass_bin(case: Case) -> str:
        return bins[int(np.searchsorted(config.mass_edges_da, case.formula.monoisotopic_mass, side="right"))]

    def table(stratum_of: Callable[[Case], str], order: Sequence[str] | None = None) -> tuple[Row, ...]:
        return divided([stratum_of(case) for case in cases], order)

    def divided(of_case: Sequence[str], order: Sequence[str] | None) -> tuple[Row, ...]:
        members: dict[str, list[int]] = {}
        for i, name in enumerate(of_case):
            members.setdefault(name, []).append(i)
        names = sorted(members, key=order.index if order else lambda name: (-len(members[name]), name))
        return tuple(
            stratum_row(
                name, [cases[i] for i in members[name]], _take(values, members[name]), bootstrap, proportions
            )
            for name in names
        )

    tables = {
        "adduct": table(lambda case: case.adduct or UNKNOWN),
        "mass": table(mass_bin, bins),
        "instrument": table(lambda case: case.instrument or UNKNOWN),
    }
    if training_keys is not None:
        tables["training"] = table(
            lambda case: TRAINED_ON if case.inchikey14 in training_keys else NEW, (NEW, TRAINED_ON)
        )
    for key, strata in (further or {}).items():
        tables[key] = divided(strata.of_case, strata.order)
    return tables


def stratum_row(
    stratum: str,
    cases: Sequence[Case],
    values: Mapping[str, FloatArray],
    bootstrap: BootstrapConfig,
    proportions: Collection[str],
) -> Row:
    """Make the row of one stratum: its counts, means and intervals."""
    molecules = [case.inchikey14 for case in cases]
    intervals = mean_intervals(values, molecules, bootstrap, proportions)
    return Row(stratum, len(cases), len(set(molecules)), intervals)


def mass_bins(config: TablesConfig) -> tuple[str, ...]:
    """Names of the mass bins, ascending."""
    edges = [f"{edge:g}" for edge in config.mass_edges_da]
    between = [f"{low}–{high} Da" for low, high in itertools.pairwise(edges)]
    return (f"< {edges[0]} Da", *between, f"≥ {edges[-1]} Da")


def _take(values: Mapping[str, FloatArray], index: Sequence[int]) -> dict[str, FloatArray]:
    return {name: column[np.asarray(index)] for name, column in values.items()}
