"""MDaemon: "add to the Dynamic Screen any IP address of any client that attempts to authenticate on the SMTP port
anyway. The connection will also be immediately terminated." Through real nginx, from several loopback addresses."""

import ssl

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, mailreeve
from harness.door import FrontDoor
from harness.mailreeve import Mailreeve, parse_logfmt
from harness.process import wait_until
from harness.setups import PASSWORD, USER, users_file
from harness.sink import Sink
from harness.smtp_talk import SmtpTalk, plain

CONFIGURATION = """
failure_delay = 1s
screen {{ {screen} }}
list "monitoring" {{ kind = "ip"  entries = {{"127.0.0.9", "192.0.2.9"}} }}
listener "mx" {{ auth = "off"  on_auth_when_off = "{on_auth}"  upstream_inbound = "sink" }}
listener "submission" {{ auth = "encrypted"  upstream = "sink" }}
listener "imap" {{ upstream = "sink" }}
listener "pop3" {{ upstream = "sink" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "sink" {{ server "sink" {{ address = "127.0.0.1:{sink}" }} }}
"""

ATTACKER, OTHER, MONITORING = "127.0.0.2", "127.0.0.3", "127.0.0.9"
OFF = "502 5.5.1 authentication is not available here"
BANNED = "421 4.7.0 too many failures, try again later"
MAIL = ["EHLO client.example", "MAIL FROM:<a@far.example>", f"RCPT TO:<{USER}>"]


@pytest.fixture(scope="module")
def sink():
    with Sink() as server:
        yield server


@pytest.fixture
def make_door(scratch, front_certificate, sink):
    """make_door(screen settings, on_auth_when_off) -> the front door, started."""
    doors = []

    def make(screen='never = "monitoring"', on_auth="ban"):
        text = CONFIGURATION.format(screen=screen, on_auth=on_auth, sink=sink.port)
        door = FrontDoor(scratch / f"door{len(doors)}", *front_certificate, text, {"users": users_file()})
        doors.append(door)
        return door.start()

    yield make
    for door in doors:
        door.stop()


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


def try_auth(door, client):
    """An attempt on port 25: the reply, and whether the connection was closed behind it."""
    with SmtpTalk(door.ports["smtp"], client=client) as talk:
        talk.say("EHLO client.example")
        return talk.say(plain(USER, PASSWORD)), talk.is_closed()


def deliver(door, client):
    """The reply to the first recipient of a session on port 25, and whether the connection was closed behind it."""
    with SmtpTalk(door.ports["smtp"], client=client) as talk:
        reply = talk.say_all(MAIL)[-1]
        return reply, reply.startswith("4") and talk.is_closed()


def is_let_in(door, client):
    return deliver(door, client)[0].startswith("250")


def events(door, name):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if f" event={name} " in line]


def test_auth_on_port_25_ends_the_session_and_bans_the_address_and_no_other(make_door):
    door = make_door()
    assert is_let_in(door, ATTACKER)
    assert try_auth(door, ATTACKER) == (OFF, True)
    assert deliver(door, ATTACKER) == (BANNED, True)
    assert is_let_in(door, OTHER)


def test_the_ban_holds_on_all_ports_even_for_the_right_password(make_door, trust):
    door = make_door()
    try_auth(door, ATTACKER)
    with SmtpTalk(door.ports["submission"], tls=trust, client=ATTACKER) as talk:
        talk.say("EHLO client.example")
        assert talk.say(plain(USER, PASSWORD)) == BANNED
        assert talk.is_closed()
    with SmtpTalk(door.ports["submission"], tls=trust, client=OTHER) as talk:
        talk.say("EHLO client.example")
        assert talk.say(plain(USER, PASSWORD)).startswith("235")


def test_the_log_says_who_was_banned_why_and_for_how_long(make_door):
    door = make_door()
    try_auth(door, ATTACKER)
    [ban] = events(door, "client.banned")
    [decision] = events(door, "decision")
    assert (ban["client"], ban["seconds"], ban["reason"]) == (ATTACKER, "3600", "auth.off")
    assert (ban["network"], ban["offence"]) == (f"{ATTACKER}/32", "1") and ban["until"] > ban["time"]
    assert (decision["reason"], decision["ban"], decision["session"]) == ("auth.off", "3600", ban["session"])
    deliver(door, ATTACKER)
    later = events(door, "decision")[-1]
    assert later["reason"] == "auth.banned" and "ban" not in later
    assert f'{ATTACKER}/32 until {ban["until"]}: auth.off' in later["rule"]


def test_without_the_setting_nobody_is_banned_and_the_session_goes_on(make_door):
    door = make_door(on_auth="refuse")
    with SmtpTalk(door.ports["smtp"], client=ATTACKER) as talk:
        talk.say("EHLO client.example")
        assert talk.say(plain(USER, PASSWORD)) == OFF
        assert talk.say_all(MAIL[1:])[-1].startswith("250")
    assert is_let_in(door, ATTACKER)
    assert events(door, "client.banned") == []


