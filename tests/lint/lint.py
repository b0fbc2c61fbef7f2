#!/usr/bin/env python3
"""The house rules that a machine can check. Usage: lint.py CHECK BUILD_FOLDER

Each check is a function below; it returns the list of its complaints, `file:line: what` or `file: what`.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]

# Who may include whose headers. The build enforces the same (a folder that is not linked is not on the
# include path); `layers` proves that it does.
LAYERS = {
    "policy": [],
    "backends/sys": ["policy"],
    "backends/conf": ["policy", "backends/sys"],
    "backends/verify": ["policy", "backends/sys", "backends/conf"],
    "backends/route": ["policy", "backends/sys", "backends/conf"],
    "backends/state": ["policy", "backends/sys"],
    "backends/alert": ["policy", "backends/sys", "backends/conf"],
    "backends/site": ["policy", "backends/sys", "backends/conf", "backends/verify", "backends/route",
                      "backends/state", "backends/alert"],
}
LAYERS["backends/service"] = [*LAYERS]
LAYERS["backends/message"] = ["policy", "backends/sys"]
LAYERS["backends/harden"] = []
LAYERS["cli"] = [*LAYERS["backends/site"], "backends/site", "backends/message"]
LAYERS["fcgi-auth"] = [*LAYERS["backends/service"], "backends/service", "backends/harden"]
LAYERS["milter"] = [*LAYERS["fcgi-auth"], "backends/message"]

# Each foreign library is included by its door only; OpenSSL has two.
DOORS = {
    "pcre2.h": {"policy/regex.c"},
    "idn2.h": {"policy/domain_key.c"},
    "confuse.h": {"backends/conf/confuse.c"},
    "ldap.h": {"backends/verify/ldap_door.c"},
    "lber.h": {"backends/verify/ldap_wire.c"},
    "openldap.h": {"backends/verify/ldap_door.c"},
    "lmdb.h": {"backends/state/lmdb_door.c"},
    "hiredis/": {"backends/state/redis_door.c"},
    "jansson.h": {"fcgi-auth/json.c"},
    "gmime/": {"backends/message/gmime_door.c"},
    "libmilter/": {"milter/milter_door.c"},
    "ares.h": {"backends/sys/dns_door.c"},
    "crypt.h": {"backends/verify/password.c"},
    "argon2.h": {"backends/verify/argon2.c"},
    "curl/": {"backends/verify/curl_door.c"},
    "openssl/": {"backends/sys/tls.c", "backends/sys/digest.c"},
    "fcgiapp.h": {"fcgi-auth/fcgi.c"},
    "fcgi_stdio.h": {"fcgi-auth/fcgi.c"},
    "fcgios.h": {"fcgi-auth/fcgi.c"},
}

# Which thread-making and clock-reading calls belong to which files.
ONLY_IN = {
    r"\bclock_gettime\s*\(|\bgettimeofday\s*\(|\btime\s*\(NULL\)": {"backends/sys/clock.c"},
    r"\bpthread_create\s*\(": {"backends/sys/background.c", "fcgi-auth/workers.c"},
    r"\bgetenv\s*\(": {"backends/service/listen.c", "backends/service/manager.c", "backends/conf/lexer.c"},
}

# What every file is compiled with, and what a build type adds (cmake/BuildTypes.cmake).
FLAGS = """-std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wcast-qual
    -Wwrite-strings -Wvla -Wformat=2 -Werror""".split()
TYPE_FLAGS = {
    "Release": ["-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=3"],
    "Sanitize": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "Thread": ["-fsanitize=thread"],
}

PROGRAMS = ("mailreeve", "mailreeve-auth", "mailreeve-milter")

CPPCHECK = [
    "cppcheck", "--std=c11", "--quiet", "--error-exitcode=1", "--inline-suppr",
    "--enable=warning,performance,portability",
    # libraries' headers are not given to it
    "--suppress=missingInclude",
]


def sources(pattern="*.[ch]", folders=(*LAYERS, "tests")):
    found = []
    for folder in folders:
        walk = (TREE / folder).rglob if folder == "tests" else (TREE / folder).glob
        found += sorted(walk(pattern))
    return found


def name(path):
    return str(Path(path).relative_to(TREE))


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1) == "<", match.group(2)


def compile_commands(build):
    return json.loads((Path(build) / "compile_commands.json").read_text())


def include_flags(build, folder):
    """The -I flags with which the files of a folder are compiled."""
    for entry in compile_commands(build):
        if str(Path(entry["file"]).parent) == str(TREE / folder):
            return [word for word in entry["command"].split() if word.startswith("-I")]
    raise SystemExit(f"no file of {folder} is compiled")


def compiles(code, flags):
    done = subprocess.run(
        ["cc", "-std=c11", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c", *flags, "-"],
        input=code, text=True, capture_output=True)
    return done.returncode == 0, done.stderr


def check_headers(build):
    """Every header compiles alone."""
    complaints = []
    for folder in LAYERS:
        flags = include_flags(build, folder)
        for header in sorted((TREE / folder).glob("*.h")):
            fine, text = compiles(f'#include "{header}"\n', flags)
            if not fine:
                complaints.append(f"{name(header)}: does not compile alone:\n{text}")
    return complaints


def check_layers(build):
    """No folder includes what its layer may not use, and the build would not let it."""
    owner = {h.name: folder for folder in LAYERS for h in (TREE / folder).glob("*.h")}
    complaints = []
    for folder, may_use in LAYERS.items():
        for path in sources("*.[ch]", [folder]):
            for number, system, header in includes(path):
                of = owner.get(header)
                if not system and of not in (None, folder) and of not in may_use:
                    complaints.append(f"{name(path)}:{number}: {folder} may not include {of}/{header}")
        flags = include_flags(build, folder)
        for other in LAYERS:
            if other == folder or other in may_use:
                continue
            header = next(h for h, of in owner.items() if of == other)
            if compiles(f'#include "{header}"\n', flags)[0]:
                complaints.append(f"{folder}: the build lets it include {other}/{header}")
    return complaints


def check_doors(build):
    """Each foreign library has one door; clocks, threads and the environment have their files."""
    complaints = []
    for path in sources(folders=LAYERS):
        for number, _, header in includes(path):
            for library, doors in DOORS.items():
                if (header == library or library.endswith("/") and header.startswith(library)) \
                        and name(path) not in doors:
                    complaints.append(f"{name(path)}:{number}: <{header}> belongs to {', '.join(sorted(doors))}")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for call, files in ONLY_IN.items():
                if re.search(call, line) and name(path) not in files:
                    complaints.append(f"{name(path)}:{number}: only {', '.join(sorted(files))} may call this")
    return complaints


def check_flags(build):
    """Warnings are errors in every file, and the build type does what its name says."""
    cache = (Path(build) / "CMakeCache.txt").read_text()
    build_type = re.search(r"^CMAKE_BUILD_TYPE:\w+=(\w+)$", cache, re.M).group(1)
    complaints = []
    for entry in compile_commands(build):
        words = entry["command"].split()
        lacking = [flag for flag in [*FLAGS, *TYPE_FLAGS.get(build_type, [])] if flag not in words]
        if lacking:
            complaints.append(f"{name(entry['file'])}: compiled without {' '.join(lacking)}")
        undone = [word for word in words if word == "-w" or word.startswith("-Wno-error")]
        if undone:
            complaints.append(f"{name(entry['file'])}: compiled with {' '.join(undone)}")
    return complaints


def check_hardening(build):
    """The programs of a Release build, as the linker left them."""
    complaints = []
    for program in PROGRAMS:
        path = Path(build) / "bin" / program
        text = subprocess.run(["readelf", "-W", "-h", "-l", "-d", "--dyn-syms", path],
                              capture_output=True, text=True, check=True).stdout
        for what, pattern in {
            "position-independent": r"^ *Type: +DYN ",
            "an executable (PIE)": r"\(FLAGS_1\) .*\bPIE\b",
            "RELRO": r"^ *GNU_RELRO ",
            "BIND_NOW": r"\(FLAGS_1\) .*\bNOW\b",
            "a stack that is not executable": r"^ *GNU_STACK .* RW +0x",
            "the stack protector": r"\b__stack_chk_fail\b",
            "checked buffers (_FORTIFY_SOURCE)": r"\b__(memcpy|snprintf|vsnprintf)_chk\b",
        }.items():
            if not re.search(pattern, text, re.M):
                complaints.append(f"{program}: is not or has not {what}")
    return complaints


def check_format(build):
    """clang-format decides the spaces."""
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", *map(str, sources())],
                          capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if "error:" in line]


def check_size(build):
    """A file of over 500 lines has more than one idea."""
    complaints = []
    for path in sources(folders=LAYERS):
        lines = len(path.read_text().splitlines())
        if lines > 500:
            complaints.append(f"{name(path)}: {lines} lines")
    return complaints


def check_cppcheck(build):
    """cppcheck with the checks named above."""
    flags = [f"-I{TREE / folder}" for folder in LAYERS]
    done = subprocess.run(
        [*CPPCHECK, f"-j{os.cpu_count()}", *flags, *[str(TREE / folder) for folder in LAYERS]],
        capture_output=True, text=True)
    return done.stderr.splitlines() if done.returncode else []


def check_tidy(build):
    """clang-tidy with the checks of .clang-tidy."""
    files = [e["file"] for e in compile_commands(build) if "/tests/" not in e["file"]]

    def tidy(path):
        return subprocess.run(["clang-tidy", "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", path],
                              capture_output=True, text=True)

    complaints = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in zip(files, pool.map(tidy, files)):
            if done.returncode:
                complaints.append(f"{name(path)}:\n{done.stdout}")
    return complaints


def check_text(build):
    """No leftovers, no machine's paths and no registry's names in what is committed."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=TREE, capture_output=True, text=True)
    if tracked.returncode:
        return []  # an unpacked release has no git
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b|/root/|/work/|deb\.debian\.org|registry\.npmjs|\.\./shared")
    complaints = []
    for file in filter(None, tracked.stdout.split("\0")):
        path = TREE / file
        if path == Path(__file__).resolve() or not path.is_file() or "corpus" in path.parts:
            continue
        text = path.read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                complaints.append(f"{file}:{number}: {line.strip()[:100]}")
    return complaints


def check_shell(build):
    """Scripts are well-formed and stop at the first error."""
    complaints = []
    for path in [*sorted((TREE / "scripts").glob("*.sh")), TREE / ".ci" / "run"]:
        done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
        if done.returncode:
            complaints.append(f"{name(path)}: {done.stderr}")
        if not re.search(r"^set -e", path.read_text(), re.M):
            complaints.append(f"{name(path)}: lacks set -e")
    return complaints


def main():
    if len(sys.argv) != 3 or f"check_{sys.argv[1]}" not in globals():
        checks = [key[6:] for key in globals() if key.startswith("check_")]
        raise SystemExit(f"usage: lint.py {{{'|'.join(checks)}}} BUILD_FOLDER")
    complaints = globals()[f"check_{sys.argv[1]}"](sys.argv[2])
    print("\n".join(complaints))
    raise SystemExit(1 if complaints else 0)


if __name__ == "__main__":
    main()
