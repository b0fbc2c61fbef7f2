"""Logins one after the other, on several connections at once, while a test does something to the service."""

import threading
import time

from .fastcgi import Connection
from .process import wait_until


class Load:
    """Half of the connections are kept open, the others are new for each login. `done` counts the logins that
    were accepted, `failures` describes the others."""

    def __init__(self, path, make_params, connections=8):
        self.done = 0
        self.failures = []
        self.slowest_s = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(Connection(path, keep=i % 2 == 0), make_params))
                         for i in range(connections)]

    def _run(self, connection, make_params):
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                answer = connection.ask(make_params())
                failure = None if answer.ok else repr(answer)
            except Exception as error:  # whatever it was, it is a login that failed
                failure = repr(error)
                connection.close()
            took = time.monotonic() - began
            with self._lock:
                self.slowest_s = max(self.slowest_s, took)
                if failure:
                    self.failures.append(failure)
                else:
                    self.done += 1
        connection.close()

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
