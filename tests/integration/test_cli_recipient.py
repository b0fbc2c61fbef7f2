"""`mailreeve recipient`: whether mail for an address would be taken, asked of the real source."""

import json
import re

import pytest

from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, EXIT_USAGE, mailreeve
from harness.dns import Dns, dns_is_usable
from harness.process import free_port
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_script import SmtpScript

BASE = "dc=acme,dc=example"
ALIASES = ["danielb@acme.example", "daniel.bigras@acme.example", "dbigras@acme.example", "dan@acme.example"]

CONFIG = """socket = "auth.sock"
listener "mx" { auth = "off"  upstream_inbound = "mta" }
organization "local" { domains = {"local.example"}  recipients = "users" }
organization "open" { domains = {"open.example"} }
organization "dark" { domains = {"dark.example"}  recipients = "dark" }
organization "easy" { domains = {"easy.example"}  recipients = "dark"  unverifiable_recipient = "accept" }
source "users" { type = "users"  file = "users" }
source "dark" { type = "ldap"  uri = {"ldap://127.0.0.1:PORT"}  base = "dc=dark"
    username_attribute = "uid" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""

WITH_DIRECTORY = """organization "acme" { domains = {"acme.example", "*.acme.example"}  recipients = "acme" }
source "acme" { type = "ldap"  uri = {"URI"}  base = "BASE"  bind_dn = "DN"  bind_password_file = "FILE"
    username_attribute = "uid" }
