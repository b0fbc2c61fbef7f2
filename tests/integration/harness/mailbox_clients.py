"""Mail programs that read by POP3 and IMAP through the front door, each at a client's address."""

import imaplib
import poplib
import socket


def connect(port, client, trust):
    plain = socket.create_connection(("127.0.0.1", port), timeout=40, source_address=(client, 0))
    return trust.wrap_socket(plain, server_hostname="localhost")


class Pop(poplib.POP3_SSL):
    def __init__(self, port, client, trust):
        self.connected = connect(port, client, trust)
        super().__init__("localhost", port, context=trust, timeout=40)

    def _create_socket(self, timeout):
        return self.connected


class Imap(imaplib.IMAP4_SSL):
    def __init__(self, port, client, trust):
        self.connected = connect(port, client, trust)
        super().__init__("localhost", port, ssl_context=trust, timeout=40)

    def _create_socket(self, timeout):
        return self.connected
