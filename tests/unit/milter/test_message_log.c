/* The lines that messages leave in the log: one for what is refused, one for what goes on. */
#include "talk.h"

#define ANNA                                                            \
    "macro i 4F1B\nconnect 192.0.2.1\nmacro {daemon_name} submission\n" \
    "macro {auth_type} XCLIENT\nmacro {auth_authen} anna@acme.example\n"
#define FROM "header From: anna@acme.example\n"

static const struct {
    const char *name, *conf, *script;
    const char *want; /* without time, session and milliseconds */
} cases[] = {
    {"a message that goes on is one line", "",
     ANNA "mail <anna@acme.example> SIZE=77\nrcpt <x@far.example>\nrcpt <y@far.example>\n" FROM
          "eoh\nend\n",
     "info queue=4F1B stage=end listener=submission user=anna@acme.example organization=acme "
     "client=192.0.2.1 from=\"MAIL FROM:<anna@acme.example> SIZE=77\" recipients=2 size=77 "
     "verdict=accept code=\"250 2.0.0\" "
     "reason=message.ok rule=\"t.conf:4 listener \\\"submission\\\"\"\n"},
    {"a refused sender is one", "", ANNA "mail <bob@acme.example> => 553 5.7.1\n",
     "info queue=4F1B stage=mail listener=submission user=anna@acme.example organization=acme "
     "client=192.0.2.1 from=\"MAIL FROM:<bob@acme.example>\" recipients=0 verdict=refuse "
     "code=\"553 5.7.1\" reason=sender.mismatch rule=\"t.conf:6 organization \\\"acme\\\": "
     "match_sender: the sender is not the authenticated user\"\n"},
    {"each refused recipient is one, and what a client sends cannot forge another", "",
     "connect 192.0.2.1\nmacro {daemon_name} mx\nmail <x@far.example>\n"
     "rcpt <\"a\"b@far.example> verdict=accept => 501 5.5.2\n"
     "rcpt <y@far.example> => 550 5.7.1\n",
     "info stage=rcpt listener=mx client=192.0.2.1 from=\"MAIL FROM:<x@far.example>\" to=\"RCPT "
     "TO:<\\\"a\\\"b@far.example> verdict=accept\" recipients=0 verdict=refuse code=\"501 5.5.2\" "
     "reason=request.malformed rule=\"t.conf:5 listener \\\"mx\\\": malformed request: recipient: "
     "not of the form local@domain\"\n"
     "info stage=rcpt listener=mx client=192.0.2.1 from=\"MAIL FROM:<x@far.example>\" to=\"RCPT "
     "TO:<y@far.example>\" recipients=0 verdict=refuse code=\"550 5.7.1\" reason=relay.denied "
     "rule=\"t.conf:5 listener \\\"mx\\\": relay: the recipient's domain is in no organization: "
     "the client has not authenticated\"\n"},
    {"a refused From: is one", "",
     ANNA "mail <anna@acme.example>\nrcpt <x@far.example>\nheader From: b@acme.example\n"
          "eoh => 550 5.7.1\n",
     "info queue=4F1B stage=header listener=submission user=anna@acme.example organization=acme "
     "client=192.0.2.1 from=\"MAIL FROM:<anna@acme.example>\" recipients=1 verdict=refuse "
     "code=\"550 5.7.1\" reason=from.mismatch rule=\"t.conf:6 organization \\\"acme\\\": "
     "match_from: From: shows an address that is not the authenticated user's\"\n"},
    {"a window's user is told from who has logged in, and tags are named",
     "rule \"t\" { header_from = w action = tag }\n"
     "list \"w\" { kind = user entries = {\"bob@widgets.example\"} }\n",
     "window bob bob@widgets.example 192.0.2.1\nconnect 192.0.2.1\nmacro {daemon_name} mx\n"
     "mail <bob@widgets.example>\nrcpt <x@far.example>\nheader From: bob@widgets.example\n"
     "eoh\nend\n",
     "info stage=end listener=mx user=bob window=on organization=widgets client=192.0.2.1 "
     "from=\"MAIL FROM:<bob@widgets.example>\" recipients=1 "
     "verdict=accept code=\"250 2.0.0\" reason=rule.t rule=\"t.conf:10 rule \\\"t\\\": entry "
     "\\\"bob@widgets.example\\\" at t.conf:11: header_from: in list \\\"w\\\"\" tag=t\n"},
    {"the severest verdict at the end is one, with its recipient",
     "rule \"a\" { recipients = a header_from = any action = defer }\n"
     "rule \"b\" { recipients = b header_from = any action = refuse }\n"
     "list \"a\" { kind = user entries = {\"a@far.example\", \"c@far.example\"} }\n"
     "list \"b\" { kind = user entries = {\"b@far.example\"} }\n"
     "list \"any\" { kind = user entries = {\"*\"} }\n",
     ANNA "mail <anna@acme.example>\nrcpt <a@far.example>\nrcpt <b@far.example>\n"
          "rcpt <c@far.example>\n" FROM "eoh\nend => 550 5.7.1\n",
     "info queue=4F1B stage=end listener=submission user=anna@acme.example organization=acme "
     "client=192.0.2.1 from=\"MAIL FROM:<anna@acme.example>\" to=\"RCPT TO:<b@far.example>\" "
     "recipients=3 verdict=refuse code=\"550 5.7.1\" reason=rule.b rule=\"t.conf:11 rule "
     "\\\"b\\\": entry \\\"*\\\" at t.conf:14: header_from: in list \\\"any\\\"\"\n"},
    {"what is our own fault is an error, and says what to do",
     "listener \"mx2\" { auth = off upstream_inbound = up }\n",
     "connect 192.0.2.1\nmail <x@far.example> => 454 4.7.0\n",
     "error stage=mail client=192.0.2.1 from=\"MAIL FROM:<x@far.example>\" recipients=0 "
     "verdict=defer code=\"454 4.7.0\" reason=internal rule=\"t.conf:1 listener: no listener can "
     "be told: set the mail server's daemon_name (Postfix: -o milter_macro_daemon_name=NAME) or "
     "listener in the section guard\"\n"},
    {"nor is it known who a nameless one is", "",
     "connect 192.0.2.1\nmacro {daemon_name} submission\nmacro {auth_type} XCLIENT\n"
     "macro {auth_authen} anna\nmail <anna@acme.example> => 454 4.7.0\n",
     "error stage=mail listener=submission organization=acme client=192.0.2.1 "
     "from=\"MAIL FROM:<anna@acme.example>\" recipients=0 verdict=defer code=\"454 4.7.0\" "
     "reason=internal rule=\"t.conf:4 listener \\\"submission\\\": login: nothing is noted of a "
     "login by that name: it was too long ago, the store was down then, or mailreeve-auth has "
     "another one\"\n"},
    {"each tag of a message is named once",
     "rule \"a\" { recipients = a action = tag }\n"
     "rule \"b\" { recipients = b action = tag }\n"
     "list \"a\" { kind = user entries = {\"a@far.example\", \"c@far.example\"} }\n"
     "list \"b\" { kind = user entries = {\"b@far.example\"} }\n",
     ANNA "mail <anna@acme.example>\nrcpt <a@far.example>\nrcpt <b@far.example>\n"
          "rcpt <c@far.example>\n" FROM "eoh\nend\n",
     "info queue=4F1B stage=end listener=submission user=anna@acme.example organization=acme "
     "client=192.0.2.1 from=\"MAIL FROM:<anna@acme.example>\" recipients=3 verdict=accept "
     "code=\"250 2.0.0\" reason=rule.a rule=\"t.conf:10 rule \\\"a\\\": entry "
     "\\\"a@far.example\\\" at t.conf:12: recipients: in list \\\"a\\\"\" tag=a,b\n"},
    {"what is given up leaves none", "",
     ANNA "mail <anna@acme.example>\nrcpt <x@far.example>\nabort\nmail <anna@acme.example>\n", ""},
};

