"""What a directory says about the state of an account, against slapd with its password policy overlay: each state is
told apart, none of them counts as a wrong password, and a look-up without a password sees what there is to see."""

import pytest

from harness.ldap_driver import Source
from harness.ldap_setup import BASE, searching
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

POLICY = f"cn=policy,{BASE}"
LONG_AGO = "20200101000000Z"

PEOPLE = [
    (POLICY, {"objectClass": ["device", "pwdPolicy"], "cn": "policy", "pwdAttribute": "userPassword",
              "pwdLockout": "TRUE", "pwdMaxFailure": "3", "pwdLockoutDuration": "0", "pwdMustChange": "TRUE",
              "pwdMaxAge": "0"}),
    (f"cn=short,{BASE}", {"objectClass": ["device", "pwdPolicy"], "cn": "short", "pwdAttribute": "userPassword",
                          "pwdMaxAge": "86400"}),
    person("alice", "alice's word", BASE, mail="alice@acme.example"),
    person("victim", "victim's word", BASE, mail="victim@acme.example"),
    person("locked", "locked's word", BASE, pwdAccountLockedTime=LONG_AGO),
    person("shut", "shut's word", BASE, pwdAccountLockedTime="000001010000Z"),
    person("reset", "reset's word", BASE, pwdReset="TRUE"),
    person("old", "old's word", BASE, pwdChangedTime=LONG_AGO, pwdPolicySubentry=f"cn=short,{BASE}"),
]


@pytest.fixture(scope="module")
def directory(shared_scratch):
    with Slapd(shared_scratch / "slapd", PEOPLE, base=BASE, service_sees="read",
               overlays={"ppolicy": f"ppolicy_default {POLICY}\nppolicy_use_lockout"}) as server:
        yield server


@pytest.fixture(params=["search", "user_dn"])
def source(request, shared_scratch, directory):
    settings = searching(directory) if request.param == "search" else {
        "uri": [directory.uri], "user_dn": f"uid=%n,ou=people,{BASE}"}
    with Source(shared_scratch, **settings) as opened:
        yield opened


@pytest.mark.parametrize("name, outcome", [
    ("alice", "ok"), ("locked", "locked"), ("shut", "locked"), ("reset", "must-change"), ("old", "password-expired")])
def test_the_state_of_an_account_is_told_when_the_password_is_right(source, name, outcome):
    answer = source.verify(name, f"{name}'s word")
    assert (answer.outcome, answer.may_be_unknown) == (outcome, False), answer.detail


@pytest.mark.parametrize("name", ["alice", "reset", "old"])
def test_a_wrong_password_is_wrong_whatever_the_state(source, name):
    assert source.verify(name, "wrong").outcome == "wrong"


def test_too_many_wrong_passwords_lock_an_account_and_do_not_count_from_then_on(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory)) as source:
        for _ in range(3):
            assert source.verify("victim", "wrong").outcome == "wrong"
        for password in ("wrong", "victim's word"):
            answer = source.verify("victim", password)
            assert answer.outcome == "locked", answer.detail
        assert directory.values(f"uid=victim,ou=people,{BASE}", "pwdAccountLockedTime")


def test_an_unknown_name_never_locks_anybody(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory)) as source:
        for _ in range(5):
            assert source.login("nobody", "wrong").outcome == "unknown"
        assert source.verify("alice", "alice's word").outcome == "ok"


@pytest.mark.parametrize("password", ["bind", "fetch", "compare"])
def test_a_lookup_sees_an_account_that_an_administrator_shut(shared_scratch, directory, password):
    with Source(shared_scratch, **searching(directory, password=password)) as source:
        assert source.lookup("alice").outcome == "ok"
        assert source.lookup("shut").outcome == "disabled"
        assert source.lookup("nobody").outcome == "unknown"


@pytest.mark.parametrize("password", ["fetch", "compare"])
def test_who_is_shut_is_told_so_after_the_right_password_only(shared_scratch, directory, password):
    with Source(shared_scratch, **searching(directory, password=password)) as source:
        assert source.verify("alice", "alice's word").outcome == "ok"
        assert source.verify("shut", "shut's word").outcome == "disabled"
        assert source.verify("shut", "wrong").outcome == "wrong"


def test_a_directory_that_cannot_be_asked_has_no_states(shared_scratch):
    with Slapd(shared_scratch / "own", PEOPLE, base=BASE,
               overlays={"ppolicy": f"ppolicy_default {POLICY}\nppolicy_use_lockout"}) as own, \
            Source(shared_scratch, **searching(own)) as source:
        assert source.verify("shut", "shut's word").outcome == "locked"
        own.stop()
        assert source.verify("shut", "shut's word").outcome == "unavailable"
        assert source.lookup("shut").outcome == "unavailable"
        own.start()
        wait_until(lambda: source.lookup("shut").outcome == "disabled", 10, "look-ups to work again")
