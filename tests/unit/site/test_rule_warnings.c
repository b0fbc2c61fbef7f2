/* `rule` sections that never hold, are never reached or change nothing. */
#include "site_cases.h"

#define NO_GUARD                                                                                \
    "only the message guard sees to it, and there is no section guard (where mailreeve-milter " \
    "runs, write guard { })\n"

static const struct site_case cases[] = {
    {.name = "rules that hold here and there have no warning",
     .text = TOP ORG SUB MX OFFICE STAFF
     "rule \"a\" { listeners = {\"mx\"} tls = no action = tag }\n"
     "rule \"b\" { listeners = {\"sub\"} authenticated = no clients = office action = accept }\n"
     "rule \"c\" { organizations = {\"acme\"} senders = staff action = refuse }\n"
     "rule \"d\" { protocol = {pop3, imap} action = refuse }\n"
     "rule \"e\" { action = defer }\n",
     .want_site = true,
     .want = ""},
    {.name = "a rule behind one that always holds is never reached",
     .text = TOP ORG SUB "rule \"a\" { action = accept }\n"
                         "rule \"b\" { authenticated = no action = refuse }\n",
     .want_site = true,
     .want = "t.conf:5: warning: rule \"b\": is never reached: rule \"a\" at t.conf:4 holds "
             "whenever this one does\n"},
    {.name = "a rule behind one with fewer conditions is never reached",
     .text = TOP ORG SUB MX OFFICE STAFF
     "rule \"a\" { authenticated = no tls = no protocol = {smtp} listeners = {\"sub\", \"mx\"} "
     "organizations = {\"acme\"} clients = office senders = staff recipients = staff action = "
     "accept }\n"
     "rule \"b\" { authenticated = no tls = no protocol = {smtp} listeners = {\"sub\"} "
     "organizations = {\"acme\"} clients = office senders = staff recipients = staff action = "
     "refuse }\n",
     .want_site = true,
     .want = "t.conf:8: warning: rule \"b\": is never reached: rule \"a\" at t.conf:7 holds "
             "whenever this one does\n"},
    {.name = "a rule behind one with any other condition is reached",
     .text = TOP SUB MX OFFICE LAB STAFF
     "organization \"acme\" { domains = {\"acme.example\"} }\n"
     "organization \"branch\" { domains = {\"branch.example\"} }\n"
     "list \"robots\" { kind = user entries = {\"robot\"} }\n"
     "rule \"a1\" { authenticated = no action = tag }\n"
     "rule \"b1\" { tls = yes action = tag }\n"
     "rule \"c1\" { protocol = {smtp, imap} action = tag }\n"
     "rule \"c2\" { protocol = {smtp, pop3} action = tag }\n"
     "rule \"d1\" { listeners = {\"sub\"} action = tag }\n"
     "rule \"d2\" { listeners = {\"sub\", \"mx\"} action = tag }\n"
     "rule \"e1\" { organizations = {\"acme\"} action = tag }\n"
     "rule \"e2\" { organizations = {\"acme\", \"branch\"} action = tag }\n"
     "rule \"f1\" { clients = office action = tag }\n"
     "rule \"f2\" { clients = lab action = tag }\n"
     "rule \"g1\" { senders = staff action = tag }\n"
     "rule \"g2\" { senders = robots action = tag }\n"
     "rule \"h1\" { recipients = staff action = tag }\n"
     "rule \"h2\" { recipients = robots action = tag }\n"
     "rule \"i\" { action = tag }\n",
     .want_site = true,
     .want = ""},
    {.name = "who has logged in has no sender yet",
     .text = TOP ORG SUB STAFF "rule \"a\" {\n"
                               "authenticated = yes senders = staff action = refuse }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"a\": authenticated: the rule never holds: a login has no "
             "sender and no recipient yet, no listener of it has a relay_window, and there is no "
             "section guard\n"},
    {.name = "but in a relay window there is one",
     .text = TOP ORG SUB STAFF
     "listener \"old\" { upstream = up upstream_inbound = in relay_window = 5min }\n"
     "rule \"a\" {\n"
     "authenticated = yes recipients = staff listeners = {\"old\"} action = refuse }\n",
     .want_site = true,
     .want = "t.conf:7: warning: rule \"a\": authenticated: the rule holds in a relay_window only: "
             "a login has no sender and no recipient yet, and there is no section guard\n"},
    {.name = "and by the message guard",
     .text = TOP ORG SUB STAFF "guard { }\nrule \"a\" {\n"
                               "authenticated = yes senders = staff action = refuse }\n",
     .want_site = true,
     .want = ""},
    {.name = "what only the message guard sees, where there is none",
     .text = TOP ORG SUB STAFF "rule \"a\" { authenticated = yes action = tag\n"
                               "size_over = 1M\n"
                               "recipients_over = 5\n"
                               "header_from = staff\n"
                               "header = \"X-Acme\" }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"a\": size_over: " NO_GUARD
             "t.conf:7: warning: rule \"a\": recipients_over: " NO_GUARD
             "t.conf:8: warning: rule \"a\": header_from: " NO_GUARD
             "t.conf:9: warning: rule \"a\": header: " NO_GUARD},
    {.name = "what only the message guard sees, where there is one",
     .text = TOP ORG SUB STAFF "guard { }\nrule \"a\" { authenticated = yes size_over = 1M "
                               "recipients_over = 5 header_from = staff senders = staff header = "
                               "\"X-Acme\" action = tag }\n",
     .want_site = true,
     .want = ""},
    {.name = "only smtp has messages",
     .text = TOP ORG SUB "guard { }\nrule \"a\" { size_over = 1M action = refuse\n"
                         "protocol = {imap, http} }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"a\": protocol: the rule never holds: only smtp has "
             "messages\n"},
    {.name = "limits refuse what a rule waits for",
     .text = TOP ORG SUB "guard { } limits { message_size = 2M recipients_per_message = 10 }\n"
                         "rule \"a\" { action = refuse\n"
                         "size_over = 2M }\n"
                         "rule \"b\" { action = refuse\n"
                         "recipients_over = 10 }\n"
                         "rule \"c\" { action = refuse size_over = 1M recipients_over = 9 }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"a\": size_over: the rule never holds: message_size of "
             "limits refuses such messages\n"
             "t.conf:8: warning: rule \"b\": recipients_over: the rule never holds: "
             "recipients_per_message of limits lets no message have so many\n"},
    {.name = "a larger message is behind a large one",
     .text = TOP ORG SUB STAFF
     "list \"bob\" { kind = user entries = {\"bob@acme.example\"} } guard { }\n"
     "rule \"a\" { size_over = 1M recipients_over = 5 header_from = staff action = tag }\n"
     "rule \"b\" { size_over = 1M recipients_over = 6 header_from = staff action = refuse }\n"
     "rule \"c\" { size_over = 1023k recipients_over = 6 header_from = staff action = refuse }\n"
     "rule \"d\" { size_over = 1M recipients_over = 4 header_from = staff action = refuse }\n"
     "rule \"e\" { size_over = 1M recipients_over = 5 header_from = bob action = refuse }\n",
     .want_site = true,
     .want = "t.conf:7: warning: rule \"b\": is never reached: rule \"a\" at t.conf:6 holds "
             "whenever this one does\n"},
    {.name = "only smtp has senders, recipients and sessions without a login",
     .text = TOP ORG SUB MX STAFF
     "rule \"a\" {\n"
     "protocol = {pop3, imap} senders = staff action = refuse }\n"
     "rule \"b\" {\n"
     "protocol = http authenticated = no action = refuse }\n"
     "rule \"c\" { listeners = {\"mx\"}\n"
     "protocol = {imap} action = refuse }\n"
     "rule \"d\" { listeners = {\"mx\", \"sub\"} protocol = imap action = refuse }\n",
     .want_site = true,
     .want = "t.conf:7: warning: rule \"a\": protocol: the rule never holds: only smtp has senders "
             "and recipients\n"
             "t.conf:9: warning: rule \"b\": protocol: the rule never holds: only smtp has "
             "sessions without a login\n"
             "t.conf:11: warning: rule \"c\": protocol: the rule never holds: only smtp has "
             "sessions without a login, and auth is off at its listeners\n"},
    {.name = "nobody logs in where auth is off",
     .text = TOP ORG SUB MX
     "rule \"a\" { listeners = {\"mx\"}\n"
     "authenticated = yes action = refuse }\n"
     "rule \"b\" { listeners = {\"mx\", \"sub\"} authenticated = yes action = refuse }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"a\": authenticated: the rule never holds: nobody can log "
             "in at its listeners\n"},
    {.name = "everybody logs in where it is demanded",
     .text = TOP ORG MX "listener \"sub\" { require_auth = yes upstream = up }\n"
                        "rule \"a\" { listeners = {\"sub\"}\n"
                        "authenticated = no action = refuse }\n"
                        "rule \"b\" { authenticated = no action = refuse }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"a\": authenticated: the rule never holds: its listeners "
             "demand a login\n"},
    {.name = "relay_ips are not authenticated where a login is demanded",
     .text = TOP ORG MX OFFICE
     "listener \"sub\" { require_auth = yes relay_ips = office upstream = up }\n"
     "rule \"a\" { listeners = {\"sub\"}\n"
     "authenticated = no action = refuse }\n",
     .want_site = true,
     .want = ""},
    {.name = "everybody has TLS where it is demanded",
     .text =
         TOP ORG MX "listener \"sub\" { require_tls = yes upstream = up upstream_inbound = in }\n"
                    "rule \"a\" { listeners = {\"sub\"}\n"
                    "tls = no action = refuse }\n"
                    "rule \"b\" { tls = no action = refuse }\n",
     .want_site = true,
     .want =
         "t.conf:6: warning: rule \"a\": tls: the rule never holds: its listeners demand TLS\n"},
    {.name = "an accept with nothing behind it changes nothing",
     .text = TOP ORG SUB "rule \"a\" { authenticated = no action = accept }\n"
                         "rule \"b\" { tls = no\n"
                         "action = accept }\n",
     .want_site = true,
     .want = "t.conf:6: warning: rule \"b\": action: has no effect: no rule follows that it could "
             "keep away (accept does not undo a refusal)\n"},
};

int
main(void)
{
    return run_site_program(cases, sizeof cases / sizeof cases[0]);
}
