"""A web page that asks for a login: real nginx with nginx-conf's auth_request files before a web application, over
TLS and without, asked by curl and by hand-made requests."""

import base64
import http.client
import re
import ssl
import subprocess

import pytest

from harness.door import FrontDoor
from harness.fastcgi import ask, login
from harness.mailreeve import parse_logfmt
from harness.nginx import Nginx
from harness.page import Page
from harness.process import free_port
from harness.responder import Responder
from harness.setups import PASSWORD, USER, users_file

CONFIGURATION = """
listener "web" { auth = "encrypted"  auth_users = "deny robots" }
listener "open" { auth = "on" }
listener "mx" { auth = "off"  on_auth_when_off = "ban"  upstream_inbound = "mx" }
list "robots" { kind = "user"  entries = {"*@robots.acme.example"} }
organization "acme" { domains = {"acme.example", "*.acme.example"}  sources = {} }
organization "slow" { domains = {"slow.example"}  sources = {"down"} }
source "users" { type = "users"  file = "users" }
source "down" { type = "smtp"  server = {"127.0.0.1:9"}  tls = "none" }
upstream "mx" { check = "none"  server "mta1" { address = "127.0.0.1:10025" } }
rule "closed" { protocol = "http"  senders = ""  clients = ""  organizations = {"closed"}  action = "refuse" }
organization "closed" { domains = {"closed.example"}  sources = {} }
"""

CLOSED = "zoe@closed.example"

# As the head of nginx-conf/auth-request.conf says.
WEB = """
access_log {log};
server {{
    listen 127.0.0.1:{tls} ssl;
    listen 127.0.0.1:{plain};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    include mailreeve/auth-request.conf;
    location / {{
        include mailreeve/protected.conf;
        proxy_pass http://127.0.0.1:{page};
        proxy_set_header X-Auth-User $mailreeve_user;
        proxy_set_header Authorization "";
        {more}
    }}
}}
"""


class WebDoor:
    """A front door with a protected page: get() asks for it."""

    def __init__(self, folder, certificate, key, page, ca, more="limit_req_dry_run on;"):
        """more: lines for the page's location; most tests ask more often than a person."""
        self.plain, self.tls = free_port(), free_port()
        self.access_log = folder / "access.log"
        self.trust = ssl.create_default_context(cafile=ca)
        settings = WEB.format(log=self.access_log, tls=self.tls, plain=self.plain, certificate=certificate, key=key,
                              page=page.port, more=more)
        self.door = FrontDoor(folder / "web", certificate, key, CONFIGURATION,
                              {"users": users_file(**{CLOSED: PASSWORD})}, http_settings=settings)

    def __enter__(self):
        self.door.start()
        return self

    def __exit__(self, *_):
        self.door.stop()

    def connect(self, tls=True):
        if tls:
            return http.client.HTTPSConnection("localhost", self.tls, context=self.trust, timeout=40)
        return http.client.HTTPConnection("127.0.0.1", self.plain, timeout=40)

    def get(self, credentials=None, tls=True, path="/", **headers):
        """The answer: status, headers, body. credentials: "user:password", or bytes for the whole header."""
        connection = self.connect(tls)
        if isinstance(credentials, str):
            credentials = basic(credentials)
        if credentials is not None:
            headers["Authorization"] = credentials
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def decisions(self):
        lines = self.door.log.read_text().splitlines()
        return [parse_logfmt(line) for line in lines if " event=decision " in line]


def basic(credentials):
    return b"Basic " + base64.b64encode(credentials.encode())


def shown(answer):
    """The headers that the page saw: {name: value}."""
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in answer.text.splitlines())}


@pytest.fixture(scope="module")
def page():
    with Page() as server:
        yield server


@pytest.fixture(scope="module")
def web(shared_scratch, front_certificate, page, authority):
    with WebDoor(shared_scratch, *front_certificate, page, authority.ca) as door:
        yield door


@pytest.fixture
def own_web(scratch, front_certificate, page, authority):
    """As web, for a test that leaves it in another state."""
    with WebDoor(scratch, *front_certificate, page, authority.ca, more="") as door:
        yield door


def test_the_right_password_shows_the_page_to_the_canonical_user(web):
    answer = web.get(f"Anna@ACME.example:{PASSWORD}")
    assert answer.status == 200
    assert shown(answer)["x-auth-user"] == USER


