"""What the tests of /auth-policy share: two users, a service that counts what is reported of them, and weakforced's
questions and reports. A test file imports the fixtures that it uses by name."""

import pytest

from .setups import cheap_hash

LEO, NINA = "leo@local.example", "nina@local.example"
PASSWORDS = {LEO: "leo-secret-2", NINA: "nina-secret-1"}

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ require_auth = true  relay_window = 15min  upstream = "relay"  upstream_inbound = "relay" }}
listener "policy" {{ default_domain = "local.example" }}
organization "local" {{ domains = {{"local.example"}}  sources = {{}}  match_sender = true }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{relay}" }} }}
screen {{ {screen}  ban = {{"1h"}} }}
"""

# weakforced's answers: (HTTP status, object)
GO_ON = (200, {"status": 0, "msg": ""})
NO = (200, {"status": -1, "msg": "too many failures, try again later"})
DONE = (200, {"status": "ok"})


@pytest.fixture(scope="module")
def users():
    return "".join(f"{user}:{cheap_hash(password)}\n" for user, password in PASSWORDS.items())


def login(client, **more):
    return {"login": LEO, "remote": client, "pwhash": "1234", "attrs": {"a": "1", "b": ["2"]}} | more
