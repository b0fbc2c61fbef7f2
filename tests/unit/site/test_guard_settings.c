/* Settings of the message guard: its section, limits of messages, rules about them, and who may
 * send as whom. */
#include "owners.h"
#include "site_cases.h"

#define GUARD "guard { }\n"
#define SHARED \
    "list \"shared\" { kind = owners entries = {\"sales@acme.example bob@acme.example\"} }\n"
#define FORMS "(write unix:/PATH, inet:PORT@HOST or inet6:PORT@HOST)\n"
#define NO_GUARD                                                                                \
    "only the message guard sees to it, and there is no section guard (where mailreeve-milter " \
    "runs, write guard { })\n"
#define FORTY   "1234567890123456789012345678901234567890"
#define MEANT   " means something else in a message, and those that clients send would be removed "
#define WRITE   "(write a name of its own, as \"X-Acme-Tag\")\n"
#define NO_NAME " is not a header's name of at most 60 letters, digits and hyphens\n"

static const struct site_case cases[] = {
    {.name = "what a guard cannot be",
     .text = TOP ORG SUB "guard {\nsocket = \"/run/milter.sock\"\nsocket_mode = \"0999\"\n"
                         "listener = sup\nhostname = \"mx..example\"\n"
                         "authentication_results = perhaps }\nguard { }\n",
     .want = "t.conf:5: guard: socket: \"/run/milter.sock\" is no address of a socket " FORMS
             "t.conf:6: guard: socket_mode: \"0999\" is not a mode (write it in octal, as "
             "\"0660\")\n"
             "t.conf:7: guard: listener: there is no listener \"sup\" (did you mean \"sub\"?)\n"
             "t.conf:8: guard: hostname: \"mx..example\": the domain is empty or has an empty "
             "label\n"
             "t.conf:9: guard: authentication_results: \"perhaps\" is neither true nor false "
             "(write true or false)\n"
             "t.conf:10: guard: may stand only once (the first is at t.conf:4)\n"},
    {.name = "a socket's path is a whole one",
     .text = TOP ORG SUB "guard { socket = \"unix:milter.sock\" }\n",
     .want = "t.conf:4: guard: socket: \"unix:milter.sock\" is no whole path (write unix:/PATH)\n"},
    {.name = "and not too long",
     .text = TOP ORG SUB "guard { socket = \"unix:/" FORTY FORTY FORTY "\" }\n",
     .want = "t.conf:4: guard: socket: /" FORTY FORTY FORTY
             " is too long for a socket (at most 107 bytes)\n"},
    {.name = "and not that of mailreeve-auth",
     .text = "socket = \"/run/a\" " TOP ORG SUB "guard { socket = \"unix:/run/a\" }\n",
     .want = "t.conf:4: guard: socket: /run/a is the socket of mailreeve-auth\n"},
    {.name = "a port is a number",
     .text = TOP ORG SUB "guard { socket = \"inet:@127.0.0.1\" }\n",
     .want = "t.conf:4: guard: socket: \"inet:@127.0.0.1\" has no port between 1 and "
             "65535 " FORMS},
    {.name = "with a host behind it",
     .text = TOP ORG SUB "guard { socket = \"inet:8891\" }\n",
     .want = "t.conf:4: guard: socket: \"inet:8891\" has no port between 1 and 65535 " FORMS},
    {.name = "a port is not 0",
     .text = TOP ORG SUB "guard { socket = \"inet6:0@::1\" }\n",
     .want = "t.conf:4: guard: socket: \"inet6:0@::1\" has no port between 1 and 65535 " FORMS},
    {.name = "nor more than there are",
     .text = TOP ORG SUB "guard { socket = \"inet:65536@127.0.0.1\" }\n",
     .want = "t.conf:4: guard: socket: \"inet:65536@127.0.0.1\" has no port between 1 and "
             "65535 " FORMS},
    {.name = "nor longer than numbers are",
     .text = TOP ORG SUB "guard { socket = \"inet:100000000000000000008891@127.0.0.1\" }\n",
     .want = "t.conf:4: guard: socket: \"inet:100000000000000000008891@127.0.0.1\" has no port "
             "between 1 and 65535 " FORMS},
    {.name = "an address is of the family that is named",
     .text = TOP ORG SUB "guard { socket = \"inet:8891@::1\" }\n",
     .want = "t.conf:4: guard: socket: \"inet:8891@::1\" names no host or address of IPv4 " FORMS},
    {.name = "of the other family too",
     .text = TOP ORG SUB "guard { socket = \"inet6:8891@[127.0.0.1]\" }\n",
     .want = "t.conf:4: guard: socket: \"inet6:8891@[127.0.0.1]\" names no host or address of "
             "IPv6 " FORMS},
    {.name = "brackets hold addresses only",
     .text = TOP ORG SUB "guard { socket = \"inet6:8891@[localhost]\" }\n",
     .want = "t.conf:4: guard: socket: \"inet6:8891@[localhost]\" names no host or address of "
             "IPv6 " FORMS},
    {.name = "a host is not nothing",
     .text = TOP ORG SUB "guard { socket = \"inet:8891@\" }\n",
     .want = "t.conf:4: guard: socket: \"inet:8891@\" names no host or address of IPv4 " FORMS},
    {.name = "the name in a header is ASCII",
     .text = TOP ORG SUB "guard { hostname = \"mx.bücher.example\" }\n",
     .want = "t.conf:4: guard: hostname: \"mx.bücher.example\" has letters outside of ASCII, which "
             "not every filter reads (write it as DNS has it, xn--...)\n"},
    {.name = "a guard that is as it should be",
     .text = TOP ORG SUB "guard { socket = \"inet6:8891@[::1]\" listener = sub hostname = "
                         "\"mx.acme.example\" }\n",
     .want_site = true,
     .want = ""},
    {.name = "sockets of the network have no permissions",
     .text = TOP ORG SUB "guard { socket = \"inet:8891@localhost\"\nsocket_mode = \"0600\"\n"
                         "socket_group = postfix }\n",
     .want_site = true,
     .want = "t.conf:5: warning: guard: socket_mode: has no effect: inet:8891@localhost is no unix "
             "socket\n"
             "t.conf:6: warning: guard: socket_group: has no effect: inet:8891@localhost is no "
             "unix socket\n"},
    {.name = "a socket for everybody",
     .text = TOP ORG SUB "guard {\nsocket = \"inet:8891@0.0.0.0\" }\n",
     .want_site = true,
     .want = "t.conf:5: warning: guard: socket: inet:8891@0.0.0.0 is open to every network: "
             "whoever reaches it can have clients banned and use up the limits of users (name an "
             "address that mail servers alone reach)\n"},
    {.name = "a name for a header that is not added",
     .text = TOP ORG SUB "guard { authentication_results = no\nhostname = \"mx.acme.example\" }\n",
     .want_site = true,
     .want = "t.conf:5: warning: guard: hostname: has no effect without authentication_results\n"},
    {.name = "an answer that nobody waits for",
     .text = TOP ORG SUB GUARD "session_timeout = 30s\n",
     .want_site = true,
     .want = "t.conf:5: warning: session_timeout: Postfix waits for the message guard no longer "
             "than milter_command_timeout, 30s unless it is told otherwise: answers that take "
             "longer are lost\n"},
    {.name = "which without a guard is nginx's matter alone",
     .text = TOP ORG SUB "session_timeout = 30s\n",
     .want_site = true,
     .want = ""},

    {.name = "what limits of messages cannot be",
     .text = TOP ORG SUB GUARD "limits {\nmessages_per_user = \"5\"\nrecipients_per_user = often\n"
                               "recipients_per_message = \"5/1h\"\n"
                               "messages_per_session = 1000001\nmessage_size = big }\n",
     .want = "t.conf:6: limits: messages_per_user: \"5\" has no time (write \"5/1min\")\n"
             "t.conf:7: limits: recipients_per_user: \"often\" is not a number and a time (as "
             "\"100/1min\"; \"0\" is no limit)\n"
             "t.conf:8: limits: recipients_per_message: \"5/1h\" is not a number\n"
             "t.conf:9: limits: messages_per_session: 1000001 is out of range (0 to 1000000)\n"
             "t.conf:10: limits: message_size: \"big\" is not a size (a number of bytes, or one "
             "with k, M or G, as 10k or 4M)\n"},
    {.name = "limits that only the guard knows, where there is none",
     .text = TOP ORG SUB "limits {\nmessages_per_user = \"5/1h\"\nrecipients_per_user = \"5/1h\"\n"
                         "recipients_per_message = 5\nmessages_per_session = 5\n"
                         "message_size = 5M }\n",
     .want_site = true,
     .want = "t.conf:5: warning: limits: messages_per_user: " NO_GUARD
             "t.conf:6: warning: limits: recipients_per_user: " NO_GUARD
             "t.conf:7: warning: limits: recipients_per_message: " NO_GUARD
             "t.conf:8: warning: limits: messages_per_session: " NO_GUARD
             "t.conf:9: warning: limits: message_size: " NO_GUARD},
    {.name = "but for 0, which is no limit",
     .text = TOP ORG SUB "limits { messages_per_user = \"0/1h\" recipients_per_user = 0 "
                         "recipients_per_message = 0 messages_per_session = 0 message_size = 0 }\n",
     .want_site = true,
     .want = ""},
    {.name = "the alarm hijack is that of messages too",
     .text = TOP ORG SUB GUARD "limits { messages_per_user = \"5/1h\" }\n"
                               "alert \"a\" { command = /bin/true events = hijack }\n",
     .want_site = true,
     .want = ""},

    {.name = "what rules about messages cannot be",
     .text = TOP ORG SUB OFFICE GUARD "rule \"a\" { action = refuse\nsize_over = -1\n"
                                      "recipients_over = many\nheader_from = office\n"
                                      "header = \"X-Acme\" }\n"
                                      "rule \"b\" { action = defer\nheader_from = staf }\n"
                                      "rule \"c\" { action = accept\nheader = \"X-Acme\" }\n",
     .want = "t.conf:7: rule \"a\": size_over: \"-1\" is not a size (a number of bytes, or one "
             "with k, M or G, as 10k or 4M)\n"
             "t.conf:8: rule \"a\": recipients_over: \"many\" is not a number\n"
             "t.conf:9: rule \"a\": header_from: list \"office\" is of kind \"ip\" (a list of kind "
             "\"user\" is needed)\n"
             "t.conf:12: rule \"b\": header_from: there is no list \"staf\"\n"
             "t.conf:14: rule \"c\": header: is for tag only\n"},
    {.name = "a tag's header is one of its own",
     .text =
         TOP ORG SUB GUARD "rule \"a\" { tls = yes action = tag\nheader = \"X Acme\" }\n"
                           "rule \"b\" { tls = yes action = tag\nheader = \"X-Acme:\" }\n"
                           "rule \"c\" { tls = yes action = tag\nheader = \"Subject\" }\n"
                           "rule \"d\" { tls = yes action = tag\nheader = "
                           "\"AUTHENTICATION-RESULTS\" }\n"
                           "rule \"e\" { tls = yes action = tag\nheader = \"Resent-From\" }\n"
                           "rule \"f\" { tls = yes action = tag\nheader = \"X-" FORTY FORTY "\" }\n"
                           "rule \"g\" { tls = yes action = tag\nheader = \"-x\" }\n",
     .want = "t.conf:6: rule \"a\": header: \"X Acme\"" NO_NAME
             "t.conf:8: rule \"b\": header: \"X-Acme:\"" NO_NAME
             "t.conf:10: rule \"c\": header: \"Subject\"" MEANT WRITE
             "t.conf:12: rule \"d\": header: \"AUTHENTICATION-RESULTS\"" MEANT WRITE
             "t.conf:14: rule \"e\": header: \"Resent-From\"" MEANT WRITE
             "t.conf:16: rule \"f\": header: \"X-" FORTY FORTY "\"" NO_NAME
             "t.conf:18: rule \"g\": header: \"-x\"" NO_NAME},
    {.name = "who may send as whom is a list of kind owners",
     .text = TOP SUB STAFF GUARD SHARED "organization \"acme\" { domains = {\"acme.example\"}\n"
                                        "sender_owners = staff\nmatch_exempt_from = shared\n"
                                        "match_exempt_senders = shared\n"
                                        "auth_users = \"allow shared\" }\n",
     .want = "t.conf:7: organization \"acme\": sender_owners: list \"staff\" is of kind \"user\" "
             "(a list of kind \"owners\" is needed)\n"
             "t.conf:8: organization \"acme\": match_exempt_from: list \"shared\" is of kind "
             "\"owners\" (a list of kind \"user\" is needed)\n"
             "t.conf:9: organization \"acme\": match_exempt_senders: list \"shared\" is of kind "
             "\"owners\" (a list of kind \"user\" is needed)\n"
             "t.conf:10: organization \"acme\": auth_users: list \"shared\" is of kind \"owners\" "
             "(a list of kind \"user\" is needed)\n"},
    {.name = "a list that is not there",
     .text = TOP SUB GUARD SHARED "organization \"acme\" { domains = {\"acme.example\"}\n"
                                  "sender_owners = shard\nmatch_exempt_from = staff }\n",
     .want = "t.conf:6: organization \"acme\": sender_owners: there is no list \"shard\" (did you "
             "mean \"shared\"?)\n"
             "t.conf:7: organization \"acme\": match_exempt_from: there is no list \"staff\"\n"},
    {.name = "empty lists",
     .text = TOP SUB GUARD "list \"none\" { kind = owners entries = {} }\n"
                           "list \"nobody\" { kind = user entries = {} }\n"
                           "organization \"acme\" { domains = {\"acme.example\"} match_from = yes\n"
                           "sender_owners = none\nmatch_exempt_from = nobody }\n",
     .want_site = true,
     .want = "t.conf:7: warning: organization \"acme\": sender_owners: list \"none\" is empty: it "
             "gives nobody a sender\n"
             "t.conf:8: warning: organization \"acme\": match_exempt_from: list \"nobody\" is "
             "empty: no address is exempt\n"},
    {.name = "an empty text is a list that is not set",
     .text = TOP SUB GUARD "organization \"acme\" { domains = {\"acme.example\"} sender_owners = "
                           "\"\" match_exempt_from = \"\" }\n"
                           "rule \"a\" { header_from = \"\" header = \"\" action = tag }\n",
     .want_site = true,
     .want = ""},
    {.name = "a list of owners that nobody names",
     .text = TOP ORG SUB SHARED,
     .want_site = true,
     .want = "t.conf:4: warning: list \"shared\": is never used\n"},
    {.name = "what match_from takes",
     .text = TOP STAFF "organization \"acme\" { domains = {\"acme.example\"}\nmatch_from = yes }\n"
                       "organization \"b\" { domains = {\"b.example\"}\n"
                       "match_exempt_from = staff }\n" SUB,
     .want_site = true,
     .want = "t.conf:4: warning: organization \"acme\": match_from: " NO_GUARD
             "t.conf:6: warning: organization \"b\": match_exempt_from: has no effect without "
             "match_from\n"},
    {.name = "without logins there is nobody whose From: is looked at",
     .text = TOP MX GUARD "organization \"acme\" { domains = {\"acme.example\"} upstream = up\n"
                          "match_from = yes }\n",
     .want_site = true,
     .want = "t.conf:4: warning: organization \"acme\": upstream: has no effect: nobody can log in "
             "at any listener\n"
             "t.conf:5: warning: organization \"acme\": match_from: has no effect: nobody can log "
             "in at any listener\n"},
};

