"""Must hold: 200,000 generated requests, bytes of every kind in every parameter, lengths up to what nginx passes:
no crash (run it on the Sanitize build), no answer over 700 bytes, no OK.

The seed is fixed, so that a failure can be had again; MAILREEVE_REQUESTS and MAILREEVE_SEED change the run.
"""

import multiprocessing
import os
import random

import pytest

from harness.fastcgi import Connection, login, recipient
from harness.mailreeve import Mailreeve
from harness.setups import PASSWORD, USER, configuration, users_file

REQUESTS = int(os.environ.get("MAILREEVE_REQUESTS", "200000"))
SEED = int(os.environ.get("MAILREEVE_SEED", "20261122"))
CONNECTIONS = 4
HEADER_MAX = 700

# a line of AUTH or MAIL has up to 9 KiB, of which user and password become three times as long
LONGEST = 27 * 1024

# The listeners can accept a login, but a recipient nowhere: what is generated could be a right one.
CONFIGURATION = configuration('log_level = "debug"\n').replace(
    'listener "mx" { auth = "off"', 'listener "mx" { auth = "on"  require_auth = true')

NAMES = ("HTTP_AUTH_METHOD", "HTTP_AUTH_USER", "HTTP_AUTH_PASS", "HTTP_AUTH_SALT", "HTTP_AUTH_PROTOCOL",
         "HTTP_AUTH_LOGIN_ATTEMPT", "HTTP_CLIENT_IP", "HTTP_CLIENT_HOST", "HTTP_AUTH_SMTP_HELO",
         "HTTP_AUTH_SMTP_FROM", "HTTP_AUTH_SMTP_TO", "HTTP_AUTH_SSL", "HTTP_X_LISTENER", "DOCUMENT_URI",
         "REQUEST_METHOD", "HTTP_AUTH_SSL_VERIFY", "HTTP_AUTHORIZATION", "REMOTE_ADDR", "HTTPS")

WORDS = {
    "HTTP_AUTH_METHOD": (b"plain", b"none", b"cram-md5", b"apop", b"external", b"PLAIN", b"xoauth2", b""),
    "HTTP_AUTH_PROTOCOL": (b"smtp", b"imap", b"pop3", b"SMTP", b""),
    "HTTP_AUTH_LOGIN_ATTEMPT": (b"1", b"3", b"0", b"-1", b"99999999999", b"1x", b""),
    "HTTP_CLIENT_IP": (b"192.0.2.1", b"2001:db8::1", b"::ffff:192.0.2.1", b"unix:", b"fe80::1%eth0", b"1.2.3", b""),
    "HTTP_AUTH_SSL": (b"on", b"off", b""),
    "HTTP_X_LISTENER": (b"submission", b"encrypted", b"mx", b"imap", b"nowhere", b""),
    "HTTP_AUTH_USER": (b"anna@acme.example", b"anna%40acme.example", b"%00", b"%", b"%zz", b"u%0D%0AMAIL FROM:<x@y>",
                       b"a%20ADDR=6.6.6.6", b"\xc3\xa4@acme.example", b"%FF", b"@", b"a@", b"@b", b"a@b@c", b""),
    "HTTP_AUTH_PASS": (b"", b"%00", b"a%00b", b"%0A", b"wrong", b"%", b"%e"),
    "HTTP_AUTH_SMTP_FROM": (b"MAIL FROM:<>", b"MAIL FROM:<a@b.example> SIZE=1 BODY=8BITMIME", b"MAIL FROM: <@x:a@b>",
                            b'mail from:<"a b"@c.example>', b"MAIL FROM:a@b", b"MAIL FROM:<a@b", b""),
    "HTTP_AUTH_SMTP_TO": (b"RCPT TO:<c@acme.example>", b"RCPT TO:<postmaster>", b"RCPT TO:<>", b"RCPT TO:c@d",
                          b'rcpt to:<"\\""@acme.example>', b"RCPT TO:<c@[192.0.2.1]>", b""),
    "HTTP_AUTHORIZATION": (b"Basic YW5uYUBhY21lLmV4YW1wbGU6d3Jvbmc=", b"Basic YTpi", b"Basic OnA=", b"Basic YTo=",
                           b"Basic YToAYg==", b"Basic YQ==", b"Basic ", b"Bearer x", b"basic  YTpi", b"Basic Y", b""),
    "DOCUMENT_URI": (b"/auth", b"/auth-request", b"/auth/", b"/", b"/nowhere", b""),
}

ALPHABETS = (bytes(range(256)), bytes(range(1, 128)), b"%0123456789abcdefABCDEF", b"a%@.<>:\"\\ =+\r\n\t\0\x7f\xc3\xa4",
             bytes(range(128, 256)))


