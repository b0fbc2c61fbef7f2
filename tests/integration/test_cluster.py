"""Two front nodes, one Redis and three Postfix servers, each on a host of its own, under a load of logins and messages
of clients that retry as mail clients do. Each part is killed and brought back in turn: no message that was taken is
lost, nobody is misjudged, nobody hears more than "not now", and it is not for long."""

import ssl
import time
from collections import Counter

import pytest

from harness.cluster import MTA_PORTS, NODES, Cluster
from harness.command import mailreeve
from harness.mailreeve import parse_logfmt
from harness.network import why_no_network
from harness.postfix import postfix_is_usable
from harness.process import wait_until
from harness.redis import redis_is_usable
from harness.retrying_clients import DONE, LATER, MISJUDGED, Client, Job, Load
from harness.setups import cheap_hash

USER, PASSWORD = "anna@acme.example", "anna-secret-1"
STRANGER = "stranger@far.example"

# Who is refused waits for a second, so it takes more of them.
BANNED, GUESSING = 5, 6

# How long a part that is back may take until it serves again, and a client until it is done, on a machine that is
# busy with other tests. Both are printed.
BACK_S, DONE_S = 30, 30


@pytest.fixture(scope="module")
def cluster(shared_scratch, front_certificate):
    reason = why_no_network()
    if reason:
        pytest.skip(reason)
    if not redis_is_usable() or not postfix_is_usable():
        pytest.skip("Redis or Postfix is not installed")
    users = f"{USER}:{cheap_hash(PASSWORD)}:\n"
    with Cluster(shared_scratch / "cluster", front_certificate, users) as made:
        yield made


@pytest.fixture(scope="module")
def clients(cluster, authority):
    """The first are banned."""
    trust = ssl.create_default_context(cafile=authority.ca)
    made = [Client(cluster, address, trust) for address in cluster.world.aliases]
    for client in made[:BANNED]:
        mailreeve_at(cluster.nodes["one"], "ban", "add", client.address)
    return made


def mailreeve_at(node, *words):
    """`mailreeve WORDS` run on the node; returns what it printed."""
    with node.host.inside():
        done = mailreeve(*words[:2], "-c", node.door.configuration, *words[2:])
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


# --- what the clients do ---------------------------------------------------------------------------------------

def try_while_banned(client, node, _):
    with client.session(node) as session:
        return session.log_in(USER, PASSWORD, ("421", "235"))


def log_in(client, node, _):
    with client.session(node) as session:
        return session.log_in(USER, PASSWORD)


def guess(client, node, job):
    with client.session(node) as session:
        return session.log_in(USER, f"not {job.subject}", "535")


def submit(client, node, job):
    with client.session(node) as session:
        session.log_in(USER, PASSWORD)
        return client.give(session, job, USER, STRANGER)


def hand_in(client, node, job):
    """As other mail servers do."""
    with client.session(node, "mx") as session:
        return client.give(session, job, STRANGER, USER)


def load_of(clients):
    return Load(clients, [("banned", try_while_banned, BANNED), ("login", log_in, 3), ("guess", guess, GUESSING),
                          ("submit", submit, 4), ("mx", hand_in, 3)])


# --- what came of it -------------------------------------------------------------------------------------------

def delivered(cluster):
    """{subject: {mta: how often}}, and {subject: as whom}."""
    where, logins = {}, {}
    for mta in cluster.mtas.values():
        for subject, login in mta.delivered():
            where.setdefault(subject, Counter())[mta.name] += 1
            logins[subject] = login
    return where, logins


def wait_until_delivered(mtas):
    wait_until(lambda: not any(mta.queued() for mta in mtas), 60, "all messages to be delivered")


def check_messages(cluster, load, killed_mta=None):
    """Each that was taken has arrived, in the name of who sent it, and more than once only where somebody could not
    know better: its sender heard no answer, or a Postfix was killed while it delivered."""
    wait_until_delivered(cluster.mtas.values())
    where, logins = delivered(cluster)
    messages = [job for job in load.jobs if job.kind in ("submit", "mx")]
    assert not [job for job in messages if job.is_done and job.subject not in where], "a message was lost"
    for job in messages:
        places = where.get(job.subject, {})
        assert len(places) <= 1 + job.uncertain, (job, places)
        assert all(times <= 1 + job.uncertain + (name == killed_mta) for name, times in places.items()), (job, places)
        assert not places or logins[job.subject] == (USER if job.kind == "submit" else None), job


def check_verdicts(load):
    assert not load.crashes
    assert not load.attempts(came_of_it=MISJUDGED)
    assert all(job.is_done for job in load.jobs), [job for job in load.jobs if not job.is_done]
    slowest = max(load.jobs, key=lambda job: job.took_s)
    assert slowest.took_s < DONE_S, slowest


def let_in(load):
    """When the banned one was."""
    return [attempt for attempt in load.attempts(kind="banned") if attempt.answer.startswith("235")]


# --- one part of the cluster is away ---------------------------------------------------------------------------

def downs_of(cluster, mta):
    """How often the nodes have seen that it is down: {(node, upstream): times}."""
    downs = Counter()
    for node in cluster.nodes.values():
        for line in node.service.output().splitlines():
            event = parse_logfmt(line) if " event=upstream.down " in line else {}
            downs[node.name, event.get("upstream")] += event.get("server") == mta
    return downs


def wait_until_missed(cluster, load, part, killed, downs):
    """Until everybody has noticed. Returns when."""
    if part.mta:
        observers = [(node, upstream) for node in NODES for upstream in MTA_PORTS]
        load.wait_until(lambda: all(downs_of(cluster, part.mta)[each] > downs[each] for each in observers), 20,
                        f"{part.mta} to be taken out")
    elif part.node:
        load.wait_until(lambda: load.attempts(killed, node=part.node, came_of_it=LATER), 20, "somebody to be refused")
    else:
        load.wait_until(lambda: {attempt.node for attempt in let_in(load)} == set(NODES), 20,
                        "the banned one to be let in by both nodes")
    return time.monotonic()


