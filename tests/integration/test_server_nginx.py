"""Must hold: reload and restart of the service while people log in through the real nginx: no failed login."""

import socket
import ssl

import pytest

from harness.load import Load
from harness.mailreeve import Mailreeve
from harness.nginx import Nginx
from harness.process import wait_until
from harness.setups import PASSWORD, USER, configuration, users_file
from harness.sink import Sink
from harness.smtp_talk import SmtpTalk, plain

CLIENTS = 6


@pytest.fixture(scope="module")
def sink():
    with Sink() as server:
        yield server


def conf(sink, weight=1):
    """weight: makes one configuration differ from another."""
    text = configuration()
    for port in (10025, 10035):
        text = text.replace(f'"127.0.0.1:{port}"', f'"127.0.0.1:{sink.port}"  weight = {weight}')
    return text


@pytest.fixture
def listening(scratch):
    """The listening socket that systemd would hold."""
    (scratch / "service").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(scratch / "service" / "auth.sock"))
        (scratch / "service" / "auth.sock").chmod(0o666)
        server.listen(1024)
        yield server


@pytest.fixture
def service(scratch, sink):
    return Mailreeve(scratch / "service", conf(sink), {"users": users_file()})


@pytest.fixture
def nginx(scratch, service, front_certificate):
    with Nginx(scratch / "nginx", service.socket, *front_certificate) as running:
        yield running


def logins_at(nginx, authority):
    trust = ssl.create_default_context(cafile=authority.ca)

    def login():
        with SmtpTalk(nginx.ports["submissions"], trust, implicit_tls=True) as talk:
            talk.say("EHLO client.example")
            reply = talk.say(plain(USER, PASSWORD))
            return None if reply.startswith("235") else f"AUTH was answered by {reply!r}"
    return [login] * CLIENTS


@pytest.fixture
def logins(nginx, authority):
    return logins_at(nginx, authority)


def expect_no_failure(load, nginx):
    print(f"{load.done} logins, the slowest took {load.slowest_s:.3f} s")
    assert load.failures == [], nginx.error_log.read_text()[-3000:] + nginx.auth_error_log.read_text()[-3000:]


def test_reloads_under_load(service, sink, nginx, logins):
    with service:
        with Load(logins) as load:
            load.wait_for_more(50)
            for i in range(50):
                service.configure(conf(sink, 1 + i % 2))
                assert service.reload()["Status"].startswith("200")
                service.reload_by_signal()
            load.wait_for_more(50)
        assert service.log.count(" event=config.reloaded ") == 100
    expect_no_failure(load, nginx)


def test_restarts_under_load(listening, service, nginx, logins):
    """SIGTERM with socket activation, and a new process once the old one has ended."""
    process = service.start_with_socket(listening)
    with Load(logins) as load:
        for i in range(10):
            load.wait_for_more(50)
            assert process.stop() == 0, process.tail()
            process = service.start_with_socket(listening, log=f"{i}.log")
        load.wait_for_more(50)
    expect_no_failure(load, nginx)
    assert process.stop() == 0


def test_either_of_two_services_can_go_under_load(scratch, sink, front_certificate, authority):
    """As the head of nginx-conf/site/http.conf says: two services of one store behind one nginx."""
    text = f'state {{ path = "{scratch}/state"  size = "4M" }}\n{conf(sink)}'
    one, two = (Mailreeve(scratch / name, text, {"users": users_file()}) for name in ("one", "two"))
    with one, two, Nginx(scratch / "nginx", one.socket, *front_certificate, more_sockets=[two.socket]) as nginx:
        with Load(logins_at(nginx, authority)) as load:
            load.wait_for_more(100)
            one.stop()
            load.wait_for_more(50)
            before = len(one.decisions())
            one.start()
            # nginx asks who did not answer again after ten seconds
            wait_until(lambda: len(one.decisions()) > before, 30, "the one that came back to be asked again")
            two.process.kill()
            load.wait_for_more(50)
        assert min(len(service.decisions()) for service in (one, two)) > 25
        two.start()
    expect_no_failure(load, nginx)
