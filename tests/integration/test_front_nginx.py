"""nginx-conf itself: real nginx with the shipped files and, in the place of mailreeve-auth, a responder that
records what it is asked."""

import base64
import hashlib
import imaplib
import os
import poplib
import re
import smtplib
import socket
import ssl
import stat
import urllib.parse
import warnings

import pytest

from harness.certs import Authority
from harness.nginx import Nginx
from harness.process import source_dir
from harness.responder import Responder


def refuse(_):
    return {"Auth-Status": "refused by the test", "Auth-Error-Code": "535 5.7.8", "Auth-Wait": "0"}


@pytest.fixture(scope="module")
def responder(shared_scratch):
    with Responder(shared_scratch / "auth.sock", refuse) as backend:
        yield backend


@pytest.fixture(scope="module")
def front(shared_scratch, front_certificate, responder):
    with Nginx(shared_scratch / "nginx", responder.path, *front_certificate) as nginx:
        yield nginx


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


def submission(front, trust):
    client = smtplib.SMTP("localhost", front.ports["submission"], timeout=20)
    client.starttls(context=trust)
    client.ehlo()
    return client


def plain(user, password):
    return "AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password).decode()


def http_over_unix(path, request):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(20)
        client.connect(str(path))
        client.sendall(request)
        answer = b""
        while part := client.recv(4096):
            answer += part
    return answer


@pytest.mark.parametrize("port, listener", [
    ("submission", b"submission"), ("submissions", b"submission"), ("smtp", b"mx")])
def test_an_smtp_login_names_its_listener(front, responder, trust, port, listener):
    if port == "submissions":
        client = smtplib.SMTP_SSL("localhost", front.ports[port], timeout=20, context=trust)
    else:
        client = smtplib.SMTP("localhost", front.ports[port], timeout=20)
        client.starttls(context=trust)
    client.ehlo()
    client.docmd(plain(b"joe@one.example", b"word"))
    asked = responder.asked[-1]
    assert asked["HTTP_X_LISTENER"] == listener
    assert asked["HTTP_AUTH_PROTOCOL"] == b"smtp"
    assert asked["HTTP_AUTH_METHOD"] == b"plain"
    assert asked["HTTP_AUTH_USER"] == b"joe@one.example"
    assert asked["HTTP_AUTH_PASS"] == b"word"
    assert asked["HTTP_AUTH_SSL"] == b"on"
    assert asked["HTTP_CLIENT_IP"] == b"127.0.0.1"
    assert asked["DOCUMENT_URI"] == b"/auth"


@pytest.mark.parametrize("port", ["imap", "imaps"])
def test_an_imap_login_names_its_listener(front, responder, trust, port):
    if port == "imaps":
        client = imaplib.IMAP4_SSL("localhost", front.ports[port], ssl_context=trust, timeout=20)
    else:
        client = imaplib.IMAP4("localhost", front.ports[port], timeout=20)
        client.starttls(trust)
    with pytest.raises(imaplib.IMAP4.error, match="refused by the test"):
        client.login("joe@one.example", "word")
    asked = responder.asked[-1]
    assert (asked["HTTP_X_LISTENER"], asked["HTTP_AUTH_PROTOCOL"]) == (b"imap", b"imap")


@pytest.mark.parametrize("port", ["pop3", "pop3s"])
def test_a_pop3_login_names_its_listener(front, responder, trust, port):
    if port == "pop3s":
        client = poplib.POP3_SSL("localhost", front.ports[port], context=trust, timeout=20)
    else:
        client = poplib.POP3("localhost", front.ports[port], timeout=20)
        client.stls(trust)
    client.user("joe@one.example")
    with pytest.raises(poplib.error_proto, match="refused by the test"):
        client.pass_("word")
    asked = responder.asked[-1]
    assert (asked["HTTP_X_LISTENER"], asked["HTTP_AUTH_PROTOCOL"]) == (b"pop3", b"pop3")