def test_curl_gets_the_page_too(web, authority):
    done = subprocess.run(["curl", "-sS", "--cacert", authority.ca, "--user", f"{USER}:{PASSWORD}", "--max-time", "40",
                           f"https://localhost:{web.tls}/"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"X-Auth-User: {USER}\n" in done.stdout


def test_the_page_does_not_get_the_password(web):
    answer = web.get(f"{USER}:{PASSWORD}")
    assert "authorization" not in shown(answer)


def test_the_decision_is_in_the_log_as_all_others(web):
    web.get(f"{USER}:{PASSWORD}")
    line = web.decisions()[-1]
    assert {name: line.get(name) for name in (
        "listener", "protocol", "method", "user", "client", "organization", "tls", "verdict", "code", "reason",
        "source", "upstream")} == {
        "listener": "web", "protocol": "http", "method": "plain", "user": USER, "client": "127.0.0.1",
        "organization": "acme", "tls": "on", "verdict": "accept", "code": "204", "reason": "auth.ok",
        "source": "users", "upstream": None}


@pytest.mark.parametrize("credentials", [
    None, f"{USER}:wrong", f"{USER}:", ":", f"nobody@acme.example:{PASSWORD}", "nobody@nowhere.example:any",
    b"Basic not-base64", b"Basic", b"Bearer abc", b"Basic " + base64.b64encode(b"no colon"),
    b"Basic " + base64.b64encode(b"anna@acme.example:a\0b"), b"Basic " + base64.b64encode(b"an na\r\n:x")])
def test_whoever_is_not_logged_in_is_asked_to(web, credentials):
    answer = web.get(credentials)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="mail", charset="UTF-8"'
    assert "x-auth-user" not in answer.text.lower()


def talk(web, *logins):
    """Every byte that comes back for requests with these logins, sent at once; but for the times of day."""
    requests = [b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic(one) + b"\r\n" for one in logins]
    connection = web.connect()
    connection.connect()
    connection.sock.sendall(b"\r\n".join(requests) + b"Connection: close\r\n\r\n")
    heard = b""
    while part := connection.sock.recv(65536):
        heard += part
    connection.close()
    return re.sub(rb"\r\nDate: [^\r]+", b"", heard)


def test_an_unknown_user_and_a_wrong_password_get_the_same_bytes(web):
    wrong = talk(web, f"{USER}:wrong")
    assert wrong.startswith(b"HTTP/1.1 401 ")
    assert talk(web, "nobody@acme.example:wrong") == wrong
    assert talk(web, "nobody@nowhere.example:wrong") == wrong


def test_the_answer_of_the_service_is_the_same_bytes_too(web):
    def answer(credentials):
        return ask(web.door.socket, {
            "DOCUMENT_URI": "/auth-request", "REQUEST_METHOD": "GET", "HTTP_X_LISTENER": "web",
            "HTTP_AUTHORIZATION": basic(credentials), "REMOTE_ADDR": "192.0.2.1", "HTTPS": "on"})
    wrong, unknown = answer(f"{USER}:wrong"), answer("nobody@acme.example:wrong")
    assert wrong["Status"] == "401 Unauthorized"
    assert (wrong.header, wrong.body) == (unknown.header, unknown.body)


@pytest.mark.parametrize("credentials", [f"{USER}:{PASSWORD}", f"{USER}:wrong", None])
def test_without_tls_nobody_gets_in_and_no_password_is_asked_for(web, credentials):
    answer = web.get(credentials, tls=False)
    assert answer.status == 403
    assert answer.headers["WWW-Authenticate"] is None


def test_a_refused_name_is_forbidden(web):
    assert web.get("r2@robots.acme.example:any").status == 403
    assert web.decisions()[-1]["reason"] == "auth.user-denied"


def test_a_rule_section_holds_for_pages_too(web):
    assert web.get(f"{CLOSED}:{PASSWORD}").status == 403
    assert (web.decisions()[-1]["reason"], web.decisions()[-1]["code"]) == ("rule.closed", "403")


def test_a_source_that_is_down_is_nobodys_wrong_password(web):
    answer = web.get("zoe@slow.example:any")
    assert answer.status == 503
    assert answer.headers["WWW-Authenticate"] is None
    assert web.decisions()[-1]["reason"] == "auth.source-unavailable"


def test_headers_of_the_client_have_no_effect(web):
    """The listener "open" would let the password in without TLS."""
    forged = {"X_Listener": "open", "X_Auth_User": "boss@acme.example", "Https": "on", "HTTPS": "on",
              "Remote_Addr": "203.0.113.9", "Client_IP": "203.0.113.9", "Auth_Method": "none", "Auth_SSL": "on",
              "Document_URI": "/auth", "Auth_User": "boss@acme.example"}
    assert web.get(f"{USER}:{PASSWORD}", tls=False, **forged).status == 403
    assert web.decisions()[-1]["listener"] == "web"
    assert web.get(None, **forged).status == 401
    answer = web.get(f"{USER}:{PASSWORD}", **forged)
    assert answer.status == 200
    assert shown(answer)["x-auth-user"] == USER
    line = web.decisions()[-1]
    assert (line["listener"], line["client"], line["protocol"]) == ("web", "127.0.0.1", "http")


def test_nginx_asks_with_what_it_is_told_and_nothing_of_the_clients(scratch, front_certificate, page):
    certificate, key = front_certificate
    tls, plain = free_port(), free_port()
    settings = WEB.format(log="off", tls=tls, plain=plain, certificate=certificate, key=key, page=page.port, more="")
    with Responder(scratch / "auth.sock", lambda _: {"Status": "204 No Content", "X-Auth-User": "anna"}) as responder, \
            Nginx(scratch / "nginx", responder.path, certificate, key, http_settings=settings):
        connection = http.client.HTTPConnection("127.0.0.1", plain, timeout=40)
        connection.request("GET", "/secret?page", headers={"Cookie": "a=b", "X-Listener": "open", "Remote-Addr": "::1",
                                                           "Authorization": "Basic YTpi", "Document-Uri": "/auth"})
        assert "X-Auth-User: anna\n" in connection.getresponse().read().decode()
        connection.close()
        assert responder.asked == [{
            "REQUEST_METHOD": b"GET", "DOCUMENT_URI": b"/auth-request", "HTTP_X_LISTENER": b"web",
            "HTTP_AUTHORIZATION": b"Basic YTpi", "REMOTE_ADDR": b"127.0.0.1"}]


def test_the_question_itself_cannot_be_asked_from_outside(web):
    before = len(web.decisions())
    assert web.get(f"{USER}:{PASSWORD}", path="/mailreeve-auth-request").status == 404
    assert len(web.decisions()) == before


def test_a_failure_of_the_page_is_the_pages_own(web):
    assert web.get(f"{USER}:{PASSWORD}", path="/broken").status == 500


def test_a_listener_that_is_not_configured_lets_nobody_in(web):
    answer = ask(web.door.socket, {
        "DOCUMENT_URI": "/auth-request", "HTTP_X_LISTENER": "nowhere", "REMOTE_ADDR": "192.0.2.1", "HTTPS": "on",
        "HTTP_AUTHORIZATION": basic(f"{USER}:{PASSWORD}")})
    assert answer["Status"] == "503 Service Unavailable"


def test_a_listener_that_came_twice_lets_nobody_in(web):
    """What a forgotten `fastcgi_pass_request_headers off` would bring about."""
    answer = ask(web.door.socket, [
        ("DOCUMENT_URI", "/auth-request"), ("HTTP_X_LISTENER", "web"), ("HTTP_X_LISTENER", "open"),
        ("REMOTE_ADDR", "192.0.2.1"), ("HTTPS", "on"), ("HTTP_AUTHORIZATION", basic(f"{USER}:{PASSWORD}"))])
    assert answer["Status"] == "503 Service Unavailable"


def test_no_log_holds_a_password(web):
    secret = "unlogged-pässword"
    web.get(f"{USER}:{secret}")
    web.get(basic(f"{USER}:{secret}") + b"!")
    web.get(b"Bearer " + secret.encode())
    encoded = base64.b64encode(secret.encode())[:16]
    for log in (web.door.log, web.access_log, *web.door.nginx.folder.glob("*.log")):
        text = log.read_bytes()
        assert b"unlogged-p" not in text and encoded not in text, log
    assert USER.encode() in web.access_log.read_bytes()


def test_without_mailreeve_nobody_gets_in(own_web):
    own_web.door.service.stop()
    try:
        assert own_web.get(f"{USER}:{PASSWORD}").status == 503
    finally:
        own_web.door.service.start()
    assert own_web.get(f"{USER}:{PASSWORD}").status == 200


def test_a_banned_client_hears_that_there_were_too_many(own_web):
    assert own_web.get(f"{USER}:{PASSWORD}").status == 200
    ask(own_web.door.socket, login(USER, "any", listener="mx", client="127.0.0.1"))
    answer = own_web.get(f"{USER}:{PASSWORD}")
    assert answer.status == 429
    assert own_web.decisions()[-1]["reason"] == "auth.banned"


def test_nobody_can_try_passwords_without_end(own_web):
    tries = 200
    heard = talk(own_web, *(f"{USER}:guess-{i}" for i in range(tries)))
    statuses = re.findall(rb"HTTP/1.1 (\d+) ", heard)
    assert len(statuses) == tries and set(statuses) == {b"401", b"429"}
    assert len(own_web.decisions()) == statuses.count(b"401")
