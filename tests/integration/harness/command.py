"""The command `mailreeve`, run to its end."""

import os
import subprocess

from harness.process import build_dir

EXIT_OK = 0
EXIT_PROBLEM = 1
EXIT_USAGE = 64
EXIT_TEMPORARY = 75
EXIT_CONFIG = 78


def program():
    return build_dir() / "bin" / "mailreeve"


def mailreeve(*args, stdin="", timeout_s=60, env=None):
    """Runs it and returns what came of it: returncode, stdout, stderr. env: for ${NAME} in the configuration."""
    return subprocess.run([str(program()), *map(str, args)], input=stdin, text=True, errors="replace",
                          capture_output=True, timeout=timeout_s, env={**os.environ, **env} if env else None)
