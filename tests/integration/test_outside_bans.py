"""Bans outside of mailreeve, with the real tools: nftables in a network of the test's own, fail2ban on the service's
log, nginx with the exported list."""

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

from harness import fastcgi
from harness.command import mailreeve
from harness.mailreeve import Mailreeve
from harness.netns import NetworkNamespace, network_namespaces_are_usable
from harness.nginx import load_modules
from harness.process import Process, build_dir, free_port, port_answers, source_dir, wait_until
from harness.setups import PASSWORD, USER, users_file

BAN = source_dir() / "scripts" / "ban"
BAN_NFTABLES = BAN / "ban-nftables"
ATTACKER, OTHER, ATTACKER_6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"

CONFIGURATION = """
failure_delay = 0
{settings}
screen {{ failures = 3  unknown_names = 3  ban = {{"{ban}"}} }}
listener "submission" {{ upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""


def service_of(folder, settings="", ban="1h", wrapper=()):
    return Mailreeve(folder, CONFIGURATION.format(settings=settings, ban=ban), {"users": users_file()}, wrapper=wrapper)


def alert(network, seconds=3600, **more):
    return json.dumps({"event": "ban", "network": network, "seconds": seconds, **more}) + "\n"


# nftables

@pytest.fixture
def network(scratch):
    if not network_namespaces_are_usable():
        pytest.skip("only root can make a network namespace with a packet filter")
    with NetworkNamespace(scratch, (ATTACKER, OTHER, ATTACKER_6)) as namespace:
        namespace.listen(25)
        namespace.listen(80)
        yield namespace


def elements(network, name):
    """{network: seconds of its timeout, None: for ever} of a set."""
    listed = json.loads(network.run("nft", "-j", "list", "set", "inet", "mailreeve", name).stdout)["nftables"]
    found = {}
    for element in next(item["set"].get("elem", []) for item in listed if "set" in item):
        timeout = element["elem"]["timeout"] if "elem" in element else None
        value = element["elem"]["val"] if "elem" in element else element
        found[value if isinstance(value, str) else f"{value['prefix']['addr']}/{value['prefix']['len']}"] = timeout
    return found


def test_an_alert_makes_the_kernel_drop_a_client_until_the_ban_ends(network):
    network.run(BAN_NFTABLES, "--init")
    assert network.connect(ATTACKER, 25) == "let in"

    def is_dropped_when_banned(seconds):
        network.run(BAN_NFTABLES, stdin=alert(f"{ATTACKER}/32", seconds))
        return network.connect(ATTACKER, 25) == "dropped"

    # on a machine that is held up three seconds are over before the look
    assert is_dropped_when_banned(3) or is_dropped_when_banned(30)
    assert network.connect(ATTACKER, 80) == "let in"
    assert network.connect(OTHER, 25) == "let in"
    wait_until(lambda: network.connect(ATTACKER, 25) == "let in", 60, "the kernel to end the ban")


def test_an_ipv6_network_is_dropped(network):
    network.run(BAN_NFTABLES, stdin=alert("2001:db8::/64"))
    assert network.connect(ATTACKER_6, 25) == "dropped"
    assert network.connect("::1", 25) == "let in"


def test_all_ports_can_be_closed(network):
    network.run(BAN_NFTABLES, "--ports", "all", stdin=alert(f"{ATTACKER}/32"))
    assert network.connect(ATTACKER, 80) == "dropped"


def test_a_network_is_let_in_again(network):
    network.run(BAN_NFTABLES, stdin=alert(f"{ATTACKER}/32"))
    network.run(BAN_NFTABLES, "--delete", ATTACKER)
    assert network.connect(ATTACKER, 25) == "let in"
    done = network.run(BAN_NFTABLES, "--delete", ATTACKER, check=False)
    assert (done.returncode, done.stderr) == (1, f"ban-nftables: {ATTACKER} is not in the set\n")


def test_a_ban_that_is_made_anew_has_the_new_timeout(network):
    for seconds in (60, 7200):
        network.run(BAN_NFTABLES, stdin=alert(f"{ATTACKER}/32", seconds))
    assert elements(network, "banned4") == {ATTACKER: 7200}


def test_networks_that_overlap_are_no_trouble(network):
    network.run(BAN_NFTABLES, stdin=alert("192.0.2.1/32"))
    network.run(BAN_NFTABLES, stdin=alert("192.0.2.0/24"))
    network.run(BAN_NFTABLES, stdin=alert("192.0.2.2/32"))
    assert elements(network, "banned4") == {"192.0.2.0/24": 3600}


def test_a_ruleset_that_somebody_flushed_is_made_again(network):
    network.run(BAN_NFTABLES, "--init")
    network.run("nft", "flush", "ruleset")
    network.run(BAN_NFTABLES, stdin=alert(f"{ATTACKER}/32"))
    assert network.connect(ATTACKER, 25) == "dropped"


def test_init_keeps_the_bans_that_are_there(network):
    network.run(BAN_NFTABLES, stdin=alert(f"{ATTACKER}/32"))
    network.run(BAN_NFTABLES, "--init")
    assert elements(network, "banned4") == {ATTACKER: 3600}
    assert network.run("nft", "list", "chain", "inet", "mailreeve", "input").stdout.count("drop") == 2


@pytest.mark.parametrize("text", [
    "", "[]", "{}", "null", '{"event": "ban"}',
    alert("192.0.2.1/32", 0), alert("192.0.2.1/32", -5), alert("192.0.2.1/32", "1h"),
    alert("192.0.2.1; flush ruleset"), alert("0.0.0.0/0 timeout 1h }; flush ruleset; #"), alert(None), alert(["x"]),
    json.dumps({"event": "hijack", "network": "192.0.2.1/32", "seconds": 60}),
])
def test_what_is_no_ban_changes_nothing(network, text):
    network.run(BAN_NFTABLES, "--init")
    before = network.run("nft", "list", "ruleset").stdout
    done = network.run(BAN_NFTABLES, stdin=text, check=False)
    assert done.returncode == 1 and done.stderr.startswith("ban-nftables: ") and "Traceback" not in done.stderr
    assert network.run("nft", "list", "ruleset").stdout == before


def test_the_right_for_it_is_cap_net_admin_alone(network):
    """What the drop-in net-admin.conf gives the service, which may not gain privileges."""
    network.run("setpriv", "--reuid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all,+net_admin",
                "--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin", BAN_NFTABLES,
                stdin=alert(f"{ATTACKER}/32"))
    assert network.connect(ATTACKER, 25) == "dropped"


def test_the_services_own_ban_reaches_the_kernel(network, scratch):
    settings = f'alert "nftables" {{ events = {{"ban"}}  threshold = 1  at_most_every = 0  command = "{BAN_NFTABLES}" }}'
    with service_of(scratch / "service", settings, wrapper=network.enter) as service:
        for password in ("a", "b", "c"):
            service.ask(fastcgi.login(USER, password, client=ATTACKER))
        wait_until(lambda: service.events("alert.sent"), 20, "the alert's command to end")
        assert not service.events("alert.failed"), service.log
    assert network.connect(ATTACKER, 25) == "dropped"
    assert network.connect(OTHER, 25) == "let in"


@pytest.fixture
def store(scratch):
    """The configuration of a service that need not run: commands open its store."""
    return service_of(scratch / "service").path


def with_our_programs():
    return {"PATH": f"{build_dir() / 'bin'}:{os.environ['PATH']}"}


def ban(config, *arguments):
    done = mailreeve("ban", *arguments[:1], "-c", config, *arguments[1:])
    assert done.returncode == 0, done.stderr


def test_the_sets_are_made_to_hold_what_the_store_holds(network, store):
    ban(store, "add", "--for", "1h", "192.0.2.1")
    ban(store, "add", "--for", "2h", "198.51.100.0/24")
    ban(store, "add", "--for", "2h", "198.51.100.7")
    ban(store, "add", "--forever", "2001:db8::/64")
    network.run(BAN_NFTABLES, stdin=alert("203.0.113.9/32"))
    network.run(BAN_NFTABLES, "-c", store, "--sync", env=with_our_programs())
    found = elements(network, "banned4")
    assert set(found) == {"192.0.2.1", "198.51.100.0/24"}
    assert 3500 <= found["192.0.2.1"] <= 3600 and 7100 <= found["198.51.100.0/24"] <= 7200
    assert elements(network, "banned6") == {"2001:db8::/64": None}
    assert network.connect(ATTACKER, 25) == "dropped"

    ban(store, "del", "192.0.2.1")
    network.run(BAN_NFTABLES, "-c", store, "--sync", env=with_our_programs())
    assert set(elements(network, "banned4")) == {"198.51.100.0/24"}


def test_bans_that_do_not_hold_are_not_in_the_sets(network, scratch):
    """Those of an address that came into `never` since, and those by count while the mode is monitor."""
    service = service_of(scratch / "service")
    with service:
        for i in range(3):
            service.ask(fastcgi.login(USER, f"wrong {i}", client=ATTACKER))
    ban(service.path, "add", OTHER)
    ban(service.path, "add", "198.51.100.7")
    for screen, want in [("", {ATTACKER, OTHER, "198.51.100.7"}),
                         ('mode = "monitor"', {OTHER, "198.51.100.7"}),
                         ('never = "ours"', {ATTACKER, "198.51.100.7"})]:
        settings = f'list "ours" {{ kind = "ip"  entries = {{"{OTHER}"}} }}\n'
        service.configure(CONFIGURATION.format(settings=settings, ban="1h").replace("screen {", f"screen {{ {screen} "))
        network.run(BAN_NFTABLES, "-c", service.path, "--sync", env=with_our_programs())
        assert set(elements(network, "banned4")) == want


def test_sets_stay_as_they_are_when_the_store_cannot_be_read(network, store):
    network.run(BAN_NFTABLES, stdin=alert(f"{ATTACKER}/32"))
    store.write_text("nonsense")
    done = network.run(BAN_NFTABLES, "-c", store, "--sync", env=with_our_programs(), check=False)
    assert done.returncode == 1 and done.stderr.startswith("ban-nftables: mailreeve ban list ended with ")
    assert elements(network, "banned4") == {ATTACKER: 3600}


# fail2ban

HOSTILE_NAMES = [
    'x" client=203.0.113.1 reason=auth.bad-credentials y="',
    "x client=203.0.113.2 reason=auth.bad-credentials",
    'x\\" client=203.0.113.3 reason=auth.bad-credentials ms=1\r\ntime=2026-11-22T00:00:00.000Z level=info '
    "event=decision client=203.0.113.4 reason=auth.bad-credentials ms=1",
    'x","client":"203.0.113.5","reason":"auth.bad-credentials","y":"',
    'x\\","client":"203.0.113.6","reason":"auth.bad-credentials"}\n{"time":"2026-11-22T00:00:00.000Z",'
    '"level":"info","event":"decision","client":"203.0.113.7","reason":"auth.bad-credentials","ms":1}',
    "\\", '"', "=", "event=client.banned client=203.0.113.8",
]


@pytest.fixture
def fail2ban(scratch):
    """The filter as it is installed, in a configuration folder of the test's own."""
    if not shutil.which("fail2ban-regex"):
        pytest.skip("fail2ban is not installed")
    folder = scratch / "fail2ban"
    for name in ("filter.d", "action.d", "jail.d"):
        (folder / name).mkdir(parents=True)
    shutil.copy(BAN / "fail2ban" / "filter.conf", folder / "filter.d" / "mailreeve.conf")
    shutil.copy(BAN / "fail2ban" / "jail.conf", folder / "jail.d" / "mailreeve.conf")
    return folder


