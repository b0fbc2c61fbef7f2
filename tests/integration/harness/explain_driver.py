"""explain_driver: what `mailreeve explain` would say, thousands of times a second."""

import subprocess
from collections import namedtuple

from .process import build_dir

# action is accept, refuse or defer, or usage (text says why); "-" is what is empty.
Answer = namedtuple("Answer", "action code text reason rule upstream")


class ExplainDriver:
    """Use as a context manager; load() a configuration, then ask()."""

    def __enter__(self):
        self.child = subprocess.Popen(
            [str(build_dir() / "bin" / "explain_driver")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            encoding="utf-8", errors="surrogateescape")
        return self

    def __exit__(self, *error):
        self.child.stdin.close()
        self.child.stdout.close()
        status = self.child.wait(20)
        assert error[0] is not None or status == 0, f"explain_driver ended with {status}"

    def load(self, path):
        """Loads a configuration in the place of the one before. Returns whether it is a good one, and the
        lines of its problems and warnings."""
        self._write([f"config {path}\n"])
        loaded = self._read() == "loaded"
        problems = list(iter(self._read, "end"))
        assert all(line.startswith("\t") for line in problems), problems
        return loaded, [line[1:] for line in problems]

    def ask(self, *words):
        """What is decided about "KEY=VALUE" words (which hold no tab and no line break)."""
        return self.ask_all([words])[0]

    def ask_all(self, questions):
        """The same about many questions, each a sequence of words, in groups that fit the pipes."""
        answers = []
        for begin in range(0, len(questions), 20):
            group = questions[begin:begin + 20]
            self._write("facts\t" + "\t".join(words) + "\n" for words in group)
            answers += [Answer(*self._read().split("\t")) for _ in group]
        return answers

    def _write(self, lines):
        self.child.stdin.writelines(lines)
        self.child.stdin.flush()

    def _read(self):
        line = self.child.stdout.readline()
        assert line.endswith("\n"), "explain_driver ended too soon"
        return line[:-1]
