"""A FastCGI client over a unix socket, in the place of nginx: single requests and kept connections, and the
parameters that nginx mail sends."""

import socket
import struct
from urllib.parse import quote_from_bytes

BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
RESPONDER = 1
KEEP_CONN = 1
RECORD_MAX = 65535


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def record(kind, content, request=1):
    return struct.pack(">BBHHBx", 1, kind, request, len(content), 0) + content


def _length(number):
    return struct.pack(">B", number) if number < 128 else struct.pack(">L", number | 1 << 31)


def encode_params(params):
    """params: {name: value} or a list of pairs; text or bytes."""
    pairs = params.items() if isinstance(params, dict) else params
    out = b""
    for name, value in pairs:
        name, value = as_bytes(name), as_bytes(value)
        out += _length(len(name)) + _length(len(value)) + name + value
    return out


def encode_request(params, keep=False, body=b""):
    """The whole request, as it goes over the socket."""
    out = record(BEGIN_REQUEST, struct.pack(">HB5x", RESPONDER, KEEP_CONN if keep else 0))
    encoded = encode_params(params)
    for at in range(0, len(encoded), RECORD_MAX):
        out += record(PARAMS, encoded[at:at + RECORD_MAX])
    out += record(PARAMS, b"")
    for at in range(0, len(body), RECORD_MAX):
        out += record(STDIN, body[at:at + RECORD_MAX])
    return out + record(STDIN, b"")


class Closed(Exception):
    """The service closed the connection; `heard` is what came before of the answer."""

    def __init__(self, heard=b""):
        super().__init__(f"the connection was closed after {len(heard)} bytes of the answer")
        self.heard = heard


class Answer:
    """`header` is the raw header with its empty line; answer["Auth-Status"] a field, None if it is not there."""

    def __init__(self, raw):
        head, separator, self.body = raw.partition(b"\r\n\r\n")
        assert separator, f"no end of the header in {raw!r}"
        self.header = head + separator
        self.fields = {}
        for line in head.split(b"\r\n"):
            name, colon, value = line.partition(b":")
            assert colon and name not in self.fields, f"odd header {self.header!r}"
            self.fields[name.decode("ascii")] = value.strip().decode("latin-1")

    def __getitem__(self, name):
        return self.fields.get(name)

    @property
    def ok(self):
        return self["Auth-Status"] == "OK"

    def __repr__(self):
        return f"Answer({self.header + self.body!r})"


class Connection:
    """One connection, kept for many requests if keep."""

    def __init__(self, path, keep=True, timeout_s=30):
        self.path = str(path)
        self.keep = keep
        self.timeout_s = timeout_s
        self.asked = 0
        self._socket = None
        self._unread = b""

    def open(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(self.timeout_s)
        self._socket.connect(self.path)
        self._unread = b""
        self.asked = 0
        return self

    def close(self):
        if self._socket:
            self._socket.close()
            self._socket = None

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self._socket.sendall(data)

    def ask(self, params, body=b""):
        """One request and its answer. As nginx does: when a kept connection turns out to be closed before
        any byte of the answer came, the request is sent once more on a fresh one."""
        if self._socket is None:
            self.open()
        try:
            return self._ask(params, body)
        except (Closed, OSError) as error:
            was_used, heard = self.asked > 0, getattr(error, "heard", b"")
            self.close()
            if not was_used or heard or isinstance(error, TimeoutError):
                raise
        self.open()
        return self._ask(params, body)

    def _ask(self, params, body):
        self.send(encode_request(params, self.keep, body))
        answer = self.read_answer()
        self.asked += 1
        if not self.keep:
            self.close()
        return answer

    def _read(self, length, heard):
        while len(self._unread) < length:
            data = self._socket.recv(65536)
            if not data:
                raise Closed(heard)
            self._unread += data
        data, self._unread = self._unread[:length], self._unread[length:]
        return data

    def read_answer(self):
        out = b""
        while True:
            _, kind, _, length, padding = struct.unpack(">BBHHBx", self._read(8, out))
            content = self._read(length + padding, out)[:length]
            if kind == STDOUT:
                out += content
            elif kind == END_REQUEST:
                return Answer(out)

    def is_closed(self, timeout_s=0.0):
        """Whether the service has closed this idle connection (waits for that at most timeout_s)."""
        self._socket.settimeout(timeout_s)
        try:
            return self._socket.recv(1) == b""
        except (BlockingIOError, TimeoutError):
            return False
        except ConnectionError:
            return True
        finally:
            self._socket.settimeout(self.timeout_s)


def ask(path, params, body=b"", timeout_s=30):
    """One request on a connection of its own."""
    with Connection(path, keep=False, timeout_s=timeout_s) as connection:
        return connection.ask(params, body)


def login(user, password, listener="submission", protocol="smtp", method="plain", tls=True, attempt=1,
          client="192.0.2.1", **more):
    """What nginx mail sends for AUTH (it percent-encodes user and password)."""
    return {"DOCUMENT_URI": "/auth", "REQUEST_METHOD": "GET", "HTTP_AUTH_METHOD": method,
            "HTTP_AUTH_USER": quote_from_bytes(as_bytes(user)), "HTTP_AUTH_PASS": quote_from_bytes(as_bytes(password)),
            "HTTP_AUTH_PROTOCOL": protocol, "HTTP_AUTH_LOGIN_ATTEMPT": str(attempt), "HTTP_CLIENT_IP": client,
            "HTTP_X_LISTENER": listener, **({"HTTP_AUTH_SSL": "on"} if tls else {}), **more}


def recipient(mail_from, rcpt_to, listener="mx", tls=False, client="192.0.2.1", **more):
    """What nginx mail sends for the first recipient of a session without AUTH."""
    return {"DOCUMENT_URI": "/auth", "REQUEST_METHOD": "GET", "HTTP_AUTH_METHOD": "none", "HTTP_AUTH_USER": "",
            "HTTP_AUTH_PASS": "", "HTTP_AUTH_PROTOCOL": "smtp", "HTTP_AUTH_LOGIN_ATTEMPT": "1",
            "HTTP_CLIENT_IP": client, "HTTP_AUTH_SMTP_HELO": "mail.example.net", "HTTP_AUTH_SMTP_FROM": mail_from,
            "HTTP_AUTH_SMTP_TO": rcpt_to, "HTTP_X_LISTENER": listener,
            **({"HTTP_AUTH_SSL": "on"} if tls else {}), **more}
