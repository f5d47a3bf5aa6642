"""Bruker data: a sample's folder with its numbered experiments, one experiment, one `pdata` folder, or a zip of these.

An experiment `EXPNO` holds `acqus` and `fid`, its processed spectra are `pdata/PROCNO` with `procs` and `1r`. Numbered
experiments of one folder are one compound, whose name is the folder's; an experiment's folder with another name is a
compound of its own. The processed spectrum counts; without one the FID is transformed. Parameters are JCAMP-DX text.

The parameters are read by our own reader, because nmrglue's does not end on a damaged file; what nmrglue knows about
the digital filters of the spectrometers is taken from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.bruker_parameters import Parameters, numbers_of, read_parameters
from molucid.spectra.compound import Compound, Part
from molucid.spectra.draft import check_id
from molucid.spectra.fid import ComplexArray, phased, transformed
from molucid.spectra.file_tree import FileTree, FolderTree
from molucid.spectra.nuclei import SLOTS, parse_nucleus
from molucid.spectra.pulse_programs import require_unedited
from molucid.spectra.referencing import settle
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import NmrSpectrum, Record

_MARKERS = ("acqus", "procs")
_DECAYS = ("fid", "ser")
_SIMULTANEOUS = (1, 3)  # AQ_mod: real and imaginary points in pairs, with and without digital quadrature


def is_bruker(names: tuple[str, ...]) -> bool:
    """Whether files of these names hold Bruker data; data of which the parameters are lost count as Bruker's."""
    return bool(_experiments(names))


def open_folder(folder: Path, config: ReadConfig, entries: Collection[str] | None = None) -> FolderTree:
    """The files of a folder; of one below `pdata` also the parameters and the decay of its experiment.

    Args:
        folder: a folder.
        config: bounds on its files.
        entries: names of files and folders in it, all others being left out; `None` for all that it holds.
    """
    resolved = folder.resolve()
    outer = resolved.parent.parent
    is_processed = resolved.parent.name == "pdata" and (outer / "acqus").is_file()
    tree = FolderTree(outer if is_processed else folder, config)
    own = f"pdata/{resolved.name}/" if is_processed else ""
    outside = ("acqus", *_DECAYS) if is_processed else ()

    def belongs(name: str) -> bool:
        entry = name.removeprefix(own).partition("/")[0]
        return name in outside or (name.startswith(own) and (entries is None or entry in entries))

    tree.names = tuple(filter(belongs, tree.names))
    return tree


