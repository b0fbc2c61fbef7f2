"""A raw SMTP client: says exactly the lines of a session and keeps every reply, for attacks that no library
would send."""

import base64
import socket


def plain(user, password):
    """The line AUTH PLAIN with its initial response; str or bytes."""
    user, password = (v.encode() if isinstance(v, str) else v for v in (user, password))
    return b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password)


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text)


class SmtpTalk:
    """say() sends one line and returns the reply's last line, or "" when the server closed."""

    def __init__(self, port, tls=None, implicit_tls=False, timeout_s=20, client=None):
        """tls: an SSLContext; with it STARTTLS is done at once, or TLS before the first byte; client: the
        loopback address to come from ("127.0.0.2")."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s,
                                                source_address=(client, 0) if client else None)
        if tls and implicit_tls:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")
        self._reader = self._socket.makefile("rb")
        self.greeting = self._reply()
        if tls and not implicit_tls:
            self.say("EHLO client.example")
            assert self.say("STARTTLS").startswith("220")
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")
            self._reader = self._socket.makefile("rb")

    def _reply(self):
        try:
            while line := self._reader.readline():
                if line[3:4] != b"-":
                    return line.decode("latin-1").rstrip("\r\n")
        except ConnectionResetError:
            pass
        return ""

    def say(self, line):
        line = line.encode() if isinstance(line, str) else line
        try:
            self._socket.sendall(line + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return ""
        return self._reply()

    def say_all(self, lines):
        """The replies to all lines."""
        return [self.say(line) for line in lines]

    def is_closed(self):
        """Whether the server has closed the connection: waits for it to say something or to close."""
        return self._reply() == ""

    def close(self):
        # the socket lives on as long as its reader does
        self._reader.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
