"""Servers that speak LDAP as they like: bytes or functions that make them."""

import socket
import threading

from .ldap_driver import Source
from .ldap_setup import BASE


def ber(tag, *parts):
    """One BER element."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def bind_response(code, text=b"", message=None):
    """A function that makes the answer to a request with this number; message: another number."""
    def answer(number):
        return ber(0x30, ber(0x02, message or number),
                   ber(0x61, ber(0x0A, bytes([code])), ber(0x04), ber(0x04, text)))
    return answer


def message_number(request):
    """The bytes of its number."""
    header = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
    assert request[header] == 0x02
    return request[header + 2:header + 2 + request[header + 1]]


def is_bind(request):
    header = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
    return request[header + 2 + request[header + 1]] == 0x60


NOTICE_OF_DISCONNECTION = ber(0x30, ber(0x02, b"\0"), ber(
    0x78, ber(0x0A, b"\x34"), ber(0x04), ber(0x04), ber(0x8A, b"1.3.6.1.4.1.1466.20036")))


class FakeServer:
    """Answers every request on every connection alike: with these bytes, or what a function makes of the request's
    number; in pieces of that many bytes with a pause behind each."""

    def __init__(self, answer, piece=None, pause_s=0.0, closes=False):
        self.answer, self.piece, self.pause_s, self.closes = answer, piece or 4096, pause_s, closes
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"ldap://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests = 0
        self.connections = 0
        self.lost = 0  # so many of the first connections go nowhere any more
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self.connections += 1
        number = self.connections
        try:
            while request := client.recv(4096):
                self.requests += 1
                if number <= self.lost:
                    continue
                answer = self.make_answer(request)
                for start in range(0, len(answer), self.piece):
                    client.sendall(answer[start:start + self.piece])
                    if self.ended.wait(self.pause_s):
                        return
                if self.closes:
                    return
        except OSError:
            pass
        finally:
            client.close()

    def make_answer(self, request):
        return self.answer(message_number(request)) if callable(self.answer) else self.answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        # or it would take connections of the next server, whose descriptor has the same number
        self.thread.join()
        self.listener.close()


def ask_fake(folder, *, timeout="1s", env=None, settings=None, **behaviour):
    with FakeServer(**behaviour) as server, \
            Source(folder, env=env, timeout=timeout,
                   **(settings or {"user_dn": f"uid=%n,{BASE}"}), uri=[server.uri]) as source:
        answer = source.verify("alice", "alice's word")
        return answer, source.events("source.down"), source.events("source.error")
