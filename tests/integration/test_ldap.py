"""The ldap source against a real slapd, through ldap_driver: one process that is asked again and again, so that
connections, failures and returns can be seen. The same source behind nginx: test_front_*.py."""

import os
import re
import resource
import socket
import subprocess
import threading
import time

import pytest

from harness.certs import Authority
from harness.ldap_driver import BUDGET_MS, Source
from harness.process import build_dir, free_port, make_scratch, remove_scratch, wait_until
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

BASE = "dc=acme,dc=example"

ENTRIES = [
    person("alice", "alice's word", BASE, mail=["Alice@acme.example", "al@acme.example"]),
    person("bob", "bob's word", BASE, mail="bob@acme.example"),
    person("twin1", "same word", BASE, mail="twins@acme.example"),
    person("twin2", "same word", BASE, mail="twins@acme.example"),
    person("spaced", "spaced's word", BASE, mail="spaced@acme.example", employeeNumber="not a name"),
    (f"uid=star\\2A,ou=people,{BASE}", {"objectClass": "inetOrgPerson", "uid": "star*", "cn": "s", "sn": "s",
                                        "userPassword": "star's word"}),
    (f"uid=a\\2Cb\\2Bc\\3D#,ou=people,{BASE}", {"objectClass": "inetOrgPerson", "uid": "a,b+c=#", "cn": "s",
                                               "sn": "s", "userPassword": "comma's word"}),
    (f"uid=\\23hash,ou=people,{BASE}", {"objectClass": "inetOrgPerson", "uid": "#hash", "cn": "s", "sn": "s",
                                        "userPassword": "hash's word"}),
    person("nopassword", None, BASE, mail="nopassword@acme.example"),
    *(person(f"user{i}", f"pass{i}", BASE) for i in range(1000)),
]


@pytest.fixture(scope="module")
def folder():
    place = make_scratch("ldap")
    yield place
    if not os.environ.get("MAILREEVE_KEEP"):
        remove_scratch(place)


@pytest.fixture(scope="module")
def certificates(folder):
    return Authority(folder / "certs")


@pytest.fixture(scope="module")
def directory(folder, certificates):
    """A directory for the tests that only ask."""
    with Slapd(folder / "slapd", ENTRIES, base=BASE, ca=certificates.ca,
               certificate=certificates.issue("slapd", names=("ldap.acme.example",))) as server:
        yield server


@pytest.fixture
def own_directory(folder):
    """A directory that the test may stop."""
    with Slapd(folder / f"slapd-{time.monotonic_ns()}", ENTRIES, base=BASE) as server:
        yield server


def searching(server, **settings):
    return {"uri": [server.uri], "bind_dn": server.service_dn,
            "bind_password_file": server.service_password_file, "base": BASE,
            "filter": "(|(mail=%u)(uid=%n))", **settings}


@pytest.fixture
def source(folder, directory):
    with Source(folder, **searching(directory)) as opened:
        assert opened.opened, opened.log.read_text()
        yield opened


@pytest.fixture
def by_user_dn(folder, directory):
    with Source(folder, uri=[directory.uri], user_dn=f"uid=%n,ou=people,{BASE}") as opened:
        assert opened.opened, opened.log.read_text()
        yield opened


# What the directory says

def test_the_right_password_is_ok(source):
    assert source.verify("alice@acme.example", "alice's word").outcome == "ok"


def test_the_wrong_password_is_wrong_and_known_to_be_so(source):
    answer = source.verify("alice@acme.example", "bob's word")
    assert (answer.outcome, answer.may_be_unknown) == ("wrong", False)
    assert "Invalid credentials (49)" in answer.detail


def test_a_name_without_an_entry_is_unknown(source):
    assert source.verify("nobody@acme.example", "alice's word").outcome == "unknown"


def test_a_name_of_two_entries_is_ambiguous_even_with_the_right_password(source):
    assert source.verify("twins@acme.example", "same word").outcome == "ambiguous"


def test_an_empty_password_is_never_ok(source, by_user_dn):
    assert source.verify("alice@acme.example", "").outcome == "unavailable"
    assert by_user_dn.verify("alice@acme.example", "").outcome == "unavailable"