static void
test_problems(void **state)
{
    (void)state;
    run_site_cases(cases, sizeof cases / sizeof cases[0]);
}

static void
test_guard(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP ORG SUB);
    struct site *site = load_good("t.conf", "");
    const struct guard_settings *guard = &site->settings.guard;
    assert_string_equal(guard->socket, "unix:/run/mailreeve/milter.sock");
    assert_int_equal(guard->socket_mode, 0660);
    assert_null(guard->socket_group);
    assert_null(guard->listener);
    assert_null(guard->hostname);
    assert_true(guard->authentication_results);
    site_drop(site);

    write_text("t.conf", TOP ORG SUB GUARD);
    site = load_good("t.conf", "");
    guard = &site->settings.guard;
    assert_string_equal(guard->socket, "unix:/run/mailreeve/milter.sock");
    assert_int_equal(guard->socket_mode, 0660);
    assert_true(guard->authentication_results);
    site_drop(site);

    write_text("t.conf", TOP ORG SUB "guard { socket = \"unix:/run/g\" socket_mode = \"600\" "
                                     "socket_group = postfix listener = sub "
                                     "authentication_results = no }\n");
    site = load_good("t.conf", "");
    guard = &site->settings.guard;
    assert_string_equal(guard->socket, "unix:/run/g");
    assert_int_equal(guard->socket_mode, 0600);
    assert_string_equal(guard->socket_group, "postfix");
    assert_string_equal(guard->listener, "sub");
    assert_false(guard->authentication_results);
    site_drop(site);

    write_text("t.conf", TOP ORG SUB "guard { hostname = \"mx.acme.example\" }\n");
    site = load_good("t.conf", "");
    assert_string_equal(site->settings.guard.hostname, "mx.acme.example");
    site_drop(site);
}

