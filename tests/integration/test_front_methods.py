"""The methods beside PLAIN through real nginx: CRAM-MD5, APOP and client certificates (EXTERNAL), with Postfix and
Dovecot behind it, which see who it is and get the password where nginx has to log in there."""

import base64
import hashlib
import hmac
import imaplib
import poplib
import smtplib
import ssl
import subprocess

import pytest

from harness import fastcgi
from harness.certs import Authority, fingerprint
from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import parse_logfmt
from harness.setups import cheap_hash
from harness.sink import Sink
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_talk import plain

BASE = "dc=dir,dc=example"
# known in clear, hashed, disabled; in the directory, known in clear there
CLARA, HASAN, DAN = "clara@acme.example", "hasan@acme.example", "dan@acme.example"
DORA = "dora@dir.example"
PASSWORDS = {CLARA: "clara's Pa55 wörd", HASAN: "hasan-secret", DAN: "dan-secret", DORA: "dora secret, 100%"}
STRANGER = "customer@far.example"

USERS = (f"{CLARA}:{{PLAIN}}{PASSWORDS[CLARA]}\n{HASAN}:{cheap_hash(PASSWORDS[HASAN])}:protocols=smtp imap\n"
         f"{DAN}:{{PLAIN}}{PASSWORDS[DAN]}:disabled\n")

