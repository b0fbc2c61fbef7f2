/* What a source of type smtp says to a server, over what, and what it makes of the answers. */
#include "smtp_auth_scripts.h"

#define AUTH_CRAM                                                                                  \
    "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH PLAIN CRAM-MD5\nC AUTH CRAM-MD5\nS 334 " CHALLENGE64 \
    "\nC " ANSWER64 "\n"
#define AUTH_LOGIN "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC " USER64 "\n"
#define AUTH_CRAM_ALONE                                                                      \
    "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5\nC AUTH CRAM-MD5\nS 334 " CHALLENGE64 \
    "\nC " ANSWER64 "\n"
#define CHALLENGED   "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5\nC AUTH CRAM-MD5\n"
#define NO_CHALLENGE "AUTH CRAM-MD5: the server's challenge is not one line of base64"
#define ONES         "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTEx"
#define OFFER_TLS    "C EHLO *\nS 250-mx.example\nS 250-AUTH PLAIN LOGIN\nS 250 STARTTLS\n"

struct conversation {
    const char *name, *settings, *script;
    enum verify_outcome want;
    const char *want_detail; /* is part of the detail; NULL: it is empty */
};

static const struct conversation conversations[] = {
    /* what a password is worth */
    {"235 is right", CLEAR, AUTH_PLAIN "S 235 2.7.0 ok\n", VERIFY_OK, NULL},
    {"535 is wrong", CLEAR, AUTH_PLAIN "S 535 5.7.8 no\n", VERIFY_WRONG_PASSWORD,
     "AUTH PLAIN: the server said 535 5.7.8"},
    {"535 in several lines is wrong", CLEAR, AUTH_PLAIN "S 535-5.7.8 no\nS 535 5.7.8 no\n",
     VERIFY_WRONG_PASSWORD, "535 5.7.8"},
    {"454 is temporary", CLEAR, AUTH_PLAIN "S 454 4.7.0 later\n", VERIFY_UNAVAILABLE,
     "AUTH PLAIN: the server said 454 4.7.0"},
    {"421 is temporary", CLEAR, AUTH_PLAIN "S 421 4.3.2 going down\nclose\n", VERIFY_UNAVAILABLE,
     "AUTH PLAIN: the server said 421 4.3.2"},
    {"432 is temporary", CLEAR, AUTH_PLAIN "S 432 4.7.12 change your password\n",
     VERIFY_UNAVAILABLE, "432"},
    {"530 is our configuration", CLEAR, AUTH_PLAIN "S 530 5.7.0 TLS first\n", VERIFY_UNAVAILABLE,
     "530 5.7.0"},
    {"538 is our configuration", CLEAR, AUTH_PLAIN "S 538 5.7.11 TLS first\n", VERIFY_UNAVAILABLE,
     "538 5.7.11"},
    {"534 says nothing about the password", CLEAR, AUTH_PLAIN "S 534 5.7.9 too weak\n",
     VERIFY_UNAVAILABLE, "534 5.7.9"},
    {"504 says nothing about the password", CLEAR, AUTH_PLAIN "S 504 5.5.4 unknown\n",
     VERIFY_UNAVAILABLE, "504 5.5.4"},
    {"502 says nothing about the password", CLEAR, AUTH_PLAIN "S 502 5.5.1 what\n",
     VERIFY_UNAVAILABLE, "502 5.5.1"},
    {"550 says nothing about the password", CLEAR, AUTH_PLAIN "S 550 5.7.1 no\n",
     VERIFY_UNAVAILABLE, "550 5.7.1"},
    {"535 that calls itself temporary is", CLEAR, AUTH_PLAIN "S 535 4.7.0 directory is down\n",
     VERIFY_UNAVAILABLE, "AUTH PLAIN: the server said 535 4.7.0"},
    {"235 that calls itself a failure is no yes", CLEAR, AUTH_PLAIN "S 235 5.7.8 no\n",
     VERIFY_UNAVAILABLE, "AUTH PLAIN: the server said 235 5.7.8"},
    {"250 is not 235", CLEAR, AUTH_PLAIN "S 250 ok\n", VERIFY_UNAVAILABLE, "250"},
    {"334 behind the password is no answer", CLEAR, AUTH_PLAIN "S 334 more\n", VERIFY_UNAVAILABLE,
     "334"},
    {"an echo of the password is not told", CLEAR,
     AUTH_PLAIN "S 500 unknown command AUTH PLAIN " PLAIN64 "\n", VERIFY_UNAVAILABLE,
     "AUTH PLAIN: the server said 500"},

    /* broken servers */
    {"the connection is refused", CLEAR, NULL, VERIFY_UNAVAILABLE, "Connection refused"},
    {"closed before the greeting", CLEAR, "close\n", VERIFY_UNAVAILABLE, "greeting"},
    {"reset before the greeting", CLEAR, "reset\n", VERIFY_UNAVAILABLE, "Connection reset by peer"},
    {"no greeting", HASTY, "stall\n", VERIFY_UNAVAILABLE, "greeting: read: timed out"},
    {"half a greeting", HASTY, "R 220 mx\nstall\n", VERIFY_UNAVAILABLE, "timed out"},
    {"a greeting that never ends", CLEAR, "R 220-mx^|\nclose\n", VERIFY_UNAVAILABLE, "greeting"},
    {"421 instead of a greeting", CLEAR, "S 421 4.3.2 too many\nclose\n", VERIFY_UNAVAILABLE,
     "greeting: the server said \"421 4.3.2 too many\""},
    {"554 instead of a greeting is temporary", CLEAR, "S 554 5.7.1 go away\nclose\n",
     VERIFY_UNAVAILABLE, "554 5.7.1 go away"},
    {"535 instead of a greeting is temporary", CLEAR, "S 535 5.7.8 no\nclose\n", VERIFY_UNAVAILABLE,
     "535"},
    {"235 instead of a greeting is temporary", CLEAR, "S 235 2.7.0 yes\nclose\n",
     VERIFY_UNAVAILABLE, "235"},
    {"another protocol", CLEAR, "S +OK POP3 ready\nclose\n", VERIFY_UNAVAILABLE,
     "a line that is no SMTP reply"},
    {"550 to EHLO is temporary", CLEAR, "S 220 mx\nC EHLO *\nS 550 5.7.1 no\n", VERIFY_UNAVAILABLE,
     "EHLO: the server said \"550 5.7.1 no\""},
    {"421 to EHLO", CLEAR, "S 220 mx\nC EHLO *\nS 421 4.3.2 no\nclose\n", VERIFY_UNAVAILABLE,
     "EHLO"},
    {"the code changes within EHLO's reply", CLEAR,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 550 AUTH PLAIN\n", VERIFY_UNAVAILABLE, "changed the code"},
    {"no answer to AUTH", HASTY, AUTH_PLAIN "stall\n", VERIFY_UNAVAILABLE, "timed out"},
    {"closed instead of an answer to AUTH", CLEAR, AUTH_PLAIN "close\n", VERIFY_UNAVAILABLE,
     "closed the connection"},
    {"reset instead of an answer to AUTH", CLEAR, AUTH_PLAIN "reset\n", VERIFY_UNAVAILABLE,
     "Connection reset"},
    {"garbage instead of an answer to AUTH", CLEAR, AUTH_PLAIN "S ok\nclose\n", VERIFY_UNAVAILABLE,
     "no SMTP reply"},
    {"half a yes", CLEAR, AUTH_PLAIN "R 235\nclose\n", VERIFY_UNAVAILABLE, "closed"},
    {"a yes that goes on with a no", CLEAR, AUTH_PLAIN "S 235-yes\nS 535 no\n", VERIFY_UNAVAILABLE,
     "changed the code"},
    {"a no that never ends", CLEAR, AUTH_PLAIN "S 535-no\nclose\n", VERIFY_UNAVAILABLE, "closed"},
    {"a NUL in the yes", CLEAR, AUTH_PLAIN "R 235 y~es^|\n", VERIFY_UNAVAILABLE, "NUL"},
    {"a bare CR in the no", CLEAR, AUTH_PLAIN "R 535 no^235 yes^|\n", VERIFY_UNAVAILABLE, "CR"},
    {"bare LFs are line ends", CLEAR,
     "R 220 mx|\nC EHLO *\nR 250-mx|250 AUTH PLAIN|\nC AUTH PLAIN " PLAIN64 "\nR 235 ok|\n",
     VERIFY_OK, NULL},
    {"a yes in two pieces", CLEAR, AUTH_PLAIN "R 23\nR 5 2.7.0 ok^|\n", VERIFY_OK, NULL},

    {"a yes that came before the question", CLEAR,
     "S 220 mx\nC EHLO *\nR 250-mx^|250 AUTH PLAIN^|235 yes^|\nC *\n", VERIFY_UNAVAILABLE,
     "said more than it was asked for"},
    {"a yes that came with the prompt", LOGIN_ONLY,
     HELLO "C AUTH LOGIN\nR 334 x^|334 x^|235 yes^|\n", VERIFY_UNAVAILABLE,
     "said more than it was asked for"},

    /* mechanisms */
    {"LOGIN if it is all that is offered", CLEAR,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH LOGIN\n" AUTH_LOGIN
     "S 334 UGFzc3dvcmQ6\nC " PASSWORD64 "\nS 235 ok\n",
     VERIFY_OK, NULL},
    {"LOGIN if it is all that is allowed", LOGIN_ONLY,
     HELLO AUTH_LOGIN "S 334 UGFzc3dvcmQ6\nC " PASSWORD64 "\nS 535 5.7.8 no\n",
     VERIFY_WRONG_PASSWORD, "535 5.7.8"},
    {"LOGIN refused at its start says nothing about the password", LOGIN_ONLY,
     HELLO "C AUTH LOGIN\nS 535 5.7.8 no\n", VERIFY_UNAVAILABLE, "535"},
    {"LOGIN refused at the name", LOGIN_ONLY, HELLO AUTH_LOGIN "S 535 5.7.8 no\n",
     VERIFY_WRONG_PASSWORD, "535"},
    {"LOGIN accepted at the name is nonsense", LOGIN_ONLY, HELLO AUTH_LOGIN "S 235 ok\n",
     VERIFY_UNAVAILABLE, "235"},
    {"LOGIN with 421 at the name", LOGIN_ONLY, HELLO AUTH_LOGIN "S 421 4.7.0 no\n",
     VERIFY_UNAVAILABLE, "421"},
    {"LOGIN cut off at the password", LOGIN_ONLY, HELLO AUTH_LOGIN "S 334 x\nC *\nclose\n",
     VERIFY_UNAVAILABLE, "closed"},
    {"CRAM-MD5 before the others without TLS", CLEAR, AUTH_CRAM "S 235 2.7.0 ok\n", VERIFY_OK,
     NULL},
    {"CRAM-MD5 with a wrong password", CLEAR, AUTH_CRAM "S 535 5.7.8 no\n", VERIFY_WRONG_PASSWORD,
     "AUTH CRAM-MD5: the server said 535 5.7.8"},
    {"CRAM-MD5 only if it is allowed", CLEAR " mechanisms = {\"plain\", \"login\"}",
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5 PLAIN\nC AUTH PLAIN " PLAIN64
     "\nS 235 ok\n",
     VERIFY_OK, NULL},
    {"CRAM-MD5 behind the others within TLS", "tls = \"implicit\"",
     "T\nS 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5 LOGIN\n" AUTH_LOGIN
     "S 334 UGFzc3dvcmQ6\nC " PASSWORD64 "\nS 235 ok\n",
     VERIFY_OK, NULL},
    {"CRAM-MD5 within TLS if it is all that is offered", "tls = \"implicit\"",
     "T\n" AUTH_CRAM_ALONE "S 235 ok\n", VERIFY_OK, NULL},
    {"CRAM-MD5 refused at its start says nothing about the password", CLEAR,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5\nC AUTH CRAM-MD5\nS 535 5.7.8 no\n",
     VERIFY_UNAVAILABLE, "AUTH CRAM-MD5: the server said 535"},
    {"CRAM-MD5 accepted at its start is nonsense", CLEAR,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5\nC AUTH CRAM-MD5\nS 235 ok\n",
     VERIFY_UNAVAILABLE, "235"},
    {"CRAM-MD5 with 504", CLEAR,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH CRAM-MD5\nC AUTH CRAM-MD5\nS 504 5.5.4 what\n",
     VERIFY_UNAVAILABLE, "504 5.5.4"},
    {"a challenge that is no base64 is not answered", CLEAR, CHALLENGED "S 334 <1@mx.example>\n",
     VERIFY_UNAVAILABLE, NO_CHALLENGE},
    {"a challenge without its padding", CLEAR, CHALLENGED "S 334 PDFAbXguZXhhbXBsZT4\n",
     VERIFY_UNAVAILABLE, NO_CHALLENGE},
    {"an empty challenge", CLEAR, CHALLENGED "S 334 \n", VERIFY_UNAVAILABLE, NO_CHALLENGE},
    {"no challenge at all", CLEAR, CHALLENGED "S 334\n", VERIFY_UNAVAILABLE, NO_CHALLENGE},
    {"a challenge in two lines", CLEAR, CHALLENGED "S 334-PDFA\nS 334 bXg+\n", VERIFY_UNAVAILABLE,
     NO_CHALLENGE},
    {"a long challenge", CLEAR,
     CHALLENGED "S 334 PDEx" ONES ONES ONES ONES ONES "MUBteC5leGFtcGxlPg==\n"
                "C *\nS 235 ok\n",
     VERIFY_OK, NULL},
    {"a challenge that is too long to be taken whole", CLEAR,
     CHALLENGED "S 334 PDEx" ONES ONES ONES ONES ONES ONES ONES ONES "MUBteC5leGFtcGxlPg==\n",
     VERIFY_UNAVAILABLE, NO_CHALLENGE},
    {"the old spelling of AUTH", CLEAR,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH=LOGIN PLAIN\nC AUTH PLAIN " PLAIN64 "\nS 235 ok\n",
     VERIFY_OK, NULL},
    {"nothing that is allowed is offered", PLAIN_ONLY,
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH LOGIN CRAM-MD5\n", VERIFY_UNAVAILABLE,
     "the server offers none of the configured mechanisms"},
    {"no AUTH at all", CLEAR, "S 220 mx\nC EHLO *\nS 250-mx\nS 250 SIZE 1000\n", VERIFY_UNAVAILABLE,
     "the server does not offer AUTH on this port"},

    /* TLS */
    {"STARTTLS", "",
     "S 220 mx\n" OFFER_TLS "C STARTTLS\nS 220 go\nT\n" OFFER "C AUTH PLAIN " PLAIN64
     "\nS 235 ok\n",
     VERIFY_OK, NULL},
    {"implicit TLS", "tls = \"implicit\"", "T\n" AUTH_PLAIN "S 235 ok\n", VERIFY_OK, NULL},
    {"a wrong password within TLS", "tls = \"implicit\"", "T\n" AUTH_PLAIN "S 535 5.7.8 no\n",
     VERIFY_WRONG_PASSWORD, "535"},
    {"STARTTLS is not offered: no password", "", HELLO, VERIFY_UNAVAILABLE,
     "does not offer STARTTLS"},
    {"STARTTLS is refused: no password", "", "S 220 mx\n" OFFER_TLS "C STARTTLS\nS 454 4.7.0 no\n",
     VERIFY_UNAVAILABLE, "STARTTLS: the server said \"454 4.7.0 no\""},
    {"bytes behind the go-ahead are refused", "",
     "S 220 mx\n" OFFER_TLS "C STARTTLS\nR 220 go^|235 yes^|\n", VERIFY_UNAVAILABLE,
     "refused to start TLS"},
    {"what was offered in clear is forgotten", "",
     "S 220 mx\n" OFFER_TLS "C STARTTLS\nS 220 go\nT\nC EHLO *\nS 250 mx\n", VERIFY_UNAVAILABLE,
     "does not offer AUTH"},
    {"no handshake", "timeout = \"400ms\"", "S 220 mx\n" OFFER_TLS "C STARTTLS\nS 220 go\nstall\n",
     VERIFY_UNAVAILABLE, "TLS handshake: timed out"},
    {"implicit TLS to a port in clear", "tls = \"implicit\"", "S 220 mx\nclose\n",
     VERIFY_UNAVAILABLE, "TLS"},
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
        struct verify_result result;
        char settings[256];
        print_message("%s\n", wanted->name);
        snprintf(settings, sizeof settings, "%s\n ca_file = \"%s\"", wanted->settings, ca_path);
        smtp_script_start(&server, scripts, tls_of_this_host);
        open_at(&opened, settings, &server.port, 1);
        verify(&opened, PASSWORD, &result);
        assert_int_equal(result.outcome, wanted->want);
        if (wanted->want_detail == NULL)
            assert_string_equal(result.detail, "");
        else if (strstr(result.detail, wanted->want_detail) == NULL)
            assert_string_equal(result.detail, wanted->want_detail);
        assert_null(strstr(result.detail, PLAIN64));
        assert_int_equal(result.wrong_may_be_unknown, wanted->want == VERIFY_WRONG_PASSWORD);
        assert_string_equal(result.account.name,
                            wanted->want == VERIFY_OK ? "boss@acme.example" : "");
        assert_string_equal(result.rule.section_name, "acme-smtp");
        verify_result_fini(&result);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_a_certificate_of_another_name_gets_no_password(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *script;
        enum verify_outcome want;
    } cases[] = {
        {"implicit", "tls = \"implicit\"", "T\nclose\n", VERIFY_UNAVAILABLE},
        {"STARTTLS", "", "S 220 mx\n" OFFER_TLS "C STARTTLS\nS 220 go\nT\nclose\n",
         VERIFY_UNAVAILABLE},
        {"not verified", "tls = \"implicit\" tls_verify = false", "T\n" AUTH_PLAIN "S 235 ok\n",
         VERIFY_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, NULL};
        struct smtp_script server;
        struct opened opened;
        struct verify_result result;
        char settings[256];
        print_message("%s\n", cases[i].name);
        snprintf(settings, sizeof settings, "%s\n ca_file = \"%s\"", cases[i].settings, ca_path);
        smtp_script_start(&server, scripts, tls_of_another);
        open_at(&opened, settings, &server.port, 1);
        verify(&opened, PASSWORD, &result);
        assert_int_equal(result.outcome, cases[i].want);
        if (cases[i].want == VERIFY_UNAVAILABLE &&
            strstr(result.detail, "the certificate is refused") == NULL)
            assert_string_equal(result.detail, "the certificate is refused");
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_a_password_that_does_not_fit_the_line_comes_behind_334(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t length;
        bool want_initial;
    } cases[] = {
        /* "AUTH PLAIN ", four for each three bytes, CR LF: 372 bytes fit, 19 of them are the name
         */
        {"it just fits", 353, true},
        {"it just does not fit", 354, false},
        {"it is as long as any", 1024, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char password[1025];
        memset(password, 'x', cases[i].length);
        password[cases[i].length] = '\0';
        const char *const scripts[] = {
            cases[i].want_initial ? HELLO
                "C AUTH PLAIN AGJvc3NAYWNtZS5leGFtcGxlAHh4eHh4*\nS 235 ok\n"
                                  : HELLO "C AUTH PLAIN\nS 334 \n"
                                          "C AGJvc3NAYWNtZS5leGFtcGxlAHh4eHh4*\nS 235 ok\n",
            NULL};
        struct smtp_script server;
        struct opened opened;
        struct verify_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, CLEAR, &server.port, 1);
        verify(&opened, password, &result);
        assert_int_equal(result.outcome, VERIFY_OK);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_an_empty_auth_plain_that_is_refused_is_not_judged(void **state)
{
    (void)state;
    char password[1025];
    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    static const char *const scripts[] = {HELLO "C AUTH PLAIN\nS 535 5.7.8 no\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR, &server.port, 1);
    verify(&opened, password, &result);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    close_source(&opened);
    smtp_script_stop(&server);
    assert_string_equal(server.trouble, "");
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
        {"the least", "server = {\"mx.example\"}", true, NULL},
        {"TLS from the start", "server = {\"mx.example:465\"} tls = \"implicit\"", true, NULL},
        {"a unix socket", "server = {\"unix:/run/smtp\"} tls = \"none\"", true, NULL},
        {"in clear on this host", "server = {\"127.0.0.1:25\", \"[::1]:25\"} tls = \"none\"", true,
         NULL},
        {"no server", "", false, "server"},
        {"an empty list of servers", "server = {}", false, "server"},
        {"a malformed server", "server = {\"mx.example:0\"}", false, "server"},
        {"no mechanism", "server = {\"mx.example\"} mechanisms = {}", false, "mechanisms"},
        {"a mechanism that there is not", "server = {\"mx.example\"} mechanisms = {\"gssapi\"}",
         false, "mechanisms"},
        {"no connection", "server = {\"mx.example\"} connections = 0", false, "connections"},
        {"a CA file that is not there", "server = {\"mx.example\"} ca_file = \"/nowhere/ca.pem\"",
         false, "ca_file"},
        {"a certificate of ours that is not there",
         "server = {\"mx.example\"} cert_file = \"/nowhere/own.pem\"", false,
         "cert_file: cannot read the certificate in /nowhere/own.pem: No such file or directory"},
        {"a key without a certificate", "server = {\"mx.example\"} key_file = \"/nowhere/own.key\"",
         false,
         "key_file: the key in /nowhere/own.key is of no use without its certificate (cert_file)"},
        {"a certificate of ours without TLS",
         "server = {\"127.0.0.1\"} tls = \"none\" cert_file = \"/nowhere/own.pem\"", false,
         "cert_file: is shown by TLS only, and tls = \"none\""},
        {"answers are kept for a day at most", "server = {\"mx.example\"} cache = 25h", false,
         "cache"},
        {"TLS over a unix socket", "server = {\"unix:/run/smtp\"}", false,
         "has no name that a certificate could have (tls = \"none\")"},
        {"in clear over the network is a warning", "server = {\"mx.example\"} tls = \"none\"", true,
         "passwords go to mx.example in clear (tls = \"starttls\" or \"implicit\")"},
        {"not to verify is a warning", "server = {\"mx.example\"} tls_verify = false", true,
         "anybody on the way to the servers can read the passwords"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opened opened;
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
        cmocka_unit_test(test_a_certificate_of_another_name_gets_no_password),
        cmocka_unit_test(test_a_password_that_does_not_fit_the_line_comes_behind_334),
        cmocka_unit_test(test_an_empty_auth_plain_that_is_refused_is_not_judged),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
