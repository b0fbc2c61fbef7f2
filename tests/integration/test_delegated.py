"""Delegated files in the running service: what a tenant's own administrator changes takes effect for that tenant
alone, and what he breaks hurts at most that tenant."""

import os

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, mailreeve
from harness.mailreeve import Mailreeve
from harness.setups import cheap_hash

NAMES = ("ann@acme.example", "bob@acme.example", "ann@other.example", "bob@other.example")
INTERNAL = "454 4.7.0"
DENIED = "535 5.7.8"
AUTH_REQUIRED = "530 5.7.0"
MISMATCH = "553 5.7.1"
RELAY_DENIED = "550 5.7.1"

MAIN = """failure_delay = 1s
listener "submission" { auth = "on"  upstream = "mta"  upstream_inbound = "mx"  auth_users = "deny robots" }
listener "mx" { auth = "off"  upstream_inbound = "mx" }
listener "pop" { auth = "on"  upstream = "mta"  relay_window = 15min }
listener "window" { auth = "on"  upstream = "mta"  upstream_inbound = "mx"  relay_window = 15min }
list "robots" { kind = "user"  entries = {"robot@*"} }
organization "acme" { domains = {"acme.example"}  delegated = "acme.conf"  authenticate_senders = "always" }
organization "other" { domains = {"other.example"} }
source "users" { type = "users"  file = "users" }
upstream "mta" { check = "none"  server "mta1" { address = "127.0.0.1:10025" } }
upstream "mx" { check = "none"  server "mx1" { address = "127.0.0.1:10026" } }
"""

DENY_BOB = """auth_users = "deny robots"
list "robots" { kind = "user"  entries = {"bob@*", "*@other.example"} }
"""

BROKEN = DENY_BOB.replace("bob", "ann") + "match_sender = perhaps\n"


@pytest.fixture
def service(scratch):
    users = "".join(f"{name}:{cheap_hash('secret')}:\n" for name in NAMES)
    files = {"users": users, "acme.conf": DENY_BOB}
    with Mailreeve(scratch / "service", MAIN, files) as running:
        yield running


def login(service, user, **more):
    """`ok`, or the code of the refusal."""
    answer = service.ask(fastcgi.login(user, "secret", **more))
    return "ok" if answer.ok else answer["Auth-Error-Code"] or answer["Auth-Status"]


def logins(service):
    return [login(service, name) for name in NAMES]


