/* What nginx mail says of a session: the facts, the client, and what is wrong with the request. */
#include "mail_params.h"

#include <limits.h>

static void
test_greetings(void **state)
{
    static const struct {
        const char *name;
        const char *params[PARAMS_MAX];
        const char *want, *want_malformed;
    } cases[] = {
        {"a recipient's session tells it",
         {SMTP, NONE, "HTTP_AUTH_SMTP_HELO=a.example"},
         "a.example",
         NULL},
        {"a login's does not (nginx 1.22)", {SMTP, PLAIN}, NULL, NULL},
        {"two are malformed",
         {SMTP, NONE, "HTTP_AUTH_SMTP_HELO=a", "HTTP_AUTH_SMTP_HELO=b"},
         "b",
         "Auth-SMTP-Helo came twice"},
        {"what is longer than any host name is none",
         {SMTP, NONE,
          "HTTP_AUTH_SMTP_HELO="
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
         NULL,
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *params[PARAMS_MAX + 1];
        copy_params(cases[i].params, params);
        struct request request;
        request_decode(&request, params);
        expect_text(cases[i].name, "greeting", request.helo, cases[i].want);
        expect_text(cases[i].name, "malformed", request.facts.malformed, cases[i].want_malformed);
        request_fini(&request);
        free_params(params);
    }
}

/* The other facts, and what is wrong with the request as a whole. */
static const struct {
    const char *name;
    const char *params[PARAMS_MAX];
    enum protocol want_protocol;
    enum auth_method want_method;
    const char *want_client; /* NULL: no address */
    bool want_tls;
    unsigned want_attempt;
    const char *want_listener, *want_from, *want_to;
    const char *want_malformed;
} fact_cases[] = {
    {.name = "everything that nginx sends for AUTH",
     .params = {"HTTP_HOST=x", "HTTP_AUTH_METHOD=plain", "HTTP_AUTH_USER=a", "HTTP_AUTH_PASS=b",
                "HTTP_AUTH_PROTOCOL=imap", "HTTP_AUTH_LOGIN_ATTEMPT=2", "HTTP_CLIENT_IP=192.0.2.7",
                "HTTP_AUTH_SSL=on", "HTTP_X_LISTENER=imaps"},
     .want_protocol = PROTOCOL_IMAP,
     .want_method = METHOD_PLAIN,
     .want_client = "192.0.2.7",
     .want_tls = true,
     .want_attempt = 2,
     .want_listener = "imaps"},
    {.name = "everything that nginx sends for a recipient",
     .params = {NONE, SMTP, "HTTP_AUTH_LOGIN_ATTEMPT=1", "HTTP_CLIENT_IP=2001:db8::1",
                "HTTP_AUTH_SMTP_FROM=MAIL FROM:<a@b> SIZE=1", "HTTP_AUTH_SMTP_TO=RCPT TO:<%41@d>",
                "HTTP_X_LISTENER=mx"},
     .want_method = METHOD_NONE,
     .want_client = "2001:db8::1",
     .want_attempt = 1,
     .want_listener = "mx",
     .want_from = "MAIL FROM:<a@b> SIZE=1",
     .want_to = "RCPT TO:<%41@d>"},
    {.name = "with AUTH nobody looks at sender and recipient",
     .params = {PLAIN, SMTP, "HTTP_AUTH_SMTP_FROM=MAIL FROM:<a@b>"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX},
    {.name = "a client on a unix socket has no address",
     .params = {NONE, SMTP, "HTTP_CLIENT_IP=unix:", "HTTP_AUTH_LOGIN_ATTEMPT=1"},
     .want_method = METHOD_NONE,
     .want_attempt = 1},
    {.name = "no client at all has no address",
     .params = {NONE, SMTP},
     .want_method = METHOD_NONE,
     .want_attempt = UINT_MAX},
    {.name = "TLS is on only by the word on",
     .params = {NONE, SMTP, "HTTP_AUTH_SSL=off"},
     .want_method = METHOD_NONE,
     .want_attempt = UINT_MAX},
    {.name = "an unknown method is known to be unknown",
     .params = {SMTP, "HTTP_AUTH_METHOD=PLAIN"},
     .want_method = METHOD_UNKNOWN,
     .want_attempt = UINT_MAX},
    {.name = "no method is malformed",
     .params = {SMTP},
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Method is missing"},
    {.name = "an unknown protocol is malformed",
     .params = {PLAIN, "HTTP_AUTH_PROTOCOL=nntp"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Protocol is not one of smtp, imap, pop3"},
    {.name = "no protocol is malformed",
     .params = {PLAIN},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Protocol is not one of smtp, imap, pop3"},
    {.name = "an attempt that is no number is malformed, and the last one",
     .params = {PLAIN, SMTP, "HTTP_AUTH_LOGIN_ATTEMPT=1x"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Login-Attempt is not a number"},
    {.name = "a negative attempt is malformed",
     .params = {PLAIN, SMTP, "HTTP_AUTH_LOGIN_ATTEMPT=-1"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Login-Attempt is not a number"},
    {.name = "an attempt too large for a number is malformed",
     .params = {PLAIN, SMTP, "HTTP_AUTH_LOGIN_ATTEMPT=4294967297"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Login-Attempt is not a number"},
    {.name = "nginx mail knows no HTTP",
     .params = {PLAIN, "HTTP_AUTH_PROTOCOL=http"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Protocol is not one of smtp, imap, pop3"},
    {.name = "two listeners are malformed",
     .params = {PLAIN, SMTP, "HTTP_X_LISTENER=mx", "HTTP_X_LISTENER=submission"},
     .want_method = METHOD_PLAIN,
     .want_attempt = UINT_MAX,
     .want_listener = "submission",
     .want_malformed = "X-Listener came twice"},
    {.name = "two methods are malformed, though one is none",
     .params = {SMTP, PLAIN, NONE},
     .want_method = METHOD_NONE,
     .want_attempt = UINT_MAX,
     .want_malformed = "Auth-Method came twice"},
};

static void
test_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fact_cases / sizeof fact_cases[0]; i++) {
        const char *name = fact_cases[i].name;
        char *params[PARAMS_MAX + 1];
        copy_params(fact_cases[i].params, params);
        struct request request;
        request_decode(&request, params);
        const struct facts *facts = &request.facts;

        char client[NETADDR_TEXT_MAX];
        if (facts->client.family != NETADDR_NONE)
            netaddr_format(&facts->client, client);
        expect_text(name, "client", facts->client.family != NETADDR_NONE ? client : NULL,
                    fact_cases[i].want_client);
        expect_text(name, "listener", facts->listener, fact_cases[i].want_listener);
        expect_text(name, "sender", facts->mail_from, fact_cases[i].want_from);
        expect_text(name, "recipient", facts->rcpt_to, fact_cases[i].want_to);
        expect_text(name, "malformed", facts->malformed, fact_cases[i].want_malformed);
        if (facts->protocol != fact_cases[i].want_protocol ||
            facts->method != fact_cases[i].want_method || facts->tls != fact_cases[i].want_tls ||
            facts->attempt != fact_cases[i].want_attempt)
            fail_msg("%s: protocol %d method %d tls %d attempt %u", name, (int)facts->protocol,
                     (int)facts->method, facts->tls, facts->attempt);
        request_fini(&request);
        free_params(params);
    }
}

/* nginx lets anybody say a PROXY header, and believes balancers that it has been told of. */
static const struct {
    const char *name;
    const char *params[PARAMS_MAX];
    bool want;
} doubt_cases[] = {
    {"without the PROXY protocol", {SMTP, PLAIN, "HTTP_CLIENT_IP=192.0.2.1"}, false},
    {"nginx believes the balancer",
     {SMTP, PLAIN, "HTTP_CLIENT_IP=192.0.2.1", "HTTP_PROXY_PROTOCOL_ADDR=192.0.2.1"},
     false},
    {"an IPv6 address in another spelling",
     {SMTP, NONE, "HTTP_CLIENT_IP=2001:db8::7", "HTTP_PROXY_PROTOCOL_ADDR=2001:DB8:0:0::7"},
     false},
    {"a balancer's own check",
     {SMTP, NONE, "HTTP_CLIENT_IP=10.0.0.2", "HTTP_PROXY_PROTOCOL_ADDR="},
     false},
    {"nginx does not believe it",
     {SMTP, PLAIN, "HTTP_CLIENT_IP=203.0.113.6", "HTTP_PROXY_PROTOCOL_ADDR=192.0.2.1"},
     true},
    {"with the method none",
     {SMTP, NONE, "HTTP_CLIENT_IP=203.0.113.6", "HTTP_PROXY_PROTOCOL_ADDR=192.0.2.1"},
     true},
    {"by IMAP",
     {"HTTP_AUTH_PROTOCOL=imap", PLAIN, "HTTP_CLIENT_IP=203.0.113.6",
      "HTTP_PROXY_PROTOCOL_ADDR=2001:db8::7"},
     true},
    {"no address at all",
     {SMTP, PLAIN, "HTTP_CLIENT_IP=203.0.113.6", "HTTP_PROXY_PROTOCOL_ADDR=1.2.3"},
     true},
    {"and by a unix socket", {SMTP, PLAIN, "HTTP_PROXY_PROTOCOL_ADDR=192.0.2.1"}, true},
};

static void
test_whether_the_client_is_doubted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubt_cases / sizeof doubt_cases[0]; i++) {
        char *params[PARAMS_MAX + 1];
        copy_params(doubt_cases[i].params, params);
        struct request request;
        request_decode(&request, params);
        if (request.is_client_doubted != doubt_cases[i].want)
            fail_msg("%s: %d", doubt_cases[i].name, request.is_client_doubted);
        assert_null(request.facts.malformed);
        request_fini(&request);
        free_params(params);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_whether_the_client_is_doubted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
