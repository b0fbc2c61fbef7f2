"""scripts/demo.py with the programs of this build: every expectation holds, and it leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.dovecot import dovecot_is_usable
from harness.postfix import postfix_is_usable
from harness.process import Process, source_dir
from harness.slapd import slapd_is_usable

pytestmark = pytest.mark.skipif(
    not (postfix_is_usable() and dovecot_is_usable() and slapd_is_usable()),
    reason="the demo needs root, Postfix, Dovecot and slapd")

DEMO = [sys.executable, "-B", source_dir() / "scripts" / "demo.py"]


def its_folder(output):
    return Path(re.search(r"/\S*/mailreeve-demo-\w+", output).group())


def its_processes(folder):
    """The command lines that still name the demo's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command)
    return found


def test_every_expectation_of_the_demo_holds():
    done = subprocess.run([*map(str, DEMO), "--once"], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    assert re.search(r"All \d+ expectations held", done.stdout)
    folder = its_folder(done.stdout)
    assert not folder.exists()
    assert its_processes(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_stays_up_until_it_is_told_to_end_and_leaves_nothing(scratch, number):
    log = scratch / "demo.out"
    demo = Process(DEMO, log, ready=lambda: "Ctrl-C ends" in log.read_text(), timeout_s=280)
    with demo:
        folder = its_folder(demo.output())
        assert folder.exists()
        assert its_processes(folder)
        # as a terminal does: to all that runs in the foreground
        os.killpg(demo.pid, number)
        assert demo.wait(60) == 130
    assert not folder.exists()
    assert its_processes(folder) == []