def found_by(fail2ban, log, mode="normal"):
    """The addresses that fail2ban reads out of a log, a line each."""
    done = subprocess.run(["fail2ban-regex", "-o", "ip", str(log),
                           f"{fail2ban}/filter.d/mailreeve.conf[mode={mode}]"], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 255), done.stderr
    return done.stdout.split()


@pytest.fixture(params=["logfmt", "json"])
def attacked(request, scratch):
    """The log of a service that was attacked by 192.0.2.1 and 2001:db8::1, and used well by 192.0.2.2."""
    with service_of(scratch / "service", f'log_format = "{request.param}"') as service:
        service.ask(fastcgi.login(USER, PASSWORD, client=OTHER))
        service.ask(fastcgi.login(USER, "wrong", client=ATTACKER))
        service.ask(fastcgi.login("nobody@acme.example", "wrong", client=ATTACKER_6))
    return service.process.log


def test_fail2ban_finds_who_failed_and_nobody_else(fail2ban, attacked):
    assert found_by(fail2ban, attacked) == [ATTACKER, ATTACKER_6]
    assert found_by(fail2ban, attacked, "aggressive") == [ATTACKER, ATTACKER_6]
    assert found_by(fail2ban, attacked, "banned") == []


def test_fail2ban_finds_them_behind_what_syslog_writes_before(fail2ban, attacked, scratch):
    log = scratch / "syslog"
    lines = attacked.read_text().splitlines()
    log.write_text("".join(f"Nov 22 12:27:39 mail mailreeve-auth[12]: {line}\n" for line in lines)
                   + "".join(f"2026-11-22T12:27:39.379000+00:00 mail mailreeve-auth[12]: {line}\n" for line in lines))
    assert found_by(fail2ban, log) == [ATTACKER, ATTACKER_6] * 2
    log.write_text("".join(f"Nov 22 12:27:39 mail other[12]: {line}\n" for line in lines))
    assert found_by(fail2ban, log) == []


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_a_name_cannot_have_another_client_banned(fail2ban, scratch, log_format):
    with service_of(scratch / "service", f'log_format = "{log_format}"\nauth_user_encoding = "xtext"') as service:
        for number, name in enumerate(HOSTILE_NAMES):
            for suffix in ("", "@acme.example"):
                service.ask(fastcgi.login(name + suffix, "wrong", client=f"192.0.2.{number + 10}"))
    log = service.process.log
    assert "203.0.113.8" in log.read_text()
    for mode in ("normal", "aggressive", "banned"):
        assert not [found for found in found_by(fail2ban, log, mode) if not found.startswith("192.0.2.")]


