"""Every byte in every position of short names, put into a filter and into a DN and sent to slapd: a name finds its own
entry or none, and a bind is never one as somebody else. Each name that an entry can have has an entry of its own,
with a password of its own, so that whoever is taken for another is seen."""

import unicodedata

import pytest

from harness.ldap_driver import Source
from harness.slapd import Slapd, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

BASE = "dc=acme,dc=example"
BYTES = [bytes([value]) for value in range(256)]
SEEDS = [b"ab", b"a*c", b"x"]


def spread(seed):
    """The seed with every byte in the place of each of its own, and between any two."""
    for position in range(len(seed)):
        for byte in BYTES:
            yield seed[:position] + byte + seed[position + 1:]
    for position in range(len(seed) + 1):
        for byte in BYTES:
            yield seed[:position] + byte + seed[position:]


# What is more than a byte: whole parts of filters and DNs.
PHRASES = [b")(uid=*", b"*)(|(uid=*", b"a*", b"*", b"**", b"\\2a", b"\\00", b"\\", b"\\61b", b"#6162", b"#0402616", b"ab,ou=people",
           b"ab+cn=ab", b"uid=ab", b"ab,", b",ab", b"ab;x", b" ab", b"ab ", b"  ab", b"a  b", b"a b", b'"ab"', b"<ab>",
           b"ab)(objectClass=*", b"ab\\", b"ab\\2c", "äb".encode(), "ａｂ".encode(), b"ab\xcc\x81", b"\xc0\xae", b"\xed\xa0\x80"]

NAMES = list(dict.fromkeys([*SEEDS, *(name for seed in SEEDS for name in spread(seed)), *PHRASES]))


def normal(name):
    """What makes two names one to slapd (RFC 4518, caseIgnoreMatch): case does not count, nor do blanks at the ends,
    runs of them, or how a letter is composed. None: no entry can have the name."""
    try:
        text = unicodedata.normalize("NFKD", name.decode()).casefold()
    except UnicodeDecodeError:
        return None
    words = " ".join(word for word in text.split(" ") if word)
    return words if words and "\0" not in text else None


def account_of(text):
    return "n" + text.encode().hex()


def password_of(text):
    return "p" + text.encode().hex()


def entries():
    """One entry for each name that an entry can have. Its employeeNumber tells whose it is."""
    for text, name in {normal(name): name for name in NAMES if normal(name)}.items():
        escaped = "".join(f"\\{byte:02X}" for byte in name)
        yield (f"uid={escaped},ou=people,{BASE}",
               {"objectClass": "inetOrgPerson", "uid": name, "cn": "x", "sn": "x",
                "employeeNumber": account_of(text), "userPassword": password_of(text)})


VICTIMS = [normal(seed) for seed in SEEDS]

# Who asks with whose password: everybody with his own, and with that of each whose name was spread.
QUESTIONS = [(name, whose) for name in NAMES for whose in dict.fromkeys([normal(name), *VICTIMS]) if whose]


@pytest.fixture(scope="module")
def directory(shared_scratch):
    with Slapd(shared_scratch / "slapd", entries(), base=BASE, settings="index employeeNumber eq",
               service_sees="read") as server:
        yield server


def ask(source):
    """(name, whose password, answer) of all questions."""
    answers = source.verify_all([(name, password_of(whose)) for name, whose in QUESTIONS])
    return [(name, whose, answer) for (name, whose), answer in zip(QUESTIONS, answers)]


def wanted(name, whose):
    """What may be said; bytes that are no UTF-8 are in no entry, and slapd may say so as it likes."""
    if b"\0" in name:
        return ("malformed",)
    if normal(name) is None:
        return ("unknown", "unavailable", "wrong")
    return ("ok",) if normal(name) == whose else ("wrong",)


def check(answers):
    bad = [(name, whose, answer.outcome, answer.detail) for name, whose, answer in answers
           if answer.outcome not in wanted(name, whose)]
    assert not bad, f"{len(bad)} of {len(answers)}: {bad[:10]}"
    assert sum(answer.outcome == "ok" for _, _, answer in answers) > 1000  # the table is no empty one


@pytest.mark.parametrize("password", ["bind", "fetch"])
def test_no_name_in_a_filter_finds_another_entry(shared_scratch, directory, password):
    with Source(shared_scratch, uri=[directory.uri], base=BASE, filter="(uid=%u)", bind_dn=directory.service_dn,
                bind_password_file=directory.service_password_file, username_attribute="employeeNumber",
                password=password) as source:
        answers = ask(source)
        check(answers)
        others = [(name, answer.account) for name, _, answer in answers
                  if answer.account not in ("-", account_of(normal(name) or ""))]
        assert not others, others[:10]


def test_no_name_in_a_dn_binds_as_another(shared_scratch, directory):
    with Source(shared_scratch, uri=[directory.uri], user_dn=f"uid=%u,ou=people,{BASE}") as source:
        check(ask(source))


def test_no_name_in_a_dn_reads_another_entry(shared_scratch, directory):
    with Source(shared_scratch, uri=[directory.uri], bind_dn=directory.service_dn,
                bind_password_file=directory.service_password_file, user_dn=f"uid=%u,ou=people,{BASE}",
                username_attribute="employeeNumber") as source:
        answers = ask(source)
        check(answers)
        others = [(name, answer.account) for name, _, answer in answers
                  if answer.account not in ("-", account_of(normal(name) or ""))]
        assert not others, others[:10]
