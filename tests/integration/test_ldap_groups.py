"""`require_group` against slapd: with the memberof overlay, without it, with groups that name members in each of the
three ways; and against a server that knows Active Directory's matching rule."""

import pytest

from harness.ldap_driver import Source
from harness.ldap_fake import FakeServer, ber, is_bind, message_number
from harness.ldap_setup import BASE, open_source, searching
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

PEOPLE = [person(name, f"{name}'s word", BASE, mail=f"{name}@acme.example")
          for name in ("alice", "bob", "carol", "dave", "o(d)d*")]
ALICE, BOB, CAROL, ODD = (f"uid={name},ou=people,{BASE}" for name in ("alice", "bob", "carol", "o(d)d*"))


def group(name, kind, **members):
    return f"cn={name},{BASE}", {"objectClass": kind, "cn": name, **members}


GROUPS = [
    group("mail", "groupOfNames", member=[ALICE, ODD]),
    group("unique", "groupOfUniqueNames", uniqueMember=BOB),
    group("posix", "posixGroup", gidNumber="1000", memberUid=["carol", "alice@acme.example"]),
    group("other", "groupOfNames", member=f"cn=nobody,{BASE}"),
]
MAIL, UNIQUE, POSIX, OTHER = (f"cn={name},{BASE}" for name in ("mail", "unique", "posix", "other"))


@pytest.fixture(scope="module", params=["memberof", "plain"])
def directory(request, shared_scratch):
    overlays = {"memberof": ""} if request.param == "memberof" else None
    with Slapd(shared_scratch / request.param, PEOPLE, base=BASE, schemas=["nis"], overlays=overlays,
               service_sees="read") as server:
        server.add(GROUPS)
        if overlays:
            assert server.values(ALICE, "memberOf") == [MAIL]
        yield server


@pytest.fixture
def ask(directory, open_source):
    """(groups, **settings) -> an open source."""
    return lambda groups, **settings: open_source(**searching(directory, require_group=groups, **settings))


def outcome(source, name, password=None):
    return source.verify(name, password or f"{name}'s word").outcome


def test_who_is_in_the_group_may_log_in_and_others_may_not(ask):
    source = ask([MAIL])
    assert outcome(source, "alice") == "ok"
    assert outcome(source, "o(d)d*") == "ok"
    assert outcome(source, "bob") == "not-allowed"


def test_the_group_is_for_its_owner_only_a_wrong_password_is_wrong(ask):
    source = ask([MAIL])
    assert outcome(source, "bob", "wrong") == "wrong"
    assert outcome(source, "alice", "wrong") == "wrong"


def test_any_of_several_groups_is_enough(ask):
    source = ask([OTHER, UNIQUE, MAIL])
    assert outcome(source, "alice") == "ok"
    assert outcome(source, "bob") == "ok"
    assert outcome(source, "carol") == "not-allowed"


def test_a_group_may_name_its_members_by_their_uid(ask):
    source = ask([POSIX])
    assert outcome(source, "carol") == "ok"
    assert outcome(source, "carol@acme.example", "carol's word") == "ok"
    assert outcome(source, "bob") == "not-allowed"


def test_the_uid_is_the_entrys_own_not_what_was_typed(ask):
    """Nor the part of an address before its @: that is not unique."""
    source = ask([POSIX], username_attribute="mail")
    assert source.verify("alice@acme.example", "alice's word").outcome == "not-allowed"


def test_the_name_of_a_group_may_be_spelled_as_one_likes(ask):
    assert outcome(ask([MAIL.upper().replace(",", ", ")]), "alice") == "ok"


@pytest.mark.parametrize("password", ["compare", "fetch"])
def test_groups_hold_however_the_password_is_checked(ask, password):
    source = ask([MAIL, UNIQUE], password=password)
    assert outcome(source, "alice") == "ok"
    assert outcome(source, "bob") == "ok"
    assert outcome(source, "carol") == "not-allowed"
    assert outcome(source, "carol", "wrong") == "wrong"


def test_a_lookup_asks_about_groups_too(ask):
    source = ask([UNIQUE])
    assert source.lookup("bob").outcome == "ok"
    assert source.lookup("alice").outcome == "not-allowed"


def test_groups_hold_with_user_dn(shared_scratch, directory):
    with Source(shared_scratch, uri=[directory.uri], bind_dn=directory.service_dn,
                bind_password_file=directory.service_password_file, user_dn=f"uid=%n,ou=people,{BASE}",
                require_group=[MAIL]) as source:
        assert outcome(source, "alice") == "ok"
        assert outcome(source, "bob") == "not-allowed"
        assert outcome(source, "nobody", "x") == "unknown"


def test_a_group_that_is_not_there_is_an_error_and_nobodys_fault(ask):
    source = ask([f"cn=gone,{BASE}"])
    answer = source.verify("alice", "alice's word")
    assert answer.outcome == "unavailable"
    assert "cn=gone" in answer.detail and "require_group" in answer.detail
    assert len(source.events("source.error")) == 1


def test_a_group_that_is_not_there_does_not_shut_out_who_is_in_another(ask):
    source = ask([f"cn=gone,{BASE}", MAIL])
    assert outcome(source, "alice") == "ok"
    assert outcome(source, "bob") == "unavailable"


def test_a_directory_that_goes_away_before_the_group_is_asked_about_is_unavailable(shared_scratch):
    with Slapd(shared_scratch / "own", PEOPLE, base=BASE, schemas=["nis"]) as own:
        own.add(GROUPS)
        with Source(shared_scratch, **searching(own, require_group=[MAIL])) as source:
            assert outcome(source, "alice") == "ok"
            own.stop()
            assert outcome(source, "alice") == "unavailable"
            own.start()
            wait_until(lambda: outcome(source, "alice") == "ok", 10, "logins to work again")


RULE = b"1.2.840.113556.1.4.1941"


class ActiveDirectory(FakeServer):
    """Answers a bind with success, a search for a login with alice's entry, and a search by the rule with what it is
    told; keeps the requests."""

    def __init__(self, is_member):
        self.is_member, self.seen = is_member, []
        super().__init__(answer=None)

    def make_answer(self, request):
        self.seen.append(request)
        number = message_number(request)

        def message(tag, *parts):
            return ber(0x30, ber(0x02, number), ber(tag, *parts))

        result = (ber(0x0A, b"\0"), ber(0x04), ber(0x04))
        if is_bind(request):
            return message(0x61, *result)
        entry = message(0x64, ber(0x04, ALICE.encode()), ber(0x30))
        has_entry = RULE not in request or self.is_member
        return (entry if has_entry else b"") + message(0x65, *result)


@pytest.mark.parametrize("directory_kind", ["active-directory", "ad-global-catalog"])
@pytest.mark.parametrize("is_member, want", [(True, "ok"), (False, "not-allowed")])
def test_active_directory_is_asked_about_members_of_members(shared_scratch, directory_kind, is_member, want):
    with ActiveDirectory(is_member) as server, \
            Source(shared_scratch, uri=[server.uri], directory=directory_kind, base=BASE,
                   require_group=["cn=a(b)*,dc=acme,dc=example"]) as source:
        assert source.verify("alice", "alice's word").outcome == want
        (asked,) = [request for request in server.seen if RULE in request]
        # An extensible match (RFC 4511 4.5.1.7.7) at the user's entry, for the group byte by byte.
        assert ALICE.encode() in asked and b"memberOf" in asked
        assert b"cn=a(b)*,dc=acme,dc=example" in asked
