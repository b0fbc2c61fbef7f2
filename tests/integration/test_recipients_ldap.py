"""Which recipients exist, asked of a real slapd: an address is searched for by an attribute that holds all of a user's
addresses, and the answer is another's one value, his name (Netmail Secure: "via LDAP we know that the email address
is valid and also that it belongs to the same user"). Through ldap_driver."""

import os
import time

import pytest

from harness.ldap_driver import AT_ONCE_MS, IN_TIME_MS, Source
from harness.process import free_port, make_scratch, remove_scratch, wait_until
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

BASE = "dc=acme,dc=example"
ALIASES = ["danielb@acme.example", "daniel.bigras@acme.example", "dbigras@acme.example", "dan@acme.example"]

# The manual's object: mail is not unique, uid is.
ENTRIES = [
    person("DanielB", "daniel's word", BASE, mail=ALIASES),
    person("anna", None, BASE, mail=["Anna.B@Acme.Example", '"anna b"@acme.example']),
    person("list1", None, BASE, mail="all@acme.example"),
    person("list2", None, BASE, mail="all@acme.example"),
    person("jörg", None, BASE, description="jörg@acme.example"),
    person("longest", None, BASE, mail="x" * 64 + "@" + "d" * 60 + "." + "e" * 60 + ".example"),
    # What a filter's own characters would find if they were not escaped.
    person("star", None, BASE, mail=["*@acme.example", '"(x)"@acme.example', '"back\\\\slash"@acme.example']),
    person("spaced", None, BASE, mail="spaced@acme.example", employeeNumber="not a name"),
]


@pytest.fixture(scope="module")
def folder():
    place = make_scratch("recipients")
    yield place
    if not os.environ.get("MAILREEVE_KEEP"):
        remove_scratch(place)


@pytest.fixture(scope="module")
def directory(folder):
    """A directory for the tests that only ask."""
    with Slapd(folder / "slapd", ENTRIES, base=BASE) as server:
        yield server


@pytest.fixture
def own_directory(folder):
    """A directory that the test may stop."""
    with Slapd(folder / f"slapd-{time.monotonic_ns()}", ENTRIES, base=BASE) as server:
        yield server


def searching(server, **settings):
    return {"uri": [server.uri], "bind_dn": server.service_dn, "bind_password_file": server.service_password_file,
            "base": BASE, "username_attribute": "uid", **settings}


def uncached(server, **settings):
    return searching(server, recipient_cache=0, recipient_negative_cache=0, **settings)


@pytest.fixture
def source(folder, directory):
    with Source(folder, **searching(directory)) as opened:
        assert opened.opened, opened.log.read_text()
        yield opened


@pytest.mark.parametrize("address", [*ALIASES, "DAN@ACME.Example"])
def test_all_addresses_of_a_user_lead_to_his_one_name(source, address):
    answer = source.recipient(address)
    assert (answer.answer, answer.name) == ("known", "danielb")


def test_an_address_that_no_entry_has_is_unknown(source):
    for address in ("nobody@acme.example", "danielb@third.example", "danielb@acme", "dan@sub.acme.example"):
        answer = source.recipient(address)
        assert (answer.answer, answer.name, answer.detail) == ("unknown", "", ""), address


def test_a_name_that_is_no_address_of_the_user_is_unknown(folder, directory):
    with Source(folder, **searching(directory)) as source:
        assert source.verify("star", "x").outcome == "wrong"
        assert source.recipient("star@acme.example").answer == "unknown"


def test_an_address_of_two_entries_exists_and_is_nobodys(source):
    answer = source.recipient("all@acme.example")
    assert (answer.answer, answer.name) == ("known", "")
    assert answer.detail.startswith("several entries match")


def test_without_username_attribute_nobody_is_named(folder, directory):
    settings = searching(directory)
    del settings["username_attribute"]
    with Source(folder, **settings) as source:
        answer = source.recipient("dan@acme.example")
        assert (answer.answer, answer.name) == ("known", "")
        assert "set username_attribute" in answer.detail


