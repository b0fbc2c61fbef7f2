"""No log line and no core file holds a password: every flow at debug level, then a search of the log and of the
whole memory of the Release program, also of what it asks the kernel to leave out of core files."""

import base64
import os
import resource
import shutil
import signal
import subprocess
from contextlib import ExitStack
from urllib.parse import quote_from_bytes

import pytest

from harness import fastcgi
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve, program
from harness.process import build_dir, socket_answers, source_dir, wait_until
from harness.setups import cheap_hash
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_script import SmtpScript

# Each is sent in a flow of its own, so that a find tells which flow leaks. ~ and % are escaped in requests,
# and no other text of the test looks like these.
STEM = "kT7~q%Vx2-"


def word(flow):
    return f"{STEM}{flow}-Rw9zLp4"


CONFIGURATION = """
log_level = "debug"
failure_delay = 1s
listener "submission" {{ auth = "on"  require_tls = true  upstream = "mta" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mta" }}
listener "imap" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
organization "smtp" {{ domains = {{"smtp.example"}}  sources = {{"smtp"}} }}
organization "gone" {{ domains = {{"gone.example"}}  sources = {{"gone"}} }}
source "users" {{ type = "users"  file = "users" }}
source "smtp" {{ type = "smtp"  server = {{"{smtp}"}}  tls = "none"  mechanisms = {{"plain", "login"}} }}
source "gone" {{ type = "smtp"  server = {{"127.0.0.1:9"}}  tls = "none" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""

LDAP_CONFIGURATION = """
organization "ldap" {{ domains = {{"ldap.example"}}  sources = {{"ldap"}} }}
source "ldap" {{ type = "ldap"  uri = {{"{slapd.uri}"}}  base = "{slapd.base}"  filter = "(uid=%n)"
    bind_dn = "{slapd.service_dn}"  bind_password_file = "{slapd.service_password_file}" }}
"""

MAILBOX_CONFIGURATION = """
organization "imap" {{ domains = {{"imap.example"}}  sources = {{"imap"}} }}
source "imap" {{ type = "imap"  server = {{"127.0.0.1:{ports[imap]}"}}  ca_file = "{ca}" }}
organization "pop3" {{ domains = {{"pop3.example"}}  sources = {{"pop3"}} }}
source "pop3" {{ type = "pop3"  server = {{"127.0.0.1:{ports[pop3]}"}}  tls = "none"  mechanisms = {{"login"}} }}
"""


def release_program():
    """The program as it is shipped: where this build is another one, it is built beside it."""
    cache = (build_dir() / "CMakeCache.txt").read_text()
    if "CMAKE_BUILD_TYPE:STRING=Release" in cache:
        return program()
    if not os.access(build_dir(), os.W_OK):
        pytest.skip("the Release program is built in the build folder, and that belongs to somebody else")
    folder = build_dir() / "release-program"
    for command in (["cmake", "-S", source_dir(), "-B", folder, "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", folder, "--target", "mailreeve-auth", "-j2"]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "bin" / "mailreeve-auth"


def forms(secret):
    """The bytes of a secret as they are, as a request has them, and in base64 at each of the three places
    that they can have in what was encoded."""
    raw = secret.encode()
    found = {raw, quote_from_bytes(raw, safe="").encode(), quote_from_bytes(raw).encode(), raw.hex().encode()}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        # the characters at the edges depend on the neighbours too
        whole = (before + len(raw)) // 3 * 4
        found.add(encoded[4 if before else 0:whole])
    return found


def find_secrets(data):
    """Which flows' secrets are in data; half a secret is one too. All have the stem, so a core file of gigabytes is
    searched for that alone."""
    if not any(form in data for form in forms(STEM)):
        return set()
    found = {flow for flow in (*FLOWS, BROKEN) if any(form in data for form in forms(word(flow)))}
    return found or {"a part of some secret"}


def plain(user, flow, **more):
    return fastcgi.login(user, word(flow), **more)


def twice(flow):
    return [*plain("anna@acme.example", flow).items(), ("HTTP_AUTH_PASS", "other")]


def web(user, flow, scheme="Basic", end="", **more):
    """What nginx's auth_request sends."""
    login = base64.b64encode(f"{user}:{word(flow)}".encode()).decode()
    return {"DOCUMENT_URI": "/auth-request", "HTTP_X_LISTENER": "submission", "REMOTE_ADDR": "192.0.2.1", "HTTPS": "on",
            "HTTP_AUTHORIZATION": f"{scheme} {login}{end}", **more}


