"""The guard's rules about sessions and about how much somebody sends, on both engines of the store: limits of a
message, a session and a user, refused recipients, clients of one's own network. Through real nginx and Postfix."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.guarded_door import GuardedDoor, another_client, send
from harness.postfix import postfix_is_usable
from harness.process import wait_until
from harness.setups import users_alike

PASSWORD = "secret"
FAR, HOST = "customer@far.example", "host@acme.example"
TOO_MANY = "452 4.7.1 too many messages, try again later"
TOO_LONG = "421 4.7.0 too many messages in one connection, come again"
BANNED = "421 4.7.0 too many failures, try again later"
UNKNOWN = "550 5.1.1 no such recipient"
NOT_HIS = "553 5.7.1 the sender is not the authenticated user"
LOGIN_HERE = "530 5.7.0 authentication is required from this address"
LOGIN_FIRST = "530 5.7.0 authentication is required for this sender"

MESSAGES, RECIPIENTS, PER_SESSION, BAD = 3, 6, 5, 3
LAN, SERVER = "127.0.8.1", "127.0.8.2"
# whom Postfix takes at its submission port without a login
PRINTER = "127.0.6.1"

CONFIGURATION = """
{state}
failure_delay = 1s
screen {{ failures = 1000  unknown_names = 0  bad_recipients = {BAD}  ban = {{"1h"}} }}
limits {{ messages_per_user = "{MESSAGES}/1h"  recipients_per_user = "{RECIPIENTS}/1h"
          messages_per_session = {PER_SESSION} }}
