"""The line that the harness writes before a configuration: the service's socket, and a store of its own, so that no
test touches /var/lib/mailreeve. One line, so that those of the configuration keep their distances.

The store has more time than by default: what it could not do in half a second is left out, a ban for example, and a
machine that is busy with other tests may hold it up for longer."""

import re

_STATE = re.compile(r"(?:^|[\s\"}])state\s*\{")


def state_section(folder, configuration=""):
    """Empty where the configuration has a `state` section."""
    return "" if _STATE.search(configuration) else f'state {{ path = "{folder / "state"}"  size = "4M"  timeout = 5s }}'


def first_line(socket, folder, configuration=""):
    return f'socket = "{socket}"  {state_section(folder, configuration)}'.rstrip()
