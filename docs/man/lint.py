#!/usr/bin/env python3
"""Whether the manual pages are well-formed and say what the program says. Usage: lint.py MAILREEVE PAGE..."""

import re
import shutil
import subprocess
import sys
from pathlib import Path


def run(*argv):
    return subprocess.run([str(arg) for arg in argv], capture_output=True, text=True)


def form(page):
    """mandoc's warnings, or groff's where there is no mandoc."""
    if shutil.which("mandoc"):
        return [line for line in run("mandoc", "-T", "lint", "-W", "warning", page).stdout.splitlines() if line]
    if shutil.which("groff"):
        return run("groff", "-mdoc", "-ww", "-Tutf8", "-z", page).stderr.splitlines()
    return [f"{page}: neither mandoc nor groff is here to read it"]


def options_of(mailreeve, command):
    """The long options and the commands below that `--help` lists."""
    text = run(mailreeve, *command, "--help").stdout
    options = set(re.findall(r"^  (?:-\w, |    )--([\w-]+)", text, re.M))
    below = re.findall(r"^  ([a-z][a-z-]+) ", text, re.M)
    return options, below


def missing(mailreeve, page, command=()):
    """Commands and options that the program knows and the page does not name."""
    text = page.read_text().replace("\\-", "-")
    complaints = []
    options, below = options_of(mailreeve, command)
    for option in sorted(options):
        if f"Fl -{option}" not in text:
            complaints.append(f"{page}: {' '.join(command)} --{option} is not described")
    for name in below:
        where = "Cm .*" if command else "Ss "  # a command has a part of its own
        if not re.search(rf"^\.{where}\b{name}\b", text, re.M):
            complaints.append(f"{page}: the command {' '.join([*command, name])} is not described")
        complaints += missing(mailreeve, page, (*command, name))
    return complaints


def main():
    mailreeve, pages = Path(sys.argv[1]), [Path(arg) for arg in sys.argv[2:]]
    complaints = [line for page in pages for line in form(page)]
    complaints += missing(mailreeve, next(page for page in pages if page.name == "mailreeve.8"))
    print("\n".join(complaints))
    raise SystemExit(1 if complaints else 0)


if __name__ == "__main__":
    main()
