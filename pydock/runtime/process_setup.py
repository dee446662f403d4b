"""The steps that make an ordinary process of the set-up: limits, keyring, user, directory, capabilities, seccomp.

Their order matters and stands in `plan`; a container's first process and every exec go through them.
"""

import errno
import os
import resource
import socket
import stat
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux import capability, keyring, process
from pydock.linux.files import RESOLVE_NO_SYMLINKS, openat2
from pydock.linux.inside import make_directories, open_inside
from pydock.linux.mounting import file_system
from pydock.linux.namespaces import CLONE_NEWCGROUP, unshare
from pydock.runtime import capabilities, user_lookup
from pydock.runtime.seccomp.assembly import install
from pydock.runtime.spec import CapabilitySets, Rlimit, User
from pydock.runtime.steps import Context


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session without a controlling terminal, and a keyring that nobody shares."""

    def describe(self) -> str:
        return "start a new session"

    def execute(self, context: Context) -> None:
        os.setsid()
        try:
            keyring.join_anonymous_session_keyring()
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EPERM):
                raise


@dataclass(frozen=True, slots=True)
class SetOomScore:
    """How readily the kernel kills it for want of memory; the host's /proc is still there."""

    value: int

    def describe(self) -> str:
        return f"set the oom score adjustment to {self.value}"

    def execute(self, context: Context) -> None:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        try:
            if int(os.read(descriptor, 16)) != self.value:
                os.write(descriptor, str(self.value).encode())
        except PermissionError:
            context.warnings.append(
                f"the oom score adjustment {self.value} needs CAP_SYS_RESOURCE, which the engine lacks"
            )
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class SetLimit:
    """One resource limit; where the engine may not raise it as far, it is raised as far as may be."""

    limit: Rlimit

    def describe(self) -> str:
        return f"set {self.limit['type']}"

    def execute(self, context: Context) -> None:
        number = getattr(resource, self.limit["type"].upper())
        soft, hard = (_limit(self.limit[key]) for key in ("soft", "hard"))
        try:
            resource.setrlimit(number, (soft, hard))
        except (PermissionError, ValueError):
            # setrlimit(2) raises ValueError in Python for EPERM
            _, most = resource.getrlimit(number)
            if most == resource.RLIM_INFINITY:
                raise
            hard = most if hard == resource.RLIM_INFINITY else min(hard, most)
            soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
            resource.setrlimit(number, (soft, hard))
            context.warnings.append(
                f"{self.limit['type']} is {soft}:{hard}: more needs CAP_SYS_RESOURCE, which the engine lacks"
            )


def _limit(value: int) -> int:
    return resource.RLIM_INFINITY if value < 0 or value >= 2**63 else value


@dataclass(frozen=True, slots=True)
class SetHostname:
    """The names of the container's own uts namespace."""

    hostname: str
    domainname: str

    def describe(self) -> str:
        return "set the host name"

    def execute(self, context: Context) -> None:
        if self.hostname:
            socket.sethostname(self.hostname)
        if self.domainname:
            process.setdomainname(self.domainname)


@dataclass(frozen=True, slots=True)
class NewCgroupNamespace:
    """The group that the process is in by now becomes the root of what it sees."""

    def describe(self) -> str:
        return "enter a cgroup namespace"

    def execute(self, context: Context) -> None:
        context.await_cgroup()
        unshare(CLONE_NEWCGROUP)


#: (uid_t) -1, by which setresuid(2) leaves an id as it is
_NO_ID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class LookUpUser:
    """Find out who the process will be, by the files of the root."""

    user: User

    def describe(self) -> str:
        return "look up the user"

    def execute(self, context: Context) -> None:
        # a device that takes the place of a file between look and open can only be one that the group may open
        context.await_cgroup()
        name = self.user.get("username")
        if name is None:
            context.uid, context.gid = self.user.get("uid", 0), self.user.get("gid", 0)
            context.groups = tuple(self.user.get("additionalGids", ()))
            if not all(0 <= number < _NO_ID for number in (context.uid, context.gid, *context.groups)):
                raise InvalidParameter(f"uids and gids must be in range 0-{_NO_ID - 1}")
            context.home = user_lookup.home_of(context.root, context.uid)
            return
        identity = user_lookup.look_up(context.root, name, self.user.get("additionalGroups", ()))
        context.uid, context.gid, context.groups = identity.uid, identity.gid, identity.groups
        context.home = identity.home
        context.looked_up = True


@dataclass(frozen=True, slots=True)
class EnterDirectory:
    """The working directory; /proc's links, which may lead outside, are not followed.  An exec's is not made."""

    path: str
    make: bool

    def describe(self) -> str:
        return f"enter the working directory {self.path}"

    def execute(self, context: Context) -> None:
        if not self.path.startswith("/"):
            raise InvalidParameter(f"the working directory must be absolute: {self.path!r}")
        if self.make:
            descriptor = make_directories(context.root, self.path)
        else:
            descriptor = open_inside(context.root, self.path, os.O_PATH | os.O_DIRECTORY)
        try:
            os.fchdir(descriptor)
        finally:
            os.close(descriptor)
        # getcwd(2) tells a directory outside the root by ENOENT
        os.getcwd()


@dataclass(frozen=True, slots=True)
class MakeDirectory:
    """Make the working directory where it is missing, while the root can still be written."""

    path: str

    def describe(self) -> str:
        return f"make the working directory {self.path}"

    def execute(self, context: Context) -> None:
        os.close(make_directories(context.root, self.path))


