"""From tokens to a tree.  Called by `execute.parse`; grammar and complaints are those of text/template/parse."""

from __future__ import annotations

from pydock.cli.template import nodes
from pydock.cli.template.lexer import Token, tokens
from pydock.cli.template.nodes import TemplateError
from pydock.cli.template.printing import unquote
from pydock.go_text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

_OPERANDS = frozenset(
    ("bool", "charconst", ".", "field", "identifier", "number", "nil", "raw", "string", "variable", "(")
)


class Parser:
    """One template's text on its way to a tree; `trees` gets what `define` and `block` name."""

    def __init__(self, source: str, functions: Collection[str], trees: dict[str, nodes.Block], name: str = "") -> None:
        self._name = name
        self._source = source
        self._functions = functions
        self._trees = trees
        self._stream = tokens(source)
        self._kept: list[Token] = []
        self._last = Token("EOF", "", 0, 1)
        self._variables = ["$"]
        self._loops = 0

    # ---- tokens

    def _next(self) -> Token:
        token = self._kept.pop() if self._kept else next(self._stream, Token("EOF", "", len(self._source), 1))
        self._last = token
        return token

    def _back(self, token: Token) -> None:
        self._kept.append(token)

    def _peek(self) -> Token:
        token = self._next()
        self._back(token)
        return token

    def _solid(self) -> Token:
        token = self._next()
        while token.kind == "space":
            token = self._next()
        return token

    def _peek_solid(self) -> Token:
        token = self._solid()
        self._back(token)
        return token

    def _error(self, text: str, token: Token | None = None) -> TemplateError:
        return TemplateError(f"template: {self._name}:{(token or self._last).line}: {text}")

    def _unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind == "error":
            return self._error(token.text, token)
        return self._error(f"unexpected {token} in {context}", token)

    def _expect(self, kind: str, context: str) -> Token:
        token = self._solid()
        if token.kind != kind:
            raise self._unexpected(token, context)
        return token

    # ---- lists of nodes

    def parse(self) -> nodes.Block:
        """The whole template."""
        block = nodes.Block(0)
        while self._peek().kind != "EOF":
            if self._peek().kind == "{{":
                opening = self._next()
                word = self._solid()
                if word.kind == "define":
                    self._definition()
                    continue
                self._back(word)
                self._back(opening)
            node = self._text_or_action()
            if isinstance(node, str):
                raise self._error(f"unexpected {{{{{node}}}}}")
            block.nodes.append(node)
        return block

    def _definition(self) -> None:
        token = self._solid()
        if token.kind not in ("string", "raw"):
            raise self._unexpected(token, "define clause")
        name = self._unquoted(token)
        self._expect("}}", "define clause")
        outer, self._variables = self._variables, ["$"]
        body, end = self._block()
        self._variables = outer
        if end != "end":
            raise self._error(f"unexpected {{{{{end}}}}} in define clause")
        self._trees[name] = body

    def _block(self) -> tuple[nodes.Block, str]:
        block = nodes.Block(self._peek_solid().position)
        while self._peek_solid().kind != "EOF":
            node = self._text_or_action()
            if isinstance(node, str):
                return block, node
            block.nodes.append(node)
        raise self._error("unexpected EOF")

    def _text_or_action(self) -> nodes.Node | str:
        token = self._solid()
        if token.kind == "text":
            return nodes.Text(token.position, token.text)
        if token.kind == "{{":
            return self._action()
        raise self._unexpected(token, "input")

    def _action(self) -> nodes.Node | str:
        token = self._solid()
        simple: dict[str, Callable[[Token], nodes.Node | str]] = {
            "if": self._branch,
            "range": self._branch,
            "with": self._branch,
            "template": self._call,
            "block": self._inline_block,
            "break": self._jump,
            "continue": self._jump,
        }
        if token.kind in simple:
            return simple[token.kind](token)
        if token.kind == "end":
            self._expect("}}", "end")
            return "end"
        if token.kind == "else":
            return self._else()
        self._back(token)
        position = self._peek().position
        return nodes.Action(position, self._pipeline("command", "}}"))

    def _else(self) -> str:
        token = self._peek_solid()
        if token.kind in ("if", "with"):
            return f"else {token.kind}"
        self._expect("}}", "else")
        return "else"

    def _branch(self, token: Token) -> nodes.Node:
        kind = token.kind
        depth = len(self._variables)
        pipe = self._pipeline(kind, "}}")
        self._loops += kind == "range"
        body, end = self._block()
        otherwise = None
        if end.startswith("else"):
            self._loops -= kind == "range"
            if end == "else":
                otherwise, end = self._block()
                if end != "end":
                    raise self._error(f"expected end; found {{{{{end}}}}}")
            elif end == f"else {kind}" and kind != "range":
                # `else if` is an `if` inside the `else`, and shares the `end`
                otherwise = nodes.Block(self._peek().position)
                otherwise.nodes.append(self._branch(self._solid()))
            else:
                raise self._unexpected(self._solid(), "else")
        else:
            self._loops -= kind == "range"
        del self._variables[depth:]
        return nodes.Branch(token.position, kind, pipe, body, otherwise)

    def _jump(self, token: Token) -> nodes.Node:
        after = self._solid()
        if after.kind != "}}":
            raise self._unexpected(after, f"{{{{{token.kind}}}}}")
        if not self._loops:
            raise self._error(f"{{{{{token.kind}}}}} outside {{{{range}}}}")
        return nodes.Jump(token.position, token.kind)

    def _call(self, token: Token) -> nodes.Node:
        word = self._solid()
        if word.kind not in ("string", "raw"):
            raise self._unexpected(word, "template clause")
        name = self._unquoted(word)
        pipe = None
        if self._solid().kind != "}}":
            self._back(self._last)
            pipe = self._pipeline("template clause", "}}")
        return nodes.Call(word.position, name, pipe)

    def _inline_block(self, token: Token) -> nodes.Node:
        word = self._solid()
        if word.kind not in ("string", "raw"):
            raise self._unexpected(word, "block clause")
        name = self._unquoted(word)
        pipe = self._pipeline("block clause", "}}")
        body, end = self._block()
        if end != "end":
            raise self._error(f"unexpected {{{{{end}}}}} in block clause")
        self._trees[name] = body
        return nodes.Call(token.position, name, pipe)

    def _unquoted(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except ValueError:
            raise self._error("invalid syntax") from None

    # ---- pipelines

    def _pipeline(self, context: str, end: str) -> nodes.Pipe:
        pipe = nodes.Pipe(self._peek_solid().position)
        self._declarations(pipe, context)
        while True:
            token = self._solid()
            if token.kind == end:
                self._check(pipe, context)
                return pipe
            if token.kind in _OPERANDS:
                self._back(token)
                pipe.commands.append(self._command())
            else:
                raise self._unexpected(token, context)

    def _declarations(self, pipe: nodes.Pipe, context: str) -> None:
        while True:
            variable = self._peek_solid()
            if variable.kind != "variable":
                return
            self._solid()
            # `{{$x}}` is an operand, `{{$x := 1}}` and `{{range $i, $x := .}}` are not: look behind it
            after = self._next()
            blank = None
            if after.kind == "space":
                blank, after = after, self._next()
            if after.kind in (":=", "="):
                pipe.assigns = after.kind == "="
                pipe.variables.append(nodes.Variable(variable.position, [variable.text]))
                if after.kind == ":=":
                    self._variables.append(variable.text)
                return
            if after.kind == "," and context == "range" and len(pipe.variables) < 2:
                pipe.variables.append(nodes.Variable(variable.position, [variable.text]))
                self._variables.append(variable.text)
                if self._peek_solid().kind != "variable":
                    raise self._error("range can only initialize variables")
                continue
            if after.kind == ",":
                raise self._error(f"too many declarations in {context}")
            self._back(after)
            if blank:
                self._back(blank)
            self._back(variable)
            return

    def _check(self, pipe: nodes.Pipe, context: str) -> None:
        if not pipe.commands:
            raise self._error(f"missing value for {context}")
        for number, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.arguments[0], nodes.Literal | nodes.Dot):
                raise self._error(f"non executable command in pipeline stage {number}")

    def _command(self) -> nodes.Command:
        command = nodes.Command(self._peek_solid().position)
        while True:
            self._back(self._solid())
            operand = self._operand()
            if operand is not None:
                command.arguments.append(operand)
            token = self._next()
            if token.kind == "space":
                continue
            if token.kind in ("}}", ")"):
                self._back(token)
            elif token.kind != "|":
                raise self._unexpected(token, "operand")
            break
        if not command.arguments:
            raise self._error("empty command")
        return command

    def _operand(self) -> nodes.Node | None:
        node = self._term()
        if node is None:
            return None
        if self._peek().kind != "field":
            return node
        position = self._peek().position
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._next().text[1:])
        if isinstance(node, nodes.Field):
            return nodes.Field(position, node.names + names)
        if isinstance(node, nodes.Variable):
            return nodes.Variable(position, node.names + names)
        if isinstance(node, nodes.Literal | nodes.Dot):
            raise self._error(f"unexpected . after term {quote(str(node))}")
        return nodes.Chain(position, node, names)

    def _term(self) -> nodes.Node | None:
        token = self._solid()
        at = token.position
        kind, text = token.kind, token.text
        if kind == "identifier":
            if text not in self._functions:
                raise self._error(f"function {quote(text)} not defined")
            return nodes.Identifier(at, text)
        if kind == ".":
            return nodes.Dot(at)
        if kind == "field":
            return nodes.Field(at, [text[1:]])
        if kind == "variable":
            if text not in self._variables:
                raise self._error(f"undefined variable {quote(text)}")
            return nodes.Variable(at, [text])
        if kind == "(":
            return self._pipeline("parenthesized pipeline", ")")
        value = self._constant(token)
        if value is not None:
            return value
        self._back(token)
        return None

    def _constant(self, token: Token) -> nodes.Literal | None:
        kind, text = token.kind, token.text
        value: Any
        if kind == "nil":
            value = None
        elif kind == "bool":
            value = text == "true"
        elif kind in ("string", "raw"):
            value = self._unquoted(token)
        elif kind == "charconst":
            content = self._unquoted(token)
            if len(content) != 1:
                raise self._error(f"malformed character constant: {text}")
            value = ord(content)
        elif kind == "number":
            value = self._number(text)
        elif kind == "error":
            raise self._error(text, token)
        else:
            return None
        return nodes.Literal(token.position, value, text)

    def _number(self, text: str) -> int | float:
        plain = text.replace("_", "")
        digits = plain.lstrip("+-")
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        try:
            return int(plain, 8 if octal else 0)
        except ValueError:
            pass
        try:
            value = float.fromhex(plain) if "x" in plain.lower() else float(plain)
        except (ValueError, OverflowError):
            raise self._error(f"illegal number syntax: {quote(text)}") from None
        if value in (float("inf"), float("-inf")):
            raise self._error(f"illegal number syntax: {quote(text)}")
        if not set(plain) & set(".eEpP"):
            raise self._error(f"integer overflow: {quote(text)}")
        return value
