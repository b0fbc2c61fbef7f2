"""What an entry says about its account, against slapd: the one name behind all aliases, where it may log in from, the
server that has its mail, the addresses that it owns. A value that makes no sense lets nobody in."""

import pytest

from harness.ldap_driver import Source
from harness.ldap_fake import FakeServer, ber, is_bind, message_number
from harness.ldap_setup import BASE, naming, open_source, searching
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

ALIASES = ["Daniel.B@acme.example", "db@acme.example", "dan@acme.example"]

PEOPLE = [
    person("danielb", "daniel's word", BASE, mail=ALIASES, description=["192.0.2.0/24, 2001:db8::/32"],
           street="mta2.acme.example"),
    person("free", "free's word", BASE, mail="free@acme.example"),
    person("several", "several's word", BASE, description=["198.51.100.7", "192.0.2.1"]),
    person("one", "one's word", BASE, description="198.51.100.0/24"),
    person("typo", "typo's word", BASE, description=["192.0.2.0/24", "everywhere"]),
    person("hostbits", "hostbits's word", BASE, description="192.0.2.1/24"),
    person("wildcard", "wildcard's word", BASE, description="192.0.2.*"),
    person("regex", "regex's word", BASE, description="/./"),
    person("long", "long's word", BASE, description="1" * 300),
    person("blank", "blank's word", BASE, description=" , "),
    person("nul", "nul's word", BASE, jpegPhoto=b"192.0.2.0/24\0 everywhere"),
    person("tworoutes", "tworoutes's word", BASE, street=["a.example", "b.example"]),
    person("badroute", "badroute's word", BASE, street="a server"),
    person("twin1", "same word", BASE, mail="twins@acme.example"),
    person("twin2", "same word", BASE, mail="twins@acme.example"),
    person("exchange", "exchange's word", BASE, mail="Main@acme.example",
           description=["SMTP:Main@acme.example", "smtp:Other@Acme.example", "X400:C=US;A= ;P=acme;S=main;",
                        "sip:main@acme.example", "no address"]),
]

NETWORKS = {"allowed_networks_attribute": "description"}
ROUTE = {"route_attribute": "street"}


@pytest.fixture(scope="module")
def directory(shared_scratch):
    with Slapd(shared_scratch / "slapd", PEOPLE, base=BASE, service_sees="read") as server:
        yield server


@pytest.fixture(params=["bind", "compare", "fetch", "user_dn"])
def ask(request, directory, open_source):
    """(**settings) -> an open source that checks passwords in one of the ways."""
    def make(**settings):
        if request.param == "user_dn":
            return open_source(**naming(directory, **settings))
        return open_source(**searching(directory, password=request.param, **settings))

    return make


def log_in(source, name):
    return source.verify(name, f"{name}'s word")


@pytest.mark.parametrize("name, networks", [
    ("free", None), ("several", ["192.0.2.1", "198.51.100.7"]), ("one", ["198.51.100.7"])])
def test_networks_are_those_of_all_values(ask, name, networks):
    answer = log_in(ask(**NETWORKS), name)
    assert (answer.outcome, answer.networks) == ("ok", networks)


