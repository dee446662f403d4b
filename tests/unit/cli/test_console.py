"""Standard streams in odd states: non-blocking, full, closed."""

import os
import subprocess
import sys
import threading
import time

import pytest

from pydock.cli import table
from pydock.cli.console import Output, write_pieces, write_to
from pydock.cli.exits import Exit

PROGRAM = [sys.executable, "-c", "from pydock.cli.main import main\nmain()"]


def test_a_pipe_that_does_not_block_is_written_whole() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    seen = bytearray()

    def read() -> None:
        time.sleep(0.05)
        while part := os.read(reading, 1 << 16):
            seen.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    data = os.urandom(1 << 20)
    write_to(writing, data)
    write_pieces(writing, [memoryview(data)[start : start + 1000] for start in range(0, 1 << 19, 1000)])
    os.close(writing)
    reader.join()
    assert seen == data + data[: (1 << 19) // 1000 * 1000 + 1000]
    os.close(reading)


def test_what_cannot_be_written_is_told_and_what_nobody_reads_is_not() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    told = f"write /dev/fd/{full}: no space left on device"
    with pytest.raises(Exit, match=told):
        write_to(full, b"x")
    with pytest.raises(Exit, match=told):
        write_pieces(full, [memoryview(b"x")])
    os.close(full)
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        write_to(writing, b"x")
    os.close(writing)


@pytest.mark.parametrize("words", [["--version"], ["help"], ["run", "--help"]])
def test_a_full_disk_behind_the_output_is_told(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"write /dev/stdout: no space left on device\n")


def test_errors_that_cannot_be_told_end_the_program_all_the_same() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*PROGRAM, "nope"], stdout=subprocess.PIPE, stderr=full)
    assert (done.returncode, done.stdout) == (1, b"")


def test_names_that_an_image_chose_do_nothing_to_a_terminal() -> None:
    """What a file takes is as it was, and the user's own colours are shown."""
    master, slave = os.openpty()
    reading, writing = os.pipe()
    try:
        for descriptor in slave, writing:
            output = Output(descriptor)
            output.told("A /a\x1b[31m\x9bm")
            table.render(output, [], {"A": "\x1b[31mA"}, "table {{.A}}")
            table.render(output, [], {"A": "A"}, "table \x1b[31m{{.A}}")
            output.flush()
        assert os.read(master, 1000) == b"A /a\\x1b[31m\\u009bm\r\n\\x1b[31mA\r\n\x1b[31mA\r\n"
        assert os.read(reading, 1000) == "A /a\x1b[31m\x9bm\n\x1b[31mA\n\x1b[31mA\n".encode()
    finally:
        for descriptor in (master, slave, reading, writing):
            os.close(descriptor)
