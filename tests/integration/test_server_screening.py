"""Dynamic screening as the service answers it, without nginx: addresses that this machine does not have, and many
sessions at a time."""

import base64
import itertools
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import fastcgi
from harness.held_smtp import HeldSmtp
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.setups import PASSWORD, USER, users_file

BERT = "bert@acme.example"
ATTACKER, OTHER, THIRD, EXEMPT = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9"

CONFIGURATION = """
failure_delay = 1s
list "exempt" {{ kind = "ip"  entries = {{"192.0.2.9"}} }}
listener "submission" {{ auth = "on"  upstream = "mta"  relay_window = 1h  require_auth = true }}
listener "mx" {{ auth = "off"  on_auth_when_off = "ban"  upstream_inbound = "mta" }}
listener "imap" {{ upstream = "mta" }}
listener "pop3" {{ upstream = "mta" }}
listener "web" {{ }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
organization "slow" {{ domains = {{"slow.example"}}  sources = {{"slow"}} }}
source "users" {{ type = "users"  file = "users" }}
source "slow" {{ type = "smtp"  server = {{"127.0.0.1:{smtp_port}"}}  tls = "none"  mechanisms = {{"plain"}}  timeout = 20s
                 cache = 0  negative_cache = 0 }}
upstream "mta" {{ server "mta1" {{ address = "127.0.0.1:10025" }} }}
{sections}
"""


def screen(settings):
    """A screen that counts nothing but what settings say."""
    counts = {"failures": "0", "unknown_names": "0", "bad_recipients": "0", "account_failures": "0"} | settings
    return "screen {\n" + "\n".join(f"{name} = {value}" for name, value in counts.items()) + "\n}\n"


@pytest.fixture
def start(scratch):
    """start(sections, smtp_port) -> the service."""
    running = []

    def make(sections, smtp_port=9):
        text = CONFIGURATION.format(sections=sections, smtp_port=smtp_port)
        files = {"users": users_file(**{BERT: PASSWORD})}
        running.append(Mailreeve(scratch / f"service{len(running)}", text, files).start())
        return running[-1]

    yield make
    for service in running:
        service.stop()


def login(service, user=USER, password="wrong", client=ATTACKER, listener="submission", protocol="smtp", **more):
    return service.ask(fastcgi.login(user, password, listener=listener, protocol=protocol, client=client, **more))


def code(answer):
    return "ok" if answer.ok else answer["Auth-Error-Code"]


def fail(service, count, user=USER, client=ATTACKER, first=0):
    """So many different wrong passwords; the codes."""
    return [code(login(service, user, f"wrong {i}", client)) for i in range(first, first + count)]


def rcpt(service, to, client=ATTACKER, listener="mx"):
    return code(service.ask(fastcgi.recipient("MAIL FROM:<a@far.example>", f"RCPT TO:<{to}>", listener=listener,
                                              client=client)))


def asked(service, source="users"):
    """How often the source was asked about a login."""
    answer = service.ask({"DOCUMENT_URI": "/api/v1/sources", "REQUEST_METHOD": "GET"})
    [stats] = [stats for stats in json.loads(answer.body) if stats["source"] == source]
    return sum(stats["logins"].values())


def status(service):
    return json.loads(service.ask({"DOCUMENT_URI": "/status", "REQUEST_METHOD": "GET"}).body)


WRONG, BANNED = "535 5.7.8", "421 4.7.0"
THROTTLED = BANNED  # the same words


# --- failures of one address --------------------------------------------------------------------------------------

