"""The store in a Redis that is reached by TLS: who is believed, who is shown what, and that all else is an outage."""

import json
import shutil

import pytest

from harness import fastcgi
from harness.certs import Authority
from harness.command import EXIT_OK, EXIT_TEMPORARY, mailreeve
from harness.mailreeve import Mailreeve
from harness.process import Process, free_port, port_answers, wait_until
from harness.redis import Redis, ask, redis_is_usable, sentinel_is_usable
from harness.setups import PASSWORD, USER, users_file

CONFIGURATION = """
state {{ engine = "redis"  {url}  tls = "{tls}"  timeout = 5s  {settings} }}
listener "submission" {{ require_auth = true  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""

pytestmark = pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")


class TlsRedis(Redis):
    """It has a port in clear, too, by which the tests look into it."""

    def __init__(self, folder, authority, certificate, clients="no", tls_port=None, **options):
        self.tls_port = tls_port or free_port()
        self.tls_url = f"redis://127.0.0.1:{self.tls_port}"
        settings = ["--tls-port", self.tls_port, "--tls-cert-file", certificate[0], "--tls-key-file", certificate[1],
                    "--tls-ca-cert-file", authority.ca, "--tls-auth-clients", clients]
        super().__init__(folder, settings=settings, **options)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("redis")


@pytest.fixture(scope="module")
def redis(shared_scratch, authority, certificate):
    with TlsRedis(shared_scratch / "redis", authority, certificate) as server:
        yield server


@pytest.fixture
def make_service(scratch):
    """make_service(url, settings of the section) -> the service, started."""
    services = []

    def make(url, settings, tls="implicit"):
        text = CONFIGURATION.format(url=f'url = "{url}"' if url else "", tls=tls, settings=settings)
        service = Mailreeve(scratch / f"service{len(services)}", text, {"users": users_file()})
        services.append(service)
        return service.start()

    yield make
    for service in services:
        service.stop()


def log_in(service):
    return service.ask(fastcgi.login(USER, PASSWORD, "submission", "smtp", client="198.51.100.7"))


def wait_for_store(service, up=True):
    """What the status says of the store, once it is up (or down). Right passwords are right in either case."""
    def store():
        found = json.loads(service.ask({"DOCUMENT_URI": "/status", "REQUEST_METHOD": "GET"}).body)["store"]
        return found if found["up"] == up else None
    found = wait_until(store, 30, f"the store to be {'up' if up else 'down'}")
    assert log_in(service).ok
    return found


def believing(authority, more=""):
    return f'ca_file = "{authority.ca}"  {more}'


def test_bans_go_by_tls_and_hold_on_another_host(make_service, redis, authority):
    one, other = (make_service(redis.tls_url, believing(authority)) for _ in range(2))
    wait_for_store(one)
    wait_for_store(other)
    added = mailreeve("ban", "add", "198.51.100.7", "--for", "1h", "--reason", "test", "-c", one.path)
    assert added.returncode == EXIT_OK, added.stderr
    assert log_in(other)["Auth-Error-Code"].startswith("421")
    assert mailreeve("ban", "del", "198.51.100.7", "-c", other.path).returncode == EXIT_OK
    assert log_in(one).ok


def test_a_connection_is_kept_for_the_next_session(make_service, redis, authority):
    def connected():
        return int(next(line for line in redis.ask("INFO", "stats").decode().splitlines()
                        if line.startswith("total_connections_received:")).split(":")[1])
    service = make_service(redis.tls_url, believing(authority, "connections = 1"))
    wait_for_store(service)
    before = connected()
    assert all(log_in(service).ok for _ in range(20))
    assert connected() - before == 1  # the look itself


def test_a_server_whose_certificate_nobody_vouches_for_is_an_outage(make_service, redis, scratch):
    service = make_service(redis.tls_url, believing(Authority(scratch / "others")))
    assert "the certificate is refused" in wait_for_store(service, up=False)["error"]
    listed = mailreeve("ban", "list", "-c", service.path)
    assert listed.returncode == EXIT_TEMPORARY and "the certificate is refused" in listed.stderr


@pytest.mark.parametrize("names", [{"addresses": ("127.0.0.2",)}, {"days": "-1"}],
                         ids=["of another host", "expired"])
def test_a_certificate_that_is_not_good_is_an_outage_unless_nobody_wants_to_know(
        make_service, scratch, authority, names):
    bad = authority.issue("bad", **names)
    with TlsRedis(scratch / "bad", authority, bad) as server:
        strict = make_service(server.tls_url, believing(authority))
        assert "the certificate is refused" in wait_for_store(strict, up=False)["error"]
        wait_for_store(make_service(server.tls_url, "tls_verify = false"))


def test_a_server_that_wants_a_certificate_gets_ours(make_service, scratch, authority, certificate):
    ours, key = authority.issue("front")
    key.chmod(0o600)
    with TlsRedis(scratch / "strict", authority, certificate, clients="yes") as server:
        wait_for_store(make_service(server.tls_url, believing(authority)), up=False)
        service = make_service(server.tls_url, believing(authority, f'cert_file = "{ours}"  key_file = "{key}"'))
        wait_for_store(service)


def test_user_and_password_go_by_tls(make_service, scratch, authority, certificate):
    users = ["front on >hush ~mailreeve:* resetchannels +@read +@write +@scripting +select +role"]
    with TlsRedis(scratch / "closed", authority, certificate, users=users) as server:
        word = scratch / "word"
        word.write_text("hush\n")
        word.chmod(0o600)
        url = server.tls_url.replace("//", "//front@")
        service = make_service(url, believing(authority, f'password_file = "{word}"'))
        wait_for_store(service)
        assert "hush" not in service.log


def test_tls_and_clear_are_not_mixed_up(make_service, redis, authority):
    by_tls = make_service(redis.url, believing(authority))
    assert "TLS" in wait_for_store(by_tls, up=False)["error"]
    wait_for_store(make_service(redis.tls_url, "", tls="none"), up=False)


def test_a_server_that_stops_is_an_outage_and_comes_back(make_service, scratch, authority, certificate):
    with TlsRedis(scratch / "stopped", authority, certificate) as server:
        service = make_service(server.tls_url, believing(authority))
        wait_for_store(service)
        server.pause()
        wait_for_store(service, up=False)
        server.resume()
        wait_for_store(service)


def test_a_new_authority_needs_no_restart(make_service, scratch, authority, certificate):
    trusted = scratch / "trusted.pem"
    shutil.copy(authority.ca, trusted)
    later = Authority(scratch / "later")
    with TlsRedis(scratch / "first", authority, certificate) as server:
        service = make_service(server.tls_url, f'ca_file = "{trusted}"')
        wait_for_store(service)
    with TlsRedis(scratch / "renewed", later, later.issue("renewed"), tls_port=server.tls_port):
        wait_until(lambda: "the certificate is refused" in wait_for_store(service, up=False)["error"], 30,
                   "the new server to be seen")
        shutil.copy(later.ca, trusted)
        wait_for_store(service)


def test_sentinels_are_asked_by_tls_and_name_the_port_of_tls(make_service, scratch, redis, authority, certificate):
    if not sentinel_is_usable():
        pytest.skip("redis-sentinel is not installed")
    clear, port = free_port(), free_port()
    configuration = scratch / "sentinel.conf"
    configuration.write_text(
        f'port {clear}\ntls-port {port}\nbind 127.0.0.1\ndir "{scratch}"\ntls-replication yes\ntls-auth-clients no\n'
        f"tls-cert-file {certificate[0]}\ntls-key-file {certificate[1]}\ntls-ca-cert-file {authority.ca}\n"
        f"sentinel monitor mailreeve 127.0.0.1 {redis.tls_port} 1\n")
    with TlsRedis(scratch / "other", authority, certificate) as other, \
            Process(["redis-sentinel", configuration], scratch / "sentinel.log", ready=lambda: port_answers(clear)):
        service = make_service(None, believing(
            authority, f'sentinels = {{"127.0.0.1:{port}"}}  master = "mailreeve"'))
        wait_for_store(service)
        ask(("127.0.0.1", clear), ["SENTINEL", "REMOVE", "mailreeve"])
        ask(("127.0.0.1", clear), ["SENTINEL", "MONITOR", "mailreeve", "127.0.0.1", other.tls_port, "1"])
        wait_until(lambda: log_in(service).ok and other.calls() > 0, 30, "the other master to be asked")
