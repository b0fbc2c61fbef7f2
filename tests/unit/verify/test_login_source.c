/* What sources of types imap and pop3 say to a server, over what, and what they make of the
 * answers. */
#include "login_scripts.h"
#include "login_source.h"

#define IMAP_PLAIN_LATER \
    IMAP_HELLO("AUTH=PLAIN") "C " TAG "AUTHENTICATE PLAIN\nS + \nC " PLAIN64 "\n"
#define IMAP_LOGIN              \
    IMAP_HELLO("AUTH=CRAM-MD5") \
    "C " TAG "LOGIN {17}\nS + go\nC boss@acme.example {11}\nS + go\nC " PASSWORD "\n"

#define POP3_USER POP3_HELLO("S USER\n") "C USER boss@acme.example\nS +OK\nC PASS " PASSWORD "\n"

struct conversation {
    const char *name, *type, *settings, *script;
    enum verify_outcome want;
    const char *want_detail; /* is part of the detail; NULL: it is empty */
};

static const struct conversation conversations[] = {
    /* what a password is worth */
    {"IMAP: PLAIN at once is right", "imap", CLEAR, IMAP_PLAIN "S " TAG "OK in\n" IMAP_BYE,
     VERIFY_OK, NULL},
    {"IMAP: PLAIN in two steps is right", "imap", CLEAR,
     IMAP_PLAIN_LATER "S " TAG "OK in\n" IMAP_BYE, VERIFY_OK, NULL},
    {"IMAP: LOGIN is right", "imap", CLEAR, IMAP_LOGIN "S " TAG "OK in\n" IMAP_BYE, VERIFY_OK,
     NULL},
    {"IMAP: capabilities before the OK", "imap", CLEAR,
     IMAP_PLAIN "S * CAPABILITY IMAP4rev1\nS " TAG "OK in\n" IMAP_BYE, VERIFY_OK, NULL},
    {"IMAP: NO is wrong", "imap", CLEAR, IMAP_PLAIN "S " TAG "NO no\n" IMAP_BYE,
     VERIFY_WRONG_PASSWORD, "AUTHENTICATE PLAIN: the server said NO"},
    {"IMAP: AUTHENTICATIONFAILED is wrong", "imap", CLEAR,
     IMAP_LOGIN "S " TAG "NO [AUTHENTICATIONFAILED] no\n" IMAP_BYE, VERIFY_WRONG_PASSWORD,
     "LOGIN: the server said NO [AUTHENTICATIONFAILED]"},
    {"IMAP: EXPIRED", "imap", CLEAR, IMAP_PLAIN "S " TAG "NO [EXPIRED] no\n" IMAP_BYE,
     VERIFY_PASSWORD_EXPIRED, "NO [EXPIRED]"},
    {"IMAP: CONTACTADMIN", "imap", CLEAR, IMAP_PLAIN "S " TAG "NO [CONTACTADMIN] no\n" IMAP_BYE,
     VERIFY_DISABLED, "NO [CONTACTADMIN]"},
    {"IMAP: UNAVAILABLE is temporary", "imap", CLEAR,
     IMAP_PLAIN "S " TAG "NO [UNAVAILABLE] later\n" IMAP_BYE, VERIFY_UNAVAILABLE,
     "NO [UNAVAILABLE]"},
    {"IMAP: PRIVACYREQUIRED is our configuration", "imap", CLEAR,
     IMAP_PLAIN "S " TAG "NO [PRIVACYREQUIRED] TLS\n" IMAP_BYE, VERIFY_UNAVAILABLE,
     "NO [PRIVACYREQUIRED]"},
    {"IMAP: BAD is temporary", "imap", CLEAR, IMAP_PLAIN "S " TAG "BAD what\n" IMAP_BYE,
     VERIFY_UNAVAILABLE, "the server said BAD"},
    {"IMAP: BYE is temporary", "imap", CLEAR, IMAP_PLAIN "S * BYE going down\nclose\n",
     VERIFY_UNAVAILABLE, "the server said BYE"},
    {"IMAP: an OK of libcurl's tag is no yes", "imap", CLEAR, IMAP_PLAIN "S A002 OK in\n" IMAP_BYE,
     VERIFY_UNAVAILABLE, "something that is no answer"},
    {"IMAP: AUTHORIZATIONFAILED is not allowed", "imap", CLEAR,
     IMAP_PLAIN "S " TAG "NO [AUTHORIZATIONFAILED] no\n" IMAP_BYE, VERIFY_NOT_ALLOWED,
     "NO [AUTHORIZATIONFAILED]"},
    {"POP3: PLAIN is right", "pop3", CLEAR, POP3_PLAIN "S +OK in\n", VERIFY_OK, NULL},
    {"POP3: USER and PASS are right", "pop3", CLEAR, POP3_USER "S +OK in\n", VERIFY_OK, NULL},
    {"POP3: a server without CAPA", "pop3", CLEAR,
     "S +OK hello\nC CAPA\nS -ERR what\nC USER boss@acme.example\nS +OK\nC PASS " PASSWORD
     "\nS +OK\n",
     VERIFY_OK, NULL},
    {"POP3: PLAIN is wrong", "pop3", CLEAR, POP3_PLAIN "S -ERR [AUTH] no\n", VERIFY_WRONG_PASSWORD,
     "AUTH PLAIN: the server said -ERR [AUTH]"},
    {"POP3: PASS is wrong", "pop3", CLEAR, POP3_USER "S -ERR no\n", VERIFY_WRONG_PASSWORD,
     "PASS: the server said -ERR"},
    {"POP3: a name that it never heard of", "pop3", CLEAR,
     POP3_HELLO("S USER\n") "C USER boss@acme.example\nS -ERR never heard of it\n",
     VERIFY_WRONG_PASSWORD, "USER: the server said -ERR"},
    {"POP3: SYS/TEMP is temporary", "pop3", CLEAR, POP3_USER "S -ERR [SYS/TEMP] later\n",
     VERIFY_UNAVAILABLE, "-ERR [SYS/TEMP]"},
    {"POP3: IN-USE is temporary", "pop3", CLEAR, POP3_PLAIN "S -ERR [IN-USE] locked\n",
     VERIFY_UNAVAILABLE, "-ERR [IN-USE]"},

    /* mechanisms */
    {"IMAP: only what is allowed", "imap", LOGIN_ONLY,
     IMAP_HELLO("AUTH=PLAIN SASL-IR") "C " TAG "LOGIN {17}\nS + \nC boss@acme.example {11}\nS + \n"
                                      "C " PASSWORD "\nS " TAG "OK in\n" IMAP_BYE,
     VERIFY_OK, NULL},
    {"IMAP: nothing that is allowed is offered", "imap", PLAIN_ONLY,
     IMAP_HELLO("AUTH=LOGIN AUTH=CRAM-MD5") IMAP_BYE, VERIFY_UNAVAILABLE,
     "the server offers none of the configured mechanisms"},
    {"IMAP: LOGIN is disabled", "imap", CLEAR, IMAP_HELLO("LOGINDISABLED") IMAP_BYE,
     VERIFY_UNAVAILABLE, "the server offers none of the configured mechanisms"},
    {"IMAP: whoever connects is somebody", "imap", CLEAR,
     "S * PREAUTH hello\n" IMAP_OFFER("A001", "AUTH=PLAIN") IMAP_BYE, VERIFY_UNAVAILABLE,
     "PREAUTH"},
    {"POP3: nothing that is allowed is offered", "pop3", CLEAR, POP3_HELLO("S SASL CRAM-MD5\n"),
     VERIFY_UNAVAILABLE, "the server offers none of the configured mechanisms"},

    /* broken servers */
    {"IMAP: the connection is refused", "imap", CLEAR, NULL, VERIFY_UNAVAILABLE,
     "Connection refused"},
    {"IMAP: closed before the greeting", "imap", CLEAR, "close\n", VERIFY_UNAVAILABLE, "greeting"},
    /* It may come before the connection counts as made. */
    {"IMAP: reset before the greeting", "imap", CLEAR, "reset\n", VERIFY_UNAVAILABLE, "127.0.0.1"},
    {"IMAP: no greeting", "imap", HASTY, "stall\n", VERIFY_UNAVAILABLE, "greeting: timed out"},
    {"IMAP: half a greeting", "imap", HASTY, "R * OK\nstall\n", VERIFY_UNAVAILABLE, "timed out"},
    {"IMAP: BYE instead of a greeting", "imap", CLEAR, "S * BYE too many\nclose\n",
     VERIFY_UNAVAILABLE, "the server said \"* BYE too many\""},
    {"IMAP: another protocol", "imap", CLEAR, "S 220 mx ESMTP\nclose\n", VERIFY_UNAVAILABLE,
     "greeting"},
    {"IMAP: nothing after the greeting", "imap", HASTY, "S * OK hello\nC *\nstall\n",
     VERIFY_UNAVAILABLE, "timed out after \"* OK hello\""},
    {"IMAP: a yes that came before the question", "imap", HASTY,
     "S * OK hello\nC A001 CAPABILITY\nR * CAPABILITY AUTH=PLAIN^|A001 OK^|mailreeve OK^|\nC *\n"
     "stall\n",
     VERIFY_UNAVAILABLE, NULL},
    {"IMAP: a yes that came before the password", "imap", HASTY,
     IMAP_HELLO("AUTH=PLAIN") "C " TAG "AUTHENTICATE PLAIN\nR + ^|" TAG "OK in^|\nC *\nstall\n",
     VERIFY_UNAVAILABLE, "more than it was asked for"},
    {"POP3: a yes that came before the password", "pop3", HASTY,
     POP3_HELLO("S SASL PLAIN\n") "C AUTH PLAIN\nR + ^|+OK in^|\nC *\nstall\n", VERIFY_UNAVAILABLE,
     "more than it was asked for"},
    {"POP3: a yes that came before the password, to the name", "pop3", HASTY,
     POP3_HELLO("S USER\n") "C USER boss@acme.example\nR +OK^|+OK in^|\nC *\nstall\n",
     VERIFY_UNAVAILABLE, "more than it was asked for"},
    {"IMAP: no answer to the password", "imap", HASTY, IMAP_PLAIN "stall\n", VERIFY_UNAVAILABLE,
     "login: timed out"},
    {"IMAP: closed instead of an answer", "imap", CLEAR, IMAP_PLAIN "close\n", VERIFY_UNAVAILABLE,
     "login: the server closed the connection"},
    {"IMAP: reset instead of an answer", "imap", CLEAR, IMAP_PLAIN "reset\n", VERIFY_UNAVAILABLE,
     "login: "},
    {"IMAP: half a yes", "imap", CLEAR, IMAP_PLAIN "R " TAG "OK\nclose\n", VERIFY_UNAVAILABLE,
     "closed"},
    {"IMAP: a NUL in the yes", "imap", CLEAR, IMAP_PLAIN "R " TAG "OK y~es^|\n" IMAP_BYE,
     VERIFY_UNAVAILABLE, "something that is no answer"},
    {"IMAP: a yes in two pieces", "imap", CLEAR, IMAP_PLAIN "R mailree\nR ve OK ok^|\n" IMAP_BYE,
     VERIFY_OK, NULL},
    {"IMAP: a bare LF is a line end", "imap", CLEAR, IMAP_PLAIN "R " TAG "OK|\n" IMAP_BYE,
     VERIFY_OK, NULL},
    {"POP3: closed before the greeting", "pop3", CLEAR, "close\n", VERIFY_UNAVAILABLE, "greeting"},
    {"POP3: no greeting", "pop3", HASTY, "stall\n", VERIFY_UNAVAILABLE, "greeting: timed out"},
    {"POP3: -ERR instead of a greeting", "pop3", CLEAR, "S -ERR [SYS/TEMP] no\nclose\n",
     VERIFY_UNAVAILABLE, "the server said \"-ERR [SYS/TEMP] no\""},
    {"POP3: no answer to the password", "pop3", HASTY, POP3_USER "stall\n", VERIFY_UNAVAILABLE,
     "login: timed out"},
    {"POP3: closed instead of an answer", "pop3", CLEAR, POP3_PLAIN "close\n", VERIFY_UNAVAILABLE,
     "closed"},
    {"POP3: half a yes", "pop3", CLEAR, POP3_PLAIN "R +OK\nclose\n", VERIFY_UNAVAILABLE, "closed"},

    /* TLS */
    {"IMAP: STARTTLS", "imap", "",
     IMAP_HELLO("STARTTLS LOGINDISABLED") "C A002 STARTTLS\nS A002 OK go\nT\n" IMAP_OFFER(
         "A003", "AUTH=PLAIN SASL-IR") "C " TAG "AUTHENTICATE PLAIN " PLAIN64 "\nS " TAG
                                       "OK in\n" IMAP_BYE,
     VERIFY_OK, NULL},
    {"IMAP: implicit TLS", "imap", "tls = \"implicit\"",
     "T\n" IMAP_PLAIN "S " TAG "OK in\n" IMAP_BYE, VERIFY_OK, NULL},
    {"IMAP: a wrong password within TLS", "imap", "tls = \"implicit\"",
     "T\n" IMAP_PLAIN "S " TAG "NO in\n" IMAP_BYE, VERIFY_WRONG_PASSWORD, "NO"},
    {"IMAP: STARTTLS is not offered: no password", "imap", "", IMAP_HELLO("AUTH=PLAIN SASL-IR"),
     VERIFY_UNAVAILABLE, "STARTTLS not available"},
    {"IMAP: STARTTLS is refused: no password", "imap", "",
     IMAP_HELLO("STARTTLS AUTH=PLAIN") "C A002 STARTTLS\nS A002 NO no\n", VERIFY_UNAVAILABLE,
     "STARTTLS denied"},
    {"IMAP: PREAUTH instead of STARTTLS: no password", "imap", "",
     "S * PREAUTH hello\n" IMAP_OFFER("A001", "STARTTLS AUTH=PLAIN"), VERIFY_UNAVAILABLE,
     "STARTTLS not available"},
    {"IMAP: bytes behind the go-ahead are refused", "imap", "",
     IMAP_HELLO("STARTTLS") "C A002 STARTTLS\nR A002 OK^|mailreeve OK^|\n", VERIFY_UNAVAILABLE,
     "greeting"},
    {"IMAP: no handshake", "imap", "timeout = \"400ms\"",
     IMAP_HELLO("STARTTLS") "C A002 STARTTLS\nS A002 OK go\nstall\n", VERIFY_UNAVAILABLE,
     "timed out"},
    {"IMAP: implicit TLS to a port in clear", "imap", "tls = \"implicit\"", "S * OK hello\nclose\n",
     VERIFY_UNAVAILABLE, "greeting"},
    {"POP3: STARTTLS", "pop3", "",
     POP3_HELLO("S STLS\n") "C STLS\nS +OK go\nT\n" POP3_OFFER(
         "S SASL PLAIN\n") "C AUTH PLAIN\nS + \nC " PLAIN64 "\nS +OK in\n",
     VERIFY_OK, NULL},
    {"POP3: implicit TLS", "pop3", "tls = \"implicit\"", "T\n" POP3_USER "S +OK in\n", VERIFY_OK,
     NULL},
    {"POP3: STLS is not offered: no password", "pop3", "", POP3_HELLO("S SASL PLAIN\n"),
     VERIFY_UNAVAILABLE, "STLS not supported"},
    {"POP3: bytes behind the go-ahead are refused", "pop3", "",
     POP3_HELLO("S STLS\n") "C STLS\nR +OK^|+OK^|\n", VERIFY_UNAVAILABLE, "greeting"},
};