static void
test_limits(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP ORG SUB);
    struct site *site = load_good("t.conf", "");
    assert_int_equal(site->settings.limits.messages_per_user.most, 0);
    assert_int_equal(site->settings.decide.limits.recipients_per_message, 0);
    assert_int_equal(site->settings.decide.limits.message_size, 0);
    assert_string_equal(site->settings.decide.limits.message_size_origin.file, "t.conf");
    site_drop(site);

    write_text("t.conf",
               TOP ORG SUB GUARD "limits {\nmessages_per_user = \"200/1h\"\n"
                                 "recipients_per_user = \"2000/1d\"\nrecipients_per_message = 100\n"
                                 "messages_per_session = 7\nmessage_size = 50M }\n");
    site = load_good("t.conf", "");
    const struct limits *limits = &site->settings.limits;
    assert_int_equal(limits->logins_per_user.most, 0);
    assert_int_equal(limits->messages_per_user.most, 200);
    assert_int_equal(limits->messages_per_user.within_ms, 60 * 60 * 1000);
    assert_int_equal(limits->messages_per_user.origin.line, 6);
    assert_int_equal(limits->recipients_per_user.most, 2000);
    assert_int_equal(limits->recipients_per_user.within_ms, 24 * 60 * 60 * 1000);
    assert_int_equal(limits->recipients_per_user.origin.line, 7);
    const struct message_limits *at_once = &site->settings.decide.limits;
    assert_int_equal(at_once->recipients_per_message, 100);
    assert_int_equal(at_once->recipients_per_message_origin.line, 8);
    assert_int_equal(at_once->messages_per_session, 7);
    assert_int_equal(at_once->messages_per_session_origin.line, 9);
    assert_int_equal(at_once->message_size, 50 << 20);
    assert_int_equal(at_once->message_size_origin.line, 10);
    site_drop(site);
}