FLOWS = {
    "users-ok": lambda flow: plain("anna@acme.example", flow),
    "users-wrong": lambda flow: plain("anna@acme.example", flow),
    "unknown": lambda flow: plain("nobody@acme.example", flow),
    "no-organization": lambda flow: plain("nobody@nowhere.example", flow),
    "smtp-ok": lambda flow: plain("zoe@smtp.example", flow),
    "smtp-wrong": lambda flow: plain("zoe@smtp.example", flow),
    "smtp-gone": lambda flow: plain("zoe@gone.example", flow),
    "ldap-ok": lambda flow: plain("lena@ldap.example", flow),
    "ldap-wrong": lambda flow: plain("lena@ldap.example", flow),
    "ldap-unknown": lambda flow: plain("nobody@ldap.example", flow),
    "mailbox-imap-ok": lambda flow: plain("ina@imap.example", flow),
    "mailbox-imap-wrong": lambda flow: plain("ina@imap.example", flow),
    "mailbox-pop3-ok": lambda flow: plain("pia@pop3.example", flow),
    "mailbox-pop3-wrong": lambda flow: plain("pia@pop3.example", flow),
    "imap": lambda flow: plain("anna@acme.example", flow, listener="imap", protocol="imap"),
    "pop3": lambda flow: plain("anna@acme.example", flow, listener="imap", protocol="pop3"),
    "clear-text": lambda flow: plain("anna@acme.example", flow, tls=False),
    "auth-off": lambda flow: plain("anna@acme.example", flow, listener="mx"),
    "no-listener": lambda flow: plain("anna@acme.example", flow, listener="nowhere"),
    "method": lambda flow: plain("anna@acme.example", flow, method="external"),
    "malformed-user": lambda flow: plain("an na\r\n", flow),
    "control-character": lambda flow: fastcgi.login("anna@acme.example", word(flow) + "\n"),
    "long": lambda flow: fastcgi.login("anna@acme.example", word(flow) * 60),
    "very-long": lambda flow: fastcgi.login("anna@acme.example", word(flow) * 400),
    "bad-escape": lambda flow: plain("anna@acme.example", flow)
    | {"HTTP_AUTH_PASS": quote_from_bytes(word(flow).encode(), safe="") + "%zz"},
    "twice": twice,
    "none": lambda flow: fastcgi.recipient("MAIL FROM:<a@b.example>", "RCPT TO:<c@acme.example>")
    | {"HTTP_AUTH_USER": "anna@acme.example", "HTTP_AUTH_PASS": quote_from_bytes(word(flow).encode())},
    "web-wrong": lambda flow: web("anna@acme.example", flow),
    "web-unknown": lambda flow: web("nobody@acme.example", flow),
    "web-smtp": lambda flow: web("zoe@smtp.example", flow),
    "web-clear-text": lambda flow: web("anna@acme.example", flow, HTTPS=""),
    "web-garbled": lambda flow: web("anna@acme.example", flow, end="!"),
    "web-bearer": lambda flow: web("anna@acme.example", flow, scheme="Bearer"),
    "web-twice": lambda flow: [*web("anna@acme.example", flow).items(), ("HTTP_AUTHORIZATION", "Basic YTpi")],
    "unknown-path": lambda flow: plain("anna@acme.example", flow) | {"DOCUMENT_URI": "/nowhere"},
}

# broken off in the middle of the password
BROKEN = "broken-off"


@pytest.fixture(scope="module")
def released():
    return release_program()


@pytest.fixture
def service(scratch, released, authority):
    with ExitStack() as stack:
        smtp = stack.enter_context(SmtpScript(scratch, password=word("smtp-ok")))
        text = CONFIGURATION.format(smtp=smtp.address)
        if slapd_is_usable():
            entries = [person("lena", word("ldap-ok"), "dc=ldap,dc=example")]
            slapd = stack.enter_context(Slapd(scratch / "slapd", entries, base="dc=ldap,dc=example"))
            text += LDAP_CONFIGURATION.format(slapd=slapd)
        if dovecot_is_usable():
            mailboxes = {f"{name}@{kind}.example": word(f"mailbox-{kind}-ok") for name, kind in
                         (("ina", "imap"), ("pia", "pop3"))}
            dovecot = stack.enter_context(Dovecot(scratch / "dovecot", mailboxes, True, *authority.issue("dovecot")))
            text += MAILBOX_CONFIGURATION.format(ports=dovecot.ports, ca=authority.ca)
        users = f"anna@acme.example:{cheap_hash(word('users-ok'))}:\n"
        running = Mailreeve(scratch / "service", text, {"users": users})
        running.process.argv[0] = str(released)
        yield stack.enter_context(running)