/* Said about the account that was asked about: no outage that could be bridged. */
static const struct conversation about_the_account[] = {
    {"IMAP: an echo of the password is not told", "imap", CLEAR,
     IMAP_PLAIN "S " TAG "NO [" PLAIN64 "] " PLAIN64 "\n" IMAP_BYE, VERIFY_UNAVAILABLE,
     "NO with a code that says nothing"},
    {"IMAP: what is about the account is no outage", "imap", CLEAR,
     IMAP_PLAIN "S " TAG "NO [NOPERM] not you\n" IMAP_BYE, VERIFY_UNAVAILABLE, "NO [NOPERM]"},
};

static void
hear_one(const struct conversation *wanted, bool want_answered)
{
    const char *const scripts[] = {wanted->script, NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    char settings[256];
    snprintf(settings, sizeof settings, "%s\n %s%s%s", wanted->settings,
             strstr(wanted->settings, "none") == NULL ? "ca_file = \"" : "",
             strstr(wanted->settings, "none") == NULL ? ca_path : "",
             strstr(wanted->settings, "none") == NULL ? "\"" : "");
    bench_type = wanted->type;
    smtp_script_start(&server, scripts, tls_of_this_host);
    open_at(&opened, settings, &server.port, 1);
    verify(&opened, PASSWORD, &result);
    print_message("    %s\n", result.detail);
    assert_int_equal(result.outcome, wanted->want);
    assert_int_equal(result.has_answered, want_answered);
    if (wanted->want_detail != NULL && strstr(result.detail, wanted->want_detail) == NULL)
        assert_string_equal(result.detail, wanted->want_detail);
    if (wanted->want == VERIFY_OK)
        assert_string_equal(result.detail, "");
    assert_null(strstr(result.detail, PLAIN64));
    assert_null(strstr(result.detail, PASSWORD));
    assert_int_equal(result.wrong_may_be_unknown, wanted->want == VERIFY_WRONG_PASSWORD);
    assert_string_equal(result.account.name, wanted->want == VERIFY_OK ? "boss@acme.example" : "");
    verify_result_fini(&result);
    close_source(&opened);
    smtp_script_stop(&server);
    assert_string_equal(server.trouble, "");
}

static void
test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
        print_message("%s\n", conversations[i].name);
        hear_one(&conversations[i], false);
    }
}

