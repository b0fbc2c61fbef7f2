#!/usr/bin/env python3
"""Whether systemd understands the units, and the drop-ins (UNIT-*.conf) for units of others; and whether the units of
mailreeve's services leave them what they need: NEEDS was found by running them. Usage: verify.py FILE...
Ends with 77 where there is no systemd."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ON = ("yes", "true", "on", "1")
UNITS_S = {"ms": 0.001, "s": 1, "": 1, "min": 60}


def seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|min|)", text).groups()
    return float(number) * UNITS_S[unit]


def words(unit, setting):
    return " ".join(unit.get(setting, [])).split()


def last(unit, setting, otherwise=""):
    return unit.get(setting, [otherwise])[-1]


def gives_up_crashing(unit):
    """As many starts as RestartSec allows within the interval are too many."""
    return (seconds(last(unit, "RestartSec", "100ms")) * int(last(unit, "StartLimitBurst", "5"))
            < seconds(last(unit, "StartLimitIntervalSec", "10s")))


# Of each service: what breaks, and when.
NEEDS = {
    "the patterns of lists are compiled to machine code": lambda unit: last(unit, "MemoryDenyWriteExecute") in ON,
    "names of servers are looked up, by netlink too; nginx and Redis are asked by unix sockets": lambda unit:
        not {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"} <= set(words(unit, "RestrictAddressFamilies")),
    "it talks to servers": lambda unit: last(unit, "PrivateNetwork") in ON or "IPAddressDeny" in unit,
    "what it says goes to the journal line by line, and none may be lost": lambda unit:
        last(unit, "LogRateLimitIntervalSec") != "0" or last(unit, "SyslogLevelPrefix", "yes") not in ON,
    "a start that fails is seen to fail": lambda unit: last(unit, "Type") != "notify",
    "who crashes is begun again, however often": lambda unit:
        last(unit, "Restart") != "on-failure" or gives_up_crashing(unit),
    "who cannot start is not begun again for ever": lambda unit:
        "1" not in words(unit, "RestartPreventExitStatus") or last(unit, "StartLimitIntervalSec") == "0",
    "a reload that fails is seen to fail": lambda unit:
        not re.search(r"mailreeve reload$|mailreeve-milter -t$", (unit.get("ExecReload") or [""])[0]),
    "it keeps the store and last_use": lambda unit: last(unit, "StateDirectory") != "mailreeve",
    "10,000 sessions (max_sessions) are threads and descriptors": lambda unit:
        int(last(unit, "TasksMax", "0")) < 11000 or int(last(unit, "LimitNOFILE", "0")) < 30000,
    "its socket is made first, and stays while it restarts": lambda unit: not words(unit, "Requires"),
}


def read_unit(text):
    """{setting: [its values]}; an empty value takes back those before it."""
    unit = {}
    for setting, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        unit[setting] = [*unit.get(setting, []), value] if value else []
    return unit


def lacking(file):
    """What the unit in a file takes from a service of mailreeve's."""
    if not re.fullmatch(r"mailreeve-(auth|milter)\.service", file.name):
        return []
    unit = read_unit(file.read_text())
    return [f"{file.name}: {need}" for need, is_broken in NEEDS.items() if is_broken(unit)]


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
    files = [Path(file) for file in sys.argv[1:]]
    complaints = [complaint for file in files for complaint in lacking(file)]
    print("\n".join(complaints))
    if complaints:
        raise SystemExit(1)
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed")
        raise SystemExit(77)
    with tempfile.TemporaryDirectory() as folder:
        units = [write_unit(Path(folder), file) for file in files]
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
                              capture_output=True, text=True)
    print(done.stdout + done.stderr)
    raise SystemExit(1 if done.returncode or "mailreeve" in done.stderr else 0)


if __name__ == "__main__":
    main()