static void
test_rules(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP ORG SUB STAFF GUARD
               "rule \"a\" { size_over = 10M recipients_over = 50 header_from = staff action = "
               "refuse }\n"
               "rule \"b\" { tls = yes action = tag }\n"
               "rule \"c\" { action = tag header = \"X-Acme-Tag\" }\n");
    struct site *site = load_good("t.conf", "");
    size_t count;
    const struct rule *const *rules = tenancy_rules(site->tenancy, &count);
    assert_int_equal(count, 3);
    assert_int_equal(rules[0]->size_over, 10 << 20);
    assert_int_equal(rules[0]->recipients_over, 50);
    assert_string_equal(list_name(rules[0]->header_from), "staff");
    assert_null(rules[0]->header);
    assert_int_equal(rules[1]->size_over, 0);
    assert_int_equal(rules[1]->recipients_over, 0);
    assert_null(rules[1]->header_from);
    assert_string_equal(rules[1]->header, "X-Mailreeve-Tag");
    assert_string_equal(rules[2]->header, "X-Acme-Tag");
    site_drop(site);
}

static bool
may_send_as(const struct organization *organization, const char *sender, const char *user)
{
    struct mailbox mailbox;
    struct list_hit hit;
    assert_int_equal(mailbox_parse(sender, strlen(sender), &mailbox, NULL), 0);
    return owners_has(organization->sender_owners, &mailbox, user, &hit);
}

