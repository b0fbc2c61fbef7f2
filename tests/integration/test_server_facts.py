"""What a decision hangs on is found out, and only that: whether the sender is known to another organization's servers
(MDaemon: "unless Domain Sharing finds the sender on another server"), whether the recipient exists."""

import json

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve
from harness.setups import PASSWORD, USER, users_file
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_script import SmtpScript

CONFIGURATION = """
session_timeout = 5s
log_level = "debug"
listener "mx" {{ auth = "on"  upstream_inbound = "mx" }}
upstream "mx" {{ server "mx1" {{ address = "127.0.0.1:10025" }} }}
source "users" {{ type = "users"  file = "users" }}

organization "acme" {{ domains = {{"acme.example"}}  authenticate_senders = "always"  shared_with = {{"cloud", "branch"}}
                       recipients = "acme" }}
organization "cloud" {{ domains = {{"cloud.example"}}  recipients = "cloud" }}
organization "branch" {{ domains = {{"branch.example"}}  sources = {{"branch"}} }}
organization "team" {{ domains = {{"team.example"}}  recipients = "users" }}

source "acme" {{ type = "smtp"  server = {{"{acme}"}}  tls = "none" }}
source "cloud" {{ type = "smtp"  server = {{"{cloud}"}}  tls = "none" }}
source "branch" {{ type = "smtp"  server = {{"{branch}"}}  tls = "none" }}
"""

BASE = "dc=acme,dc=example"
DIRECTORY = """
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
upstream "mx" {{ server "mx1" {{ address = "127.0.0.1:10025" }} }}
organization "acme" {{ domains = {{"acme.example"}}  recipients = "acme" }}
source "acme" {{ type = "ldap"  uri = {{"{uri}"}}  base = "{base}"  bind_dn = "{dn}"  bind_password_file = "{file}"
    username_attribute = "uid" }}
"""

NOT_HERE = "550 5.1.1 no such user"
DOWN = "127.0.0.1:9"


def knows(scratch, *addresses):
    """A server that takes mail for these addresses alone."""
    return SmtpScript(scratch, recipients=json.dumps({one: "250 2.1.5 ok" for one in addresses}),
                      recipient_reply=NOT_HERE)


@pytest.fixture
def acme(scratch):
    with knows(scratch, "boss@acme.example") as server:
        yield server


@pytest.fixture
def cloud(scratch):
    with knows(scratch, "cloudy@acme.example") as server:
        yield server


@pytest.fixture
def branch(scratch):
    with knows(scratch, "twiggy@acme.example") as server:
        yield server


@pytest.fixture
def make_service(scratch):
    services = []

    def make(acme, cloud, branch):
        text = CONFIGURATION.format(acme=acme, cloud=cloud, branch=branch)
        service = Mailreeve(scratch / "service", text, {"users": users_file(**{"vera@team.example": PASSWORD})})
        services.append(service)
        return service.start()

    yield make
    for service in services:
        service.stop()


def ask(service, sender, recipient):
    """The code, OK for a yes."""
    answer = service.ask(fastcgi.recipient(f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"))
    return "OK" if answer.ok else answer["Auth-Error-Code"]


def asked(server):
    return server.stats()["asked"]


@pytest.mark.parametrize("sender, want", [
    ("cloudy@acme.example", "OK"), ("twiggy@acme.example", "OK"), ("stranger@acme.example", "530 5.7.0"),
    ("stranger@far.example", "OK"), ("", "OK")])
def test_a_sender_whom_an_organization_that_shares_knows_is_exempt(make_service, acme, cloud, branch, sender, want):
    service = make_service(acme.address, cloud.address, branch.address)
    assert ask(service, sender, "boss@acme.example") == want


def test_nobody_is_asked_about_a_sender_on_whom_nothing_hangs(make_service, acme, cloud, branch):
    service = make_service(acme.address, cloud.address, branch.address)
    assert ask(service, "stranger@far.example", "boss@acme.example") == "OK"
    assert ask(service, "cloudy@acme.example", "anybody@elsewhere.example") == "550 5.7.1"
    assert asked(branch) == [] and len(asked(acme)) == 1


def test_the_recipient_of_a_refused_sender_is_not_asked_about(make_service, acme, cloud, branch):
    service = make_service(acme.address, cloud.address, branch.address)
    assert ask(service, "stranger@acme.example", "boss@acme.example") == "530 5.7.0"
    assert asked(acme) == []


def test_two_facts_are_found_out_in_one_session(make_service, acme, cloud, branch):
    service = make_service(acme.address, cloud.address, branch.address)
    assert ask(service, "twiggy@acme.example", "nobody@acme.example") == "550 5.1.1"
    assert (len(asked(cloud)), len(asked(branch)), len(asked(acme))) == (1, 1, 1)
    [line] = service.decisions()
    assert (line["reason"], line["source"], line["cached"]) == ("recipient.unknown", "acme", "no")
    assert [(one["organization"], one["outcome"]) for one in service.events("sender.asked")] == [
        ("cloud", "unknown"), ("branch", "known")]


def test_a_server_that_cannot_tell_leaves_it_open_unless_another_one_knows(make_service, acme, branch):
    service = make_service(acme.address, DOWN, branch.address)
    assert ask(service, "twiggy@acme.example", "boss@acme.example") == "OK"
    assert ask(service, "stranger@acme.example", "boss@acme.example") == "454 4.7.0"
    assert service.decisions()[-1]["reason"] == "auth.source-unavailable"


def test_a_server_that_stalls_is_waited_for_no_longer_than_the_session_may_last(make_service, scratch, acme, branch):
    with SmtpScript(scratch, stall="rcpt") as stalled:
        service = make_service(acme.address, stalled.address, branch.address)
        assert ask(service, "stranger@acme.example", "boss@acme.example") == "454 4.7.0"
        assert float(service.decisions()[-1]["ms"]) < 10000


def test_the_one_name_of_the_recipient_is_in_the_log(make_service):
    service = make_service(DOWN, DOWN, DOWN)
    assert ask(service, "", "VERA@team.example") == "OK"
    line = service.decisions()[-1]
    assert (line["recipient_user"], line["source"]) == ("vera@team.example", "users")
    assert ask(service, "", "nobody@team.example") == "550 5.1.1"


def test_all_addresses_of_a_user_are_one_name_in_the_log_and_so_they_are_from_the_cache(scratch):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    aliases = ["danielb@acme.example", "daniel.bigras@acme.example", "dan@acme.example"]
    with Slapd(scratch / "slapd", [person("danielb", None, BASE, mail=aliases)], base=BASE) as slapd:
        text = DIRECTORY.format(uri=slapd.uri, base=BASE, dn=slapd.service_dn, file=slapd.service_password_file)
        with Mailreeve(scratch / "service", text) as service:
            for cached in ("no", "yes"):
                for alias in aliases:
                    assert ask(service, "", alias) == "OK"
                    line = service.decisions()[-1]
                    assert (line["recipient_user"], line["source"], line["cached"]) == ("danielb", "acme", cached)


def test_a_login_asks_about_no_recipient(make_service, acme, cloud, branch):
    service = make_service(acme.address, cloud.address, branch.address)
    service.ask(fastcgi.login(USER, "wrong", listener="mx"))
    assert asked(acme) == asked(cloud) == []
    assert "cached" not in service.decisions()[-1]
