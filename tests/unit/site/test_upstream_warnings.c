/* Upstreams of protocols, and checks of upstreams, that are hardly meant. */
#include "site_cases.h"

#define SERVER(name) "upstream \"" name "\" { server \"a\" { address = \"192.0.2.9:143\" } }\n"
/* Five lines: up and in, with source u; imap; pop3; acme without and with an upstream. */
#define PLACES     TOP SERVER("imap") SERVER("pop3")
#define LDAP       "source \"l\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" }\n"
#define UP_IN      "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
#define SLOW(text) "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } " text " }\n"

static const struct site_case cases[] = {
    {.name = "each protocol has an upstream of its own, at the listener and for users",
     .text = PLACES "listener \"all\" { upstream = up upstream_imap = imap upstream_pop3 = pop3 "
                    "upstream_inbound = in }\n"
                    "organization \"acme\" { domains = {\"acme.example\"} upstream = up "
                    "upstream_imap = imap upstream_pop3 = pop3 }\n",
     .want_site = true,
     .want = ""},
    {.name = "upstreams of protocols that are not there",
     .text = PLACES "listener \"all\" { upstream = up\n"
                    "upstream_imap = imapp\n"
                    "upstream_pop3 = nowhere }\n"
                    "organization \"acme\" { domains = {\"acme.example\"}\n"
                    "upstream_imap = nowhere\n"
                    "upstream_pop3 = popp }\n",
     .want = "t.conf:5: listener \"all\": upstream_imap: there is no upstream \"imapp\" (did you "
             "mean \"imap\"?)\n"
             "t.conf:6: listener \"all\": upstream_pop3: there is no upstream \"nowhere\"\n"
             "t.conf:8: organization \"acme\": upstream_imap: there is no upstream \"nowhere\"\n"
             "t.conf:9: organization \"acme\": upstream_pop3: there is no upstream \"popp\" (did "
             "you mean \"pop3\"?)\n"},
    {.name = "an upstream that only mailboxes use is used",
     .text =
         TOP SERVER("imap") "listener \"imap\" { upstream_imap = imap }\n"
                            "listener \"mx\" { auth = off upstream_inbound = in }\n"
                            "organization \"acme\" { domains = {\"acme.example\"} upstream = up "
                            "upstream_imap = imap }\n",
     .want_site = true,
     .want = ""},
    {.name = "an upstream of no protocol is never used",
     .text = PLACES "listener \"all\" { upstream = up upstream_inbound = in\n"
                    "upstream_imap = imap }\n",
     .want_site = true,
     .want = "t.conf:3: warning: upstream \"pop3\": is never used\n"},
    {.name = "nobody reads mail where auth is off",
     .text = PLACES "listener \"mx\" { auth = off upstream_inbound = in\n"
                    "upstream_imap = imap\n"
                    "upstream_pop3 = pop3 }\n"
                    "listener \"sub\" { upstream = up }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"mx\": upstream_imap: has no effect while auth is off\n"
             "t.conf:6: warning: listener \"mx\": upstream_pop3: has no effect while auth is "
             "off\n"},
    {.name = "an organization's mailboxes where nobody can log in",
     .text = PLACES "listener \"mx\" { auth = off upstream_inbound = in }\n"
                    "organization \"acme\" { domains = {\"acme.example\"}\n"
                    "upstream = up\n"
                    "upstream_imap = imap\n"
                    "upstream_pop3 = pop3 }\n",
     .want_site = true,
     .want = "t.conf:6: warning: organization \"acme\": upstream: has no effect: nobody can log in "
             "at any listener\n"
             "t.conf:7: warning: organization \"acme\": upstream_imap: has no effect: nobody can "
             "log in at any listener\n"
             "t.conf:8: warning: organization \"acme\": upstream_pop3: has no effect: nobody can "
             "log in at any listener\n"},
    {.name = "strangers and those who may relay come to one port by two upstreams",
     .text = TOP "upstream \"same\" { server \"x\" { address = \"MX.example:25\" }\n"
                 "server \"y\" { address = \"192.0.2.7:25\" } }\n"
                 "upstream \"relay\" { server \"z\" { address = \"mx.example:25\" } }\n"
                 "listener \"sub\" { upstream = relay upstream_inbound = in }\n"
                 "listener \"mx\" { auth = off upstream_inbound = same }\n"
                 "organization \"acme\" { domains = {\"acme.example\"} upstream = up }\n",
     .want_site = true,
     .want = "t.conf:6: warning: listener \"mx\": upstream_inbound: \"same\" is at MX.example:25, "
             "where \"relay\" takes those who may relay, too: whoever gets there without that "
             "right must not be able to relay (give them a port of their own)\n"},
    {.name = "strangers come to a port where an organization's users may relay",
     .text = TOP "upstream \"same\" { server \"x\" { srv = \"_smtp._tcp.x.example\" }\n"
                 "server \"y\" { address = \"192.0.2.1:25\" } }\n"
                 "listener \"mx\" { auth = off upstream_inbound = same }\n"
                 "listener \"sub\" { upstream = in }\n"
                 "organization \"acme\" { domains = {\"acme.example\"} upstream = up }\n",
     .want_site = true,
     .want = "t.conf:4: warning: listener \"mx\": upstream_inbound: \"same\" is at 192.0.2.1:25, "
             "where \"up\" takes those who may relay, too: whoever gets there without that "
             "right must not be able to relay (give them a port of their own)\n"},
    {.name = "names that a drain cannot tell apart",
     .text = TOP "upstream \"UP\" { server \"mta\" { address = \"192.0.2.3:25\" }\n"
                 "server \"Mta\" { address = \"192.0.2.4:25\" }\n"
                 "server \"mtb\" { address = \"192.0.2.5:25\" } }\n"
                 "listener \"sub\" { upstream = up upstream_inbound = in }\n"
                 "organization \"acme\" { domains = {\"acme.example\"} upstream = UP }\n",
     .want_site = true,
     .want = "t.conf:2: warning: upstream \"UP\": only case tells it from \"up\": who drains one "
             "drains both\n"
             "t.conf:3: warning: upstream \"UP\": server \"Mta\": only case tells it from "
             "\"mta\": who drains one drains both\n"},
    {.name = "one port speaks one protocol",
     .text = PLACES "listener \"all\" { upstream = up upstream_imap = imap\n"
                    "upstream_pop3 = imap\n"
                    "upstream_inbound = in }\n"
                    "listener \"other\" { upstream = up\n"
                    "upstream_imap = pop3\n"
                    "upstream_pop3 = pop3 }\n"
                    "organization \"acme\" { domains = {\"acme.example\"}\n"
                    "upstream_imap = in }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"all\": upstream_pop3: upstream \"imap\" gets IMAP "
             "sessions from listener \"all\" already, and one port speaks one protocol (write an "
             "upstream for POP3)\n"
             "t.conf:9: warning: listener \"other\": upstream_pop3: upstream \"pop3\" gets IMAP "
             "sessions from listener \"other\" already, and one port speaks one protocol (write an "
             "upstream for POP3)\n"
             "t.conf:11: warning: organization \"acme\": upstream_imap: upstream \"in\" gets SMTP "
             "sessions from listener \"all\" already, and one port speaks one protocol (write an "
             "upstream for IMAP)\n"},
    {.name = "a protocol's upstream that is the one for all",
     .text = PLACES "listener \"imap\" { upstream = imap\n"
                    "upstream_imap = imap }\n"
                    "listener \"sub\" { upstream = up upstream_inbound = in }\n"
                    "organization \"acme\" { domains = {\"acme.example\"} upstream = pop3\n"
                    "upstream_imap = imap\n"
                    "upstream_pop3 = pop3 }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"imap\": upstream_imap: has no effect: upstream is the "
             "same\n"
             "t.conf:9: warning: organization \"acme\": upstream_pop3: has no effect: upstream is "
             "the same\n"},
    {.name = "an organization's upstream takes its mailboxes along",
     .text = PLACES "listener \"all\" { upstream = up upstream_imap = imap upstream_pop3 = pop3 "
                    "upstream_inbound = in }\n"
                    "organization \"acme\" { domains = {\"acme.example\"}\n"
                    "upstream = up\n"
                    "upstream_pop3 = pop3 }\n",
     .want_site = true,
     .want = "t.conf:6: warning: organization \"acme\": upstream: gets the IMAP sessions of its "
             "users, too, in the place of upstream_imap of listener \"all\" (write upstream_imap "
             "here where it speaks no IMAP)\n"},
    {.name = "every organization has mailboxes of its own",
     .text = UP_IN LDAP SERVER("imap") SERVER("pop3")
         SERVER("own") "listener \"all\" { upstream = up\n"
                       "upstream_imap = imap\n"
                       "upstream_pop3 = pop3 }\n"
                       "organization \"acme\" { domains = {\"acme.example\"} sources = l\n"
                       "upstream_imap = own }\n",
     .want_site = true,
     .want = "t.conf:7: warning: listener \"all\": upstream_imap: has no effect: every "
             "organization has an upstream of its own\n"},
    {.name = "names of no organization come to the listener's mailboxes",
     .text =
         TOP SERVER("imap") SERVER("own") "listener \"all\" { upstream = up upstream_inbound = "
                                          "in upstream_imap = imap }\n"
                                          "organization \"acme\" { domains = {\"acme.example\"} "
                                          "upstream_imap = own }\n",
     .want_site = true,
     .want = ""},
    {.name = "what is checked by another protocol than it gets",
     .text = "source \"u\" { type = users file = users }\n"
             "upstream \"up\" { check = smtp timeout = 1s server \"a\" { address = "
             "\"192.0.2.1:25\" } }\n"
             "upstream \"tcp\" { check = tcp timeout = 1s server \"a\" { address = "
             "\"192.0.2.1:110\" } }\n"
             "listener \"all\" { upstream = tcp\n"
             "upstream_imap = up\n"
             "}\n"
             "listener \"mx\" { auth = off upstream_inbound = tcp }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"all\": upstream_imap: upstream \"up\" gets IMAP "
             "sessions, and is checked by smtp\n"
             "t.conf:7: warning: listener \"mx\": upstream_inbound: \"tcp\" takes those who may "
             "relay, too: whoever gets there without that right must not be able to relay (give "
             "them an upstream of their own)\n"},
    {.name = "what is checked by another protocol, at a port of its own",
     .text = "source \"u\" { type = users file = users }\n"
             "upstream \"up\" { check = imap server \"a\" { address = \"192.0.2.1:110\" "
             "check_port = 143 } }\n"
             "listener \"all\" { upstream_pop3 = up }\n",
     .want_site = true,
     .want = ""},
    {.name = "a check that takes long keeps a server that stalls",
     .text = "source \"u\" { type = users file = users }\n"
             "listener \"sub\" { upstream = up }\n" SLOW(
                 "check = tcp interval = 3s fall = 3\ntimeout = 2001ms"),
     .want_site = true,
     .want = "t.conf:4: warning: upstream \"up\": timeout: is long: a server that no longer "
             "answers is out after more than fall times interval (at most 2000ms for that)\n"},
    {.name = "a check that nobody could pass",
     .text = "source \"u\" { type = users file = users }\n"
             "listener \"sub\" { upstream = up }\n" SLOW("check = tcp\ntimeout = 49ms"),
     .want = "t.conf:4: upstream \"up\": timeout: no server answers in so short a time (write 50ms "
             "or more, or 0)\n"},
    {.name = "one that is not said to take so long does not",
     .text = "source \"u\" { type = users file = users }\n"
             "listener \"sub\" { upstream = up }\n" SLOW("check = tcp interval = 1s fall = 3"),
     .want_site = true,
     .want = ""},
    {.name = "a check that takes just so long does not",
     .text = "source \"u\" { type = users file = users }\n"
             "listener \"sub\" { upstream = up }\n" SLOW(
                 "check = tcp interval = 3s fall = 3 timeout = 2s"),
     .want_site = true,
     .want = ""},
    {.name = "one failed check is never within one interval, if the server stalls",
     .text = "source \"u\" { type = users file = users }\n"
             "listener \"sub\" { upstream = up }\n" SLOW(
                 "check = tcp interval = 1s fall = 1 timeout = 2s"),
     .want_site = true,
     .want = ""},
    {.name = "weights that the balance does not look at",
     .text = "source \"u\" { type = users file = users }\n"
             "listener \"sub\" { upstream = up }\n"
             "upstream \"up\" { balance = first server \"a\" { address = \"192.0.2.1:25\" }\n"
             "server \"b\" { address = \"192.0.2.2:25\"\n"
             "weight = 2 } }\n",
     .want_site = true,
     .want = "t.conf:5: warning: upstream \"up\": server \"b\": weight: has no effect with "
             "balance = \"first\"\n"},
};

int
main(void)
{
    return run_site_program(cases, sizeof cases / sizeof cases[0]);
}