CONFIGURATION = """
failure_delay = 1s
max_attempts = {attempts}
listener "submission" {{ require_auth = true  methods = {{"plain", "cram-md5", "external"}}  certificates = "phones"
                         upstream = "relay"  default_domain = "acme.example"  {submission} }}
listener "mx" {{ auth = "off"  upstream_inbound = "relay" }}
listener "imap" {{ methods = {{"plain", "cram-md5", "external"}}  certificates = "phones"  upstream = "imap" }}
listener "pop3" {{ methods = {{"plain", "cram-md5", "apop"}}  upstream = "pop3" }}
list "phones" {{ kind = "certificate"  entries = {{"{CLARA} {clara}", "{HASAN} CN=hasan\\\\, the phone,O=Acme",
                                                   "{DAN} CN=dan", "{DORA} CN=dora", "gone@acme.example CN=gone"}} }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
organization "dir" {{ domains = {{"dir.example"}}  sources = {{"directory"}} }}
source "users" {{ type = "users"  file = "users" }}
source "directory" {{ type = "ldap"  uri = {{"{uri}"}}  ca_file = "{ca}"  bind_dn = "{bind_dn}"
                      bind_password_file = "ldap-password"  base = "{base}"  filter = "(mail=%u)"
                      username_attribute = "mail"  password = "fetch"  password_attribute = "description" }}
upstream "relay" {{ server "postfix" {{ address = "127.0.0.1:{relay}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

INCLUDE = "include mailreeve/client-certificates.conf;\ninclude mailreeve/challenges.conf;\n"


@pytest.fixture(scope="module")
def dovecot(shared_scratch):
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    with Dovecot(shared_scratch / "dovecot", PASSWORDS) as server:
        yield server


@pytest.fixture(scope="module")
def slapd(shared_scratch, authority):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    people = [person("dora", None, BASE, mail=DORA, description=PASSWORDS[DORA])]
    with Slapd(shared_scratch / "slapd", people, BASE, authority.issue("slapd"), authority.ca) as server:
        yield server


@pytest.fixture(scope="module")
def certificates(shared_scratch, authority):
    """{whose: (certificate, key)}; "stranger" is of the same authority, "evil" of another and says to be Dan."""
    subjects = {"clara": "/CN=clara's", "hasan": "/O=Acme/CN=hasan, the phone", "dan": "/CN=dan", "dora": "/CN=dora",
                "gone": "/CN=gone", "stranger": "/CN=stranger"}
    made = {name: authority.issue(name, subject=subject) for name, subject in subjects.items()}
    return made | {"evil": Authority(shared_scratch / "evil").issue("evil", subject="/CN=dora")}


@pytest.fixture(scope="module")
def make_configuration(authority, certificates, slapd):
    # the last attempt is refused at once
    def make(relay, imap, pop3, submission="", attempts=1):
        return CONFIGURATION.format(attempts=attempts, CLARA=CLARA, HASAN=HASAN, DAN=DAN, DORA=DORA,
                                    submission=submission, relay=relay,
                                    imap=imap, pop3=pop3, clara=fingerprint(certificates["clara"][0]),
                                    uri=slapd.tls_uri, ca=authority.ca, bind_dn=slapd.service_dn, base=BASE)
    return make


@pytest.fixture(scope="module")
def files(slapd):
    return {"users": USERS, "ldap-password": slapd.service_password + "\n"}


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, authority, relay, dovecot, make_configuration, files):
    """The shipped files on all ports but 587, where certificates of other authorities may come in, too."""
    text = make_configuration(relay.port, dovecot.ports["imap"], dovecot.ports["pop3"])
    lenient = INCLUDE.replace("include mailreeve/client-certificates.conf;",
                              "ssl_verify_client optional_no_ca;  ssl_client_certificate mailreeve/site/client-ca.pem;"
                              "  smtp_auth external;")
    ports = {"submission": lenient, **{name: INCLUDE for name in ("submissions", "imap", "imaps", "pop3", "pop3s")}}
    with FrontDoor(shared_scratch / "door", *front_certificate, text, files, port_settings=ports,
                   client_ca=authority.ca) as front:
        yield front


@pytest.fixture
def decisions(door):
    """The audit lines since the last call."""
    seen = 0

    def read():
        nonlocal seen
        lines = [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line]
        new, seen = lines[seen:], len(lines)
        return new

    read()
    return read


@pytest.fixture
def trust(authority):
    """trust(name) -> a context that shows that certificate; None: none."""
    def make(certificate=None):
        context = ssl.create_default_context(cafile=authority.ca)
        if certificate:
            context.load_cert_chain(*map(str, certificate))
        return context
    return make


counter = iter(range(1000))


def send(client, sender):
    subject = f"methods {next(counter)}"
    client.sendmail(sender, STRANGER, f"Subject: {subject}\r\n\r\ntext\r\n")
    return subject


# --- CRAM-MD5 and APOP ------------------------------------------------------------------------------------------

def smtp_cram_md5(door, context, user, password):
    """Logs in on 465; the client, to be closed."""
    client = smtplib.SMTP_SSL("localhost", door.ports["submissions"], context=context, timeout=40)
    try:
        client.ehlo()
        # bytes, for smtplib's own takes ASCII alone
        client.auth("CRAM-MD5", lambda challenge=None: None if challenge is None else
                    f"{user} " + hmac.new(password.encode(), challenge, hashlib.md5).hexdigest(),
                    initial_response_ok=False)
        return client
    except BaseException:
        client.close()
        raise


def cram_answer(user, password):
    """For imaplib."""
    return lambda challenge: f"{user} {hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()}".encode()


@pytest.mark.parametrize("user", [CLARA, DORA])
def test_cram_md5_by_smtp_arrives_with_its_login(door, relay, trust, user):
    with smtp_cram_md5(door, trust(), user, PASSWORDS[user]) as client:
        subject = send(client, user)
    assert relay.login(subject) == user


def test_swaks_logs_in_by_cram_md5(door, relay, authority):
    done = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(door.ports["submission"]), "--tls",
                           "--tls-verify", "--tls-ca-path", str(authority.ca), "--auth", "CRAM-MD5", "--auth-user",
                           DORA, "--auth-password", PASSWORDS[DORA], "--from", DORA, "--to", STRANGER,
                           "--header", "Subject: by swaks", "--timeout", "40"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AUTH CRAM-MD5" in done.stdout
    assert relay.login("by swaks") == DORA


def test_a_name_without_domain_and_in_capitals_is_the_same_user(door, relay, trust):
    with smtp_cram_md5(door, trust(), "Clara", PASSWORDS[CLARA]) as client:
        subject = send(client, CLARA)
    assert relay.login(subject) == CLARA


@pytest.mark.parametrize("user, password, outcome", [
    (CLARA, "wrong", "wrong password"), (DORA, "wrong", "wrong password"), ("nobody@acme.example", "x", "unknown user"),
    ("nobody@dir.example", "x", "unknown user"), (HASAN, PASSWORDS[HASAN], "no clear password"),
    (DAN, PASSWORDS[DAN], "disabled")])
def test_cram_md5_is_refused_alike_whatever_was_wrong(door, trust, decisions, user, password, outcome):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        smtp_cram_md5(door, trust(), user, password)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 authentication failed")
    [line] = decisions()
    assert (line["method"], line["reason"], line["outcome"]) == ("cram-md5", "auth.bad-credentials", outcome)


def imap_cram_md5(door, context, user, password):
    client = imaplib.IMAP4_SSL("localhost", door.ports["imaps"], ssl_context=context, timeout=40)
    try:
        client.authenticate("CRAM-MD5", cram_answer(user, password))
        return client.select()[0]
    finally:
        client.shutdown()


def pop3(door, context):
    return poplib.POP3_SSL("localhost", door.ports["pop3s"], context=context, timeout=40)


def pop3_apop(door, context, user, password):
    client = pop3(door, context)
    try:
        stamp = client.welcome.split()[-1]
        answer = hashlib.md5(stamp + password.encode()).hexdigest()
        client._shortcmd(f"APOP {user} {answer}")
        return client.stat()
    finally:
        client.close()


def pop3_cram_md5(door, context, user, password):
    client = pop3(door, context)
    try:
        challenge = base64.b64decode(client._shortcmd("AUTH CRAM-MD5").split()[1])
        client._shortcmd(base64.b64encode(cram_answer(user, password)(challenge)).decode())
        return client.stat()
    finally:
        client.close()


@pytest.mark.parametrize("user", [CLARA, DORA])
def test_nginx_logs_in_upstream_by_the_password_that_it_was_told(door, trust, user):
    assert imap_cram_md5(door, trust(), user, PASSWORDS[user]) == "OK"
    assert pop3_apop(door, trust(), user, PASSWORDS[user]) == (0, 0)
    assert pop3_cram_md5(door, trust(), user, PASSWORDS[user]) == (0, 0)


def test_poplib_logs_in_by_apop(door, trust):
    client = pop3(door, trust())
    try:
        client.apop(DORA, PASSWORDS[DORA])
        assert client.stat() == (0, 0)
    finally:
        client.close()


@pytest.mark.parametrize("user, password", [(CLARA, "wrong"), (HASAN, PASSWORDS[HASAN]), ("nobody@acme.example", "x")])
def test_wrong_answers_are_refused_in_imaps_and_pop3s_words(door, trust, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"\[AUTHENTICATIONFAILED\] authentication failed"):
        imap_cram_md5(door, trust(), user, password)
    for login in (pop3_apop, pop3_cram_md5):
        with pytest.raises(poplib.error_proto, match=r"-ERR \[AUTH\] authentication failed"):
            login(door, trust(), user, password)


def test_an_answer_to_one_challenge_is_none_to_the_next(door, trust):
    client = pop3(door, trust())
    try:
        answer = hashlib.md5(b"<1.1@mail.example.com>" + PASSWORDS[CLARA].encode()).hexdigest()
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            client._shortcmd(f"APOP {CLARA} {answer}")
    finally:
        client.close()


def ask_cram_md5(service, listener="submission", protocol="smtp", user=CLARA, salt="<1.2@mail.example.com>", **more):
    answer = hmac.new(PASSWORDS[user].encode(), salt.encode(), hashlib.md5).hexdigest()
    return fastcgi.ask(service.socket, fastcgi.login(user, answer, listener=listener, protocol=protocol,
                                                     method="cram-md5", HTTP_AUTH_SALT=salt, **more))


def test_the_password_leaves_the_service_only_where_nginx_needs_it(door):
    smtp = ask_cram_md5(door)
    assert smtp.ok and smtp["Auth-User"] == CLARA
    assert smtp["Auth-Pass"] is None
    imap = ask_cram_md5(door, listener="imap", protocol="imap")
    assert imap.ok and imap["Auth-Pass"].encode("latin-1").decode() == PASSWORDS[CLARA]
    # PLAIN's is the client's own, and nginx has it
    plain = fastcgi.ask(door.socket, fastcgi.login(CLARA, PASSWORDS[CLARA], listener="imap", protocol="imap"))
    assert plain.ok and plain["Auth-Pass"] is None


@pytest.mark.parametrize("salt", [None, "", "<" + 600 * "1" + "@x>"])
def test_without_a_challenge_that_can_be_one_the_question_is_malformed(door, salt):
    question = fastcgi.login(CLARA, "0" * 32, method="cram-md5")
    if salt is not None:
        question["HTTP_AUTH_SALT"] = salt
    assert fastcgi.ask(door.socket, question)["Auth-Error-Code"] == "501 5.5.2"


def test_with_proxy_smtp_auth_nginx_logs_in_at_the_smtp_server_too(scratch, front_certificate, authority, trust,
                                                                   certificates, make_configuration, files):
    """At a server that nginx must log in at, as XCLIENT is nothing to it."""
    with Sink() as sink:
        text = make_configuration(sink.port, 9, 9, submission="proxy_smtp_auth = true", attempts=2)
        ports = {"submissions": f"{INCLUDE}\nproxy_smtp_auth on;\n"}
        with FrontDoor(scratch / "door", *front_certificate, text, files, port_settings=ports,
                       client_ca=authority.ca) as front:
            with smtp_cram_md5(front, trust(), CLARA, PASSWORDS[CLARA]) as client:
                send(client, CLARA)
            with external(front, trust(certificates["dora"])) as client:
                send(client, DORA)
            # nginx sends along the password of the attempt before
            with external(front, trust(certificates["clara"]), before=[(DORA, "wrong")]) as client:
                send(client, CLARA)
            # nobody knows his in clear
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                external(front, trust(certificates["hasan"]))
            assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (504, b"5.5.4")
        logins = [base64.b64decode(line.split()[2]).decode() for line in sink.lines()
                  if line.startswith(b"AUTH PLAIN ")]
    assert logins == [f"\0{user}\0{PASSWORDS[user]}" for user in (CLARA, DORA, CLARA)]


# --- client certificates ----------------------------------------------------------------------------------------

def external(door, context, name="", port="submissions", before=()):
    """Logs in by the context's certificate, as name; before: (user, password) of refused attempts before it."""
    if port == "submission":
        client = smtplib.SMTP("localhost", door.ports[port], timeout=40)
        client.starttls(context=context)
    else:
        client = smtplib.SMTP_SSL("localhost", door.ports[port], context=context, timeout=40)
    try:
        client.ehlo()
        for user, password in before:
            assert client.docmd(plain(user, password).decode())[0] == 535
        client.auth("EXTERNAL", lambda challenge=None: name)
        return client
    except BaseException:
        client.close()
        raise


