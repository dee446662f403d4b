"""The daemon's flags and its configuration file, and what is refused of them, in dockerd's words."""

import json
from pathlib import Path
from typing import Any

import pytest

from pydock.daemon import configure
from pydock.daemon.config import AddressPool, Config
from pydock.errors import InvalidParameter

MERGED = "merged configuration validation from file and command line flags failed: "


def load(tmp_path: Path, *flags: str, file: Any = None) -> Config:
    """The configuration that these flags and this file make."""
    path = tmp_path / "daemon.json"
    path.write_text(file if isinstance(file, str) else json.dumps(file or {}))
    return configure.load(configure.parse([*flags, "--config-file", str(path)]))


def test_flags_and_file_are_put_together(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "-D",
        "-H=unix:///run/a.sock",
        "--host",
        "tcp://127.0.0.1:2375",
        "--data-root=/a/../b",
        "-b",
        "br7",
        "--default-address-pool",
        "base=10.5.0.0/16,size=24",
        "--default-ulimit",
        "nofile=10:20",
        "--live-restore=false",
        file={"registry-mirrors": ["https://mirror.example"], "log-opts": {"max-size": "1m"}, "mtu": 1400},
    )
    assert config.debug
    assert config.hosts == ("unix:///run/a.sock", "tcp://127.0.0.1:2375")
    assert config.data_root == Path("/b")
    assert config.network.bridge == "br7"
    assert config.network.mtu == 1400
    assert config.network.default_address_pools == (AddressPool("10.5.0.0/16", 24),)
    assert config.containers.ulimits == {"nofile": {"Name": "nofile", "Hard": 20, "Soft": 10}}
    assert config.containers.log_opts == {"max-size": "1m"}
    assert config.registry.mirrors == ("https://mirror.example/",)
    assert not config.live_restore


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--mtu"], "flag needs an argument: --mtu"),
        (["--mtu=x"], 'invalid argument "x" for "--mtu" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (
            ["--debug=maybe"],
            'invalid argument "maybe" for "-D, --debug" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        (["--label", "x"], 'invalid argument "x" for "--label" flag: bad attribute format: x'),
        (["--dns", "x"], 'invalid argument "x" for "--dns" flag: invalid string being converted to IP address: x'),
        (
            ["-H", "foo://x"],
            (
                'invalid argument "foo://x" for "-H, --host" flag: '
                "invalid bind address (foo://x): unsupported proto 'foo'"
            ),
        ),
        (
            ["--registry-mirror", "x"],
            (
                'invalid argument "x" for "--registry-mirror" flag: '
                "invalid mirror: no scheme specified for \"x\": must use either 'https://' or 'http://'"
            ),
        ),
        (
            ["--default-ulimit", "nofile=5:3"],
            (
                'invalid argument "nofile=5:3" for "--default-ulimit" flag: '
                "ulimit soft limit must be less than or equal to hard limit: 5 > 3"
            ),
        ),
        (["--default-ulimit", "zz=3"], 'invalid argument "zz=3" for "--default-ulimit" flag: invalid ulimit type: zz'),
        (
            ["--default-network-opt", "x"],
            (
                'invalid argument "x" for "--default-network-opt" flag: '
                'invalid value "x" for map option, should be root-key=key=value'
            ),
        ),
        (["--host-gateway-ip", "x"], 'invalid argument "x" for "--host-gateway-ip" flag: ParseAddr("x"): unable'),
        (["--default-shm-size", "x"], 'invalid argument "x" for "--default-shm-size" flag: invalid size: \'x\''),
    ],
)
def test_a_wrong_command_line_is_refused(flags: list[str], message: str) -> None:
    with pytest.raises(configure.BadUsage) as caught:
        configure.parse(flags)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("flags", "file", "message"),
    [
        ([], {"foo": 1, "bar": {}}, "the following directives don't match any configuration option: bar, foo"),
        ([], '{"debug": true,', "invalid JSON: "),
        (
            [],
            {"debug": "x"},
            "invalid JSON: json: cannot unmarshal string into Go struct field Config.debug of type bool",
        ),
        (
            ["-D", "-H", "unix:///x"],
            {"debug": True, "hosts": ["tcp://1"]},
            (
                "the following directives are specified both as a flag and in the configuration file: "
                "debug: (from flag: true, from file: true), hosts: (from flag: [unix:///x], from file: [tcp://1])"
            ),
        ),
        (
            [],
            {"hosts": "x"},
            "invalid JSON: json: cannot unmarshal string into Go struct field Config.hosts of type []string",
        ),
        (
            [],
            {"log-opts": {"max-size": 1}},
            "invalid JSON: json: cannot unmarshal number into Go struct field Config.log-opts.max-size of type string",
        ),
        ([], "[]", "invalid JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ([], {"mtu": -4}, f"{MERGED}invalid default MTU: -4"),
        ([], {"log-level": "x"}, f"{MERGED}invalid logging level: x"),
        ([], {"hosts": ["foo://x"]}, f"{MERGED}invalid bind address (foo://x): unsupported proto 'foo'"),
        ([], {"labels": ["a=b", "a=c"]}, f"{MERGED}conflict labels for a=c and a=b"),
        ([], {"storage-driver": "btrfs"}, f"{MERGED}unknown storage driver: btrfs"),
        ([], {"userns-remap": "default"}, f"{MERGED}userns-remap is not supported: pydock has no user namespace"),
        (["--metrics-addr=x"], {"debug": True}, f"{MERGED}metrics-addr is not supported: pydock has no metrics"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, flags: list[str], file: Any, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        load(tmp_path, *flags, file=file)
    path = tmp_path / "daemon.json"
    assert caught.value.message.startswith(f"unable to configure the Docker daemon with file {path}: {message}")


def test_what_only_dockerd_has_use_for_is_taken(tmp_path: Path) -> None:
    flags = ["--userland-proxy-path=/x", "--containerd", "/x", "--raw-logs", "--userns-remap", ""]
    file = {
        "init-path": "/x", "selinux-enabled": False, "storage-opts": [], "runtimes": {}, "builder": {"gc": {}},
        "debug": None, "proxies": {"https-proxy": "http://proxy"}, "host-gateway-ip": "1.2.3.4",
    }  # fmt: skip
    config = load(tmp_path, *flags, file=file)
    assert not config.debug
    assert config.registry.https_proxy == "http://proxy"
    assert config.network.host_gateway_ips == ("1.2.3.4",)
    assert "userns-remap" not in configure.usage()


def test_a_file_that_is_not_there_matters_where_it_was_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    with pytest.raises(InvalidParameter, match="no such file or directory"):
        configure.load(configure.parse(["--config-file", str(missing)]))


def test_a_reload_takes_over_what_a_running_daemon_can(tmp_path: Path) -> None:
    before = load(tmp_path, file={"mtu": 1400, "labels": ["a=b"], "log-driver": "local"})
    file = {
        "mtu": 1300, "labels": ["c=d"], "log-driver": "none", "debug": True, "live-restore": False,
        "shutdown-timeout": 3, "default-shm-size": "1m", "default-ipc-mode": "shareable",
        "registry-mirrors": ["https://mirror.example"], "insecure-registries": ["near:5000"],
        "max-concurrent-downloads": 7, "features": {"some": True}, "data-root": "/elsewhere",
    }  # fmt: skip
    loaded = load(tmp_path, file=file)
    now = configure.reloaded(before, loaded)
    assert now.data_root == before.data_root
    assert now.network == before.network
    assert now.containers.log_driver == "local"
    assert (now.containers.shm_size, now.containers.ipc_mode) == (1 << 20, "shareable")
    assert (now.labels, now.debug, now.live_restore, now.shutdown_timeout) == (("c=d",), True, False, 3)
    assert now.registry == loaded.registry
    assert now.features == {"some": True}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:p@ss@example.org:3128/x", "https://xxxxx:xxxxx@example.org:3128/x"),
        ("user@example.org", "xxxxx:xxxxx@example.org"),
        ("http://example.org:3128/a@b", "http://example.org:3128/a@b"),
        ("", ""),
    ],
)
def test_a_proxys_password_is_shown_to_nobody(url: str, shown: str) -> None:
    assert configure.without_password(url) == shown


def test_a_conflict_shows_no_password(tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.write_text('{"proxies": {"http-proxy": "http://user:secret@a"}}')
    with pytest.raises(InvalidParameter) as caught:
        configure.load(configure.parse(["--config-file", str(file), "--http-proxy", "http://user:secret@b"]))
    assert "http-proxy: (from flag: http://xxxxx:xxxxx@b, from file: http://xxxxx:xxxxx@a)" in str(caught.value)


def test_no_seccomp_profile_is_the_engines_own() -> None:
    config = configure.load(configure.parse(["--config-file", "/dev/null", "--seccomp-profile", ""]))
    assert config.containers.seccomp_profile == "builtin"


def test_options_of_networks_come_one_by_one() -> None:
    flags = [
        f"--default-network-opt={option}" for option in ("bridge=a=1", "bridge=b=2=3", "macvlan=a=4", "bridge=a=5")
    ]
    config = configure.load(configure.parse(["--config-file", "/dev/null", *flags]))
    assert config.network.default_network_opts == {"bridge": {"a": "5", "b": "2=3"}, "macvlan": {"a": "4"}}
