"""Tags with fields in them."""

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime.logs import tags

FACTS = {"ID": "0123456789ab", "Name": "web", "ImageName": "nginx:{{1}}"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        (tags.DEFAULT, "0123456789ab"),
        ("{{.ImageName}}/{{ .Name }}/{{.ID}}", "nginx:{{1}}/web/0123456789ab"),
        ("{{.Hostname}}", ""),
        ("{{upper .Name}} {{.Name | upper}} {{json .Name}}", 'WEB WEB "web"'),
    ],
)
def test_fields_are_filled_in(template: str, text: str) -> None:
    assert tags.render(template, FACTS) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{.Foo}}", '1:2: executing "log-tag" at <.Foo>: can\'t evaluate field Foo in type *logger.Info'),
        ("a {{ID}}", '1: function "ID" not defined'),
        ("{{later .ID}}", '1: function "later" not defined'),
        ("{{.Name", "1: unclosed action"),
        ("{{}}", "1: missing value for command"),
    ],
)
def test_what_is_no_field_is_refused(template: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        tags.render(template, FACTS)
    assert error.value.message == f"template: log-tag:{message}"