"""


@pytest.fixture(scope="module")
def config(shared_scratch):
    file = shared_scratch / "mailreeve.conf"
    file.write_text(CONFIG.replace("PORT", str(free_port())))
    for name, *options in [("anna@local.example",), ("gone@local.example", "--disabled"), ("root",)]:
        done = mailreeve("user", "add", name, "-c", file, "--method", "sha256", *options, stdin="open sesame\n")
        assert done.returncode == EXIT_OK, done.stderr
    return file


@pytest.fixture(scope="module")
def directory_config(shared_scratch, config):
    """The same with an organization whose recipients are in a real directory."""
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    entries = [person("DanielB", None, BASE, mail=ALIASES), person("list1", None, BASE, mail="all@acme.example"),
               person("list2", None, BASE, mail="all@acme.example")]
    with Slapd(shared_scratch / "slapd", entries, base=BASE) as slapd:
        file = shared_scratch / "with-directory.conf"
        text = WITH_DIRECTORY.replace("URI", slapd.uri).replace("BASE", BASE).replace("DN", slapd.service_dn)
        file.write_text(config.read_text() + text.replace("FILE", str(slapd.service_password_file)))
        yield file


def ask(config, address, *options):
    """Exit code and the lines with times taken out."""
    done = mailreeve("recipient", "-c", config, address, *options)
    assert done.stderr == ""
    return done.returncode, re.sub(r"\d+\.\d ms", "N ms", done.stdout).splitlines()


def test_a_name_of_the_users_file_is_a_recipient(config):
    assert ask(config, "ANNA@Local.Example") == (EXIT_OK, [
        "organization local", "source users", "recipient exists", "user anna@local.example", "took N ms"])


def test_a_disabled_account_gets_mail(config):
    status, lines = ask(config, "gone@local.example")
    assert status == EXIT_OK and "user gone@local.example" in lines


@pytest.mark.parametrize("address", ["nobody@local.example", "root@local.example"])
def test_who_is_not_in_the_users_file_is_unknown(config, address):
    assert ask(config, address) == (EXIT_PROBLEM, [
        "organization local", "source users", "recipient unknown", "took N ms"])


@pytest.mark.parametrize("alias", ALIASES)
def test_all_aliases_of_the_directory_lead_to_one_name(directory_config, alias):
    assert ask(directory_config, alias) == (EXIT_OK, [
        "organization acme", "source acme", "recipient exists", "user danielb",
        f"detail uid=DanielB,ou=people,{BASE}", "took N ms"])


def test_an_address_of_two_entries_exists_without_a_name(directory_config):
    status, lines = ask(directory_config, "all@acme.example")
    assert status == EXIT_OK
    assert lines[:3] == ["organization acme", "source acme", "recipient exists"]
    assert lines[3].startswith("detail several entries match, the first is uid=list")


def test_who_is_not_in_the_directory_is_unknown(directory_config):
    assert ask(directory_config, "nobody@mail.acme.example") == (EXIT_PROBLEM, [
        "organization acme", "source acme", "recipient unknown", "took N ms"])


def test_a_directory_that_is_down_cannot_tell(config):
    status, lines = ask(config, "anna@dark.example")
    assert status == EXIT_TEMPORARY
    assert lines[:4] == ["organization dark", "source dark", "recipient unverifiable", "unverifiable_recipient defer"]
    assert lines[4].startswith("detail ldap://127.0.0.1:")
    assert ask(config, "anna@easy.example")[1][3] == "unverifiable_recipient accept"


def test_a_mail_server_can_tell_who_exists_but_not_who_it_is(config):
    replies = {"anna@mail.example": "250 2.1.5 ok", "nobody@mail.example": "550 5.1.1 no such user",
               "later@mail.example": "451 4.3.0 later"}
    folder = config.parent / "script"
    folder.mkdir()
    with SmtpScript(folder, recipients=json.dumps(replies)) as server:
        file = config.parent / "with-mail-server.conf"
        file.write_text(config.read_text() + 'organization "mail" { domains = {"mail.example"}  recipients = "mx" }\n'
                        f'source "mx" {{ type = "smtp"  server = {{"127.0.0.1:{server.port}"}}  tls = "none" }}\n')
        status, lines = ask(file, "anna@mail.example")
        assert (status, lines[:3]) == (EXIT_OK, ["organization mail", "source mx", "recipient exists"])
        assert not any(line.startswith("user ") for line in lines)
        status, lines = ask(file, "nobody@mail.example")
        assert (status, lines[2]) == (EXIT_PROBLEM, "recipient unknown")
        status, lines = ask(file, "later@mail.example")
        assert (status, lines[2]) == (EXIT_TEMPORARY, "recipient unverifiable")
        assert "451 4.3.0" in lines[4], lines


def test_where_nobody_knows_the_recipients_every_address_is_taken(config):
    assert ask(config, "anybody@open.example") == (EXIT_OK, [
        "organization open", "recipient exists",
        'detail the organization has no "recipients": every address is taken', "took N ms"])


def test_a_domain_of_no_organization_has_no_recipients(config):
    assert ask(config, "anna@third.example") == (EXIT_PROBLEM, [
        "organization none", "recipient unknown", "detail no organization has this domain", "took N ms"])


def test_an_organization_whose_own_file_is_broken_cannot_tell(config):
    (config.parent / "tenant.conf").write_text('sources = {"users"}\n')
    file = config.parent / "tenants.conf"
    file.write_text(config.read_text() + 'organization "own" { domains = {"own.example"}  recipients = "users"'
                                         '  delegated = "tenant.conf" }\n')
    status, lines = ask(file, "anna@own.example")
    assert status == EXIT_TEMPORARY
    assert lines[:2] == ["organization own", "recipient unverifiable"]
    assert ask(file, "anna@local.example")[0] == EXIT_OK


def test_json_says_the_same(config):
    def fields(address):
        done = mailreeve("recipient", "-c", config, address, "--json")
        answer = json.loads(done.stdout)
        assert answer.pop("milliseconds") >= 0
        return done.returncode, answer

    assert fields("anna@local.example") == (EXIT_OK, {
        "organization": "local", "source": "users", "recipient": "exists", "unverifiable_recipient": None,
        "user": "anna@local.example", "detail": ""})
    assert fields("anna@third.example") == (EXIT_PROBLEM, {
        "organization": None, "source": None, "recipient": "unknown", "unverifiable_recipient": None, "user": None,
        "detail": "no organization has this domain"})
    status, answer = fields("anna@dark.example")
    assert (status, answer["recipient"], answer["unverifiable_recipient"]) == (EXIT_TEMPORARY, "unverifiable", "defer")


@pytest.mark.skipif(not dns_is_usable(), reason="dnsmasq is not installed")
def test_the_source_is_found_by_the_dns_servers_of_the_configuration(config, scratch):
    with SmtpScript(scratch) as server, Dns(scratch / "dns", {"mx.mail.test": ["127.0.0.1"]}) as dns:
        file = config.parent / "with-dns.conf"
        text = config.read_text() + 'organization "mail" { domains = {"mail.example"}  recipients = "mx" }\n' \
            f'source "mx" {{ type = "smtp"  server = {{"mx.mail.test:{server.port}"}}  tls = "none" }}\n'
        file.write_text(f'dns_servers = {{"{dns.address}"}}\n' + text)
        assert ask(file, "anna@mail.example")[0] == EXIT_OK
        assert dns.asked("mx.mail.test")


@pytest.mark.parametrize("address", ["anna", "anna@", "@acme.example", "an na@acme.example", "<anna@acme.example>", ""])
def test_what_is_no_address_is_a_usage_error(config, address):
    done = mailreeve("recipient", "-c", config, address)
    assert done.returncode == EXIT_USAGE
    assert done.stdout == ""
    assert done.stderr.startswith("mailreeve recipient: ")


def test_a_quoted_local_part_is_an_address(config):
    assert ask(config, '"anna"@local.example')[0] == EXIT_OK
    assert ask(config, '"an na"@local.example')[0] == EXIT_PROBLEM


def test_a_broken_configuration_is_no_answer(config):
    file = config.parent / "broken.conf"
    file.write_text(config.read_text() + 'listener "x" { auht = "on" }\n')
    done = mailreeve("recipient", "-c", file, "anna@local.example")
    assert done.returncode == EXIT_CONFIG
    assert f"{file}:" in done.stderr and "auht" in done.stderr
    assert done.stdout == ""
