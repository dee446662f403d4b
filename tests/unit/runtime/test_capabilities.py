"""What --cap-add and --cap-drop make of Docker's set."""

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime import capabilities as c


def test_the_default_set_is_dockers_fourteen() -> None:
    assert len(c.granted([], [])) == 14
    assert c.mask(c.DEFAULT) == 0xA80425FB


def test_adding_and_dropping_is_exact() -> None:
    assert set(c.granted(["net_admin"], ["CAP_CHOWN"])) == {*c.DEFAULT, "CAP_NET_ADMIN"} - {"CAP_CHOWN"}
    assert c.granted(["chown"], ["all"]) == ["CAP_CHOWN"]
    assert set(c.granted(["ALL"], ["sys_admin"])) == set(c.NAMES) - {"CAP_SYS_ADMIN"}
    assert c.granted([], [], privileged=True) == list(c.NAMES)
    assert c.granted([], ["ALL"]) == []


@pytest.mark.parametrize("name", ["nope", "", "CAP_CAP_CHOWN", "41"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter):
        c.granted([name], [])


def test_masks_and_names_are_inverse() -> None:
    assert c.names(c.mask(c.NAMES)) == list(c.NAMES)
    assert c.mask(["CAP_CHECKPOINT_RESTORE"]) == 1 << 40