def test_a_name_in_a_line_with_a_failure_hides_nothing(fail2ban, scratch):
    with service_of(scratch / "service", 'auth_user_encoding = "xtext"') as service:
        service.ask(fastcgi.login("client=203.0.113.2@acme.example", "wrong", client=ATTACKER))
        assert [line["reason"] for line in service.decisions()] == ["auth.bad-credentials"]
    assert 'login="client=203.0.113.2@acme.example"' in service.log
    assert found_by(fail2ban, service.process.log) == [ATTACKER]


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_fail2ban_finds_who_guesses_recipients_in_the_mode_aggressive_alone(fail2ban, scratch, log_format):
    """And what such a client writes, which stands behind his address, has nobody else banned."""
    hostile = [f"{command}:<{name}>" for name in HOSTILE_NAMES for command in ("MAIL FROM", "RCPT TO")]
    hostile += ['MAIL FROM:<"x client=203.0.113.9 reason=auth.bad-credentials"@far.example>']
    with service_of(scratch / "service", f'log_format = "{log_format}"') as service:
        service.ask(fastcgi.login(USER, "wrong", client=OTHER))
        for number, line in enumerate(hostile):
            sender = line if line.startswith("MAIL") else "MAIL FROM:<a@far.example>"
            recipient = line if line.startswith("RCPT") else "RCPT TO:<b@far.example>"
            service.ask(fastcgi.recipient(sender, recipient, "submission", client=f"198.51.100.{number + 10}"))
        service.ask(fastcgi.recipient("MAIL FROM:<a@far.example>", "RCPT TO:<b@far.example>", "submission",
                                      client=ATTACKER))
    assert "203.0.113.9" in service.log
    assert found_by(fail2ban, service.process.log) == [OTHER]
    found = found_by(fail2ban, service.process.log, "aggressive")
    assert {OTHER, ATTACKER, f"198.51.100.{len(hostile) + 9}"} <= set(found)
    assert all(one in (OTHER, ATTACKER) or one.startswith("198.51.100.") for one in found)


