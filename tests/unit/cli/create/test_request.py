"""From the options of `run` to the request: what a test against Docker compares as a whole, in its corners."""

from pathlib import Path
from typing import Any

import pytest

from pydock.cli.create import flags, request
from pydock.cli.exits import Exit, FlagError
from pydock.cli.flags import parse

_ONLY = "is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux"


def body(line: str) -> dict[str, Any]:
    """The request that a command line makes."""
    options, arguments = parse(flags.common(detach_keys=True), line.split(), interspersed=False)
    return request.build(options, arguments[0], arguments[1:])


def test_a_bare_run_asks_for_nothing_special() -> None:
    made = body("image a -b")
    assert (made["Image"], made["Cmd"], made["Entrypoint"]) == ("image", ["a", "-b"], None)
    assert (made["AttachStdin"], made["AttachStdout"], made["AttachStderr"]) == (False, True, True)
    host = made["HostConfig"]
    assert host["NetworkMode"] == "default"
    assert host["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert "Init" not in host
    assert "StopTimeout" not in made


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-i", {"AttachStdin": True, "OpenStdin": True, "StdinOnce": True, "AttachStdout": True}),
        ("-a stdin", {"AttachStdin": True, "OpenStdin": False, "StdinOnce": False, "AttachStdout": False}),
        ("-a STDERR", {"AttachStderr": True, "AttachStdout": False}),
        ("--entrypoint=", {"Entrypoint": [""]}),
        ("--stop-timeout 0", {"StopTimeout": 0}),
        ("-l a -l b=c=d", {"Labels": {"a": "", "b": "c=d"}}),
        ("--no-healthcheck", {"Healthcheck": {"Test": ["NONE"]}}),
        ("--health-interval 1s", {"Healthcheck": {"Interval": 10**9}}),
        ("-v /x -v /x", {"Volumes": {"/x": {}}}),
    ],
)
def test_options_of_the_process_have_their_place(line: str, expected: dict[str, Any]) -> None:
    made = body(f"{line} image")
    assert {key: made[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--init=false", {"Init": False}),
        ("--cap-add sys_admin --cap-add CAP_CHOWN", {"CapAdd": ["CAP_CHOWN", "CAP_SYS_ADMIN"]}),
        ("--cap-add chown --cap-add all", {"CapAdd": ["ALL"]}),
        ("-v vol:/c:ro -v /a:/b", {"Binds": ["vol:/c:ro", "/a:/b"]}),
        ("--tmpfs /t:size=1m", {"Tmpfs": {"/t": "size=1m"}}),
        ("--security-opt systempaths=unconfined", {"MaskedPaths": [], "ReadonlyPaths": [], "SecurityOpt": []}),
        ("--memory-swap -1", {"MemorySwap": -1}),
        ("--cpus .5", {"NanoCpus": 500_000_000}),
        ("--ulimit nofile=1:2 --ulimit nofile=3", {"Ulimits": [{"Name": "nofile", "Soft": 3, "Hard": 3}]}),
        ("--network host", {"NetworkMode": "host"}),
        ("--net a --net-alias b", {"NetworkMode": "a"}),
    ],
)
def test_options_of_the_host_have_their_place(line: str, expected: dict[str, Any]) -> None:
    made = body(f"{line} image")["HostConfig"]
    assert {key: made[key] for key in expected} == expected


def test_a_relative_source_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert body("-v ./x:/y image")["HostConfig"]["Binds"] == [f"{tmp_path}/x:/y"]
    assert body("--mount type=bind,src=.,dst=/y image")["HostConfig"]["Mounts"][0]["Source"] == str(tmp_path)


def test_variables_come_from_files_and_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HERE", "yes")
    monkeypatch.delenv("GONE", raising=False)
    (tmp_path / "env").write_text("\ufeff# comment\n\n A=1 \nHERE\nGONE\n")
    (tmp_path / "labels").write_text("a=b\nHERE\n")
    made = body(f"--env-file {tmp_path}/env -e B -e HERE -e C= --label-file {tmp_path}/labels -l a=c image")
    assert made["Env"] == ["A=1 ", "HERE=yes", "B", "HERE=yes", "C="]
    assert made["Labels"] == {"a": "c"}


