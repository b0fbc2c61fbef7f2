"""What each make of directory brings along, on the wire: its filters find whom they should by each of the names that
its own logins use, and nobody else. slapd stands in for all of them, with the attributes of Active Directory."""

import pytest

from harness.ldap_driver import Source
from harness.ldap_setup import BASE
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

# Of Microsoft's schema what the filters name; a string as directories compare names.
ATTRIBUTE = "attributetype ( {oid} NAME '{name}' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n"
SCHEMA = "".join(ATTRIBUTE.format(oid=oid, name=name) for oid, name in (
    ("1.2.840.113556.1.4.656", "userPrincipalName"), ("1.2.840.113556.1.4.221", "sAMAccountName"),
    ("1.2.840.113556.1.4.782", "objectCategory"), ("1.2.840.113556.1.2.210", "proxyAddresses"))) + (
    "objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( userPrincipalName $ "
    "sAMAccountName $ objectCategory $ proxyAddresses ) )\n"
    "objectclass ( 1.2.840.113556.1.3.30 NAME 'computer' SUP user STRUCTURAL )\n"
    "objectclass ( 1.3.6.1.4.1.5923.99.1 NAME 'dominoPerson' SUP inetOrgPerson STRUCTURAL )\n")


def entry(uid, kind, **attributes):
    dn, own = person(uid, f"{uid}'s word", BASE, **attributes)
    return dn, own | {"objectClass": kind}


PEOPLE = [
    entry("u1", "dominoPerson", mail="alice@acme.example"),
    entry("w1", "user", objectCategory="person", userPrincipalName="boss@corp.example", sAMAccountName="bigboss",
          mail="the.boss@acme.example", proxyAddresses=["SMTP:the.boss@acme.example", "smtp:chief@acme.example"]),
    # what may log in is a person
    entry("pc", "computer", objectCategory="computer", sAMAccountName="machine"),
]


@pytest.fixture(scope="module")
def directory(shared_scratch):
    with Slapd(shared_scratch / "slapd", PEOPLE, base=BASE, global_settings=f"{SCHEMA}defaultsearchbase {BASE}\n") as server:
        yield server


def searching(directory, make):
    """All of a global catalog and of Domino is searched, if nobody says otherwise."""
    base = {} if make in ("ad-global-catalog", "domino") else {"base": BASE}
    return {"uri": [directory.uri], "bind_dn": directory.service_dn, "directory": make,
            "bind_password_file": directory.service_password_file, **base}


@pytest.mark.parametrize("make", ["openldap", "edirectory", "domino", "sun"])
def test_a_name_is_found_by_address_and_by_the_directorys_own(shared_scratch, directory, make):
    with Source(shared_scratch, **searching(directory, make)) as source:
        for name in ("alice@acme.example", "u1@acme.example"):
            assert source.verify(name, "u1's word").outcome == "ok", name
            assert source.verify(name, "w1's word").outcome == "wrong", name
        assert source.login("nobody@acme.example", "u1's word").outcome == "unknown"
        assert source.recipient("alice@acme.example").answer == "known"
        assert source.recipient("nobody@acme.example").answer == "unknown"


@pytest.mark.parametrize("make", ["active-directory", "ad-global-catalog"])
def test_active_directory_knows_a_user_by_each_of_his_names(shared_scratch, directory, make):
    with Source(shared_scratch, **searching(directory, make)) as source:
        for name in ("boss@corp.example", "bigboss@acme.example", "the.boss@acme.example"):
            assert source.verify(name, "w1's word").outcome == "ok", name
            assert source.verify(name, "u1's word").outcome == "wrong", name
        # neither a machine nor an entry that is no user, nor by what is none of his login names
        for name in ("machine@acme.example", "alice@acme.example", "chief@acme.example", "w1@acme.example"):
            assert source.login(name, "w1's word").outcome == "unknown", name
        for address in ("the.boss@acme.example", "chief@acme.example", "boss@corp.example"):
            assert source.recipient(address).answer == "known", address
        assert source.recipient("bigboss@acme.example").answer == "unknown"