def test_networks_are_separated_by_spaces_or_commas(ask):
    assert ask(**NETWORKS).verify("danielb", "daniel's word").networks == ["192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize("name", ["typo", "hostbits", "wildcard", "regex", "long", "blank"])
def test_networks_that_make_no_sense_are_never_anywhere(ask, name):
    source = ask(**NETWORKS)
    answer = log_in(source, name)
    assert (answer.outcome, answer.networks) == ("unavailable", None)
    assert "description (allowed_networks_attribute)" in answer.detail
    assert len(source.events("source.error")) == 1
    assert source.lookup(name).outcome == "unavailable"


def test_a_nul_in_a_network_hides_nothing(ask):
    assert log_in(ask(allowed_networks_attribute="jpegPhoto"), "nul").outcome == "unavailable"


def test_the_route_is_the_one_value_of_its_attribute(ask):
    source = ask(**ROUTE)
    assert source.verify("danielb", "daniel's word").route == "mta2.acme.example"
    assert log_in(source, "free").route is None


@pytest.mark.parametrize("name", ["tworoutes", "badroute"])
def test_a_route_that_makes_no_sense_is_an_error_that_is_logged(ask, name):
    source = ask(**ROUTE)
    answer = log_in(source, name)
    assert answer.outcome == "unavailable"
    assert "street (route_attribute)" in answer.detail
    assert len(source.events("source.error")) == 1


def test_a_wrong_password_is_wrong_with_limits_too(ask):
    assert ask(**NETWORKS, **ROUTE).verify("one", "wrong").outcome == "wrong"


def test_a_lookup_needs_no_password(ask):
    source = ask(**NETWORKS, **ROUTE)
    answer = source.lookup("danielb")
    assert (answer.outcome, answer.networks, answer.route) == \
        ("ok", ["192.0.2.1", "2001:db8::1"], "mta2.acme.example")
    assert answer.addresses == ["daniel.b@acme.example", "db@acme.example", "dan@acme.example"]
    assert source.lookup("nobody").outcome == "unknown"


def test_a_login_does_not_ask_for_addresses(ask):
    assert ask(**NETWORKS).verify("danielb", "daniel's word").addresses == []


def test_addresses_are_what_mail_attribute_says(ask):
    assert ask(mail_attribute=["description", "uid"]).lookup("exchange").addresses == \
        ["main@acme.example", "other@acme.example"]
    assert ask(mail_attribute=[]).lookup("exchange").addresses == []
    assert ask().lookup("one").addresses == []


def test_the_entry_of_user_dn_tells_who_is_unknown(shared_scratch, directory):
    with Source(shared_scratch, uri=[directory.uri], bind_dn=directory.service_dn,
                bind_password_file=directory.service_password_file, user_dn=f"uid=%n,ou=people,{BASE}",
                **ROUTE) as source:
        for name, outcome in (("nobody", "unknown"), ("one", "wrong")):
            answer = source.verify(name, "wrong")
            assert (answer.outcome, answer.may_be_unknown) == (outcome, False)
        assert source.knows("one") == "known"
        assert source.knows("nobody") == "unknown"


# One entry for all aliases

def test_all_aliases_lead_to_one_name(shared_scratch, directory):
    """Netmail Secure: the search is by what is not unique, "we ask that the unique attribute be returned"."""
    with Source(shared_scratch, **searching(directory, username_attribute="uid")) as source:
        for alias in [*ALIASES, "danielb", "DANIELB", "DB@ACME.EXAMPLE"]:
            answer = source.verify(alias, "daniel's word")
            assert (answer.outcome, answer.account) == ("ok", "danielb")
            assert source.lookup(alias).account == "danielb"
        assert source.verify("db@acme.example", "wrong").account == "danielb"


def test_an_address_of_two_entries_is_ambiguous_in_a_lookup_too(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, username_attribute="uid")) as source:
        assert source.verify("twins@acme.example", "same word").outcome == "ambiguous"
        assert source.lookup("twins@acme.example").outcome == "ambiguous"
        assert source.verify("twin1", "same word").account == "twin1"


@pytest.mark.parametrize("settings", [NETWORKS, ROUTE, {"username_attribute": "uid"}, {"password": "fetch"},
                                      {"password": "compare"}], ids=lambda settings: next(iter(settings.values())))
def test_an_outage_is_temporary_whatever_is_asked_for(shared_scratch, settings):
    with Slapd(shared_scratch / next(iter(settings.values())), PEOPLE, base=BASE, service_sees="read") as own, \
            Source(shared_scratch, timeout="1s", **searching(own, **settings)) as source:
        assert log_in(source, "one").outcome == "ok"
        own.pause()
        assert log_in(source, "one").outcome == "unavailable"
        own.stop()
        assert source.lookup("one").outcome == "unavailable"
        assert log_in(source, "nobody").outcome == "unavailable"


# Marks of directories of other makes, as entries of a server that answers every search with them

def entry_server(attributes):
    """A server whose every search finds alice with these attributes, and whose every bind succeeds."""
    class Answering(FakeServer):
        seen = []

        def make_answer(self, request):
            self.seen = [*self.seen, request]
            number = message_number(request)
            result = (ber(0x0A, b"\0"), ber(0x04), ber(0x04))
            if is_bind(request):
                return ber(0x30, ber(0x02, number), ber(0x61, *result))
            values = [ber(0x30, ber(0x04, name.encode()), ber(0x31, ber(0x04, value.encode())))
                      for name, value in attributes.items()]
            return ber(0x30, ber(0x02, number), ber(0x64, ber(0x04, f"cn=alice,{BASE}".encode()),
                                                    ber(0x30, *values))) + \
                ber(0x30, ber(0x02, number), ber(0x65, *result))

    return Answering(answer=None)


