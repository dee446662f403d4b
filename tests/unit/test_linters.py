"""The house rules that a machine can check: formatting, lint, types, import contracts, and sizes."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SOURCES = sorted((ROOT / "pydock").rglob("*.py"))
FILE_LINES, FUNCTION_LINES, PUBLIC_METHODS, COLLABORATORS = 500, 60, 12, 6


@pytest.mark.parametrize(
    "command",
    [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"], ["lint-imports"]],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_linter_has_nothing_to_say(command: list[str]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path.relative_to(ROOT), ast.parse(path.read_bytes())


def _public_methods(node: ast.ClassDef) -> list[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [item.name for item in node.body if isinstance(item, kinds) and not item.name.startswith("_")]


def _collaborators(node: ast.ClassDef) -> int:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return len(item.args.posonlyargs + item.args.args + item.args.kwonlyargs) - 1
    return 0


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_bytes().count(b"\n") for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines >= FILE_LINES} == {}


def test_functions_are_short() -> None:
    found = {
        f"{path}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in found.items() if lines >= FUNCTION_LINES} == {}


def test_classes_are_small_and_know_few_others() -> None:
    classes = {
        f"{path}:{node.name}": node
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    methods = {name: len(_public_methods(node)) for name, node in classes.items()}
    assert {name: count for name, count in methods.items() if count > PUBLIC_METHODS} == {}
    collaborators = {name: _collaborators(node) for name, node in classes.items()}
    assert {name: count for name, count in collaborators.items() if count > COLLABORATORS} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path) for path, tree in _trees() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_only_the_runtime_and_the_syscalls_fork() -> None:
    """Above runtime and linux nothing forks or calls into C: the daemon has threads."""
    allowed = ("runtime", "linux")
    found = [
        f"{path}:{getattr(node, 'lineno', 0)}"
        for path, tree in _trees()
        if path.parts[1] not in (*allowed, "cli", "client")
        for node in ast.walk(tree)
        if _forks(node)
    ]
    assert found == []


def _forks(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in ("ctypes", "subprocess", "multiprocessing") for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] in ("ctypes", "subprocess", "multiprocessing")
    return isinstance(node, ast.Attribute) and node.attr == "fork" and getattr(node.value, "id", "") == "os"
