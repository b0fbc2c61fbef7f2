"""postfix/ itself: a real Postfix with the shipped files, without a guard beside it."""

import re
import subprocess

import pytest

from harness.guarded_postfix import GuardedPostfix, shipped, site_settings
from harness.postfix import login_of, postfix_is_usable
from harness.process import source_dir
from harness.smtp_talk import SmtpTalk

NGINX, CLIENT = "127.0.0.1", "127.0.5.1"
AWAY = "451 4.7.1 Service unavailable - try again later"


@pytest.fixture(scope="module")
def make_postfix(shared_scratch):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    made = []

    def make(**site):
        folder = shared_scratch / f"postfix{len(made)}"
        postfix = GuardedPostfix(folder, f"unix:{shared_scratch}/nobody.sock", **site)
        made.append(postfix)
        return postfix.start()
    yield make
    for postfix in made:
        postfix.stop()


@pytest.fixture(scope="module")
def open_postfix(make_postfix):
    """One that lets everything pass that the guard does not refuse, while there is none."""
    return make_postfix(without_guard="accept", relay_networks="127.0.6.0/24", nginx=NGINX)


@pytest.fixture(scope="module")
def closed_postfix(make_postfix):
    """As shipped."""
    return make_postfix()


def as_nginx(postfix, port, login=None, address="127.0.0.9", source=NGINX):
    """A session as nginx begins it."""
    talk = SmtpTalk(postfix.ports[port], client=source)
    talk.say("EHLO mail.example.com")
    name = f" LOGIN={login}" if login else ""
    assert talk.say(f"XCLIENT ADDR={address} NAME=[UNAVAILABLE]{name}").startswith("220 ")
    talk.say("EHLO client.example")
    return talk


def deliver(talk, subject, to="anybody@acme.example"):
    return talk.say_all(["MAIL FROM:<customer@far.example>", f"RCPT TO:<{to}>", "DATA",
                         f"Subject: {subject}\r\n\r\nhello\r\n."])


def configuration(postfix, *words):
    return subprocess.run(["postconf", "-c", str(postfix.folder / "etc"), *words], capture_output=True, text=True)


def test_postfix_knows_every_setting(closed_postfix):
    """postconf warns of parameters that nobody uses, and of misspelt ones."""
    for words in ([], ["-M"], ["-P"]):
        done = configuration(closed_postfix, *words)
        assert (done.returncode, done.stderr) == (0, "")
    own = set(re.findall(r"^(mailreeve_\w+) =", shipped("site/main.cf") + shipped("main.cf"), re.M))
    used = "".join(line for text in (shipped("main.cf"), shipped("master.cf")) for line in text.splitlines(True)
                   if not line.startswith("#"))
    assert own and all(f"${name}" in used for name in own)


def test_both_ports_ask_the_guard_under_the_name_of_their_listener(closed_postfix):
    ports = {f"127.0.0.1:{number}": name for name, number in closed_postfix.ports.items()}
    printed = configuration(closed_postfix, "-P").stdout
    for port, name in ports.items():
        assert f"{port}/inet/milter_macro_daemon_name = {name}\n" in printed
        assert f"{port}/inet/smtpd_milters = $mailreeve_milters\n" in printed
    assert "non_smtpd_milters" not in configuration(closed_postfix, "-n").stdout


def test_a_listener_of_each_name_is_nginxs():
    text = (source_dir() / "nginx-conf" / "mail.conf").read_text()
    names = set(re.findall(r"milter_macro_daemon_name=(\w+)", shipped("master.cf")))
    assert names == {"submission", "mx"} and names <= set(re.findall(r"X-Listener (\w+);", text))


@pytest.mark.parametrize("port", ["submission", "mx"])
def test_without_the_guard_mail_has_to_wait(closed_postfix, port):
    with as_nginx(closed_postfix, port, "bob@acme.example") as talk:
        assert talk.say("MAIL FROM:<bob@acme.example>") == AWAY
        assert talk.say("MAIL FROM:<>") == AWAY
    assert not closed_postfix.messages()


@pytest.mark.parametrize("port", ["submission", "mx"])
def test_without_the_guard_mail_passes_where_that_is_configured(open_postfix, port):
    subject = f"unguarded {port}"
    with as_nginx(open_postfix, port, "bob@acme.example") as talk:
        assert deliver(talk, subject)[-1].startswith("250 ")
    assert login_of(open_postfix.wait_for_message(subject)) == "bob@acme.example"


@pytest.mark.parametrize("login, address, takes", [
    ("bob@acme.example", "127.0.0.9", True),
    ("bob", "192.0.2.1", True),
    (None, "127.0.0.9", False),
    # nobody is let in for being on nginx's machine
    (None, "127.0.0.1", False),
    (None, "127.0.6.1", True),
])
def test_the_submission_port_takes_mail_of_logins_and_of_the_relay_networks(open_postfix, login, address, takes):
    with as_nginx(open_postfix, "submission", login, address) as talk:
        talk.say("MAIL FROM:<bob@acme.example>")
        reply = talk.say("RCPT TO:<anybody@far.example>")
        assert reply.startswith("250 " if takes else "554 5.7.1 "), reply


