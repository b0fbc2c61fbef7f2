"""What becomes of a message that the guard lets pass, who its sender is to the guard, and whom it meets that nginx
never asked about: through real nginx, Postfix and LDAP."""

import re

import pytest

from harness.command import EXIT_OK, mailreeve
from harness.guard_world import BRANCH, PASSWORD, PRINTER, configuration, directory, files
from harness.guarded_door import GuardedDoor, another_client, send
from harness.postfix import postfix_is_usable
from harness.process import wait_until
from harness.slapd import slapd_is_usable

BOB, ALICE, CAROL = "bob@acme.example", "alice@acme.example", "carol@acme.example"
URSULA, OLGA, NORA = "ursula@brief.example", "olga@globex.example", "nora@norelay.example"
FAR, OTHER = "customer@far.example", "other@far.example"
LOGIN_FIRST = "530 5.7.0 authentication is required"
LOGIN_FIRST_AS = "530 5.7.0 authentication is required for this sender"
BANNED = "421 4.7.0 too many failures, try again later"


@pytest.fixture(scope="module")
def world(shared_scratch, authority, front_certificate):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    with directory(shared_scratch / "slapd") as slapd, \
            GuardedDoor(shared_scratch / "door", authority, front_certificate, configuration(slapd),
                        files(slapd), relay_networks="127.0.6.0/24") as door:
        yield door


def take(world, talk, subject, sender=BOB, to=ALICE, header="", body="hello"):
    """A message that must pass; returns it as it was delivered."""
    header = f"{header}From: {sender}\nSubject: {subject}"
    where, reply = send(talk, sender, [to] if isinstance(to, str) else to, header, body)
    assert (where, reply[:10]) == ("end", "250 2.0.0 "), reply
    return world.postfix.wait_for_message(subject)


def results(message):
    return [str(value) for value in message.get_all("Authentication-Results", [])]


FORGED = """\
Authentication-Results: mta.example; auth=pass smtp.auth=boss@acme.example
Authentication-Results: elsewhere.example; dkim=pass
Authentication-Results:
 MTA.example (really) ; auth=pass smtp.auth=boss@acme.example
Authentication-Results : mta.example 1; spf=pass
"""


@pytest.mark.parametrize("user", [BOB, None])
def test_authentication_results_are_the_guards_own(world, user):
    for count in (1, 2):
        with world.submit(user, PASSWORD) if user else world.deliver() as talk:
            message = take(world, talk, f"forged results of {user} {count}", user or FAR, header=FORGED)
        own = [f"mta.example; auth=pass smtp.auth={user}"] if user else []
        assert results(message) == [*own, "elsewhere.example; dkim=pass"]


def test_more_forged_headers_than_can_be_taken_away_are_refused(world):
    for count, reply in ((100, "250 2.0.0 "), (101, "501 5.5.2 ")):
        header = "Authentication-Results: mta.example; none\n" * count + f"From: {BOB}"
        with world.submit(BOB, PASSWORD) as talk:
            assert send(talk, BOB, [ALICE], header)[1].startswith(reply)


def test_authentication_results_stand_above_the_received_header(world):
    with world.submit(BOB, PASSWORD) as talk:
        message = take(world, talk, "the order of headers")
    names = [name for name in message.keys() if name in ("Authentication-Results", "Received", "From")]
    assert names == ["Authentication-Results", "Received", "From"]


def test_a_user_whose_account_has_no_domain_is_named_with_it(world):
    with world.submit(URSULA, PASSWORD) as talk:
        for count in (1, 2):
            message = take(world, talk, f"with a domain {count}", URSULA)
            assert results(message) == [f"mta.example; auth=pass smtp.auth={URSULA}"]


def test_a_relay_window_makes_its_user_the_sender(world):
    client = another_client()
    with world.submit_without_login(client) as talk:
        assert talk.say(f"MAIL FROM:<{BOB}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{FAR}>") == LOGIN_FIRST
    world.open_window(BOB, PASSWORD, client)
    with world.submit_without_login(client) as talk:
        for count in (1, 2):
            message = take(world, talk, f"after POP {count}", to=FAR)
            assert results(message)[0].startswith("mta.example; auth=pass ") and BOB in results(message)[0]
            # his other address: the directory is asked by what he has logged in as
            take(world, talk, f"after POP as the builder {count}", "bob.builder@acme.example", FAR)
            assert send(talk, CAROL, [ALICE], f"From: {BOB}") == (
                "mail", "553 5.7.1 the sender is not the authenticated user")
            assert send(talk, BOB, [ALICE], f"From: {CAROL}")[1].startswith("550 5.7.1 ")