/* Standard error goes to a file meanwhile. */
static char *
log_of(struct talk *talk, const char *script)
{
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(log);
    dup2(fileno(log), STDERR_FILENO);
    talk_run(talk, script);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(log);
    char *lines = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&lines, &length);
    char line[LOG_LINE_MAX + 1], level[8];
    int level_end, session_end;
    while (fgets(line, sizeof line, log) != NULL) {
        const char *end = strstr(line, " ms=");
        level_end = session_end = 0;
        sscanf(line, "time=%*s level=%7s event=message %nsession=%*s %n", level, &level_end,
               &session_end);
        if (session_end > 0 && end != NULL)
            fprintf(memory, "%s %.*s\n", level, (int)(end - line) - session_end,
                    line + session_end);
    }
    fclose(memory);
    fclose(log);
    return lines;
}

static void
test_lines(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct talk talk;
        talk_begin(&talk, cases[i].name, cases[i].conf);
        char *lines = log_of(&talk, cases[i].script);
        if (strcmp(lines, cases[i].want) != 0)
            print_error("%s: got\n%s", cases[i].name, lines);
        failed += talk.has_failed || strcmp(lines, cases[i].want) != 0;
        free(lines);
        talk_end(&talk);
    }
    assert_int_equal(failed, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, talk_enter, talk_leave);
}