@pytest.mark.parametrize("certificate, user", [("clara", CLARA), ("hasan", HASAN), ("dora", DORA)])
@pytest.mark.parametrize("port", ["submission", "submissions"])
def test_a_certificate_says_who_it_is(door, relay, trust, certificates, decisions, certificate, user, port):
    """By its fingerprint, by its subject, in a directory."""
    with external(door, trust(certificates[certificate]), port=port) as client:
        subject = send(client, user)
    assert relay.login(subject) == user
    assert [(line["method"], line["verdict"], line["user"]) for line in decisions()] == [("external", "accept", user)]


@pytest.mark.parametrize("name", [CLARA, CLARA.upper(), "clara"])
def test_a_client_may_say_the_name_as_well(door, relay, trust, certificates, name):
    with external(door, trust(certificates["clara"]), name) as client:
        subject = send(client, CLARA)
    assert relay.login(subject) == CLARA


def test_without_an_initial_response_it_is_the_same(door, relay, trust, certificates):
    """nginx asks for a user name then; an empty answer leaves it to the certificate, too."""
    for answer in (base64.b64encode(CLARA.encode()).decode(), "=", ""):
        with smtplib.SMTP_SSL("localhost", door.ports["submissions"], context=trust(certificates["clara"]),
                              timeout=40) as client:
            client.ehlo()
            assert client.docmd("AUTH EXTERNAL")[0] == 334
            assert client.docmd(answer)[0] == 235
            client.ehlo_resp = client.ehlo_resp or b"known"
            subject = send(client, CLARA)
        assert relay.login(subject) == CLARA


