"""The tables of tests/policy: reads *.case files, as tests/policy/README describes them, and writes the
configuration of a case into a folder."""

import functools
import re
import shlex
from pathlib import Path

from . import policy_text
from .process import source_dir
from .setups import cheap_hash

FOLDER = source_dir() / "tests" / "policy"
PASSWORD = "secret"

# What the tables must show for every setting of the manuals: who is let in and who is not, and, where a setting
# has a list, who is in it, who is not, and the empty list.
BOTH = {"accept", "refuse"}
BOTH_AND_LIST = BOTH | {"matches", "does not match", "is empty"}
WANTED_OF_ALL = {
    "SMG 1": BOTH,
    "SMG 2": BOTH,
    "SMG 3": BOTH_AND_LIST,
    "SMG 4": BOTH_AND_LIST,
    "SMG 5": BOTH_AND_LIST,
    "SMG 6": BOTH_AND_LIST,
    "SMG 7": BOTH,
    "SMG 8": BOTH_AND_LIST,
    "SMG 9": BOTH,
    "SMG 10": BOTH,
    "SMG 11": BOTH,
    "SMG 12": BOTH_AND_LIST,
    "SMG 13": BOTH_AND_LIST,
    "SMG 14": BOTH_AND_LIST,
    "SMG 15": BOTH_AND_LIST,
    "SMG 16": BOTH,
    "SMG 17": BOTH,
    "SMG 18": BOTH,
    "SMG 18: Disabled": BOTH,
    "SMG 18: Enabled for any sender address": BOTH,
    "SMG 18: Enabled for matching sender address": BOTH,
    "SMG 19": BOTH,
    "SMG 20": BOTH,
    "MDaemon: Authentication is always required when mail is from local accounts": BOTH,
    "MDaemon: ...unless message is to a local account": BOTH,
    "MDaemon: ...unless Domain Sharing finds the sender on another server": BOTH_AND_LIST,
    "MDaemon: Authentication is always required when mail is sent from local IPs": BOTH_AND_LIST,
    "MDaemon: Credentials used must match those of the return-path address": BOTH,
    "MDaemon: Credentials used must match those of the 'From:' header address": BOTH,
    "MDaemon: White list": BOTH_AND_LIST,
    "MDaemon: Mail from 'Postmaster', 'abuse', 'webmaster' must be authenticated": BOTH_AND_LIST,
    "MDaemon: Do not apply POP Before SMTP to authenticated sessions": BOTH,
    "MDaemon: Do not allow authentication on the SMTP port": BOTH,
    "MDaemon: ...add their IP to the Dynamic Screen if they attempt it anyway": BOTH,
    "NetMail: Allow Remote Sending for Authenticated Users Only": BOTH,
    "NetMail: SMTP-after-POP": BOTH,
    "NetMail: either SMTP-after-POP or SMTP authentication": BOTH,
    "Netmail Secure: recipients": BOTH,
    "Netmail Secure: LDAP": BOTH,
    "Netmail Secure: SMTP": BOTH,
    "Netmail Secure: the recipient cannot be verified": BOTH | {"defer"},
    "Symantec: more than one data source": BOTH,
    "Symantec: password fetching": BOTH | {"broken"},
}

KEYWORDS = ("configuration", "manual", "says", "with", "file", "case", "facts", "list", "wants", "rule", "front",
            "port", "sends", "then", "after")
LIST_WORDS = ("matches", "does not match", "is empty")
FRONT_WORDS = ("yes", "delivered", "closes")


class Wanted:
    """What a case wants: action, code and reason, and the upstream of who is accepted; or, with action
    "broken", a configuration that is refused with `problem`."""

    def __init__(self, text):
        self.action, rest = text.split(maxsplit=1)
        self.code = self.reason = self.problem = ""
        self.upstream = None
        if self.action == "broken":
            self.problem = rest
            return
        rest, _, self.upstream = rest.partition(" to ")
        *code, self.reason = rest.split()
        self.code = " ".join(code).strip("-")
        assert self.action in ("accept", "refuse", "defer"), text
        assert self.action == "accept" or not self.upstream, f"{text}: only who is accepted goes somewhere"


