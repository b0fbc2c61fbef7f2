"""Ports that the harness gives out: whole test files run beside one another, and pick theirs long before they listen."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness import process
from harness.process import free_port

# Few ports, so that two who look at the same time would meet.
FEW = range(12000, 12100)
EACH = 30

TAKE_SOME = f"""
import sys
from harness import process
process.FIRST_PORT, process.LAST_PORT = {FEW.start}, {FEW.stop - 1}
print(*[process.free_port() for _ in range({EACH})], flush=True)
sys.stdin.read()
"""


def take_some():
    return subprocess.Popen([sys.executable, "-B", "-c", TAKE_SOME], text=True, cwd=Path(__file__).parent,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_runs_side_by_side_never_get_the_same_port():
    runs = [take_some(), take_some()]
    try:
        ports = [port for run in runs for port in run.stdout.readline().split()]
    finally:
        for run in runs:
            run.communicate()
    assert len(set(ports)) == 2 * EACH


def test_the_ports_of_a_run_are_free_again_when_it_has_ended(monkeypatch):
    run = take_some()
    theirs = [int(port) for port in run.stdout.readline().split()]
    monkeypatch.setattr(process, "FIRST_PORT", theirs[0])
    monkeypatch.setattr(process, "LAST_PORT", theirs[0])
    with pytest.raises(RuntimeError):
        free_port()
    run.communicate()
    assert free_port() == theirs[0]