def test_an_address_is_banned_exactly_after_so_many_wrong_passwords(start):
    service = start(screen({"failures": "3"}))
    assert fail(service, 5) == [WRONG, WRONG, WRONG, BANNED, BANNED]
    assert asked(service) == 3
    [ban] = service.events("client.banned")
    third = service.decisions()[2]
    assert (ban["client"], ban["seconds"], ban["offence"], ban["reason"]) == (ATTACKER, "3600", "1",
                                                                               "auth.bad-credentials")
    assert ban["network"] == f"{ATTACKER}/32" and ban["until"] > ban["time"] and ban["session"] == third["session"]
    assert third["ban"] == "3600"
    fourth = service.decisions()[3]
    assert fourth["reason"] == "auth.banned" and "ban" not in fourth and "source" not in fourth
    assert f'ban: {ATTACKER}/32 until {ban["until"]}: auth.bad-credentials' in fourth["rule"]


def test_who_is_banned_hears_the_same_for_every_password_and_nobody_else_is(start):
    service = start(screen({"failures": "3"}))
    fail(service, 3)
    before = asked(service)
    answers = {login(service, user, password).header for user in (USER, "nobody@acme.example")
               for password in ("wrong 0", "another", PASSWORD, "")}
    assert len(answers) == 1
    assert asked(service) == before
    assert login(service, password=PASSWORD, client=OTHER).ok


@pytest.mark.parametrize("listener, protocol, word", [("imap", "imap", "[LIMIT] "), ("pop3", "pop3", "[LOGIN-DELAY] ")])
def test_imap_and_pop3_count_alike_and_hear_it_in_their_words(start, listener, protocol, word):
    service = start(screen({"failures": "3"}))
    for i in range(3):
        answer = login(service, password=f"wrong {i}", listener=listener, protocol=protocol)
        assert answer["Auth-Status"].startswith("[AUTH")
    assert login(service, listener=listener, protocol=protocol)["Auth-Status"].startswith(word)
    assert code(login(service)) == BANNED
    assert rcpt(service, USER) == BANNED


def test_a_web_page_counts_alike_and_is_told_so(start):
    service = start(screen({"failures": "2"}))

    def get(password):
        credentials = base64.b64encode(f"{USER}:{password}".encode())
        return service.ask({"DOCUMENT_URI": "/auth-request", "HTTP_X_LISTENER": "web", "REMOTE_ADDR": ATTACKER,
                            "HTTPS": "on", "HTTP_AUTHORIZATION": b"Basic " + credentials})["Status"][:3]
    assert [get("a"), get("b"), get("c"), get(PASSWORD)] == ["401", "401", "429", "429"]


def test_the_same_wrong_password_counts_once(start):
    """A mail program that does not know yet of the new password."""
    service = start(screen({"failures": "3"}))
    assert {code(login(service, password="the old one")) for _ in range(12)} == {WRONG}
    assert fail(service, 3) == [WRONG, WRONG, BANNED]


def test_it_counts_each_time_where_that_is_set(start):
    service = start(screen({"failures": "3", "same_password_once": "false"}))
    assert [code(login(service)) for _ in range(4)] == [WRONG, WRONG, WRONG, BANNED]


def test_failures_are_forgotten_after_a_while(start):
    """At the latest an eighth later than set. The end of another's ban, which is longer, tells the time."""
    service = start(screen({"failures": "2", "within": "2s", "ban": '{"3s"}'}))
    assert fail(service, 1) == [WRONG]
    fail(service, 2, client=OTHER)
    wait_until(lambda: login(service, password=PASSWORD, client=OTHER).ok, 20, "the end of the other's ban")
    assert fail(service, 3, first=1) == [WRONG, WRONG, BANNED]


def test_a_success_takes_back_the_users_own_failures_and_not_those_of_others(start):
    service = start(screen({"failures": "3"}))
    fail(service, 2)
    assert login(service, password=PASSWORD).ok
    assert fail(service, 2, first=2) == [WRONG, WRONG]
    assert login(service, password=PASSWORD).ok
    # somebody who has an account himself tries another's from the same address
    assert fail(service, 2, user=BERT) == [WRONG, WRONG]
    assert login(service, password=PASSWORD).ok
    assert fail(service, 2, user=BERT, first=2) == [WRONG, BANNED]


