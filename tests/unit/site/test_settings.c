/* Settings of the rules: what is refused. */
#include "site_cases.h"

static const struct site_case cases[] = {
    {.name = "names that lead nowhere get suggestions",
     .text = TOP "organization \"acme\" { domains = {\"acme.example\"}\n"
                 "recipients = v\n"
                 "shared_with = {\"branhc\",\n"
                 "\"x\"}\n"
                 "match_exempt_senders = robot\n"
                 "auth_exempt_ips = \"allow offce\" }\n"
                 "organization \"branch\" { domains = {\"branch.example\"} }\n"
                 "listener \"sub\" { upstream = up upstream_inbound = in\n"
                 "relay_organizations = {\"acmee\"}\n"
                 "relay_ips = offic\n"
                 "local_ips = offic\n"
                 "trusted_ips = offic }\n"
                 "rule \"r\" { action = refuse\n"
                 "listeners = {\"subb\"}\n"
                 "organizations = {\"acme\", \"brnch\"}\n"
                 "clients = offic\n"
                 "senders = robot\n"
                 "recipients = robot }\n"
                 "screen {\n"
                 "never = offic }\n"
                 "list \"office\" { kind = ip entries = {\"192.0.2.0/24\"} }\n"
                 "list \"robots\" { kind = user entries = {\"robot\"} }\n",
     .want =
         "t.conf:3: organization \"acme\": recipients: there is no source \"v\"\n"
         "t.conf:4: organization \"acme\": shared_with: there is no organization \"branhc\" (did "
         "you mean \"branch\"?)\n"
         "t.conf:5: organization \"acme\": shared_with: there is no organization \"x\"\n"
         "t.conf:6: organization \"acme\": match_exempt_senders: there is no list \"robot\" (did "
         "you mean \"robots\"?)\n"
         "t.conf:7: organization \"acme\": auth_exempt_ips: there is no list \"offce\" (did you "
         "mean \"office\"?)\n"
         "t.conf:10: listener \"sub\": relay_organizations: there is no organization \"acmee\" "
         "(did you mean \"acme\"?)\n"
         "t.conf:11: listener \"sub\": relay_ips: there is no list \"offic\" (did you mean "
         "\"office\"?)\n"
         "t.conf:12: listener \"sub\": local_ips: there is no list \"offic\" (did you mean "
         "\"office\"?)\n"
         "t.conf:13: listener \"sub\": trusted_ips: there is no list \"offic\" (did you mean "
         "\"office\"?)\n"
         "t.conf:15: rule \"r\": listeners: there is no listener \"subb\" (did you mean \"sub\"?)\n"
         "t.conf:16: rule \"r\": organizations: there is no organization \"brnch\" (did you mean "
         "\"branch\"?)\n"
         "t.conf:17: rule \"r\": clients: there is no list \"offic\" (did you mean \"office\"?)\n"
         "t.conf:18: rule \"r\": senders: there is no list \"robot\" (did you mean \"robots\"?)\n"
         "t.conf:19: rule \"r\": recipients: there is no list \"robot\" (did you mean "
         "\"robots\"?)\n"
         "t.conf:21: screen: never: there is no list \"offic\" (did you mean \"office\"?)\n"},
    {.name = "a list of the wrong kind",
     .text = TOP OFFICE STAFF "organization \"acme\" { domains = {\"acme.example\"}\n"
                              "match_exempt_senders = office\n"
                              "auth_exempt_ips = \"deny staff\" }\n"
                              "listener \"sub\" { upstream = up upstream_inbound = in\n"
                              "relay_ips = staff\n"
                              "local_ips = staff\n"
                              "trusted_ips = staff }\n"
                              "rule \"r\" { action = refuse\n"
                              "clients = staff\n"
                              "senders = office\n"
                              "recipients = office }\n"
                              "screen {\n"
                              "never = staff }\n",
     .want = "t.conf:5: organization \"acme\": match_exempt_senders: list \"office\" is of kind "
             "\"ip\" (a list of kind \"user\" is needed)\n"
             "t.conf:6: organization \"acme\": auth_exempt_ips: list \"staff\" is of kind \"user\" "
             "(a list of kind \"ip\" is needed)\n"
             "t.conf:8: listener \"sub\": relay_ips: list \"staff\" is of kind \"user\" (a list of "
             "kind \"ip\" is needed)\n"
             "t.conf:9: listener \"sub\": local_ips: list \"staff\" is of kind \"user\" (a list of "
             "kind \"ip\" is needed)\n"
             "t.conf:10: listener \"sub\": trusted_ips: list \"staff\" is of kind \"user\" (a list "
             "of kind \"ip\" is needed)\n"
             "t.conf:12: rule \"r\": clients: list \"staff\" is of kind \"user\" (a list of kind "
             "\"ip\" is needed)\n"
             "t.conf:13: rule \"r\": senders: list \"office\" is of kind \"ip\" (a list of kind "
             "\"user\" is needed)\n"
             "t.conf:14: rule \"r\": recipients: list \"office\" is of kind \"ip\" (a list of kind "
             "\"user\" is needed)\n"
             "t.conf:16: screen: never: list \"staff\" is of kind \"user\" (a list of kind \"ip\" "
             "is needed)\n"},
    {.name = "an empty text is a list that is not set",
     .text =
         TOP "organization \"acme\" { domains = {\"acme.example\"} match_exempt_senders = \"\" }\n"
             "listener \"sub\" { upstream = up upstream_inbound = in relay_ips = \"\" local_ips = "
             "\"\" trusted_ips = \"\" }\n"
             "rule \"r\" { action = refuse clients = \"\" senders = \"\" recipients = \"\" "
             "organizations = {} listeners = {} code = \"\" text = \"\" }\n"
             "listener \"mx\" { auth = off upstream_inbound = in on_auth_when_off = ban }\n"
             "screen { never = \"\" }\n",
     .want_site = true,
     .want = ""},
    {.name = "auth_exempt_ips is none, allow LIST or deny LIST",
     .text = TOP SUB "organization \"acme\" { domains = {\"acme.example\"}\n"
                     "auth_exempt_ips = \"any\" }\n",
     .want = "t.conf:4: organization \"acme\": auth_exempt_ips: \"any\" is unknown (write "
             "\"none\", \"allow LIST\" or \"deny LIST\")\n"},
    {.name = "a source that cannot tell recipients",
     .text = TOP SUB
     "source \"l\" { type = ldap uri = \"ldaps://l.example\" user_dn = \"uid=%n,dc=x\" }\n"
     "organization \"acme\" { domains = {\"acme.example\"} sources = {\"l\"}\n"
     "recipients = l }\n"
     "organization \"branch\" { domains = {\"branch.example\"} recipients = u }\n",
     .want =
         "t.conf:5: organization \"acme\": recipients: source \"l\" cannot tell which recipients "
         "exist: it has user_dn, so it searches for nobody (set recipient_filter and base too)\n"},
    {.name = "who shares must know senders",
     .text = "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } } listener \"sub\" { "
             "upstream = up }\n"
             "source \"l\" { type = ldap uri = \"ldaps://l.example\" user_dn = \"uid=%n,dc=x\" }\n"
             "source \"d\" { type = smtp server = \"mx.example:25\" }\n"
             "organization \"acme\" { domains = {\"acme.example\"} sources = {\"l\"}\n"
             "shared_with = {\"branch\",\n"
             "\"acme\",\n"
             "\"cloud\", \"cloud\"} }\n"
             "organization \"branch\" { domains = {\"branch.example\"} sources = {\"l\"} }\n"
             "organization \"cloud\" { domains = {\"cloud.example\"} sources = {\"l\"} recipients "
             "= d }\n",
     .want =
         "t.conf:5: warning: organization \"acme\": shared_with: organization \"branch\" cannot "
         "tell who is known there, so nobody is exempt for it: it has no recipients, and none of "
         "its sources can tell\n"
         "t.conf:6: organization \"acme\": shared_with: an organization cannot share with itself\n"
         "t.conf:7: organization \"acme\": shared_with: organization \"cloud\" is named twice\n"},
    {.name = "an organization may share with a later one, and with one whose sources can tell",
     .text = TOP SUB "source \"d\" { type = smtp server = \"mx.example:25\" }\n"
                     "organization \"acme\" { domains = {\"acme.example\"} authenticate_senders = "
                     "always shared_with = {\"cloud\", \"far\"} }\n"
                     "organization \"cloud\" { domains = {\"cloud.example\"} recipients = d }\n"
                     "organization \"far\" { domains = {\"far.example\"} sources = {\"d\"} }\n",
     .want_site = true,
     .want = ""},
    {.name = "a source that is missing is complained of once",
     .text = TOP SUB "organization \"acme\" { domains = {\"acme.example\"} authenticate_senders = "
                     "always shared_with = {\"cloud\", \"far\"} }\n"
                     "organization \"cloud\" { domains = {\"cloud.example\"}\n"
                     "recipients = d }\n"
                     "organization \"far\" { domains = {\"far.example\"}\n"
                     "sources = {\"d\"} }\n",
     .want = "t.conf:5: organization \"cloud\": recipients: there is no source \"d\"\n"
             "t.conf:7: organization \"far\": sources: there is no source \"d\"\n"},
    {.name = "names that stand twice in a setting",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in relay = organizations "
                     "relay_organizations = {\"acme\",\n"
                     "\"acme\"}\n"
                     "roles_must_auth = {\"Postmaster\", \"abuse\",\n"
                     "\"postmaster\"} }\n"
                     "rule \"r\" { action = refuse listeners = {\"sub\",\n"
                     "\"sub\"} organizations = {\"acme\",\n"
                     "\"acme\"} }\n",
     .want =
         "t.conf:4: listener \"sub\": relay_organizations: organization \"acme\" is named twice\n"
         "t.conf:6: listener \"sub\": roles_must_auth: \"postmaster\" is named twice\n"
         "t.conf:8: rule \"r\": listeners: listener \"sub\" is named twice\n"
         "t.conf:9: rule \"r\": organizations: organization \"acme\" is named twice\n"},
    {.name = "roles stand before the @",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "roles_must_auth = {\"abuse@acme.example\"} }\n",
     .want = "t.conf:4: listener \"sub\": roles_must_auth: \"abuse@acme.example\" has a domain "
             "(write what stands before the @: it holds for all of our domains)\n"},
    {.name = "words that are none of a setting's",
     .text = TOP "organization \"acme\" { domains = {\"acme.example\"}\n"
                 "unverifiable_recipient = refuse\n"
                 "authenticate_senders = yes\n"
                 "authenticate_inbound = yes\n"
                 "match_sender = maybe }\n"
                 "listener \"sub\" { upstream = up upstream_inbound = in\n"
                 "on_auth_when_off = bann\n"
                 "relay = organisations\n"
                 "relay_window = 8d }\n"
                 "rule \"r\" {\n"
                 "authenticated = maybe\n"
                 "protocol = ftp\n"
                 "action = drop }\n"
                 "rule \"s\" { code = \"550 5.7.1\" }\n",
     .want = "t.conf:3: organization \"acme\": unverifiable_recipient: \"refuse\" is unknown (it "
             "may be defer or accept)\n"
             "t.conf:4: organization \"acme\": authenticate_senders: \"yes\" is unknown (it may be "
             "no, unless-local or always)\n"
             "t.conf:5: organization \"acme\": authenticate_inbound: \"yes\" is unknown (it may be "
             "no, when-auth or always)\n"
             "t.conf:6: organization \"acme\": match_sender: \"maybe\" is neither true nor false "
             "(write true or false)\n"
             "t.conf:8: listener \"sub\": on_auth_when_off: \"bann\" is not refuse or ban (did you "
             "mean \"ban\"?)\n"
             "t.conf:9: listener \"sub\": relay: \"organisations\" is not all, organizations or "
             "none (did you mean \"organizations\"?)\n"
             "t.conf:10: listener \"sub\": relay_window: 8d is out of range (0 to 7d)\n"
             "t.conf:12: rule \"r\": authenticated: \"maybe\" is unknown (it may be any, yes, no, "
             "on, off, true or false)\n"
             "t.conf:13: rule \"r\": protocol: \"ftp\" is unknown (it may be smtp, pop3, imap or "
             "http)\n"
             "t.conf:14: rule \"r\": action: \"drop\" is unknown (it may be accept, refuse, defer "
             "or tag)\n"
             "t.conf:15: rule \"s\": action: is missing (it must be set)\n"},
    {.name = "the answer of a rule fits its action",
     .text = TOP ORG SUB "rule \"a\" { tls = no action = refuse\n"
                         "code = \"450 4.7.1\" }\n"
                         "rule \"b\" { tls = no authenticated = no action = defer\n"
                         "code = \"550 5.7.1\" }\n"
                         "rule \"c\" { authenticated = no action = accept\n"
                         "code = \"550 5.7.1\"\n"
                         "text = \"yes\" }\n"
                         "rule \"d\" { action = tag\n"
                         "code = \"550 5.7.1\"\n"
                         "text = \"yes\" }\n",
     .want = "t.conf:5: rule \"a\": code: \"450 4.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:7: rule \"b\": code: \"550 5.7.1\" is not a code for defer (write it like "
             "\"450 4.7.1\")\n"
             "t.conf:9: rule \"c\": code: is for refuse and defer only: clients that are accepted "
             "are told nothing\n"
             "t.conf:10: rule \"c\": text: is for refuse and defer only: clients that are accepted "
             "are told nothing\n"
             "t.conf:12: rule \"d\": code: is for refuse and defer only: clients that are accepted "
             "are told nothing\n"
             "t.conf:13: rule \"d\": text: is for refuse and defer only: clients that are accepted "
             "are told nothing\n"},
    {.name = "a code is NNN X.Y.Z of one class",
     .text = TOP ORG SUB "rule \"a\" { action = refuse\n"
                         "code = \"550\" }\n"
                         "rule \"b\" { action = refuse\n"
                         "code = \"550 4.7.1\" }\n"
                         "rule \"c\" { action = refuse\n"
                         "code = \"55 5.7.1\" }\n"
                         "rule \"d\" { action = refuse\n"
                         "code = \"5500 5.7.1\" }\n"
                         "rule \"e\" { action = refuse\n"
                         "code = \"550 5.7\" }\n"
                         "rule \"f\" { action = refuse\n"
                         "code = \"550 5.7.1 \" }\n"
                         "rule \"g\" { action = refuse\n"
                         "code = \"550 5.7.1234\" }\n"
                         "rule \"h\" { action = refuse\n"
                         "code = \"560 5.7.1\" }\n"
                         "rule \"i\" { action = refuse\n"
                         "code = \"550-5.7.1\" }\n"
                         "rule \"j\" { action = refuse\n"
                         "code = \"550 5..1\" }\n"
                         "rule \"k\" { action = refuse\n"
                         "code = \"550 5.7.x\" }\n"
                         "rule \"l\" { action = refuse\n"
                         "code = \"55x 5.7.1\" }\n"
                         "rule \"m\" { action = refuse\n"
                         "code = \"550 5.7.1.2\" }\n",
     .want = "t.conf:5: rule \"a\": code: \"550\" is not a code for refuse (write it like \"550 "
             "5.7.1\")\n"
             "t.conf:7: rule \"b\": code: \"550 4.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:9: rule \"c\": code: \"55 5.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:11: rule \"d\": code: \"5500 5.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:13: rule \"e\": code: \"550 5.7\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:15: rule \"f\": code: \"550 5.7.1 \" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:17: rule \"g\": code: \"550 5.7.1234\" is not a code for refuse (write it "
             "like \"550 5.7.1\")\n"
             "t.conf:19: rule \"h\": code: \"560 5.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:21: rule \"i\": code: \"550-5.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:23: rule \"j\": code: \"550 5..1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:25: rule \"k\": code: \"550 5.7.x\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:27: rule \"l\": code: \"55x 5.7.1\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"
             "t.conf:29: rule \"m\": code: \"550 5.7.1.2\" is not a code for refuse (write it like "
             "\"550 5.7.1\")\n"},
    {.name = "a text is printable ASCII of 200 bytes at most",
     .text = TOP ORG SUB "rule \"a\" { tls = yes action = refuse\n"
                         "text = \"café\" }\n"
                         "rule \"b\" { action = refuse\n"
                         "text = "
                         "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" }\n",
     .want = "t.conf:5: rule \"a\": text: is longer than 200 characters or not printable ASCII\n"
             "t.conf:7: rule \"b\": text: is longer than 200 characters or not printable ASCII\n"},
    {.name = "a text has no space at its ends: nginx drops it, and takes OK for a yes",
     .text = TOP ORG SUB "rule \"a\" { tls = yes action = refuse text = \" OK\" }\n"
                         "rule \"b\" { action = defer text = \"WAIT \" }\n",
     .want = "t.conf:4: rule \"a\": text: begins or ends with a space\n"
             "t.conf:5: rule \"b\": text: begins or ends with a space\n"},
    {.name = "a text of 200 bytes and codes with long numbers are good",
     .text = TOP ORG SUB "rule \"a\" { tls = yes action = refuse code = \"559 5.123.999\" text = "
                         "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" }\n"
                         "rule \"b\" { action = defer code = \"421 4.3.2\" text = \"later\" }\n",
     .want_site = true,
     .want = ""},
    {.name = "bans are one to eight durations",
     .text = TOP ORG SUB "screen { ban = {}\n"
                         "ipv4_prefix = 33 ipv6_prefix = 129 }\n"
                         "screen { }\n",
     .want = "t.conf:4: screen: ban: has 0 durations (1 to 8 are needed)\n"
             "t.conf:5: screen: ipv4_prefix: 33 is out of range (8 to 32)\n"
             "t.conf:5: screen: ipv6_prefix: 129 is out of range (16 to 128)\n"
             "t.conf:6: screen: may stand only once (the first is at t.conf:4)\n"},
    {.name = "each ban is a duration",
     .text = TOP ORG SUB "screen { ban = {\"1h\",\n"
                         "\"1\",\n"
                         "\"366d\",\n"
                         "\"10ms\",\n"
                         "\"often\"} }\n",
     .want = "t.conf:5: screen: ban: \"1\" is not a duration (a number with ms, s, min, h or d, as "
             "30s or 15min)\n"
             "t.conf:6: screen: ban: 366d is out of range (1s to 365d)\n"
             "t.conf:7: screen: ban: 10ms is out of range (1s to 365d)\n"
             "t.conf:8: screen: ban: \"often\" is not a duration (a number with ms, s, min, h or "
             "d, as 30s or 15min)\n"},
    {.name = "nine bans are too many",
     .text = TOP ORG SUB "screen { ban = {1h, 1h, 1h, 1h, 1h, 1h, 1h, 1h, 1h} }\n",
     .want = "t.conf:4: screen: ban: has 9 durations (1 to 8 are needed)\n"},
    {.name = "organizations need names of their own",
     .text = TOP SUB "organization \"acme\" { domains = {\"acme.example\"} }\n"
                     "organization \"acme\" { domains = {\"b.example\"} }\n"
                     "organization { domains = {\"c.example\"} }\n",
     .want = "t.conf:4: organization \"acme\": this name is taken (the first is at t.conf:3)\n"
             "t.conf:5: organization: a name is missing (write organization \"NAME\" {)\n"},
    {.name = "the default domain is one",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "default_domain = \"a..b\" }\n",
     .want =
         "t.conf:4: listener \"sub\": default_domain: the domain is empty or has an empty label\n"},
    {.name = "DNS servers are addresses",
     .text = TOP ORG SUB "dns_servers = {\"192.0.2.53\", \"192.0.2.53:5353\", \"[2001:db8::53]\", "
                         "\"[2001:db8::53]:5353\",\n"
                         "\"ns.example\",\n"
                         "\"2001:db8::53\",\n"
                         "\"192.0.2.53:0\",\n"
                         "\"unix:/run/dns.sock\",\n"
                         "\"192.0.2.53,192.0.2.54\"}\n",
     .want =
         "t.conf:5: dns_servers: \"ns.example\" is no address (write ADDRESS, ADDRESS:PORT or "
         "[ADDRESS]:PORT)\n"
         "t.conf:6: dns_servers: \"2001:db8::53\" is no address (write ADDRESS, ADDRESS:PORT or "
         "[ADDRESS]:PORT)\n"
         "t.conf:7: dns_servers: \"192.0.2.53:0\" is no address (write ADDRESS, ADDRESS:PORT or "
         "[ADDRESS]:PORT)\n"
         "t.conf:8: dns_servers: \"unix:/run/dns.sock\" is no address (write ADDRESS, "
         "ADDRESS:PORT or [ADDRESS]:PORT)\n"
         "t.conf:9: dns_servers: \"192.0.2.53,192.0.2.54\" is no address (write ADDRESS, "
         "ADDRESS:PORT or [ADDRESS]:PORT)\n"},
    {.name = "DNS servers, more than are ever asked",
     .text = TOP ORG SUB "dns_servers = {\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\", "
                         "\"192.0.2.4\", \"192.0.2.5\", \"192.0.2.6\", \"192.0.2.7\", "
                         "\"192.0.2.8\", \"192.0.2.9\"}\n",
     .want = "t.conf:4: dns_servers: there are more than 8 DNS servers\n"},
    {.name = "DNS servers, none",
     .text = TOP ORG SUB "dns_servers = {}\n",
     .want_site = true,
     .want = ""},
    {.name = "rules need names of their own",
     .text = TOP ORG SUB "rule \"a\" { tls = no action = tag }\n"
                         "rule \"a\" { action = tag }\n"
                         "rule { action = tag }\n",
     .want = "t.conf:5: rule \"a\": this name is taken (the first is at t.conf:4)\n"
             "t.conf:6: rule: a name is missing (write rule \"NAME\" {)\n"},
};

int
main(void)
{
    return run_site_program(cases, sizeof cases / sizeof cases[0]);
}
