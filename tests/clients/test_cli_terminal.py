"""pydock on a real terminal: raw mode, window size, detach keys, signals, exit codes; against the engine at hand.

The engine is the one that PYDOCK_TEST_HOST names, or Docker's own (PYDOCK_TEST_DOCKER_SOCKET); skipped without either.
"""

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

IMAGE = "pydock-terminal-test"
CLIENT = (sys.executable, "-c", "import sys; sys.argv[0] = 'pydock'; from pydock.cli.main import main; main()")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a client that finds the engine, which has the image."""
    host = os.environ.get("PYDOCK_TEST_HOST", "")
    if not host:
        path = os.environ.get("PYDOCK_TEST_DOCKER_SOCKET", "/var/run/docker.sock")
        if not os.path.exists(path):
            pytest.skip("no engine at hand")
        host = f"unix://{path}"
    made = {**os.environ, "PYDOCK_HOST": host, "DOCKER_CONFIG": str(tmp_path_factory.mktemp("config")), "TERM": "xterm"}
    run(made, "image", "from-host", IMAGE, "bash", "coreutils")
    yield made
    run(made, "rmi", "-f", IMAGE)


def run(environ: dict[str, str], *words: str, stdin: str = "", code: int = 0) -> str:
    """Run the client without a terminal; its output."""
    done = subprocess.run([*CLIENT, *words], input=stdin, capture_output=True, text=True, env=environ)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture
def container(environ: dict[str, str]) -> Iterator[str]:
    """The name of a running container that has a terminal."""
    name = f"ptt-{os.getpid()}"
    run(environ, "run", "-dit", "--name", name, IMAGE, "bash", "--norc")
    yield name
    run(environ, "rm", "-f", name)


def spawn(environ: dict[str, str], *words: str) -> "pexpect.spawn[str]":
    """Start the client on a terminal of 24 lines and 80 columns."""
    program, *rest = [*CLIENT, *words]
    return pexpect.spawn(
        program, rest, env=environ, encoding="utf-8", timeout=20, dimensions=(24, 80), preexec_fn=_heed_hang_ups
    )


def _heed_hang_ups() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup(1) may have started us


def ended(child: "pexpect.spawn[str]") -> int:
    """Wait for the client's end; its exit code."""
    child.expect(pexpect.EOF)
    child.close()
    return int(child.exitstatus) if child.exitstatus is not None else -int(child.signalstatus)


def is_raw(child: "pexpect.spawn[str]") -> bool:
    """Whether the terminal passes keys on as they are typed."""
    return not termios.tcgetattr(child.child_fd)[3] & termios.ICANON


def test_a_shell_has_the_terminals_size_and_its_exit_code_comes_back(environ: dict[str, str]) -> None:
    child = spawn(environ, "run", "-it", "--rm", IMAGE, "bash", "--norc")
    child.expect("bash-.*# ")
    assert is_raw(child)
    child.sendline("stty size")
    child.expect("24 80")
    child.setwinsize(30, 100)
    child.expect("# ")
    time.sleep(0.5)
    child.sendline("stty size")
    child.expect("30 100")
    child.sendline("exit 5")
    assert ended(child) == 5


def test_the_interrupt_key_reaches_the_process_and_not_the_client(environ: dict[str, str]) -> None:
    child = spawn(environ, "run", "-it", "--rm", IMAGE, "bash", "--norc")
    child.expect("# ")
    child.sendline("sleep 1000")
    time.sleep(0.5)
    child.sendintr()
    child.sendline("echo code $?")
    child.expect("code 130")
    child.sendline("exit 0")
    assert ended(child) == 0


@pytest.mark.parametrize("keys", ["\x10\x11", "x"])
def test_detach_keys_leave_the_container_running(environ: dict[str, str], keys: str) -> None:
    name = f"ptt-detach-{os.getpid()}"
    chosen = ["--detach-keys", "x"] if keys == "x" else []
    child = spawn(environ, "run", "-it", *chosen, "--name", name, IMAGE, "bash", "--norc")
    try:
        child.expect("# ")
        for key in keys:
            child.send(key)
            time.sleep(0.1)
        assert ended(child) == 0
        assert run(environ, "inspect", "-f", "{{.State.Running}}", name) == "true\n"
    finally:
        run(environ, "rm", "-f", name)


def test_attach_draws_the_prompt_again_and_detaches(environ: dict[str, str], container: str) -> None:
    child = spawn(environ, "attach", container)
    child.expect("# ")
    child.sendline("echo $((6 * 7))")
    child.expect("42")
    child.send("\x10")
    time.sleep(0.1)
    child.send("\x11")
    child.expect("read escape sequence")
    assert ended(child) == 1
    assert run(environ, "exec", container, "echo", "alive") == "alive\n"


