"""Directory servers that talk nonsense, stop in the middle of it, or say what no slapd says: only what makes sense
is believed."""

import pytest

from harness.ldap_driver import IN_TIME_MS, Source
from harness.ldap_fake import NOTICE_OF_DISCONNECTION, FakeServer, ask_fake, ber, bind_response
from harness.ldap_setup import BASE
from harness.process import wait_until


@pytest.mark.parametrize("code", [1, 3, 8, 10, 11, 14, 19, 32, 50, 53, 80, 118])
def test_only_49_is_a_wrong_password(shared_scratch, code):
    answer, down, error = ask_fake(shared_scratch, answer=bind_response(code, b"account is locked"))
    assert (answer.outcome, answer.may_be_unknown) == ("unavailable", False)
    assert f"({code})" in answer.detail and "account is locked" in answer.detail
    assert (len(down), len(error)) == (0, 1)


@pytest.mark.parametrize("part, outcome", [("result", "unavailable"), ("reference", "unknown")])
def test_a_referral_is_not_followed(shared_scratch, part, outcome):
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

        answer, _, _ = ask_fake(shared_scratch, answer=refer, settings={"base": BASE, "filter": "(uid=%n)"})
        assert answer.outcome == outcome
        assert other.connections == 0


@pytest.mark.parametrize("code", [51, 52])
def test_a_server_that_cannot_work_now_is_down(shared_scratch, code):
    answer, down, _ = ask_fake(shared_scratch, answer=bind_response(code))
    assert answer.outcome == "unavailable"
    assert len(down) == 1


def test_a_49_and_a_0_of_the_fake_are_understood(shared_scratch):
    answer, _, _ = ask_fake(shared_scratch, answer=bind_response(49, b"data 52e"))
    assert answer.outcome == "wrong" and "data 52e" in answer.detail
    assert ask_fake(shared_scratch, answer=bind_response(0))[0].outcome == "ok"


def test_a_49_of_active_directory_for_an_outage_is_no_wrong_password(shared_scratch):
    text = b"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data %s, v4563"
    assert ask_fake(shared_scratch, answer=bind_response(49, text % b"52e"))[0].outcome == "wrong"
    answer, down, error = ask_fake(shared_scratch, answer=bind_response(49, text % b"51f"))
    assert answer.outcome == "unavailable" and "data 51f" in answer.detail
    assert (len(down), len(error)) == (0, 1)


@pytest.mark.parametrize("answer", [
    b"220 smtp.example ESMTP\r\n", b"\0" * 64, b"\x30\x84\x7f\xff\xff\xff", b"\x30\x80", b"\xff" * 300,
    ber(0x30, ber(0x02, b"\x01")), ber(0x30, b"\x02"), ber(0x30, ber(0x02, b"\x01"), ber(0x61)),
    NOTICE_OF_DISCONNECTION,
], ids=lambda answer: answer[:12].hex())
def test_nonsense_is_unavailable(shared_scratch, answer):
    # libldap 2.5 forgets to free a message that it cannot read.
    env = {"ASAN_OPTIONS": "detect_leaks=0"}
    anonymous_search = {"base": BASE, "filter": "(uid=%n)"}
    for closes in (True, False):
        for settings in (None, anonymous_search):
            answered, _, _ = ask_fake(shared_scratch, answer=answer, closes=closes, settings=settings, env=env)
            assert answered.outcome == "unavailable", answered.detail
            assert answered.took_ms < IN_TIME_MS


def test_an_answer_that_never_ends_does_not_fill_the_memory(shared_scratch):
    def entries(number):
        entry = ber(0x30, ber(0x02, number), ber(0x64, ber(0x04, f"uid=alice,{BASE}".encode()), ber(0x30)))
        return entry * 100000 + ber(0x30, ber(0x02, number), ber(0x65, ber(0x0A, b"\0"), ber(0x04), ber(0x04)))

    answered, down, _ = ask_fake(shared_scratch, answer=entries, settings={"base": BASE, "filter": "(uid=%n)"}, timeout="20s")
    assert answered.outcome == "unavailable"
    assert "more than" in answered.detail
    assert len(down) == 1


def test_an_answer_for_another_request_is_not_ours(shared_scratch):
    answered, _, _ = ask_fake(shared_scratch, answer=bind_response(0, message=b"\x4d"))
    assert answered.outcome == "unavailable"


def test_an_answer_may_come_byte_by_byte(shared_scratch):
    answered, _, _ = ask_fake(shared_scratch, answer=bind_response(0), piece=1, pause_s=0.01, timeout="5s")
    assert answered.outcome == "ok"


def test_a_server_that_trickles_does_not_hold_us_past_the_timeout(shared_scratch):
    answered, down, _ = ask_fake(shared_scratch, answer=bind_response(0, b"x" * 120), piece=1, pause_s=0.2)
    assert answered.outcome == "unavailable"
    assert answered.took_ms < IN_TIME_MS
    assert len(down) == 1


def test_a_closed_connection_is_tried_again_once(shared_scratch):
    """The second bind meets a connection that the server closed behind the first."""
    with FakeServer(bind_response(0), closes=True) as server, \
            Source(shared_scratch, uri=[server.uri], user_dn=f"uid=%n,{BASE}") as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert not source.events("source.down")
    with FakeServer(b"", closes=True) as server, \
            Source(shared_scratch, uri=[server.uri], user_dn=f"uid=%n,{BASE}") as source:
        assert source.verify("alice", "alice's word").outcome == "unavailable"
        assert server.requests == 1  # a fresh connection that breaks is not tried again


def test_a_login_does_not_wait_for_a_slow_server_while_the_next_one_has_time(shared_scratch):
    with FakeServer(bind_response(0), piece=1, pause_s=0.2) as slow, FakeServer(bind_response(0)) as quick, \
            Source(shared_scratch, uri=[slow.uri, quick.uri], user_dn=f"uid=%n,{BASE}", connections=2,
                   connect_timeout="500ms") as source:
        counts = source.storm(8, 1)
        assert counts["ok"] == 8
        assert counts["seconds"] < 10  # one after the other they take 12
        assert (slow.requests, quick.requests) == (2, 6)


def test_idle_connections_that_a_firewall_forgot_cost_one_timeout_not_one_each(shared_scratch):
    with FakeServer(bind_response(0), piece=1, pause_s=0.01) as server, \
            Source(shared_scratch, uri=[server.uri], user_dn=f"uid=%n,{BASE}", timeout="4s") as source:
        assert source.storm(8, 4)["ok"] == 32
        assert server.connections > 2
        server.lost = server.connections
        assert source.verify("alice", "alice's word").outcome == "unavailable"
        answers = []

        def is_asked_again():
            answers.append(source.verify("alice", "alice's word"))
            return "not asked again yet" not in answers[-1].detail

        wait_until(is_asked_again, 30, "the server to be asked again")
        assert answers[-1].outcome == "ok", answers[-1].detail
