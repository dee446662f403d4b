"""AppArmor and SELinux: whether the host has them, and the step that names the profile for the exec to come."""

import os
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux.files import PROC_SUPER_MAGIC, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, filesystem_type, openat2
from pydock.runtime.steps import Context


def apparmor_enabled() -> bool:
    """Whether the kernel confines by AppArmor."""
    try:
        with open("/sys/module/apparmor/parameters/enabled", encoding="ascii") as file:
            return file.read(1) == "Y" and os.path.isdir("/sys/kernel/security/apparmor")
    except OSError:
        return False


def selinux_enabled() -> bool:
    """Whether the kernel confines by SELinux."""
    return os.path.exists("/sys/fs/selinux/enforce")


@dataclass(frozen=True, slots=True)
class SetExecLabel:
    """Write the label that the next exec takes on; the file is checked to be procfs's own."""

    attribute: str
    label: str

    def describe(self) -> str:
        return f"apply {self.label}"

    def execute(self, context: Context) -> None:
        path = f"proc/{os.getpid()}/attr/{self.attribute}"
        descriptor = openat2(context.root, path, os.O_WRONLY, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
        try:
            if filesystem_type(descriptor) != PROC_SUPER_MAGIC:
                raise InvalidParameter("/proc is not procfs")
            os.write(descriptor, self.label.encode())
        finally:
            os.close(descriptor)


def apparmor(profile: str) -> SetExecLabel:
    """The step for an AppArmor profile."""
    return SetExecLabel("apparmor/exec", f"exec {profile}")


def selinux(label: str) -> SetExecLabel:
    """The step for an SELinux label."""
    return SetExecLabel("exec", label)