def run_flows(service):
    """All flows, on kept and on single connections. Returns the reasons of the log by flow."""
    reasons = {}
    with service.connect() as kept:
        for flow, make in FLOWS.items():
            if (flow.startswith("ldap") and not slapd_is_usable()
                    or flow.startswith("mailbox") and not dovecot_is_usable()):
                continue
            for connection in (None, kept):
                before = len(service.decisions())
                (connection or service).ask(make(flow))
                reasons[flow] = [event["reason"] for event in service.decisions()[before:]]
    run_at_once(service, ("unknown-path", "none", "twice", "web-garbled", "web-twice"))
    request = fastcgi.encode_request(plain("anna@acme.example", BROKEN))
    with service.connect() as connection:
        connection.send(request[:request.index(b"Rw9z") + 2])
    service.ask(plain("anna@acme.example", "users-ok"))
    return reasons


def run_at_once(service, flows, times=16):
    """Requests whose password nobody decodes, each in memory of its own: what comes later overwrites one alone."""
    connections = [service.connect(keep=False).open() for _ in range(times * len(flows))]
    for i, connection in enumerate(connections):
        connection.send(fastcgi.encode_request(FLOWS[flows[i % len(flows)]](flows[i % len(flows)])))
    for connection in connections:
        connection.read_answer()
        connection.close()


def take_core(process, folder):
    """The memory of the process, with what madvise(MADV_DONTDUMP) leaves out."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")
    core = folder / "core"
    done = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", "-p", str(process.pid), "-ex", "set use-coredump-filter off",
         "-ex", "set dump-excluded-mappings on", "-ex", f"generate-core-file {core}", "-ex", "detach"],
        capture_output=True, text=True, timeout=100)
    if not core.exists():
        pytest.skip(f"gdb may not look into the process: {done.stderr[-300:]}")
    return core.read_bytes()


def test_search_finds_what_is_there():
    for flow in FLOWS:
        secret = word(flow).encode()
        for data in (secret, base64.b64encode(b"\0anna\0" + secret), base64.b64encode(b"\0ann\0" + secret),
                     base64.b64encode(secret), quote_from_bytes(secret).encode()):
            assert find_secrets(b"before" + data + b"after") == {flow}
    assert find_secrets(b"nothing" * 100) == set()


def test_no_password_in_log_or_memory(service, scratch):
    reasons = run_flows(service)
    assert reasons["users-ok"] == reasons["smtp-ok"] == ["auth.ok"]
    assert reasons["users-wrong"] == reasons["smtp-wrong"] == ["auth.bad-credentials"]
    assert reasons["web-wrong"] == reasons["web-smtp"] == ["auth.bad-credentials"]
    if slapd_is_usable():
        assert reasons["ldap-ok"] == ["auth.ok"] and reasons["ldap-wrong"] == ["auth.bad-credentials"]
    if dovecot_is_usable():
        assert reasons["mailbox-imap-ok"] == reasons["mailbox-pop3-ok"] == ["auth.ok"]
        assert reasons["mailbox-imap-wrong"] == reasons["mailbox-pop3-wrong"] == ["auth.bad-credentials"]
    log = service.log
    assert "level=debug" in log
    assert find_secrets(log.encode()) == set()

    core = take_core(service.process, scratch)
    assert b"anna@acme.example" in core, "the core file does not hold the process's memory"
    assert find_secrets(core) == set()


def crash(argv, folder, ready):
    """Runs the command with the highest limit for core files, aborts it when it is ready, and returns its status."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)))
    try:
        wait_until(ready, 20, f"{argv[0]} to be ready")
    finally:
        child.send_signal(signal.SIGABRT)
        _, status = os.waitpid(child.pid, 0)
        child.returncode = -signal.SIGABRT
    assert os.WIFSIGNALED(status)
    return status


def test_crash_leaves_no_core_file(service, scratch):
    if not os.WCOREDUMP(crash(["sleep", "100"], scratch, lambda: True)):
        pytest.skip("this machine writes no core files")
    service.process.stop()
    status = crash(service.process.argv, scratch, lambda: socket_answers(service.socket))
    assert not os.WCOREDUMP(status)
