"""Execution of a template's tree over data.  Called by `inspect` and by everything that has `--format`."""

from __future__ import annotations

from pydock.cli.template import functions, nodes
from pydock.cli.template.nodes import TemplateError
from pydock.cli.template.parser import Parser
from pydock.cli.template.printing import show, type_name
from pydock.cli.template.values import Header, Map, Nil, Row, Slice, Struct, is_true
from pydock.go_text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_MISSING = object()


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Template:
    """A parsed template."""

    def __init__(self, source: str, root: nodes.Block, trees: dict[str, nodes.Block], name: str = "") -> None:
        self.name = name
        self.source = source
        self.root = root
        self.trees = trees

    def execute(
        self, data: Any, missing_is_error: bool = False, extra: dict[str, Callable[..., Any]] | None = None
    ) -> str:
        """The text that the template makes of `data`; `extra` functions stand before the usual ones."""
        state = _State(self, missing_is_error, extra or {}, data, self.name)
        try:
            state.walk(self.root, data)
        except TemplateError as error:
            error.partial = "".join(state.out)
            raise
        return "".join(state.out)


def parse(source: str, name: str = "") -> Template:
    """Parse `source`; raises TemplateError with `template: NAME:LINE: ...`."""
    trees: dict[str, nodes.Block] = {}
    root = Parser(source, functions.NAMES, trees, name).parse()
    return Template(source, root, trees, name)


