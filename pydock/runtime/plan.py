"""The one list that says what is done to a process, in order, before it becomes the container's.

`container_steps` and `exec_steps` are pure: from a spec to steps, nothing is touched.  `launch` hands the result
to the child.  What must come before what:

- the mounts of the host become slaves before anything is mounted;
- the root's flags and masks come after all mounts; sysctls before /proc/sys becomes read-only;
- the working directory is entered before the user changes, who may not be allowed to;
- without no_new_privs the filter needs CAP_SYS_ADMIN: it comes after the user and before the last capabilities go.
"""

from pydock.linux.mounts import Mount
from pydock.runtime import capabilities, devices, security_labels
from pydock.runtime.cgroups import Layout
from pydock.runtime.process_setup import (
    ApplySeccomp,
    BecomeUser,
    EnterDirectory,
    Grant,
    LimitCapabilities,
    LookUpUser,
    MakeDirectory,
    NewCgroupNamespace,
    NewSession,
    OwnStdio,
    SetHostname,
    SetLimit,
    SetNoNewPrivileges,
    SetOomScore,
)
from pydock.runtime.rootfs import (
    MakeMountsSlave,
    MakeReadOnly,
    Mask,
    MountInside,
    MountRoot,
    OpenShared,
    PivotRoot,
    SetRootFlags,
)
from pydock.runtime.rootfs_cgroup import MountCgroups
from pydock.runtime.rootfs_dev import MakeDevice, MakeDeviceLinks
from pydock.runtime.spec import Linux, Process, Spec
from pydock.runtime.steps import Step
from pydock.runtime.sysctls import SetSysctl, check
from pydock.runtime.terminal import MakeTerminal

DEFAULT_UMASK = 0o022


def private_namespaces(linux: Linux) -> set[str]:
    """The kinds of namespace that the spec makes or joins, as OCI calls them."""
    return {namespace["type"] for namespace in linux.get("namespaces", [])}


def container_steps(
    spec: Spec, rootfs: tuple[Mount, ...], mountpoint: str, layout: Layout, group: str, grant: Grant, seccomp: bytes
) -> list[Step]:
    """What a container's first process goes through."""
    linux, process = spec.get("linux", {}), spec["process"]
    private = private_namespaces(linux)
    steps: list[Step] = [NewSession()]
    if "oomScoreAdj" in process:
        steps.append(SetOomScore(process["oomScoreAdj"]))
    steps += [SetLimit(limit) for limit in process.get("rlimits", [])]
    steps += _root_steps(spec, rootfs, mountpoint, layout, group)
    if spec.get("hostname") or spec.get("domainname"):
        steps.append(SetHostname(spec.get("hostname", ""), spec.get("domainname", "")))
    if process.get("terminal"):
        steps.append(_terminal(process, console=True))
    steps += [SetSysctl(check(name, private), value) for name, value in linux.get("sysctl", {}).items()]
    steps += [MakeReadOnly(path) for path in linux.get("readonlyPaths", [])]
    steps += [Mask(path) for path in linux.get("maskedPaths", [])]
    return steps + _process_steps(process, grant, seccomp, first=True)


def exec_steps(process: Process, grant: Grant, seccomp: bytes) -> list[Step]:
    """What one more process of a running container goes through, once it is in its namespaces."""
    steps: list[Step] = [NewSession()]
    steps += [SetLimit(limit) for limit in process.get("rlimits", [])]
    if process.get("terminal"):
        steps.append(_terminal(process, console=False))
    return steps + _process_steps(process, grant, seccomp, first=False)


def _root_steps(spec: Spec, rootfs: tuple[Mount, ...], mountpoint: str, layout: Layout, group: str) -> list[Step]:
    linux = spec.get("linux", {})
    own_cgroup_namespace = any(
        namespace["type"] == "cgroup" and not namespace.get("path") for namespace in linux.get("namespaces", [])
    )
    steps: list[Step] = [
        OpenShared(mount["source"], mount["destination"], recursive=bool({"rbind"} & set(mount["options"])))
        for mount in spec.get("mounts", [])
        if {"shared", "rshared"} & set(mount.get("options", ())) and {"bind", "rbind"} & set(mount["options"])
    ]
    steps += [MakeMountsSlave(), MountRoot(rootfs, mountpoint)]
    if own_cgroup_namespace and layout.version == 2:
        steps.append(NewCgroupNamespace())
    host_dev = False
    for mount in spec.get("mounts", []):
        kind, options = mount.get("type", ""), tuple(mount.get("options", ()))
        destination = mount["destination"]
        if kind in ("cgroup", "cgroup2"):
            if own_cgroup_namespace and layout.version == 1:
                steps.append(NewCgroupNamespace())
            steps.append(MountCgroups(destination, options, layout, group, own_cgroup_namespace))
            continue
        if not kind and not {"bind", "rbind"} & set(options):
            kind = "bind" if mount.get("source", "").startswith("/") else mount.get("source", "")
        host_dev = host_dev or (destination.rstrip("/") == "/dev" and kind in ("", "bind"))
        steps.append(MountInside(kind, mount.get("source", ""), destination, options))
    if not host_dev:
        nodes = {device["path"]: device for device in (*devices.DEFAULT_DEVICES, *linux.get("devices", []))}
        steps += [MakeDevice(device) for device in nodes.values()]
        steps.append(MakeDeviceLinks())
    if spec.get("root", {}).get("readonly"):
        steps.append(MakeDirectory(spec["process"]["cwd"]))
    steps.append(PivotRoot())
    steps.append(SetRootFlags(bool(spec.get("root", {}).get("readonly")), linux.get("rootfsPropagation", "")))
    return steps


def _terminal(process: Process, *, console: bool) -> MakeTerminal:
    size = process.get("consoleSize")
    return MakeTerminal(console, size["height"] if size else 0, size["width"] if size else 0)


def _process_steps(process: Process, grant: Grant, seccomp: bytes, *, first: bool) -> list[Step]:
    user = process.get("user", {})
    steps: list[Step] = [LookUpUser(user), EnterDirectory(process["cwd"], make=first), OwnStdio()]
    if (profile := process.get("apparmorProfile")) and security_labels.apparmor_enabled():
        steps.append(security_labels.apparmor(profile))
    if (label := process.get("selinuxLabel")) and security_labels.selinux_enabled():
        steps.append(security_labels.selinux(label))
    steps.append(BecomeUser(grant.bounding, user.get("umask", DEFAULT_UMASK)))
    if process.get("noNewPrivileges"):
        steps.append(SetNoNewPrivileges())
    if seccomp:
        steps.append(ApplySeccomp(seccomp))
    steps.append(LimitCapabilities(grant.effective, grant.permitted, grant.inheritable, grant.ambient))
    return steps


def missing_warning(grant: Grant) -> list[str]:
    """What to tell the user where the engine itself lacks capabilities that were asked for."""
    if not grant.missing:
        return []
    return [f"the engine lacks {', '.join(capabilities.names(grant.missing))}: the process goes without"]
