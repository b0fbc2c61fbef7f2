"""ldap_driver: one ldap source in one process, asked again and again, so that connections, failures and returns
can be seen."""

import os
import subprocess
import time

from .process import build_dir

BUDGET_MS = 20000

# What a busy machine takes for an answer that waits for nothing (connect_timeout is 3 s), and for one that ends by a
# timeout of 1 s (by none: BUDGET_MS).
AT_ONCE_MS, IN_TIME_MS = 2500, 8000


class Answer:
    """One line of the driver about a login. networks: None for anywhere, else those of the driver's sample
    addresses that may log in."""

    def __init__(self, line):
        _, self.outcome, self.account, may_be_unknown, took_us, route, networks, addresses, clear, self.detail = \
            line.split("\t")
        self.may_be_unknown = may_be_unknown == "1"
        self.took_us = int(took_us)
        self.took_ms = self.took_us // 1000
        self.route = None if route == "-" else route
        self.networks = [word for word in networks.split() if word != "no"] if networks else None
        self.addresses = addresses.split()
        self.clear = None if clear == "-" else clear


class Recipient:
    """The same, about a recipient; answer is known, unknown, cannot-tell or malformed."""

    def __init__(self, line):
        _, self.answer, name, cached, took_ms, self.detail = line.split("\t")
        self.name = name.strip("-")
        self.cached = cached == "1"
        self.took_ms = int(took_ms)


def _word(text):
    return (text if isinstance(text, bytes) else text.encode()).hex() or "-"


class Source:
    """An open ldap source. Settings as keywords; True, False and numbers as they are, the rest in quotes.
    Nothing is remembered unless the settings say so."""

    def __init__(self, folder, pass_fds=(), env=None, **settings):
        self.folder = folder / f"source-{time.monotonic_ns()}"
        self.folder.mkdir()
        self.log = self.folder / "log"
        configuration = self.folder / "conf"
        settings = {"cache": 0, "negative_cache": 0, **settings}
        lines = "".join(f"  {name} = {self._value(value)}\n" for name, value in settings.items())
        configuration.write_text(f'source "acme" {{\n  type = "ldap"\n{lines}}}\n')
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen([build_dir() / "bin" / "ldap_driver", configuration],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, errors="replace",
                                          pass_fds=pass_fds, env={**os.environ, **(env or {})})
        self.opened = self.child.stdout.readline() == "ready\n"

    @staticmethod
    def _value(value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return "{" + ", ".join(f'"{item}"' for item in value) + "}"
        return str(value) if isinstance(value, int) else f'"{value}"'

    def _ask(self, *words):
        self.child.stdin.write(" ".join(map(str, words)) + "\n")
        self.child.stdin.flush()
        return self._read()

    def _read(self):
        line = self.child.stdout.readline().rstrip("\n")
        assert line, f"the driver ended: {self.log.read_text()}"
        return line

    def verify(self, user, password, budget_ms=BUDGET_MS):
        return Answer(self._ask("verify", _word(user), _word(password), budget_ms))

    def login(self, user, password, budget_ms=BUDGET_MS):
        """As verify, but after an unknown name it takes as long as a chain of sources would."""
        return Answer(self._ask("login", _word(user), _word(password), budget_ms))

    def cram(self, user, salt, answer):
        """A login by CRAM-MD5; the clear password is wanted back."""
        return Answer(self._ask("cram", _word(user), _word(f"{salt} {answer}"), BUDGET_MS))

    def lookup(self, user):
        """Asks about the account without its password; its clear password is wanted, too."""
        return Answer(self._ask("lookup", _word(user), "-", BUDGET_MS))

    def verify_all(self, questions):
        """The answers to many (user, password), with no round trip for each."""
        lines = [f"verify {_word(user)} {_word(password)} {BUDGET_MS}\n" for user, password in questions]
        answers = []
        for start in range(0, len(lines), 100):  # what the pipes hold
            self.child.stdin.write("".join(lines[start:start + 100]))
            self.child.stdin.flush()
            answers += [Answer(self._read()) for _ in lines[start:start + 100]]
        return answers

    def knows(self, user):
        return self._ask("knows", _word(user), "-", BUDGET_MS).split()[1]

    def recipient(self, address, budget_ms=BUDGET_MS):
        return Recipient(self._ask("recipient", _word(address), "-", budget_ms))

    def storm(self, threads, logins):
        """Returns {outcome: count, "seconds": ...}."""
        _, seconds, *counts = self._ask("storm", threads, logins, BUDGET_MS).split()
        return {"seconds": float(seconds), **{name: int(count) for name, count in (c.split("=") for c in counts)}}

    def memory(self):
        """What is in the writable memory of the process. Not the terabytes that sanitizers reserve."""
        found = []
        with open(f"/proc/{self.child.pid}/maps") as maps, open(f"/proc/{self.child.pid}/mem", "rb") as memory:
            for line in maps:
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                if line.split()[1].startswith("rw") and end - start < 1 << 27:
                    memory.seek(start)
                    found.append(memory.read(end - start))
        return b"".join(found)

    def events(self, name):
        return [line for line in self.log.read_text().splitlines() if f"event={name}" in line]

    def close(self):
        """Ends the driver; a leak or a race that a sanitizer found fails here."""
        self.child.stdin.close()
        status = self.child.wait(20)
        self.child.stdout.close()
        assert status == (0 if self.opened else 1), self.log.read_text()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            self.child.kill()
            self.child.wait()