class Case:
    """One case. `manuals` are the settings it is about, `facts` a dictionary; see tests/policy/README."""

    def __init__(self, file, number, manual, says, configuration, files, lines):
        self.file, self.number = file, number
        self.manual = manual
        self.says = says
        self.name = lines["case"]
        self.words = shlex.split(lines.get("facts", ""))
        self.facts = dict(word.split("=", 1) for word in self.words)
        self.wanted = Wanted(lines["wants"])
        self.rule = lines.get("rule")
        self.list = lines.get("list")
        self.front = lines.get("front")
        self.port = lines.get("port", self.facts.get("listener"))
        self.sends = _facts(lines.get("sends", ""))
        self.then = None if lines.get("then") == "none" else _facts(lines.get("then", ""))
        self.after = lines.get("after")
        self.configuration = configuration
        self.files = files
        assert (self.rule is None) == (self.wanted.action == "broken"), f"{self}: rule is missing"
        assert self.list in (None, *LIST_WORDS), f"{self}: list {self.list}"
        assert self.front in (None, *FRONT_WORDS), f"{self}: front {self.front}"
        is_routed = self.wanted.action == "accept" and self.facts.get("stage") != "message"
        assert is_routed == bool(self.wanted.upstream), f"{self}: who is accepted goes somewhere, a message is there"

    def __str__(self):
        return f"{self.file.name}:{self.number}: {self.name}"

    @property
    def shows(self):
        """What of WANTED_OF_ALL it is an example of."""
        return {self.wanted.action, self.list}

    @property
    def id(self):
        return f"{self.file.stem}: {self.name}"

    @property
    def world(self):
        """What of a case decides about the files of its folder: cases that share it share the folder."""
        return ("\n".join(self.configuration.lines()), tuple(self.files.items()))


def _facts(text):
    return dict(word.split("=", 1) for word in shlex.split(text))


def _statements(file):
    """(line number, keyword, value, block): value is the rest of the line and, but for keywords with a block, the
    indented lines below it; block is those lines as they are."""
    found = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():
            assert found, f"{file.name}:{number}: nothing to continue"
            found[-1][3].append(line[4:] if line.startswith("    ") else line.strip())
            continue
        keyword, _, value = line.partition(" ")
        assert keyword in KEYWORDS, f"{file.name}:{number}: unknown keyword {keyword}"
        found.append((number, keyword, value.strip(), []))
    for number, keyword, value, block in found:
        if keyword not in ("configuration", "file"):
            value = " ".join([value, *(line.strip() for line in block)])
        yield number, keyword, value, "\n".join(block)


class _Reader:
    """Reads one file: what stands before a case holds for the cases behind it."""

    def __init__(self, file, common):
        self.file = file
        self.common = common
        self.base, self.then = "", ""
        self.manual, self.says, self.changes, self.files = None, [], [], {}
        self.opened = None
        self.cases = []

    def read(self):
        for number, keyword, value, block in _statements(self.file):
            if keyword in ("configuration", "manual", "case"):
                self._close()
            handle = getattr(self, f"_{keyword}", None)
            if handle:
                handle(number, value, block)
            else:
                self._in_case(number, keyword, value)
        self._close()
        return self.cases

    def _configuration(self, _, value, block):
        assert not value and not self.base
        self.base = block

    def _manual(self, _, value, __):
        self.manual, self.says, self.changes, self.files = value, [], [], {}

    def _says(self, number, value, _):
        assert self.opened is None, f"{self.file.name}:{number}: `says` begins behind `manual`"
        self.says.append(value)

    def _with(self, _, value, __):
        (self.changes if self.opened is None else self.opened["changes"]).append(value)

    def _file(self, _, value, block):
        (self.files if self.opened is None else self.opened["files"])[value] = block + "\n"

    def _case(self, number, value, _):
        self.opened = {"number": number, "changes": [], "files": {}, "lines": {"case": value}}

    def _then(self, number, value, _):
        if self.opened is None:
            self.then = value
        else:
            self._in_case(number, "then", value)

    def _in_case(self, number, keyword, value):
        where = f"{self.file.name}:{number}"
        assert self.opened is not None, f"{where}: {keyword} belongs to a case"
        assert keyword not in self.opened["lines"], f"{where}: {keyword} stands twice"
        self.opened["lines"][keyword] = value

    def _close(self):
        if self.opened is None:
            return
        opened, self.opened = self.opened, None
        assert self.manual and self.says, f"{self.file.name}:{opened['number']}: no manual is quoted"
        configuration = policy_text.merge(self.common, self.base, *self.changes, *opened["changes"])
        lines = {"then": self.then, **opened["lines"]}
        self.cases.append(Case(self.file, opened["number"], self.manual, tuple(self.says), configuration,
                               {**self.files, **opened["files"]}, lines))