class _State:
    def __init__(
        self,
        template: Template,
        missing_is_error: bool,
        extra: dict[str, Callable[..., Any]],
        data: Any,
        name: str = "",
    ) -> None:
        self._template = template
        self._missing_is_error = missing_is_error
        self._extra = extra
        self._name = name
        self._variables: list[tuple[str, Any]] = [("$", data)]
        self._depth = 0
        self.out: list[str] = []

    def _error(self, node: nodes.Node, message: str) -> TemplateError:
        before = self._template.source[: node.position]
        line = before.count("\n") + 1
        column = len(before[before.rfind("\n") + 1 :].encode())
        return TemplateError(
            f"template: {self._template.name}:{line}:{column}: executing {quote(self._name)} at <{node}>: {message}"
        )

    # ---- nodes

    def walk(self, node: nodes.Node, dot: Any) -> None:
        """Write what `node` makes of `dot`."""
        if isinstance(node, nodes.Text):
            self.out.append(node.text)
        elif isinstance(node, nodes.Block):
            for child in node.nodes:
                self.walk(child, dot)
        elif isinstance(node, nodes.Action):
            value = self._pipeline(dot, node.pipe)
            if not node.pipe.variables:
                self.out.append(self._printed(value))
        elif isinstance(node, nodes.Branch):
            depth = len(self._variables)
            if node.kind == "range":
                self._range(dot, node)
            else:
                self._choose(dot, node)
            del self._variables[depth:]
        elif isinstance(node, nodes.Jump):
            raise _Break if node.kind == "break" else _Continue
        elif isinstance(node, nodes.Call):
            self._template_call(dot, node)

    def _printed(self, value: Any) -> str:
        if value is None:
            return "<no value>"
        if isinstance(value, Struct) and value.pointer:
            return show(value).removeprefix("&")
        return show(value)

    def _choose(self, dot: Any, node: nodes.Branch) -> None:
        value = self._pipeline(dot, node.pipe)
        if is_true(value):
            self.walk(node.body, value if node.kind == "with" else dot)
        elif node.otherwise is not None:
            self.walk(node.otherwise, dot)

    def _range(self, dot: Any, node: nodes.Branch) -> None:
        value = self._pipeline(dot, node.pipe, declare=False)
        depth = len(self._variables)
        empty = True
        for key, item in self._items(value, node):
            empty = False
            self._bind(node.pipe, key, item)
            try:
                self.walk(node.body, item)
            except _Break:
                break
            except _Continue:
                continue
            finally:
                del self._variables[depth:]
        if empty and node.otherwise is not None:
            self.walk(node.otherwise, dot)

    def _bind(self, pipe: nodes.Pipe, key: Any, item: Any) -> None:
        values = [item] if len(pipe.variables) == 1 else [key, item]
        for variable, value in zip(pipe.variables, values, strict=False):
            if pipe.assigns:
                self._assign(variable, value)
            else:
                self._variables.append((variable.names[0], value))

    def _items(self, value: Any, node: nodes.Branch) -> Iterator[tuple[Any, Any]]:
        if isinstance(value, dict):
            return iter([(key, value[key]) for key in sorted(value, key=str)])
        if isinstance(value, list | tuple):
            return iter(enumerate(value))
        if value is None or isinstance(value, Nil):
            return iter(())
        if isinstance(value, int) and not isinstance(value, bool):
            return iter([(number, number) for number in range(value)])
        raise self._error(node.pipe, f"range can't iterate over {show(value)}")

    def _template_call(self, dot: Any, node: nodes.Call) -> None:
        body = self._template.trees.get(node.name)
        if body is None:
            raise self._error(node, f"template {quote(node.name)} not defined")
        if self._depth > 1000:
            raise self._error(node, "exceeded maximum template depth (100000)")
        value = self._pipeline(dot, node.pipe) if node.pipe else None
        inner = _State(self._template, self._missing_is_error, self._extra, value, node.name)
        inner._depth = self._depth + 1
        inner.out = self.out
        inner.walk(body, value)

    # ---- pipelines

    def _pipeline(self, dot: Any, pipe: nodes.Pipe, declare: bool = True) -> Any:
        value: Any = _MISSING
        for command in pipe.commands:
            value = self._command(dot, command, value)
        if declare:
            for variable in pipe.variables:
                if pipe.assigns:
                    self._assign(variable, value)
                else:
                    self._variables.append((variable.names[0], value))
        return value

    def _assign(self, variable: nodes.Variable, value: Any) -> None:
        for index in range(len(self._variables) - 1, -1, -1):
            if self._variables[index][0] == variable.names[0]:
                self._variables[index] = (variable.names[0], value)
                return

    def _command(self, dot: Any, command: nodes.Command, final: Any) -> Any:
        first, *rest = command.arguments
        if isinstance(first, nodes.Identifier):
            return self._function(dot, first, rest, final, command)
        if isinstance(first, nodes.Field | nodes.Variable | nodes.Chain):
            return self._fields(dot, first, rest, final)
        if rest or final is not _MISSING:
            raise self._error(first, f"can't give argument to non-function {first}")
        if isinstance(first, nodes.Literal) and first.source == "nil":
            raise self._error(command, "nil is not a command")
        return self._operand(dot, first)

    def _operand(self, dot: Any, node: nodes.Node) -> Any:
        if isinstance(node, nodes.Dot):
            return dot
        if isinstance(node, nodes.Literal):
            return node.value
        if isinstance(node, nodes.Pipe):
            return self._pipeline(dot, node)
        if isinstance(node, nodes.Identifier):
            return self._function(dot, node, [], _MISSING, node)
        return self._fields(dot, node, [], _MISSING)

    def _fields(self, dot: Any, node: nodes.Node, rest: list[nodes.Node], final: Any) -> Any:
        if isinstance(node, nodes.Field):
            value, names = dot, node.names
        elif isinstance(node, nodes.Variable):
            value, names = self._variable(node.names[0], node), node.names[1:]
            if not names and (rest or final is not _MISSING):
                raise self._error(node, f"can't give argument to non-function {node}")
        elif isinstance(node, nodes.Chain):
            value, names = self._operand(dot, node.node), node.names
            if isinstance(node.node, nodes.Literal) and node.node.source == "nil":
                raise self._error(node, f"indirection through explicit nil in {node}")
        else:
            raise self._error(node, f"can't handle {node}")
        static = not self._missing_is_error
        for number, name in enumerate(names):
            last = number == len(names) - 1
            owner = value
            arguments = (dot, rest, final) if last else (dot, [], _MISSING)
            value = self._field(owner, name, node, arguments, static)
            static = isinstance(owner, Row | Struct) or getattr(owner, "element", "interface {}") != "interface {}"
        return value

    def _variable(self, name: str, node: nodes.Node) -> Any:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise self._error(node, f"undefined variable: {name}")

    def _field(
        self, value: Any, name: str, node: nodes.Node, call: tuple[Any, list[nodes.Node], Any], static: bool
    ) -> Any:
        """One field of `value`; `call`: the cursor, the arguments, the value piped in; `static`: its type is known."""
        dot, rest, final = call
        if value is None:
            if self._missing_is_error:
                raise self._error(node, f"nil data; no entry for key {quote(name)}")
            return None
        if isinstance(value, Row):
            method = value.method(name)
            if method:
                return self._invoke(method, name, node, call)
        has_arguments = bool(rest) or final is not _MISSING
        if isinstance(value, Struct):
            found, item = value.find(name)
            if found:
                if has_arguments:
                    raise self._error(node, f"{name} has arguments but cannot be invoked as function")
                return item
        elif isinstance(value, Header) and name == "Label":
            arguments = [self._operand(dot, item) for item in rest]
            return str(arguments[0]).rpartition(".")[2].replace("-", " ").replace("_", " ")
        elif isinstance(value, dict) and getattr(value, "key", "string") == "string":
            if has_arguments:
                raise self._error(node, f"{name} is not a method but has arguments")
            if name not in value and self._missing_is_error:
                raise self._error(node, f"map has no entry for key {quote(name)}")
            return value.get(name)
        elif isinstance(value, Nil):
            if value.kind.startswith("map["):
                return None
            raise self._error(node, f"nil pointer evaluating {value.kind}.{name}")
        kind = type_name(value) if static or isinstance(value, Row | Struct | Map | Slice) else "interface {}"
        raise self._error(node, f"can't evaluate field {name} in type {kind}")

    def _invoke(
        self, method: Callable[..., Any], name: str, node: nodes.Node, call: tuple[Any, list[nodes.Node], Any]
    ) -> Any:
        """Call a row's method; all that methods take is text."""
        dot, rest, final = call
        # importing `inspect` to count them costs more than the whole template
        wanted = method.__func__.__code__.co_argcount - 1  # type: ignore[attr-defined]
        if (count := len(rest) + (final is not _MISSING)) != wanted:
            raise self._error(node, f"wrong number of args for {name}: want {wanted} got {count}")
        arguments = [self._argument(dot, item, "string") for item in rest]
        if final is not _MISSING:
            if not functions.fits(final, "string"):
                raise self._error(node, self._misfit(final, "string"))
            arguments.append(final)
        return method(*arguments)

    # ---- functions

    def _function(self, dot: Any, node: nodes.Identifier, rest: list[nodes.Node], final: Any, whole: nodes.Node) -> Any:
        name = node.name
        if name in functions.LAZY:
            return self._lazy(dot, node, rest, final)
        extra = self._extra.get(name)
        signature = (functions.HEADER_SIGNATURES if extra else functions.SIGNATURES)[name]
        count = len(rest) + (final is not _MISSING)
        variadic = signature[-1] == "..."
        least = len(signature) - variadic
        if count < least or (not variadic and count > least):
            want = f"at least {least}" if variadic else str(least)
            raise self._error(node, f"wrong number of args for {name}: want {want} got {count}")
        arguments = []
        for number, item in enumerate(rest):
            kind = signature[min(number, len(signature) - 1)]
            arguments.append(self._argument(dot, item, kind))
        if final is not _MISSING:
            kind = signature[min(len(rest), len(signature) - 1)]
            if not functions.fits(final, kind):
                raise self._error(node, self._misfit(final, kind))
            arguments.append(final)
        if name == "call" and arguments[0] is not None:
            kind = type_name(arguments[0])
            raise self._error(whole, f"error calling call: non-function {rest[0] if rest else ''} of type {kind}")
        try:
            return (extra or functions.FUNCTIONS[name])(*arguments)
        except functions.FunctionError as error:
            raise self._error(whole, f"error calling {name}: {error}") from error

    def _misfit(self, value: Any, kind: str) -> str:
        if value is None:
            return f"invalid value; expected {kind}"
        return f"wrong type for value; expected {kind}; got {type_name(value)}"

    def _argument(self, dot: Any, node: nodes.Node, kind: str) -> Any:
        value = self._operand(dot, node)
        if functions.fits(value, kind):
            return value
        if isinstance(node, nodes.Literal):
            if node.source == "nil":
                raise self._error(node, f"cannot assign nil to {kind}")
            raise self._error(node, f"expected {'integer' if kind == 'int' else kind}; found {node}")
        raise self._error(_last(node), self._misfit(value, kind))

    def _lazy(self, dot: Any, node: nodes.Identifier, rest: list[nodes.Node], final: Any) -> Any:
        if not rest and final is _MISSING:
            raise self._error(node, f"wrong number of args for {node.name}: want at least 1 got 0")
        value: Any = None
        for item in rest:
            value = self._operand(dot, item)
            if is_true(value) == (node.name == "or"):
                return value
        return value if final is _MISSING else final


def _last(node: nodes.Node) -> nodes.Node:
    """Where Go stands when it has evaluated `node`."""
    while isinstance(node, nodes.Pipe):
        node = node.commands[-1].arguments[-1]
    return node