static void
test_organization(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("list", "# who sends as whom\nnews@acme.example carol@acme.example\n");
    write_text("t.conf", TOP SUB STAFF GUARD
               "list \"shared\" { kind = owners file = list entries = {\"sales@acme.example "
               "bob@acme.example, carol@acme.example\"} }\n"
               "organization \"a\" { domains = {\"a.example\"} }\n"
               "organization \"b\" { domains = {\"b.example\"} match_detail = yes\n"
               "match_from = yes\nmatch_exempt_from = staff\nsender_owners = shared }\n");
    struct site *site = load_good("t.conf", "");
    const struct organization *a = tenancy_owner(site->tenancy, "a.example"),
                              *b = tenancy_owner(site->tenancy, "b.example");
    assert_false(a->match_from);
    assert_false(a->match_detail);
    assert_null(a->match_exempt_from.list);
    assert_null(a->sender_owners);
    assert_true(b->match_from);
    assert_int_equal(b->match_from_origin.line, 8);
    assert_true(b->match_detail);
    assert_string_equal(list_name(b->match_exempt_from.list), "staff");
    assert_int_equal(b->match_exempt_from.origin.line, 9);
    assert_int_equal(b->sender_owners_origin.line, 10);
    assert_int_equal(owners_size(b->sender_owners), 2);
    assert_true(may_send_as(b, "sales@acme.example", "carol@acme.example"));
    assert_true(may_send_as(b, "news@acme.example", "carol@acme.example"));
    assert_false(may_send_as(b, "news@acme.example", "bob@acme.example"));
    site_drop(site);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),     cmocka_unit_test(test_guard),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_rules),
        cmocka_unit_test(test_organization),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
