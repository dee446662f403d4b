"""System call filters: Docker's profiles compiled to BPF without libseccomp.

The daemon compiles a profile once for each set of capabilities and keeps the result; the set-up installs it.

    parse(text) -> profile            a profile file, checked
    default_profile() -> profile      Docker's own
    compile(profile, capabilities) -> filter, bytes that `install` understands
"""

from pydock.runtime.seccomp.assembly import install
from pydock.runtime.seccomp.compiler import compile
from pydock.runtime.seccomp.profile import default_profile, parse

__all__ = ["compile", "default_profile", "install", "parse"]