def test_the_inbound_port_takes_mail_for_its_own_domains_only(make_postfix, scratch):
    postfix = GuardedPostfix(scratch / "postfix", f"unix:{scratch}/nobody.sock", without_guard="accept",
                             settings="virtual_mailbox_domains = acme.example\n")
    with postfix:
        # a login does not help, nor being on nginx's machine
        for login, address in ((None, "127.0.0.9"), ("bob@acme.example", "127.0.0.9"), (None, "127.0.0.1")):
            with as_nginx(postfix, "mx", login, address) as talk:
                talk.say("MAIL FROM:<bob@acme.example>")
                assert talk.say("RCPT TO:<anybody@far.example>").startswith("554 5.7.1 ")
                assert talk.say("RCPT TO:<anybody@acme.example>").startswith("250 ")


@pytest.mark.parametrize("port", ["submission", "mx"])
def test_no_recipient_is_a_way_to_another(scratch, port):
    """Which mailreeve would take for one of acme.example; "away" is where Postfix would send them."""
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    settings = ("mydestination = acme.example\nvirtual_mailbox_domains = own.example\n"
                "local_transport = error:5.1.1 here\ndefault_transport = error:5.1.1 away\n")
    nobody = f"unix:{scratch}/nobody.sock"
    with GuardedPostfix(scratch / "postfix", nobody, settings, without_guard="accept") as postfix:
        with as_nginx(postfix, port, "bob@acme.example") as talk:
            talk.say("MAIL FROM:<bob@acme.example>")
            for recipient in ("x%far.example@acme.example", "far.example!x@acme.example",
                              '"x@far.example"@acme.example', '"x%far.example"@acme.example',
                              "@acme.example:x%far.example@acme.example"):
                reply = talk.say(f"RCPT TO:<{recipient}>")
                assert reply.startswith("5") and "away" not in reply, (recipient, reply)
            assert "here" in talk.say("RCPT TO:<x@acme.example>")


@pytest.mark.parametrize("port", ["submission", "mx"])
def test_nobody_but_nginx_says_who_somebody_is(open_postfix, port):
    with SmtpTalk(open_postfix.ports[port], client=CLIENT) as talk:
        talk.say("EHLO client.example")
        assert talk.say("XCLIENT LOGIN=boss@acme.example").startswith("550 ")
        for mechanism in ("PLAIN AGJvYgBib2I=", "LOGIN"):
            assert talk.say(f"AUTH {mechanism}").startswith("503 ")
        talk.say("MAIL FROM:<boss@acme.example>")
        assert talk.say("RCPT TO:<anybody@far.example>").startswith("554 " if port == "submission" else "250 ")


@pytest.mark.parametrize("content", ["From: bob@acme.example\0, boss@acme.example\r\n\r\nhello",
                                     "From: bob@acme.example\r\nX: a\0b\r\n\r\nhello",
                                     "From: bob@acme.example\r\n\r\nhel\0lo"])
def test_a_nul_is_refused(open_postfix, content):
    with as_nginx(open_postfix, "submission", "bob@acme.example") as talk:
        talk.say_all(["MAIL FROM:<bob@acme.example>", "RCPT TO:<anybody@far.example>", "DATA"])
        assert talk.say(f"{content}\r\n.") == "550 5.7.1 disallowed character"


def test_a_dovecot_that_is_away_is_not_needed(scratch):
    """What many a main.cf has, for other ports."""
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    dovecot = "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n"
    with GuardedPostfix(scratch / "postfix", f"unix:{scratch}/nobody.sock", dovecot, without_guard="accept") as postfix:
        with as_nginx(postfix, "submission", "bob@acme.example") as talk:
            assert deliver(talk, "without Dovecot")[-1].startswith("250 ")


@pytest.mark.parametrize("port", ["submission", "mx"])
def test_headers_stay_as_they_came(open_postfix, port):
    """Even of who comes from nginx's own machine, and from one that Postfix takes for local."""
    for address in ("127.0.0.9", "127.0.0.1"):
        subject = f"headers of {address} at {port}"
        with as_nginx(open_postfix, port, "bob@acme.example", address) as talk:
            talk.say_all(["MAIL FROM:<bob@acme.example>", "RCPT TO:<anybody@far.example>", "DATA"])
            assert talk.say(f"To: boss\r\nSubject: {subject}\r\n\r\nhello\r\n.").startswith("250 ")
        message = open_postfix.wait_for_message(subject)
        assert (message["From"], message["Message-Id"], message["To"]) == (None, None, "boss")


def test_another_milter_may_stand_behind_the_guard(open_postfix, make_postfix):
    signer = "unix:/run/signer.sock"
    postfix = make_postfix(more_milters=signer, without_guard="accept")
    done = configuration(postfix, "-x", "-h", "mailreeve_milters")
    assert done.returncode == 0 and done.stdout.rstrip().endswith(f"}} {signer}"), done.stdout


def test_the_settings_of_the_site_are_those_of_the_harness():
    """Nothing of the shipped site/main.cf but what a test changes is different in the tests."""
    assert site_settings() == shipped("site/main.cf")