def test_exec_has_a_terminal_of_its_own(environ: dict[str, str], container: str) -> None:
    child = spawn(environ, "exec", "-it", container, "bash", "--norc")
    child.expect("# ")
    child.sendline("tty; stty size")
    child.expect("/dev/pts/1")
    child.expect("24 80")
    child.sendline("exit 9")
    assert ended(child) == 9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_when_a_signal_ends_the_client(
    environ: dict[str, str], container: str, number: signal.Signals
) -> None:
    child = spawn(environ, "exec", "-it", container, "bash", "--norc")
    child.expect("# ")
    assert is_raw(child)
    before = child.child_fd
    child.kill(number)
    while child.isalive():
        time.sleep(0.05)
    assert termios.tcgetattr(before)[3] & termios.ICANON
    child.close()
    assert child.exitstatus == 128 + number


def test_signals_are_passed_on_to_the_container(environ: dict[str, str]) -> None:
    script = "trap 'echo got; exit 42' USR1; echo ready; while :; do sleep 0.1; done"
    child = subprocess.Popen(
        [*CLIENT, "run", "--rm", IMAGE, "bash", "-c", script], stdout=subprocess.PIPE, text=True, env=environ
    )
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGUSR1)
    assert child.stdout.read() == "got\n"
    assert child.wait() == 42
    child.stdout.close()


def test_signals_are_passed_on_from_a_raw_terminal_too(environ: dict[str, str]) -> None:
    script = "trap 'echo got; exit 43' TERM; echo ready; while :; do sleep 0.1; done"
    child = spawn(environ, "run", "-it", "--rm", IMAGE, "bash", "-c", script)
    child.expect("ready")
    child.kill(signal.SIGTERM)
    child.expect("got")
    assert ended(child) == 43


def test_who_insists_ends_the_client_alone(environ: dict[str, str]) -> None:
    name = f"ptt-insist-{os.getpid()}"
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = subprocess.Popen(
        [*CLIENT, "run", "--name", name, IMAGE, "bash", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    for _ in range(100):
        if child.poll() is not None:
            break
        child.terminate()
        time.sleep(0.3)
    _, told = child.communicate()
    assert (child.returncode, told) == (1, "\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n")
    assert run(environ, "inspect", "-f", "{{.State.Running}}", name) == "true\n"
    run(environ, "rm", "-f", name)


def test_sig_proxy_false_keeps_signals_from_the_container(environ: dict[str, str]) -> None:
    name = f"ptt-proxy-{os.getpid()}"
    child = subprocess.Popen(
        [*CLIENT, "run", "--sig-proxy=false", "--name", name, IMAGE, "bash", "-c", "echo ready; exec sleep 1000"],
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    child.terminate()
    assert child.wait() == -signal.SIGTERM
    assert run(environ, "inspect", "-f", "{{.State.Running}}", name) == "true\n"
    run(environ, "rm", "-f", name)
    child.stdout.close()


def test_the_end_of_standard_input_ends_the_containers(environ: dict[str, str]) -> None:
    assert run(environ, "run", "--rm", "-i", IMAGE, "bash", "-c", "cat; echo end", stdin="text\n") == "text\nend\n"


def test_a_terminal_that_goes_on_does_not_hold_up_the_end_of_one_that_takes_input_alone(
    environ: dict[str, str],
) -> None:
    child = spawn(environ, "run", "--rm", "-a", "stdin", IMAGE, "sh", "-c", "exit 7")
    assert ended(child) == 7


def test_output_and_errors_stay_apart_without_a_terminal(environ: dict[str, str]) -> None:
    words = ["run", "--rm", IMAGE, "bash", "-c", "echo out; echo err >&2"]
    done = subprocess.run([*CLIENT, *words], capture_output=True, text=True, env=environ)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_a_reader_that_goes_away_ends_the_client_by_sigpipe(environ: dict[str, str]) -> None:
    name = f"ptt-pipe-{os.getpid()}"
    words = ["run", "--rm", "--name", name, IMAGE, "bash", "-c", "while :; do echo line; done"]
    child = subprocess.Popen([*CLIENT, *words], stdout=subprocess.PIPE, env=environ)
    assert child.stdout
    child.stdout.read(10)
    child.stdout.close()
    assert child.wait() == -signal.SIGPIPE
    run(environ, "rm", "-f", name)


def test_killed_by_a_signal_is_128_and_its_number(environ: dict[str, str]) -> None:
    name = f"ptt-kill-{os.getpid()}"
    words = ["run", "--rm", "--name", name, IMAGE, "bash", "-c", "echo ready; exec sleep 1000"]
    child = subprocess.Popen([*CLIENT, *words], stdout=subprocess.PIPE, text=True, env=environ)
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    run(environ, "kill", name)
    assert child.wait() == 137
    child.stdout.close()


def test_a_cidfile_holds_the_id_and_a_second_run_refuses_it(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "cid"
    identity = run(environ, "create", "--cidfile", str(path), IMAGE).strip()
    assert path.read_text() == identity
    run(environ, "create", "--cidfile", str(path), IMAGE, code=1)
    run(environ, "rm", identity)
