"""Mounts that others have taken the place of."""

from pathlib import Path

from tests.kernel.daemon.daemon_process import Daemon


def test_a_volume_of_another_container_is_let_go_where_a_bind_replaces_it(engine: Daemon, tmp_path: Path) -> None:
    owner = engine.create("true", Volumes={"/data": {}})
    (volume,) = engine.get(f"/containers/{owner}/json")["Mounts"]
    user = engine.create("true", host={"VolumesFrom": [owner], "Binds": [f"{tmp_path}:/data"]})
    (mount,) = engine.get(f"/containers/{user}/json")["Mounts"]
    assert (mount["Type"], mount["Source"]) == ("bind", str(tmp_path))
    engine.ok("DELETE", f"/containers/{owner}?v=1")
    assert engine.call("GET", f"/volumes/{volume['Name']}")[0] == 404
    engine.ok("DELETE", f"/containers/{user}?v=1")
