#!/usr/bin/env python3
"""Whether systemd understands the units, and the drop-ins (UNIT-*.conf) for units of others. Usage: verify.py FILE...
Ends with 77 where there is no systemd."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def write_unit(folder, file):
    """Returns the unit to look at."""
    # The programs need not be installed for the units to be right.
    text = re.sub(r"^(Exec\w+=-?)\S+", r"\1/bin/true", file.read_text(), flags=re.M)
    if file.suffix != ".conf":
        (folder / file.name).write_text(text)
        return folder / file.name
    unit = folder / f"{file.name.split('-')[0]}.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    drop_ins = folder / f"{unit.name}.d"
    drop_ins.mkdir()
    (drop_ins / file.name).write_text(text)
    return unit


def main():
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed")
        raise SystemExit(77)
    with tempfile.TemporaryDirectory() as folder:
        units = [write_unit(Path(folder), Path(file)) for file in sys.argv[1:]]
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
                              capture_output=True, text=True)
    print(done.stdout + done.stderr)
    raise SystemExit(1 if done.returncode or "mailreeve" in done.stderr else 0)


if __name__ == "__main__":
    main()
