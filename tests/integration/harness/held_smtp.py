"""An SMTP server for AUTH that answers when the test says so: sessions of mailreeve-auth that are under way for
exactly as long as the test wants."""

import base64
import socketserver
import threading

from .process import wait_until


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 held.example")
        for line in self.rfile:
            verb = line.split(None, 1)[0].upper() if line.strip() else b""
            if verb == b"EHLO":
                self._say("250-held.example", "250 AUTH PLAIN")
            elif verb == b"AUTH":
                self._say(self._judge(line))
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, *lines):
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _judge(self, line):
        held = self.server.held
        with held.changed:
            held.asked += 1
            held.waiting += 1
            held.changed.wait_for(lambda: held.open)
            held.waiting -= 1
        password = base64.b64decode(line.split()[-1]).split(b"\0")[-1].decode()
        return "235 fine" if held.is_right(password) else "535 5.7.8 no"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024


class HeldSmtp:
    """Every password that is_right(password) says so is right, once release() was called; `waiting` logins stand
    in line until then, and `asked` were ever made."""

    def __init__(self, is_right=lambda password: True):
        self.is_right = is_right
        self.asked = 0
        self.changed = threading.Condition()
        self.waiting = 0
        self.open = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.held = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def hold(self):
        with self.changed:
            self.open = False

    def release(self):
        with self.changed:
            self.open = True
            self.changed.notify_all()

    def wait_for(self, count):
        wait_until(lambda: self.waiting >= count, 20, f"{count} logins to wait at the SMTP source")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