@pytest.mark.parametrize("certificate, name, rule", [
    (None, "", "no certificate that nginx trusts"), (None, CLARA, "no certificate that nginx trusts"),
    ("evil", "", "no certificate that nginx trusts"), ("evil", DORA, "no certificate that nginx trusts"),
    ("stranger", "", "not among them"), ("stranger", CLARA, "not among them"),
    ("clara", HASAN, "somebody else"), ("clara", "clara@dir.example", "somebody else"),
    ("dan", "", "disabled"), ("gone", "", "unknown user")])
def test_no_or_another_certificate_is_refused(door, trust, certificates, decisions, certificate, name, rule):
    """All in the same words; "evil" has the subject of one that is in the list, but of its own authority."""
    context = trust(certificates.get(certificate))
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        external(door, context, name, port="submission")
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 authentication failed")
    [line] = decisions()
    assert (line["method"], line["reason"]) == ("external", "auth.bad-credentials")
    assert rule in line["rule"]


def test_nginx_closes_to_certificates_of_other_authorities_as_shipped(door, trust, certificates, decisions):
    with pytest.raises((smtplib.SMTPException, OSError)) as refused:
        external(door, trust(certificates["evil"]), DORA)
    assert "421" in str(refused.value) or isinstance(refused.value, (smtplib.SMTPServerDisconnected, OSError))
    assert decisions() == []


