"""Many addresses that guess passwords on the service's own socket, in processes of their own, so that the
clients beside them are not slowed down by their interpreter.

    attack.py SOCKET LISTENER ADDRESSES ACCOUNTS ATTEMPTS FIRST STEP

The addresses FIRST, FIRST + STEP and so on of ADDRESSES make ATTEMPTS each, one after the other, with passwords that
nobody has: the first on account 0, the others on the other accounts in turn. Several addresses attack at once.
Prints as JSON what each of them heard.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import fastcgi

THREADS = 16
WRONG, CLOSED = "535", "421"


def address(number):
    return f"127.{100 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def account(number):
    return f"user{number}@acme.example"


def guessed_account(number, attempt, accounts, attempts):
    """The number of the account that this address tries in this attempt."""
    if attempt == 0:
        return 0
    return 1 + (number * (attempts - 1) + attempt - 1) % (accounts - 1)


class Attack:
    """`heard` is {address: [codes]} when it is over; `seconds` how long it took."""

    PROCESSES = 2

    def __init__(self, socket, listener, addresses, accounts, attempts):
        self.arguments = [str(word) for word in (socket, listener, addresses, accounts, attempts)]
        self.heard = {}
        self.seconds = 0.0
        self._running = []

    def __enter__(self):
        self._running = [
            subprocess.Popen([sys.executable, "-B", "-m", "harness.attack", *self.arguments, str(first),
                              str(self.PROCESSES)], stdout=subprocess.PIPE, text=True,
                             cwd=Path(__file__).resolve().parents[1])
            for first in range(self.PROCESSES)]
        return self

    def wait(self, timeout_s):
        for child in self._running:
            told = json.loads(child.communicate(timeout=timeout_s)[0])
            self.heard |= told["heard"]
            self.seconds = max(self.seconds, told["seconds"])

    def __exit__(self, *_):
        for child in self._running:
            if child.poll() is None:
                child.kill()
            child.wait()


def _attack_all(socket, listener, accounts, attempts, numbers, heard):
    connection = fastcgi.Connection(socket)
    for number in numbers:
        client, codes = address(number), []
        for attempt in range(attempts):
            params = fastcgi.login(account(guessed_account(number, attempt, accounts, attempts)),
                                   f"guess {number}.{attempt}", listener, client=client)
            answer = connection.ask(params)
            while answer["Auth-Status"] == "WAIT":
                answer = connection.ask(params)
            codes.append((answer["Auth-Error-Code"] or answer["Auth-Status"])[:3])
        heard[client] = codes
    connection.close()


def main():
    socket, listener, *numbers = sys.argv[1:]
    addresses, accounts, attempts, first, step = map(int, numbers)
    mine = range(first, addresses, step)
    heard, began = {}, time.monotonic()
    threads = [threading.Thread(target=_attack_all, args=(socket, listener, accounts, attempts, mine[i::THREADS], heard))
               for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == len(mine), "an attacker got no answer"
    json.dump({"heard": heard, "seconds": time.monotonic() - began}, sys.stdout)


if __name__ == "__main__":
    main()