@pytest.mark.parametrize("make, attributes, outcome", [
    ("active-directory", {"userAccountControl": "512"}, "ok"),
    ("active-directory", {"userAccountControl": "514"}, "disabled"),
    ("active-directory", {"userAccountControl": "?"}, "unavailable"),
    ("active-directory", {"userAccountControl": "512", "accountExpires": "0"}, "ok"),
    ("active-directory", {"userAccountControl": "512", "accountExpires": "9223372036854775807"}, "ok"),
    ("active-directory", {"userAccountControl": "512", "accountExpires": "132223104000000000"}, "account-expired"),
    ("ad-global-catalog", {"userAccountControl": "66050"}, "disabled"),
    ("edirectory", {"loginDisabled": "FALSE"}, "ok"),
    ("edirectory", {"loginDisabled": "TRUE"}, "disabled"),
    ("edirectory", {"loginExpirationTime": "20200101000000Z"}, "account-expired"),
    ("edirectory", {"loginExpirationTime": "99991231235959Z"}, "ok"),
    ("edirectory", {"loginExpirationTime": "tomorrow"}, "unavailable"),
    ("domino", {"loginDisabled": "TRUE"}, "ok"),
    ("sun", {"nsAccountLock": "true"}, "disabled"),
    ("sun", {"nsAccountLock": "false", "inetUserStatus": "active"}, "ok"),
    ("sun", {"inetUserStatus": "Inactive"}, "disabled"),
    ("sun", {"inetUserStatus": "deleted"}, "disabled"),
])
def test_a_lookup_sees_that_a_directory_of_any_make_shut_an_account(shared_scratch, make, attributes, outcome):
    with entry_server(attributes) as server, \
            Source(shared_scratch, uri=[server.uri], directory=make, base=BASE) as source:
        assert source.lookup("alice").outcome == outcome
        assert source.verify("alice", "any").outcome == "ok"  # a bind is refused by the server itself


def test_the_addresses_of_active_directory_are_without_smtp(shared_scratch):
    with entry_server({"mail": "Boss@acme.example", "proxyAddresses": "smtp:Chief@acme.example"}) as server, \
            Source(shared_scratch, uri=[server.uri], directory="active-directory", base=BASE) as source:
        assert source.lookup("alice").addresses == ["boss@acme.example", "chief@acme.example"]


@pytest.mark.parametrize("settings, asked, not_asked", [
    ({}, [b"1.1"], [b"mail", b"pwdAccountLockedTime", b"memberOf", b"userPassword"]),
    ({"route_attribute": "mailHost"}, [b"mailHost"], [b"1.1", b"memberOf", b"pwdAccountLockedTime"]),
    ({"require_group": [f"cn=mail,{BASE}"]}, [b"memberOf"], [b"mailHost", b"userPassword"]),
])
def test_a_login_by_bind_asks_for_what_it_needs_alone(shared_scratch, settings, asked, not_asked):
    with entry_server({"memberOf": f"cn=mail,{BASE}", "mailHost": "mta1"}) as server, \
            Source(shared_scratch, uri=[server.uri], base=BASE, filter="(uid=%n)", **settings) as source:
        assert source.verify("alice", "any").outcome == "ok"
        search, bind = server.seen
        assert not is_bind(search) and is_bind(bind)
        assert all(name in search for name in asked), search
        assert not any(name in search for name in not_asked), search


def test_networks_that_the_server_tells_by_another_name_are_not_none(ask):
    answer = log_in(ask(allowed_networks_attribute="2.5.4.13"), "one")
    assert (answer.outcome, answer.networks) == ("unavailable", None)
    assert '2.5.4.13 (allowed_networks_attribute): the server tells "description" instead' in answer.detail


def test_a_route_that_the_server_tells_by_another_name_is_not_any(ask):
    answer = ask(route_attribute="streetAddress").verify("danielb", "daniel's word")
    assert (answer.outcome, answer.route) == ("unavailable", None)
    assert 'the server tells "street" instead' in answer.detail
