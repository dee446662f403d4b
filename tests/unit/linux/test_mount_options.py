"""Mount options, sorted for the kernel."""

from pydock.linux import mount as m
from pydock.linux import mount_options


def test_flags_data_and_propagation_are_told_apart() -> None:
    options = mount_options.parse(["rbind", "ro", "nosuid", "rslave", "size=64k", "noswap", "defaults"])
    assert (options.bind, options.recursive) == (True, True)
    assert options.attributes[0] == m.MOUNT_ATTR_RDONLY | m.MOUNT_ATTR_NOSUID
    assert options.propagation == (m.MS_SLAVE, True)
    assert options.data == (("size", "64k"), ("noswap", None))
    assert options.value("size") == "64k"
    assert options.value("mode") is None


def test_later_options_win() -> None:
    assert mount_options.parse(["ro", "rw"]).attributes == (0, m.MOUNT_ATTR_RDONLY)
    assert mount_options.parse(["rw", "ro"]).attributes == (m.MOUNT_ATTR_RDONLY, 0)


def test_access_time_flags_replace_each_other() -> None:
    # mount_setattr(2) wants the whole field cleared where one of its values is set
    assert mount_options.parse(["noatime", "strictatime"]).attributes == (m.MOUNT_ATTR_STRICTATIME, m.MOUNT_ATTR_ATIME)


def test_an_r_before_a_flag_means_all_mounts_below() -> None:
    options = mount_options.parse(["rbind", "rro", "rnosuid"])
    assert options.attributes == (0, 0)
    assert options.deep_attributes[0] == m.MOUNT_ATTR_RDONLY | m.MOUNT_ATTR_NOSUID


def test_an_overlays_directories_are_data() -> None:
    options = mount_options.parse(("upperdir=/a:b", "workdir=/w", "index=off"))
    assert options.data == (("upperdir", "/a:b"), ("workdir", "/w"), ("index", "off"))