def generate_bytes(rng):
    length = rng.choice((0, 1, 2, 7, 30, 100, 254, 255, 256, 300))
    if rng.random() < 0.01:
        length = rng.choice((1023, 1024, 1025, 4096, 9215, LONGEST))
    return bytes(rng.choices(rng.choice(ALPHABETS), k=length))


def generate_value(rng, name):
    kind = rng.random()
    words = WORDS.get(name)
    if words and kind < 0.5:
        return rng.choice(words)
    if words and kind < 0.7:
        value = bytearray(rng.choice(words))
        at = rng.randrange(len(value) + 1)
        value[at:at + rng.randrange(2)] = generate_bytes(rng)[:3]
        return bytes(value)
    return generate_bytes(rng)


def generate(rng):
    """A request that nginx could send, with some parameters changed, lacking or there twice; now and then
    nothing but noise. Never one with the right password."""
    if rng.random() < 0.05:
        return [(generate_bytes(rng) or b"x", generate_bytes(rng)) for _ in range(rng.randrange(20))]
    kind = rng.random()
    if kind < 0.5:
        params = login(USER, "not the password")
    elif kind < 0.85:
        params = recipient("MAIL FROM:<a@b.example>", "RCPT TO:<c@acme.example>")
    else:
        params = web("YW5uYUBhY21lLmV4YW1wbGU6d3Jvbmc=")
    params = list(params.items())
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        name = rng.choice(NAMES)
        # /auth nearly always: the other paths are not what this is about
        if name == "DOCUMENT_URI" and rng.random() < 0.9:
            continue
        if rng.random() < 0.9:
            params = [pair for pair in params if pair[0] != name]
        if rng.random() < 0.9:
            params.append((name, generate_value(rng, name)))
    rng.shuffle(params)
    return params


def web(credentials):
    """What nginx's auth_request sends."""
    return {"DOCUMENT_URI": "/auth-request", "REQUEST_METHOD": "GET", "HTTP_X_LISTENER": "submission",
            "HTTP_AUTHORIZATION": f"Basic {credentials}", "REMOTE_ADDR": "192.0.2.1", "HTTPS": "on"}


def send_many(path, seed, count, results):
    """Runs in a process of its own; puts (answers by status, complaint or None) into results."""
    rng = random.Random(seed)
    seen, complaint = {}, None
    with Connection(path) as connection:
        for i in range(count):
            params = generate(rng)
            try:
                answer = connection.ask(params)
            except Exception as error:  # whatever it was, there is no answer
                complaint = f"request {i} of seed {seed} had no answer ({error!r}): {params!r}"
                break
            status = answer["Auth-Error-Code"] or answer["Auth-Status"] or answer["Status"]
            seen[status] = seen.get(status, 0) + 1
            is_yes = answer.ok or answer["Auth-Server"] or answer["X-Auth-User"] or answer["Status"].startswith("204")
            if is_yes or len(answer.header) >= HEADER_MAX:
                complaint = f"request {i} of seed {seed} was answered by {answer!r}: {params!r}"
                break
    results.put((seen, complaint))


@pytest.mark.timeout_s(900)
def test_generated_requests(scratch):
    # The log is a gigabyte that nobody reads; what a sanitizer has to say goes to a file of its own.
    quiet = ("bash", "-c", 'exec "$@" 2>/dev/null', "bash")
    reports = scratch / "sanitizer"
    env = {name: f"{os.environ.get(name, '')}:log_path={reports}" for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")}
    with Mailreeve(scratch / "service", CONFIGURATION, {"users": users_file()}, env=env, wrapper=quiet) as service:
        assert service.ask(login(USER, PASSWORD)).ok
        results = multiprocessing.Queue()
        senders = [multiprocessing.Process(target=send_many, args=(str(service.socket), SEED + i,
                                                                   REQUESTS // CONNECTIONS, results))
                   for i in range(CONNECTIONS)]
        for sender in senders:
            sender.start()
        outcomes = [results.get() for _ in senders]
        for sender in senders:
            sender.join()
        found = "".join(path.read_text() for path in scratch.glob("sanitizer*"))
        complaints = [complaint for _, complaint in outcomes if complaint]
        assert not complaints and not found, "\n".join([*complaints, found])
        assert service.ask(login(USER, PASSWORD)).ok
    seen = {}
    for statuses, _ in outcomes:
        for status, count in statuses.items():
            seen[status] = seen.get(status, 0) + count
    print(seen)
    assert sum(seen.values()) == REQUESTS // CONNECTIONS * CONNECTIONS
    # the generator does reach the rules behind the decoding
    assert {"501 5.5.2", "535 5.7.8", "504 5.5.4", "530 5.7.0", "454 4.7.0", "401 Unauthorized",
            "503 Service Unavailable"} <= set(seen), seen
