"""Mail programs and mail servers that know both front nodes of a cluster, as MX, SRV or several A records tell them:
who hears "not now" at one tries the other, and comes again until it is done. All that they hear is written down.
"""

import itertools
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from .cluster import PORTS
from .line_talk import LineTalk
from .process import wait_until
from .smtp_talk import plain, read_reply

CONNECT_S, REPLY_S = 2, 8   # Clients of the world wait for minutes.
PAUSE_S, RETRY_S = 0.05, 0.25
GIVE_UP_S = 60

DONE, LATER, MISJUDGED = "done", "later", "misjudged"


class Later(Exception):
    """A temporary code, a closed connection, or nobody there."""


class Closed(Later):
    """Nobody knows what became of the last line."""


class Misjudged(Exception):
    """An answer that nobody must hear who does what this client does."""


@dataclass
class Attempt:
    """One session at one node."""
    node: str
    began: float
    ended: float
    came_of_it: str
    answer: str


@dataclass
class Job:
    """One login or message with all its attempts; times are of time.monotonic()."""
    kind: str
    subject: str
    began: float
    attempts: list = field(default_factory=list)
    uncertain: int = 0   # attempts that ended between the message's end and the answer to it

    @property
    def is_done(self):
        return any(attempt.came_of_it == DONE for attempt in self.attempts)

    @property
    def took_s(self):
        return self.attempts[-1].ended - self.began


class Session(LineTalk):
    """One SMTP session on a connected socket, with TLS if it is given."""

    def __init__(self, connected, tls=None):
        super().__init__(connected)
        self.expect("220")
        self.expect("250", "EHLO client.example")
        if tls:
            self.expect("220", "STARTTLS")
            self.begin_tls(tls)
            self.expect("250", "EHLO client.example")

    def expect(self, codes, line=None):
        """Says the line, waits for its answer and returns that; Later or Misjudged if it has another code."""
        if line is not None:
            self.send(line)
        reply = read_reply(self)
        if not reply:
            raise Closed("closed")
        if reply.startswith(codes):
            return reply
        raise (Later if reply.startswith("4") else Misjudged)(reply)

    def log_in(self, user, password, codes="235"):
        return self.expect(codes, plain(user, password))


class Client:
    """At one address of the cluster's world."""

    def __init__(self, cluster, address, trust):
        self.cluster, self.address, self.trust = cluster, address, trust

    def session(self, node, port="submission"):
        """A Session at the node; OSError, Later or Misjudged."""
        target = self.cluster.nodes[node].host.address, PORTS[port]
        with self.cluster.world.inside():
            connected = socket.create_connection(target, CONNECT_S, source_address=(self.address, 0))
        connected.settimeout(REPLY_S)
        try:
            return Session(connected, self.trust if port == "submission" else None)
        except Exception:
            connected.close()
            raise

    def give(self, session, job, sender, recipient):
        """One message, whose Subject is the job's, from MAIL to the answer to its end."""
        session.expect("250", f"MAIL FROM:<{sender}>")
        session.expect("250", f"RCPT TO:<{recipient}>")
        session.expect("354", "DATA")
        message = f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {job.subject}\r\n\r\nHello\r\n."
        try:
            return session.expect("250", message)
        except (Closed, OSError):
            job.uncertain += 1
            raise


class Load:
    """Clients at work, each in a thread of its own. Use as a context manager: at its end each finishes what it has
    begun. `jobs` are all that were begun."""

    _numbers = itertools.count()

    def __init__(self, clients, works):
        """works: {kind: function(client, session's node, job) -> the answer}, and how many clients do it, as
        [(kind, function, count)]."""
        self.jobs, self.crashes = [], []
        self.kinds = [kind for kind, _, _ in works]
        self._lock, self._over = threading.Lock(), threading.Event()
        clients = iter(clients)
        self._threads = [threading.Thread(target=self._run, args=(next(clients), kind, work))
                         for kind, work, count in works for _ in range(count)]

    def _run(self, client, kind, work):
        try:
            for nodes in itertools.cycle((("one", "two"), ("two", "one"))):
                if self._over.wait(PAUSE_S):
                    return
                number = next(self._numbers)
                job = Job(kind, f"{kind}-{number}", time.monotonic())
                with self._lock:
                    self.jobs.append(job)
                self._do(client, work, job, nodes)
        except Exception as error:  # a fault of the test, which must not look like silence
            self.crashes.append(repr(error))

    def _do(self, client, work, job, nodes):
        for node in itertools.cycle(nodes):
            if self._attempt(client, work, job, node) != LATER or time.monotonic() > job.began + GIVE_UP_S:
                return
            if node == nodes[-1]:
                threading.Event().wait(RETRY_S)

    def _attempt(self, client, work, job, node):
        began = time.monotonic()
        try:
            came_of_it, answer = DONE, work(client, node, job)
        except (Later, OSError) as error:
            came_of_it, answer = LATER, str(error) or repr(error)
        except Misjudged as error:
            came_of_it, answer = MISJUDGED, str(error)
        with self._lock:
            job.attempts.append(Attempt(node, began, time.monotonic(), came_of_it, answer))
        return came_of_it

    def attempts(self, since=0.0, **like):
        """Those that were begun since then and are `like` this: came_of_it, node, and kind of the job."""
        kind = like.pop("kind", None)
        with self._lock:
            return [attempt for job in self.jobs if kind in (None, job.kind) for attempt in job.attempts
                    if attempt.began >= since and all(getattr(attempt, name) == value for name, value in like.items())]

    def wait_for_more(self, count, timeout_s=30):
        """Waits until so many sessions of each kind that begin now were well."""
        began = time.monotonic()
        self.wait_until(lambda: all(len(self.attempts(began, came_of_it=DONE, kind=kind)) >= count
                                    for kind in self.kinds), timeout_s, f"{count} more sessions that are well")

    def wait_until(self, condition, timeout_s, what):
        """Ends early where somebody was misjudged."""
        def is_over():
            assert not self.crashes, self.crashes
            misjudged = self.attempts(came_of_it=MISJUDGED)
            assert not misjudged, misjudged
            return condition()
        try:
            return wait_until(is_over, timeout_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\nheard meanwhile: {self._last_answers()}") from None

    def _last_answers(self):
        with self._lock:
            attempts = [(job.kind, attempt) for job in self.jobs for attempt in job.attempts]
        last = sorted(attempts, key=lambda pair: pair[1].ended)[-60:]
        return Counter((kind, attempt.node, attempt.answer[:22]) for kind, attempt in last)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()
