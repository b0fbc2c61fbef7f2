"""The three ways to check a password, against slapd: bind, compare, fetch; several values, schemes that nobody knows,
challenges, and what is unavailable rather than wrong. All schemes: test_stored_schemes.py."""

import base64
import hashlib
import hmac

import pytest

from harness.ldap_driver import Source
from harness.ldap_setup import BASE, naming, open_source, searching
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

UNKNOWN_SCHEME = "{ROT13}nyvpr'f jbeq"


def ssha512(password, salt):
    return "{SSHA512}" + base64.b64encode(hashlib.sha512(password + salt).digest() + salt).decode()


def sha(password):
    return "{SHA}" + base64.b64encode(hashlib.sha1(password).digest()).decode()


PEOPLE = [
    person("alice", "alice's word", BASE),
    person("hashed", sha(b"hashed's word"), BASE),
    person("salted", ssha512(b"salted's word", b"12345678"), BASE),
    person("several", ["first word", sha(b"second word"), ssha512(b"third word", b"87654321")], BASE),
    person("mixed", [UNKNOWN_SCHEME, "mixed's word"], BASE),
    person("unknown", UNKNOWN_SCHEME, BASE),
    person("braced", "{CLEARTEXT}braced's word", BASE),
    person("none", None, BASE),
    person("most", [f"word {i}" for i in range(32)], BASE),
    person("more", [f"word {i}" for i in range(33)], BASE),
    person("other", "main word", BASE, description="other's word"),
    *(person(f"shut{i}", f"shut{i}'s word", BASE) for i in range(4)),
]


@pytest.fixture(scope="module")
def directory(shared_scratch):
    with Slapd(shared_scratch / "slapd", PEOPLE, base=BASE, modules=["pw-sha2"], service_sees="read") as server:
        yield server


@pytest.fixture(params=["search", "user_dn"])
def ask(request, directory, open_source):
    """(password=..., **settings) -> an open source."""
    settings_of = naming if request.param == "user_dn" else searching
    return lambda **settings: open_source(**settings_of(directory, **settings))


@pytest.mark.parametrize("password", ["bind", "fetch"])
@pytest.mark.parametrize("name, words", [
    ("alice", ["alice's word"]), ("hashed", ["hashed's word"]), ("salted", ["salted's word"]),
    ("several", ["first word", "second word", "third word"])])
def test_any_password_that_is_stored_is_right_and_no_other(ask, password, name, words):
    source = ask(password=password)
    for word in words:
        assert source.verify(name, word).outcome == "ok", word
    for word in ("wrong", words[0] + "x", words[0][:-1], words[0].upper(), sha(words[0].encode())):
        assert source.verify(name, word).outcome == "wrong", word


def test_what_is_stored_is_not_itself_a_password(ask):
    source = ask(password="fetch")
    assert source.verify("hashed", sha(b"hashed's word")).outcome == "wrong"
    assert source.verify("braced", "{CLEARTEXT}braced's word").outcome == "wrong"
    assert source.verify("braced", "braced's word").outcome == "ok"


def test_a_scheme_that_nobody_knows_beside_one_that_matches_does_not_matter(ask):
    assert ask(password="fetch").verify("mixed", "mixed's word").outcome == "ok"


@pytest.mark.parametrize("name", ["mixed", "unknown"])
def test_a_password_that_may_be_what_nobody_can_verify_is_not_wrong(ask, name):
    source = ask(password="fetch")
    answer = source.verify(name, "wrong")
    assert answer.outcome == "unavailable"
    assert "userPassword" in answer.detail and "nyvpr" not in answer.detail
    assert len(source.events("source.error")) == 1


def test_more_passwords_than_anybody_has_are_not_compared(ask):
    """Some may write their own entry, and each value may cost seconds."""
    source = ask(password="fetch")
    assert source.verify("most", "word 31").outcome == "ok"
    answer = source.verify("more", "word 0")
    assert answer.outcome == "unavailable"
    assert "has 33 of them (at most 32 are compared)" in answer.detail


def test_an_entry_that_shows_no_password_is_unavailable(ask):
    answer = ask(password="fetch").verify("none", "x")
    assert answer.outcome == "unavailable" and "bind_dn" in answer.detail


def test_fetch_of_a_name_that_is_not_there_is_unknown(ask):
    assert ask(password="fetch").verify("nobody", "x").outcome == "unknown"
    assert ask(password="compare").verify("nobody", "x").outcome == "unknown"


def test_compare_knows_right_and_wrong(ask):
    source = ask(password="compare")
    assert source.verify("alice", "alice's word").outcome == "ok"
    assert source.verify("several", "first word").outcome == "ok"
    for word in ("wrong", "alice's wor", "alice's wordx", "ALICE'S WORD"):
        answer = source.verify("alice", word)
        assert (answer.outcome, answer.may_be_unknown) == ("wrong", False)


