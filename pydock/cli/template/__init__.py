"""Go's text/template, as far as `--format` can reach: lexer, parser, execution, printing of values.

`execute.parse(text)` gives a Template, `template.execute(data)` a string; what is wrong is raised as
`nodes.TemplateError` in Go's words.
"""
