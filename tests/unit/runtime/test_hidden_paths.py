"""The lists of what a container does not see."""

from pathlib import Path

from pydock.runtime import hidden_paths


def test_the_fixed_list_comes_first_and_throttles_follow_where_they_are(tmp_path: Path) -> None:
    for name in (
        "cpu0/thermal_throttle",
        "cpu10/thermal_throttle",
        "cpu2/thermal_throttle",
        "cpu3",
        "cpufreq/thermal_throttle",
    ):
        (tmp_path / name).mkdir(parents=True)
    paths = hidden_paths.masked_paths(str(tmp_path))
    assert {"/proc/interrupts", "/sys/devices/virtual/powercap", "/proc/keys"} <= set(paths[:12])
    assert paths[12:] == [f"{tmp_path}/cpu{number}/thermal_throttle" for number in (0, 2, 10)]
    assert len(hidden_paths.masked_paths(str(tmp_path / "none"))) == 12