def test_an_outage_never_counts(start):
    service = start(screen({"failures": "2", "unknown_names": "2", "account_failures": "2"}))
    assert {code(login(service, f"u{i}@slow.example", f"p{i}")) for i in range(6)} == {"454 4.7.0"}
    assert login(service, password=PASSWORD).ok
    assert service.events("client.banned") == []


def test_spraying_over_unknown_names_bans(start):
    service = start(screen({"unknown_names": "3"}))

    def spray(name):
        return code(login(service, f"{name}@acme.example", "Summer2026"))
    assert {spray("nobody") for _ in range(8)} == {WRONG}
    assert [spray("no1"), spray("no2"), spray("no3")] == [WRONG, WRONG, BANNED]
    [ban] = service.events("client.banned")
    assert ban["reason"].startswith("auth.bad-credentials")


def test_wrong_passwords_of_known_names_are_no_spraying(start):
    service = start(screen({"unknown_names": "2"}))
    assert set(fail(service, 6)) == {WRONG}


def test_recipients_that_are_refused_ban_at_the_configured_number(start):
    service = start(screen({"bad_recipients": "3"}))
    assert [rcpt(service, f"r{i}@far.example") for i in range(4)] == ["550 5.7.1"] * 3 + [BANNED]
    assert rcpt(service, USER, client=OTHER) == "ok"
    [ban] = service.events("client.banned")
    assert ban["reason"] == "relay.denied"


def test_recipients_of_users_do_not_count(start):
    """Whoever has logged in by POP, and whoever is accepted."""
    service = start(screen({"bad_recipients": "2"}))
    assert login(service, password=PASSWORD, listener="imap", protocol="imap").ok
    assert {rcpt(service, USER, listener="submission") for _ in range(4)} == {"ok"}


def test_the_network_of_the_address_counts_as_one(start):
    service = start(screen({"failures": "4", "ipv4_prefix": "24", "ipv6_prefix": "64"}))
    for network, outside in (("203.0.113.", "203.0.114.1"), ("2001:db8:1:2::", "2001:db8:1:3::1")):
        for i in range(4):
            assert fail(service, 1, client=f"{network}{i}", first=i) == [WRONG]
        assert fail(service, 1, client=f"{network}77") == [BANNED]
        assert fail(service, 1, client=outside) == [WRONG]


def test_bans_become_longer_with_each_offence(start):
    service = start(screen({"failures": "1", "ban": '{"1s", "2s", "1h"}', "same_password_once": "false"}))
    for _ in range(3):
        wait_until(lambda: code(login(service)) == WRONG, 20, "the end of a ban")
        assert code(login(service)) == BANNED
    assert [(ban["seconds"], ban["offence"]) for ban in service.events("client.banned")] == [
        ("1", "1"), ("2", "2"), ("3600", "3")]


# --- whom it does not concern, and modes -----------------------------------------------------------------------------

def test_who_is_in_the_list_never_is_neither_counted_nor_banned(start):
    settings = {"failures": "2", "unknown_names": "2", "bad_recipients": "2", "never": '"exempt"'}
    service = start(screen(settings))
    assert set(fail(service, 5, client=EXEMPT)) == {WRONG}
    assert {code(login(service, f"no{i}@acme.example", client=EXEMPT)) for i in range(4)} == {WRONG}
    assert {rcpt(service, f"r{i}@far.example", client=EXEMPT) for i in range(4)} == {"550 5.7.1"}
    assert login(service, password=PASSWORD, client=EXEMPT).ok
    assert service.events("client.banned") == []


def test_a_client_without_an_address_is_not_banned(start):
    service = start(screen({"failures": "2"}))
    assert set(fail(service, 5, client="unix:")) == {WRONG}


