"""Which AppArmor profile a container runs under; the default one is loaded where the kernel has it not (any more).

The spec builder asks for it, `inspect` shows it.
"""

import logging

from pydock.daemon.containers.security_options import UNCONFINED
from pydock.errors import PydockError
from pydock.runtime import apparmor_profile
from pydock.runtime.security_labels import apparmor_enabled
from pydock.worker.calls import JobRunner

_JOB = "pydock.runtime.apparmor_profile:load"
_log = logging.getLogger(__name__)


def profile_of(wanted: str, privileged: bool) -> str:
    """The profile that a container has on a host with AppArmor, where its options want `wanted`."""
    return wanted or (UNCONFINED if privileged else apparmor_profile.NAME)


class Confinement:
    """Chooses profiles.  May be used by threads."""

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs

    def prepare(self) -> None:
        """Load the default profile, so that no start has to: it takes some tenths of a second.  Blocks."""
        self.profile("", privileged=False)

    def profile(self, wanted: str, privileged: bool) -> str:
        """The profile to run under, "" where the host has no AppArmor.  Blocks where it must be loaded first."""
        if not apparmor_enabled():
            return ""
        profile = profile_of(wanted, privileged)
        if profile == apparmor_profile.NAME and not apparmor_profile.is_loaded() and not self._load():
            return ""
        return profile

    def _load(self) -> bool:
        try:
            self._jobs.run(_JOB, {})
        except PydockError as error:
            _log.warning("containers are not confined by AppArmor: %s", error.message)
            return False
        return True