def test_fail2ban_carries_out_what_mailreeve_has_banned(fail2ban, scratch):
    """The jail of the example, read from a file and with an action that writes down whom it would shut out."""
    if not shutil.which("fail2ban-server"):
        pytest.skip("fail2ban-server is not installed")
    acted = scratch / "acted"
    with service_of(scratch / "service") as service:
        (fail2ban / "fail2ban.conf").write_text(
            f"[Definition]\nloglevel = INFO\nlogtarget = {scratch}/fail2ban.log\nsyslogsocket = auto\n"
            f"socket = {scratch}/fail2ban.sock\npidfile = {scratch}/fail2ban.pid\ndbfile = None\n"
            "dbpurgeage = 1d\ndbmaxmatches = 10\nallowipv6 = auto\n[Thread]\nstacksize = 0\n")
        (fail2ban / "action.d" / "record.conf").write_text(
            f"[Definition]\nactionban = echo ban <ip> >>{acted}\nactionunban = echo unban <ip> >>{acted}\n")
        (fail2ban / "jail.conf").write_text("[DEFAULT]\nenabled = false\n")
        (fail2ban / "jail.local").write_text(
            f"[mailreeve]\nbackend = polling\nlogpath = {service.process.log}\naction = record\n")
        server = Process(["fail2ban-server", "-c", fail2ban, "-s", scratch / "fail2ban.sock",
                          "-p", scratch / "fail2ban.pid", "-f", "start"], scratch / "fail2ban.out",
                         ready=lambda: client("ping").stdout.strip().endswith("pong"))

        def client(*argv):
            return subprocess.run(["fail2ban-client", "-c", fail2ban, "-s", scratch / "fail2ban.sock", *argv],
                                  capture_output=True, text=True, timeout=60)

        with server:
            wait_until(lambda: "mailreeve" in client("status").stdout, 20, "the jail to be there")
            for password in ("a", "b", "c"):
                service.ask(fastcgi.login(USER, password, client=ATTACKER))
            assert [event["client"] for event in service.events("client.banned")] == [ATTACKER]
            wait_until(acted.exists, 30, "fail2ban to act")
            assert acted.read_text() == f"ban {ATTACKER}\n"
            assert ATTACKER in client("status", "mailreeve").stdout


