"""The SMTP server of the other tests does what they think it does; seen with Python's own client."""

import json
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.certs import Authority
from harness.process import wait_until
from harness.smtp_script import SmtpScript


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def connect(server, authority, mode):
    context = ssl.create_default_context(cafile=authority.ca)
    if mode == "implicit":
        return smtplib.SMTP_SSL("localhost", server.port, context=context, timeout=20)
    client = smtplib.SMTP("localhost", server.port, timeout=20)
    if mode == "starttls":
        client.starttls(context=context)
    return client


@pytest.mark.parametrize("mode", ["none", "starttls", "implicit"])
def test_a_password_is_judged(tmp_path, authority, mode):
    certificate, key = authority.issue("mx")
    options = {} if mode == "none" else {"certificate": certificate, "key": key}
    with SmtpScript(tmp_path, tls=mode, password="open sesame", **options) as server:
        with connect(server, authority, mode) as client:
            assert client.login("boss@acme.example", "open sesame")[0] == 235
        with connect(server, authority, mode) as client, pytest.raises(smtplib.SMTPAuthenticationError) as error:
            client.login("boss@acme.example", "swordfish")
        assert error.value.smtp_code == 535


def test_without_tls_a_password_is_refused_where_tls_is_wanted(tmp_path, authority):
    certificate, key = authority.issue("mx2")
    with SmtpScript(tmp_path, tls="starttls", certificate=certificate, key=key) as server:
        with smtplib.SMTP("localhost", server.port, timeout=20) as client:
            client.ehlo()
            assert not client.has_extn("auth")
            assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538


@pytest.mark.parametrize("step, command", [("ehlo", "EHLO here"), ("auth", "AUTH PLAIN AGEAYg==")])
def test_it_refuses_at_a_step(tmp_path, step, command):
    with SmtpScript(tmp_path, refuse=step, refusal="421 4.3.2 not now") as server:
        with smtplib.SMTP("localhost", server.port, timeout=20) as client:
            assert client.docmd(command)[0] == 421


def test_it_refuses_at_the_greeting(tmp_path):
    with SmtpScript(tmp_path, refuse="greeting", refusal="554 5.7.1 go away") as server:
        with pytest.raises(smtplib.SMTPConnectError) as error:
            smtplib.SMTP("localhost", server.port, timeout=20)
        assert error.value.smtp_code == 554


def test_it_holds_many_sessions_while_it_is_slow(tmp_path):
    def login(_):
        with smtplib.SMTP("localhost", server.port, timeout=60) as client:
            return client.login("boss", "secret")[0]

    with SmtpScript(tmp_path, delay=1) as server, ThreadPoolExecutor(50) as pool:
        assert list(pool.map(login, range(50))) == [235] * 50
        assert server.stats()["most_open"] >= 40


def test_it_says_to_each_recipient_what_the_test_wants_and_counts(tmp_path):
    recipients = json.dumps({"gone@acme.example": "550-5.1.1 no\n550 5.1.1 such user"})
    with SmtpScript(tmp_path, recipients=recipients, recipient_reply="450 4.2.0 later") as server:
        with smtplib.SMTP("localhost", server.port, timeout=20) as client:
            client.ehlo()
            assert client.mail("")[0] == 250
            assert client.rcpt("gone@acme.example") == (550, b"5.1.1 no\n5.1.1 such user")
            assert client.rcpt("anna@acme.example")[0] == 450
            stats = server.stats()
        assert stats["asked"] == ["TO:<gone@acme.example>", "TO:<anna@acme.example>"]
        assert (stats["mails"], stats["asking"], stats["most_asking"]) == (1, 1, 1)


def test_it_holds_a_recipient_until_the_test_lets_go(tmp_path):
    held = tmp_path / "go-on"
    with SmtpScript(tmp_path, hold=held) as server, ThreadPoolExecutor(1) as pool:
        with smtplib.SMTP("localhost", server.port, timeout=20) as client:
            client.ehlo()
            client.mail("")
            answer = pool.submit(client.rcpt, "anna@acme.example")
            wait_until(lambda: server.stats()["asked"], 20, "the recipient")
            assert not answer.done()
            held.touch()
            assert answer.result(20)[0] == 250
