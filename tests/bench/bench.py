#!/usr/bin/env python3
"""Measures mailreeve beside what it stands on, in one run, and prints ratios: scripts/bench.sh calls it."""

import argparse
import subprocess

from measure import BIN

from directory import ldap_logins
from front import cached_logins, refused_logins
from guarded import guarded_messages
from paired import paired_logins
from screened import round_trips, screened_logins
from harness.certs import Authority
from harness.process import make_scratch, remove_scratch

PROGRAMS = {"Lists": "bench_list", "Users file": "bench_users", "Decisions": "bench_decision",
            "Choosing a server": "bench_choosing"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=13, help="measurements of each")
    parser.add_argument("--messages", type=int, default=100_000, help="so many through the message guard")
    options = parser.parse_args()

    folder = make_scratch("bench")
    try:
        for title, program in PROGRAMS.items():
            print(f"{title}:", flush=True)
            subprocess.run([BIN / program], check=True)
        print("Screening, for each session:", flush=True)
        (folder / "screening").mkdir()
        subprocess.run([BIN / "bench_screening", folder / "screening"], check=True)
        round_trips(folder / "redis")
        certificate, key = Authority(folder / "ca").issue("front")
        refused_logins(folder / "refused", certificate, key, options.seconds, options.rounds)
        cached_logins(folder / "cached", certificate, key, options.seconds, options.rounds)
        screened_logins(folder / "screened", certificate, key, options.seconds, options.rounds)
        paired_logins(folder / "paired", certificate, key, options.seconds, options.rounds)
        ldap_logins(folder / "ldap", options.seconds, options.rounds)
        guarded_messages(folder / "guard", options.messages, options.rounds)
    finally:
        remove_scratch(folder)


if __name__ == "__main__":
    main()