def test_monitor_counts_and_says_whom_it_would_ban_and_refuses_nobody(start):
    service = start(screen({"mode": '"monitor"', "failures": "2", "account_failures": "2"}))
    assert set(fail(service, 5)) == {WRONG}
    assert login(service, password=PASSWORD, client=OTHER).ok
    assert service.events("client.banned") == []
    would = service.events("client.would-ban")[0]
    assert (would["client"], would["seconds"], would["reason"]) == (ATTACKER, "3600", "auth.bad-credentials")
    assert status(service)["would_bans"] >= 1 and status(service)["bans"] == 0


@pytest.mark.parametrize("sections", ["", 'screen { mode = "off"  failures = 1 }'])
def test_off_counts_nothing(start, sections):
    service = start(sections)
    assert set(fail(service, 12)) == {WRONG}
    assert service.events("client.banned") + service.events("client.would-ban") == []


def test_auth_where_it_is_off_bans_in_enforce_and_off_but_not_in_monitor(start):
    for mode, banned in (("enforce", True), ("off", True), ("monitor", False)):
        service = start(screen({"mode": f'"{mode}"'}))
        assert code(login(service, listener="mx")) == "502 5.5.1"
        assert (rcpt(service, USER) == BANNED) == banned, mode
        assert len(service.events("client.banned")) == banned
        assert len(service.events("client.would-ban")) == (not banned)


# --- many at a time -----------------------------------------------------------------------------------------------------

def in_parallel(service, logins):
    """Logs in with each (user, password, client) at the same time; the codes. Whoever is asked to wait does not."""
    gate = threading.Barrier(len(logins))

    def one(given):
        user, password, client = given
        gate.wait(20)
        answer = login(service, user, password, client)
        return "wait" if answer["Auth-Status"] == "WAIT" else code(answer)
    with ThreadPoolExecutor(len(logins)) as pool:
        return list(pool.map(one, logins))


def test_wrong_passwords_side_by_side_get_no_further_than_one_after_the_other(start):
    """50 at once at a source that takes its time: at most `failures` of them reach it."""
    with HeldSmtp(is_right=lambda password: False) as held:
        service = start(screen({"failures": "5"}), held.port)
        with ThreadPoolExecutor(1) as pool:
            answers = pool.submit(in_parallel, service,
                                  [("u@slow.example", f"wrong {i}", ATTACKER) for i in range(50)])
            held.wait_for(5)
            # those who wait for a place do so for a second
            wait_until(lambda: "attempt.waits" in service.log or status(service)["waits"] >= 45, 20,
                       "the others to be asked to wait")
            assert held.asked == 5
            held.release()
            codes = answers.result(60)
        assert codes.count(WRONG) == 5
        assert set(codes) == {WRONG, "wait"}
        assert held.asked == 5
        assert code(login(service, "u@slow.example", "another")) == BANNED
        assert len(service.events("client.banned")) == 1


def test_right_logins_side_by_side_from_one_address_are_all_let_in(start):
    """An office behind one address: who cannot have a place at once is asked again, as nginx does."""
    with HeldSmtp() as held:
        held.release()
        service = start(screen({"failures": "3", "account_failures": "3"}), held.port)

        def one(i):
            for _ in range(20):
                answer = login(service, f"u{i % 7}@slow.example", "right")
                if answer["Auth-Status"] != "WAIT":
                    return code(answer)
            return "waits for ever"
        with ThreadPoolExecutor(40) as pool:
            assert set(pool.map(one, range(40))) == {"ok"}
        assert held.asked == 40
        assert service.events("client.banned") == []


def test_who_waits_for_a_place_goes_on_as_soon_as_there_is_one(start):
    with HeldSmtp() as held:
        service = start(screen({"failures": "1"}), held.port)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(login, service, "a@slow.example", "right")
            held.wait_for(1)
            second = pool.submit(login, service, "b@slow.example", "right")
            third = pool.submit(login, service, "c@slow.example", "right", OTHER)
            held.release()
            assert first.result(30).ok and third.result(30).ok
            answer = second.result(30)
            assert answer.ok or answer["Auth-Status"] == "WAIT"
        assert login(service, "b@slow.example", "right").ok


