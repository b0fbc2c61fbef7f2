"""What the guard needs is away: the guard itself killed, stopped and slow, the directory and the store down and slow.
Mail then has to wait; it is never a "sender mismatch", and never passes unasked. Each outage mends itself."""

import signal
import time

import pytest

from harness.guard_world import PASSWORD, configuration, directory, files
from harness.guarded_door import GuardedDoor, another_client, send
from harness.guarded_postfix import GuardedPostfix
from harness.postfix import postfix_is_usable
from harness.process import wait_until
from harness.redis import Redis, redis_is_usable
from harness.slapd import slapd_is_usable
from harness.smtp_talk import SmtpTalk

BOB, ALIAS, ALICE = "bob@acme.example", "bob.builder@acme.example", "alice@acme.example"
URSULA, OLGA, FAR = "ursula@brief.example", "olga@globex.example", "customer@far.example"
AWAY = "451 4.7.1 Service unavailable - try again later"
SOME_TIME = "454 4.7.0 temporary failure, try again later"
UNVERIFIABLE = "450 4.1.1 the recipient cannot be verified now, try again later"

# How long Postfix waits for the guard here; longer than any outage takes to be noticed.
PATIENCE_S = 4


@pytest.fixture(scope="module")
def slapd(shared_scratch):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    with directory(shared_scratch / "slapd") as server:
        yield server


@pytest.fixture(scope="module")
def redis(shared_scratch):
    if not redis_is_usable():
        pytest.skip("redis-server is not installed")
    with Redis(shared_scratch / "redis") as server:
        yield server


@pytest.fixture(scope="module")
def world(shared_scratch, authority, front_certificate, slapd, redis):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    text = configuration(slapd, f'state {{ engine = "redis"  url = "{redis.url}" }}')
    uncached = "cache = 0  negative_cache = 0"
    assert text.count(uncached) == 2
    text = text.replace(uncached, f"{uncached}  timeout = 1s  connect_timeout = 1s")
    with GuardedDoor(shared_scratch / "door", authority, front_certificate, text, files(slapd),
                     patience=f"{PATIENCE_S}s") as door:
        yield door


def passes(world, user=BOB, sender=None, to=ALICE):
    sender = sender or user
    with world.submit(user, PASSWORD) as talk:
        return send(talk, sender, [to], f"From: {sender}")[1].startswith("250 2.0.0 ")


def recovers(world, **message):
    wait_until(lambda: passes(world, **message), 20, "mail to pass again")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_without_the_guard_mail_waits_until_it_is_back(world, end):
    with world.submit(BOB, PASSWORD) as talk:
        assert send(talk, BOB, [ALICE], f"From: {BOB}")[1].startswith("250 ")
        world.guard.stop(end)
        # the session at hand, a new one, and one without a login
        assert send(talk, BOB, [ALICE], f"From: {BOB}") == ("mail", AWAY)
    with world.submit(BOB, PASSWORD) as talk:
        assert send(talk, BOB, [ALICE], f"From: {BOB}") == ("mail", AWAY)
    with world.deliver() as talk:
        assert send(talk, FAR, [ALICE], f"From: {FAR}") == ("rcpt", AWAY)
    world.guard.start()
    recovers(world)


def test_a_guard_that_ends_in_the_midst_of_a_message_lets_it_wait(world):
    with world.submit(BOB, PASSWORD) as talk:
        talk.say(f"MAIL FROM:<{BOB}>")
        talk.say(f"RCPT TO:<{ALICE}>")
        assert talk.say("DATA").startswith("354 ")
        world.guard.stop(signal.SIGKILL)
        assert talk.say(f"From: {BOB}\r\nSubject: half way\r\n\r\nhello\r\n.") == AWAY
    world.guard.start()
    recovers(world)
    assert "half way" not in {message["Subject"] for message in world.postfix.messages()}


def test_a_guard_that_does_not_answer_lets_mail_wait(world):
    talks = [world.submit(BOB, PASSWORD) for _ in range(2)]
    assert talks[0].say(f"MAIL FROM:<{BOB}>").startswith("250 ")
    world.guard.pause()
    try:
        begin = time.monotonic()
        assert talks[0].say(f"RCPT TO:<{ALICE}>") == AWAY
        assert talks[1].say(f"MAIL FROM:<{BOB}>") == AWAY
        assert PATIENCE_S <= time.monotonic() - begin < 4 * PATIENCE_S
    finally:
        world.guard.resume()
        for talk in talks:
            talk.close()
    recovers(world)