def read_cases(folder=FOLDER):
    common = (folder / "common.conf").read_text()
    return [case for file in sorted(folder.glob("*.case")) for case in _Reader(file, common).read()]


def common_configuration():
    """What all cases have, and no more."""
    return policy_text.parse((FOLDER / "common.conf").read_text())


@functools.cache
def _hash():
    return cheap_hash(PASSWORD)


def _users(text):
    """The users file of the texts NAME and NAME:OPTIONS, line by line."""
    hashed = _hash()
    for line in text.splitlines():
        name, _, options = line.partition(":")
        yield line if line.startswith("#") else f"{name}:{hashed}:{options}"


def people(folder=FOLDER):
    """The directory's people, each as the list of his addresses, the first of which is his name."""
    lines = (folder / "directory").read_text().splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


class World:
    """A configuration with its files, written into a folder; `configuration` is mailreeve.conf's path."""

    def __init__(self, folder, configuration, files, first_line="", directory_password=PASSWORD):
        """configuration: a Section; files: {name: text} beside it; first_line: put before the configuration."""
        self.folder = Path(folder)
        self.configuration = self.folder / "mailreeve.conf"
        self.section = configuration
        self.texts = {"users": (FOLDER / "users").read_text(), **files}
        self.lines = [first_line, *configuration.lines()]
        self._write("users", "\n".join(_users(self.texts["users"])) + "\n")
        self._write("directory-password", directory_password + "\n")
        for name, text in files.items():
            self._write(name, text)
        self._write("mailreeve.conf", "\n".join(self.lines) + "\n")

    def _write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    def place_of_text(self, text, file):
        """FILE:LINE of the one line of a file that is text."""
        numbers = [n for n, line in enumerate(self.texts[file].splitlines(), 1) if line.strip() == text]
        assert len(numbers) == 1, f"{file} has {len(numbers)} lines {text}"
        return f"{self.folder / file}:{numbers[0]}"

    def place(self, title, setting=None):
        """FILE:LINE of a section, or of a setting in it."""
        number = self.lines.index(f"{title} {{")
        if setting is not None:
            number = next(n for n in range(number, len(self.lines)) if self.lines[n].startswith(f"    {setting} = "))
        return f"{self.configuration}:{number + 1}"

    def value(self, title, setting):
        kind, name = re.fullmatch(r'(\w+) "(.*)"', title).groups()
        return self.section.sections[kind, name].settings.get(setting)

    def wanted_rule(self, rule):
        """What `mailreeve explain` prints for a rule that a case quotes."""
        title, *parts = rule.split(" > ")
        place, setting, entry = self.place(title), None, ""
        for part in parts:
            text, of, file = part.rpartition(" of ")
            if of:
                place = self.place_of_text(text.removeprefix("line "), file)
                setting = None if text.startswith("line ") else text.split(" = ")[0]
            elif part.startswith('list "'):
                listed = part
            elif part.startswith('"'):
                assert part.strip('"') in self.value(listed, "entries"), f"{listed} has no entry {part}"
                entry = f': entry {part} at {self.place(listed, "entries")}'
            else:
                setting, _, value = part.partition(" = ")
                if value:
                    assert self.value(title, setting) == value, f"{title}: {setting} is not {value}"
                    place = self.place(title, setting)
        return f"{place} {title}" + (f": {setting}" if setting else "") + entry

    def rules_of_the_service(self, rule):
        """What the audit line may name: of several sources the service knows which one has spoken."""
        several = re.fullmatch(r'organization ".*" > sources = \{(.*,.*)\}', rule)
        return [self.wanted_rule(f"source {name}") for name in several[1].split(", ")] if several else [
            self.wanted_rule(rule)]


def rule_fits(got, wanted):
    """Whether a rule is the wanted one; it may say more, but not name a list's entry that was not wanted."""
    more = got.removeprefix(wanted)
    return got.startswith(wanted) and (more == "" or more.startswith(": ")) and not more.startswith(": entry ")
