"""Connections as a load balancer makes them: the PROXY protocol's header first, then what the client says."""

import smtplib
import socket

V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TIMEOUT_S = 20


def v1(client, port=40000):
    """The header of version 1 that says this address of the client; None: UNKNOWN, as balancers' own checks say."""
    if client is None:
        return b"PROXY UNKNOWN\r\n"
    kind, to = ("TCP6", "2001:db8::25") if ":" in client else ("TCP4", "198.51.100.25")
    return f"PROXY {kind} {client} {to} {port} 587\r\n".encode()


def v2(client, port=40000):
    """The same of version 2; None: LOCAL."""
    if client is None:
        return V2_SIGNATURE + b"\x20\x00\x00\x00"
    family, kind, to = (socket.AF_INET6, b"\x21", "2001:db8::25") if ":" in client else (
        socket.AF_INET, b"\x11", "198.51.100.25")
    addresses = (socket.inet_pton(family, client) + socket.inet_pton(family, to)
                 + port.to_bytes(2, "big") + (587).to_bytes(2, "big"))
    return V2_SIGNATURE + b"\x21" + kind + len(addresses).to_bytes(2, "big") + addresses


def connect(port, header=b"", source="127.0.0.1"):
    """A socket from that loopback address, on which the header has been said."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S, source_address=(source, 0))
    connection.sendall(header)
    return connection


class ProxiedSMTP(smtplib.SMTP):
    """smtplib behind a balancer."""

    def __init__(self, port, header, source="127.0.0.1"):
        self._header, self._source = header, source
        super().__init__("localhost", port, timeout=TIMEOUT_S)

    def _get_socket(self, host, port, timeout):
        return connect(port, self._header, self._source)