def test_a_web_page_that_would_have_to_wait_is_told_later(start):
    with HeldSmtp() as held:
        service = start(screen({"failures": "1"}), held.port)
        credentials = base64.b64encode(b"b@slow.example:right")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(login, service, "a@slow.example", "right")
            held.wait_for(1)
            answer = service.ask({"DOCUMENT_URI": "/auth-request", "HTTP_X_LISTENER": "web", "REMOTE_ADDR": ATTACKER,
                                  "HTTPS": "on", "HTTP_AUTHORIZATION": b"Basic " + credentials})
            assert answer["Status"].startswith("503")
            held.release()
            assert first.result(30).ok


# --- accounts --------------------------------------------------------------------------------------------------------

def test_an_account_under_attack_is_closed_to_strangers_while_its_owner_goes_on(start):
    service = start(screen({"account_failures": "4"}))
    assert login(service, password=PASSWORD, client=EXEMPT).ok
    for i in range(4):
        assert fail(service, 1, client=f"198.51.100.{i}", first=i) == [WRONG]
    before = asked(service)
    refused = [login(service, password=password, client=OTHER) for password in ("wrong", PASSWORD)]
    assert [code(answer) for answer in refused] == [THROTTLED] * 2
    assert refused[0].header == refused[1].header
    assert asked(service) == before
    decision = service.decisions()[-1]
    assert decision["reason"] == "auth.throttled" and "account_failures" in decision["rule"]
    assert login(service, password=PASSWORD, client=EXEMPT).ok
    assert code(login(service, password="wrong", client=EXEMPT)) == WRONG
    # other accounts are open
    assert login(service, BERT, PASSWORD, OTHER).ok


def test_a_name_that_nobody_has_is_closed_like_an_account(start):
    """So that the answer does not tell which names there are."""
    service = start(screen({"account_failures": "3"}))
    clients = [f"198.51.100.{i}" for i in range(4)]
    codes = {user: [fail(service, 1, user, client, first=i)[0] for i, client in enumerate(clients)]
             for user in (USER, "nobody@acme.example")}
    assert codes[USER] == codes["nobody@acme.example"] == [WRONG] * 3 + [THROTTLED]


# --- limits ----------------------------------------------------------------------------------------------------------

def test_logins_of_an_address_are_limited_whatever_comes_of_them(start):
    service = start('limits { logins_per_address = "3/1h" }')
    codes = [code(login(service, password=PASSWORD)), *fail(service, 2), code(login(service, password=PASSWORD))]
    assert codes == ["ok", WRONG, WRONG, THROTTLED]
    assert asked(service) == 3
    decision = service.decisions()[-1]
    assert decision["reason"] == "auth.throttled" and "logins_per_address" in decision["rule"]
    assert login(service, password=PASSWORD, client=OTHER).ok
    assert service.events("client.banned") == []


def test_logins_of_a_user_are_limited_from_wherever_they_come(start):
    service = start('limits { logins_per_user = "2/1h" }')
    codes = [code(login(service, password=PASSWORD, client=client)) for client in (ATTACKER, OTHER, THIRD)]
    assert codes == ["ok", "ok", THROTTLED]
    assert "logins_per_user" in service.decisions()[-1]["rule"]
    assert login(service, BERT, PASSWORD).ok


def test_a_limit_ends(start):
    service = start('limits { logins_per_user = "1/1s" }')
    assert login(service, password=PASSWORD).ok
    wait_until(lambda: login(service, password=PASSWORD).ok, 20, "the end of the limit")