def test_an_entry_without_a_password_lets_nobody_in(source):
    for password in ("", "x", b"\0"):
        assert source.verify("nopassword@acme.example", password).outcome != "ok"


def test_a_password_is_taken_byte_by_byte(source):
    assert source.verify("alice", b"alice's word\0and more").outcome == "wrong"


def test_the_account_is_the_name_without_username_attribute(source):
    assert source.verify("al@acme.example", "alice's word").account == "al@acme.example"


def test_username_attribute_is_the_one_name_of_an_account_in_lower_case(folder, directory):
    with Source(folder, **searching(directory, username_attribute="mail")) as source:
        for name in ("alice", "al@acme.example", "alice@acme.example"):
            answer = source.verify(name, "alice's word")
            assert (answer.outcome, answer.account) == ("ok", "alice@acme.example")
        assert source.verify("alice", "wrong").account == "alice@acme.example"


def test_a_username_attribute_that_is_no_name_is_an_error_that_is_logged(folder, directory):
    with Source(folder, **searching(directory, username_attribute="employeeNumber")) as source:
        answer = source.verify("spaced@acme.example", "spaced's word")
        assert answer.outcome == "unavailable"
        assert "cannot be a login name" in answer.detail
        assert "has no employeeNumber" in source.verify("bob@acme.example", "bob's word").detail
        assert len(source.events("source.error")) == 1


def test_who_knows_whom(source, by_user_dn):
    assert source.knows("alice@acme.example") == "known"
    assert source.knows("twins@acme.example") == "known"
    assert source.knows("nobody@acme.example") == "unknown"
    assert by_user_dn.knows("alice@acme.example") == "cannot-tell"


def test_a_bind_by_user_dn_cannot_tell_wrong_from_unknown(by_user_dn):
    assert by_user_dn.verify("alice@acme.example", "alice's word").outcome == "ok"
    for name in ("alice", "nobody"):
        answer = by_user_dn.verify(f"{name}@acme.example", "wrong")
        assert (answer.outcome, answer.may_be_unknown) == ("wrong", True)


HOSTILE = ["*", "a*", "*)(uid=*", ")(uid=*", "alice)(|(uid=*", "\\2a", "\\", "alice\\", "(", ")", "&", "|", "!(uid=x)",
           "alice,ou=people", "alice+uid=bob", "#616c696365", "\"alice\"", "<alice>", "alice;", " alice x",
           "uid=alice", "%n", "%u", "\u0130", "\x01", "alice\x7f"]


@pytest.mark.parametrize("password", ["alice's word", "bob's word", "star's word"])
def test_a_hostile_name_is_nobody_elses(source, by_user_dn, password):
    for name in HOSTILE:
        for full in (name, f"{name}@acme.example"):
            assert source.verify(full, password).outcome == "unknown", full
            assert by_user_dn.verify(full, password).outcome in ("wrong", "unavailable"), full


@pytest.mark.parametrize("name, password", [("star*", "star's word"), ("a,b+c=#", "comma's word"),
                                            ("#hash", "hash's word")])
def test_a_name_with_special_letters_finds_its_own_entry(source, by_user_dn, name, password):
    assert source.verify(name, password).outcome == "ok"
    assert by_user_dn.verify(name, password).outcome == "ok"


# TLS

def test_ldaps_and_starttls_with_the_right_authority(folder, directory, certificates):
    for settings in ({"uri": [directory.tls_uri]}, {"uri": [directory.uri], "starttls": True}):
        with Source(folder, **searching(directory, ca_file=certificates.ca, **settings)) as source:
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "ok", answer.detail
            assert source.verify("alice", "wrong").outcome == "wrong"


def test_another_authority_is_refused_and_nothing_is_sent(folder, directory):
    other = Authority(folder / f"other-{time.monotonic_ns()}")
    for settings in ({"uri": [directory.tls_uri]}, {"uri": [directory.uri], "starttls": True}):
        with Source(folder, **searching(directory, ca_file=other.ca, **settings)) as source:
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "unavailable"
            assert "certificate" in answer.detail, answer.detail
            assert len(source.events("source.down")) == 1