def test_a_name_that_cannot_log_in_is_not_given_but_gets_mail(folder, directory):
    with Source(folder, **searching(directory, username_attribute="employeeNumber")) as source:
        answer = source.recipient("spaced@acme.example")
        assert (answer.answer, answer.name) == ("known", "")
        assert "cannot be a login name" in answer.detail
        answer = source.recipient("dan@acme.example")
        assert (answer.answer, answer.name) == ("known", "")
        assert "it has no employeeNumber" in answer.detail
        assert source.events("source.error") == []


# What could be more than a value

FOUND = [
    ('"anna b"@acme.example', "anna"),
    ('"Anna B"@acme.example', "anna"),
    ('"dan"@acme.example', "danielb"),
    ('"anna.b"@acme.example', "anna"),
    ("*@acme.example", "star"),
    ('"*"@acme.example', "star"),
    ('"(x)"@acme.example', "star"),
    ('"back\\\\slash"@acme.example', "star"),
]


@pytest.mark.parametrize("address, name", FOUND, ids=[case[0] for case in FOUND])
def test_an_address_with_special_letters_finds_its_own_entry(source, address, name):
    answer = source.recipient(address)
    assert (answer.answer, answer.name) == ("known", name), answer.detail


HOSTILE = ["d*@acme.example", "dan*", "*", "**", "dan)(uid", "dan)(|(uid=*", "*)(uid=*", ")(uid=*", "\\2a", "dan\\00", "\\",
           "(", ")", "&(uid=*)", "|(uid=*)", "!(uid=x)", "x)(|(mail=*", "dan@acme.example)(mail=*", "%n", "%u", "#", ",", "=",
           "dan ", " dan", "\u0130", "dan\u202e"]


def quoted(local):
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@acme.example'


@pytest.mark.parametrize("filter", ["(mail=%u)", "(|(mail=%u)(cn=%n))", "(&(objectClass=inetOrgPerson)(uid=%n))"])
def test_a_hostile_local_part_finds_nobody(folder, directory, filter):
    with Source(folder, **uncached(directory, recipient_filter=filter)) as source:
        assert source.recipient("anna@acme.example").answer == ("unknown" if filter == "(mail=%u)" else "known")
        for local in HOSTILE:
            if local == "*":
                continue  # has an entry of its own
            answer = source.recipient(quoted(local))
            assert (answer.answer, answer.name) == ("unknown", ""), local


@pytest.mark.parametrize("address", ['"a\0b"@acme.example', "a\0@acme.example", "a\r\n@acme.example", "@acme.example",
                                     "dan", "dan@", "d an@acme.example", '"dan@acme.example'])
def test_what_is_no_address_is_not_asked_about(source, address):
    assert source.recipient(address).answer == "malformed"


def test_an_address_outside_of_ascii_finds_its_entry(folder, directory):
    with Source(folder, **searching(directory, recipient_filter="(|(mail=%u)(description=%u))")) as source:
        answer = source.recipient("jörg@acme.example")
        assert (answer.answer, answer.name) == ("known", "jörg")
        assert source.recipient("jürg@acme.example").answer == "unknown"


def test_the_longest_address_is_asked_about(source):
    assert source.recipient("x" * 64 + "@" + "d" * 60 + "." + "e" * 60 + ".example").name == "longest"
    assert source.recipient("y" * 250 + "@a.b").answer == "unknown"
    assert source.recipient("y" * 251 + "@a.b").answer == "malformed"


# How long an answer holds, and who need not ask again

def test_answers_are_kept_and_not_asked_for_again(folder, own_directory):
    with Source(folder, **searching(own_directory)) as source:
        assert not source.recipient("dan@acme.example").cached
        assert not source.recipient("nobody@acme.example").cached
        own_directory.stop()
        known, unknown = source.recipient("DAN@acme.example"), source.recipient("nobody@acme.example")
        assert (known.answer, known.name, known.cached) == ("known", "danielb", True)
        assert (unknown.answer, unknown.cached) == ("unknown", True)


def test_answers_that_are_not_to_be_kept_are_not(folder, own_directory):
    with Source(folder, **uncached(own_directory)) as source:
        assert source.recipient("dan@acme.example").answer == "known"
        assert source.recipient("nobody@acme.example").answer == "unknown"
        own_directory.stop()
        assert source.recipient("dan@acme.example").answer == "cannot-tell"
        assert source.recipient("nobody@acme.example").answer == "cannot-tell"


