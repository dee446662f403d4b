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
    ],
)
def test_fields_are_filled_in(template: str, text: str) -> None:
    assert tags.render(template, FACTS) == text


@pytest.mark.parametrize("template", ["{{.Secret}}", "{{ID}}", "{{.Name", "{{}}", "{{range .}}"])
def test_what_is_no_field_is_refused(template: str) -> None:
    with pytest.raises(InvalidParameter):
        tags.render(template, FACTS)