def test_a_recipient_without_login_is_asked_with_both_command_lines(front, responder):
    client = smtplib.SMTP("localhost", front.ports["smtp"], timeout=20)
    client.ehlo("client.example")
    client.docmd("MAIL FROM:<a@far.example> SIZE=10 BODY=8BITMIME")
    assert client.docmd("RCPT TO:<b@one.example>")[0] == 535
    asked = responder.asked[-1]
    assert asked["HTTP_AUTH_METHOD"] == b"none"
    assert asked["HTTP_AUTH_SMTP_HELO"] == b"client.example"
    assert asked["HTTP_AUTH_SMTP_FROM"] == b"MAIL FROM:<a@far.example> SIZE=10 BODY=8BITMIME"
    assert asked["HTTP_AUTH_SMTP_TO"] == b"RCPT TO:<b@one.example>"


def test_names_and_passwords_of_4_kib_arrive_though_each_byte_becomes_three(front, responder, trust):
    name, word = b" " * 4096, b"%" * 4096
    client = submission(front, trust)
    assert client.docmd(plain(name, word))[0] == 535
    asked = responder.asked[-1]
    assert len(asked["HTTP_AUTH_USER"]) == len(asked["HTTP_AUTH_PASS"]) == 3 * 4096
    assert urllib.parse.unquote_to_bytes(asked["HTTP_AUTH_USER"]) == name
    assert urllib.parse.unquote_to_bytes(asked["HTTP_AUTH_PASS"]) == word


def test_no_password_is_offered_or_taken_before_tls(front, responder):
    client = smtplib.SMTP("localhost", front.ports["submission"], timeout=20)
    client.ehlo()
    before = len(responder.asked)
    assert "auth" not in client.esmtp_features
    assert client.docmd(plain(b"joe@one.example", b"word"))[0] == 500
    imap = imaplib.IMAP4("localhost", front.ports["imap"], timeout=20)
    assert "LOGINDISABLED" in imap.capabilities
    with pytest.raises(imaplib.IMAP4.error):
        imap.login("joe@one.example", "word")
    assert len(responder.asked) == before


@pytest.mark.parametrize("port", ["smtp", "submission"])
def test_nothing_is_announced_that_would_lose_mail(front, trust, port):
    client = smtplib.SMTP("localhost", front.ports[port], timeout=20)
    client.starttls(context=trust)
    client.ehlo()
    assert "chunking" not in client.esmtp_features
    assert "smtputf8" not in client.esmtp_features
    assert ("auth" in client.esmtp_features) == (port == "submission")


@pytest.mark.parametrize("version, works", [
    (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)])
def test_only_tls_1_2_and_1_3_are_spoken(front, trust, version, works):
    if version == ssl.TLSVersion.TLSv1_1:
        warnings.simplefilter("ignore", DeprecationWarning)
    # Debian's own floor for clients is TLS 1.2; this client is let below it, so that the server decides.
    trust.set_ciphers("DEFAULT:@SECLEVEL=0")
    trust.minimum_version = trust.maximum_version = version
    if works:
        smtplib.SMTP_SSL("localhost", front.ports["submissions"], timeout=20, context=trust).quit()
    else:
        with pytest.raises(ssl.SSLError):
            smtplib.SMTP_SSL("localhost", front.ports["submissions"], timeout=20, context=trust)


@pytest.mark.parametrize("path", [
    "/", "/api/v1/reload", "/api/v1/cache/flush", "/api/v1/sources", "/status", "/metrics", "/auth-request", "/auth/", "/auth/../api/v1/reload",
    "/auth%2f..%2fapi/v1/reload"])
