/* How a server is asked for a recipient, and what its answers are worth. */
#include "callahead_bench.h"
#include "smtp_callahead.h"

#define EHLO_PLAIN "C EHLO *\nS 250-mx.example\nS 250 SIZE 1000\n"

struct conversation {
    const char *name, *settings, *script;
    enum knowledge want;
    const char *want_detail; /* is part of the detail; NULL: it is empty */
};

static const struct conversation conversations[] = {
    /* what RCPT is worth */
    {"250 is known", CLEAR, KNOWN, KNOWLEDGE_KNOWN, NULL},
    {"251 will forward: known", CLEAR, ASKED "S 251 2.1.5 forwarded\n", KNOWLEDGE_KNOWN, NULL},
    {"252 cannot verify but will take it: known", CLEAR, ASKED "S 252 2.5.0 will try\n",
     KNOWLEDGE_KNOWN, NULL},
    {"250 in several lines", CLEAR, ASKED "S 250-2.1.5 well\nS 250 2.1.5 ok\n", KNOWLEDGE_KNOWN,
     NULL},
    {"250 that calls itself a failure is no yes", CLEAR, ASKED "S 250 5.1.1 no\n",
     KNOWLEDGE_CANNOT_TELL, "RCPT: the server said \"250 5.1.1 no\""},
    {"550 5.1.1 is unknown", CLEAR, UNKNOWN, KNOWLEDGE_UNKNOWN,
     "RCPT: the server said \"550 5.1.1 no such user\""},
    {"550 without more is unknown", CLEAR, ASKED "S 550 no such user\n", KNOWLEDGE_UNKNOWN, "550"},
    {"550 in several lines is unknown", CLEAR, ASKED "S 550-5.1.1 no\nS 550 5.1.1 user\n",
     KNOWLEDGE_UNKNOWN, "550"},
    {"550 5.4.1, as a large provider says it, is unknown", CLEAR, ASKED "S 550 5.4.1 denied\n",
     KNOWLEDGE_UNKNOWN, "5.4.1"},
    {"551 5.1.6 moved is unknown", CLEAR, ASKED "S 551 5.1.6 moved\n", KNOWLEDGE_UNKNOWN, "551"},
    {"553 5.1.3 bad address is unknown", CLEAR, ASKED "S 553 5.1.3 bad\n", KNOWLEDGE_UNKNOWN,
     "553"},
    {"556 takes no mail is unknown", CLEAR, ASKED "S 556 5.1.10 null MX\n", KNOWLEDGE_UNKNOWN,
     "556"},
    {"550 that calls itself temporary is", CLEAR, ASKED "S 550 4.1.1 later\n",
     KNOWLEDGE_CANNOT_TELL, "550 4.1.1"},
    {"450 is temporary", CLEAR, ASKED "S 450 4.2.0 greylisted\n", KNOWLEDGE_CANNOT_TELL,
     "RCPT: the server said \"450 4.2.0 greylisted\""},
    {"451 is temporary", CLEAR, ASKED "S 451 4.3.0 later\n", KNOWLEDGE_CANNOT_TELL, "451"},
    {"452 is temporary", CLEAR, ASKED "S 452 4.5.3 too many\n", KNOWLEDGE_CANNOT_TELL, "452"},
    {"421 is temporary", CLEAR, ASKED "S 421 4.3.2 going down\nclose\n", KNOWLEDGE_CANNOT_TELL,
     "421"},
    {"354 makes no sense", CLEAR, ASKED "S 354 go on\n", KNOWLEDGE_CANNOT_TELL, "354"},

    /* a 5xx to RCPT that is about us */
    {"530 is about us", CLEAR, ASKED "S 530 5.7.0 TLS first\n", KNOWLEDGE_CANNOT_TELL, "530"},
    {"530 without more is about us", CLEAR, ASKED "S 530 authenticate\n", KNOWLEDGE_CANNOT_TELL,
     "530"},
    {"535 is about us", CLEAR, ASKED "S 535 authenticate\n", KNOWLEDGE_CANNOT_TELL, "535"},
    {"538 is about us", CLEAR, ASKED "S 538 encrypt\n", KNOWLEDGE_CANNOT_TELL, "538"},
    {"503 is about us", CLEAR, ASKED "S 503 5.5.1 need MAIL\n", KNOWLEDGE_CANNOT_TELL, "503"},
    {"500 is about the command", CLEAR, ASKED "S 500 5.5.2 what\n", KNOWLEDGE_CANNOT_TELL, "500"},
    {"501 5.5.2 is about the name of our host", CLEAR,
     ASKED "S 501 5.5.2 <front>: Helo command rejected: Invalid name\n", KNOWLEDGE_CANNOT_TELL,
     "501"},
    {"501 5.1.3 bad address is unknown", CLEAR, ASKED "S 501 5.1.3 bad\n", KNOWLEDGE_UNKNOWN,
     "501"},
    {"502 is about the command", CLEAR, ASKED "S 502 not here\n", KNOWLEDGE_CANNOT_TELL, "502"},
    {"504 5.5.2 is about the name of our host", CLEAR,
     ASKED "S 504 5.5.2 <front>: Helo command rejected: need fully-qualified hostname\n",
     KNOWLEDGE_CANNOT_TELL, "504"},
    {"521 is about the server", CLEAR, ASKED "S 521 takes no mail\n", KNOWLEDGE_CANNOT_TELL, "521"},
    {"550 5.5.0, as a large provider says it, is unknown", CLEAR,
     ASKED "S 550 5.5.0 mailbox unavailable\n", KNOWLEDGE_UNKNOWN, "5.5.0"},
    {"550 5.7.1 is about us", CLEAR, ASKED "S 550 5.7.1 your address is listed\n",
     KNOWLEDGE_CANNOT_TELL, "5.7.1"},
    {"554 5.7.1 relaying denied is about us", CLEAR, ASKED "S 554 5.7.1 relay access denied\n",
     KNOWLEDGE_CANNOT_TELL, "554"},
    {"550 5.7.606 is about us", CLEAR, ASKED "S 550 5.7.606 banned\n", KNOWLEDGE_CANNOT_TELL,
     "5.7.606"},
    {"550 5.7.1 that ends in a line of text alone is about us", CLEAR,
     ASKED "S 550-5.7.1 listed\nS 550 see our pages\n", KNOWLEDGE_CANNOT_TELL, "see our pages"},
    {"550 5.1.8 is about the probe's sender", CLEAR, ASKED "S 550 5.1.8 sender has no domain\n",
     KNOWLEDGE_CANNOT_TELL, "5.1.8"},
    {"550 5.1.7 is about the probe's sender", CLEAR, ASKED "S 550 5.1.7 sender rejected\n",
     KNOWLEDGE_CANNOT_TELL, "5.1.7"},

    /* what comes before RCPT is never about the recipient */
    {"550 to MAIL", CLEAR, HELLO "C MAIL FROM:<>\nS 550 5.1.1 no\n", KNOWLEDGE_CANNOT_TELL,
     "MAIL: the server said \"550 5.1.1 no\""},
    {"451 to MAIL", CLEAR, HELLO "C MAIL FROM:<>\nS 451 4.7.1 later\n", KNOWLEDGE_CANNOT_TELL,
     "MAIL: the server said \"451 4.7.1 later\""},
    {"421 to MAIL", CLEAR, HELLO "C MAIL FROM:<>\nS 421 4.7.1 no\nclose\n", KNOWLEDGE_CANNOT_TELL,
     "421"},
    {"354 to MAIL", CLEAR, HELLO "C MAIL FROM:<>\nS 354 go on\n", KNOWLEDGE_CANNOT_TELL, "354"},
    {"550 to EHLO", CLEAR, "S 220 mx\nC EHLO *\nS 550 5.1.1 no\n", KNOWLEDGE_CANNOT_TELL,
     "EHLO: the server said \"550 5.1.1 no\""},
    {"421 to EHLO", CLEAR, "S 220 mx\nC EHLO *\nS 421 no\nclose\n", KNOWLEDGE_CANNOT_TELL, "EHLO"},
    {"554 instead of a greeting", CLEAR, "S 554 5.7.1 go away\nclose\n", KNOWLEDGE_CANNOT_TELL,
     "greeting: the server said \"554 5.7.1 go away\""},
    {"550 5.1.1 instead of a greeting", CLEAR, "S 550 5.1.1 no\nclose\n", KNOWLEDGE_CANNOT_TELL,
     "greeting"},
    {"421 instead of a greeting", CLEAR, "S 421 too many\nclose\n", KNOWLEDGE_CANNOT_TELL, "421"},
    {"a greeting that looks like an enhanced code", CLEAR,
     "S 220 5.9.10.20 ESMTP\n" EHLO "C MAIL FROM:<>\nS 250 ok\nC RCPT *\nS 250 ok\n",
     KNOWLEDGE_KNOWN, NULL},

    /* broken servers */
    {"the connection is refused", CLEAR, NULL, KNOWLEDGE_CANNOT_TELL, "Connection refused"},
    {"closed before the greeting", CLEAR, "close\n", KNOWLEDGE_CANNOT_TELL, "greeting"},
    {"closed at EHLO", CLEAR, "S 220 mx\nC EHLO *\nclose\n", KNOWLEDGE_CANNOT_TELL, "EHLO"},
    {"closed at MAIL", CLEAR, HELLO "C MAIL *\nclose\n", KNOWLEDGE_CANNOT_TELL,
     "MAIL: read: the server closed the connection"},
    {"closed at RCPT", CLEAR, ASKED "close\n", KNOWLEDGE_CANNOT_TELL,
     "RCPT: read: the server closed the connection"},
    {"reset at RCPT", CLEAR, ASKED "reset\n", KNOWLEDGE_CANNOT_TELL, "RCPT"},
    {"nothing at all", HASTY, "stall\n", KNOWLEDGE_CANNOT_TELL, "greeting: read: timed out"},
    {"nothing at EHLO", HASTY, "S 220 mx\nC EHLO *\nstall\n", KNOWLEDGE_CANNOT_TELL, "timed out"},
    {"nothing at MAIL", HASTY, HELLO "C MAIL *\nstall\n", KNOWLEDGE_CANNOT_TELL, "MAIL"},
    {"nothing at RCPT", HASTY, ASKED "stall\n", KNOWLEDGE_CANNOT_TELL, "RCPT: read: timed out"},
    {"half a yes", CLEAR, ASKED "R 250\nclose\n", KNOWLEDGE_CANNOT_TELL, "closed"},
    {"half a no", CLEAR, ASKED "S 550-5.1.1 no\nclose\n", KNOWLEDGE_CANNOT_TELL, "closed"},
    {"a yes that goes on with a no", CLEAR, ASKED "S 250-yes\nS 550 no\n", KNOWLEDGE_CANNOT_TELL,
     "changed the code"},
    {"no SMTP", CLEAR, ASKED "S no such user\nclose\n", KNOWLEDGE_CANNOT_TELL, "no SMTP reply"},
    {"a NUL in the no", CLEAR, ASKED "R 550 n~o^|\n", KNOWLEDGE_CANNOT_TELL, "NUL"},
    {"a bare CR in the yes", CLEAR, ASKED "R 250 yes^550 no^|\n", KNOWLEDGE_CANNOT_TELL, "CR"},
    {"a no that came before the question", CLEAR,
     HELLO "C MAIL FROM:<>\nR 250 ok^|550 5.1.1 no^|\n", KNOWLEDGE_CANNOT_TELL,
     "RCPT: the server said more than it was asked for"},
    {"a no in two pieces", CLEAR, ASKED "R 55\nR 0 5.1.1 no^|\n", KNOWLEDGE_UNKNOWN, "550"},

    /* TLS */
    {"STARTTLS", "",
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 STARTTLS\nC STARTTLS\nS 220 go\nT\n" EHLO
     "C MAIL FROM:<>\nS 250 ok\nC RCPT TO:<boss@acme.example>\nS 550 5.1.1 no\n",
     KNOWLEDGE_UNKNOWN, "550"},
    {"implicit TLS", "tls = \"implicit\"", "T\n" KNOWN, KNOWLEDGE_KNOWN, NULL},
    {"STARTTLS is not offered: nothing is asked", "", HELLO, KNOWLEDGE_CANNOT_TELL,
     "does not offer STARTTLS"},
    {"STARTTLS is refused: nothing is asked", "",
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 STARTTLS\nC STARTTLS\nS 550 5.1.1 no\n",
     KNOWLEDGE_CANNOT_TELL, "STARTTLS: the server said"},

    /* no AUTH is needed */
    {"a server without AUTH", CLEAR,
     "S 220 mx\n" EHLO_PLAIN "C MAIL FROM:<>\nS 250 ok\nC RCPT TO:<boss@acme.example>\nS 250 ok\n",
     KNOWLEDGE_KNOWN, NULL},

    /* the sender */
    {"a sender of our own", CLEAR " probe_sender = \"Probe@front.example\"",
     HELLO "C MAIL FROM:<Probe@front.example>\nS 250 ok\nC RCPT TO:<boss@acme.example>\nS 250 ok\n",
     KNOWLEDGE_KNOWN, NULL},
    {"a sender that is refused", CLEAR " probe_sender = \"probe@front.example\"",
     HELLO "C MAIL FROM:<probe@front.example>\nS 553 5.1.8 no\n", KNOWLEDGE_CANNOT_TELL,
     "MAIL: the server said \"553 5.1.8 no\""},
};