def test_a_relay_window_counts_for_who_goes_round_nginx(world):
    """NetMail: "The SMTP-after-POP feature includes the username of the person who authenticated"."""
    client = another_client()
    with world.go_round("submission", client) as talk:
        assert talk.say(f"MAIL FROM:<{BOB}>") == LOGIN_FIRST
    world.open_window(BOB, PASSWORD, client)
    with world.go_round("mx", client) as talk:
        # the window is none where the listener has no relay_window
        assert talk.say(f"MAIL FROM:<{BOB}>") == LOGIN_FIRST_AS


def test_a_window_is_named_in_the_message(world):
    client = PRINTER.replace(".1", ".77")
    world.open_window(BOB, PASSWORD, client)
    # past nginx, so that it is the guard that finds the window
    with world.go_round("submission", client) as talk:
        message = take(world, talk, "by the guard's window", to=ALICE)
        take(world, talk, "by the guard's window, as the builder", "bob.builder@acme.example", ALICE)
    assert results(message) == [f"mta.example; auth=pass (SMTP after POP) smtp.auth={BOB}"]


def test_a_tag_is_a_header_and_a_forged_one_is_not(world):
    forged = "X-Audit: audit\nX-Mailreeve-Tag: seen\nx-audit: forged\n"
    with world.submit(NORA, PASSWORD) as talk:
        for count in (1, 2):
            tagged = take(world, talk, f"tagged {count}", NORA, "audited@norelay.example", forged)
            assert tagged.get_all("X-Audit") == ["audit"] and tagged["X-Mailreeve-Tag"] is None
            bare = take(world, talk, f"untagged {count}", NORA, ALICE, forged)
            assert bare["X-Audit"] is None and bare["X-Mailreeve-Tag"] is None
            long = take(world, talk, f"long {count}", NORA, "seen@norelay.example", forged, "long line\n" * 300)
            assert long.get_all("X-Mailreeve-Tag") == ["seen"] and long["X-Audit"] is None


def test_recipients_per_message_is_asked_of_each_message_anew(world):
    four = [ALICE, CAROL, BOB, "sales@acme.example"]
    too_many = "452 4.5.3 too many recipients in one message"
    with world.submit(BOB, PASSWORD) as talk:
        for count in (1, 2):
            talk.say(f"MAIL FROM:<{BOB}>")
            for address in four:
                assert talk.say(f"RCPT TO:<{address}>").startswith("250 ")
            assert talk.say(f"RCPT TO:<{FAR}>") == too_many
            assert talk.say(f"RCPT TO:<{OTHER}>") == too_many
            if count == 1:
                assert talk.say("RSET").startswith("250 ")
        # those that were taken have it
        talk.say("DATA")
        assert talk.say(f"From: {BOB}\r\nSubject: to four\r\n\r\nhello\r\n.").startswith("250 ")

    def recipients():
        return sorted(message["X-Original-To"] for message in world.postfix.messages()
                      if message["Subject"] == "to four")
    wait_until(lambda: len(recipients()) == 4, 20, "four recipients to have it")
    assert recipients() == sorted(four)


def test_refused_recipients_do_not_count(world):
    with world.submit(BOB, PASSWORD) as talk:
        talk.say(f"MAIL FROM:<{BOB}>")
        for count in range(6):
            assert talk.say(f"RCPT TO:<nobody{count}@acme.example>") == "550 5.1.1 no such recipient"
        for address in (ALICE, CAROL, BOB, FAR):
            assert talk.say(f"RCPT TO:<{address}>").startswith("250 ")


def test_a_branch_needs_no_login(world):
    """SMG 12: "this setting overrides the rejection if the connecting IP address matches an entry"."""
    with world.deliver(BRANCH) as talk:
        for count in (1, 2):
            take(world, talk, f"from the branch {count}", ALICE, CAROL)
    with world.deliver() as talk:
        take(world, talk, "not from the branch", FAR, CAROL)
        assert talk.say(f"MAIL FROM:<{ALICE}>") == LOGIN_FIRST_AS


def test_a_printer_relays_without_a_login(world):
    with world.submit_without_login(PRINTER) as talk:
        for count in (1, 2):
            message = take(world, talk, f"printed {count}", FAR, OTHER)
            assert not results(message)
        assert talk.say(f"MAIL FROM:<{ALICE}>") == LOGIN_FIRST_AS


