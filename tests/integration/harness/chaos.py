"""A TCP proxy before a real server, which on command does what networks and servers do when they fail.

One thread runs all proxies (Chaos); each Proxy passes bytes both ways until a fault is set:

    refuse()              nobody listens
    drop()                connections are taken and closed at once
    stall(way, n)         from the n-th message on nothing more passes that way
    reset(way, n)         ... the connection is reset instead
    half(n)               of the n-th message to the client one half passes, then the connection is closed
    bad_tls(context)      TLS begins as it should, but with this certificate

A message is what comes in one piece: a command, an answer, a flight of a handshake. Where TLS is begun by a
command, bad_tls lets that and its answer pass. heal() ends the fault and lets go what was held, late as it is.
Connections that stand when a fault is set have it too: their messages are counted from then on.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading

from .process import free_port

UP, DOWN = "up", "down"
WAYS = (UP, DOWN)

# What begins TLS: the commands of SMTP and IMAP, of POP3, and the object identifier of LDAP.
BEGINS_TLS = (b"STARTTLS", b"STLS", b"1.3.6.1.4.1.1466.20037")


class Fault:
    """What is wrong now. `over` is set by heal()."""

    def __init__(self, kind, way=DOWN, n=1, context=None):
        self.kind, self.way, self.n, self.context = kind, way, n, context
        self.over = asyncio.Event()

    def __repr__(self):
        return f"{self.kind} {self.way} {self.n}" if self.kind in ("stall", "reset", "half") else self.kind


def refuse():
    return Fault("refuse")


def drop():
    return Fault("drop")


def stall(way, n):
    return Fault("stall", way, n)


def reset(way, n):
    return Fault("reset", way, n)


def half(n):
    return Fault("half", DOWN, n)


def bad_tls(context):
    return Fault("bad-tls", context=context)


class Cut(Exception):
    """The connection is at its end."""


class _Link:
    """One connection of a client and its connection to the server."""

    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.ends = {UP: server, DOWN: client}  # where a way leads: (reader, writer)
        self.counts = dict.fromkeys(WAYS, 0)
        self.counted_for = None
        self.begins_tls = False

    def count(self, way):
        """Counts a message for the fault there is now."""
        if self.counted_for is not self.proxy.fault:
            self.counted_for = self.proxy.fault
            self.counts = dict.fromkeys(WAYS, 0)
        self.counts[way] += 1
        return self.counts[way]

    def close(self, reset=False):
        for _, writer in self.ends.values():
            if reset:
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def obstruct(self, way, message):
        """Does what is wrong; returns what is to be passed on. Raises Cut behind the last bytes."""
        n = self.count(way)
        fault = self.proxy.fault
        if fault is None or fault.way != way or n < fault.n:
            return message
        if fault.kind == "stall":
            await fault.over.wait()
        elif fault.kind == "reset":
            self.close(reset=True)
            raise Cut
        elif fault.kind == "half":
            self.ends[way][1].write(message[:(len(message) + 1) // 2])
            with contextlib.suppress(OSError):
                await self.ends[way][1].drain()
            raise Cut
        return message

    async def begin_bad_tls(self, fault, goes_ahead):
        """The client gets the go-ahead and another certificate; what it says behind that has leaked."""
        writer = self.ends[DOWN][1]
        writer.transport.pause_reading()
        writer.write(goes_ahead)
        await writer.start_tls(fault.context, ssl_handshake_timeout=10)

    async def pump(self, way):
        reader = self.ends[DOWN if way == UP else UP][0]
        writer = self.ends[way][1]
        while message := await reader.read(65536):
            fault = self.proxy.fault
            is_bad_tls = fault is not None and fault.kind == "bad-tls"
            if way == UP and writer_has_tls(self.ends[DOWN][1]):
                self.proxy.leaked += message
                raise Cut
            if way == UP and any(word in message.upper() for word in BEGINS_TLS):
                self.begins_tls = True
            if way == DOWN and is_bad_tls and self.begins_tls:
                await self.begin_bad_tls(fault, message)
                continue
            writer.write(await self.obstruct(way, message))
            await writer.drain()
        raise Cut

    async def run(self):
        pumps = [asyncio.ensure_future(self.pump(way)) for way in WAYS]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            # what was written must still come through before an orderly end
            for _, writer in self.ends.values():
                if not writer.transport.is_closing():
                    writer.close()


def writer_has_tls(writer):
    return writer.get_extra_info("ssl_object") is not None


class Proxy:
    """`port` on loopback, before the server at `target`."""

    def __init__(self, chaos, target, implicit=False):
        """implicit: TLS begins with the connection."""
        self.chaos, self.target, self.implicit = chaos, target, implicit
        self.fault = None
        self.leaked = b""  # what clients said to a server with a bad certificate
        self.links = set()
        self.port = free_port()
        self.listener = None
        chaos.run(self._listen())

    # ---- called by tests

    def set(self, fault):
        self.chaos.run(self._set(fault))

    def heal(self):
        self.set(None)

    # ---- in the thread

    async def _listen(self):
        self.listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _set(self, fault):
        before, self.fault = self.fault, fault
        if before is not None:
            before.over.set()
        if fault is not None and fault.kind in ("refuse", "drop", "bad-tls"):
            for link in list(self.links):
                link.close()
        if fault is not None and fault.kind == "refuse":
            self.listener.close()
            await self.listener.wait_closed()
        elif before is not None and before.kind == "refuse":
            await self._listen()

    async def _serve(self, reader, writer):
        fault = self.fault
        with contextlib.suppress(OSError, Cut):
            if fault is not None and fault.kind in ("drop", "refuse"):
                writer.close()
                return
            if fault is not None and fault.kind == "bad-tls" and self.implicit:
                await self._serve_bad_tls(fault, reader, writer)
                return
            try:
                server = await asyncio.open_connection("127.0.0.1", self.target)
            except OSError:
                writer.transport.abort()
                return
            link = _Link(self, (reader, writer), server)
            self.links.add(link)
            try:
                await link.run()
            finally:
                self.links.discard(link)

    async def _serve_bad_tls(self, fault, reader, writer):
        try:
            await writer.start_tls(fault.context, ssl_handshake_timeout=10)
            self.leaked += await reader.read(65536)
        finally:
            writer.transport.abort()


class Chaos:
    """The thread. Use as a context manager."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # clients that break off are what this is for
        self.thread = threading.Thread(target=self.loop.run_forever, name="chaos")
        self.proxies = []

    def proxy(self, target, implicit=False):
        self.proxies.append(Proxy(self, target, implicit))
        return self.proxies[-1]

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        async def end():
            for proxy in self.proxies:
                proxy.listener.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def faults(contexts, steps):
    """One of each: at each of the first steps of a conversation, and with each bad certificate."""
    found = [refuse(), drop(), *(bad_tls(context) for context in contexts)]
    for n in range(1, steps + 1):
        found += [*(stall(way, n) for way in WAYS), *(reset(way, n) for way in WAYS), half(n)]
    return found


def draw(contexts, steps, count, seed):
    """So many faults: each one at least once if there are enough, the same ones for the same seed."""
    source = random.Random(seed)
    drawn = []
    while len(drawn) < count:
        some = faults(contexts, steps)
        source.shuffle(some)
        drawn += some
    return drawn[:count]
