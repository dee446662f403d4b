"""Go templates: what they make of values, and how they complain.  The words were taken down from Docker itself."""

from typing import Any

import pytest

from pydock.cli.schema import decode
from pydock.cli.template.execute import parse
from pydock.cli.template.nodes import TemplateError
from pydock.cli.template.values import Row

STATE = {"Status": "running", "Running": True, "Pid": 42, "ExitCode": 0, "StartedAt": "2024-01-01T00:00:00Z"}
CONTAINER = decode(
    "*container.InspectResponse",
    {
        "Id": "0123456789abcdef",
        "Name": "/web",
        "Path": "/bin/sh",
        "Args": ["-c", "true"],
        "State": STATE,
        "Config": {
            "Env": ["A=1", "B=2"],
            "Cmd": ["sh", "-c", "true"],
            "Labels": {"b": "2", "a": "1"},
            "Healthcheck": {"Test": ["CMD", "x"], "Interval": 90_000_000_000},
        },
        "HostConfig": {"Memory": 0, "RestartPolicy": {"Name": "no"}, "OomKillDisable": False},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}, "Networks": {}},
    },
)


def made(source: str, value: Any = CONTAINER) -> str:
    """What the template makes of the value."""
    return parse(source).execute(value)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{.State.Status}} {{.Name}}", "running /web"),
        ("{{.State}}", "{running true false false false false 42 0  2024-01-01T00:00:00Z  <nil>}"),
        ("{{.Config.Env}} {{.Config.Labels}} {{.Mounts}} {{.ExecIDs}}", "[A=1 B=2] map[a:1 b:2] [] []"),
        ("{{.HostConfig.OomKillDisable}} {{.HostConfig.Init}}", "false <nil>"),
        ("{{.Config.Healthcheck.Interval}}", "1m30s"),
        ("{{json .Config.Labels}}{{json .Mounts}}{{json .State.Running}}", '{"a":"1","b":"2"}nulltrue'),
        ("{{json .Config.Healthcheck}}", '{"Test":["CMD","x"],"Interval":90000000000}'),
        ("{{range .Config.Env}}<{{.}}>{{end}}", "<A=1><B=2>"),
        ("{{range $i, $e := .Config.Env}}{{$i}}={{$e}},{{else}}none{{end}}", "0=A=1,1=B=2,"),
        ("{{range .Mounts}}x{{else}}none{{end}}", "none"),
        ("{{range $k, $v := .Config.Labels}}{{$k}}{{$v}} {{end}}", "a1 b2 "),
        ("{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}", "01201"),
        ("{{range .Config.Env}}{{if eq . `A=1`}}{{continue}}{{end}}{{.}}{{break}}{{end}}", "B=2"),
        ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
        ("{{if .State.Dead}}a{{else if eq .State.Pid 42}}b{{else}}c{{end}}", "b"),
        ("{{with .State.Health}}x{{else with .State}}{{.Status}}{{end}}", "running"),
        ("{{with $s := .State}}{{$s.Pid}}{{end}}", "42"),
        ("{{$x := 1}}{{$x = 2}}{{$x}}", "2"),
        ("{{.Name | upper | printf `%s-%s` .Path}}", "/bin/sh-/WEB"),
        ("{{index .Config.Env 1}} {{index .Config.Labels `a`}} {{index .Config.Labels `z`}}|", "B=2 1 |"),
        ("{{.Config.Labels.z}}", "<no value>"),
        ("{{len .Config.Env}} {{len .Name}} {{len .Mounts}}", "2 4 0"),
        (
            "{{join .Config.Cmd ` `}} {{split .Path `/`}} {{title `foo bar`}} {{lower `AB`}}",
            "sh -c true [ bin sh] Foo Bar ab",
        ),
        ("{{slice .ID 0 4}} {{slice .Config.Env 1}} {{truncate .ID 3}}{{pad `a` 1 2}}|", "0123 [B=2] 012 a  |"),
        ("{{and .State.Running .State.Dead}} {{or .State.Error `none`}} {{not .State.Dead}}", "false none true"),
        (
            "{{eq .State.Status `x` `running`}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 1 2}}",
            "true true true true false false",
        ),
        ("{{println `a` 1 2}}{{print 1 2 `a` `b` 3 4 nil}}", "a 1 2\n1 2ab3 4 <nil>"),
        (
            "{{printf `%5d|%-5s|%q|%x|%v|%t|%c|%5.2f` 3 `a` `b` 255 nil true 65 1.5}}",
            '    3|a    |"b"|ff|<nil>|true|A| 1.50',
        ),
        (
            "{{printf `%d` `a`}} {{printf `%s` 3}} {{printf `%d`}} {{printf `x` 1}}",
            "%!d(string=a) %!s(int=3) %!d(MISSING) x%!(EXTRA int=1)",
        ),
        ("{{printf `%q %c` 9223372036854775807 55296}}", "'\ufffd' \ufffd"),
        ("{{html `a<b`}} {{js `it's`}} {{urlquery `a b&c`}}", "a&lt;b it\\'s a+b%26c"),
        ("{{1e6}} {{1.5}} {{0x10}} {{1_000}} {{07}} {{'a'}} {{true}} {{0x1p4}}", "1e+06 1.5 16 1000 7 97 true 16"),
        ("{{/* comment */}}x {{- ` y ` -}} z", "x y z"),
        ("{{define `t`}}<{{.}}>{{end}}{{template `t` .Name}}{{block `b` .Path}}[{{.}}]{{end}}", "</web>[/bin/sh]"),
        ("{{(index .Config.Env 0)}} {{(slice .ID 1 3) | len}}", "A=1 2"),
        ("{{json `<é>&`}} {{json .Args}}", '"<é>&" ["-c","true"]'),
        ('{{"tab\\tnew\\nquote\\" \\u00e9 \\x41"}}', 'tab\tnew\nquote" é A'),
    ],
)
def test_a_template_makes_what_gos_would(source: str, text: str) -> None:
    assert made(source) == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{", "template: :1: unclosed action"),
        ("{{.A", "template: :1: unclosed action"),
        ("{{if}}x{{end}}", "template: :1: missing value for if"),
        ("{{if .A}}", "template: :1: unexpected EOF"),
        ("{{end}}", "template: :1: unexpected {{end}}"),
        ("{{else}}", "template: :1: unexpected {{else}}"),
        ("{{nope}}", 'template: :1: function "nope" not defined'),
        ("{{$x}}", 'template: :1: undefined variable "$x"'),
        ("a\n{{.A..B}}", "template: :2: unexpected <.> in operand"),
        ('{{"a}}', "template: :1: unterminated quoted string"),
        ("{{(.A}}", "template: :1: unclosed left paren"),
        ("{{.A)}}", "template: :1: unexpected right paren"),
        ("{{/* a }}", "template: :1: unclosed comment"),
        ("{{break}}", "template: :1: {{break}} outside {{range}}"),
        ("{{1 | 2}}", "template: :1: non executable command in pipeline stage 2"),
        ("{{#}}", 'template: :1: unexpected "#" in command'),
        ("{{08}}", 'template: :1: integer overflow: "08"'),
        ("{{1e400}}", 'template: :1: illegal number syntax: "1e400"'),
        ('{{.A"b"}}', "template: :1: bad character U+0022 '\"'"),
    ],
)
def test_what_does_not_parse_is_told_in_gos_words(source: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(source)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{.Foo}}", ':1:2: executing "" at <.Foo>: can\'t evaluate field Foo in type *container.InspectResponse'),
        ("{{.State.Foo}}", ':1:8: executing "" at <.State.Foo>: can\'t evaluate field Foo in type *container.State'),
        ("{{.Name.Foo}}", ':1:7: executing "" at <.Name.Foo>: can\'t evaluate field Foo in type string'),
        (
            "{{.State.Health.Status}}",
            ':1:8: executing "" at <.State.Health.Status>: nil pointer evaluating *container.Health.Status',
        ),
        (
            "{{index .Config.Env 5}}",
            ':1:2: executing "" at <index .Config.Env 5>: error calling index: index out of range: 5',
        ),
        ("{{len 3}}", ':1:2: executing "" at <len 3>: error calling len: len of type int'),
        ("{{len}}", ':1:2: executing "" at <len>: wrong number of args for len: want 1 got 0'),
        ("{{upper 3}}", ':1:8: executing "" at <3>: expected string; found 3'),
        (
            "{{upper .State.Running}}",
            ':1:14: executing "" at <.State.Running>: wrong type for value; expected string; got bool',
        ),
        ("{{.Name 3}}", ':1:2: executing "" at <.Name>: Name has arguments but cannot be invoked as function'),
        ("{{range .Name}}{{end}}", ':1:8: executing "" at <.Name>: range can\'t iterate over /web'),
        (
            "{{eq 1 `a`}}",
            ':1:2: executing "" at <eq 1 `a`>: error calling eq: incompatible types for comparison: int and string',
        ),
        ("{{template `x`}}", ':1:11: executing "" at <{{template "x"}}>: template "x" not defined'),
        ("{{nil}}", ':1:2: executing "" at <nil>: nil is not a command'),
        ("{{true false}}", ':1:2: executing "" at <true>: can\'t give argument to non-function true'),
        ("{{call .Name}}", ':1:2: executing "" at <call .Name>: error calling call: non-function .Name of type string'),
        ("é\nx{{.Foo}}", ':2:3: executing "" at <.Foo>: can\'t evaluate field Foo in type *container.InspectResponse'),
    ],
)
def test_what_can_not_be_executed_is_told_in_gos_words(source: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        made(source)
    assert str(caught.value) == "template: " + message


def test_what_was_written_before_an_error_is_kept() -> None:
    with pytest.raises(TemplateError) as caught:
        made("ok {{.Foo}}")
    assert caught.value.partial == "ok "


def test_plain_json_has_no_types_and_may_have_to_have_all_keys() -> None:
    value = {"a": None, "b": [1, {"c": True}]}
    assert made("{{.a}} {{.z}} {{.a.b}} {{.b}}", value) == "<no value> <no value> <no value> [1 map[c:true]]"
    with pytest.raises(TemplateError, match='map has no entry for key "z"'):
        parse("{{.z}}").execute(value, missing_is_error=True)
    with pytest.raises(TemplateError, match=r"can't evaluate field x in type interface \{\}"):
        parse("{{.b.x}}").execute(value, missing_is_error=True)


class Thing(Row):
    """A row for tests."""

    kind = "test.thing"
    columns = ("Name",)
    methods = ("Label",)

    def Name(self) -> str:
        """A column."""
        return "a>b"

    def Label(self, name: str) -> str:
        """With an argument."""
        return f"<{name}>"


def test_rows_answer_by_their_methods_and_escape_html_in_json() -> None:
    assert made("{{.Name}} {{.Label `x`}} {{`y` | .Label}} {{json .}}", Thing()) == 'a>b <x> <y> {"Name":"a\\u003eb"}'
    with pytest.raises(TemplateError, match="wrong number of args for Label: want 1 got 0"):
        made("{{.Label}}", Thing())
    with pytest.raises(TemplateError, match=r"can't evaluate field Foo in type \*test.thing"):
        made("{{.Foo}}", Thing())
    for source, told in (
        ("{{.Name .Nope}}", ':1:2: executing "" at <.Name>: wrong number of args for Name: want 0 got 1'),
        ("{{.Label 1}}", ':1:9: executing "" at <1>: expected string; found 1'),
        ("{{.Label (len .Name)}}", ':1:14: executing "" at <.Name>: wrong type for value; expected string; got int'),
        ("{{1 | .Label}}", ':1:6: executing "" at <.Label>: wrong type for value; expected string; got int'),
        ("{{.Name | call}}", ':1:10: executing "" at <call>: error calling call: non-function  of type string'),
    ):
        with pytest.raises(TemplateError) as caught:
            made(source, Thing())
        assert str(caught.value) == f"template: {told}"
    assert made("{{.}} {{printf `%v` .}}", Thing()) == "map[Name:a>b] map[Name:a>b]"
    with pytest.raises(TemplateError, match=r"len of type test\.thing"):
        made("{{len .}}", Thing())


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('{{index "abc" 3}}', "reflect: string index out of range"),
        ('{{index "abc" 4}}', "index out of range: 4"),
        ('{{index (split "a,b" ",") 2}}', "reflect: slice index out of range"),
        ('{{index (split "a,b" ",") 3}}', "index out of range: 3"),
    ],
)
def test_an_index_beyond_the_end_is_told_as_go_tells_it(source: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        made(source, None)


def test_a_text_with_a_type_of_its_own_is_no_string_for_functions() -> None:
    event = decode("events.Message", {"Type": "image", "Action": "pull"})
    assert made("{{printf `%T %s` .Type .Action}} {{eq .Action `pull`}} {{json .Type}}", event) == (
        'events.Type pull true "image"'
    )
    for source, node in (
        ("{{upper .Action}}", ':1:8: executing "" at <.Action>'),
        ("{{.Action | upper}}", ':1:12: executing "" at <upper>'),
    ):
        with pytest.raises(TemplateError) as caught:
            made(source, event)
        assert str(caught.value) == f"template: {node}: wrong type for value; expected string; got events.Action"
