"""What a Docker Engine of the tests leaves in the packet filter when it ends: its rules and the tables around them."""

import json
import shutil
import subprocess
from typing import Any

from tests import engine_traces

#: a table: its family and its name
Table = tuple[str, str]


def tables() -> set[Table]:
    """All there are; none where nft(8) is missing, which Docker's iptables does not need."""
    return {_table(entry["table"], "name") for entry in _listed("tables") if "table" in entry}


def sweep(bridge: str, before: set[Table]) -> None:
    """Delete the rules for `bridge`, which is gone, and tables not in `before` whose rules name no link there is."""
    links = {link["ifname"] for link in engine_traces.links()} - {"lo"}
    kept: set[Table] = set()
    for entry in _listed("ruleset"):
        if rule := entry.get("rule"):
            named = _interfaces(rule["expr"])
            if bridge in named:
                _nft("delete", "rule", rule["family"], rule["table"], rule["chain"], "handle", str(rule["handle"]))
            elif named & links:
                kept.add(_table(rule, "table"))
    for family, name in tables() - before - kept:
        if not name.startswith("pydock-"):
            _nft("delete", "table", family, name)


def _table(entry: dict[str, Any], key: str) -> Table:
    return entry["family"], entry[key]


def _listed(what: str) -> list[dict[str, Any]]:
    if not shutil.which("nft"):
        return []
    answer = subprocess.run(["nft", "-j", "list", what], capture_output=True, check=True).stdout
    return list(json.loads(answer)["nftables"])


def _nft(*words: str) -> None:
    subprocess.run(["nft", *words], capture_output=True)


def _interfaces(expression: Any) -> set[str]:
    """The interfaces that a rule names."""
    if isinstance(expression, list):
        return set().union(*map(_interfaces, expression))
    if not isinstance(expression, dict):
        return set()
    match = expression.get("match", {})
    if match.get("left", {}).get("meta", {}).get("key") in ("iifname", "oifname"):
        return {str(match["right"])}
    return set().union(*map(_interfaces, expression.values()))
