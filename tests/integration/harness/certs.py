"""A certificate authority and server certificates for one scratch folder, made by the openssl command."""

import subprocess
from pathlib import Path

DAYS = "3"


def _openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {args[0]}: {done.stderr}"


class Authority:
    """A CA of our own. `ca` is the file that clients verify against."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "ca.pem"
        self._ca_key = self.folder / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-keyout", self._ca_key, "-out", self.ca, "-days", DAYS, "-subj", "/CN=mailreeve test CA",
                 "-addext", "basicConstraints=critical,CA:TRUE")

    def issue(self, name, names=("localhost",), addresses=("127.0.0.1",), subject=None, days=DAYS):
        """A server's or client's certificate: returns (certificate file, key file). subject: as the openssl
        command takes it ("/O=Acme/CN=Boss"), CN=the first name if not given. days "-1": it has expired."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        alternatives = [f"DNS:{n}" for n in names] + [f"IP:{a}" for a in addresses]
        extensions.write_text(f"subjectAltName={','.join(alternatives)}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-keyout", key, "-out", request, "-subj", subject or f"/CN={names[0]}")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._ca_key, "-CAcreateserial",
                 "-days", days, "-extfile", extensions, "-out", certificate)
        # Servers that give up root read their key afterwards.
        key.chmod(0o644)
        return certificate, key


def fingerprint(certificate):
    """SHA-1 in hex with colons."""
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha1"],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip().split("=")[1]