def test_a_sender_on_another_server_needs_no_login(world):
    """MDaemon: "...unless Domain Sharing finds the sender on another server"."""
    with world.submit_without_login(PRINTER) as talk:
        take(world, talk, "the printer's own", FAR, OTHER)
        for count in (1, 2):
            take(world, talk, f"shared {count}", "remote@globex.example", OTHER)
            assert send(talk, OLGA, [OTHER], f"From: {OLGA}") == ("rcpt", LOGIN_FIRST_AS)


def test_the_postmaster_is_always_a_recipient(world):
    with world.deliver() as talk:
        take(world, talk, "to somebody", FAR)
        talk.say("MAIL FROM:<>")
        assert talk.say("RCPT TO:<postmaster>").startswith("550 5.7.1 ")


def test_who_goes_round_nginx_meets_the_same_rules(world):
    with world.go_round("submission") as talk:
        assert talk.say(f"MAIL FROM:<{FAR}>") == LOGIN_FIRST
        assert talk.say("MAIL FROM:<>") == LOGIN_FIRST
    with world.go_round("mx") as talk:
        assert talk.say(f"MAIL FROM:<{ALICE}>") == LOGIN_FIRST_AS
        talk.say(f"MAIL FROM:<{FAR}>")
        assert talk.say(f"RCPT TO:<{OTHER}>") == "550 5.7.1 relaying is not allowed"
        assert talk.say("RCPT TO:<nobody@acme.example>") == "550 5.1.1 no such recipient"


def test_one_session_of_many_messages_has_one_user(world):
    """XCLIENT in the midst of a connection changes who it is, for the guard as for Postfix."""
    with world.go_round("submission", "127.0.0.1") as talk:
        for user, subject in ((BOB, "as Bob"), (OLGA, "as Olga"), (BOB, "as Bob again")):
            assert talk.say(f"XCLIENT ADDR=127.0.0.1 LOGIN={user}").startswith("220 ")
            talk.say("EHLO client.example")
            message = take(world, talk, subject, user)
            assert results(message) == [f"mta.example; auth=pass smtp.auth={user}"]
            assert talk.say(f"MAIL FROM:<{CAROL}>").startswith("553 ")
        assert talk.say("XCLIENT ADDR=127.0.0.1").startswith("220 ")
        talk.say("EHLO client.example")
        assert talk.say(f"MAIL FROM:<{BOB}>") == LOGIN_FIRST


def test_a_ban_ends_a_session_at_its_next_message(world):
    client = another_client()
    with world.submit(BOB, PASSWORD, client) as talk:
        take(world, talk, "before the ban")
        done = mailreeve("ban", "add", "-c", world.front.configuration, client)
        assert done.returncode == EXIT_OK, done.stderr
        assert talk.say(f"MAIL FROM:<{BOB}>") == BANNED
        assert talk.is_closed()
    assert client in world.wait_for_line(client=client, reason="auth.banned")["rule"].partition(" ban: ")[2]


def test_each_message_leaves_a_line(world):
    client = another_client()
    with world.submit(BOB, PASSWORD, client) as talk:
        talk.say(f"MAIL FROM:<{BOB}>")
        talk.say("RCPT TO:<nobody@acme.example>")
        talk.say("RSET")
        take(world, talk, "told in the log", to=[ALICE, FAR])
    line = world.wait_for_line(client=client, stage="rcpt")
    assert (line["verdict"], line["code"], line["reason"]) == ("refuse", "550 5.1.1", "recipient.unknown")
    line = world.wait_for_line(client=client, stage="end")
    wanted = {"listener": "submission", "user": BOB, "organization": "acme", "recipients": "2", "verdict": "accept",
              "reason": "message.ok"}
    assert wanted.items() <= line.items()
    queue = re.search(r"id (\w+)", str(world.postfix.wait_for_message("told in the log")["Received"]))[1]
    assert line["queue"] == queue


MALFORMED = "501 5.5.2 malformed name, password or address"


@pytest.mark.parametrize("line, reply", [
    ("MAIL FROM: <alice@acme.example>", "553 5.7.1 "),
    ("MAIL FROM:<@bob.example:alice@acme.example>", "553 5.7.1 "),
    ('MAIL FROM:<"alice"@acme.example>', "553 5.7.1 "),
    ("MAIL FROM:<alice%acme.example@mta.example>", "553 5.7.1 "),
    ("MAIL FROM:<bob@[127.0.0.1]>", "553 5.7.1 "),
    ("MAIL FROM:alice@acme.example", MALFORMED),
    ("MAIL FROM:<alice>", MALFORMED),
    ("MAIL FROM:<bob>", MALFORMED),
    ("MAIL FROM:<alice(bob)@acme.example>", MALFORMED),
    ("MAIL FROM:<acme.example!alice>", MALFORMED),
    ("MAIL FROM:<alice@acme.example.>", MALFORMED),
    # Postfix's own word
    ("MAIL FROM:bob@acme.example <alice@acme.example>", "555 5.5.4 "),
    ("MAIL FROM:<bob@acme.example,alice@acme.example>", "501 5.1.7 "),
    ("MAIL FROM:<@alice.example:bob@acme.example>", "250 "),
    ('MAIL FROM:<"bob"@acme.example>', "250 "),
    ("MAIL FROM:<bob@acme.example> BODY=8BITMIME SIZE=1000", "250 "),
])
def test_no_way_to_write_a_sender_makes_it_another(world, line, reply):
    with world.submit(BOB, PASSWORD) as talk:
        for _ in range(2):
            assert talk.say(line).startswith(reply)
            talk.say("RSET")