def serves(cluster, load, part, since):
    """Whether it does its work again, for something that was begun since then."""
    if part.mta:
        begun = {job.subject for job in load.jobs if job.began >= since}
        return any(subject in begun for subject, _ in cluster.mtas[part.mta].delivered())
    if part.node:
        return load.attempts(since, node=part.node, came_of_it=DONE)
    return all(any(not attempt.answer.startswith("235") for attempt in load.attempts(since, kind="banned", node=node))
               for node in NODES)


@pytest.mark.parametrize("name", ["nginx", "mailreeve-auth", "node", "redis", "mta1", "mta2", "mta3"])
def test_while_one_part_is_killed_and_comes_back_nothing_is_lost_and_nobody_misjudged(cluster, clients, capsys, name):
    part = cluster.parts[name]
    with load_of(clients) as load:
        load.wait_for_more(5)
        downs = downs_of(cluster, part.mta) if part.mta else None
        killed = time.monotonic()
        part.kill()
        missed = wait_until_missed(cluster, load, part, killed, downs)
        load.wait_for_more(6)
        part.start()
        started = time.monotonic()
        load.wait_until(lambda: serves(cluster, load, part, started), BACK_S, f"{name} to serve again")
        back = time.monotonic()
        load.wait_for_more(5)
    check_verdicts(load)
    check_messages(cluster, load, part.mta)
    # who stays away from it knows the bans
    assert name == "redis" or not let_in(load)
    if part.mta:
        # what is out is nobody's any more
        assert not load.attempts(missed, came_of_it=LATER), load.attempts(missed, came_of_it=LATER)
    later = load.attempts(killed, came_of_it=LATER)
    with capsys.disabled():
        print(f"\n  {name}: noticed after {missed - killed:.1f} s, away for {started - killed:.1f} s, serves "
              f"{back - started:.1f} s after it was there; {len(load.jobs)} logins and messages, {len(later)} of "
              f"{len(load.attempts())} sessions heard \"not now\", the longest took "
              f"{max(job.took_s for job in load.jobs):.1f} s", end="")


# --- one server is taken out of service by a person ------------------------------------------------------------

DRAINED = "mta2"


def on_all_nodes(cluster, condition):
    """Whether it is so of DRAINED in both upstreams at both nodes."""
    return all(condition(node.upstreams()[upstream, DRAINED])
               for node in cluster.nodes.values() for upstream in MTA_PORTS)


def arrivals(cluster, load, since, until):
    """{(node, kind)} of the messages that were begun between the two times and are at DRAINED."""
    subjects = {subject for subject, _ in cluster.mtas[DRAINED].delivered()}
    return {(job.attempts[-1].node, job.kind) for job in load.jobs
            if since <= job.began < until and job.is_done and job.subject in subjects}


def session_at_drained(client, node):
    """A Session at DRAINED, which may take some more at others."""
    for _ in range(20):
        session = client.session(node)
        session.log_in(USER, PASSWORD)
        if DRAINED in session.expect("250", "HELO client.example"):
            return session
        session.close()
    raise AssertionError(f"node {node} hands nothing to {DRAINED}")


def test_who_drains_a_server_at_one_node_can_restart_it_and_nobody_notices(cluster, clients, capsys):
    one, two = cluster.nodes.values()
    mta = cluster.mtas[DRAINED]
    everywhere = {(node, kind) for node in NODES for kind in ("submit", "mx")}
    wait_until(lambda: on_all_nodes(cluster, lambda server: server["up"]), 20, f"{DRAINED} to be up")
    with load_of(clients) as load:
        load.wait_until(lambda: arrivals(cluster, load, 0, time.monotonic()) == everywhere, 20, "all to be at work")
        under_way = session_at_drained(clients[-1], "two")

        asked = time.monotonic()
        for upstream in MTA_PORTS:
            mailreeve_at(one, "upstream", "drain", upstream, DRAINED)
        load.wait_until(lambda: on_all_nodes(cluster, lambda server: server["drained"]), 10, "both nodes to know")
        known = time.monotonic()
        load.wait_for_more(10)
        load.wait_until(lambda: all(job.is_done for job in load.jobs if job.began < known), 30, "what was begun to end")
        with under_way:
            held = Job("submit", "held", asked)
            clients[-1].give(under_way, held, USER, STRANGER)
        wait_until_delivered([mta])

        mta.stop()
        load.wait_for_more(10)
        mta.start()
        wait_until(lambda: on_all_nodes(cluster, lambda server: server["up"]), 20, f"{DRAINED} to be up")
        resumed = time.monotonic()
        for upstream in MTA_PORTS:
            mailreeve_at(two, "upstream", "resume", upstream, DRAINED)
        load.wait_until(lambda: arrivals(cluster, load, resumed, time.monotonic()) == everywhere, 20,
                        f"{DRAINED} to have mail of both nodes again")
        back = time.monotonic()
    check_verdicts(load)
    check_messages(cluster, load)
    assert not load.attempts(came_of_it=LATER), load.attempts(came_of_it=LATER)
    assert not arrivals(cluster, load, known, resumed)
    assert ("held", USER) in mta.delivered()
    with capsys.disabled():
        print(f"\n  {DRAINED} drained: both nodes know after {known - asked:.1f} s, it has new mail "
              f"{back - resumed:.1f} s after it was resumed; {len(load.jobs)} logins and messages, nobody heard \"not now\"", end="")
