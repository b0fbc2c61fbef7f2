"""A raw POP3 or IMAP client: says exactly the lines that a test wants, several at once, and keeps every answer."""

import socket


class MailboxTalk:
    """At a port of the front door, at a client's loopback address. Lines are bytes without their end."""

    def __init__(self, port, trust=None, implicit_tls=False, client="127.0.0.1", timeout_s=20):
        """trust: an SSLContext, which start_tls() needs; implicit_tls: TLS is there from the first byte."""
        self._trust = trust
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s, source_address=(client, 0))
        if implicit_tls:
            self._wrap()
        self._reader = self._socket.makefile("rb")
        self.greeting = self.read()

    def _wrap(self):
        self._socket = self._trust.wrap_socket(self._socket, server_hostname="localhost")

    def read(self):
        """The next line; b"" once the server has closed."""
        try:
            return self._reader.readline().rstrip(b"\r\n")
        except ConnectionResetError:
            return b""

    def read_until(self, begins, contains=b""):
        """The lines up to one that begins so and has that in it; what came before the end if it never does."""
        lines = []
        while line := self.read():
            lines.append(line)
            if line.startswith(begins) and contains in line:
                break
        return lines

    def send(self, *lines):
        """All in one write."""
        self._socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def say(self, line):
        """The next line after that one."""
        self.send(line)
        return self.read()

    def start_tls(self):
        """After the server has agreed to it."""
        self._wrap()
        self._reader = self._socket.makefile("rb")

    def is_closed(self):
        """Whether the server has closed: waits for it to say something or to do so."""
        return self.read() == b""

    def close(self):
        # the socket lives on as long as its reader does
        self._reader.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


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
