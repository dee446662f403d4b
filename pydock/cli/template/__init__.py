"""Go's text/template, as far as `--format` can reach: lexer, parser, execution, printing of values.

`parse(text)` gives a Template, `template.execute(data)` a string; what is wrong is raised as TemplateError in Go's
words.
"""

from pydock.cli.template.execute import Template, parse
from pydock.cli.template.nodes import TemplateError

__all__ = ["Template", "TemplateError", "parse"]
