"""Reload: a new configuration takes the place of the old one under load; a broken one changes nothing."""

import threading

import pytest

from harness import fastcgi
from harness.held_smtp import HeldSmtp
from harness.load import Load, fastcgi_logins
from harness.mailreeve import Mailreeve
from harness.setups import PASSWORD, USER, configuration, users_file


@pytest.fixture
def service(scratch):
    with Mailreeve(scratch / "service", configuration(), {"users": users_file()}) as running:
        yield running


def login():
    return fastcgi.login(USER, PASSWORD)


def other_upstream(port):
    return configuration().replace("127.0.0.1:10025", f"127.0.0.1:{port}")


@pytest.mark.parametrize("way", ["reload", "reload_by_signal"])
def test_reload_takes_effect(service, way):
    assert service.ask(login())["Auth-Port"] == "10025"
    service.configure(other_upstream(10026))
    getattr(service, way)()
    assert service.ask(login())["Auth-Port"] == "10026"


def test_reload_says_200(service):
    answer = service.reload()
    assert answer["Status"].startswith("200") and answer.body == b""


def test_broken_configuration_changes_nothing(service):
    service.configure(other_upstream(10026) + 'listenr "mx2" {}\nmax_sesions = 5\n')
    answer = service.reload()
    assert answer["Status"].startswith("409")
    text = answer.body.decode()
    assert f"{service.path}:" in text and "listenr" in text and "max_sesions" in text
    logged = [event["problem"] for event in service.events("config.problem")]
    assert sorted(logged) == sorted(text.splitlines())
    assert service.events("config.kept") and not service.events("config.reloaded")
    assert service.ask(login())["Auth-Port"] == "10025"

    service.reload_by_signal()
    assert len(service.events("config.kept")) == 2
    assert service.ask(login())["Auth-Port"] == "10025"

    service.configure(other_upstream(10026))
    assert service.reload()["Status"].startswith("200")
    assert service.ask(login())["Auth-Port"] == "10026"


def test_configuration_that_is_gone_changes_nothing(service):
    service.path.unlink()
    assert service.reload()["Status"].startswith("409")
    assert service.ask(login()).ok


def test_lists_are_read_again(service):
    text = configuration().replace('listener "submission" { auth = "on"',
                                   'listener "submission" { auth = "on"  auth_ips = "deny denied"')
    service.write_file("denied", "192.0.2.99\n")
    service.configure('list "denied" { kind = "ip"  file = "denied" }\n' + text)
    assert service.reload()["Status"].startswith("200")
    assert service.ask(login()).ok
    service.write_file("denied", "192.0.2.0/24\n")
    assert service.ask(login()).ok
    service.reload()
    assert service.ask(login())["Auth-Error-Code"] == "535 5.7.8"
    assert service.decisions()[-1]["reason"] == "auth.ip-denied"


def test_users_are_read_again(service):
    service.write_file("users", users_file(**{"new@acme.example": "new"}))
    service.reload()
    assert service.ask(fastcgi.login("new@acme.example", "new")).ok


def test_settings_of_the_process_take_effect(service):
    assert not service.events("source.asked")
    service.configure(configuration('log_level = "debug"\nmax_sessions = 1\n'))
    service.reload()
    service.ask(login())
    assert service.events("source.asked")


def test_socket_needs_a_restart(service):
    service.configure(configuration().replace("failure_delay = 1s", 'failure_delay = 1s\nsocket_mode = "0600"'))
    service.reload()
    assert service.events("config.needs-restart")
    assert service.ask(login()).ok


def test_session_under_way_keeps_its_configuration(scratch):
    with HeldSmtp() as held, Mailreeve(scratch / "service", configuration(smtp_port=held.port),
                                       {"users": users_file()}) as service:
        answers = []
        held.hold()
        thread = threading.Thread(
            target=lambda: answers.append(service.ask(fastcgi.login("zoe@slow.example", "x"))))
        thread.start()
        held.wait_for(1)
        service.configure(configuration(smtp_port=held.port).replace("127.0.0.1:10025", "127.0.0.1:10026"))
        assert service.reload()["Status"].startswith("200")
        assert service.ask(login())["Auth-Port"] == "10026"
        held.release()
        thread.join()
        assert answers[0].ok and answers[0]["Auth-Port"] == "10025"


def test_hundred_reloads_under_load(service):
    """Must hold: no failed login."""
    with Load(fastcgi_logins(service.socket, login)) as load:
        load.wait_for_more(100)
        for i in range(50):
            service.configure(other_upstream(10025 + i % 2))
            assert service.reload()["Status"].startswith("200")
            service.reload_by_signal()
        load.wait_for_more(100)
    assert len(service.events("config.reloaded")) == 100
    print(f"{load.done} logins, the slowest took {load.slowest_s:.3f} s")
    assert load.failures == []


def test_reload_that_has_no_descriptors_left_changes_nothing(scratch):
    """Each of these upstreams follows a name by a thread of its own, which wants a descriptor."""
    followed = "".join(f'upstream "u{i}" {{ check = "none"  server "a" {{ address = "localhost:10025" }} }}\n'
                       for i in range(60))
    with Mailreeve(scratch / "service", configuration() + followed, {"users": users_file()},
                   wrapper=("prlimit", "--nofile=120:120")) as service:
        service.configure(other_upstream(10026) + followed)
        service.reload_by_signal()
        assert service.events("config.kept") and not service.events("config.reloaded")
        assert any("no descriptor is left" in event["problem"] for event in service.events("config.problem"))
        assert service.ask(login())["Auth-Port"] == "10025"
        service.configure(other_upstream(10026))
        service.reload_by_signal()
        assert service.events("config.reloaded")
        assert service.ask(login())["Auth-Port"] == "10026"