def read(tree: FileTree, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The compounds below a root, each with its ¹H and ¹³C spectrum; a row for every experiment beyond those.

    Args:
        tree: folder or archive.
        config: bounds, and how FIDs are processed and referenced.
    """
    for id, experiments in _samples(tree).items():
        compound = Compound(id, Where(tree.path, shorten(id)))
        for experiment in experiments:
            where = Where(f"{tree.path}/{experiment}".rstrip("/"), shorten(id))
            try:
                check_id(id, config)
                # Numbers beyond all bounds become infinite and are refused as such where the spectrum is made.
                with np.errstate(all="ignore"):
                    compound.take(Experiment.at(tree, experiment, config).spectrum())
                _note_title(tree, experiment, compound.notes)
            except InputError as error:
                name = PurePosixPath(experiment).name
                compound.reject(f"{shorten(id)}#{name}" if name else shorten(id), error, error.where or where)
        if not compound.parts:
            compound.id = shorten(id)
        yield from compound.finish()


def _samples(tree: FileTree) -> dict[str, list[str]]:
    """Identifier → folders of its experiments relative to the root, in the order of their numbers."""
    experiments = _experiments(tree.names)
    by_folder: dict[str, list[str]] = {}
    for experiment in sorted(experiments, key=lambda e: [(len(p), p) for p in PurePosixPath(e).parts]):
        path = PurePosixPath(experiment)
        folder = str(path.parent) if path.name.isdigit() else str(path)
        by_folder.setdefault("" if folder == "." else folder, []).append(experiment)
    last_names = [PurePosixPath(folder).name for folder in by_folder]
    # A root that is a numbered experiment is told by the folder around it, too.
    is_numbered = "" in experiments and tree.name.isdigit() and tree.parent
    root_name = f"{tree.parent}#{tree.name}" if is_numbered else tree.name
    return {
        (last_name if last_names.count(last_name) == 1 else folder) or root_name: experiments_of
        for (folder, experiments_of), last_name in zip(by_folder.items(), last_names, strict=True)
    }


def _experiments(names: tuple[str, ...]) -> set[str]:
    """Folders with parameters, and those with `fid` or `ser` but without any parameters."""
    varian = {PurePosixPath(name).parent for name in names if PurePosixPath(name).name == "procpar"}
    found: set[str] = set()
    for name in names:
        path = PurePosixPath(name)
        # VnmrJ keeps the decay of an open experiment in a folder below its parameters.
        is_decay = path.name in _DECAYS and not varian & {path.parent, path.parent.parent}
        if path.name in _MARKERS or is_decay:
            found.add(_experiment_of(name))
    return found


def _experiment_of(name: str) -> str:
    """Folder of the experiment to which an `acqus` or `procs` belongs; empty for the root."""
    parts = PurePosixPath(name).parts[:-1]
    if PurePosixPath(name).name == "procs" and len(parts) >= 2 and parts[-2] == "pdata":
        parts = parts[:-2]
    return "/".join(parts)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment of a sample.

    Attributes:
        tree: where its files are.
        root: its folder with a slash behind, or nothing.
        inside: names of its files below that.
        acqus: parameters of the acquisition; `None` in a `pdata` folder on its own.
        config: bounds, and how FIDs are processed and referenced.
    """

    tree: FileTree
    root: str
    inside: frozenset[str]
    acqus: Parameters | None
    config: ReadConfig

    @classmethod
    def at(cls, tree: FileTree, folder: str, config: ReadConfig) -> Experiment:
        """The experiment in a folder relative to the root of its tree."""
        root = f"{folder}/" if folder else ""
        inside = frozenset(name.removeprefix(root) for name in tree.names if name.startswith(root))
        acqus = read_parameters(tree, f"{root}acqus", config) if "acqus" in inside else None
        return cls(tree, root, inside, acqus, config)

    @property
    def _pulse_program(self) -> str | None:
        return None if self.acqus is None else self.acqus.text("PULPROG")

    def spectrum(self) -> Part:
        """Its processed spectrum of the lowest number, else its transformed FID."""
        is_processed = any(PurePosixPath(name).name == "procs" for name in self.inside)
        if self.acqus is None and not is_processed:
            raise InputError(
                "a decay without acqus or procpar",
                "the parameters beside fid or ser",
                hint="copy the whole folder of the experiment again",
                code="missing_parameter",
            )
        is_2d = any(PurePosixPath(name).name in ("ser", "2rr", "3rrr") for name in self.inside)
        if is_2d or (self.acqus is not None and self.acqus.number_or("PARMODE", 0) > 0):
            raise InputError(
                "a two-dimensional experiment",
                "a one-dimensional 1H or 13C spectrum",
                hint="leave out 2D experiments; no model here reads them",
                code="two_dimensional",
            )
        require_unedited(self._pulse_program)
        processed = [name[:-2] for name in self.inside if PurePosixPath(name).name == "1r"]
        for folder in sorted(processed, key=lambda folder: (len(folder), folder)):
            if f"{folder}procs" in self.inside:
                return self.processed(folder)
        return self.from_fid()

    def processed(self, folder: str) -> Part:
        """A spectrum as the spectroscopist left it, with its axis from the left edge and the width."""
        procs = read_parameters(self.tree, f"{self.root}{folder}procs", self.config)
        size = procs.count("SI", self.config)
        intensity = numbers_of(self.tree.read(f"{self.root}{folder}1r"), procs, "DTYPP", "BYTORDP", size)
        scale_mhz, left_ppm = procs.positive("SF"), procs.number("OFFSET")
        step_ppm = procs.positive("SW_p") / size / scale_mhz
        shift = np.asarray(left_ppm - np.arange(size) * step_ppm, np.float64)
        nucleus = procs.text("AXNUC")
        field_mhz = scale_mhz
        if self.acqus is not None:
            nucleus = self.acqus.text("NUC1") or self.acqus.text("NUCLEUS")
            field_mhz = self.acqus.number_or("SFO1", scale_mhz)
        trace = NmrSpectrum(parse_nucleus(nucleus or ""), shift, intensity, field_mhz)
        return self._part(trace, folder, f"SF = {scale_mhz:.9g} MHz")

    def from_fid(self) -> Part:
        """A decay. Its reference is that of `procs`, else the nominal frequency, then TMS or the solvent."""
        acqus = self.acqus
        if acqus is None or "fid" not in self.inside:
            raise InputError(
                "an experiment without 1r and without fid",
                "pdata/1/1r with procs, or fid with acqus",
                hint="copy the whole folder of the experiment again",
                code="no_trace",
            )
        nucleus = parse_nucleus(acqus.text("NUC1") or acqus.text("NUCLEUS") or "")
        if acqus.number_or("AQ_mod", 1) not in _SIMULTANEOUS:
            raise InputError(
                f"AQ_mod = {acqus.text('AQ_mod')}",
                "1 or 3: real and imaginary points in pairs",
                acqus.where,
                hint="process the spectrum in TopSpin and give the folder with pdata",
                code="unsupported_acquisition",
            )
        num_numbers = acqus.count("TD", self.config)
        numbers = numbers_of(self.tree.read(f"{self.root}fid"), acqus, "DTYPA", "BYTORDA", num_numbers)
        decay = numbers[: len(numbers) // 2 * 2].view(np.complex128)
        width_hz, nominal_mhz = acqus.positive("SW_h"), acqus.positive("BF1")
        transform = transformed(decay, width_hz, nucleus, self.config.fid)
        spectrum = phased(_without_group_delay(transform, acqus))
        procs = sorted((name for name in self.inside if PurePosixPath(name).name == "procs"), key=len)
        stated_mhz = 0.0
        if procs:
            stated_mhz = read_parameters(self.tree, f"{self.root}{procs[0]}", self.config).number_or("SF", 0)
        scale_mhz = stated_mhz if stated_mhz > 0 else nominal_mhz
        centre_mhz = acqus.number_or("SFO1", nominal_mhz + acqus.number_or("O1", 0) * 1e-6)
        offset_hz = (np.arange(len(spectrum)) / len(spectrum) - 0.5) * width_hz
        shift = ((centre_mhz - scale_mhz) * 1e6 + offset_hz) / scale_mhz
        trace = NmrSpectrum(nucleus, shift, spectrum, centre_mhz)
        return self._part(trace, "fid", f"SF = {scale_mhz:.9g} MHz" if stated_mhz > 0 else None)

    def _part(self, trace: NmrSpectrum, source: str, stated: str | None) -> Part:
        slot = SLOTS[trace.nucleus]
        notes = {f"{slot}_source": f"{self.root}{source}".rstrip("/")}
        solvent = None if self.acqus is None else self.acqus.text("SOLVENT")
        name = canonical_solvent(solvent) if solvent else None
        if solvent and name is None:
            notes[f"{slot}_solvent"] = solvent
        if self._pulse_program:
            notes[f"{slot}_pulse_program"] = self._pulse_program
        settled, settled_notes = settle(replace(trace, solvent=name), stated, self.config.referencing)
        return Part(slot, settled, notes | settled_notes)


def _without_group_delay(spectrum: ComplexArray, acqus: Parameters) -> ComplexArray:
    """The spectrum as if the decay began at its first point, not behind the build-up of the digital filter."""
    # Slow to import, and needed here only.
    from nmrglue.fileio.bruker import rm_dig_filter

    decim, firmware = acqus.number_or("DECIM", 1), acqus.number_or("DSPFVS", 0)
    delay = acqus.number_or("GRPDLY", -1)
    if decim <= 1 and delay <= 0:  # analogue filters
        return spectrum
    try:
        corrected = rm_dig_filter(spectrum, decim, firmware, delay, truncate_grpdly=False, post_proc=True)
    except ValueError:
        raise InputError(
            f"a digital filter with DECIM {decim:g} and DSPFVS {firmware:g}",
            "GRPDLY, or a filter of a known table",
            acqus.where,
            hint="process the spectrum in TopSpin and give the folder with pdata",
            code="unsupported_acquisition",
        ) from None
    return np.asarray(corrected, np.complex128)


def _note_title(tree: FileTree, experiment: str, notes: dict[str, str]) -> None:
    """Keep the first title that one of the sample's experiments carries."""
    name = f"{experiment}/pdata/1/title".lstrip("/")
    if "title" not in notes and name in tree.names:
        title = " ".join(tree.read(name).decode("utf-8", errors="molucid.latin1").split())
        if title:
            notes["title"] = shorten(title, 300)
