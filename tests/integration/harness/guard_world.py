"""The companies of the guard's tests: a configuration that has every rule about a message once, and its people."""

from .setups import cheap_hash
from .slapd import Slapd, person

PASSWORD = "secret"
BASE = "dc=acme,dc=example"

# Who may send without a login at the submission port (relay_ips), and who needs none as Acme (auth_exempt_ips).
PRINTER, BRANCH = "127.0.6.1", "127.0.7.1"

# Bob has two addresses; Ursula has an account without a domain, by whose name no search finds her;
# remote@globex.example is one of Globex' users elsewhere.
PEOPLE = [
    person("bob", PASSWORD, BASE, mail=["bob@acme.example", "bob.builder@acme.example", "bob@brief.example"]),
    person("alice", PASSWORD, BASE, mail="alice@acme.example"),
    person("carol", PASSWORD, BASE, mail="carol@acme.example"),
    person("sales", None, BASE, mail="sales@acme.example"),
    person("news", None, BASE, mail="news@acme.example"),
    person("remote", None, BASE, mail="remote@globex.example"),
    person("ursula", PASSWORD, BASE, mail=["ursula@brief.example", "u.smith@brief.example"]),
]

USERS = {
    "dan@detail.example": "",
    "olga@globex.example": "",
    "scanner@globex.example": "smtp_auth=matching-sender",
    "device@globex.example": "smtp_auth=any-sender",
    "nora@norelay.example": "",
    "freelancer@nowhere.example": "",
    "ivan@broken.example": "",
}

CONFIGURATION = """
{state}
failure_delay = 1s
screen {{ mode = "off" }}
limits {{ message_size = "20k"  recipients_per_message = 4 }}
list "newsletters" {{ kind = "user"  entries = {{"news@far.example", "news@acme.example"}} }}
list "shared" {{ kind = "owners"  entries = {{
    "sales@acme.example bob@acme.example, olga@globex.example", "list@free.example bob@acme.example",
    "*@globex.example bob@acme.example"}} }}
list "printers" {{ kind = "ip"  entries = {{"127.0.6.0/24"}} }}
list "branch" {{ kind = "ip"  entries = {{"127.0.7.0/24"}} }}
listener "submission" {{
    require_auth = true  relay = "organizations"  relay_organizations = {{"acme", "brief", "detail", "globex"}}
    relay_ips = "printers"  relay_window = 15min  upstream = "submission"  upstream_inbound = "submission"
}}
listener "mx" {{ auth = "off"  relay = "none"  roles_must_auth = {{"postmaster", "abuse"}}  upstream_inbound = "mx" }}
listener "pop3" {{ auth = "on"  upstream = "mx" }}
organization "acme" {{
    domains = {{"acme.example"}}  sources = {{"acme-ldap"}}  recipients = "acme-ldap"
    authenticate_senders = "always"  auth_exempt_ips = "allow branch"
    match_sender = true  match_from = true  sender_owners = "shared"
    match_exempt_senders = "newsletters"  match_exempt_from = "newsletters"
}}
organization "brief" {{
    domains = {{"brief.example"}}  sources = {{"brief-ldap"}}  match_sender = true  match_from = true
}}
organization "detail" {{
    domains = {{"detail.example"}}  sources = {{}}  match_sender = true  match_from = true  match_detail = true
}}
organization "globex" {{
    domains = {{"globex.example"}}  sources = {{}}  authenticate_senders = "unless-local"  shared_with = {{"cloud"}}
}}
organization "cloud" {{ domains = {{"cloud.example"}}  sources = {{"acme-ldap"}} }}
organization "inbound" {{ domains = {{"inbound.example"}}  sources = {{}}  authenticate_inbound = "always" }}
organization "norelay" {{ domains = {{"norelay.example"}}  sources = {{}} }}
organization "unsure" {{ domains = {{"unsure.example"}}  sources = {{}}  recipients = "gone" }}
organization "patient" {{
    domains = {{"patient.example"}}  sources = {{}}  recipients = "gone"  unverifiable_recipient = "accept"
}}
organization "broken" {{ domains = {{"broken.example"}}  sources = {{}}  delegated = "broken.conf" }}
source "users" {{ type = "users"  file = "users" }}
source "acme-ldap" {{
    type = "ldap"  uri = {{"{ldap}"}}  bind_dn = "{bind_dn}"  bind_password_file = "ldap-password"  base = "{base}"
    filter = "(mail=%u)"  username_attribute = "mail"  mail_attribute = "mail"  recipient_filter = "(mail=%u)"
    cache = 0  negative_cache = 0
}}
source "brief-ldap" {{
    type = "ldap"  uri = {{"{ldap}"}}  bind_dn = "{bind_dn}"  bind_password_file = "ldap-password"  base = "{base}"
    filter = "(mail=%u)"  username_attribute = "uid"  mail_attribute = "mail"  cache = 0  negative_cache = 0
}}
source "gone" {{ type = "smtp"  server = {{"127.0.0.1:1"}}  tls = "none" }}
list "closed" {{ kind = "user"  entries = {{"closed@norelay.example"}} }}
list "busy" {{ kind = "user"  entries = {{"busy@norelay.example"}} }}
list "staff" {{ kind = "user"  entries = {{"staff@norelay.example"}} }}
list "phone" {{ kind = "user"  entries = {{"phone@norelay.example"}} }}
list "party" {{ kind = "user"  entries = {{"party@norelay.example"}} }}
list "audited" {{ kind = "user"  entries = {{"audited@norelay.example"}} }}
list "seen" {{ kind = "user"  entries = {{"seen@norelay.example"}} }}
list "pests" {{ kind = "user"  entries = {{"pest@far.example"}} }}
list "shouters" {{ kind = "user"  entries = {{"shouter@far.example"}} }}
rule "closed" {{ recipients = "closed"  action = "refuse"  code = "550 5.7.2"  text = "a closed list" }}
rule "busy" {{ recipients = "busy"  action = "defer"  code = "450 4.2.1"  text = "busy just now" }}
rule "staff" {{
    authenticated = "no"  recipients = "staff"  action = "refuse"  code = "550 5.7.3"  text = "members only"
}}
rule "pests" {{ senders = "pests"  recipients = "staff"  action = "refuse"  code = "550 5.7.4"  text = "not from you" }}
rule "phone" {{ recipients = "phone"  size_over = "2k"  action = "refuse"  code = "552 5.3.5"  text = "it is a phone" }}
rule "party" {{ recipients = "party"  recipients_over = 1  action = "defer"  code = "451 4.5.4"  text = "come alone" }}
rule "shouters" {{ header_from = "shouters"  action = "refuse"  code = "550 5.7.5"  text = "do not shout" }}
rule "audit" {{ recipients = "audited"  action = "tag"  header = "X-Audit" }}
rule "seen" {{ recipients = "seen"  size_over = "2k"  action = "tag" }}
"""

# A delegated file that does not hold together: everything about its organization is a temporary failure.
BROKEN = 'authenticate_senders = "sometimes"\n'


def directory(folder):
    """The people as a Slapd, not started."""
    return Slapd(folder, PEOPLE, BASE)


def configuration(slapd, state=""):
    """The text for a GuardedDoor; state: its `state` section, if it is not to have a store of its own."""
    return CONFIGURATION.format(ldap=slapd.uri, bind_dn=slapd.service_dn, base=BASE, state=state)


def files(slapd):
    hashed = cheap_hash(PASSWORD)
    users = "".join(f"{name}:{hashed}:{options}\n" for name, options in USERS.items())
    return {"users": users, "ldap-password": slapd.service_password + "\n", "broken.conf": BROKEN}
