/* One check of a scripted server, in clear and under TLS. */
#include "certificates.h"
#include "smtp_script.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "probe.h"

enum { SHORT_MS = 100, LONG_MS = 20000, DAY_S = 86400 };

/* Whose certificate the server shows, and what the check trusts. */
enum trust {
    TRUST_NOTHING = 0, /* check_ca_file is not set: encryption is enough */
    TRUST_ISSUER,
    TRUST_STRANGER,
    TRUST_OTHER_NAME, /* the issuer, but the server is called something else */
};

static struct certified authority, stranger;
static char authority_path[] = "/tmp/test_probe.XXXXXX", stranger_path[] = "/tmp/test_probe.XXXXXX";
static SSL_CTX *server_tls;

struct probed {
    const char *name;
    enum check check;
    enum check_tls tls;
    enum trust trust;
    const char *script;
    const char *want; /* NULL: it passes; else a part of the error */
    bool is_short;    /* the deadline is to come */
};

static enum probe_state
run(struct probe *probe, struct err *err)
{
    enum probe_state state = PROBE_UNDER_WAY;
    while (state == PROBE_UNDER_WAY) {
        struct pollfd polled = {.fd = probe->fd, .events = probe->events};
        poll(&polled, 1, deadline_left_ms(probe->deadline));
        state = probe_go_on(probe, polled.revents, err);
    }
    return state;
}

static struct tls_context *
trust(enum trust trust)
{
    struct err err = {0};
    const struct tls_settings settings = {.no_verify = trust == TRUST_NOTHING,
                                          .ca_file = trust == TRUST_NOTHING    ? NULL
                                                     : trust == TRUST_STRANGER ? stranger_path
                                                                               : authority_path};
    struct tls_context *context = tls_context_create(&settings, &err);
    assert_non_null(context);
    return context;
}

static void
check_server(const struct probed *one)
{
    const char *const scripts[] = {one->script, NULL};
    const struct probe_plan plan = {one->check, one->tls, trust(one->trust)};
    const char *host = one->trust == TRUST_OTHER_NAME ? "elsewhere.test" : "mail.test";
    struct smtp_script server;
    struct endpoint_text at;
    struct probe probe;
    struct err err = {0};
    char address[32];
    smtp_script_start(&server, scripts, server_tls);
    snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
    assert_int_equal(endpoint_parse(address, 0, &at, NULL), 0);
    const struct deadline deadline = deadline_after(one->is_short ? SHORT_MS : LONG_MS);
    assert_int_equal(probe_begin(&probe, &plan, host, &at.endpoint, deadline, &err), 0);
    enum probe_state state = run(&probe, &err);
    probe_end(&probe);
    smtp_script_stop(&server);
    tls_context_free(plan.context);

    print_message("  %s\n", state == PROBE_PASSED ? "passed" : err.text);
    if (one->want == NULL) {
        assert_int_equal(state, PROBE_PASSED);
        assert_string_equal(server.trouble, "");
    } else {
        assert_int_equal(state, PROBE_FAILED);
        if (strstr(err.text, one->want) == NULL)
            fail_msg("the error is: %s", err.text);
    }
}