alert "hijack" {{ events = {{"hijack"}}  threshold = 1  command = "{command}" }}
list "lan" {{ kind = "ip"  entries = {{"127.0.8.0/24"}} }}
list "servers" {{ kind = "ip"  entries = {{"{SERVER}"}} }}
listener "submission" {{ relay = "all"  upstream = "submission"  upstream_inbound = "submission" }}
listener "mx" {{ auth = "off"  local_ips = "lan"  trusted_ips = "servers"  upstream_inbound = "mx" }}
organization "acme" {{
    domains = {{"acme.example"}}  sources = {{}}  recipients = "users"  match_sender = true  match_from = true
}}
organization "inbound" {{ domains = {{"inbound.example"}}  sources = {{}}  authenticate_inbound = "when-auth" }}
source "users" {{ type = "users"  file = "users" }}
"""

NAMES = ("count", "refused", "given-up", "wide", "side", "window", "bad", "lan")


@pytest.fixture(scope="module", params=["lmdb", "redis"])
def world(request, shared_scratch, authority, front_certificate):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    folder = shared_scratch / request.param
    folder.mkdir()
    # what a slow machine does not count in time would pass a limit
    state = f'state {{ path = "{folder}/state"  timeout = 10s }}'
    if request.param == "redis":
        state = f'state {{ engine = "redis"  url = "{request.getfixturevalue("redis_server").url}"  timeout = 10s }}'
    command = folder / "alert"
    command.write_text(f'#!/bin/sh\nprintf "%s\\n" "$(cat)" >>{folder}/alerts.json\n')
    command.chmod(0o755)
    users = users_alike([f"{name}@acme.example" for name in (*NAMES, "host")], PASSWORD)
    text = CONFIGURATION.format(state=state, command=command, **globals())
    with GuardedDoor(folder / "door", authority, front_certificate, text, {"users": users},
                     relay_networks="127.0.6.0/24") as door:
        yield door


def user(name):
    return f"{name}@acme.example"


def pass_message(talk, sender, to=(HOST,)):
    where, reply = send(talk, sender, to, f"From: {sender}")
    assert (where, reply[:10]) == ("end", "250 2.0.0 "), reply


def alerts(world):
    file = world.folder.parent / "alerts.json"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_user_sends_so_many_messages_and_no_more(world):
    anna = user("count")
    with world.submit(anna, PASSWORD) as talk:
        for _ in range(MESSAGES - 1):
            pass_message(talk, anna)
    # of all his sessions together
    with world.submit(anna, PASSWORD) as talk:
        pass_message(talk, anna)
        assert talk.say(f"MAIL FROM:<{anna}>") == TOO_MANY
        assert talk.say(f"MAIL FROM:<{anna}>") == TOO_MANY
    line = world.wait_for_line(user=anna, reason="user.throttled")
    assert line["verdict"] == "defer" and "messages_per_user" in line["rule"]
    wait_until(lambda: any(anna in json.dumps(alert) for alert in alerts(world)), 10, "the alarm")
    assert any("event=hijack " in line and f"account={anna} " in line for line in world.guard.output().splitlines())
    # it is his own limit
    with world.submit(user("lan"), PASSWORD) as talk:
        pass_message(talk, user("lan"))


def test_what_is_refused_is_not_counted(world):
    carl = user("refused")
    for _ in range(2):
        with world.submit(carl, PASSWORD) as talk:
            assert send(talk, FAR, [HOST], f"From: {carl}") == ("mail", NOT_HIS)
            assert send(talk, carl, [HOST], f"From: {FAR}")[1].startswith("550 5.7.1 ")
            assert send(talk, carl, [user("nobody")], f"From: {carl}") == ("rcpt", UNKNOWN)
    with world.submit(carl, PASSWORD) as talk:
        for _ in range(MESSAGES):
            pass_message(talk, carl)
        assert talk.say(f"MAIL FROM:<{carl}>") == TOO_MANY


def test_what_is_given_up_is_not_counted(world):
    dora = user("given-up")
    for command in ("RSET", "QUIT", "EHLO client.example", None):
        with world.submit(dora, PASSWORD) as talk:
            assert talk.say(f"MAIL FROM:<{dora}>").startswith("250 ")
            for count in range(RECIPIENTS):
                assert talk.say(f"RCPT TO:<r{count}@far.example>").startswith("250 ")
            assert talk.say("RCPT TO:<one-more@far.example>") == TOO_MANY
            if command:
                talk.say(command)

    def is_forgotten():
        with world.submit(dora, PASSWORD) as talk:
            talk.say(f"MAIL FROM:<{dora}>")
            replies = talk.say_all(f"RCPT TO:<r{count}@far.example>" for count in range(RECIPIENTS))
            talk.say("RSET")
            return all(reply.startswith("250 ") for reply in replies)
    # who has hung up may be forgotten a little later
    wait_until(is_forgotten, 10, "recipients of lost sessions to be taken back")


def test_a_user_has_so_many_recipients_and_no_more(world):
    wanda = user("wide")
    with world.submit(wanda, PASSWORD) as talk:
        talk.say(f"MAIL FROM:<{wanda}>")
        for count in range(RECIPIENTS - 1):
            assert talk.say(f"RCPT TO:<r{count}@far.example>").startswith("250 ")
        # refused ones are none
        assert talk.say(f"RCPT TO:<{user('nobody')}>") == UNKNOWN
        talk.say("DATA")
        assert talk.say(f"From: {wanda}\r\n\r\nhello\r\n.").startswith("250 ")
        talk.say(f"MAIL FROM:<{wanda}>")
        assert talk.say(f"RCPT TO:<{HOST}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{FAR}>") == TOO_MANY
        talk.say("RSET")
        talk.say(f"MAIL FROM:<{wanda}>")
        assert talk.say(f"RCPT TO:<{HOST}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{FAR}>") == TOO_MANY
    line = world.wait_for_line(user=wanda, reason="user.throttled")
    assert "recipients_per_user" in line["rule"]


def test_sessions_side_by_side_do_not_pass_a_limit(world):
    sue = user("side")

    def one(_):
        with world.submit(sue, PASSWORD) as talk:
            return send(talk, sue, [HOST], f"From: {sue}")[1]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(one, range(8)))
    assert sum(reply.startswith("250 ") for reply in replies) == MESSAGES
    assert replies.count(TOO_MANY) == len(replies) - MESSAGES


@pytest.mark.parametrize("port", ["mx", "submission"])
def test_a_session_has_so_many_messages_and_no_more(world, port):
    client = another_client() if port == "mx" else PRINTER
    for _ in range(2):
        with world.deliver(client) if port == "mx" else world.submit_without_login(client) as talk:
            for _ in range(PER_SESSION):
                pass_message(talk, FAR)
            assert talk.say(f"MAIL FROM:<{FAR}>") == TOO_LONG
            assert talk.is_closed()


def test_refused_recipients_ban_who_has_not_logged_in(world):
    client = another_client()
    with world.deliver(client) as talk:
        pass_message(talk, FAR)
        talk.say(f"MAIL FROM:<{FAR}>")
        for count in range(BAD):
            assert talk.say(f"RCPT TO:<guess{count}@acme.example>") == UNKNOWN
        talk.say("RSET")
        assert talk.say(f"MAIL FROM:<{FAR}>") == BANNED
        assert talk.is_closed()
    assert any("event=client.banned " in line and f"network={client}" in line
               for line in world.guard.output().splitlines())
    # and at the front door
    with world.deliver(client) as talk:
        talk.say(f"MAIL FROM:<{FAR}>")
        assert talk.say(f"RCPT TO:<{HOST}>") == BANNED


def test_relaying_bans_like_guessing(world):
    client = another_client()
    with world.deliver(client) as talk:
        pass_message(talk, FAR)
        talk.say(f"MAIL FROM:<{FAR}>")
        for count in range(BAD):
            assert talk.say(f"RCPT TO:<r{count}@other.example>") == "550 5.7.1 relaying is not allowed"
        assert talk.say(f"RCPT TO:<{HOST}>") == BANNED


def test_who_has_logged_in_may_mistype(world):
    bea = user("bad")
    with world.submit(bea, PASSWORD) as talk:
        talk.say(f"MAIL FROM:<{bea}>")
        for count in range(BAD + 3):
            assert talk.say(f"RCPT TO:<guess{count}@acme.example>") == UNKNOWN
        assert talk.say(f"RCPT TO:<{HOST}>").startswith("250 ")


def test_a_client_of_ones_own_network_must_log_in(world):
    """MDaemon: "If unauthenticated the message will be rejected. Trusted IPs are exempt"."""
    with world.go_round("mx", LAN) as talk:
        for _ in range(2):
            assert talk.say(f"MAIL FROM:<{FAR}>") == LOGIN_HERE
            assert talk.say("RSET").startswith("250 ")
    for client in (SERVER, another_client()):
        with world.go_round("mx", client) as talk:
            for _ in range(2):
                pass_message(talk, FAR)
    with world.submit(user("lan"), PASSWORD, LAN) as talk:
        pass_message(talk, user("lan"))


def test_mail_within_a_domain_needs_a_login_where_there_can_be_one(world):
    """SMG 9: "Required when SMTP interface AUTH is enabled"."""
    sender, recipient = "a@inbound.example", "b@inbound.example"
    with world.submit_without_login(PRINTER) as talk:
        pass_message(talk, FAR, [recipient])
        for _ in range(2):
            assert send(talk, sender, [recipient], f"From: {sender}") == ("rcpt", LOGIN_FIRST)
        pass_message(talk, sender)
    with world.deliver() as talk:
        for _ in range(2):
            pass_message(talk, sender, [recipient])