#: for these reasons a stream stays as it is, as with runc
_MAY_STAY = frozenset((errno.EPERM, errno.EACCES, errno.EROFS, errno.EINVAL, errno.ENOSYS, errno.EBADF))


@dataclass(frozen=True, slots=True)
class OwnStdio:
    """/dev/stdout must be openable by the user that the process will be: pipes and the terminal become its own.

    The null device becomes the container's: root in there could take the rights off the host's node.
    """

    def describe(self) -> str:
        return "give the standard streams to the user"

    def execute(self, context: Context) -> None:
        null = -1
        for descriptor in (0, 1, 2):
            try:
                status = os.fstat(descriptor)
                if _is_null(status):
                    null = null if null >= 0 else _open_null(context)
                    os.dup2(null, descriptor)
                elif status.st_uid != context.uid:
                    os.fchown(descriptor, context.uid, -1)
            except OSError as error:
                if error.errno not in _MAY_STAY:
                    raise


def _is_null(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3)


def _open_null(context: Context) -> int:
    """The container's null device; one of its own where the container has another thing in that place."""
    # whatever else the container puts there meanwhile can only be what its group may open
    context.await_cgroup()
    for flags in (os.O_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY):
        try:
            found = openat2(context.root, "dev/null", flags | os.O_NOFOLLOW, resolve=RESOLVE_NO_SYMLINKS)
        except OSError:
            break
        if not _is_null(os.fstat(found)):
            os.close(found)
            break
        if flags != os.O_PATH:
            os.set_blocking(found, True)
            return found
        os.close(found)
    own = file_system("tmpfs", "tmpfs", (), 0)
    os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3), dir_fd=own)
    return os.open("null", os.O_RDWR | os.O_CLOEXEC, dir_fd=own)


@dataclass(frozen=True, slots=True)
class BecomeUser:
    """Bounding set, groups, ids and umask.  Capabilities stay permitted until `LimitCapabilities`."""

    bounding: int
    umask: int

    def describe(self) -> str:
        return "become the user"

    def execute(self, context: Context) -> None:
        last = _last_capability(context)
        for number in range(last + 1):
            if not self.bounding >> number & 1:
                capability.bounding_drop(number)
        os.setgroups(context.groups)
        process.prctl(process.PR_SET_KEEPCAPS, 1)
        os.setresgid(context.gid, context.gid, context.gid)
        os.setresuid(context.uid, context.uid, context.uid)
        # the change of user has made it what suid_dumpable says; nobody may look in before the exec
        process.set_dumpable(False)
        os.umask(self.umask)
        if context.uid != 0:
            _, permitted, inheritable = capability.capget()
            capability.capset(permitted, permitted, inheritable)


def _last_capability(context: Context) -> int:
    """The kernel's last capability: by asking it, as the root may have no /proc."""
    number = len(capabilities.NAMES) - 1
    while number > 0:
        try:
            process.prctl(process.PR_CAPBSET_READ, number)
            break
        except OSError:
            number -= 1
    while number < 63:
        try:
            process.prctl(process.PR_CAPBSET_READ, number + 1)
        except OSError:
            break
        number += 1
    return number


@dataclass(frozen=True, slots=True)
class SetNoNewPrivileges:
    """No exec gains rights from here on."""

    def describe(self) -> str:
        return "set no_new_privs"

    def execute(self, context: Context) -> None:
        process.set_no_new_privileges()


@dataclass(frozen=True, slots=True)
class ApplySeccomp:
    """The system call filter.  Without no_new_privs it needs CAP_SYS_ADMIN, so it comes before the last drop."""

    program: bytes

    def describe(self) -> str:
        return "apply the seccomp filter"

    def execute(self, context: Context) -> None:
        install(self.program)


@dataclass(frozen=True, slots=True)
class LimitCapabilities:
    """The sets that the program will have; a user that was looked up and is not root has none."""

    effective: int
    permitted: int
    inheritable: int
    ambient: int

    def describe(self) -> str:
        return "set the capabilities"

    def execute(self, context: Context) -> None:
        if context.looked_up and context.uid != 0:
            capability.capset(0, 0, 0)
            capability.ambient_clear()
            return
        capability.capset(self.effective, self.permitted, self.inheritable)
        capability.ambient_clear()
        for number in range(64):
            if self.ambient >> number & 1:
                capability.ambient_raise(number)


@dataclass(frozen=True, slots=True)
class Grant:
    """Capability masks cut down to what the engine has itself."""

    bounding: int
    effective: int
    permitted: int
    inheritable: int
    ambient: int
    missing: int


def grant(sets: CapabilitySets | None) -> Grant:
    """Masks for the spec's `sets` (none at all where it has none), as far as this process can grant them."""
    sets = sets or {}
    _, own, _ = capability.capget()
    wanted = {
        "bounding": capabilities.mask(sets.get("bounding") or ()),
        "effective": capabilities.mask(sets.get("effective") or ()),
        "permitted": capabilities.mask(sets.get("permitted") or ()),
        "inheritable": capabilities.mask(sets.get("inheritable") or ()),
        "ambient": capabilities.mask(sets.get("ambient") or ()),
    }
    missing = (wanted["bounding"] | wanted["permitted"]) & ~own
    return Grant(**{key: bits & own for key, bits in wanted.items()}, missing=missing)
