"""A FastCGI responder in Python, in the place of mailreeve-auth: for tests of nginx-conf itself and for the
naive backends with which the attacks are seen to work."""

import os
import socketserver
import struct
import threading
from pathlib import Path

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
KEEP_CONN = 1


def _read_record(stream):
    header = stream.read(8)
    if len(header) < 8:
        return None
    _, kind, request, length, padding = struct.unpack(">BBHHBx", header)
    content = stream.read(length)
    stream.read(padding)
    return kind, request, content


def _parse_params(data):
    """The pairs as {NAME: bytes}."""
    params, at = {}, 0

    def length():
        nonlocal at
        value = data[at]
        at += 1
        if value & 0x80:
            value = (value & 0x7F) << 24 | int.from_bytes(data[at:at + 3], "big")
            at += 3
        return value

    while at < len(data):
        name_length, value_length = length(), length()
        name = data[at:at + name_length].decode("latin-1")
        params[name] = data[at + name_length:at + name_length + value_length]
        at += name_length + value_length
    return params


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        params, keep = b"", False
        while record := _read_record(self.rfile):
            kind, request, content = record
            if kind == BEGIN_REQUEST:
                params, keep = b"", bool(content[2] & KEEP_CONN)
            elif kind == PARAMS:
                params += content
            elif kind == STDIN and not content:
                asked = _parse_params(params)
                self.server.asked.append(asked)
                self._reply(request, self.server.answer(asked))
                if not keep:
                    return

    def _reply(self, request, headers):
        status = headers.pop("Status", "200 OK")
        text = f"Status: {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        body = text.encode("latin-1")
        out = struct.pack(">BBHHBx", 1, STDOUT, request, len(body), 0) + body
        out += struct.pack(">BBHHBx", 1, STDOUT, request, 0, 0)
        out += struct.pack(">BBHHBx", 1, END_REQUEST, request, 8, 0) + bytes(8)
        self.wfile.write(out)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 1024


class Responder:
    """Answers every request by answer(params) -> {header: value}; `asked` holds the requests' parameters,
    `connections` counts the connections that they came by."""

    def __init__(self, path, answer):
        self.path = Path(path)
        self._server = _Server(str(path), _Handler)
        self._server.answer = answer
        self._server.asked = []
        self._server.connections = 0
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def answer(self):
        return self._server.answer

    @answer.setter
    def answer(self, answer):
        self._server.answer = answer

    @property
    def asked(self):
        return self._server.asked

    @property
    def connections(self):
        return self._server.connections

    def __enter__(self):
        os.chmod(self.path, 0o666)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.path.unlink(missing_ok=True)
