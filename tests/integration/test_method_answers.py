"""The methods beside PLAIN without nginx: what mailreeve-auth answers where a name or a password does not fit a header,
or a certificate's owner cannot be looked up."""

import base64
import hashlib
import hmac

from harness import fastcgi
from harness.mailreeve import Mailreeve


def test_a_password_that_no_header_can_carry_is_our_own_fault(scratch):
    """Not "wrong": the user is right, and nginx could not log in."""
    odd = {"before": " x", "behind": "x ", "long": 600 * "x", "fine": "x y"}
    users = "".join(f"{name}@acme.example:{{PLAIN.B64}}{base64.b64encode(word.encode()).decode()}\n"
                    for name, word in odd.items())
    text = """
listener "imap" { methods = {"cram-md5"}  upstream = "imap" }
organization "acme" { domains = {"acme.example"}  sources = {} }
source "users" { type = "users"  file = "users" }
upstream "imap" { check = "none"  server "one" { address = "127.0.0.1:143" } }
"""
    with Mailreeve(scratch / "service", text, {"users": users}) as service:
        for name, word in odd.items():
            answer = hmac.new(word.encode(), b"<1.2@x>", hashlib.md5).hexdigest()
            said = service.ask(fastcgi.login(f"{name}@acme.example", answer, listener="imap", protocol="imap",
                                             method="cram-md5", HTTP_AUTH_SALT="<1.2@x>"))
            line = service.decisions()[-1]
            if name == "fine":
                assert said.ok and said["Auth-Pass"] == word
            else:
                assert said["Auth-Status"].startswith("[UNAVAILABLE]") and said["Auth-Pass"] is None
                assert (line["reason"], line["level"]) == ("internal", "error")
                assert "Auth-Pass" in line["rule"] or "does not fit" in line["rule"]


def test_a_name_is_encoded_for_xclient_alone(scratch):
    """A server that nginx logs in at knows the name itself."""
    text = """
auth_user_encoding = "xtext"
listener "submission" { upstream = "any" }
listener "legacy" { upstream = "any"  proxy_smtp_auth = true }
listener "imap" { upstream = "any" }
organization "acme" { domains = {"acme.example"}  sources = {} }
source "users" { type = "users"  file = "users" }
upstream "any" { check = "none"  server "one" { address = "127.0.0.1:143" } }
"""
    name = "jürgen+home@acme.example"
    with Mailreeve(scratch / "service", text, {"users": f"{name}:{{PLAIN}}x\n"}) as service:
        said = {listener: service.ask(fastcgi.login(name, "x", listener=listener, protocol=protocol))["Auth-User"]
                for listener, protocol in (("submission", "smtp"), ("legacy", "smtp"), ("imap", "imap"))}
    raw = name.encode().decode("latin-1")
    assert said == {"submission": "j+C3+BCrgen+2Bhome@acme.example", "legacy": raw, "imap": raw}


def test_where_no_source_can_tell_the_list_is_enough(scratch):
    """Such as with another SMTP server, which is asked for passwords only."""
    text = """
list "phones" { kind = "certificate"  entries = {"Boss@far.example CN=boss"} }
listener "submission" { methods = {"external"}  certificates = "phones"  upstream = "mta" }
organization "far" { domains = {"far.example"}  sources = {"theirs"} }
source "theirs" { type = "smtp"  server = {"127.0.0.1:9"}  tls = "none" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""
    with Mailreeve(scratch / "service", text) as service:
        answer = service.ask(fastcgi.login("", "", method="external", HTTP_AUTH_SSL_VERIFY="SUCCESS",
                                           HTTP_AUTH_SSL_SUBJECT="CN=boss"))
        assert answer.ok and answer["Auth-User"] == "boss@far.example"
        [line] = service.decisions()
        assert (line["verdict"], line["user"]) == ("accept", "boss@far.example")


def test_an_outage_of_the_directory_is_temporary_for_certificates_too(scratch):
    text = """
list "phones" { kind = "certificate"  entries = {"boss@far.example CN=boss"} }
listener "submission" { methods = {"external"}  certificates = "phones"  upstream = "mta" }
organization "far" { domains = {"far.example"}  sources = {"theirs"} }
source "theirs" { type = "ldap"  uri = {"ldap://127.0.0.1:9"}  base = "dc=far,dc=example"  filter = "(mail=%u)" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""
    with Mailreeve(scratch / "service", text) as service:
        answer = service.ask(fastcgi.login("", "", method="external", HTTP_AUTH_SSL_VERIFY="SUCCESS",
                                           HTTP_AUTH_SSL_SUBJECT="CN=boss"))
        assert answer["Auth-Error-Code"] == "454 4.7.0"
