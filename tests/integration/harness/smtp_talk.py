"""A raw SMTP client: says exactly the lines of a session and keeps every reply, for attacks that no library
would send."""

import base64
import socket

from .line_talk import LineTalk


def plain(user, password):
    """The line AUTH PLAIN with its initial response; str or bytes."""
    user, password = (v.encode() if isinstance(v, str) else v for v in (user, password))
    return b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password)


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text)


def read_reply(talk):
    """The last line of the next reply to a LineTalk; "" once the server has closed."""
    while (line := talk.read())[3:4] == b"-":
        pass
    return line.decode("latin-1")


class SmtpTalk(LineTalk):
    """say() sends one line and returns the reply's last line, or "" when the server closed."""

    def __init__(self, port, tls=None, implicit_tls=False, timeout_s=20, client=None):
        """tls: an SSLContext; with it STARTTLS is done at once, or TLS before the first byte; client: the
        loopback address to come from ("127.0.0.2")."""
        super().__init__(socket.create_connection(("127.0.0.1", port), timeout=timeout_s,
                                                  source_address=(client, 0) if client else None))
        if tls and implicit_tls:
            self.begin_tls(tls)
        self.greeting = read_reply(self)
        if tls and not implicit_tls:
            self.say("EHLO client.example")
            assert self.say("STARTTLS").startswith("220")
            self.begin_tls(tls)

    def say(self, line):
        try:
            self.send(line)
        except (BrokenPipeError, ConnectionResetError):
            return ""
        return read_reply(self)

    def say_all(self, lines):
        """The replies to all lines."""
        return [self.say(line) for line in lines]