def test_each_answer_has_its_own_lifetime(folder, own_directory):
    with Source(folder, **searching(own_directory, recipient_negative_cache=0)) as source:
        assert source.recipient("dan@acme.example").answer == "known"
        assert source.recipient("nobody@acme.example").answer == "unknown"
        own_directory.stop()
        assert source.recipient("dan@acme.example").answer == "known"
        assert source.recipient("nobody@acme.example").answer == "cannot-tell"


# Outages

def test_a_stopped_directory_cannot_tell_and_is_asked_again_when_it_is_back(folder, own_directory):
    with Source(folder, **uncached(own_directory)) as source:
        assert source.recipient("dan@acme.example").answer == "known"
        own_directory.stop()
        for address in ("dan@acme.example", "nobody@acme.example"):
            answer = source.recipient(address)
            assert (answer.answer, answer.name) == ("cannot-tell", "")
            assert own_directory.uri in answer.detail
            assert answer.took_ms < AT_ONCE_MS
        own_directory.start()
        wait_until(lambda: source.recipient("dan@acme.example").name == "danielb", 10, "recipients to be known again")
        assert source.recipient("nobody@acme.example").answer == "unknown"
        assert len(source.events("source.down")) == 1
        assert len(source.events("source.up")) == 1


def test_a_silent_directory_cannot_tell_when_the_timeout_is_over(folder, own_directory):
    with Source(folder, **uncached(own_directory, connect_timeout="1s", timeout="1s")) as source:
        assert source.recipient("dan@acme.example").answer == "known"
        own_directory.pause()
        answer = source.recipient("dan@acme.example")
        assert answer.answer == "cannot-tell"
        assert 900 <= answer.took_ms < IN_TIME_MS
        # remembered as down, though one question may come when it is asked again
        assert min(source.recipient("dan@acme.example").took_ms for _ in range(3)) < 500
        own_directory.resume()


def test_the_next_server_is_asked_when_the_first_is_down(folder, directory):
    with Source(folder, **searching(directory, uri=[f"ldap://127.0.0.1:{free_port()}", directory.uri])) as source:
        answer = source.recipient("dan@acme.example")
        assert (answer.answer, answer.name) == ("known", "danielb")


def test_a_base_that_is_not_there_cannot_tell_and_is_logged(folder, directory):
    with Source(folder, **searching(directory, base=f"ou=gone,{BASE}")) as source:
        for _ in range(2):
            answer = source.recipient("dan@acme.example")
            assert answer.answer == "cannot-tell"
            assert f'base "ou=gone,{BASE}"' in answer.detail
        assert len(source.events("source.error")) == 1


def test_a_service_that_may_not_log_in_cannot_tell(folder, directory):
    wrong = folder / "wrong-password"
    wrong.write_text("not the service's secret\n")
    wrong.chmod(0o600)
    with Source(folder, **searching(directory, bind_password_file=wrong)) as source:
        answer = source.recipient("dan@acme.example")
        assert answer.answer == "cannot-tell"
        assert "bind_dn" in answer.detail


# Logins by user_dn

def test_a_source_with_user_dn_searches_for_recipients_if_it_is_told_how(folder, directory):
    settings = searching(directory, user_dn=f"uid=%n,ou=people,{BASE}", recipient_filter="(mail=%u)")
    with Source(folder, **settings) as source:
        assert "no effect" not in source.log.read_text()
        assert source.recipient("dan@acme.example").name == "danielb"
        assert source.recipient("nobody@acme.example").answer == "unknown"
        answer = source.verify("danielb", "daniel's word")
        assert (answer.outcome, answer.account) == ("ok", "danielb")


def test_a_source_with_user_dn_alone_cannot_tell(folder, directory):
    with Source(folder, uri=[directory.uri], user_dn=f"uid=%n,ou=people,{BASE}") as source:
        answer = source.recipient("dan@acme.example")
        assert answer.answer == "cannot-tell"
        assert "set recipient_filter and base too" in answer.detail
