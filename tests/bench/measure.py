"""Logins a second of several contestants, and their ratios: what all parts of the bench measure with.

Absolute numbers belong to the machine; the ratios are what we promise. What is compared takes turns, round by
round; a ratio is taken within each round, so that a machine that slows down slows both sides down. Medians
are printed.
"""

import re
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness.first_line import first_line  # noqa: E402
from harness.process import Process, build_dir, socket_answers  # noqa: E402

BIN = build_dir() / "bin"


def run_load(*args, seconds, clients, wanted, name, users, password):
    done = subprocess.run(
        [BIN / "bench_load", "-c", str(clients), "-s", str(seconds), "-w", wanted, "-n", name, "-u", str(users),
         "-p", password, *map(str, args)], capture_output=True, text=True, check=True)
    match = re.match(r"(\d+) logins/s p50 (\d+) us p99 (\d+) us failures (\d+)", done.stdout)
    rate, p50, p99, failures = map(int, match.groups())
    if failures:
        print(f"  {failures} failures: {done.stdout.splitlines()[-1]}")
    return rate


def take_turns(rounds, contestants):
    """contestants: {name: function that measures once}. Returns {name: a rate for each round}."""
    results = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            results[name].append(measure())
    return results


def print_rates(rates):
    width = max(map(len, rates))
    for name, values in rates.items():
        print(f"  {name:{width}}  {statistics.median(values):8.0f} /s")


def print_ratio(rates, ours, theirs, target=None):
    """target None: it is told, and nothing is promised."""
    ratio = statistics.median(a / b for a, b in zip(rates[ours], rates[theirs]))
    promise = f" (target at least {target})" if target else ""
    print(f"  ratio to {theirs}: {ratio:.2f}{promise}", flush=True)


def mailreeve_auth(folder, configuration):
    """mailreeve-auth on its own, at folder / "auth.sock"."""
    folder.mkdir()
    socket = folder / "auth.sock"
    (folder / "mailreeve.conf").write_text(f"{first_line(socket, folder, configuration)}\n{configuration}")
    return Process([BIN / "mailreeve-auth", "-c", folder / "mailreeve.conf"], folder / "mailreeve.log",
                   ready=lambda: socket_answers(socket))


def null_responder(folder, *arguments):
    """The do-nothing responder, at folder / "null.sock"."""
    folder.mkdir()
    socket = folder / "null.sock"
    return Process([BIN / "bench_null_responder", socket, 64, *map(str, arguments)], folder / "null.log",
                   ready=lambda: socket_answers(socket))
