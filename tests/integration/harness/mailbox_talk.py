"""A raw POP3 or IMAP client: says exactly the lines that a test wants, several at once, and keeps every answer."""

import socket

from .line_talk import LineTalk


class MailboxTalk(LineTalk):
    """At a port of the front door, at a client's loopback address. Lines are bytes without their end."""

    def __init__(self, port, trust=None, implicit_tls=False, client="127.0.0.1", timeout_s=20):
        """trust: an SSLContext, which start_tls() needs; implicit_tls: TLS is there from the first byte."""
        super().__init__(socket.create_connection(("127.0.0.1", port), timeout=timeout_s, source_address=(client, 0)))
        self._trust = trust
        if implicit_tls:
            self.begin_tls(trust)
        self.greeting = self.read()

    def read_until(self, begins, contains=b""):
        """The lines up to one that begins so and has that in it; what came before the end if it never does."""
        lines = []
        while line := self.read():
            lines.append(line)
            if line.startswith(begins) and contains in line:
                break
        return lines

    def say(self, line):
        """The next line after that one."""
        self.send(line)
        return self.read()

    def start_tls(self):
        """After the server has agreed to it."""
        self.begin_tls(self._trust)


def pop3_capabilities(talk):
    """What CAPA lists, as words: a capability with arguments is one text."""
    talk.send(b"CAPA")
    first, *listed, _ = talk.read_until(b".")
    assert first.startswith(b"+OK"), first
    return {line.decode() for line in listed if line != b"CAPA"}


def imap_capabilities(talk, tag=b"cap"):
    talk.send(tag + b" CAPABILITY")
    [untagged, tagged] = talk.read_until(tag)
    assert tagged.startswith(tag + b" OK"), tagged
    return set(untagged.decode().split()[2:])
