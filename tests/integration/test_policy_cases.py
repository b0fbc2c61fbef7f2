"""The tables of tests/policy: every setting of the manuals, decided by the code that decides in the service."""

import re

import pytest

from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, mailreeve
from harness.explain_driver import ExplainDriver
from harness.policy_cases import FOLDER, KEYWORDS, WANTED_OF_ALL, World, people, read_cases, rule_fits

CASES = read_cases()
EXIT_CODES = {"accept": EXIT_OK, "refuse": EXIT_PROBLEM, "defer": EXIT_TEMPORARY}
README = (FOLDER / "README").read_text()

DECIDED = [case for case in CASES if case.wanted.action != "broken"]
BROKEN = [case for case in CASES if case.wanted.action == "broken"]


def ids(cases):
    return [case.id for case in cases]


class Tables:
    """The worlds of the cases and what the driver said about each."""

    def __init__(self, folder):
        self.worlds, self.answers, self.problems = {}, {}, {}
        groups = {}
        for case in CASES:
            groups.setdefault(case.world, []).append(case)
        with ExplainDriver() as driver:
            for number, (key, cases) in enumerate(groups.items()):
                self.worlds[key] = world = World(folder / str(number), cases[0].configuration, cases[0].files)
                loaded, problems = driver.load(world.configuration)
                self.problems[key] = None if loaded else problems
                decided = [case for case in cases if loaded and case in DECIDED]
                self.answers.update(zip(decided, driver.ask_all([case.words for case in decided])))


@pytest.fixture(scope="module")
def tables(shared_scratch):
    return Tables(shared_scratch)


@pytest.mark.parametrize("case", DECIDED, ids=ids(DECIDED))
def test_the_manual_is_followed(tables, case):
    assert case in tables.answers, f"the configuration is broken: {tables.problems[case.world]}"
    answer = tables.answers[case]
    wanted = case.wanted
    got = (answer.action, answer.code.strip("-"), answer.reason, answer.upstream.strip("-"))
    assert got == (wanted.action, wanted.code, wanted.reason, wanted.upstream or ""), f"{case.says}: {answer}"
    rule = tables.worlds[case.world].wanted_rule(case.rule)
    assert rule_fits(answer.rule, rule), f"{answer.rule}\nis not\n{rule}"


@pytest.mark.parametrize("case", BROKEN, ids=ids(BROKEN))
def test_a_configuration_that_may_not_be_is_refused(tables, case):
    problems = tables.problems[case.world]
    assert problems is not None, "it was loaded"
    assert any(case.wanted.problem in line for line in problems), problems


def sample():
    """Of every setting the first case of each kind of answer."""
    chosen = {}
    for case in DECIDED:
        chosen.setdefault((case.manual, case.wanted.action), case)
    return list(chosen.values())


@pytest.mark.parametrize("case", sample(), ids=ids(sample()))
def test_mailreeve_explain_says_what_the_driver_says(tables, case):
    answer = tables.answers[case]
    done = mailreeve("explain", "-c", tables.worlds[case.world].configuration, *case.words)
    assert done.returncode == EXIT_CODES[answer.action], done.stderr
    code = "" if answer.code == "-" else answer.code + " "
    assert done.stdout.splitlines() == [f"verdict {answer.action} {code}{answer.text}", f"reason {answer.reason}",
                                        f"rule {answer.rule}"]


@pytest.mark.parametrize("manual", WANTED_OF_ALL)
def test_every_setting_has_its_examples(manual):
    shown = {what for case in CASES if case.manual == manual for what in case.shows}
    assert WANTED_OF_ALL[manual] <= shown, f"{manual} lacks {WANTED_OF_ALL[manual] - shown}"


def test_no_case_is_about_a_setting_that_is_not():
    """A mistyped `manual` line would count for nothing."""
    known = {*WANTED_OF_ALL, "SMG 9.2.1", "SMG 9.2.2"}
    assert {case.manual for case in CASES if not case.manual.startswith("mailreeve: ")} <= known


def test_every_case_has_a_name_of_its_own():
    names = [case.id for case in CASES]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("case", [case for case in CASES if case.list == "is empty"],
                         ids=ids([case for case in CASES if case.list == "is empty"]))
def test_a_list_that_is_said_to_be_empty_is_empty(case):
    assert any(line.endswith(" = {}") for line in case.configuration.lines())


def test_sentences_that_are_said_to_be_our_own_manuals_are():
    manual = " ".join(mailreeve("check", "--manual").stdout.replace("\\", "").split())
    quoted = {sentence for case in CASES if case.manual.startswith("mailreeve: ") for sentence in case.says}
    assert quoted and [sentence for sentence in quoted if sentence not in manual] == []


def test_the_readme_explains_every_keyword():
    missing = [word for word in KEYWORDS if not re.search(rf"^ +{word}  ", README, re.MULTILINE)]
    assert missing == []


def test_the_readme_names_every_file():
    files = [path.name for path in FOLDER.iterdir() if path.name != "README"]
    assert [name for name in files if name not in README] == []


def test_nobody_is_in_the_users_file_and_elsewhere_too():
    """The users file would answer for the directory and the tenant's mail server, which are asked after it."""
    users = {line.split(":")[0] for line in (FOLDER / "users").read_text().splitlines()}
    assert users.isdisjoint([*(address for person in people() for address in person), "nina@tenant.example"])