# nginx

NGINX = """
{user}
pid {folder}/nginx.pid;
include {folder}/modules/*.conf;
events {{ }}
stream {{
    server {{
        listen 127.0.0.1:{port};
        include {folder}/bans.conf;
        return welcome;
    }}
}}
"""


@pytest.fixture
def nginx(scratch):
    """A stream server with the exported list; run(command...) exports and has nginx read it."""
    folder = scratch / "nginx"
    folder.mkdir()
    load_modules(folder / "modules", "mail")
    about = subprocess.run(["nginx", "-V"], capture_output=True, text=True).stderr
    modules = re.search(r"--modules-path=(\S+)", about)
    if "--with-stream=dynamic" in about and not os.path.exists(f"{modules.group(1)}/ngx_stream_module.so"):
        pytest.skip("nginx's stream module is not installed")
    if "--with-stream=dynamic" in about:
        (folder / "modules" / "stream.conf").write_text(f"load_module {modules.group(1)}/ngx_stream_module.so;\n")
    elif "--with-stream" not in about:
        pytest.skip("this nginx has no stream module")
    port = free_port()
    (folder / "bans.conf").write_text("")
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, user=user))
    argv = ["nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    with Process([*argv, "-g", "daemon off;"], folder / "nginx.out", ready=lambda: port_answers(port)) as process:
        process.port, process.bans, process.command = port, folder / "bans.conf", [str(arg) for arg in argv]
        yield process


def export(config, nginx, *command):
    return subprocess.run([BAN / "bans-nginx", "-c", config, nginx.bans, *map(str, command)], capture_output=True, text=True,
                          timeout=60, env={**os.environ, **with_our_programs()})


def greeting(port, client):
    """What a client hears; "" if the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(client, 0)) as connection:
        try:
            return connection.recv(100).decode()
        except ConnectionResetError:
            return ""


def test_nginx_refuses_who_is_banned(nginx, store):
    assert greeting(nginx.port, "127.0.0.2") == "welcome"
    ban(store, "add", "--for", "1h", "127.0.0.2")
    ban(store, "add", "--forever", "2001:db8::/64")
    done = export(store, nginx, *nginx.command, "-s", "reload")
    assert done.returncode == 0, done.stderr
    assert sorted(nginx.bans.read_text().splitlines()) == ["deny 127.0.0.2/32;", "deny 2001:db8::/64;"]
    assert subprocess.run([*nginx.command, "-t"], capture_output=True).returncode == 0
    wait_until(lambda: greeting(nginx.port, "127.0.0.2") == "", 20, "nginx to refuse the banned client")
    assert greeting(nginx.port, "127.0.0.3") == "welcome"

    ban(store, "del", "127.0.0.2")
    assert export(store, nginx, *nginx.command, "-s", "reload").returncode == 0
    wait_until(lambda: greeting(nginx.port, "127.0.0.2") == "welcome", 20, "nginx to let the client in again")


def test_nginx_is_told_only_if_the_bans_have_changed(nginx, store, scratch):
    told = scratch / "told"
    tell = ("sh", "-c", f"echo told >>{told}")
    ban(store, "add", "--for", "1h", "127.0.0.2")
    for _ in range(3):
        assert export(store, nginx, *tell).returncode == 0
    assert told.read_text() == "told\n"
    assert nginx.bans.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in nginx.bans.parent.glob("bans*")) == ["bans.conf"]


def test_the_old_list_comes_back_when_nginx_does_not_take_the_new_one(nginx, store):
    ban(store, "add", "--for", "1h", "127.0.0.2")
    done = export(store, nginx, "false")
    assert done.returncode == 1 and "is as it was before" in done.stderr
    assert nginx.bans.read_text() == ""
    assert export(store, nginx, "true").returncode == 0
    assert nginx.bans.read_text() == "deny 127.0.0.2/32;\n"


def test_the_old_list_stays_when_the_bans_cannot_be_read(nginx, store, scratch):
    ban(store, "add", "--for", "1h", "127.0.0.2")
    assert export(store, nginx).returncode == 0
    store.write_text("nonsense")
    done = export(store, nginx, "touch", scratch / "told")
    assert done.returncode != 0
    assert nginx.bans.read_text() == "deny 127.0.0.2/32;\n"
    assert not (scratch / "told").exists()
    assert sorted(path.name for path in nginx.bans.parent.glob("bans*")) == ["bans.conf"]
