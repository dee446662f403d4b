"""What commit and import take as ``--change``."""

from typing import Any

import pytest

from pydock.builder import changes
from pydock.errors import InvalidParameter

BASE: dict[str, Any] = {
    "Cmd": ["sh"],
    "Entrypoint": ["/entry"],
    "Env": ["A=one", "PORT=99"],
    "ExposedPorts": {"1/tcp": {}},
    "Labels": {"k": "v"},
    "OnBuild": ["RUN first"],
    "User": "u",
    "Volumes": {"/v": {}},
    "WorkingDir": "/w",
}


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        (["CMD true"], {"Cmd": ["/bin/sh", "-c", "true"]}),
        (['CMD ["a", "b c"]'], {"Cmd": ["a", "b c"]}),
        (["CMD []"], {"Cmd": []}),
        (["cmd [ not json"], {"Cmd": ["/bin/sh", "-c", "[ not json"]}),
        (['ENTRYPOINT ["x"]'], {"Entrypoint": ["x"], "Cmd": None}),
        (['ENTRYPOINT ["x"]', 'CMD ["y"]'], {"Entrypoint": ["x"], "Cmd": ["y"]}),
        (['CMD ["y"]', 'ENTRYPOINT ["x"]'], {"Entrypoint": ["x"], "Cmd": ["y"]}),
        (["ENTRYPOINT []"], {"Entrypoint": None, "Cmd": None}),
        (["ENV A=two B=$A"], {"Env": ["A=two", "PORT=99", "B=one"]}),
        (["ENV A=two", "ENV B=$A"], {"Env": ["A=two", "PORT=99", "B=two"]}),
        (["ENV old style  value"], {"Env": ["A=one", "PORT=99", "old=style  value"]}),
        (["LABEL a=b 'c d'=\"e $A\""], {"Labels": {"k": "v", "a": "b", "c d": "e one"}}),
        (
            ["EXPOSE 80 $PORT/udp 7-8"],
            {"ExposedPorts": {"1/tcp": {}, "80/tcp": {}, "99/udp": {}, "7/tcp": {}, "8/tcp": {}}},
        ),
        (["HEALTHCHECK NONE"], {"Healthcheck": {"Test": ["NONE"]}}),
        (
            ["HEALTHCHECK --interval=1m30s --timeout=0 --retries=3 CMD a b"],
            {"Healthcheck": {"Test": ["CMD-SHELL", "a b"], "Interval": 90 * 10**9, "Retries": 3}},
        ),
        (['HEALTHCHECK CMD ["a"]'], {"Healthcheck": {"Test": ["CMD", "a"]}}),
        (["ONBUILD RUN x"], {"OnBuild": ["RUN first", "RUN x"]}),
        (["STOPSIGNAL SIGUSR1"], {"StopSignal": "SIGUSR1"}),
        (["STOPSIGNAL 9"], {"StopSignal": "9"}),
        (["USER $A"], {"User": "one"}),
        (["VOLUME /a $A", 'VOLUME ["/b"]'], {"Volumes": {"/v": {}, "/a": {}, "one": {}, "/b": {}}}),
        (["WORKDIR x", "WORKDIR ../y"], {"WorkingDir": "/w/y"}),
        (["WORKDIR /abs"], {"WorkingDir": "/abs"}),
        (["ENV a=b \\\n c=d\nUSER x"], {"Env": ["A=one", "PORT=99", "a=b", "c=d"], "User": "x"}),
        ([], {}),
    ],
    ids=repr,
)
def test_changes(lines: list[str], changed: dict[str, Any]) -> None:
    before = repr(BASE)
    assert changes.apply(BASE, lines) == {**BASE, **changed}
    assert repr(BASE) == before


def test_the_shell_form_takes_the_image_s_shell() -> None:
    assert changes.apply({"Shell": ["/bin/ash", "-ec"]}, ["CMD x"])["Cmd"] == ["/bin/ash", "-ec", "x"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("RUN x", "RUN is not a valid change command"),
        ("nonsense", "nonsense is not a valid change command"),
        ("", "file with no instructions"),
        ("ENV", "ENV requires at least one argument"),
        ("ENV a", "ENV must have two arguments"),
        ("ENV =x", "ENV names can not be blank"),
        ("ENV a=b c", 'can\'t find = in "c"'),
        ("EXPOSE", "EXPOSE requires at least one argument"),
        ("EXPOSE 70000", "Invalid containerPort: 70000"),
        ("EXPOSE 9-8", "Invalid containerPort: 9-8"),
        ("EXPOSE 1/x", "Invalid proto: x"),
        ("HEALTHCHECK", "HEALTHCHECK requires at least one argument"),
        ("HEALTHCHECK FOO x", r'Unknown type "FOO" in HEALTHCHECK \(try CMD\)'),
        ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK --interval=x CMD y", 'time: invalid duration "x"'),
        ("HEALTHCHECK --interval=-1s CMD y", 'Interval "interval" cannot be less than 1ms'),
        ("HEALTHCHECK --retries=-1 CMD y", r"--retries cannot be negative \(-1\)"),
        ("HEALTHCHECK --interval CMD y", "missing a value on flag: --interval"),
        ("HEALTHCHECK --foo=1 CMD y", "unknown flag: --foo"),
        ("CMD --foo=1 y", "unknown flag: --foo"),
        ("ONBUILD", "ONBUILD requires at least one argument"),
        ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("STOPSIGNAL nope", "invalid signal: nope"),
        ("STOPSIGNAL 0", "invalid signal: 0"),
        ("USER", "USER requires exactly one argument"),
        ("VOLUME", "VOLUME requires at least one argument"),
        ('VOLUME [""]', "VOLUME specified can not be an empty string"),
        ("CMD [1]", "only string type is allowed in JSON format arrays"),
        ("ENV x=${NONE:?why}", "NONE: why"),
    ],
)
def test_changes_that_are_none(line: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        changes.apply(BASE, [line])


def test_each_line_cannot_double_what_the_one_before_made() -> None:
    with pytest.raises(InvalidParameter, match="variables make more than"):
        changes.apply(BASE, ["ENV A=0123456789", *["ENV A=$A$A$A$A"] * 12])
    with pytest.raises(InvalidParameter, match="variables make more than"):
        changes.apply({"Env": ["A=" + "x" * 100_000]}, [f"ENV {' '.join(f'A{number}=x$A' for number in range(100))}"])