def test_a_seccomp_profile_is_sent_as_it_reads(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n')
    made = body(f"--security-opt seccomp={tmp_path}/p.json --security-opt no-new-privileges image")
    assert made["HostConfig"]["SecurityOpt"] == ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', "no-new-privileges"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--rm --restart always", "conflicting options: cannot specify both --restart and --rm"),
        ("--memory-swappiness 101", "invalid value: 101. Valid memory swappiness range is 0-100"),
        ("--pid foo", "--pid: invalid PID mode"),
        ("--userns x", "--userns: invalid USER mode"),
        ("--restart :3", "invalid restart policy format: no policy provided before colon"),
        ("--restart a:b", "invalid restart policy format: maximum retry count must be an integer"),
        ("--log-driver none --log-opt a=b", "invalid logging opts for driver none"),
        ("--storage-opt a", "invalid storage option"),
        ("--health-retries -1", "--health-retries cannot be negative"),
        ("--no-healthcheck --health-cmd x", "--no-healthcheck conflicts with --health-* options"),
        ("--mac-address x", "x is not a valid mac address"),
        ("--security-opt foo", 'Invalid --security-opt: "foo"'),
        ("--env-file /none", "open /none: no such file or directory"),
        ("-v aa:b:c:d", "invalid spec: aa:b:c:d: too many colons"),
        ("-v aa::b", "invalid spec: aa::b: empty section between colons"),
        ("--cpu-count 2 --io-maxiops 1", "\n".join(f'"--{name}" {_ONLY}' for name in ("cpu-count", "io-maxiops"))),
        ("-p ::1:80:80", "Invalid ip address ::1: address ::1:: too many colons in address"),
        ("--pid private", "--pid: invalid PID mode"),
        ("--network a --network a", 'network "a" is specified multiple times'),
        (
            "--network a --network host",
            "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
        ),
        ("--network-alias x", "network-scoped aliases are only supported for user-defined networks"),
        (
            "--network name=a,alias=b --network-alias c",
            "conflicting options: cannot specify both --network-alias and per-network alias",
        ),
    ],
)
def test_what_can_not_be_is_refused_in_dockers_words(line: str, message: str) -> None:
    with pytest.raises(Exit) as caught:
        body(f"{line} image")
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-e =x", "invalid environment variable: =x"),
        ("-l =x", "invalid label '=x': empty name"),
        ("--sysctl kernel.x=1", "sysctl 'kernel.x=1' is not allowed"),
        ("--ulimit x=1", "invalid ulimit type: x"),
        ("--ulimit nofile=2:1", "ulimit soft limit must be less than or equal to hard limit: 2 > 1"),
        ("--add-host x", 'bad format for add-host: "x"'),
        ("--dns 1.2.3", "IP address is not correctly formatted: 1.2.3"),
        ("--dns-search -x", "-x is not a valid domain"),
        ("--cpus x", "failed to parse x as a rational number"),
        ("--cpus 0.0000000001", "value is too precise"),
        ("--device-cgroup-rule x", "invalid device cgroup format 'x'"),
        ("--blkio-weight-device /dev/a:5", "invalid weight for device: /dev/a:5"),
        ("--mount foo", "invalid field 'foo' must be a key=value pair"),
        ("--mount type=bind", "target is required"),
        ("--mount type=bind,dst=/x,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'"),
        ("--mount dst=/x,foo=1", "unexpected key 'foo' in 'foo=1'"),
        ("--gpus count=x", 'invalid count (x): value must be either "all" or an integer: invalid syntax'),
        ("--network name=,ip=1", "network name/id is not specified"),
        ("--link a:b:c", "bad format for links: a:b:c"),
        ("-a foo", "valid streams are STDIN, STDOUT and STDERR"),
    ],
)
def test_a_wrong_value_is_refused_with_its_flag(line: str, message: str) -> None:
    with pytest.raises(FlagError) as caught:
        body(f"{line} image")
    assert str(caught.value).endswith(f" flag: {message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('--mount type=tmpfs,target="/y', 'parse error on line 1, column 19: bare " in non-quoted-field'),
        ('--mount "type=tmpfs', 'parse error on line 1, column 12: extraneous or missing " in quoted-field'),
        ('--mount "type=tmpfs"x', 'parse error on line 1, column 12: extraneous or missing " in quoted-field'),
        ("--ulimit nofile=1:2:3", "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"),
        ("-m x", "invalid size: 'x'"),
        ("-m 1x", "invalid suffix: 'x'"),
        ("-m 1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
    ],
)
def test_values_refused_in_dockers_words(line: str, message: str) -> None:
    with pytest.raises(FlagError) as caught:
        body(f"{line} i")
    assert str(caught.value).endswith(message)


def test_of_repeated_variables_the_last_counts_in_the_first_ones_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("A=0\n")
    assert body(f"--env-file {tmp_path}/file -e A=1 -e B=2 -e A=3 i")["Env"] == ["A=0", "A=3", "B=2"]


def test_a_mount_that_is_recursive_anyway_needs_no_options() -> None:
    assert (
        "BindOptions"
        not in body("--mount type=bind,source=/a,target=/b,bind-recursive=enabled i")["HostConfig"]["Mounts"][0]
    )


def test_a_single_letter_is_a_drive() -> None:
    made = body("-v a:/x -v a:b:c:d i")
    assert (made["Volumes"], made["HostConfig"]["Binds"]) == ({"a:/x": {}}, ["a:b:c:d"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--cgroupns x --device /dev/null::r", " is not an absolute path"),
        ("--env-file /none --device a:b:c:d", "bad format for path: a:b:c:d"),
        ("--restart always --rm --pid x", "--pid: invalid PID mode"),
        ("--pid x --env-file /none", "open /none: no such file or directory"),
        ("--pid x -p x:80", "Invalid hostPort: x"),
        ("--no-healthcheck --health-cmd x --log-driver none --log-opt a=b", "invalid logging opts for driver none"),
        ("--no-healthcheck --health-cmd x --restart on-failure:x", "invalid restart policy format"),
        ("--restart always --rm --no-healthcheck --health-cmd x", "--no-healthcheck conflicts with --health-* options"),
        ("--restart always --rm", "conflicting options: cannot specify both --restart and --rm"),
    ],
)
def test_of_two_mistakes_the_one_that_docker_finds_first_is_told(line: str, told: str) -> None:
    with pytest.raises(Exit) as caught:
        body(f"{line} i")
    assert told in caught.value.message
