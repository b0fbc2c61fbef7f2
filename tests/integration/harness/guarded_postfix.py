"""The real Postfix with the files of postfix/ as they are; only what postfix/site/ says is written anew, as an
administrator would, and the ports. `ports["submission"]` and `ports["mx"]` are those of postfix/master.cf.

Every domain is this Postfix's own and is delivered into one Maildir, so whatever is refused, the guard has refused.
"""

from .postfix import PostfixInstance
from .process import source_dir

SHIPPED_PORTS = {"submission": "127.0.0.1:10587 inet", "mx": "127.0.0.1:10025 inet"}

# Refusals must not be slowed down, and no message rests because its delivery was interrupted.
TEST_SETTINGS = """
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 100
"""


def shipped(name):
    """The text of a file of postfix/."""
    return (source_dir() / "postfix" / name).read_text()


def site_settings(**changes):
    """site/main.cf with other values: guard="unix:..." for mailreeve_guard, and so on."""
    lines = shipped("site/main.cf").splitlines()
    for name, value in changes.items():
        places = [number for number, line in enumerate(lines) if line.startswith(f"mailreeve_{name} =")]
        assert len(places) == 1, f"postfix/site/main.cf has mailreeve_{name} {len(places)} times"
        lines[places[0]] = f"mailreeve_{name} = {value}"
    return "\n".join(lines) + "\n"


class GuardedPostfix(PostfixInstance):
    """A Postfix that asks the guard about each message."""

    def __init__(self, folder, guard, settings="", hostname="mta.example", **site):
        """guard: where the guard listens, as Postfix writes it ("unix:/..."); settings: more lines for main.cf;
        site: other values for site/main.cf (without_guard="accept")."""
        super().__init__(folder, SHIPPED_PORTS, hostname)
        self.settings = TEST_SETTINGS + settings
        master = shipped("master.cf")
        for name, port in SHIPPED_PORTS.items():
            assert master.count(port) == 1, f"postfix/master.cf has no {port}"
            master = master.replace(port, f"127.0.0.1:{self.ports[name]} inet")
        self._write_files(self._main_cf(guard=guard, **site), master)

    def _main_cf(self, **site):
        return self.settings + site_settings(**site) + shipped("main.cf")
