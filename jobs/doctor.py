"""`molucid doctor`: what this machine can do, and what to install for more."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from jobs.machine import usable

HELP = "say what this machine can do and what to install"
DESCRIPTION = """\
Checks the parts that molucid needs, one line each: Python, cores and memory (with a container's limits), disk,
the packages and their versions, faiss (CPU or GPU build), the solver of MCES distances, CUDA devices, the
compiler that DeepSpeed's CPU operator is built with, and how much memory one training batch takes. What a
missing package keeps from being examined says so.

A line starts with `ok`, `note` (works, could be better) or `missing` (some command will fail), followed by
what to do. Exit code 4 if anything is missing, else 0."""

State = Literal["ok", "note", "missing"]

_PACKAGES = (
    "ray",
    "torch",
    "deepspeed",
    "rdkit",
    "numpy",
    "scipy",
    "numba",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "psutil",
    "rich",
    "jinja2",
    "tensorboard",
    "myopic-mces",
    "pulp",
    "fsspec",
    "s3fs",
    "safetensors",
)
_DISTRIBUTIONS = {"yaml": "pyyaml", "myopic_mces": "myopic-mces"}
"""Names of packages that are imported under another one."""
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination."""

    subject: str
    state: State
    found: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--recipe", default="quickstart", help="recipe whose batch memory is estimated")


def run(args: argparse.Namespace) -> int:
    """Examine and print; 4 if something is missing."""
    findings = examine(args.recipe)
    if args.json:
        print(json.dumps([asdict(f) for f in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.state:8}{finding.subject:22}{finding.found}")
            if finding.advice:
                print(f"{'':8}{'':22}hint: {finding.advice}")
    return 4 if any(f.state == "missing" for f in findings) else 0


def examine(recipe: str) -> list[Finding]:
    """All findings, in the order in which a new user would want them.

    Raises:
        InputError: an unknown recipe.
    """
    return [
        _python(),
        *_surviving("cores, memory", _machine),
        _disk(),
        *(_package(name) for name in _PACKAGES),
        _faiss(),
        _chemicals(),
        *_surviving("solver: cbc", _solver),
        *_surviving("CUDA", _devices),
        *_compiler(),
        *_surviving("memory per batch", lambda: _batch_memory(recipe)),
    ]


def _surviving(subject: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """What `look` finds, or that a package it needs is missing or broken."""
    try:
        return look()
    except ImportError as error:
        # A package without a part of its own names the part.
        package = (error.name or "").split(".")[0]
        advice = f"pip install -c constraints.txt {_DISTRIBUTIONS.get(package, package)}" if package else ""
        return [Finding(subject, "missing", f"not examined ({error})", advice)]


def _python() -> Finding:
    ok = sys.version_info >= (3, 11)
    return Finding(
        "python",
        "ok" if ok else "missing",
        platform.python_version(),
        "" if ok else "install Python 3.11 or newer",
    )


def _machine() -> list[Finding]:
    here = usable()
    enough = here.free_bytes > 6 * _GIB
    limited = ", which is what the container allows" if here.container else ""
    return [
        Finding("cores", "ok" if here.cores >= 2 else "note", f"{here.cores:g}"),
        Finding(
            "memory",
            "ok" if enough else "note",
            f"{here.free_bytes / _GIB:.1f} of {here.total_bytes / _GIB:.1f} GiB free{limited}",
            ""
            if enough
            else "the quickstart wants 6 GiB: close other programs or raise the container's limit",
        ),
    ]


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    return Finding(
        "disk",
        "ok" if free > 2 * _GIB else "missing",
        f"{free / _GIB:.1f} GiB free here",
        "" if free > 2 * _GIB else "the quickstart writes under 2 GiB: free some or use another --out",
    )


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", "not installed", f"pip install -c constraints.txt {name}")


def _faiss() -> Finding:
    try:
        import faiss
    except ImportError as error:
        advice = "pip install -c constraints.txt -e '.[cpu]' in molucid's folder, or '.[gpu]' with CUDA"
        return Finding("faiss", "missing", f"cannot be imported ({error})", advice)
    kind = "GPU" if hasattr(faiss, "StandardGpuResources") else "CPU"
    return Finding("faiss", "ok", f"{faiss.__version__}, {kind}")


def _chemicals() -> Finding:
    if importlib.util.find_spec("chemicals") is None:
        advice = "pip install -c constraints.txt -e '.[corpora]' in molucid's folder, for a corpus of 54k"
        return Finding("corpus chemicals", "note", "not installed", advice)
    return Finding("corpus chemicals", "ok", importlib.metadata.version("chemicals"))


def _solver() -> list[Finding]:
    from molucid.errors import InputError
    from molucid.evaluate.mces import cbc_path

    try:
        return [Finding("solver: cbc", "ok", cbc_path())]
    except InputError as error:
        return [Finding("solver: cbc", "missing", error.got, error.hint or "")]


def _devices() -> list[Finding]:
    import torch

    if not torch.cuda.is_available():
        return [Finding("CUDA", "note", "no device", "training and tuning run on the CPU")]
    findings = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        precision = "bf16" if torch.cuda.is_bf16_supported() else "float32"
        found = f"{properties.name}, {properties.total_memory / _GIB:.0f} GiB, {precision}"
        findings.append(Finding(f"CUDA {index}", "ok", found))
    return findings


def _compiler() -> list[Finding]:
    # DeepSpeed builds its shared-memory operator with g++ (C++20) and ninja when an engine starts on the CPU.
    findings = []
    for tool, package in (("g++", "apt-get install g++"), ("ninja", "pip install ninja")):
        path = shutil.which(tool) or shutil.which(tool, path=str(Path(sys.executable).parent))
        advice = "" if path else f"{package}; without it use --engine single"
        findings.append(
            Finding(f"compiler: {tool}", "ok" if path else "missing", path or "not found", advice)
        )
    return findings


def _batch_memory(recipe_name: str) -> list[Finding]:
    from molucid.recipes.load import load_recipe
    from molucid.train.memory import estimate_training_memory

    recipe = load_recipe(recipe_name, [])
    estimate = estimate_training_memory(recipe.model, recipe.objective, recipe.train.micro_batch_size)
    room, place = _training_room()
    fits = estimate.total_bytes < 0.8 * room
    found = (
        f"{recipe_name}: {estimate.num_parameters / 1e6:.1f} M parameters, micro-batch of "
        f"{recipe.train.micro_batch_size}: about {estimate.total_bytes / _GIB:.1f} of {room / _GIB:.1f} GiB {place}"
    )
    advice = "" if fits else "lower train.micro_batch_size"
    return [Finding("memory per batch", "ok" if fits else "note", found, advice)]


def _training_room() -> tuple[int, str]:
    """Bytes that one training worker may fill, and where: on the smallest GPU where there is one."""
    import torch

    if torch.cuda.is_available():
        devices = range(torch.cuda.device_count())
        return min((torch.cuda.get_device_properties(n).total_memory, f"on CUDA {n}") for n in devices)
    return usable().free_bytes, "free"
