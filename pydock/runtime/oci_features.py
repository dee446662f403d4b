"""What the runtime can do, as the OCI runtime specification's features document has it.

``pydock-runtime features`` prints it; the daemon shows it in ``/info``, where cri-dockerd reads the mount options.
"""

from typing import Any

from pydock import __version__
from pydock.linux import mount_options
from pydock.runtime import capabilities, oci_state
from pydock.runtime.seccomp.profile import ACTIONS


def features() -> dict[str, Any]:
    """The features document."""
    return {
        "ociVersionMin": "1.0.0",
        "ociVersionMax": oci_state.OCI_VERSION,
        "hooks": ["prestart", "createRuntime", "poststart", "poststop"],
        "mountOptions": list(mount_options.NAMES),
        "linux": {
            "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
            "capabilities": list(capabilities.NAMES),
            "cgroup": {"v1": True, "v2": True, "systemd": False},
            "seccomp": {"enabled": True, "actions": sorted(ACTIONS)},
        },
        "annotations": {"org.pydock.version": __version__},
    }
