"""The configuration that the tests of the service share: a users file, and a tenant whose passwords are verified
at an SMTP server."""

import subprocess

USER = "anna@acme.example"
PASSWORD = "anna's Pa55 wörd"

SETTINGS = """
failure_delay = 1s
"""

SECTIONS = """
listener "submission" {{ auth = "on"  upstream = "mta" }}
listener "encrypted" {{ auth = "encrypted"  upstream = "mta" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
listener "imap" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
organization "slow" {{ domains = {{"slow.example"}}  sources = {{"slow"}} }}
source "users" {{ type = "users"  file = "users" }}
source "slow" {{ type = "smtp"  server = {{"127.0.0.1:{smtp_port}"}}  tls = "none"  mechanisms = {{"plain"}}  timeout = 20s
                 cache = 0  negative_cache = 0 }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
upstream "mx" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10035" }} }}
"""


def configuration(settings="", smtp_port=9):
    """settings: more lines for the top of the file."""
    return SETTINGS + settings + SECTIONS.format(smtp_port=smtp_port)


def cheap_hash(password):
    """A hash that costs little: these tests are about the service, not about libcrypt."""
    return subprocess.run(["openssl", "passwd", "-1", "-salt", "saltsalt", "-stdin"], input=password.encode(),
                          capture_output=True, check=True).stdout.decode().strip()


def users_alike(names, password):
    """A users file in which all have the same password."""
    hashed = cheap_hash(password)
    return "".join(f"{name}:{hashed}:\n" for name in names)


def users_file(**users):
    return "".join(f"{name}:{cheap_hash(password)}:\n" for name, password in ({USER: PASSWORD} | users).items())
