"""Logins one after the other, several at once, while a test does something to the service."""

import threading
import time

from .fastcgi import Connection
from .process import wait_until


def fastcgi_logins(path, make_params, connections=8):
    """Logins on the service's own socket, for Load: every other connection is kept open."""
    def make(keep):
        connection = Connection(path, keep)

        def login():
            try:
                answer = connection.ask(make_params())
            except Exception:
                connection.close()
                raise
            return None if answer.ok else repr(answer)
        return login
    return [make(i % 2 == 0) for i in range(connections)]


class Load:
    """Each of `logins` is a function that logs in once, and returns what went wrong or None; each runs again and
    again in a thread of its own. `done` counts the logins that were accepted, `failures` describes the others."""

    def __init__(self, logins):
        self.done = 0
        self.failures = []
        self.slowest_s = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(login,)) for login in logins]

    def _run(self, login):
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                failure = login()
            except Exception as error:  # whatever it was, it is a login that failed
                failure = repr(error)
            took = time.monotonic() - began
            with self._lock:
                self.slowest_s = max(self.slowest_s, took)
                if failure:
                    self.failures.append(failure)
                else:
                    self.done += 1

    def wait_for_more(self, count, timeout_s=30):
        """Waits for that many more logins than there are now."""
        target = self.done + count
        wait_until(lambda: self.done >= target or self.failures, timeout_s, f"{count} more logins")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