def test_postfix_takes_mail_without_the_guard_where_it_is_told_to(world, scratch):
    with GuardedPostfix(scratch / "postfix", f"unix:{world.socket}", without_guard="accept",
                        patience=f"{PATIENCE_S}s") as postfix:
        def as_nginx(sender):
            with SmtpTalk(postfix.ports["submission"]) as talk:
                talk.say("EHLO mail.example.com")
                talk.say(f"XCLIENT ADDR=127.0.0.9 LOGIN={BOB}")
                talk.say("EHLO client.example")
                return send(talk, sender, [ALICE], f"From: {BOB}")

        assert as_nginx(ALICE)[0] == "mail"
        world.guard.stop(signal.SIGKILL)
        assert as_nginx(ALICE)[1].startswith("250 ")
        world.guard.start()
        wait_until(lambda: as_nginx(ALICE)[0] == "mail", 20, "the guard to be asked again")
        world.guard.pause()
        try:
            assert as_nginx(ALICE)[1].startswith("250 ")
        finally:
            world.guard.resume()
        wait_until(lambda: as_nginx(ALICE)[0] == "mail", 20, "the guard to be asked again")


class Outage:
    """A server that is away as long as the with statement lasts."""

    def __init__(self, server, kind):
        self.server, self.kind = server, kind

    def __enter__(self):
        if self.kind == "down":
            self.server.process.kill()
        else:
            self.server.pause()

    def __exit__(self, *_):
        if self.kind == "down":
            self.server.start()
        else:
            self.server.resume()


@pytest.mark.parametrize("kind", ["down", "slow"])
def test_without_the_directory_nobody_is_called_a_forger(world, slapd, kind):
    with world.submit(BOB, PASSWORD) as bob, world.submit(OLGA, PASSWORD) as olga, world.deliver() as other:
        assert send(other, FAR, [ALICE], f"From: {FAR}")[1].startswith("250 ")
        with Outage(slapd, kind):
            # what only the directory knows to be his, or not
            for sender in (ALIAS, ALICE, FAR):
                assert send(bob, sender, ["host@globex.example"], f"From: {BOB}") == ("mail", SOME_TIME)
                assert send(bob, BOB, ["host@globex.example"], f"From: {sender}") == ("end", SOME_TIME)
            for talk, sender in ((bob, BOB), (other, FAR)):
                # asked about before, it is remembered
                assert send(talk, sender, [ALICE], f"From: {sender}")[1].startswith("250 ")
                assert send(talk, sender, [f"{kind}@acme.example"], f"From: {sender}") == ("rcpt", UNVERIFIABLE)
            # nobody needs it for these: his own name, a list, a domain that is not his organization's
            for sender in (BOB, "sales@acme.example"):
                assert send(bob, sender, ["host@globex.example"], f"From: {sender}")[1].startswith("250 ")
            assert send(olga, OLGA, ["host@globex.example"], f"From: {OLGA}")[1].startswith("250 ")
            assert send(olga, ALICE, ["host@globex.example"], f"From: {OLGA}")[1].startswith("553 ")
    recovers(world, sender=ALIAS)
    reasons = {line["reason"] for line in world.lines() if line["verdict"] == "refuse" and line.get("user") == BOB}
    assert not reasons & {"from.mismatch"}


@pytest.mark.parametrize("kind", ["down", "slow"])
def test_without_the_store_nobody_is_taken_for_another(world, redis, kind):
    client, windowed = another_client(), another_client()
    world.open_window(BOB, PASSWORD, windowed)
    with world.submit(URSULA, PASSWORD, client) as ursula, world.submit(BOB, PASSWORD) as bob, \
            world.go_round("submission", windowed) as window:
        assert send(ursula, URSULA, [ALICE], f"From: {URSULA}")[1].startswith("250 ")
        assert window.say(f"MAIL FROM:<{BOB}>").startswith("250 ")
        assert window.say("RSET").startswith("250 ")
        with Outage(redis, kind):
            # who somebody is without a domain, the store knows
            assert send(ursula, URSULA, [ALICE], f"From: {URSULA}") == ("mail", SOME_TIME)
            # a window that cannot be seen is closed
            assert window.say(f"MAIL FROM:<{BOB}>") == "530 5.7.0 authentication is required"
            # bans and counters are unknown, and the rules hold
            assert send(bob, BOB, [ALICE], f"From: {BOB}")[1].startswith("250 ")
            assert send(bob, ALICE, [ALICE], f"From: {BOB}")[1].startswith("553 ")
        if kind == "slow":
            # its notes have survived
            def passes_again():
                return send(ursula, URSULA, [ALICE], f"From: {URSULA}")[1].startswith("250 ")
            wait_until(passes_again, 20, "the store to be asked again")
    recovers(world, user=URSULA)


def test_a_store_that_has_lost_its_notes_learns_them_by_the_next_login(world, redis):
    client = another_client()
    with world.submit(URSULA, PASSWORD, client) as ursula:
        redis.ask("FLUSHALL")
        # of no organization, so that nothing of Brief's is his
        where, reply = send(ursula, URSULA, [ALICE], f"From: {URSULA}")
        assert where == "mail" and reply[0] in "45", reply
    with world.submit(URSULA, PASSWORD, client) as ursula:
        assert send(ursula, URSULA, [ALICE], f"From: {URSULA}")[1].startswith("250 ")
