"""Configurations as sections and settings that can be laid over one another: what a case changes in the
configuration of its file. Written out, each setting has a line of its own, so that FILE:LINE names one."""

import re

_TOKEN = re.compile(r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<setting>\w+)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{(?:[^}"']|"(?:[^"\\]|\\.)*"|'[^']*')*\}|\w+)
  | (?P<kind>\w+)\s*(?:"(?P<name>[^"]*)"\s*)?\{
  | (?P<end>\})
""", re.VERBOSE)


class Section:
    """`settings` {name: value as it is written}, `sections` {(kind, name): Section}, both in order; name is None
    where a kind has none."""

    def __init__(self):
        self.settings = {}
        self.sections = {}

    def overlay(self, other):
        """Takes over what other sets; what it does not mention stays."""
        self.settings.update(other.settings)
        for title, section in other.sections.items():
            self.sections.setdefault(title, Section()).overlay(section)
        return self

    def lines(self, depth=0):
        indent = "    " * depth
        for name, value in self.settings.items():
            yield f"{indent}{name} = {value}"
        for (kind, name), section in self.sections.items():
            yield indent + (f'{kind} "{name}" {{' if name else f"{kind} {{")
            yield from section.lines(depth + 1)
            yield f"{indent}}}"


def parse(text):
    """A configuration's text as a Section; AssertionError where it is none."""
    stack = [Section()]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token, f"not a configuration: {text[at:at + 60]!r}"
        at = token.end()
        if token["setting"]:
            stack[-1].settings[token["setting"]] = " ".join(token["value"].split())
        elif token["kind"]:
            title = (token["kind"], token["name"])
            assert title not in stack[-1].sections, f"{title} stands twice"
            stack.append(stack[-1].sections.setdefault(title, Section()))
        elif token["end"]:
            stack.pop()
            assert stack, f"one }} too many: {text!r}"
    assert len(stack) == 1, f"a }} is missing: {text!r}"
    return stack[0]


def merge(*texts):
    """The configuration that texts make, each laid over those before it."""
    whole = Section()
    for text in texts:
        whole.overlay(parse(text))
    return whole
