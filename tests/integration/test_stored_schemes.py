"""Passwords as slapd and its contrib modules store them: what slappasswd makes is checked by us, what we make is
checked by slapd. Needs slapd, and its contrib modules for their schemes."""

import base64
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.process import build_dir, make_scratch, remove_scratch
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

MODULES = Path("/usr/lib/ldap")

# scheme, module, what else slappasswd is told
SCHEMES = [
    *((scheme, None, ()) for scheme in ("SSHA", "SHA", "SMD5", "MD5", "CLEARTEXT")),
    *(("CRYPT", None, ("-c", salt)) for salt in (
        "%.2s", "$1$%.8s", "$5$%.12s", "$6$%.16s", "$6$rounds=1000$%.8s", "$2b$04$%.21su", "$y$j75$%.20s",
        "$gy$j75$%.20s", "$7$7U..../....%.14s", "$sha1$1000$%.8s", "$md5$%.8s$", "_J9..%.4s")),
    *((scheme, "pw-sha2", ()) for scheme in ("SHA256", "SSHA256", "SHA384", "SSHA384", "SHA512", "SSHA512")),
    *((scheme, "pw-pbkdf2", ()) for scheme in ("PBKDF2", "PBKDF2-SHA1", "PBKDF2-SHA256", "PBKDF2-SHA512")),
    *((scheme, "pw-apr1", ()) for scheme in ("APR1", "BSDMD5")),
    ("ARGON2", "argon2", ()),
    ("ARGON2", "argon2 m=1024 t=2 p=4", ()),
]

PASSWORDS = [
    b"secret",
    b"x",
    " blanks  and a tab\t".encode(),
    "größer als früher, € 5".encode(),
    bytes(range(0x80, 0x100)),
    b"a:b#c\"d'e\\f{SSHA}g",
    b"long " * 100,
]


def loaded(module):
    return module is None or (MODULES / f"{module.split()[0]}.so").exists()


def other(password):
    """Another one that no scheme may take for it; DES looks at seven bits of eight bytes."""
    return bytes([password[0] ^ 1]) + password[1:]


@pytest.fixture(scope="module")
def folder():
    place = make_scratch("stored")
    yield place
    if not os.environ.get("MAILREEVE_KEEP"):
        remove_scratch(place)


def slappasswd(folder, scheme, module, options, password):
    file = folder / "password"
    file.write_bytes(password)
    load = ["-o", f"module-path={MODULES}", "-o", f"module-load={module}"] if module else []
    done = subprocess.run([shutil.which("slappasswd"), "-n", *load, "-h", f"{{{scheme}}}", *options, "-T", file],
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(*questions):
    """Answers of the driver, one a question."""
    def text(word):
        return (word.hex() or "-") if isinstance(word, bytes) else str(word)

    lines = "".join(" ".join(text(word) for word in question) + "\n" for question in questions)
    done = subprocess.run([build_dir() / "bin" / "stored_driver"], input=lines, capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("scheme,module,options", SCHEMES, ids=[" ".join((s, *o)) for s, m, o in SCHEMES])
def test_what_slapd_makes_is_right(folder, scheme, module, options):
    if not loaded(module):
        pytest.skip("slapd's contrib modules are not installed")
    values = [slappasswd(folder, scheme, module, options, password) for password in PASSWORDS]
    if scheme != "CLEARTEXT":
        assert all(value.startswith(f"{{{scheme}}}".encode()) for value in values)
    questions = []
    for password, value in zip(PASSWORDS, values):
        questions += [("check", value, password), ("check", value, other(password)),
                      ("check", value[:-1], password)]
    answers = ask(*questions)
    assert answers[0::3] == ["right"] * len(PASSWORDS)
    assert answers[1::3] == ["wrong"] * len(PASSWORDS)
    assert "right" not in answers[2::3]


def netscape(password, salt="0123456789abcdef0123456789ABCDEF"):
    """slappasswd cannot make these: the module only checks."""
    middle = salt.encode() + b"\x59" + password + b"\xf7" + salt.encode()
    return f"{{NS-MTA-MD5}}{hashlib.md5(middle).hexdigest()}{salt}".encode()


MADE = [("ssha256", 0), ("pbkdf2-sha256", 1000), ("argon2", 1), ("yescrypt", 1), ("bcrypt", 4), ("sha512", 1000),
        ("sha256", 1000)]


def may_bind(server, folder, uid, password):
    file = folder / "bind-password"
    file.write_bytes(password)
    done = subprocess.run(["ldapwhoami", "-x", "-H", server.uri, "-D", f"uid={uid},ou=people,{server.base}",
                           "-y", file], capture_output=True)
    assert done.returncode in (0, 49), done.stderr
    return done.returncode == 0


def test_what_we_make_is_right_to_slapd(folder):
    modules = ("pw-sha2", "pw-pbkdf2", "argon2", "pw-netscape")
    if not all(loaded(module) for module in modules) or not shutil.which("ldapwhoami"):
        pytest.skip("slapd's contrib modules or ldapwhoami are not installed")
    passwords = PASSWORDS[2:5]
    made = ask(*(("make", method, password, cost) for method, cost in MADE for password in passwords))
    values = [bytes.fromhex(value) for value in made]
    values = [value if value.startswith(b"{") else b"{CRYPT}" + value for value in values]
    values += [netscape(password) for password in passwords]
    given = passwords * (len(MADE) + 1)
    assert ask(*(("check", value, password) for value, password in zip(values, given))) == ["right"] * len(values)

    entries = [person(f"user{i}", value, "dc=acme,dc=example") for i, value in enumerate(values)]
    load = "\n".join(f"moduleload {module}" for module in modules)
    with Slapd(folder / "slapd", entries, global_settings=load) as server:
        for i, password in enumerate(given):
            assert may_bind(server, folder, f"user{i}", password), values[i]
        assert not may_bind(server, folder, "user0", other(given[0]))


def test_passwords_in_clear_are_what_they_are():
    for password in PASSWORDS:
        plain = bytes.fromhex(ask(("make", "plain", password))[0])
        encoded = b"{PLAIN.B64}" + base64.b64encode(password)
        assert plain in (b"{PLAIN}" + password, encoded)
        assert ask(("check", plain, password), ("check", encoded, password),
                   ("check", b"{CLEAR}" + password, other(password))) == ["right", "right", "wrong"]