static void
test_what_is_said_about_the_account_is_no_outage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof about_the_account / sizeof about_the_account[0]; i++) {
        print_message("%s\n", about_the_account[i].name);
        hear_one(&about_the_account[i], true);
    }
}

static void
test_a_certificate_of_another_name_gets_no_password(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type, *settings, *script;
        enum verify_outcome want;
    } cases[] = {
        {"implicit", "imap", "tls = \"implicit\"", "T\nclose\n", VERIFY_UNAVAILABLE},
        {"STARTTLS", "imap", "", IMAP_HELLO("STARTTLS") "C A002 STARTTLS\nS A002 OK go\nT\nclose\n",
         VERIFY_UNAVAILABLE},
        {"STLS", "pop3", "", POP3_HELLO("S STLS\n") "C STLS\nS +OK go\nT\nclose\n",
         VERIFY_UNAVAILABLE},
        {"not verified", "imap", "tls = \"implicit\" tls_verify = false",
         "T\n" IMAP_PLAIN "S " TAG "OK in\n" IMAP_BYE, VERIFY_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, NULL};
        struct smtp_script server;
        struct opened opened;
        struct verify_result result;
        char settings[256];
        print_message("%s\n", cases[i].name);
        snprintf(settings, sizeof settings, "%s\n ca_file = \"%s\"", cases[i].settings, ca_path);
        bench_type = cases[i].type;
        smtp_script_start(&server, scripts, tls_of_another);
        open_at(&opened, settings, &server.port, 1);
        verify(&opened, PASSWORD, &result);
        print_message("    %s\n", result.detail);
        assert_int_equal(result.outcome, cases[i].want);
        if (cases[i].want == VERIFY_UNAVAILABLE)
            assert_non_null(strstr(result.detail, "certificate"));
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_a_long_line_is_no_answer(void **state)
{
    (void)state;
    static char script[8192];
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    bench_type = "imap";
    snprintf(script, sizeof script, "%s", IMAP_PLAIN);
    for (int i = 0; i < 5; i++)
        snprintf(script + strlen(script), sizeof script - strlen(script), "R %s%01000d\n",
                 i == 0 ? TAG "OK " : "", 0);
    const char *const scripts[] = {strcat(script, "close\n"), NULL};
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR, &server.port, 1);
    verify(&opened, PASSWORD, &result);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_non_null(strstr(result.detail, "a line of more than 4096 bytes"));
    close_source(&opened);
    smtp_script_stop(&server);
}