def test_a_wrong_password_elsewhere_bans_nobody(make_door, trust):
    door = make_door()
    with SmtpTalk(door.ports["submission"], tls=trust, client=ATTACKER) as talk:
        talk.say("EHLO client.example")
        assert talk.say(plain(USER, "wrong")).startswith("535 5.7.8")
    assert is_let_in(door, ATTACKER)


def test_who_is_never_banned_hears_no_but_may_come_again(make_door):
    door = make_door()
    assert try_auth(door, MONITORING) == (OFF, True)
    assert is_let_in(door, MONITORING)
    assert events(door, "client.banned") == []


def test_a_ban_ends_and_the_next_one_is_longer(make_door):
    door = make_door('ban = {"1s", "1h"}')
    try_auth(door, ATTACKER)
    wait_until(lambda: is_let_in(door, ATTACKER), 20, "the end of the first ban")
    try_auth(door, ATTACKER)
    assert [ban["seconds"] for ban in events(door, "client.banned")] == ["1", "3600"]
    assert deliver(door, ATTACKER) == (BANNED, True)


# --- without nginx: addresses that this machine does not have -------------------------------------------------

@pytest.fixture
def service(scratch, sink):
    text = CONFIGURATION.format(screen='never = "monitoring"  ipv4_prefix = 24', on_auth="ban", sink=sink.port)
    with Mailreeve(scratch / "service", text, {"users": users_file()}) as one:
        yield one


def ban(service, client):
    return service.ask(fastcgi.login(USER, PASSWORD, listener="mx", client=client))


def is_banned(service, client):
    answer = service.ask(fastcgi.recipient("MAIL FROM:<>", f"RCPT TO:<{USER}>", client=client))
    assert answer.ok or answer["Auth-Error-Code"] == "421 4.7.0"
    return not answer.ok


def test_the_answer_to_nginx_closes_the_session(service):
    answer = ban(service, "192.0.2.1")
    assert answer["Auth-Error-Code"] == "502 5.5.1"
    assert answer["Auth-Wait"] is None


@pytest.mark.parametrize("client, same, other", [
    ("192.0.2.1", "192.0.2.200", "192.0.3.1"),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1"),
    ("::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.3.1")])
def test_the_network_of_the_address_is_banned_with_it(service, client, same, other):
    ban(service, client)
    assert is_banned(service, client) and is_banned(service, same)
    assert not is_banned(service, other)


def test_an_address_of_the_network_that_is_never_banned_is_not(service):
    ban(service, "192.0.2.1")
    assert is_banned(service, "192.0.2.8") and not is_banned(service, "192.0.2.9")


def test_imap_and_pop3_hear_it_in_their_words(service):
    ban(service, "192.0.2.1")
    for protocol, word in (("imap", "[LIMIT]"), ("pop3", "[LOGIN-DELAY]")):
        answer = service.ask(fastcgi.login(USER, PASSWORD, listener=protocol, protocol=protocol, client="192.0.2.1"))
        assert answer["Auth-Status"].startswith(word)


@pytest.mark.parametrize("reload", [Mailreeve.reload, Mailreeve.reload_by_signal])
def test_a_ban_survives_a_reload_and_a_new_list_takes_it_back(service, reload):
    ban(service, "192.0.2.1")
    reload(service)
    assert is_banned(service, "192.0.2.1")
    service.configure(service.path.read_text().split("\n", 1)[1].replace('"192.0.2.9"', '"192.0.2.0/24"'))
    reload(service)
    assert not is_banned(service, "192.0.2.1")


@pytest.mark.parametrize("end", [Mailreeve.stop, lambda service: service.process.kill()], ids=["stop", "kill"])
def test_a_ban_outlives_the_process_and_so_do_the_offences(service, end):
    ban(service, "192.0.2.1")
    end(service)
    service.start()
    assert is_banned(service, "192.0.2.1") and not is_banned(service, "192.0.3.1")


def test_a_ban_by_hand_holds_and_ends_as_people_say(service):
    """The command and the service share the store."""
    done = mailreeve("ban", "add", "192.0.3.0/24", "--reason", "a person's own words", "-c", service.path)
    assert done.returncode == EXIT_OK, done.stderr
    assert is_banned(service, "192.0.3.7") and not is_banned(service, "192.0.4.7")
    assert "192.0.3.0/24 until" in service.decisions()[0]["rule"]
    assert service.decisions()[0]["rule"].endswith(": a person's own words")
    ban(service, "192.0.2.1")
    for network in ("192.0.3.0/24", "192.0.2.0/24"):
        assert mailreeve("ban", "del", network, "-c", service.path).returncode == EXIT_OK
    assert not is_banned(service, "192.0.3.7") and not is_banned(service, "192.0.2.1")


def test_a_malformed_question_bans_nobody(service):
    """What is malformed is refused before the listener is asked."""
    answer = service.ask(fastcgi.login("a b", PASSWORD, listener="mx", client="192.0.2.1"))
    assert answer["Auth-Error-Code"] == "501 5.5.2"
    assert not is_banned(service, "192.0.2.1")
