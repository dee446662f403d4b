"""Every command by its path: its module and one line about it, so that `--help` of a group need not load any.

Read by `main` (to find a command), `help` and `click_tree`.
"""

#: "container run" -> (module in pydock.cli.commands, one line)
COMMANDS: dict[str, tuple[str, str]] = {}

_CONTAINER = """
attach    Connect this terminal's streams to those of a running container
commit    Make an image of what a container has changed
cp        Copy files between a container and this machine
create    Make a container without starting it
diff      List what has changed in a container's root filesystem
exec      Run one more process in a running container
export    Write a container's root filesystem as a tar
inspect   Show all that the engine knows of containers
kill      Send a signal to running containers
logs      Show what a container has printed
ls        List containers
pause     Halt all processes of containers
port      Show where a container's ports are published
prune     Remove all containers that don't run
rename    Give a container another name
restart   Stop and start containers
rm        Remove containers
run       Make a container of an image and start it
start     Start containers that don't run
stats     Show what containers use, live
stop      Stop running containers
top       List the processes of a container
unpause   Let paused containers go on
update    Change limits and restart policy of containers
wait      Wait for containers to end, then print their exit codes
"""
_IMAGE = """
build       Build an image from a Dockerfile
from-host   Make a small image of programs installed on this machine
history     Show the steps that an image was made of
import      Make an image from a tar of a root filesystem
inspect     Show all that the engine knows of images
load        Load images from a tar archive or from standard input
ls          List images
prune       Remove images that nothing uses
pull        Download an image from a registry
push        Upload an image to a registry
rm          Remove images
save        Write images to a tar archive, by default to standard output
tag         Give an image one more name
"""
_NETWORK = """
connect      Connect a container to a network
create       Create a network
disconnect   Disconnect a container from a network
inspect      Show all that the engine knows of networks
ls           List networks
prune        Remove all networks that nothing uses
rm           Remove networks
"""
_VOLUME = """
create    Create a volume
inspect   Show all that the engine knows of volumes
ls        List volumes
prune     Remove unused local volumes
rm        Remove volumes
update    Update a cluster volume (which there are none of here)
"""
_SYSTEM = """
df           Show how much disk the engine uses
dial-stdio   Connect standard input and output to the daemon
events       Show what happens in the engine, as it happens
info         Show what the engine and its machine are
prune        Remove what nothing uses
"""
_CONTEXT = """
create    Create a context
export    Write a context to a tar archive
import    Create a context from a tar archive
inspect   Show contexts in detail
ls        List contexts
rm        Remove contexts
show      Print the name of the context in use
update    Change a context
use       Choose the context to use
"""
GROUPS = {
    "builder": "Look after the build cache",
    "container": "Work with containers",
    "context": "Work with contexts",
    "image": "Work with images",
    "network": "Work with networks",
    "system": "Look after the engine",
    "volume": "Work with volumes",
}


def _fill() -> None:
    for group, lines in (
        ("container", _CONTAINER),
        ("image", _IMAGE),
        ("network", _NETWORK),
        ("volume", _VOLUME),
        ("system", _SYSTEM),
        ("context", _CONTEXT),
        ("builder", "build    Build an image from a Dockerfile\nprune    Remove the build cache"),
    ):
        for line in lines.strip().splitlines():
            name, _, short = line.partition(" ")
            module = f"{group}_{name.replace('-', '_')}"
            COMMANDS[f"{group} {name}"] = (module, short.strip())
    COMMANDS["builder build"] = COMMANDS["image build"]
    for top in _CONTAINER.strip().splitlines():
        name = top.partition(" ")[0]
        if name not in ("inspect", "ls", "prune"):
            COMMANDS[name] = COMMANDS[f"container {name}"]
    for name in ("build", "history", "import", "load", "pull", "push", "save", "tag"):
        COMMANDS[name] = COMMANDS[f"image {name}"]
    for name, path in (
        ("ps", "container ls"),
        ("images", "image ls"),
        ("rmi", "image rm"),
        ("events", "system events"),
        ("info", "system info"),
    ):
        COMMANDS[name] = COMMANDS[path]
    COMMANDS["inspect"] = ("inspect", "Show all that the engine knows of an object of any kind")
    COMMANDS["login"] = ("login", "Log in to a registry")
    COMMANDS["logout"] = ("logout", "Log out from a registry")
    COMMANDS["search"] = ("search", "Search a registry for images")
    COMMANDS["version"] = ("version", "Show the versions of client and engine")


_fill()

#: other names inside a group, which usage lines don't show
ALIASES = {
    "container list": "container ls",
    "container ps": "container ls",
    "container remove": "container rm",
    "image list": "image ls",
    "image remove": "image rm",
    "network list": "network ls",
    "network remove": "network rm",
    "volume list": "volume ls",
    "volume remove": "volume rm",
    "context list": "context ls",
    "context remove": "context rm",
}
#: those that the root's help names first, in this order
COMMON = ("run", "exec", "ps", "build", "pull", "push", "images", "login", "logout", "search", "version", "info")
#: what Docker has and an engine on one machine without its plugins has not
ABSENT = dict.fromkeys(("config", "node", "secret", "service", "stack", "swarm"), "swarm mode") | {
    "buildx": "the buildx plugin",
    "checkpoint": "checkpoints",
    "compose": "the compose plugin (docker-compose works against this engine)",
    "manifest": "editing manifest lists",
    "plugin": "engine plugins",
    "trust": "content trust",
}