static void
test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings;
        bool want_open;
        const char *want; /* a problem's end; NULL: none */
    } cases[] = {
        {"the least", "server = {\"imap.example\"}", true, NULL},
        {"several, with ports", "server = {\"a.example:1143\", \"b.example\", \"[2001:db8::1]\"}",
         true, NULL},
        {"in clear on this host", "server = {\"127.0.0.1\", \"[::1]\"} tls = \"none\"", true, NULL},
        {"no server", "", false, "server"},
        {"a malformed server", "server = {\"imap.example:0\"}", false, "server"},
        {"a unix socket", "server = {\"unix:/run/imap\"}", false,
         "is no host (write HOST or HOST:PORT)"},
        {"no mechanism", "server = {\"imap.example\"} mechanisms = {}", false, "mechanisms"},
        {"a mechanism that there is not", "server = {\"imap.example\"} mechanisms = {\"ntlm\"}",
         false, "mechanisms"},
        {"a CA file that is not there", "server = {\"imap.example\"} ca_file = \"/nowhere/ca.pem\"",
         false, "/nowhere/ca.pem"},
        {"a CA file without TLS",
         "server = {\"127.0.0.1\"} tls = \"none\" ca_file = \"/nowhere/ca.pem\"", true,
         "it has no effect with tls = \"none\""},
        {"in clear over the network is a warning", "server = {\"imap.example\"} tls = \"none\"",
         true, "passwords go to imap.example in clear (tls = \"starttls\" or \"implicit\")"},
        {"not to verify is a warning", "server = {\"imap.example\"} tls_verify = false", true,
         "anybody on the way to the servers can read the passwords"},
        {"what is not remembered is not there when the servers are down",
         "server = {\"imap.example\"} cache = 0 cache_when_down = true", true,
         "right passwords are remembered for a day all the same, for outages (cache = 0)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opened opened;
        bench_type = i % 2 == 0 ? "imap" : "pop3";
        print_message("%s\n", cases[i].name);
        open_source(&opened, cases[i].settings);
        for (size_t j = 0; j < opened.problems.count; j++)
            print_message("    %s\n", problems_line(&opened.problems, j));
        assert_int_equal(opened.source != NULL, cases[i].want_open);
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
        cmocka_unit_test(test_what_is_said_about_the_account_is_no_outage),
        cmocka_unit_test(test_a_certificate_of_another_name_gets_no_password),
        cmocka_unit_test(test_a_long_line_is_no_answer),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
