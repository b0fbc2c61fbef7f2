/* Settings of listeners, organizations and the screen that cancel each other. */
#include "site_cases.h"

static const struct site_case cases[] = {
    {.name = "a listener with every right setting has no warning",
     .text = TOP ORG OFFICE LAB "listener \"sub\" { require_auth = yes relay = organizations "
                                "relay_organizations = {\"acme\"} relay_ips = office\n"
                                "relay_window = 15min upstream = up upstream_inbound = in }\n"
                                "listener \"mx\" { auth = off local_ips = office trusted_ips = lab "
                                "roles_must_auth = {\"postmaster\"} upstream_inbound = in }\n",
     .want_site = true,
     .want = ""},
    {.name = "require_auth with auth off refuses everybody",
     .text = TOP ORG "listener \"sub\" { upstream = up }\n"
                     "listener \"mx\" { auth = off\n"
                     "require_auth = yes\n"
                     "upstream_inbound = in }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"mx\": require_auth: every session is refused: auth is "
             "off\n"},
    {.name = "require_auth with auth off lets relay_ips through",
     .text = TOP ORG OFFICE
     "listener \"sub\" { auth = off require_auth = yes relay_ips = office upstream = up }\n"
     "listener \"mx\" { auth = off upstream_inbound = in }\n",
     .want_site = true,
     .want = ""},
    {.name = "require_auth with auth off lets a relay_window through",
     .text = TOP ORG
     "listener \"sub\" { auth = off require_auth = yes relay_window = 5min upstream = up }\n"
     "listener \"mx\" { auth = off upstream_inbound = in }\n",
     .want_site = true,
     .want = ""},
    {.name = "what concerns logins has no effect while auth is off",
     .text = TOP ORG OFFICE STAFF SUB "listener \"mx\" { auth = off upstream_inbound = in\n"
                                      "auth_ips = \"deny office\"\n"
                                      "auth_users = \"allow staff\"\n"
                                      "relay = none\n"
                                      "upstream = up }\n",
     .want_site = true,
     .want = "t.conf:7: warning: listener \"mx\": auth_ips: has no effect while auth is off\n"
             "t.conf:8: warning: listener \"mx\": auth_users: has no effect while auth is off\n"
             "t.conf:9: warning: listener \"mx\": relay: has no effect while auth is off\n"
             "t.conf:10: warning: listener \"mx\": upstream: has no effect while auth is off\n"},
    {.name = "a ban for trying to log in needs auth off",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "on_auth_when_off = ban }\n",
     .want_site = true,
     .want =
         "t.conf:4: warning: listener \"sub\": on_auth_when_off: has no effect: auth is not off\n"},
    {.name = "relay by organizations names some",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay = organizations }\n",
     .want_site = true,
     .want = "t.conf:4: warning: listener \"sub\": relay: relay_organizations is empty: nobody may "
             "relay (relay = \"none\" says that plainly)\n"},
    {.name = "relay_organizations is asked with relay = organizations only",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_organizations = {\"acme\"} }\n"
                     "listener \"off\" { upstream = up upstream_inbound = in relay = none\n"
                     "relay_organizations = {\"acme\"} }\n",
     .want_site = true,
     .want = "t.conf:4: warning: listener \"sub\": relay_organizations: has no effect unless relay "
             "is \"organizations\"\n"
             "t.conf:6: warning: listener \"off\": relay_organizations: has no effect unless relay "
             "is \"organizations\"\n"},
    {.name = "users without the right to relay need upstream_inbound",
     .text = TOP ORG
     "listener \"sub\" { upstream = up relay = none }\n"
     "listener \"sub2\" { upstream = up relay = organizations relay_organizations = {\"acme\"} }\n"
     "listener \"mx\" { auth = off upstream_inbound = in }\n",
     .want_site = true,
     .want = "t.conf:3: warning: listener \"sub\": upstream_inbound: is not set: users without the "
             "right to relay can log in but go nowhere\n"
             "t.conf:4: warning: listener \"sub2\": upstream_inbound: is not set: users without "
             "the right to relay can log in but go nowhere\n"},
    {.name = "where all users may relay, no upstream_inbound is needed",
     .text = "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
             "source \"l\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" }\n"
             "organization \"acme\" { domains = {\"acme.example\"} sources = {\"l\"} }\n"
             "listener \"sub\" { upstream = up relay = organizations relay_organizations = "
             "{\"acme\"} }\n",
     .want_site = true,
     .want = ""},
    {.name = "where some organization may not relay, upstream_inbound is needed",
     .text = "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
             "source \"l\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" filter = "
             "\"(mail=%u)\" }\n"
             "organization \"acme\" { domains = {\"acme.example\"} sources = {\"l\"} }\n"
             "organization \"branch\" { domains = {\"branch.example\"} sources = {\"l\"} }\n"
             "listener \"sub\" { upstream = up relay = organizations relay_organizations = "
             "{\"acme\"} }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": upstream_inbound: is not set: users without the "
             "right to relay can log in but go nowhere\n"},
    {.name = "strangers and those who may relay go different ways",
     .text =
         TOP ORG OFFICE "listener \"sub\" { upstream = up }\n"
                        "listener \"printers\" { auth = off relay_ips = office upstream = in }\n"
                        "listener \"mx\" { auth = off\n"
                        "upstream_inbound = up }\n"
                        "listener \"mx2\" { auth = off\n"
                        "upstream_inbound = in }\n",
     .want_site = true,
     .want = "t.conf:7: warning: listener \"mx\": upstream_inbound: \"up\" takes those who may "
             "relay, too: whoever gets there without that right must not be able to relay (give "
             "them an upstream of their own)\n"
             "t.conf:9: warning: listener \"mx2\": upstream_inbound: \"in\" takes those who may "
             "relay, too: whoever gets there without that right must not be able to relay (give "
             "them an upstream of their own)\n"},
    {.name = "upstream_inbound is for those who may not relay",
     .text = TOP ORG "listener \"sub\" { require_auth = yes upstream = up\n"
                     "upstream_inbound = in }\n",
     .want_site = true,
     .want = "t.conf:4: warning: listener \"sub\": upstream_inbound: has no effect: whoever gets "
             "past require_auth may relay and goes to upstream\n"},
    {.name = "trusted_ips are exempt from local_ips",
     .text = TOP ORG OFFICE "listener \"sub\" { upstream = up upstream_inbound = in\n"
                            "trusted_ips = office }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": trusted_ips: has no effect without local_ips\n"},
    {.name = "local_ips that are all trusted",
     .text = TOP ORG OFFICE "listener \"sub\" { upstream = up upstream_inbound = in\n"
                            "local_ips = office trusted_ips = office }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": local_ips: is the same list as trusted_ips: "
             "none of them must log in\n"},
    {.name = "trusted_ips that hold everybody",
     .text = TOP ORG OFFICE "list \"all\" { kind = ip entries = {\"0.0.0.0/0\"} }\n"
                            "listener \"sub\" { upstream = up upstream_inbound = in\n"
                            "local_ips = office\n"
                            "trusted_ips = all }\n",
     .want_site = true,
     .want = "t.conf:7: warning: listener \"sub\": trusted_ips: list \"all\" holds every address: "
             "nobody in local_ips must log in\n"},
    {.name = "relay_ips that are local_ips must log in all the same",
     .text = TOP ORG OFFICE LAB "listener \"sub\" { upstream = up upstream_inbound = in\n"
                                "local_ips = office\n"
                                "relay_ips = office trusted_ips = lab }\n"
                                "listener \"sub2\" { upstream = up upstream_inbound = in local_ips "
                                "= lab relay_ips = office trusted_ips = office }\n",
     .want_site = true,
     .want = "t.conf:7: warning: listener \"sub\": relay_ips: is the same list as local_ips: these "
             "clients must log in all the same (name those that need not in trusted_ips)\n"},
    {.name = "relay_ips need an upstream",
     .text = TOP ORG OFFICE SUB "listener \"mx\" { auth = off upstream_inbound = in\n"
                                "relay_ips = office }\n",
     .want_site = true,
     .want = "t.conf:6: warning: listener \"mx\": relay_ips: upstream is not set: what these "
             "clients send to other domains goes nowhere\n"},
    {.name = "require_auth is stronger than local_ips and roles_must_auth",
     .text = TOP ORG OFFICE "listener \"sub\" { require_auth = yes upstream = up\n"
                            "local_ips = office\n"
                            "roles_must_auth = {\"postmaster\"} }\n"
                            "listener \"mx\" { auth = off upstream_inbound = in }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": local_ips: has no effect: require_auth demands "
             "a login of everybody\n"
             "t.conf:6: warning: listener \"sub\": roles_must_auth: has no effect: require_auth "
             "demands a login of everybody\n"},
    {.name = "lists that are empty",
     .text = TOP NOBODY
     "listener \"sub\" { upstream = up upstream_inbound = in\n"
     "auth_ips = \"allow nobody\"\n"
     "relay_ips = nobody\n"
     "local_ips = nobody\n"
     "}\n"
     "listener \"mx\" { auth = off on_auth_when_off = ban upstream_inbound = in local_ips = "
     "office\n"
     "trusted_ips = nobody\n"
     "}\n"
     "list \"none\" { kind = user entries = {} }\n"
     "list \"office\" { kind = ip entries = {\"192.0.2.0/24\"} }\n"
     "organization \"acme\" { domains = {\"acme.example\"} authenticate_senders = always "
     "match_sender = yes\n"
     "auth_exempt_ips = \"allow nobody\"\n"
     "match_exempt_senders = none\n"
     "auth_users = \"allow none\" }\n"
     "organization \"branch\" { domains = {\"branch.example\"} authenticate_senders = always\n"
     "auth_exempt_ips = \"deny nobody\"\n"
     "auth_users = \"deny none\" }\n"
     "rule \"r\" { action = tag\n"
     "clients = nobody\n"
     "senders = none\n"
     "recipients = none }\n"
     "screen {\n"
     "never = nobody }\n",
     .want_site = true,
     .want =
         "t.conf:4: warning: listener \"sub\": auth_ips: list \"nobody\" is empty: nobody passes\n"
         "t.conf:5: warning: listener \"sub\": relay_ips: list \"nobody\" is empty: nobody may "
         "send without a login\n"
         "t.conf:5: warning: listener \"sub\": relay_ips: is the same list as local_ips: these "
         "clients must log in all the same (name those that need not in trusted_ips)\n"
         "t.conf:6: warning: listener \"sub\": local_ips: list \"nobody\" is empty: nobody must "
         "log in\n"
         "t.conf:9: warning: listener \"mx\": trusted_ips: list \"nobody\" is empty: nobody is "
         "exempt\n"
         "t.conf:14: warning: organization \"acme\": auth_exempt_ips: list \"nobody\" is empty: "
         "nobody is exempt\n"
         "t.conf:15: warning: organization \"acme\": match_exempt_senders: list \"none\" is empty: "
         "nobody is exempt\n"
         "t.conf:16: warning: organization \"acme\": auth_users: list \"none\" is empty: nobody "
         "passes\n"
         "t.conf:18: warning: organization \"branch\": auth_exempt_ips: list \"nobody\" is empty: "
         "nobody is exempt\n"
         "t.conf:21: warning: rule \"r\": clients: list \"nobody\" is empty: the rule never holds\n"
         "t.conf:22: warning: rule \"r\": senders: list \"none\" is empty: the rule never holds\n"
         "t.conf:23: warning: rule \"r\": recipients: list \"none\" is empty: the rule never "
         "holds\n"
         "t.conf:25: warning: screen: never: list \"nobody\" is empty: nobody is exempt\n"},
    {.name = "a list that denies nobody is no mistake",
     .text = TOP ORG NOBODY
     "listener \"sub\" { upstream = up upstream_inbound = in auth_ips = \"deny nobody\" }\n",
     .want_site = true,
     .want = ""},
    {.name = "authenticate_inbound = when-auth needs a listener with auth that takes mail",
     .text = TOP "organization \"acme\" { domains = {\"acme.example\"}\n"
                 "authenticate_inbound = when-auth }\n"
                 "listener \"sub\" { require_auth = yes upstream = up }\n"
                 "listener \"mx\" { auth = off upstream_inbound = in }\n",
     .want_site = true,
     .want = "t.conf:3: warning: organization \"acme\": authenticate_inbound: has no effect: every "
             "listener that takes mail without a login has auth = \"off\" (\"always\" demands a "
             "login there too)\n"},
    {.name = "authenticate_inbound = when-auth has effect where one listener does both",
     .text = TOP SUB "organization \"acme\" { domains = {\"acme.example\"}\n"
                     "authenticate_inbound = when-auth }\n",
     .want_site = true,
     .want = ""},
    {.name = "authenticate_senders = always demands all that authenticate_inbound could",
     .text = TOP SUB
     "organization \"acme\" { domains = {\"acme.example\"} authenticate_senders = always\n"
     "authenticate_inbound = when-auth }\n"
     "organization \"branch\" { domains = {\"branch.example\"} authenticate_senders = "
     "unless-local\n"
     "authenticate_inbound = always }\n",
     .want_site = true,
     .want = "t.conf:4: warning: organization \"acme\": authenticate_inbound: has no effect: "
             "authenticate_senders is \"always\"\n"},
    {.name = "exemptions need a demand",
     .text = TOP SUB OFFICE
     "source \"d\" { type = smtp server = \"mx.example:25\" }\n"
     "organization \"acme\" { domains = {\"acme.example\"}\n"
     "shared_with = {\"branch\"}\n"
     "auth_exempt_ips = \"deny office\" }\n"
     "organization \"branch\" { domains = {\"branch.example\"} recipients = d }\n",
     .want_site = true,
     .want = "t.conf:6: warning: organization \"acme\": shared_with: has no effect: neither "
             "authenticate_senders nor authenticate_inbound demands a login\n"
             "t.conf:7: warning: organization \"acme\": auth_exempt_ips: has no effect: neither "
             "authenticate_senders nor authenticate_inbound demands a login\n"},
    {.name = "an exemption for everybody",
     .text = TOP SUB
     "list \"all\" { kind = ip entries = {\"::/0\"} }\n"
     "organization \"acme\" { domains = {\"acme.example\"} authenticate_senders = always\n"
     "auth_exempt_ips = \"allow all\" }\n",
     .want_site = true,
     .want = "t.conf:5: warning: organization \"acme\": auth_exempt_ips: list \"all\" holds every "
             "address: nobody needs a login\n"},
    {.name = "relay_ips do not exempt from an organization's demand",
     .text =
         TOP OFFICE "listener \"sub\" { upstream = up upstream_inbound = in relay_ips = office }\n"
                    "organization \"acme\" { domains = {\"acme.example\"}\n"
                    "authenticate_senders = unless-local }\n"
                    "organization \"branch\" { domains = {\"branch.example\"} authenticate_senders "
                    "= always auth_exempt_ips = \"allow office\" }\n",
     .want_site = true,
     .want = "t.conf:5: warning: organization \"acme\": authenticate_senders: clients in relay_ips "
             "of listener \"sub\" must log in all the same to send in its name (exempt them by "
             "auth_exempt_ips)\n"},
    {.name = "match_exempt_senders are exempt from match_sender",
     .text = TOP SUB STAFF "organization \"acme\" { domains = {\"acme.example\"}\n"
                           "match_exempt_senders = staff }\n"
                           "organization \"branch\" { domains = {\"branch.example\"} match_sender "
                           "= yes match_exempt_senders = staff }\n",
     .want_site = true,
     .want = "t.conf:5: warning: organization \"acme\": match_exempt_senders: has no effect "
             "without match_sender, but on accounts whose smtp_auth is matching-sender\n"},
    {.name = "a directory that is shared tells the users of its organizations apart",
     .text = TOP SUB
     "source \"l\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" }\n"
     "source \"m\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" filter = "
     "\"(uid=%n)\" username_attribute = mail }\n"
     "source \"n\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" }\n"
     "organization \"a\" { domains = {\"a.example\"} sources = {\"l\", \"m\"} }\n"
     "organization \"b\" { domains = {\"b.example\"} sources = {\"m\", \"l\", \"n\"} }\n"
     "organization \"c\" { domains = {\"c.example\"} sources = {\"l\"} }\n",
     .want_site = true,
     .want =
         "t.conf:3: warning: source \"l\": organizations \"a\" and \"b\" share it: an entry that "
         "is found by what is before the @ alone logs in under the domains of both (look for "
         "%u or %d, or name a username_attribute whose values have a domain)\n"},
    {.name = "unverifiable_recipient is about recipients",
     .text = TOP SUB
     "organization \"acme\" { domains = {\"acme.example\"}\n"
     "unverifiable_recipient = accept }\n"
     "organization \"branch\" { domains = {\"branch.example\"} unverifiable_recipient = defer }\n",
     .want_site = true,
     .want = "t.conf:4: warning: organization \"acme\": unverifiable_recipient: has no effect "
             "without recipients\n"},
    {.name = "what concerns an organization's users has no effect where nobody can log in",
     .text = MX STAFF
     "upstream \"in\" { server \"a\" { address = \"192.0.2.2:25\" } } upstream \"up\" { server "
     "\"a\" { address = \"192.0.2.1:25\" } } source \"u\" { type = users file = users }\n"
     "organization \"acme\" { domains = {\"acme.example\"}\n"
     "match_sender = yes\n"
     "auth_users = \"allow staff\"\n"
     "upstream = up }\n",
     .want_site = true,
     .want = "t.conf:5: warning: organization \"acme\": match_sender: has no effect: nobody can "
             "log in at any listener\n"
             "t.conf:6: warning: organization \"acme\": auth_users: has no effect: nobody can log "
             "in at any listener\n"
             "t.conf:7: warning: organization \"acme\": upstream: has no effect: nobody can log in "
             "at any listener\n"},
    {.name = "a delegated file for two organizations",
     .text = TOP SUB "organization \"acme\" { domains = {\"acme.example\"} delegated = list }\n"
                     "organization \"branch\" { domains = {\"branch.example\"}\n"
                     "delegated = list }\n",
     .list = "match_sender = yes\n",
     .want_site = true,
     .want = "t.conf:5: warning: organization \"branch\": delegated: is the file of organization "
             "\"acme\" too: its administrator sets both\n"},
    {.name = "what a delegated file sets is looked at as well",
     .text = TOP SUB STAFF
     "organization \"acme\" { domains = {\"acme.example\"} delegated = list match_exempt_senders = "
     "staff match_sender = yes authenticate_senders = always }\n",
     .list = "list \"mine\" { kind = user entries = {\"x\"} }\nmatch_sender = "
             "no\nauthenticate_inbound = always\nmatch_exempt_senders = mine\n",
     .want_site = true,
     .want = "list:3: warning: organization \"acme\": authenticate_inbound: has no effect: "
             "authenticate_senders is \"always\"\n"
             "list:4: warning: organization \"acme\": match_exempt_senders: has no effect without "
             "match_sender, but on accounts whose smtp_auth is matching-sender\n"},
    {.name = "a screen that exempts everybody, in both modes that count",
     .text = TOP ORG SUB "list \"all\" { kind = ip entries = {\"*\"} }\n"
                         "screen {\n"
                         "never = all }\n",
     .want_site = true,
     .want =
         "t.conf:6: warning: screen: never: list \"all\" holds every address: nobody is counted "
         "or banned\n"},
    {.name = "a screen that counts nothing",
     .text = TOP ORG SUB
     "screen { failures = 0 unknown_names = 0 bad_recipients = 0 account_failures = 0 }\n",
     .want_site = true,
     .want =
         "t.conf:4: warning: screen: counts nothing: failures, unknown_names, bad_recipients and "
         "account_failures are 0 (mode = \"off\" says that plainly)\n"},
    {.name = "a screen that is off, or counts one thing only, is no mistake",
     .text = TOP ORG SUB "screen { mode = off failures = 0 unknown_names = 0 bad_recipients = 0 "
                         "account_failures = 0 }\n",
     .want_site = true,
     .want = ""},
    {.name = "accounts may be protected without bans",
     .text = TOP ORG SUB "screen { failures = 0 unknown_names = 0 bad_recipients = 0 }\n",
     .want_site = true,
     .want = ""},
    {.name = "later offences that ban for less",
     .text = TOP ORG SUB "screen {\nban = {\"1h\",\n\"2h\",\n\"60min\", \"60min\"} }\n",
     .want_site = true,
     .want =
         "t.conf:7: warning: screen: ban: 60min for a later offence is shorter than the 2h before "
         "it\n"},
    {.name = "networks that are no one client",
     .text = TOP ORG SUB "screen {\nipv4_prefix = 16\nipv6_prefix = 32 }\n",
     .want_site = true,
     .want =
         "t.conf:5: warning: screen: ipv4_prefix: is wide: 65536 addresses are banned with one "
         "client (24 to 32 is usual)\n"
         "t.conf:6: warning: screen: ipv6_prefix: is wide: whole network operators may be banned "
         "with one client (48 to 64 is usual)\n"},
    {.name = "a part of what one IPv6 client has",
     .text = TOP ORG SUB "screen { ipv4_prefix = 24\nipv6_prefix = 65 }\n",
     .want_site = true,
     .want =
         "t.conf:5: warning: screen: ipv6_prefix: is narrow: one client has a whole /64 to choose "
         "its address from, and evades counts and bans (64 is usual)\n"},
    {.name = "alerts about what cannot happen",
     .text = TOP ORG SUB "alert \"a\" { command = /bin/true\n"
                         "events = {account-failures, ban, source-down, upstream-down, store-down, "
                         "hijack} }\n",
     .want_site = true,
     .want = "t.conf:5: warning: alert \"a\": events: account-failures never happens: nothing is "
             "counted (write a section screen)\n"
             "t.conf:5: warning: alert \"a\": events: ban never happens: nobody is banned (write a "
             "section screen)\n"
             "t.conf:5: warning: alert \"a\": events: hijack never happens: there is no limit (set "
             "addresses_per_user or messages_per_user of limits)\n"},
    {.name = "alerts about what is counted",
     .text = TOP ORG SUB "alert \"a\" { command = /bin/true\n"
                         "events = {account-failures, ban, hijack} }\n"
                         "screen { }\nlimits { addresses_per_user = \"5/1h\" }\n",
     .want_site = true,
     .want = ""},
    {.name = "an alert about bans that a listener makes, and about accounts that are not protected",
     .text =
         TOP ORG SUB "listener \"mx\" { auth = off upstream_inbound = in on_auth_when_off = ban }\n"
                     "alert \"a\" { command = /bin/true\n"
                     "events = {account-failures, ban} }\n"
                     "screen { failures = 0 unknown_names = 0 bad_recipients = 0 account_failures "
                     "= 0 mode = monitor }\n",
     .want_site = true,
     .want =
         "t.conf:6: warning: alert \"a\": events: account-failures never happens: "
         "account_failures of screen is 0\n"
         "t.conf:7: warning: screen: counts nothing: failures, unknown_names, bad_recipients and "
         "account_failures are 0 (mode = \"off\" says that plainly)\n"},
    {.name = "an open relay that is meant must be one",
     .text = TOP ORG SUB "i_know_this_is_an_open_relay = true\n",
     .want_site = true,
     .want = "t.conf:4: warning: i_know_this_is_an_open_relay: has no effect: no listener is an "
             "open relay\n"},
};

int
main(void)
{
    return run_site_program(cases, sizeof cases / sizeof cases[0]);
}
