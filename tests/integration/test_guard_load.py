"""Many messages side by side through Postfix and the guard: all are taken, none is forgotten in the log, and the
guard's memory stays what it is. How fast that is, scripts/bench.sh measures.
"""

from collections import Counter

import pytest

from harness.mail_load import USER, MailLoad
from harness.postfix import postfix_is_usable
from harness.process import wait_until

MESSAGES = 600
SESSIONS = 30
GROWTH_MAX_KB = 16 * 1024

pytestmark = pytest.mark.skipif(not postfix_is_usable(), reason="Postfix is not installed, or this is not root")


@pytest.fixture(scope="module")
def load(shared_scratch):
    with MailLoad(shared_scratch / "load") as running:
        yield running


def _accepted(load):
    return Counter((line["listener"], line.get("user", "")) for line in load.guard.messages()
                   if line["stage"] == "end" and line["verdict"] == "accept")


def test_all_messages_are_taken_and_each_has_its_line(load):
    before = _accepted(load)
    for port in ("mx", "submission"):
        load.send(port, MESSAGES, SESSIONS)
    wanted = Counter({("mx", ""): MESSAGES, ("submission", USER): MESSAGES})
    wait_until(lambda: sum((_accepted(load) - before).values()) >= 2 * MESSAGES, 20, "a line for each message")
    assert _accepted(load) - before == wanted
    assert len({line["session"] for line in load.guard.messages()}) >= 2 * MESSAGES


def test_memory_does_not_grow_with_messages(load):
    load.send("submission", MESSAGES, SESSIONS)
    before_kb = load.guard_memory_kb()
    load.send("mx", MESSAGES, SESSIONS)
    load.send("submission", MESSAGES, SESSIONS)
    assert load.guard_memory_kb() - before_kb < GROWTH_MAX_KB, load.guard.log[-2000:]
