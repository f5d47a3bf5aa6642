"""No file is read by running what it holds: the sources are searched for pickle, eval and loads that allow them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("platform", "jobs", "serve", "tune", "benchmarks")
# DeepSpeed pickles its own engine files; here alone may they be written, converted and continued.
EXEMPT = frozenset({"platform/molucid/train/engines/deepspeed.py"})
# The ways into DeepSpeed's pickled files: nothing but the exempt file may know them.
DEEPSPEED_FILES = ("deepspeed.checkpoint", "deepspeed.utils.zero_to_fp32")

MODULES = frozenset({"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"})
BUILTINS = frozenset({"eval", "exec"})
CALLS = frozenset(
    f"{module}.{name}"
    for module, names in {
        "builtins": ("eval", "exec"),
        "torch": ("load", "save", "jit.load", "package.PackageImporter", "hub.load"),
        "yaml": ("load", "load_all", "full_load", "unsafe_load", "unsafe_load_all"),
        "faiss": ("read_index", "read_index_binary"),
        "pandas": ("read_pickle",),
    }.items()
    for name in names
)
METHODS = frozenset({"load_checkpoint", "save_checkpoint"})
"""Of a DeepSpeed engine. As attributes only: a plain function of that name is another one."""


def offences(source: str) -> list[str]:
    """What `source` does that could run a file's content, each as `line: name`."""
    tree = ast.parse(source)
    origin = _imported_names(tree)
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if _is_forbidden_module(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [(node.lineno, n) for n in names if _is_forbidden_module(n) or n in CALLS][:1]
        elif isinstance(node, ast.Attribute) and (name := _full_name(node, origin)) is not None:
            # Mentioned is enough: a function that is passed on is called elsewhere.
            if name in CALLS:
                found.append((node.lineno, name))
            elif node.attr in METHODS:
                found.append((node.lineno, f".{node.attr}"))
        elif isinstance(node, ast.Name) and node.id in BUILTINS and isinstance(node.ctx, ast.Load):
            found.append((node.lineno, node.id))
        if isinstance(node, ast.Call):
            found += [(node.lineno, name) for name in _pickling_numpy_call(node, origin)]
            found += [(node.lineno, name) for name in _import_by_text(node, origin)]
    return [f"{line}: {name}" for line, name in sorted(found)]


def _is_forbidden_module(name: str) -> bool:
    return name.split(".")[0] in MODULES or name.startswith(DEEPSPEED_FILES)


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Name in the file → what it was imported as, wherever the import stands."""
    origin: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                origin[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return origin


def _full_name(node: ast.expr, origin: dict[str, str]) -> str | None:
    """`np.lib.load` → `numpy.lib.load`; for attributes of no plain name, `?.load`."""
    if isinstance(node, ast.Name):
        return origin.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_full_name(node.value, origin)}.{node.attr}"
    return "?"


def _pickling_numpy_call(node: ast.Call, origin: dict[str, str]) -> list[str]:
    """Any call that allows pickles, and `numpy.save`, whose default is to allow them, without a word."""
    name = _full_name(node.func, origin)
    allowed = [k.value for k in node.keywords if k.arg == "allow_pickle"]
    if any(not (isinstance(value, ast.Constant) and value.value is False) for value in allowed):
        return [f"{name}(allow_pickle)"]
    if name == "numpy.save" and not allowed:
        return ["numpy.save without allow_pickle=False"]
    # Positionally, `allow_pickle` is the third argument of both.
    return [f"{name}(allow_pickle)"] if name in ("numpy.load", "numpy.save") and len(node.args) > 2 else []


def _import_by_text(node: ast.Call, origin: dict[str, str]) -> list[str]:
    if _full_name(node.func, origin) not in ("__import__", "importlib.import_module") or not node.args:
        return []
    name = node.args[0]
    text = name.value if isinstance(name, ast.Constant) else None
    return [str(text)] if isinstance(text, str) and _is_forbidden_module(text) else []


def _files() -> list[Path]:
    return sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))


def test_no_source_loads_unsafely() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in _files()]
    assert len(names) > 100
    assert set(names) >= EXEMPT
    found = {
        name: faults
        for name in names
        if name not in EXEMPT and (faults := offences((ROOT / name).read_text()))
    }
    assert found == {}


def test_the_exempt_file_is_exempt_for_deepspeeds_own_files_only() -> None:
    for name in EXEMPT:
        faults = {fault.split(": ")[1] for fault in offences((ROOT / name).read_text())}
        assert faults, f"{name} needs no exemption any more"
        assert all(f.removeprefix(".") in METHODS or f.startswith(DEEPSPEED_FILES) for f in faults)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import pickle as p",
        "def f():\n    import cloudpickle",
        "from dill import loads",
        "import os, shelve",
        "from marshal import loads as read",
        "import joblib.externals",
        "eval('1')",
        "exec(text)",
        "run = eval",
        "import builtins\nbuiltins.exec(text)",
        "import torch\ntorch.load(path, weights_only=True)",
        "import torch as t\nt.save(x, path)",
        "from torch import load",
        "from torch import save as write",
        "import torch\nread = torch.load",
        "import torch\ntorch.jit.load(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import numpy as np\nnp.load(path, allow_pickle=flag)",
        "import numpy as np\nnp.load(path, None, True)",
        "from numpy import load\nload(path, allow_pickle=1)",
        "import numpy as np\nnp.save(path, x)",
        "import numpy as np\nnp.lib.format.read_array(f, allow_pickle=True)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "from yaml import load, SafeLoader",
        "import yaml\nyaml.unsafe_load(text)",
        "import faiss\nfaiss.read_index(path)",
        "import faiss as f\nf.read_index(path)",
        "import pandas as pd\npd.read_pickle(path)",
        "__import__('pickle').loads(b)",
        "import importlib\nimportlib.import_module('dill')",
        "self._engine.load_checkpoint(folder)",
        "from deepspeed.checkpoint.ds_to_universal import main",
    ],
)
def test_an_offender_is_found(source: str) -> None:
    last_line = source.count("\n") + 1
    assert [fault.split(":")[0] for fault in offences(source)] == [str(last_line)]


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load(path, mmap_mode='r', allow_pickle=False)",
        "import numpy as np\nnp.save(path, x, allow_pickle=False)",
        "model.eval()",
        "import json\njson.load(stream)",
        "import yaml\nyaml.safe_load(text)",
        "from safetensors.torch import load_file, save_file\nsave_file(x, path)",
        "from somewhere import save_checkpoint\nsave_checkpoint(folder)",
    ],
)
def test_what_is_safe_passes(source: str) -> None:
    assert offences(source) == []
