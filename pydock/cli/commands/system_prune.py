"""`system prune`: containers, networks, images, build cache, and volumes on request."""

from importlib import import_module

from pydock.cli import pruning
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean
from pydock.cli.format_flags import filter_flag, filters
from pydock.cli.natural import natural_key
from pydock.cli.spec import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def question(console: "Console", options: "Options") -> str:
    """What would be removed, and the question whether it may be."""
    lines = ["all stopped containers", "all networks not used by at least one container"]
    if options.volumes:
        lines.append("all anonymous volumes not used by at least one container")
    if options.all:
        lines += ["all images without at least one container associated to them", "all build cache"]
    else:
        lines += ["all dangling images", "unused build cache"]
    text = "WARNING! This will remove:" + "".join(f"\n  - {line}" for line in lines) + "\n"
    found = pruning.merged_filters(console, options.filter)
    shown = [f"{name}={value}" for name in ("label", "label!", "until") for value in found.get(name, [])]
    if shown:
        text += "\n  Items to be pruned will be filtered with:"
        text += "".join(f"\n  - {item}" for item in sorted(shown, key=natural_key)) + "\n"
    return f"{text}\nAre you sure you want to continue?"


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Ask, then remove one kind after another."""
    if options.volumes and "until" in filters(options.filter):
        raise Exit('ERROR: The "until" filter is not supported with "--volumes"')
    if not options.force:
        pruning.ask(console, False, question(console, options))
    freed = 0
    for kind in ("container", "network", *(("volume",) if options.volumes else ()), "image", "builder"):
        module = import_module(f"pydock.cli.commands.{kind}_prune")
        # --all means all images and all of the cache; of volumes, only the anonymous ones go
        freed += module.prune(console, options.filter, options.all and kind in ("image", "builder"))
    pruning.reclaimed(console, freed)


FILTER = filter_flag('Remove only what fits the condition ("label=<key>=<value>")')
FILTER.short = ""
COMMAND = Command(
    "[OPTIONS]",
    "Remove what nothing uses",
    run,
    (
        boolean("force", "Don't ask", "f"),
        boolean("all", "Remove all unused images, not only those without a name", "a"),
        boolean("volumes", "Remove anonymous volumes too"),
        FILTER,
    ),
)
