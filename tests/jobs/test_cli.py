"""The command line as an interface: options, exit codes, streams, what is imported."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import cli, doctor
from jobs.cli import COMMANDS, build_parser, main
from molucid.errors import InputError

SNAPSHOT = Path(__file__).with_name("options.json")
ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "ray", "rdkit", "numba", "numpy", "pyarrow", "faiss", "pydantic", "scipy", "deepspeed")


def options() -> dict[str, dict[str, str]]:
    """Command → option → what may stand behind it; defaults belong to the configurations."""
    actions = build_parser()._actions
    (commands,) = (a for a in actions if isinstance(a, argparse._SubParsersAction))
    return {
        name: {
            " ".join(action.option_strings) or action.dest: shape(action)
            for action in command._actions
            if not isinstance(action, argparse._HelpAction)
        }
        for name, command in commands.choices.items()
    }


def shape(action: argparse.Action) -> str:
    """`required` or `optional`, then the values: none, one, one of some, or many."""
    if action.nargs == 0:
        values = "flag"
    elif action.choices:
        values = " | ".join(str(choice) for choice in action.choices)
    else:
        values = "many values" if action.nargs in ("+", "*") else "value"
    return f"{'required' if action.required else 'optional'} {values}"


def test_options_are_those_of_the_snapshot() -> None:
    """Users' scripts rely on them. After a change on purpose: `python -m tests.jobs.test_cli`."""
    assert options() == json.loads(SNAPSHOT.read_text())


def test_every_command_has_json_and_quiet() -> None:
    assert all({"--json", "--quiet"} <= set(found) for found in options().values())
    assert tuple(options()) == COMMANDS


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_is_a_manual_on_stdout(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"] if command is None else [command, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    if command is None:
        assert all(name in printed.out for name in COMMANDS)
        assert "exit codes" in printed.out
    else:
        assert f"usage: molucid {command}" in printed.out
        assert len(printed.out.split("options:")[0].splitlines()) > 5
        assert all(name in printed.out for name in options()[command] if name.startswith("--"))


@pytest.mark.parametrize(
    "typed", [[], ["elucidat"], ["elucidate"], ["pack", "--no-such-option"], ["index", "--batch-size", "x"]]
)
def test_an_unusable_command_is_exit_code_2(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--help" in printed.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("a", "b", hint="do c"), 2, "molucid doctor: got a, expected b\nhint: do c\n"),
        (KeyboardInterrupt(), 130, "molucid doctor: interrupted\n"),
        (
            PermissionError(13, "Permission denied", "/out"),
            1,
            "molucid doctor: /out: Permission denied\nhint: check who may read or write there",
        ),
    ],
)
def test_a_failed_command_says_why_on_stderr(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(doctor, "run", fail)
    assert main(["doctor"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(said)


def test_an_unforeseen_fault_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise ConnectionError("lost")

    monkeypatch.setattr(doctor, "run", fail)
    with pytest.raises(ConnectionError):
        main(["doctor"])


def test_the_command_line_is_kept_as_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(doctor, "run", lambda args: seen.append(args.command_line) or 0)
    assert main(["doctor", "--recipe", "two words"]) == 0
    assert seen == ["molucid doctor --recipe 'two words'"]


def python(code: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "platform"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
    )


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import contextlib, io, sys
from jobs.cli import main
for typed in (["--help"], ["elucidate", "--help"], ["train-intensity", "--help"]):
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main(typed)
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_a_broken_room_stops_only_its_own_commands() -> None:
    # None in sys.modules makes every import of that name fail.
    code = """
import sys
sys.modules.update({"ray": None, "deepspeed": None, "faiss": None})
from jobs.cli import main
try:
    print(main(["elucidate", "--help"]))
except SystemExit as end:
    print("help", end.code)
print("doctor", main(["doctor", "--json", "--quiet"]) in (0, 4))
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "help 0" in lines
    assert lines[-1] == "doctor True"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"molucid {cli.__version__}\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(options(), indent=2) + "\n")