static void
test_probes(void **state)
{
    static const struct probed cases[] = {
        {"a connection is enough", CHECK_TCP, CHECK_TLS_NONE, 0, "stall", NULL, false},
        {"SMTP is greeted and asked", CHECK_SMTP, CHECK_TLS_NONE, 0,
         "S 220-mail\nS 220 ESMTP\nC EHLO *\nS 250-mail\nS 250 SIZE\nC QUIT", NULL, false},
        {"IMAP is asked what it can", CHECK_IMAP, CHECK_TLS_NONE, 0,
         "S * OK ready\nC a2 CAPABILITY\nS * CAPABILITY IMAP4rev1\nS a2 OK\nC a3 LOGOUT\nS * BYE\n"
         "S a3 OK",
         NULL, false},
        {"IMAP that knows us already", CHECK_IMAP, CHECK_TLS_NONE, 0,
         "S * PREAUTH\nC a2 CAPABILITY\nS a2 OK\nC a3 LOGOUT", NULL, false},
        {"IMAP that says good-bye at once", CHECK_IMAP, CHECK_TLS_NONE, 0, "S * BYE busy\nstall",
         "the connection was answered by \"* BYE busy\" (not * OK)", false},
        {"IMAP that cannot say what it can", CHECK_IMAP, CHECK_TLS_NONE, 0,
         "S * OK\nC a2 CAPABILITY\nS a2 NO internal error\nstall",
         "CAPABILITY was answered by \"a2 NO internal error\" (not OK)", false},
        {"SMTP where IMAP should be", CHECK_IMAP, CHECK_TLS_NONE, 0, "S 220 mail\nstall",
         "the server does not speak IMAP: \"220 mail\"", false},
        {"IMAP that goes away", CHECK_IMAP, CHECK_TLS_NONE, 0, "S * OK\nC a2 CAPABILITY\nclose",
         "waiting for the answer to CAPABILITY: the server closed the connection", false},
        {"IMAP that stalls", CHECK_IMAP, CHECK_TLS_NONE, 0, "S * OK\nC a2 CAPABILITY\nstall",
         "waiting for the answer to CAPABILITY: timed out", true},
        {"POP3 is asked what it can", CHECK_POP3, CHECK_TLS_NONE, 0,
         "S +OK ready\nC CAPA\nS +OK\nS TOP\nS UIDL\nS .\nC QUIT", NULL, false},
        {"POP3 of old days knows no CAPA", CHECK_POP3, CHECK_TLS_NONE, 0,
         "S +OK ready\nC CAPA\nS -ERR what\nC QUIT", NULL, false},
        {"POP3 that is busy", CHECK_POP3, CHECK_TLS_NONE, 0, "S -ERR busy\nstall",
         "the connection was answered by \"-ERR busy\" (not +OK)", false},
        {"a list without its end", CHECK_POP3, CHECK_TLS_NONE, 0,
         "S +OK ready\nC CAPA\nS +OK\nS TOP\nstall", "waiting for the answer to CAPA: timed out",
         true},

        {"TLS from the first byte", CHECK_TCP, CHECK_TLS_IMPLICIT, 0, "T\nstall", NULL, false},
        {"TLS that nobody speaks", CHECK_TCP, CHECK_TLS_IMPLICIT, 0, "C *\nS 220 mail\nstall",
         "TLS handshake: ", false},
        {"TLS that stalls", CHECK_TCP, CHECK_TLS_IMPLICIT, 0, "stall", "TLS handshake: timed out",
         true},
        {"SMTP under TLS", CHECK_SMTP, CHECK_TLS_IMPLICIT, 0,
         "T\nS 220 mail\nC EHLO *\nS 250 SIZE\nC QUIT", NULL, false},
        {"IMAP under TLS", CHECK_IMAP, CHECK_TLS_IMPLICIT, TRUST_ISSUER,
         "T\nS * OK ready\nC a2 CAPABILITY\nS a2 OK\nC a3 LOGOUT", NULL, false},
        {"POP3 under TLS", CHECK_POP3, CHECK_TLS_IMPLICIT, TRUST_ISSUER,
         "T\nS +OK ready\nC CAPA\nS +OK\nS .\nC QUIT", NULL, false},
        {"under TLS the server may go away, too", CHECK_POP3, CHECK_TLS_IMPLICIT, 0,
         "T\nS +OK ready\nC CAPA\nclose", "TLS read: ", false},
        {"a certificate of a stranger", CHECK_SMTP, CHECK_TLS_IMPLICIT, TRUST_STRANGER, "T\nstall",
         "TLS handshake: the certificate is refused: ", false},
        {"a certificate for another name", CHECK_SMTP, CHECK_TLS_IMPLICIT, TRUST_OTHER_NAME,
         "T\nstall", "TLS handshake: the certificate is refused: hostname mismatch", false},

        {"SMTP starts TLS", CHECK_SMTP, CHECK_TLS_STARTTLS, TRUST_ISSUER,
         "S 220 mail\nC EHLO *\nS 250 STARTTLS\nC STARTTLS\nS 220 go\nT\nC EHLO *\nS 250 SIZE\nC "
         "QUIT",
         NULL, false},
        {"IMAP starts TLS", CHECK_IMAP, CHECK_TLS_STARTTLS, TRUST_ISSUER,
         "S * OK\nC a1 STARTTLS\nS a1 OK\nT\nC a2 CAPABILITY\nS a2 OK\nC a3 LOGOUT", NULL, false},
        {"POP3 starts TLS", CHECK_POP3, CHECK_TLS_STARTTLS, TRUST_ISSUER,
         "S +OK\nC STLS\nS +OK\nT\nC CAPA\nS +OK\nS .\nC QUIT", NULL, false},
        {"SMTP that does not offer it", CHECK_SMTP, CHECK_TLS_STARTTLS, 0,
         "S 220 mail\nC EHLO *\nS 250 SIZE\nC STARTTLS\nS 502 what\nstall",
         "STARTTLS was answered by \"502 what\" (not 220)", false},
        {"IMAP that does not", CHECK_IMAP, CHECK_TLS_STARTTLS, 0,
         "S * OK\nC a1 STARTTLS\nS a1 BAD what\nstall",
         "STARTTLS was answered by \"a1 BAD what\" (not OK)", false},
        {"POP3 that does not", CHECK_POP3, CHECK_TLS_STARTTLS, 0,
         "S +OK\nC STLS\nS -ERR what\nstall", "STLS was answered by \"-ERR what\" (not +OK)",
         false},
        {"a stranger's certificate after STARTTLS", CHECK_IMAP, CHECK_TLS_STARTTLS, TRUST_STRANGER,
         "S * OK\nC a1 STARTTLS\nS a1 OK\nT\nstall", "the certificate is refused", false},
        {"answers injected in clear behind STARTTLS", CHECK_SMTP, CHECK_TLS_STARTTLS, 0,
         "S 220 mail\nC EHLO *\nS 250 x\nC STARTTLS\nR 220 go^|250 x^|\nstall",
         "the server does not speak SMTP", false},
        {"the same by IMAP", CHECK_IMAP, CHECK_TLS_STARTTLS, 0,
         "S * OK\nC a1 STARTTLS\nR a1 OK^|a2 OK^|\nstall", "the server does not speak IMAP", false},
        {"the same by POP3", CHECK_POP3, CHECK_TLS_STARTTLS, 0,
         "S +OK\nC STLS\nR +OK^|+OK^|\nstall", "the server does not speak POP3", false},
        {"a server that fails only under TLS", CHECK_SMTP, CHECK_TLS_STARTTLS, 0,
         "S 220 mail\nC EHLO *\nS 250 x\nC STARTTLS\nS 220 go\nT\nC EHLO *\nS 421 no\nstall",
         "EHLO under TLS was answered by \"421 no\" (not 250)", false},
        {"a handshake that never ends after STARTTLS", CHECK_POP3, CHECK_TLS_STARTTLS, 0,
         "S +OK\nC STLS\nS +OK\nstall", "TLS handshake: timed out", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        check_server(&cases[i]);
    }
}

/* A list that TLS has decrypted in one piece is read to its end, though poll(2) sees nothing of it
 * any more. */
static void
test_long_answers_under_tls(void **state)
{
    char script[4096] = "T\nS +OK ready\nC CAPA\nR +OK^|";
    (void)state;
    size_t length = strlen(script);
    while (length < sizeof script - 64)
        length += (size_t)snprintf(script + length, sizeof script - length, "X-MORE^|");
    snprintf(script + length, sizeof script - length, ".^|\nC QUIT");
    check_server(
        &(struct probed){"", CHECK_POP3, CHECK_TLS_IMPLICIT, TRUST_NOTHING, script, NULL, false});
}

static int
set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's server writes to clients that have gone */
    close(mkstemp(authority_path));
    close(mkstemp(stranger_path));
    authority = certify(NULL, "test CA", NULL, -DAY_S, DAY_S);
    stranger = certify(NULL, "another CA", NULL, -DAY_S, DAY_S);
    certificate_write(&authority, authority_path);
    certificate_write(&stranger, stranger_path);
    struct certified own = certify(&authority, "mail.test", "DNS:mail.test", -DAY_S, DAY_S);
    server_tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(server_tls, own.certificate);
    SSL_CTX_use_PrivateKey(server_tls, own.key);
    certified_free(&own);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(server_tls);
    certified_free(&authority);
    certified_free(&stranger);
    unlink(authority_path);
    unlink(stranger_path);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_long_answers_under_tls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