static void
test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
        const struct conversation *wanted = &conversations[i];
        const char *const scripts[] = {wanted->script, NULL};
        struct smtp_script server;
        struct opened opened;
        struct recipient_result result;
        char settings[256];
        print_message("%s\n", wanted->name);
        snprintf(settings, sizeof settings, "%s\n ca_file = \"%s\"", wanted->settings, ca_path);
        smtp_script_start(&server, scripts, tls_of_this_host);
        open_at(&opened, settings, &server.port, 1);
        assert_int_equal(source_check_recipients(opened.source, NULL), 0);
        ask(&opened, "Boss@Acme.Example", &result);
        assert_int_equal(result.knowledge, wanted->want);
        assert_detail(&result, wanted->want_detail);
        assert_string_equal(result.name, "");
        assert_false(result.was_cached);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *name, *address, *script;
        enum knowledge want;
        const char *want_detail;
    } cases[] = {
        {"a plain one", "a.b+c@acme.example", TAKEN "C RCPT TO:<a.b+c@acme.example>\nS 250 ok\n",
         KNOWLEDGE_KNOWN, NULL},
        {"quotes that are not needed go", "\"ab\"@acme.example",
         TAKEN "C RCPT TO:<ab@acme.example>\nS 250 ok\n", KNOWLEDGE_KNOWN, NULL},
        {"a space", "\"a b\"@acme.example", TAKEN "C RCPT TO:<\"a b\"@acme.example>\nS 250 ok\n",
         KNOWLEDGE_KNOWN, NULL},
        {"what looks like the end of the path", "\"a> SIZE=1\"@acme.example",
         TAKEN "C RCPT TO:<\"a> size=1\"@acme.example>\nS 250 ok\n", KNOWLEDGE_KNOWN, NULL},
        {"quotes and backslashes", "\"a\\\"\\\\b\"@acme.example",
         TAKEN "C RCPT TO:<\"a\\\"\\\\b\"@acme.example>\nS 250 ok\n", KNOWLEDGE_KNOWN, NULL},
        {"two dots", "a..b@acme.example", TAKEN "C RCPT TO:<\"a..b\"@acme.example>\nS 250 ok\n",
         KNOWLEDGE_KNOWN, NULL},
        {"a dot at the end", "a.@acme.example", TAKEN "C RCPT TO:<\"a.\"@acme.example>\nS 250 ok\n",
         KNOWLEDGE_KNOWN, NULL},
        {"a dot at the beginning", ".a@acme.example",
         TAKEN "C RCPT TO:<\".a\"@acme.example>\nS 250 ok\n", KNOWLEDGE_KNOWN, NULL},
        {"an address literal", "a@[IPv6:2001:db8::1]",
         TAKEN "C RCPT TO:<a@[ipv6:2001:db8::1]>\nS 250 ok\n", KNOWLEDGE_KNOWN, NULL},
        {"a name beyond ASCII", "b\xc3\xb6ss@acme.example",
         HELLO "C MAIL FROM:<> SMTPUTF8\nS 250 ok\n"
               "C RCPT TO:<b\xc3\xb6ss@acme.example>\nS 550 5.1.1 no\n",
         KNOWLEDGE_UNKNOWN, "550"},
        {"a name beyond ASCII at a server that does not know such names",
         "b\xc3\xb6ss@acme.example", "S 220 mx\n" EHLO_PLAIN, KNOWLEDGE_CANNOT_TELL,
         "the server does not offer SMTPUTF8, which the address needs"},
        {"SMTPUTF8 that is refused says nothing about the name", "b\xc3\xb6ss@acme.example",
         HELLO "C MAIL FROM:<> SMTPUTF8\nS 555 5.5.4 what\n", KNOWLEDGE_CANNOT_TELL, "MAIL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, NULL};
        struct smtp_script server;
        struct opened opened;
        struct recipient_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, CLEAR, &server.port, 1);
        ask(&opened, cases[i].address, &result);
        assert_int_equal(result.knowledge, cases[i].want);
        assert_detail(&result, cases[i].want_detail);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

/* The parser lets no such address through; the wire has to be safe even if it did. */
static void
test_nothing_but_one_command_goes_over_the_wire(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\"a\r\nDATA\r\n\"@acme.example", "\"a\nDATA\"@acme.example", "\"a\rDATA\"@acme.example",
        "\"a\tb\"@acme.example",          "a\r\n@acme.example",       "a@acme.example\r\nDATA",
    };
    static const struct {
        const char *local, *domain;
    } forged[] = {
        {"a\r\nDATA", "acme.example"}, {"a\nDATA", "acme.example"},   {"a\rDATA", "acme.example"},
        {"a\x7f", "acme.example"},     {"a", "acme.example\r\nDATA"},
    };
    static const char *const scripts[] = {TAKEN, NULL};
    struct mailbox mailbox;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(mailbox_parse(texts[i], strlen(texts[i]), &mailbox, NULL), -1);
    static const char with_nul[] = "\"a\0b\"@acme.example";
    assert_int_equal(mailbox_parse(with_nul, sizeof with_nul - 1, &mailbox, NULL), -1);

    for (size_t i = 0; i <= sizeof forged / sizeof forged[0]; i++) {
        struct smtp_script server;
        struct opened opened;
        struct recipient_result result;
        mailbox = (struct mailbox){.domain = "acme.example"};
        if (i < sizeof forged / sizeof forged[0]) {
            snprintf(mailbox.local, sizeof mailbox.local, "%s", forged[i].local);
            snprintf(mailbox.domain, sizeof mailbox.domain, "%s", forged[i].domain);
        } else {
            /* longer than a command may be, once it is quoted */
            memset(mailbox.local, '"', sizeof mailbox.local - 1);
        }
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, CLEAR, &server.port, 1);
        source_recipient(opened.source, &mailbox, deadline_after(60000), &result);
        assert_int_equal(result.knowledge, KNOWLEDGE_CANNOT_TELL);
        assert_detail(&result, "RCPT: the command was not sent");
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings;
        const char *want; /* an error's end; NULL: it opens */
    } cases[] = {
        {"the empty sender", "probe_sender = \"<>\"", NULL},
        {"a sender", "probe_sender = \"probe@front.example\"", NULL},
        {"a quoted sender", "probe_sender = '\"a b\"@front.example'", NULL},
        {"no sender at all", "probe_sender = \"\"", "probe_sender: is empty"},
        {"a sender without a domain", "probe_sender = \"probe\"",
         "(an address, or \"<>\" for the empty one)"},
        {"a sender in brackets", "probe_sender = \"<probe@front.example>\"", "(an address, or"},
        {"a sender that is more than one command", "probe_sender = \"a@b.example\\r\\nDATA\"",
         "holds a control character"},
        {"a sender beyond ASCII",
         "probe_sender = \"pr\xc3\xb6"
         "be@front.example\"",
         "has a character that is not ASCII"},
        {"nothing is kept", "recipient_cache = 0 recipient_negative_cache = 0", NULL},
        {"kept for a week", "recipient_cache = 7d recipient_negative_cache = 7d", NULL},
        {"kept too long", "recipient_cache = 8d", "recipient_cache"},
        {"a negative time", "recipient_negative_cache = \"-1s\"", "recipient_negative_cache"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opened opened;
        char settings[256];
        print_message("%s\n", cases[i].name);
        snprintf(settings, sizeof settings, "server = {\"127.0.0.1\"} " CLEAR " %s",
                 cases[i].settings);
        open_source(&opened, settings);
        for (size_t j = 0; j < opened.problems.count; j++)
            print_message("    %s\n", problems_line(&opened.problems, j));
        assert_int_equal(opened.source == NULL, cases[i].want != NULL);
        if (cases[i].want == NULL)
            assert_int_equal(opened.problems.count, 0);
        else
            assert_non_null(strstr(problems_line(&opened.problems, 0), cases[i].want));
        close_source(&opened);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_nothing_but_one_command_goes_over_the_wire),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