@pytest.mark.parametrize("recipient, reply", [
    ("x%far.example@acme.example", "550 5.1.1 "),
    ('"x@far.example"@acme.example', "550 5.1.1 "),
    ("@acme.example:x@far.example", "550 5.7.1 relaying is not allowed"),
    ("x@[192.0.2.1]", "550 5.7.1 relaying is not allowed"),
    ("x@far.example@acme.example", MALFORMED),
    ("far.example!x", MALFORMED),
])
def test_no_way_to_write_a_recipient_makes_it_another(world, recipient, reply):
    with world.submit(NORA, PASSWORD) as talk:
        talk.say(f"MAIL FROM:<{NORA}>")
        assert talk.say(f"RCPT TO:<{ALICE}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{recipient}>").startswith(reply)


def test_a_message_in_a_message_is_held_to_the_rules_too(world):
    """A line that ends in a bare LF may end the message to one server and not to the next."""
    inner = f"MAIL FROM:<{ALICE}>\r\nRCPT TO:<{CAROL}>\r\nDATA\r\nFrom: {ALICE}\r\nSubject: smuggled\r\n\r\nhello\r\n."
    with world.submit(BOB, PASSWORD) as talk:
        talk.say_all([f"MAIL FROM:<{BOB}>", f"RCPT TO:<{CAROL}>", "DATA"])
        talk.say(f"From: {BOB}\r\nSubject: the smuggler\r\n\r\nhello\n.\n{inner}")
    with world.submit(BOB, PASSWORD) as talk:
        take(world, talk, "behind the smuggler")
    assert "smuggled" not in {message["Subject"] for message in world.postfix.messages()}


def test_bdat_is_no_way_past_the_guard(world):
    """nginx does not announce CHUNKING, but Postfix knows it."""
    for shown, reply in ((ALICE, "550 5.7.1 "), (BOB, "250 2.0.0 ")):
        content = f"From: {shown}\r\nSubject: in one chunk\r\n\r\nhello"
        with world.submit(BOB, PASSWORD) as talk:
            talk.say_all([f"MAIL FROM:<{BOB}>", f"RCPT TO:<{CAROL}>"])
            # say() ends it with a line's end, which belongs to the chunk
            assert talk.say(f"BDAT {len(content) + 2} LAST\r\n{content}").startswith(reply)


@pytest.mark.parametrize("header", [
    "Resent-Sender: " + ",\r\n ".join(f"a{count}@b.co" for count in range(1001)) + f"\r\nFrom: {ALICE}",
    "From: " + "=?utf-8?q??=\r\n " * 1001 + f"=?utf-8?q?alice=40acme.example?= <{OLGA}>",
    # what Postfix sends on as "alice@acme.example", a line end and " .free.example"
    "From:" + " " * (998 - len(f"From:<{ALICE}")) + f"<{ALICE}.free.example>",
], ids=["addresses", "words", "blanks"])
def test_no_crowd_hides_an_address(world, header):
    """From a user whose own organization does not ask what he shows."""
    with world.submit(OLGA, PASSWORD) as talk:
        assert send(talk, OLGA, [CAROL], header)[1].startswith("550 5.7.1 ")
        take(world, talk, "from Olga alone", OLGA)


@pytest.mark.parametrize("author", ["{}", "{},", "Shouter <{}", "{} <x@far.example>", "other@far.example\nFrom: ,{}"])
def test_no_slip_of_grammar_gets_an_author_past_a_rule(world, author):
    """Of whoever has not logged in, whose headers may be as they like."""
    with world.deliver() as talk:
        header = "From: " + author.format("shouter@far.example")
        assert send(talk, FAR, [CAROL], header) == ("end", "550 5.7.5 do not shout")
        assert send(talk, FAR, [CAROL], header.replace("shouter", "speaker"))[1].startswith("250 ")