def test_compare_with_an_entry_that_has_no_password_is_unavailable(ask):
    assert ask(password="compare").verify("none", "x").outcome == "unavailable"


@pytest.mark.parametrize("password", ["compare", "fetch"])
def test_another_attribute_may_hold_the_password(ask, password):
    source = ask(password=password, password_attribute="description")
    assert source.verify("other", "other's word").outcome == "ok"
    assert source.verify("other", "main word").outcome == "wrong"
    assert source.verify("alice", "alice's word").outcome == "unavailable"


@pytest.mark.parametrize("password", ["compare", "fetch", "bind"])
def test_an_empty_password_or_half_of_one_is_never_right(ask, password):
    source = ask(password=password)
    assert source.verify("alice", "").outcome != "ok"
    assert source.verify("alice", b"alice's word\0").outcome != "ok"
    assert source.verify("alice", b"\0").outcome != "ok"


# Challenges

SALT = "<1896.697170952@mail.acme.example>"


def answer_to(salt, word):
    return hmac.new(word.encode(), salt.encode(), hashlib.md5).hexdigest()


@pytest.mark.parametrize("name, word", [("alice", "alice's word"), ("several", "first word"),
                                        ("mixed", "mixed's word"), ("braced", "braced's word")])
def test_a_challenge_is_checked_against_what_is_stored_in_clear(ask, name, word):
    source = ask(password="fetch")
    answer = source.cram(name, SALT, answer_to(SALT, word))
    assert (answer.outcome, answer.clear) == ("ok", word)
    for wrong in (answer_to(SALT, "wrong"), answer_to("<1@other>", word), word, "0" * 32):
        answer = source.cram(name, SALT, wrong)
        assert (answer.outcome, answer.clear) == ("wrong", None)


@pytest.mark.parametrize("name", ["hashed", "salted", "unknown"])
def test_a_challenge_cannot_be_checked_without_a_clear_password(ask, name):
    assert ask(password="fetch").cram(name, SALT, answer_to(SALT, f"{name}'s word")).outcome == "no-clear"


def test_a_challenge_of_nobody_is_unknown(ask):
    assert ask(password="fetch").cram("nobody", SALT, answer_to(SALT, "x")).outcome == "unknown"


def test_a_lookup_brings_the_clear_password_where_there_is_one(ask):
    source = ask(password="fetch")
    assert source.lookup("alice").clear == "alice's word"
    assert (source.lookup("hashed").outcome, source.lookup("hashed").clear) == ("ok", None)
    assert ask(password="bind").lookup("alice").clear is None


def test_a_service_that_may_not_read_passwords_cannot_tell(shared_scratch):
    """As a directory should be set up for bind, and is for fetch by mistake."""
    with Slapd(shared_scratch / "closed", PEOPLE, base=BASE, modules=["pw-sha2"]) as server:
        with Source(shared_scratch, **searching(server)) as source:
            assert source.verify("alice", "alice's word").outcome == "ok"
        for password in ("fetch", "compare"):
            with Source(shared_scratch, **searching(server, password=password)) as source:
                for word in ("alice's word", "wrong"):
                    assert source.verify("alice", word).outcome == "unavailable"
                assert len(source.events("source.error")) == 1


def test_no_password_that_was_given_stays_in_memory(shared_scratch, directory):
    env = {"LD_BIND_NOW": "1"}
    with Source(shared_scratch, env=env, **searching(directory, password="fetch")) as source:
        for name, word in (("alice", "alice's word"), ("several", "third word")):
            assert source.verify(name, word).outcome == "ok"
        memory = source.memory()
        assert b"third word".hex().encode() in memory  # the question as it was put: the search works
        assert b"third word" not in memory


@pytest.mark.parametrize("name, attribute, values", [
    ("shut0", "userPassword", []), ("shut1", "userPassword", ["{CRYPT}!$6$salt$hash"]),
    ("shut2", "userPassword", [UNKNOWN_SCHEME]), ("shut3", "description", ["from nowhere"])])
def test_who_was_shut_out_is_not_let_in_as_if_there_were_an_outage(shared_scratch, directory, name, attribute, values):
    with Source(shared_scratch, **searching(directory, password="fetch", cache=0, cache_when_down=True,
                                            allowed_networks_attribute="description")) as source:
        assert source.verify(name, f"{name}'s word").outcome == "ok"
        directory.replace(f"uid={name},ou=people,{BASE}", attribute, values)
        answer = source.verify(name, f"{name}'s word")
        assert answer.outcome == "unavailable", answer.detail
