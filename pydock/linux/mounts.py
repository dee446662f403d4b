"""A mount as a value: the image store returns them, the runtime and the workers apply them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount, not yet made.

    ``target`` is absolute inside the root filesystem that it is for.  ``options`` are flag names as
    mount(8) has them (``ro``, ``nosuid``, ``rbind``, ``rprivate``) and, for an overlay, ``upperdir=``
    and ``workdir=``; ``lowerdirs`` lists an overlay's lower directories, the topmost first, as
    absolute paths.  ``subpath``: what of the file system is shown instead of all, relative to its root.
    """

    type: str
    source: str
    target: str = "/"
    options: tuple[str, ...] = ()
    lowerdirs: tuple[str, ...] = field(default=())
    subpath: str = ""
