"""TLS and outages of a directory, against a real slapd through ldap_driver: each is temporary and over soon."""

import os

import pytest

from harness.certs import Authority
from harness.ldap_driver import AT_ONCE_MS, IN_TIME_MS, Source
from harness.ldap_setup import PEOPLE, BASE, directory, own_directory, own_name, searching
from harness.process import wait_until
from harness.slapd import Slapd, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")


# TLS

def test_ldaps_and_starttls_with_the_right_authority(shared_scratch, directory, authority):
    for settings in ({"uri": [directory.tls_uri]}, {"uri": [directory.uri], "starttls": True}):
        with Source(shared_scratch, **searching(directory, ca_file=authority.ca, **settings)) as source:
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "ok", answer.detail
            assert source.verify("alice", "wrong").outcome == "wrong"


def test_another_authority_is_refused_and_nothing_is_sent(shared_scratch, directory):
    other = Authority(shared_scratch / own_name("other"))
    for settings in ({"uri": [directory.tls_uri]}, {"uri": [directory.uri], "starttls": True}):
        with Source(shared_scratch, **searching(directory, ca_file=other.ca, **settings)) as source:
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "unavailable"
            assert "certificate" in answer.detail, answer.detail
            assert len(source.events("source.down")) == 1


def test_a_certificate_for_another_name_is_refused(shared_scratch, directory, authority):
    # The certificate is for 127.0.0.1 and ldap.acme.example, not for localhost.
    for uri, starttls in ((f"ldaps://localhost:{directory.tls_port}", False),
                          (f"ldap://localhost:{directory.port}", True)):
        with Source(shared_scratch, **searching(directory, ca_file=authority.ca, uri=[uri], starttls=starttls)) as source:
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "unavailable"
            assert "certificate" in answer.detail or "match" in answer.detail, answer.detail


def test_verification_can_be_turned_off(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, uri=[directory.tls_uri], tls_verify=False)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert "tls_verify" in source.log.read_text()


def test_a_server_that_wants_our_certificate_gets_it(shared_scratch, authority):
    certificate, key = authority.issue("front-door")
    os.chmod(key, 0o600)
    with Slapd(shared_scratch / own_name("demanding"), PEOPLE, base=BASE, ca=authority.ca,
               certificate=authority.issue("demanding"), verify_client="demand") as server:
        for secured in ({"uri": [server.tls_uri]}, {"uri": [server.uri], "starttls": True}):
            settings = searching(server, ca_file=authority.ca, **secured)
            with Source(shared_scratch, cert_file=certificate, key_file=key, **settings) as source:
                answer = source.verify("alice", "alice's word")
                assert answer.outcome == "ok", answer.detail
            with Source(shared_scratch, **settings) as source:
                assert source.verify("alice", "alice's word").outcome == "unavailable"


def test_starttls_that_the_server_does_not_have_never_falls_back(shared_scratch, own_directory, authority):
    with Source(shared_scratch, **searching(own_directory, starttls=True, ca_file=authority.ca)) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert "StartTLS" in answer.detail


# Outages

def is_remembered_as_down(source):
    """Whether logins do not wait for the silent server once more; one of them may come when it is asked again."""
    return min(source.verify("alice", "alice's word").took_ms for _ in range(3)) < 500


def test_a_stopped_directory_is_unavailable_at_once_and_used_again_when_it_is_back(shared_scratch, own_directory):
    with Source(shared_scratch, **searching(own_directory)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.stop()
        for _ in range(3):
            answer = source.verify("alice", "alice's word")
            assert answer.outcome == "unavailable"
            assert answer.took_ms < AT_ONCE_MS
        own_directory.start()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok", 10, "logins to work again")
        assert len(source.events("source.down")) == 1
        assert len(source.events("source.up")) == 1


def test_a_silent_directory_is_unavailable_when_the_timeout_is_over(shared_scratch, own_directory):
    with Source(shared_scratch, **searching(own_directory, connect_timeout="1s", timeout="1s")) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.pause()
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert 900 <= answer.took_ms < IN_TIME_MS
        assert is_remembered_as_down(source)
        own_directory.resume()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok", 10, "logins to work again")


def test_a_session_that_has_no_time_left_does_not_call_the_directory_down(shared_scratch, own_directory):
    with Source(shared_scratch, **searching(own_directory)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.pause()
        answer = source.verify("alice", "alice's word", budget_ms=300)
        assert answer.outcome == "unavailable"
        assert 250 <= answer.took_ms < AT_ONCE_MS
        own_directory.resume()
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert not source.events("source.down")


def test_a_connection_that_the_server_closed_while_idle_is_replaced(shared_scratch):
    with Slapd(shared_scratch / own_name("slapd"), PEOPLE, base=BASE, idle_timeout_s=1) as server:
        with Source(shared_scratch, **searching(server)) as source:
            for _ in range(2):
                # an idle second later there are none
                wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok" and server.connections() == 2,
                           20, "both connections")
                wait_until(lambda: server.connections() == 0, 20, "slapd to close what is idle")
            assert source.verify("alice", "wrong").outcome == "wrong"
            assert not source.events("source.down")


def test_a_restart_between_two_logins_is_not_noticed(shared_scratch, own_directory):
    with Source(shared_scratch, **searching(own_directory)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        own_directory.stop()
        own_directory.start()
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert not source.events("source.down")


def test_connections_are_used_again(shared_scratch, own_directory):
    with Source(shared_scratch, **searching(own_directory)) as source:
        for _ in range(20):
            assert source.verify("alice", "alice's word").outcome == "ok"
        assert own_directory.connections() == 2


def test_the_second_server_helps_out_and_the_first_is_returned_to(shared_scratch, own_directory):
    second = Slapd(shared_scratch / own_name("second"), PEOPLE, base=BASE)
    with second, Source(shared_scratch, **searching(own_directory, uri=[own_directory.uri, second.uri])) as source:
        own_directory.stop()
        for _ in range(3):
            assert source.verify("alice", "alice's word").outcome == "ok"
        assert second.connections() == 2
        own_directory.start()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok" and own_directory.connections() > 0,
                   10, "the first server to be asked again")
        assert len(source.events("source.down")) == len(source.events("source.up")) == 1


def test_a_silent_first_server_costs_one_login_its_timeout(shared_scratch, own_directory):
    second = Slapd(shared_scratch / own_name("second"), PEOPLE, base=BASE)
    with second, Source(shared_scratch, **searching(own_directory, uri=[own_directory.uri, second.uri], timeout="1s")) as source:
        own_directory.pause()
        first = source.verify("alice", "alice's word")
        assert first.outcome == "ok" and first.took_ms >= 900
        assert is_remembered_as_down(source)


def test_a_host_without_an_address_is_unavailable_within_connect_timeout(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, uri=["ldap://no-such-host.invalid"], connect_timeout="1s")) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert answer.took_ms < AT_ONCE_MS
