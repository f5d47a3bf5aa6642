from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import ray

from molucid.cluster.session import _import_path, ray_session
from molucid.errors import InputError

pytestmark = pytest.mark.cluster


def _descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_embedded_session_is_private_and_leaves_nothing_behind(monkeypatch, caplog) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "192.0.2.77:6379")
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    before, environment = _descendants(), dict(os.environ)
    with caplog.at_level(logging.WARNING), ray_session(num_cpus=1) as session:
        assert session.embedded
        assert session.num_cpus == 1
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert "RAY_ADDRESS" not in os.environ
        token_file = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(token_file.parent.stat().st_mode) == 0o700
        assert len(token_file.read_text()) == 64

        def where_modules_are() -> tuple[str, str, str]:
            import platform

            import jobs
            import molucid

            return molucid.__file__, platform.__file__, str(next(iter(jobs.__path__)))

        library, stdlib_platform, jobs_folder = ray.get(ray.remote(where_modules_are).remote())
        import molucid

        assert library == molucid.__file__
        assert stdlib_platform.endswith("/platform.py")
        assert Path(jobs_folder).name == "jobs"
        assert _descendants() - before

        with ray_session() as inner:
            assert inner is session
        assert ray.is_initialized(), "a joined session ends with its outermost block"
        with pytest.raises(InputError, match="inside a session"), ray_session("192.0.2.1:1"):
            pass
    assert "RAY_ADDRESS=192.0.2.77:6379 is ignored" in caplog.text
    assert not ray.is_initialized()
    assert _descendants() <= before
    assert dict(os.environ) == environment
    assert not token_file.parent.exists()


def test_an_exception_ends_the_cluster_too() -> None:
    before = _descendants()

    def use_a_worker_and_fail() -> None:
        with ray_session(num_cpus=1):
            ray.get(ray.remote(lambda: 1).remote())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_a_worker_and_fail()
    assert not ray.is_initialized()
    assert _descendants() <= before


def test_a_start_that_takes_too_long_is_tried_again_and_leaves_nothing_behind(monkeypatch, caplog) -> None:
    init = ray.init
    forgotten: list[psutil.Process] = []
    of_the_caller: list[subprocess.Popen[bytes]] = []

    def too_slow_at_first(**options: object) -> object:
        if forgotten:
            return init(**options)
        # As Ray's own: the one above is told its folder, the one below is not. `; :` keeps the shell from becoming it.
        told = subprocess.Popen(["sh", "-c", "sleep 600; :", f"--temp-dir={options['_temp_dir']}"])
        raylet = psutil.Process(told.pid)
        deadline = time.monotonic() + 30
        while not raylet.children() and time.monotonic() < deadline:
            time.sleep(0.01)
        forgotten.extend([raylet, *raylet.children()])
        of_the_caller.append(subprocess.Popen(["sleep", "600"]))
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", too_slow_at_first)
    try:
        with caplog.at_level(logging.WARNING), ray_session(num_cpus=1):
            assert len(forgotten) == 2
            assert not any(_runs(process) for process in forgotten)
            assert of_the_caller[0].poll() is None
            assert ray.get(ray.remote(lambda: 7).remote()) == 7
        assert of_the_caller[0].poll() is None
    finally:
        for process in of_the_caller:
            process.kill()
            process.wait()
    assert "took too long to start (1 of 5 attempts)" in caplog.text


def test_a_machine_on_which_ray_never_starts_is_told_so(monkeypatch) -> None:
    def too_slow(**options: object) -> object:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", too_slow)
    with pytest.raises(InputError, match="5 starts of Ray that took too long"), ray_session(num_cpus=1):
        pass


def test_stdout_is_left_to_data_also_when_workers_die(capsys) -> None:
    err = ""
    with ray_session(num_cpus=1):
        with pytest.raises(ray.exceptions.WorkerCrashedError):
            ray.get(ray.remote(max_retries=0)(lambda: os._exit(1)).remote())
        deadline = time.monotonic() + 30
        while "worker died" not in err and time.monotonic() < deadline:
            time.sleep(0.2)
            captured = capsys.readouterr()
            err += captured.err
            assert captured.out == ""
    assert "worker died" in err


def test_sizes_belong_to_embedded_clusters_only() -> None:
    with (
        pytest.raises(InputError, match="num_cpus with address"),
        ray_session("192.0.2.1:6379", num_cpus=2),
    ):
        pass


def test_workers_find_the_library_after_what_the_user_put_on_the_path() -> None:
    entries = _import_path(os.pathsep.join(["/first", "", "/second"])).split(os.pathsep)
    assert entries[:2] == ["/first", "/second"]
    assert any((Path(entry) / "molucid" / "errors.py").is_file() for entry in entries[2:])
    # `platform/` is a source root: were it importable as a package, the standard library's would be hidden.
    assert not any((Path(entry) / "platform" / "__init__.py").exists() for entry in entries)


@pytest.mark.slow
def test_a_terminated_program_leaves_no_process(tmp_path) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text(
        "import psutil, time\n"
        "from molucid.cluster.session import ray_session\n"
        "with ray_session(num_cpus=1):\n"
        "    print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        pids = [int(word) for word in program.stdout.readline().split()]
        assert len(pids) >= 2
        program.terminate()
        assert program.wait(30) == 128 + 15
    assert not any(psutil.pid_exists(pid) for pid in pids)
