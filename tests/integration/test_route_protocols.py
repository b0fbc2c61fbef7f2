"""Where sessions of each protocol are sent: what an organization and a listener say about IMAP and POP3, who may not
relay, and what `mailreeve explain` says about it."""

import json

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_TEMPORARY, mailreeve
from harness.mailreeve import Mailreeve
from harness.setups import users_file

PASSWORD = "right"
UPSTREAMS = {name: 10100 + number for number, name in enumerate((
    "submission", "imap", "pop3", "inbound", "acme", "acme-imap", "acme-pop3", "branch", "branch-pop3"))}
CONFIGURATION = """
listener "all" { auth = "on"  upstream = "submission"  upstream_imap = "imap"  upstream_pop3 = "pop3"
                 relay = "organizations"  relay_organizations = {"acme", "branch", "plain"}  upstream_inbound = "inbound" }
listener "some" { auth = "on"  upstream = "submission"  upstream_imap = "imap" }
listener "imap-alone" { auth = "on"  upstream_imap = "imap" }
organization "acme" { domains = {"acme.example"}  upstream = "acme"
                      upstream_imap = "acme-imap"  upstream_pop3 = "acme-pop3" }
organization "branch" { domains = {"branch.example"}  upstream = "branch"  upstream_pop3 = "branch-pop3" }
organization "plain" { domains = {"plain.example"} }
organization "shut" { domains = {"shut.example"}  upstream = "acme"  upstream_imap = "acme-imap" }
source "users" { type = "users"  file = "users" }
""" + "".join(f'upstream "{name}" {{ server "{name}-1" {{ address = "127.0.0.1:{port}" }} }}\n'
              for name, port in UPSTREAMS.items())
PEOPLE = ["anna@acme.example", "bob@branch.example", "petra@plain.example", "eve@shut.example", "printer"]

# what happens, listener, user, protocol, upstream
SENT = [
    ("an organization's IMAP", "all", "anna@acme.example", "imap", "acme-imap"),
    ("an organization's POP3", "all", "anna@acme.example", "pop3", "acme-pop3"),
    ("an organization's SMTP", "all", "anna@acme.example", "smtp", "acme"),
    ("an organization's upstream is before the listener's for IMAP", "all", "bob@branch.example", "imap", "branch"),
    ("an organization's POP3 is before its upstream", "all", "bob@branch.example", "pop3", "branch-pop3"),
    ("the listener's IMAP", "all", "petra@plain.example", "imap", "imap"),
    ("the listener's POP3", "all", "petra@plain.example", "pop3", "pop3"),
    ("the listener's SMTP", "all", "petra@plain.example", "smtp", "submission"),
    ("the listener's upstream where POP3 has none", "some", "petra@plain.example", "pop3", "submission"),
    ("a name of no organization", "all", "printer", "imap", "imap"),
    ("a user without the right to relay reads mail", "all", "eve@shut.example", "imap", "acme-imap"),
    ("a user without the right to relay sends mail", "all", "eve@shut.example", "smtp", "inbound"),
    ("a name of no organization sends mail", "all", "printer", "smtp", "inbound"),
    ("IMAP alone", "imap-alone", "petra@plain.example", "imap", "imap"),
    ("SMTP where only IMAP has an upstream", "imap-alone", "petra@plain.example", "smtp", None),
    ("POP3 where only IMAP has an upstream", "imap-alone", "petra@plain.example", "pop3", None),
]
NAMES = [case[0] for case in SENT]


@pytest.fixture(scope="module")
def service(shared_scratch):
    users = {"users": users_file(**dict.fromkeys(PEOPLE, PASSWORD))}
    with Mailreeve(shared_scratch / "service", "failure_delay = 1s\n" + CONFIGURATION, users) as running:
        yield running


@pytest.mark.parametrize("listener, user, protocol, upstream", [case[1:] for case in SENT], ids=NAMES)
def test_a_session_is_sent_to(service, listener, user, protocol, upstream):
    answer = service.ask(fastcgi.login(user, PASSWORD, listener, protocol))
    if upstream is None:
        assert not answer.ok
        assert service.decisions()[-1]["reason"] == "route.none"
    else:
        assert answer.ok and (answer["Auth-Server"], int(answer["Auth-Port"])) == ("127.0.0.1", UPSTREAMS[upstream])
        audit = service.decisions()[-1]
        assert (audit["upstream"], audit["server"]) == (upstream, f"{upstream}-1")


@pytest.mark.parametrize("listener, user, protocol, upstream", [case[1:] for case in SENT], ids=NAMES)
def test_explain_says_where(service, listener, user, protocol, upstream):
    words = [f"listener={listener}", f"user={user}", f"protocol={protocol}", "password-ok=yes"]
    done = mailreeve("explain", "-c", service.path, "--json", *words)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer.get("upstream")) == (EXIT_OK if upstream else EXIT_TEMPORARY, upstream)
    if upstream is None:
        assert answer["reason"] == "route.none"
        assert answer["rule"].endswith(f'listener "{listener}": upstream: none is set')


def test_all_shows_the_upstream_before_the_verdict(service):
    words = ["listener=all", "user=anna@acme.example", "protocol=imap"]
    *_, upstream, verdict, _, _ = mailreeve("explain", "-c", service.path, "--all", *words).stdout.splitlines()
    assert (upstream, verdict.split()[:2]) == ("upstream acme-imap", ["verdict", "accept"])
    three = mailreeve("explain", "-c", service.path, *words).stdout.splitlines()
    assert [line.split()[0] for line in three] == ["verdict", "reason", "rule"]
