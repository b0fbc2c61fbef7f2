"""What the message guard costs: messages a second that go through Postfix with it, without it, and with a milter that does
nothing; and whether the guard's memory stays what it is."""

from measure import BIN, print_rates, print_ratio, take_turns

from harness.mail_load import MailLoad
from harness.postfix import postfix_is_usable
from harness.process import Process, socket_answers

TARGET = 0.9
GROWTH_TARGET_KB = 2048
ALONE, NOTHING = "Postfix alone", "with a do-nothing milter"
GUARDED = {"mx": "with the guard, mail of strangers", "submission": "with the guard, mail of users"}
PORTS = {"alone": ALONE, "null": NOTHING, **GUARDED}


def _null_milter(folder):
    socket = folder / "null.sock"

    def is_ready():
        if not socket_answers(socket):
            return False
        socket.chmod(0o666)  # Postfix is another user
        return True
    return Process([BIN / "bench_null_milter", f"unix:{socket}"], folder / "null.log", ready=is_ready)


def guarded_messages(folder, messages, rounds):
    """messages: that go through the guard in all, half of them of users with a relay window."""
    if not postfix_is_usable():
        print("Postfix is not installed, or this is not root: the guard is not measured")
        return
    of_each = messages // (2 * rounds)
    folder.mkdir()
    print(f"Messages through Postfix, each in a session of its own, {2 * of_each * rounds} of them through the guard:",
          flush=True)
    load = MailLoad(folder / "load", {"null": f"unix:{folder / 'null.sock'}"})
    with _null_milter(folder), load:
        for port in PORTS:
            load.send(port, of_each)  # until all processes run
        first_kb = load.guard_memory_kb()
        rates = take_turns(rounds, {name: lambda port=port: load.send(port, of_each) for port, name in PORTS.items()})
        last_kb = load.guard_memory_kb()
    print_rates(rates)
    for name in GUARDED.values():
        print(f"  {name}:")
        print_ratio(rates, name, ALONE, TARGET)
        print_ratio(rates, name, NOTHING, TARGET)
    print("  a do-nothing milter:")
    print_ratio(rates, NOTHING, ALONE)
    print(f"  memory of the guard: {first_kb} kB before, {last_kb} kB after "
          f"(target at most {GROWTH_TARGET_KB} kB more)", flush=True)
