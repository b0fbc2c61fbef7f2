"""What the tests of ldap sources share: the people of one directory, fixtures that start it, and the settings to
search it. A test file imports the fixtures that it uses by name."""

import contextlib
import time

import pytest

from .ldap_driver import Source
from .slapd import Slapd, person

BASE = "dc=acme,dc=example"

PEOPLE = [
    person("alice", "alice's word", BASE, mail=["Alice@acme.example", "al@acme.example"]),
    person("bob", "bob's word", BASE, mail="bob@acme.example"),
    person("twin1", "same word", BASE, mail="twins@acme.example"),
    person("twin2", "same word", BASE, mail="twins@acme.example"),
    person("spaced", "spaced's word", BASE, mail="spaced@acme.example", employeeNumber="not a name"),
    (f"uid=star\\2A,ou=people,{BASE}", {"objectClass": "inetOrgPerson", "uid": "star*", "cn": "s", "sn": "s",
                                        "userPassword": "star's word"}),
    (f"uid=a\\2Cb\\2Bc\\3D#,ou=people,{BASE}", {"objectClass": "inetOrgPerson", "uid": "a,b+c=#", "cn": "s",
                                               "sn": "s", "userPassword": "comma's word"}),
    (f"uid=\\23hash,ou=people,{BASE}", {"objectClass": "inetOrgPerson", "uid": "#hash", "cn": "s", "sn": "s",
                                        "userPassword": "hash's word"}),
    person("nopassword", None, BASE, mail="nopassword@acme.example"),
    *(person(f"user{i}", f"pass{i}", BASE) for i in range(1000)),
]


def searching(server, **settings):
    """Settings of a source that searches a server for PEOPLE."""
    return {"uri": [server.uri], "bind_dn": server.service_dn,
            "bind_password_file": server.service_password_file, "base": BASE,
            "filter": "(|(mail=%u)(uid=%n))", **settings}


def naming(server, **settings):
    """Settings of a source that makes the DN of one of PEOPLE from his name."""
    return {"uri": [server.uri], "bind_dn": server.service_dn,
            "bind_password_file": server.service_password_file, "user_dn": f"uid=%n,ou=people,{BASE}", **settings}


def own_name(word):
    """A name for a folder that no other has."""
    return f"{word}-{time.monotonic_ns()}"


@pytest.fixture(scope="module")
def directory(shared_scratch, authority):
    """A directory for the tests that only ask."""
    with Slapd(shared_scratch / "slapd", PEOPLE, base=BASE, ca=authority.ca,
               certificate=authority.issue("slapd", names=("ldap.acme.example",))) as server:
        yield server


@pytest.fixture
def own_directory(shared_scratch):
    """A directory that the test may stop."""
    with Slapd(shared_scratch / own_name("slapd"), PEOPLE, base=BASE) as server:
        yield server


@pytest.fixture
def open_source(shared_scratch):
    """(**settings) -> an open source, for this test."""
    with contextlib.ExitStack() as sources:
        def make(**settings):
            source = sources.enter_context(Source(shared_scratch, **settings))
            assert source.opened, source.log.read_text()
            return source

        yield make


@pytest.fixture
def source(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory)) as opened:
        assert opened.opened, opened.log.read_text()
        yield opened


@pytest.fixture
def by_user_dn(shared_scratch, directory):
    with Source(shared_scratch, uri=[directory.uri], user_dn=f"uid=%n,ou=people,{BASE}") as opened:
        assert opened.opened, opened.log.read_text()
        yield opened
