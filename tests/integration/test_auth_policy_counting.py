"""What mailreeve-auth counts of what other servers report by /auth-policy, and what it answers them by that: without
nginx, for what nginx does with it is in test_auth_policy.py."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import fastcgi
from harness.held_smtp import HeldSmtp
from harness.mailreeve import Mailreeve
from harness.policy_reports import CONFIGURATION, DONE, GO_ON, LEO, NINA, NO, PASSWORDS, login, users
from harness.process import free_port, wait_until
from harness.setups import configuration


def ask(service, command, body, **params):
    """As nginx sends it: (status line, the answer's object)."""
    answer = service.ask({"DOCUMENT_URI": "/auth-policy", "REQUEST_METHOD": "POST", "REMOTE_ADDR": "127.0.0.1",
                          "QUERY_STRING": f"command={command}", **params}, json.dumps(body).encode())
    return answer["Status"], json.loads(answer.body)


@pytest.fixture
def make_service(scratch, users):
    """make_service(settings of screen, more sections) -> mailreeve-auth, started."""
    services = []

    def make(screen="failures = 3", more=""):
        text = CONFIGURATION.format(relay=9, screen=screen) + more
        services.append(Mailreeve(scratch / f"service{len(services)}", text, {"users": users}))
        return services[-1].start()

    yield make
    for service in services:
        service.stop()


def test_a_longer_body_is_answered_and_the_connection_goes_on(make_service):
    params = {"DOCUMENT_URI": "/auth-policy", "REQUEST_METHOD": "POST", "QUERY_STRING": "command=allow"}
    with make_service().connect() as connection:
        for length, status in ((65537, 413), (65536, 400), (500000, 413)):
            assert connection.ask(params, b"x" * length)["Status"].startswith(f"{status} ")
        assert connection.ask(params, json.dumps(login("192.0.2.1")).encode())["Status"] == "200 OK"
        assert connection.asked == 4


def test_each_report_counts_once_towards_the_limits_and_asking_never(make_service):
    service = make_service(more='limits { logins_per_user = "3/1h" }\n')
    for i in range(3):
        for _ in range(3):
            assert ask(service, "allow", login("192.0.2.1"))[1]["status"] == 0
        ask(service, "report", login("192.0.2.1", success=True))
    assert ask(service, "allow", login("192.0.2.1"))[1]["status"] == -1
    assert ask(service, "allow", login("192.0.2.1", login=NINA))[1]["status"] == 0
    line = service.events("policy.allow")[-2]
    assert line["reason"] == "auth.throttled" and "limits: logins_per_user: 3 within 3600 s" in line["rule"]


def test_an_address_more_than_a_user_may_have_is_refused_and_told_of(make_service):
    service = make_service(more='limits { addresses_per_user = "2/1h" }\n')
    for last in (1, 2):
        ask(service, "report", login(f"192.0.2.{last}", success=True, protocol="imap"))
    assert [ask(service, "allow", login(f"192.0.2.{last}"))[1]["status"] for last in (1, 2, 3)] == [0, 0, -1]
    # a server that does not ask
    ask(service, "report", login("192.0.2.3", success=True, protocol="imap"))
    assert "window" not in service.events("policy.report")[-1]
    told = service.events("hijack")[-1]
    assert (told["account"], told["client"], told["addresses"]) == (LEO, "192.0.2.3", "2")


def test_an_account_under_attack_is_closed_but_for_its_owners_network(make_service):
    service = make_service("failures = 0  account_failures = 4")
    ask(service, "report", login("198.51.100.7", success=True))
    for i in range(4):
        ask(service, "report", login(f"192.0.2.{i}", pwhash=f"{i}", success=False))
    assert ask(service, "allow", login("192.0.2.99")) == ("200 OK", NO[1])
    assert ask(service, "allow", login("198.51.100.7"))[1]["status"] == 0
    # and at nginx
    answer = service.ask(fastcgi.login(LEO, PASSWORDS[LEO], client="192.0.2.99"))
    assert answer["Auth-Error-Code"] == "421 4.7.0"


def test_unknown_names_are_spraying_where_the_server_says_so(make_service):
    service = make_service("failures = 0  unknown_names = 3")
    for i in range(3):
        ask(service, "report", login("192.0.2.1", login=f"user{i}", success=False, fail_type="account"))
    assert ask(service, "allow", login("192.0.2.1"))[1]["status"] == -1
    metrics = service.ask({"DOCUMENT_URI": "/metrics", "REQUEST_METHOD": "GET"}).body.splitlines()
    assert b"mailreeve_bans_total 1" in metrics


def test_a_challenge_is_never_the_same_password_again(make_service):
    service = make_service()
    for _ in range(3):
        ask(service, "report", login("192.0.2.1", mech="CRAM-MD5", success=False))
    assert ask(service, "allow", login("192.0.2.1"))[1]["status"] == -1


def test_in_monitor_mode_nobody_is_refused(make_service):
    service = make_service('mode = "monitor"  failures = 3')
    for i in range(5):
        ask(service, "report", login("192.0.2.1", pwhash=f"{i}", success=False))
    assert ask(service, "allow", login("192.0.2.1"))[1]["status"] == 0
    assert [line["client"] for line in service.events("client.would-ban")] == ["192.0.2.1"]


def test_who_is_never_banned_is_never_refused(make_service):
    service = make_service('never = "ours"  failures = 3', 'list "ours" { kind = "ip"  entries = {"192.0.2.0/24"} }\n')
    for i in range(5):
        ask(service, "report", login("192.0.2.1", pwhash=f"{i}", success=False))
    assert ask(service, "allow", login("192.0.2.1"))[1]["status"] == 0


def test_a_server_that_knows_no_address_bans_nobody(make_service):
    service = make_service()
    for i in range(5):
        assert ask(service, "report", login("", pwhash=f"{i}", success=False))[0] == "200 OK"
    assert ask(service, "allow", login(""))[1]["status"] == 0
    ask(service, "report", login("", success=True, protocol="imap"))
    assert "window" not in service.events("policy.report")[-1]


def test_a_store_that_is_down_turns_nobody_away(make_service):
    service = make_service(more=f'state {{ engine = "redis"  url = "redis://127.0.0.1:{free_port()}" }}\n')
    for i in range(5):
        assert ask(service, "report", login("192.0.2.1", pwhash=f"{i}", success=False)) == ("200 OK", DONE[1])
        assert ask(service, "allow", login("192.0.2.1")) == ("200 OK", GO_ON[1])
    assert service.events("policy.allow")[-1]["error"] == "the store could not be asked"


def test_a_service_that_has_no_time_gives_no_answer(scratch, users):
    """So that the server's own setting for that decides; a report is lost, not waited for."""
    with HeldSmtp() as held:
        with Mailreeve(scratch / "service", configuration("max_sessions = 1\n", held.port), {"users": users}) as service:
            with ThreadPoolExecutor(1) as pool:
                session = pool.submit(service.ask, fastcgi.login("joe@slow.example", "word"))
                wait_until(lambda: held.waiting == 1, 20, "a session under way")
                for command in ("allow", "report"):
                    status, answer = ask(service, command, login("192.0.2.1", success=False))
                    assert status == "503 Service Unavailable"
                    assert answer == {"status": "failure", "reason": "too many sessions are running"}
                held.release()
                assert session.result().ok
            assert ask(service, "allow", login("192.0.2.1")) == ("200 OK", GO_ON[1])
