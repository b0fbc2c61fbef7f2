#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "given_params.h"
#include "web_request.h"

/* The logins in base64: RFC 7617's own example, and so on. */
#define ALADDIN       "HTTP_AUTHORIZATION=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
#define TEST_123_UTF8 "HTTP_AUTHORIZATION=Basic dGVzdDoxMjPCow=="

static const struct {
    const char *name;
    const char *params[PARAMS_MAX];
    const char *want_user, *want_password; /* NULL: none */
    size_t want_password_length;           /* 0: of the text */
    const char *want_malformed;
} logins[] = {
    {.name = "the login of RFC 7617 2",
     .params = {ALADDIN},
     .want_user = "Aladdin",
     .want_password = "open sesame"},
    {.name = "the password of RFC 7617 2.1 is UTF-8",
     .params = {TEST_123_UTF8},
     .want_user = "test",
     .want_password = "123\xc2\xa3"},
    {.name = "the scheme is a word in any case",
     .params = {"HTTP_AUTHORIZATION=bASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
     .want_user = "Aladdin",
     .want_password = "open sesame"},
    {.name = "several spaces may stand behind it",
     .params = {"HTTP_AUTHORIZATION=Basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
     .want_user = "Aladdin",
     .want_password = "open sesame"},
    {.name = "a password may hold colons, a name may not",
     .params = {"HTTP_AUTHORIZATION=Basic YTpiOmM6"},
     .want_user = "a",
     .want_password = "b:c:"},
    {.name = "an empty password is there, with no bytes",
     .params = {"HTTP_AUTHORIZATION=Basic YW5uYTo="},
     .want_user = "anna",
     .want_password = ""},
    {.name = "an empty name is there, with no bytes: policy refuses it",
     .params = {"HTTP_AUTHORIZATION=Basic OndvcmQ="},
     .want_user = "",
     .want_password = "word"},
    {.name = "a NUL in a password stays visible",
     .params = {"HTTP_AUTHORIZATION=Basic YTpiAGM="},
     .want_user = "a",
     .want_password = "b\0c",
     .want_password_length = 3},
    {.name = "no login at all",
     .params = {"REMOTE_ADDR=192.0.2.1"},
     .want_malformed = "Authorization is missing"},
    {.name = "an empty header, as nginx sends it where there is none",
     .params = {"HTTP_AUTHORIZATION="},
     .want_malformed = "Authorization is not Basic"},
    {.name = "another scheme",
     .params = {"HTTP_AUTHORIZATION=Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
     .want_malformed = "Authorization is not Basic"},
    {.name = "the scheme alone",
     .params = {"HTTP_AUTHORIZATION=Basic"},
     .want_malformed = "Authorization is not Basic"},
    {.name = "the scheme and nothing behind it",
     .params = {"HTTP_AUTHORIZATION=Basic "},
     .want_malformed = "the login in Authorization has no colon"},
    {.name = "a scheme that only begins the same",
     .params = {"HTTP_AUTHORIZATION=Basically QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
     .want_malformed = "Authorization is not Basic"},
    {.name = "what is not base64",
     .params = {"HTTP_AUTHORIZATION=Basic Aladdin:open"},
     .want_malformed = "the login in Authorization is not base64"},
    {.name = "base64 with something behind it",
     .params = {"HTTP_AUTHORIZATION=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==, x"},
     .want_malformed = "the login in Authorization is not base64"},
    {.name = "a name without a colon",
     .params = {"HTTP_AUTHORIZATION=Basic QWxhZGRpbg=="},
     .want_malformed = "the login in Authorization has no colon"},
    {.name = "two logins: whose would hold?",
     .params = {ALADDIN, TEST_123_UTF8},
     .want_user = "test",
     .want_password = "123\xc2\xa3",
     .want_malformed = "Authorization came twice"},
};

static bool
is_same(const char *bytes, size_t length, const char *want, size_t want_length)
{
    if (bytes == NULL || want == NULL)
        return bytes == want;
    return length == want_length && memcmp(bytes, want, length) == 0;
}

static void
test_logins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        char *params[PARAMS_MAX + 1];
        copy_params(logins[i].params, params);
        struct request request;
        web_request_decode(&request, params);
        const struct facts *facts = &request.facts;
        const char *user = logins[i].want_user, *password = logins[i].want_password;
        size_t password_length = logins[i].want_password_length;
        if (password_length == 0 && password != NULL)
            password_length = strlen(password);
        if (!is_same(facts->user, facts->user_length, user, user != NULL ? strlen(user) : 0))
            fail_msg("%s: the user is %.*s", logins[i].name, (int)facts->user_length, facts->user);
        if (!is_same(facts->password, facts->password_length, password, password_length))
            fail_msg("%s: the password has %zu bytes", logins[i].name, facts->password_length);
        if (facts->password != NULL)
            assert_ptr_equal(facts->password, request.password.bytes);
        if (!is_same(facts->malformed, facts->malformed != NULL ? strlen(facts->malformed) : 0,
                     logins[i].want_malformed,
                     logins[i].want_malformed != NULL ? strlen(logins[i].want_malformed) : 0))
            fail_msg("%s: malformed is %s", logins[i].name,
                     facts->malformed != NULL ? facts->malformed : "NULL");
        request_fini(&request);
        free_params(params);
    }
}

/* Whatever was wrong with it: neither the password nor its base64 is left in the parameter. */
static void
test_the_login_is_wiped_where_it_came_from(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ",
        "Basic QWxhZGRpbg==",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic Aladdin:open",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        static const char name[] = "HTTP_AUTHORIZATION=";
        char param[100] = "";
        int length = snprintf(param, sizeof param, "%s%s", name, headers[i]);
        char *params[] = {param, NULL};
        struct request request;
        web_request_decode(&request, params);
        size_t at = strlen(name);
        if (request.facts.user != NULL) {
            assert_string_equal(request.facts.user, "Aladdin");
            at = (size_t)(request.facts.user - param) + request.facts.user_length;
        } else if (strncmp(headers[i], "Basic ", 6) == 0) {
            at += 6;
        }
        for (; at < (size_t)length; at++)
            assert_int_equal(param[at], '\0');
        request_fini(&request);
    }
}

static const struct {
    const char *name;
    const char *params[PARAMS_MAX];
    const char *want_client, *want_listener; /* NULL: none */
    bool want_tls;
    const char *want_malformed;
} facts_cases[] = {
    {.name = "all that nginx is told to send",
     .params = {ALADDIN, "REMOTE_ADDR=2001:db8::1", "HTTPS=on", "HTTP_X_LISTENER=web",
                "DOCUMENT_URI=/auth-request"},
     .want_client = "2001:db8::1",
     .want_listener = "web",
     .want_tls = true},
    {.name = "without TLS HTTPS is empty",
     .params = {ALADDIN, "REMOTE_ADDR=192.0.2.1", "HTTPS=", "HTTP_X_LISTENER=web"},
     .want_client = "192.0.2.1",
     .want_listener = "web"},
    {.name = "another word than on is not TLS",
     .params = {ALADDIN, "HTTPS=off", "HTTP_X_LISTENER=web"},
     .want_listener = "web"},
    {.name = "a unix socket is no address",
     .params = {ALADDIN, "REMOTE_ADDR=unix:", "HTTP_X_LISTENER=web"},
     .want_listener = "web"},
    {.name = "what nginx mail sends is not looked at",
     .params = {ALADDIN, "HTTP_AUTH_METHOD=none", "HTTP_AUTH_SSL=on", "HTTP_CLIENT_IP=192.0.2.1",
                "HTTP_AUTH_PROTOCOL=smtp"}},
    {.name = "a client's own X-Listener that nginx let through leaves the listener unknown",
     .params = {ALADDIN, "HTTP_X_LISTENER=web", "HTTP_X_LISTENER=open"},
     .want_malformed = "X-Listener came twice"},
    {.name = "so do two addresses",
     .params = {ALADDIN, "REMOTE_ADDR=192.0.2.1", "REMOTE_ADDR=192.0.2.2", "HTTP_X_LISTENER=web"},
     .want_client = "192.0.2.2",
     .want_malformed = "REMOTE_ADDR came twice"},
};

static void
test_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof facts_cases / sizeof facts_cases[0]; i++) {
        const char *name = facts_cases[i].name;
        char *params[PARAMS_MAX + 1];
        copy_params(facts_cases[i].params, params);
        struct request request;
        web_request_decode(&request, params);
        const struct facts *facts = &request.facts;
        char client[NETADDR_TEXT_MAX];
        if (facts->client.family != NETADDR_NONE)
            netaddr_format(&facts->client, client);
        expect_text(name, "client", facts->client.family != NETADDR_NONE ? client : NULL,
                    facts_cases[i].want_client);
        expect_text(name, "listener", facts->listener, facts_cases[i].want_listener);
        expect_text(name, "malformed", facts->malformed, facts_cases[i].want_malformed);
        assert_int_equal(facts->tls, facts_cases[i].want_tls);
        assert_int_equal(facts->protocol, PROTOCOL_HTTP);
        assert_int_equal(facts->method, METHOD_PLAIN);
        assert_int_equal(facts->attempt, UINT_MAX);
        request_fini(&request);
        free_params(params);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_the_login_is_wiped_where_it_came_from),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