def test_only_nginx_mails_own_question_is_passed_on(front, responder, path):
    before = len(responder.asked)
    answer = http_over_unix(front.question_socket, f"POST {path} HTTP/1.0\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert len(responder.asked) == before


def listening_ports():
    """The TCP ports on which somebody on this machine listens: {port: inode of the socket}."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            with open(table) as lines:
                rows = [line.split() for line in list(lines)[1:]]
            found |= {int(row[1].rpartition(":")[2], 16): row[9] for row in rows if row[3] == "0A"}
    return found


def test_no_tcp_port_hears_a_question(front):
    """nginx listens on the ports of the mail protocols, and for its own question on a unix socket."""
    sockets = {os.readlink(f"/proc/{front.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{front.process.pid}/fd")}
    ports = {port for port, inode in listening_ports().items() if f"socket:[{inode}]" in sockets}
    assert ports == set(front.ports.values())
    assert stat.S_ISSOCK(os.stat(front.question_socket).st_mode)


@pytest.mark.parametrize("file", ["mail.conf", "auth-server.conf", "http.conf"])
def test_the_shipped_files_put_questions_to_unix_sockets_only(file):
    text = (source_dir() / "nginx-conf" / "site" / file).read_text()
    ways = re.findall(r"^\s*(?:auth_http|listen|server)\s+(\S+)", text, re.M)
    assert ways and all(way.startswith("unix:") for way in ways), ways


def test_fastcgi_connections_are_kept(front, responder, trust):
    """One client after the other: far fewer FastCGI connections than questions."""
    before = responder.connections
    for _ in range(20):
        client = submission(front, trust)
        client.docmd(plain(b"joe@one.example", b"word"))
        client.close()
    # each worker process has kept ones of its own
    assert responder.connections - before <= os.cpu_count()


def test_no_log_of_nginx_holds_a_password(front, trust):
    word = b"unlogged-" + b"x" * 40
    client = submission(front, trust)
    client.docmd(plain(b"joe@one.example", word))
    imap = imaplib.IMAP4_SSL("localhost", front.ports["imaps"], ssl_context=trust, timeout=20)
    with pytest.raises(imaplib.IMAP4.error):
        imap.login("joe@one.example", word.decode())
    # a header line that is too long, and one that http does not like, are what nginx logs at level info
    for request in (b"GET /auth HTTP/1.0\r\nAuth-Pass: " + word + b"%20" * 20000 + b"\r\n\r\n",
                    b"GET /auth HTTP/1.0\r\nAuth-Pass: " + word + b"\0\r\n\r\n"):
        assert b" 400 " in http_over_unix(front.question_socket, request).split(b"\r\n", 1)[0]
    for log in front.folder.glob("*.log"):
        assert b"unlogged-" not in log.read_bytes(), log
    assert b"joe@one.example" in front.error_log.read_bytes()


@pytest.fixture
def front_without_backend(scratch, front_certificate):
    with Nginx(scratch / "nginx", scratch / "nobody.sock", *front_certificate) as nginx:
        yield nginx


def test_without_mailreeve_every_answer_is_a_temporary_failure(front_without_backend, trust):
    """http.conf answers in its place: nobody gets in, no mail is refused for good, no password is called wrong."""
    front = front_without_backend
    not_now = "temporary failure, try again later"
    client = submission(front, trust)
    assert client.docmd(plain(b"joe@one.example", b"word")) == (454, f"4.7.0 {not_now}".encode())
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    inbound = smtplib.SMTP("localhost", front.ports["smtp"], timeout=20)
    inbound.ehlo()
    inbound.docmd("MAIL FROM:<a@far.example>")
    assert inbound.docmd("RCPT TO:<b@one.example>") == (454, f"4.7.0 {not_now}".encode())
    imap = imaplib.IMAP4_SSL("localhost", front.ports["imaps"], ssl_context=trust, timeout=20)
    with pytest.raises(imaplib.IMAP4.error, match=rf"\[UNAVAILABLE\] {not_now}"):
        imap.login("joe@one.example", "word")
    pop = poplib.POP3_SSL("localhost", front.ports["pop3s"], context=trust, timeout=20)
    pop.user("joe@one.example")
    with pytest.raises(poplib.error_proto, match=rf"-ERR \[SYS/TEMP\] {not_now}"):
        pop.pass_("word")


# --- the files that offer more methods --------------------------------------------------------------------------

METHODS_FILES = "include mailreeve/client-certificates.conf;\ninclude mailreeve/challenges.conf;\n"


@pytest.fixture(scope="module")
def methods_front(shared_scratch, front_certificate, authority, responder):
    """Both files on the ports with TLS from the first byte."""
    ports = {port: METHODS_FILES for port in ("submissions", "imaps", "pop3s")}
    with Nginx(shared_scratch / "nginx-methods", responder.path, *front_certificate, port_settings=ports,
               client_ca=authority.ca) as nginx:
        yield nginx


def smtps(front, trust):
    client = smtplib.SMTP_SSL("localhost", front.ports["submissions"], context=trust, timeout=20)
    client.ehlo()
    return client


def test_each_protocol_announces_the_methods_that_were_added(front, methods_front, trust):
    with smtps(methods_front, trust) as client:
        assert set(client.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"}
    imap = imaplib.IMAP4_SSL("localhost", methods_front.ports["imaps"], ssl_context=trust, timeout=20)
    assert {word for word in imap.capabilities if word.startswith("AUTH=")} == {
        "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5", "AUTH=EXTERNAL"}
    imap.shutdown()
    pop = poplib.POP3_SSL("localhost", methods_front.ports["pop3s"], context=trust, timeout=20)
    assert set(pop.capa()["SASL"]) == {"PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"}
    assert re.fullmatch(rb"\+OK POP3 ready <[0-9.]+@mail.example.com>", pop.welcome)
    pop.close()
    # and no others where the files are not included
    with submission(front, trust) as client:
        assert set(client.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN"}


def test_what_nginx_says_of_a_client_certificate(methods_front, responder, authority, trust):
    certificate = authority.issue("client", subject="/O=Acme, Inc./CN=Boss")
    trust.load_cert_chain(*certificate)
    with smtps(methods_front, trust) as client:
        client.docmd("AUTH EXTERNAL =")
    asked = responder.asked[-1]
    der = ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    assert (asked["HTTP_AUTH_METHOD"], asked["HTTP_AUTH_USER"], asked["HTTP_AUTH_PASS"]) == (b"external", b"", b"")
    assert asked["HTTP_AUTH_SSL_VERIFY"] == b"SUCCESS"
    assert asked["HTTP_AUTH_SSL_FINGERPRINT"].decode() == hashlib.sha1(der).hexdigest()
    assert asked["HTTP_AUTH_SSL_SUBJECT"] == rb"CN=Boss,O=Acme\, Inc."


@pytest.fixture
def patient(responder):
    """nginx keeps a session whose attempt was refused with a wait."""
    answer = responder.answer
    responder.answer = lambda _: {**refuse(_), "Auth-Wait": "1"}
    yield
    responder.answer = answer


def test_what_is_left_of_earlier_attempts_comes_along(methods_front, responder, patient, trust):
    """mailreeve must not look at it: the password with EXTERNAL, the challenge with everything."""
    with smtps(methods_front, trust) as client:
        client.docmd(plain(b"joe@one.example", b"word"))
        client.docmd("AUTH EXTERNAL =")
        assert responder.asked[-1]["HTTP_AUTH_PASS"] == b"word"
        challenge = base64.b64decode(client.docmd("AUTH CRAM-MD5")[1])
        client.docmd(base64.b64encode(b"joe@one.example " + 32 * b"0").decode())
        assert responder.asked[-1]["HTTP_AUTH_SALT"] == challenge
        for line, method in ((plain(b"joe@one.example", b"word"), b"plain"), ("AUTH EXTERNAL =", b"external")):
            client.docmd(line)
            assert responder.asked[-1]["HTTP_AUTH_METHOD"] == method
            assert responder.asked[-1].get("HTTP_AUTH_SALT") == (None if method == b"plain" else challenge)


def test_the_longest_question_with_a_certificate_arrives(methods_front, responder, authority, trust):
    """RFC 4954's longest line, each byte escaped three-fold, and a subject of 8 KiB beside it."""
    subject = "".join(f"/OU={number:03d}{60 * 'u'}" for number in range(120)) + "/CN=long"
    trust.load_cert_chain(*authority.issue("long", subject=subject))
    with smtps(methods_front, trust) as client:
        client.docmd(plain(4000 * b"%", 5200 * b" "))
    asked = responder.asked[-1]
    assert asked["HTTP_AUTH_USER"] == 4000 * b"%25" and asked["HTTP_AUTH_PASS"] == 5200 * b"%20"
    assert len(asked["HTTP_AUTH_SSL_SUBJECT"]) > 8000


def test_a_certificate_of_another_authority_ends_the_session(methods_front, responder, scratch, trust):
    trust.load_cert_chain(*Authority(scratch / "other").issue("other"))
    before = len(responder.asked)
    client = smtplib.SMTP(timeout=20)
    client.sock = trust.wrap_socket(socket.create_connection(("localhost", methods_front.ports["submissions"]), 20),
                                    server_hostname="localhost")
    assert client.getreply() == (421, b"4.7.1 SSL certificate error")
    client.close()
    assert len(responder.asked) == before