def mail(service, sender, recipient, **more):
    answer = service.ask(fastcgi.recipient(f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", **more))
    return "ok" if answer.ok else answer["Auth-Error-Code"] or answer["Auth-Status"]


def reload(service):
    """Succeeds; returns what the service has to say."""
    answer = service.reload()
    assert answer["Status"].startswith("200"), answer
    return answer.body.decode()


def delegate(service, text):
    service.write_file("acme.conf", text)
    return reload(service)


def test_what_the_tenant_changes_takes_effect_with_a_reload(service):
    assert logins(service) == ["ok", DENIED, "ok", "ok"]
    service.write_file("acme.conf", DENY_BOB.replace("bob", "ann"))
    assert logins(service) == ["ok", DENIED, "ok", "ok"]
    assert reload(service) == ""
    assert logins(service) == [DENIED, "ok", "ok", "ok"]
    rule = service.decisions()[-4]["rule"]
    assert f"{service.folder / 'acme.conf'}:1" in rule and 'organization "acme"' in rule


def test_a_list_named_as_one_of_the_main_file_does_not_touch_it(service):
    assert login(service, "robot@other.example") == DENIED
    assert service.decisions()[-1]["reason"] == "auth.user-denied"
    assert delegate(service, 'auth_users = "allow robots"\n'
                             'list "robots" { kind = "user"  entries = {"ann@acme.example"} }\n') == ""
    assert logins(service) == ["ok", DENIED, "ok", "ok"]
    assert login(service, "robot@other.example") == DENIED
    assert service.decisions()[-1]["reason"] == "auth.user-denied"


def test_no_setting_touches_another_organization(service):
    everything = ('list "all" { kind = "user"  entries = {"*", "/./"} }\n'
                  'list "world" { kind = "ip"  entries = {"0.0.0.0/0", "::/0"} }\n'
                  'auth_users = "deny all"\nauthenticate_senders = "always"\nauthenticate_inbound = "always"\n'
                  'match_sender = yes\n')
    assert "error" not in delegate(service, everything)
    assert logins(service) == [DENIED, DENIED, "ok", "ok"]
    assert mail(service, "x@acme.example", "bob@other.example") == AUTH_REQUIRED
    assert mail(service, "ann@other.example", "bob@other.example") == "ok"
    assert mail(service, "ann@other.example", "bob@acme.example") == "ok"
    assert mail(service, "ann@elsewhere.example", "bob@acme.example") == "ok"


def test_exemptions_of_the_tenant_hold_for_his_senders_and_grant_no_relay(service):
    assert mail(service, "x@acme.example", "bob@other.example") == AUTH_REQUIRED
    assert delegate(service, 'auth_exempt_ips = "allow office"\n'
                             'list "office" { kind = "ip"  entries = {"192.0.2.0/24"} }\n') == ""
    assert mail(service, "x@acme.example", "bob@other.example") == "ok"
    assert mail(service, "x@acme.example", "bob@other.example", client="198.51.100.1") == AUTH_REQUIRED
    assert mail(service, "x@acme.example", "someone@elsewhere.example") == RELAY_DENIED


def test_match_sender_and_its_exemptions_are_the_tenants(service):
    """A POP login opens a window; the session of the next mail is that user's."""
    def send(user, sender):
        assert login(service, user, listener="pop", protocol="pop3") == "ok"
        return mail(service, sender, "bob@other.example", listener="window")

    assert delegate(service, 'match_sender = yes\nmatch_exempt_senders = "news"\n'
                             'list "news" { kind = "user"  entries = {"news@acme.example"} }\n') == ""
    assert send("ann@acme.example", "ann@acme.example") == "ok"
    assert send("ann@acme.example", "news@acme.example") == "ok"
    assert send("ann@acme.example", "bob@acme.example") == MISMATCH
    assert send("ann@other.example", "bob@other.example") == "ok"


def test_a_broken_file_leaves_the_last_good_settings_and_everybody_else(service):
    service.configure(MAIN.replace("10025", "10099") + 'organization "new" { domains = {"new.example"} }\n')
    said = delegate(service, BROKEN)
    path = service.folder / "acme.conf"
    assert f'{path}:3: match_sender: "perhaps" is neither true nor false' in said
    assert f'organization "acme": delegated: {path} is broken: the settings that it had before stay in force' in said
    assert logins(service) == ["ok", DENIED, "ok", "ok"]
    assert service.ask(fastcgi.login("bob@other.example", "secret"))["Auth-Port"] == "10099"

    logged = service.events("config.problem")
    assert [event["level"] for event in logged] == ["error", "error"]
    assert sorted(event["problem"] for event in logged) == sorted(said.splitlines())
    assert len(service.events("config.reloaded")) == 1 and not service.events("config.kept")

    path.unlink()
    assert "No such file" in reload(service)
    service.reload_by_signal()
    assert logins(service) == ["ok", DENIED, "ok", "ok"]

    assert delegate(service, BROKEN.replace("perhaps", "no")) == ""
    assert logins(service) == [DENIED, "ok", "ok", "ok"]


def test_at_a_cold_start_only_the_broken_tenant_waits(scratch):
    users = "".join(f"{name}:{cheap_hash('secret')}:\n" for name in NAMES)
    with Mailreeve(scratch / "service", MAIN, {"users": users, "acme.conf": BROKEN}) as service:
        problems = service.events("config.problem")
        assert [event["level"] for event in problems] == ["error", "error"]
        assert any('organization "acme"' in event["problem"] and "temporary failure" in event["problem"]
                   for event in problems)
        assert logins(service) == [INTERNAL, INTERNAL, "ok", "ok"]
        assert service.decisions()[-4]["reason"] == "internal"
        assert mail(service, "x@acme.example", "bob@other.example") == INTERNAL
        assert mail(service, "x@elsewhere.example", "bob@acme.example") == INTERNAL
        assert mail(service, "x@elsewhere.example", "bob@other.example") == "ok"

        assert delegate(service, DENY_BOB) == ""
        assert logins(service) == ["ok", DENIED, "ok", "ok"]


REFUSED = {
    "relay": ('relay = "all"\n', "relay: may not be set in a delegated file"),
    "relay_ips": ('relay_ips = "l"\nlist "l" { kind = "ip"  entries = {"192.0.2.0/24"} }\n',
                  "relay_ips: may not be set in a delegated file"),
    "sources": ('sources = {"users"}\n', "sources: may not be set in a delegated file"),
    "upstream": ('upstream = "mx"\n', "upstream: may not be set in a delegated file"),
    "domains": ('domains = {"other.example"}\n', "domains: may not be set in a delegated file"),
    "a listener": ('listener "submission" { auth = "off" }\n', "listener: may not be set in a delegated file"),
    "an organization": ('organization "other" { auth_users = "any" }\n',
                        "organization: may not be set in a delegated file"),
    "include": ('include("other.conf")\n', "include() may not stand in a delegated file"),
    "the environment": ('auth_users = "allow ${SECRET}"\n', "${NAME} may not stand in a delegated file"),
    "a list's file": ('list "l" { kind = "user"  file = "users" }\n',
                      'list "l": file: may not be set in a delegated file'),
    "a list of the main file": ('match_exempt_senders = "main-list"\n', 'there is no list "main-list"'),
}


@pytest.fixture(scope="module")
def kept(shared_scratch):
    """A service that has good settings to keep, with a secret in its environment and beside its files."""
    users = "".join(f"{name}:{cheap_hash('secret')}:\n" for name in NAMES)
    files = {"users": users, "acme.conf": DENY_BOB, "other.conf": "upstream = hunter2\n"}
    main = MAIN + 'list "main-list" { kind = "user"  entries = {"x"} }\n'
    with Mailreeve(shared_scratch / "service", main, files, env={"SECRET": "hunter2"}) as running:
        yield running


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_the_tenants_is_refused(kept, what):
    text, want = REFUSED[what]
    said = delegate(kept, text)
    assert want in said and "hunter2" not in said
    assert logins(kept) == ["ok", DENIED, "ok", "ok"]


def test_a_link_to_what_only_the_service_may_read_gives_nothing_away(kept):
    """Even if the link were a copy: no problem quotes what is no setting."""
    path = kept.folder / "acme.conf"
    path.unlink()
    path.symlink_to(kept.folder / "users")
    try:
        said = reload(kept)
        assert "it is a symbolic link" in said
    finally:
        path.unlink()
    os.link(kept.folder / "users", path)
    try:
        said = reload(kept)
        assert "is broken" in said and "$1$" not in said and "saltsalt" not in said and "ann@" not in said
    finally:
        path.unlink()
    assert logins(kept) == ["ok", DENIED, "ok", "ok"]


def test_a_fifo_holds_nothing_up(kept):
    path = kept.folder / "acme.conf"
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        assert "not a regular file" in reload(kept)
    finally:
        path.unlink()


def test_costly_patterns_are_few_and_bounded(kept):
    many = ", ".join(f"'/^x{number}/'" for number in range(101))
    said = delegate(kept, f'auth_users = "deny l"\nlist "l" {{ kind = "user"  entries = {{{many}}} }}\n')
    assert "at most 100 entries that are tried in turn" in said
    assert logins(kept) == ["ok", DENIED, "ok", "ok"]


def test_check_and_explain_tell_of_the_broken_tenant(scratch):
    config = scratch / "mailreeve.conf"
    config.write_text(MAIN)
    (scratch / "users").write_text(f"ann@other.example:{cheap_hash('secret')}:\n")
    (scratch / "acme.conf").write_text(BROKEN)
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stdout) == (EXIT_PROBLEM, "")
    assert f"{scratch}/acme.conf:3: match_sender:" in done.stderr and 'organization "acme"' in done.stderr
    done = mailreeve("check", "--json", "-c", config)
    assert done.returncode == EXIT_PROBLEM and '"ok": false' in done.stdout

    asked = ["explain", "-c", config, "listener=submission", "method=plain", "ip=192.0.2.1", "tls=on",
             "password-ok=yes"]
    done = mailreeve(*asked, "user=ann@acme.example")
    assert done.returncode == EXIT_TEMPORARY
    assert done.stdout.startswith("verdict defer 454 4.7.0 ") and "reason internal" in done.stdout
    assert f'rule {config}:7 organization "acme": delegated' in done.stdout
    done = mailreeve(*asked, "user=ann@other.example")
    assert done.returncode == EXIT_OK

    (scratch / "acme.conf").write_text(DENY_BOB)
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    done = mailreeve(*asked, "user=bob@acme.example")
    assert done.returncode == EXIT_PROBLEM
    assert f'rule {scratch}/acme.conf:1 organization "acme": auth_users' in done.stdout
