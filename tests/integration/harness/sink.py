"""An SMTP server that agrees to everything and writes down every line: what nginx really says to an upstream."""

import socketserver
import threading

from .process import free_port


class _Handler(socketserver.StreamRequestHandler):
    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        session = []
        self.server.sessions.append(session)
        if self.server.proxied:
            session.append(self.rfile.readline().rstrip(b"\r\n"))
        self._say("220 sink ESMTP")
        while line := self.rfile.readline():
            line = line.rstrip(b"\r\n")
            session.append(line)
            word = line.split(b" ")[0].upper()
            if word == b"EHLO":
                self._say("250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 XCLIENT NAME ADDR LOGIN")
            elif word == b"XCLIENT":
                self._say("220 sink ESMTP")
            elif word == b"AUTH":
                self._say("235 2.7.0 whoever you are")
            elif word == b"DATA":
                self._say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self._say("250 2.0.0 taken")
            elif word == b"QUIT":
                self._say("221 2.0.0 bye")
                return
            else:
                self._say("250 2.0.0 OK")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256


class Sink:
    """`port` on loopback; `sessions` is a list of lists of lines (bytes); it lets everybody log in, so it
    serves as an SMTP source that knows every name, too."""

    def __init__(self, proxied=False):
        """proxied: it waits for the line of the PROXY protocol before it greets."""
        self.port = free_port()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.sessions = []
        self._server.proxied = proxied
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def sessions(self):
        return self._server.sessions

    def lines(self):
        """All lines of all sessions."""
        return [line for session in self.sessions for line in session]

    def xclient(self):
        """The XCLIENT lines, all of which nginx sent."""
        return [line for line in self.lines() if line.upper().startswith(b"XCLIENT")]

    def clear(self):
        self._server.sessions.clear()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