def test_a_certificate_for_another_name_is_refused(folder, directory, certificates):
    # The certificate is for 127.0.0.1 and ldap.acme.example, not for localhost.
    for uri, starttls in ((f"ldaps://localhost:{directory.tls_port}", False),
                          (f"ldap://localhost:{directory.port}", True)):
        with Source(folder, **searching(directory, ca_file=certificates.ca, uri=[uri], starttls=starttls)) as source:
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "unavailable"
            assert "certificate" in answer.detail or "match" in answer.detail, answer.detail


def test_verification_can_be_turned_off(folder, directory):
    with Source(folder, **searching(directory, uri=[directory.tls_uri], tls_verify=False)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert "tls_verify" in source.log.read_text()


def test_starttls_that_the_server_does_not_have_never_falls_back(folder, own_directory, certificates):
    with Source(folder, **searching(own_directory, starttls=True, ca_file=certificates.ca)) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert "StartTLS" in answer.detail


# Outages

def test_a_stopped_directory_is_unavailable_at_once_and_used_again_when_it_is_back(folder, own_directory):
    with Source(folder, **searching(own_directory)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.stop()
        for _ in range(3):
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "unavailable"
            assert answer.took_ms < 500
        own_directory.start()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok", 10, "logins to work again")
        assert len(source.events("source.down")) == 1
        assert len(source.events("source.up")) == 1


def test_a_silent_directory_is_unavailable_when_the_timeout_is_over(folder, own_directory):
    with Source(folder, **searching(own_directory, connect_timeout="1s", timeout="1s")) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.pause()
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert 900 <= answer.took_ms < 2500
        assert source.verify("alice", "alice's word").took_ms < 500  # remembered as down
        own_directory.resume()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok", 10, "logins to work again")


def test_a_session_that_has_no_time_left_does_not_call_the_directory_down(folder, own_directory):
    with Source(folder, **searching(own_directory)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.pause()
        answer = source.verify("alice", "alice's word", budget_ms=300)
        assert answer.outcome == "unavailable"
        assert 250 <= answer.took_ms < 1000
        own_directory.resume()
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert not source.events("source.down")


def test_a_connection_that_the_server_closed_while_idle_is_replaced(folder):
    with Slapd(folder / f"slapd-{time.monotonic_ns()}", ENTRIES, base=BASE, idle_timeout_s=1) as server:
        with Source(folder, **searching(server)) as source:
            for _ in range(2):
                assert source.verify("alice", "alice's word").outcome == "ok"
                assert server.connections() == 2
                wait_until(lambda: server.connections() == 0, 20, "slapd to close what is idle")
            assert source.verify("alice", "wrong").outcome == "wrong"
            assert not source.events("source.down")


def test_a_restart_between_two_logins_is_not_noticed(folder, own_directory):
    with Source(folder, **searching(own_directory)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.stop()
        own_directory.start()
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert not source.events("source.down")


def test_connections_are_used_again(folder, own_directory):
    with Source(folder, **searching(own_directory)) as source:
        for _ in range(20):
            assert source.verify("alice", "alice's word").outcome == "ok"
        assert own_directory.connections() == 2


def test_the_second_server_helps_out_and_the_first_is_returned_to(folder, own_directory):
    second = Slapd(folder / f"second-{time.monotonic_ns()}", ENTRIES, base=BASE)
    with second, Source(folder, **searching(own_directory, uri=[own_directory.uri, second.uri])) as source:
        own_directory.stop()
        for _ in range(3):
            assert source.verify("alice", "alice's word").outcome == "ok"
        assert second.connections() == 2
        own_directory.start()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok" and own_directory.connections() > 0,
                   10, "the first server to be asked again")
        assert len(source.events("source.down")) == len(source.events("source.up")) == 1


def test_a_silent_first_server_costs_one_login_its_timeout(folder, own_directory):
    second = Slapd(folder / f"second-{time.monotonic_ns()}", ENTRIES, base=BASE)
    with second, Source(folder, **searching(own_directory, uri=[own_directory.uri, second.uri], timeout="1s")) as source:
        own_directory.pause()
        first = source.verify("alice", "alice's word")
        assert first.outcome == "ok" and first.took_ms >= 900
        assert source.verify("alice", "alice's word").took_ms < 500


def test_a_host_without_an_address_is_unavailable_within_connect_timeout(folder, directory):
    with Source(folder, **searching(directory, uri=["ldap://no-such-host.invalid"], connect_timeout="1s")) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert answer.took_ms < 2000


# Servers that talk nonsense

def ber(tag, *parts):
    """One BER element."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def bind_response(code, text=b"", message=None):
    """A function that makes the answer to a request with this number; message: another number."""
    def answer(number):
        return ber(0x30, ber(0x02, message or number),
                   ber(0x61, ber(0x0A, bytes([code])), ber(0x04), ber(0x04, text)))
    return answer


def message_number(request):
    """The bytes of its number."""
    header = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
    assert request[header] == 0x02
    return request[header + 2:header + 2 + request[header + 1]]


NOTICE_OF_DISCONNECTION = ber(0x30, ber(0x02, b"\0"), ber(
    0x78, ber(0x0A, b"\x34"), ber(0x04), ber(0x04), ber(0x8A, b"1.3.6.1.4.1.1466.20036")))


class FakeServer:
    """Answers every request on every connection alike: with these bytes, or what a function makes of the request's
    number; in pieces of that many bytes with a pause behind each."""

    def __init__(self, answer, piece=None, pause_s=0.0, closes=False):
        self.answer, self.piece, self.pause_s, self.closes = answer, piece or 4096, pause_s, closes
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"ldap://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests = 0
        self.connections = 0
        self.lost = 0  # so many of the first connections go nowhere any more
        self.ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self.connections += 1
        number = self.connections
        try:
            while request := client.recv(4096):
                self.requests += 1
                if number <= self.lost:
                    continue
                answer = self.answer(message_number(request)) if callable(self.answer) else self.answer
                for start in range(0, len(answer), self.piece):
                    client.sendall(answer[start:start + self.piece])
                    if self.ended.wait(self.pause_s):
                        return
                if self.closes:
                    return
        except OSError:
            pass
        finally:
            client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def ask_fake(folder, *, timeout="1s", env=None, settings=None, **behaviour):
    with FakeServer(**behaviour) as server, \
            Source(folder, env=env, timeout=timeout,
                   **(settings or {"user_dn": f"uid=%n,{BASE}"}), uri=[server.uri]) as source:
        answer = source.verify("alice", "alice's word")
        return answer, source.events("source.down"), source.events("source.error")


@pytest.mark.parametrize("code", [1, 3, 8, 10, 11, 14, 19, 32, 50, 53, 80, 118])
def test_only_49_is_a_wrong_password(folder, code):
    answer, down, error = ask_fake(folder, answer=bind_response(code, b"account is locked"))
    assert (answer.outcome, answer.may_be_unknown) == ("unavailable", False)
    assert f"({code})" in answer.detail and "account is locked" in answer.detail
    assert (len(down), len(error)) == (0, 1)


@pytest.mark.parametrize("part, outcome", [("result", "unavailable"), ("reference", "unknown")])
def test_a_referral_is_not_followed(folder, part, outcome):
    """We would search, and log in, at whatever server the answer names. Active Directory adds such references
    to the answer of every search of a whole domain, so one says nothing about the name."""
    with FakeServer(answer=bind_response(0)) as other:
        url = ber(0x04, f"{other.uri}/{BASE}??sub".encode())

        def refer(number):
            def message(tag, *parts):
                return ber(0x30, ber(0x02, number), ber(tag, *parts))

            if part == "reference":
                return message(0x73, url) + message(0x65, ber(0x0A, b"\0"), ber(0x04), ber(0x04))
            return message(0x65, ber(0x0A, b"\x0a"), ber(0x04), ber(0x04), ber(0xA3, url))

        answer, _, _ = ask_fake(folder, answer=refer, settings={"base": BASE, "filter": "(uid=%n)"})
        assert answer.outcome == outcome
        assert other.connections == 0


@pytest.mark.parametrize("code", [51, 52])
def test_a_server_that_cannot_work_now_is_down(folder, code):
    answer, down, _ = ask_fake(folder, answer=bind_response(code))
    assert answer.outcome == "unavailable"
    assert len(down) == 1


def test_a_49_and_a_0_of_the_fake_are_understood(folder):
    answer, _, _ = ask_fake(folder, answer=bind_response(49, b"data 52e"))
    assert answer.outcome == "wrong" and "data 52e" in answer.detail
    assert ask_fake(folder, answer=bind_response(0))[0].outcome == "ok"


def test_a_49_of_active_directory_for_an_outage_is_no_wrong_password(folder):
    text = b"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data %s, v4563"
    assert ask_fake(folder, answer=bind_response(49, text % b"52e"))[0].outcome == "wrong"
    answer, down, error = ask_fake(folder, answer=bind_response(49, text % b"51f"))
    assert answer.outcome == "unavailable" and "data 51f" in answer.detail
    assert (len(down), len(error)) == (0, 1)


@pytest.mark.parametrize("answer", [
    b"220 smtp.example ESMTP\r\n", b"\0" * 64, b"\x30\x84\x7f\xff\xff\xff", b"\x30\x80", b"\xff" * 300,
    ber(0x30, ber(0x02, b"\x01")), ber(0x30, b"\x02"), ber(0x30, ber(0x02, b"\x01"), ber(0x61)),
    NOTICE_OF_DISCONNECTION,
], ids=lambda answer: answer[:12].hex())
def test_nonsense_is_unavailable(folder, answer):
    # libldap 2.5 forgets to free a message that it cannot read.
    env = {"ASAN_OPTIONS": "detect_leaks=0"}
    anonymous_search = {"base": BASE, "filter": "(uid=%n)"}
    for closes in (True, False):
        for settings in (None, anonymous_search):
            answered, _, _ = ask_fake(folder, answer=answer, closes=closes, settings=settings, env=env)
            assert answered.outcome == "unavailable", answered.detail
            assert answered.took_ms < 2500


def test_an_answer_that_never_ends_does_not_fill_the_memory(folder):
    def entries(number):
        entry = ber(0x30, ber(0x02, number), ber(0x64, ber(0x04, f"uid=alice,{BASE}".encode()), ber(0x30)))
        return entry * 100000 + ber(0x30, ber(0x02, number), ber(0x65, ber(0x0A, b"\0"), ber(0x04), ber(0x04)))

    answered, down, _ = ask_fake(folder, answer=entries, settings={"base": BASE, "filter": "(uid=%n)"}, timeout="20s")
    assert answered.outcome == "unavailable"
    assert "more than" in answered.detail
    assert len(down) == 1


def test_an_answer_for_another_request_is_not_ours(folder):
    answered, _, _ = ask_fake(folder, answer=bind_response(0, message=b"\x4d"))
    assert answered.outcome == "unavailable"


def test_an_answer_may_come_byte_by_byte(folder):
    answered, _, _ = ask_fake(folder, answer=bind_response(0), piece=1, pause_s=0.01, timeout="5s")
    assert answered.outcome == "ok"


def test_a_server_that_trickles_does_not_hold_us_past_the_timeout(folder):
    answered, down, _ = ask_fake(folder, answer=bind_response(0, b"x" * 120), piece=1, pause_s=0.2)
    assert answered.outcome == "unavailable"
    assert answered.took_ms < 2500
    assert len(down) == 1


def test_a_closed_connection_is_tried_again_once(folder):
    """The second bind meets a connection that the server closed behind the first."""
    with FakeServer(bind_response(0), closes=True) as server, \
            Source(folder, uri=[server.uri], user_dn=f"uid=%n,{BASE}") as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert not source.events("source.down")
    with FakeServer(b"", closes=True) as server, \
            Source(folder, uri=[server.uri], user_dn=f"uid=%n,{BASE}") as source:
        assert source.verify("alice", "alice's word").outcome == "unavailable"
        assert server.requests == 1  # a fresh connection that breaks is not tried again


def test_a_login_does_not_wait_for_a_slow_server_while_the_next_one_has_time(folder):
    with FakeServer(bind_response(0), piece=1, pause_s=0.2) as slow, FakeServer(bind_response(0)) as quick, \
            Source(folder, uri=[slow.uri, quick.uri], user_dn=f"uid=%n,{BASE}", connections=2,
                   connect_timeout="500ms") as source:
        counts = source.storm(8, 1)
        assert counts["ok"] == 8
        assert counts["seconds"] < 6
        assert (slow.requests, quick.requests) == (2, 6)


def test_idle_connections_that_a_firewall_forgot_cost_one_timeout_not_one_each(folder):
    with FakeServer(bind_response(0), piece=1, pause_s=0.01) as server, \
            Source(folder, uri=[server.uri], user_dn=f"uid=%n,{BASE}", timeout="1s") as source:
        assert source.storm(8, 4)["ok"] == 32
        assert server.connections > 2
        server.lost = server.connections
        assert source.verify("alice", "alice's word").outcome == "unavailable"
        answers = []

        def is_asked_again():
            answers.append(source.verify("alice", "alice's word"))
            return "not asked again yet" not in answers[-1].detail

        wait_until(is_asked_again, 10, "the server to be asked again")
        assert answers[-1].outcome == "ok", answers[-1].detail


# Our own errors

def test_a_refused_service_account_is_unavailable_and_loud(folder, directory):
    wrong = folder / "wrong-password"
    wrong.write_text("not the secret\n")
    wrong.chmod(0o600)
    with Source(folder, **searching(directory, bind_password_file=wrong)) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert "bind_dn" in answer.detail and "(49)" in answer.detail
        (event,) = source.events("source.down")
        assert "level=error" in event
        assert "not the secret" not in source.log.read_text()


def test_a_base_that_does_not_exist_is_unavailable_and_loud(folder, directory):
    with Source(folder, **searching(directory, base="ou=nowhere,dc=acme,dc=example")) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert "(32)" in answer.detail and "ou=nowhere" in answer.detail
        assert len(source.events("source.error")) == 1


def test_a_server_that_shows_less_than_there_is_cannot_tell(folder):
    with Slapd(folder / f"slapd-{time.monotonic_ns()}", ENTRIES, base=BASE, settings="sizelimit 1") as server:
        with Source(folder, **searching(server)) as source:
            assert source.verify("alice", "alice's word").outcome == "ok"
            answer = source.verify("twins@acme.example", "same word")
            assert answer.outcome == "unavailable"
            assert "(4)" in answer.detail


@pytest.mark.parametrize("settings, problem", [
    ({"uri": ["ldap.acme.example"]}, "uri"),
    ({"uri": []}, "uri"),
    ({"uri": ["ldaps://127.0.0.1"], "starttls": True}, "starttls"),
    ({"filter": "(uid=%n"}, "filter"),
    ({"filter": "(uid=%n)(x=y)"}, "filter"),
    ({"filter": "(uid=alice)"}, "filter"),
    ({"user_dn": "uid=%n,dc=acme,dc=example"}, "filter"),
    ({"base": "not a name"}, "base"),
    ({"bind_dn": "not a name"}, "bind_dn"),
    ({"bind_password_file": None}, "bind_dn"),
    ({"bind_password_file": "/nonexistent/password"}, "bind_password_file"),
    ({"base": None}, "base"),
    ({"username_attribute": "mail,uid"}, "username_attribute"),
    ({"connections": 1}, "connections"),
    ({"password": "compare"}, "password"),
    ({"uri": ["ldaps://127.0.0.1"], "ca_file": "/nonexistent/ca.pem"}, "ca_file"),
])
def test_a_wrong_setting_is_found_when_the_source_is_opened(folder, directory, settings, problem):
    given = {name: value for name, value in searching(directory, **settings).items() if value is not None}
    with Source(folder, **given) as source:
        assert not source.opened
        assert f'source "acme": {problem}: ' in source.log.read_text()


def test_a_password_file_that_others_may_read_is_refused(folder, directory):
    open_file = folder / "open-password"
    open_file.write_text("secret\n")
    open_file.chmod(0o644)
    with Source(folder, **searching(directory, bind_password_file=open_file)) as source:
        assert not source.opened
        assert "chmod" in source.log.read_text()


def test_passwords_in_clear_text_over_the_network_are_warned_about(folder, directory):
    with Source(folder, **searching(directory, uri=["ldap://ldap.acme.example"])) as source:
        assert source.opened
        assert "clear text" in source.log.read_text()
    with Source(folder, **searching(directory)) as source:
        assert "clear text" not in source.log.read_text()


# What is left behind

def test_no_password_stays_in_memory(folder, directory, certificates):
    # Resolving a function late saves registers, and what memcpy had in them, on the stack.
    env = {"LD_BIND_NOW": "1"}
    for settings in ({}, {"uri": [directory.tls_uri], "ca_file": certificates.ca}):
        with Source(folder, env=env, **searching(directory, **settings)) as source:
            for password in ("alice's word", "wrong guess"):
                source.verify("alice", password)
                memory = source.memory()
                assert password.encode().hex().encode() in memory  # the question as it was put: the search works
                assert password.encode() not in memory


def test_descriptors_above_1024_work(folder, directory, certificates):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this user may not open 2000 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        with Source(folder, pass_fds=files, **searching(directory, uri=[directory.tls_uri],
                                                        ca_file=certificates.ca)) as source:
            assert source.verify("alice", "alice's word").outcome == "ok"
    finally:
        for file in files:
            os.close(file)


# Many at once

@pytest.mark.parametrize("tls", [False, True])
def test_64_threads_share_16_connections(folder, directory, certificates, tls):
    uri = directory.tls_uri if tls else directory.uri
    with Source(folder, **searching(directory, uri=[uri], ca_file=certificates.ca, connections=16)) as source:
        counts = source.storm(64, 100)
        assert counts["ok"] == 5760 and counts["wrong"] == 640, counts
        # idle ones are kept for a minute; those of the test before may still be going
        wait_until(lambda: directory.connections() <= 16, 10, "16 connections at most")
        print(f"{6400 / counts['seconds']:.0f} logins/s, tls={tls}")


def test_a_restart_under_load_fails_for_a_moment_only(folder, own_directory):
    with Source(folder, **searching(own_directory)) as source:
        assert source.storm(16, 20)["ok"] == 288
        own_directory.stop()
        down = source.storm(16, 20)
        assert down["unavailable"] == 320 and down["seconds"] < 5
        own_directory.start()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok", 10, "logins to work again")
        assert source.storm(16, 20)["ok"] == 288


# The command

CONFIGURATION = """\
socket = "auth.sock"
source "acme-ldap" {{
  type = "ldap"
  uri = {{"{server.uri}"}}
  bind_dn = "{server.service_dn}"
  bind_password_file = "{server.service_password_file}"
  base = "{server.base}"
  username_attribute = "mail"
}}
organization "acme" {{ domains = {{"acme.example"}} sources = {{"acme-ldap"}} }}
listener "submission" {{ upstream = "mta" }}
upstream "mta" {{ server "mta1" {{ address = "127.0.0.1:2525" }} }}
"""


def test_mailreeve_login_tells_what_the_directory_said(folder, own_directory):
    configuration = folder / "mailreeve.conf"
    configuration.write_text(CONFIGURATION.format(server=own_directory))

    def login(user, password):
        done = subprocess.run([build_dir() / "bin" / "mailreeve", "login", "-c", configuration, user],
                              input=password + "\n", capture_output=True, text=True)
        return done.returncode, done.stdout

    for user, password, status, said in [
            ("al@acme.example", "alice's word", 0, f"ok in .* ms: uid=alice,ou=people,{BASE}"),
            ("alice@acme.example", "wrong", 1, "wrong password in"),
            ("nobody@acme.example", "wrong", 1, "unknown user in"),
            ("twins@acme.example", "same word", 1, "ambiguous in")]:
        returned, output = login(user, password)
        assert returned == status, output
        assert re.search(f"source acme-ldap said {said}", output), output
    own_directory.stop()
    returned, output = login("alice@acme.example", "alice's word")
    assert returned == 75, output
    assert "Connection refused" in output