def test_an_account_that_is_used_from_too_many_addresses_is_told_as_hijacked(start):
    service = start('limits { addresses_per_user = "2/1h" }')
    assert [code(login(service, password=PASSWORD, client=client)) for client in (ATTACKER, OTHER, THIRD)] == [
        "ok", "ok", THROTTLED]
    [hijack] = service.events("hijack")
    assert (hijack["level"], hijack["account"], hijack["client"], hijack["limit"]) == ("warn", USER, THIRD, "2")
    assert "addresses_per_user" in service.decisions()[-1]["rule"]
    # whoever it was before goes on
    assert login(service, password=PASSWORD, client=ATTACKER).ok
    # a wrong password from elsewhere is one, and tells nothing
    assert code(login(service, client=THIRD)) == WRONG
    # and opens no relay window
    login(service, password=PASSWORD, client=THIRD, listener="imap", protocol="imap")
    assert rcpt(service, USER, client=THIRD, listener="submission") == "530 5.7.0"


# --- the store ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("end", ["stop", "kill"])
def test_bans_and_windows_outlive_the_process(start, end):
    service = start(screen({"failures": "2"}))
    fail(service, 2)
    assert login(service, password=PASSWORD, client=OTHER, listener="pop3", protocol="pop3").ok
    if end == "stop":
        service.stop()
    else:
        service.process.kill()
    service.start()
    assert code(login(service, password=PASSWORD)) == BANNED
    assert rcpt(service, USER, client=OTHER, listener="submission") == "ok"
    assert service.decisions()[-1]["window"] == "on"


def test_sessions_go_on_without_the_store_and_it_comes_back_by_itself(start, scratch):
    folder = scratch / "not yet"
    service = start(screen({"failures": "2"}) + f'state {{ path = "{folder}/state"  size = "1M"  timeout = 5s }}')
    assert set(fail(service, 5)) == {WRONG}
    assert login(service, password=PASSWORD, listener="imap", protocol="imap").ok
    assert rcpt(service, USER, listener="submission") == "530 5.7.0"
    now = status(service)
    assert now["status"] == "degraded" and {"store": "lmdb"} in now["degraded"]
    assert now["store"]["up"] is False and now["store"]["error"] and now["store"]["down_since"]
    assert service.events("store.down")

    folder.mkdir()
    wait_until(lambda: status(service)["status"] == "ok", 30, "the store to come up")
    assert service.events("store.up")
    assert fail(service, 3, client=OTHER) == [WRONG, WRONG, BANNED]


@pytest.mark.parametrize("when", ["while it runs", "before it starts"])
def test_a_file_that_is_cut_short_is_moved_aside_and_told_and_sessions_go_on(start, when):
    service = start(screen({"failures": "2"}))
    fail(service, 2)
    assert fail(service, 1) == [BANNED]
    file, count = service.folder / "state" / "state.mdb", itertools.count(step=3)
    if when == "before it starts":
        service.stop()
    os.truncate(file, 8192)
    if when == "before it starts":
        service.start()
    assert code(login(service, BERT, PASSWORD, client=OTHER)) == "ok"
    wait_until(lambda: status(service)["status"] == "ok", 30, "the store to come up")
    wait_until(lambda: fail(service, 3, client=THIRD, first=next(count))[-1] == BANNED, 30, "it to count")
    [corrupt] = service.events("store.corrupt")
    [moved] = file.parent.glob("state.mdb.corrupt-*")
    assert (corrupt["level"], corrupt["path"], corrupt["moved_to"]) == ("error", str(file), str(moved))
    assert code(login(service, password=PASSWORD)) == "ok"  # bans were in it


def test_a_changed_store_takes_a_restart_and_a_changed_screen_does_not(start):
    service = start(screen({"failures": "9"}))
    text = service.path.read_text().split("\n", 1)[1].replace("failures = 9", "failures = 1", 1)
    service.configure(text + f'state {{ path = "{service.folder}/elsewhere"  size = "4M" }}\n')
    service.reload()
    [warning] = service.events("config.needs-restart")
    assert warning["settings"] == "state"
    assert fail(service, 2) == [WRONG, BANNED]
    assert not (service.folder / "elsewhere").exists()
