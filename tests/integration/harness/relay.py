"""The mail server behind the front door for those who have logged in: Postfix, or, for users who cannot run one, a
sink. Both know by nginx's XCLIENT who it is."""

import re

from .postfix import login_of


class PostfixRelay:
    """`port`; login(subject) is the login with which the message of that subject came, None: without one."""

    def __init__(self, postfix):
        self.port = postfix.ports["relay"]
        self.log = postfix.log
        self._postfix = postfix

    def login(self, subject):
        return login_of(self._postfix.wait_for_message(subject))


class SinkRelay:
    """The same of the last session: who reads only what is said to it keeps no messages."""

    def __init__(self, sink):
        self.port = sink.port
        self.log = None
        self._sink = sink

    def login(self, _):
        said = re.search(rb" LOGIN=(\S+)", self._sink.xclient()[-1])
        return said.group(1).decode() if said else None
