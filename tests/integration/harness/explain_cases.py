"""The cases of explain_cases/: what is asked of `mailreeve explain`, and what it answers (explain_cases/README)."""

import re
import shlex
from pathlib import Path

from .command import EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, mailreeve

FOLDER = Path(__file__).parent.with_name("explain_cases")
EXIT_CODES = {"accept": EXIT_OK, "refuse": EXIT_PROBLEM, "defer": EXIT_TEMPORARY}


class Case:
    def __init__(self, block):
        lines = dict(line.split(maxsplit=1) for line in block.splitlines())
        self.name = lines.pop("case")
        self.words = [word.replace(r"\r", "\r").replace(r"\n", "\n") for word in shlex.split(lines.pop("facts"))]
        self.pairs = [tuple(word.split("=", 1)) for word in self.words]
        self.facts = dict(self.pairs)
        self.action, *code, self.reason = lines.pop("wants").split()
        self.code = " ".join(code).strip("-")
        self.rule = lines.pop("rule")
        self.only_explain = "only" in lines
        lines.pop("only", None)
        assert not lines, f"{self.name}: {lines}"


def read_cases(folder):
    """The cases of all files of a folder; lines that begin with # are comments."""
    cases = []
    for file in sorted(folder.glob("*.case")):
        text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.M)
        cases += [Case(block) for block in text.strip().split("\n\n")]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def place(folder, text):
    """FILE:LINE of the only line that begins with text, or of the first such one behind another."""
    section, _, text = text.rpartition(" > ")
    found = []
    for file in ["mailreeve.conf", "users", "lists/robots"]:
        if not (folder / file).exists():
            continue
        inside = section in ("", file)
        for number, line in enumerate((folder / file).read_text().splitlines(), 1):
            inside = inside or line.strip().startswith(section)
            if inside and line.strip().startswith(text):
                found.append(f"{folder / file}:{number}")
                inside = section == ""
    assert found and (section or len(found) == 1), f"{text}: {found}"
    return found[0]


def wanted_rule(folder, case):
    return re.sub(r"\[([^]]*)\]", lambda match: place(folder, match.group(1)), case.rule)


def explain(config, *words):
    """Exit code and the three lines' contents: (action, code and text), reason, rule."""
    done = mailreeve("explain", "-c", config, *words)
    assert done.stderr == ""
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["verdict", "reason", "rule"], done.stdout
    return done.returncode, *[line[1] for line in lines]


def check(folder, case):
    """That explain says what the case wants."""
    status, verdict, reason, rule = explain(folder / "mailreeve.conf", *case.words)
    assert status == EXIT_CODES[case.action], (verdict, reason, rule)
    action, _, text = verdict.partition(" ")
    assert action == case.action
    assert text.startswith(case.code + " " if case.code else ""), verdict
    assert reason == case.reason
    assert rule == wanted_rule(folder, case)