def test_a_right_password_of_an_earlier_attempt_does_not_stand_for_a_certificate(door):
    """nginx sends it along with EXTERNAL."""
    answer = fastcgi.ask(door.socket, fastcgi.login(CLARA, PASSWORDS[CLARA], method="external",
                                                    HTTP_AUTH_SSL_VERIFY="NONE"))
    assert answer["Auth-Error-Code"] == "535 5.7.8"


def test_an_accepted_certificate_takes_that_password_back(door, certificates):
    answer = fastcgi.ask(door.socket, fastcgi.login(
        "", "of an earlier attempt", method="external", HTTP_AUTH_SSL_VERIFY="SUCCESS",
        HTTP_AUTH_SSL_FINGERPRINT=fingerprint(certificates["clara"][0]).replace(":", "").lower()))
    assert answer.ok
    assert (answer["Auth-User"], answer["Auth-Pass"]) == (CLARA, "")


def test_without_tls_there_is_no_certificate(door, certificates):
    answer = fastcgi.ask(door.socket, fastcgi.login("", "", method="external", tls=False))
    assert answer["Auth-Error-Code"] == "538 5.7.11"


def imap_external(door, context):
    client = imaplib.IMAP4_SSL("localhost", door.ports["imaps"], ssl_context=context, timeout=40)
    try:
        client.authenticate("EXTERNAL", lambda challenge: b"")
        return client.select()[0]
    finally:
        client.shutdown()


@pytest.mark.parametrize("certificate", ["clara", "dora"])
def test_imap_takes_a_certificate_where_a_source_knows_the_password(door, trust, certificates, certificate):
    assert imap_external(door, trust(certificates[certificate])) == "OK"


def test_imap_takes_no_certificate_where_nobody_knows_the_password(door, trust, certificates, decisions):
    with pytest.raises(imaplib.IMAP4.error, match=r"\[AUTHENTICATIONFAILED\]"):
        imap_external(door, trust(certificates["hasan"]))
    [line] = decisions()
    assert (line["reason"], line["user"]) == ("auth.method", HASAN)


def test_pop3_does_not_offer_it_here(door, trust, certificates):
    client = pop3(door, trust(certificates["clara"]))
    try:
        assert client._shortcmd("AUTH EXTERNAL").startswith(b"+")
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            client._shortcmd("=")
    finally:
        client.close()


# --- methods that there are not yet -----------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["xoauth2", "oauthbearer", "ntlm"])
def test_methods_that_are_not_offered_are_refused_as_such(door, method):
    assert fastcgi.ask(door.socket, fastcgi.login(CLARA, "token", method=method))["Auth-Error-Code"] == "504 5.5.4"


# --- secrets ------------------------------------------------------------------------------------------------------

def test_no_log_holds_a_password(door, relay):
    """After all of the above."""
    nginxs = (*door.nginx.folder.glob("*.log"), *door.nginx.folder.glob("*.out"))
    for log in (door.log, *nginxs, *([relay.log] if relay.log else [])):
        text = log.read_text(errors="replace")
        for password in PASSWORDS.values():
            assert password not in text, log
