/* Who logs in and by what: a password, the answer to a challenge, a certificate. */
#include "mail_params.h"

struct case_of_bytes {
    const char *name;
    const char *params[PARAMS_MAX];
    const char *want; /* NULL: not sent */
    size_t want_length;
    const char *want_malformed; /* NULL: nothing */
};

static const struct case_of_bytes user_cases[] = {
    {.name = "a plain name is itself",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=anna@acme.example"},
     .want = "anna@acme.example",
     .want_length = 17},
    {.name = "escapes are decoded, in both cases of the digits",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=a%20b%2Bc%2bd"},
     .want = "a b+c+d",
     .want_length = 7},
    {.name = "a NUL stays visible",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=a%00b"},
     .want = "a\0b",
     .want_length = 3},
    {.name = "a line break is a byte like others here: policy refuses it",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=u%0D%0AMAIL FROM:<x@y>"},
     .want = "u\r\nMAIL FROM:<x@y>",
     .want_length = 18},
    {.name = "a plus sign is no space",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=a+b"},
     .want = "a+b",
     .want_length = 3},
    {.name = "an empty name is there, with no bytes",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER="},
     .want = "",
     .want_length = 0},
    {.name = "an escape is decoded once only",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=%2541"},
     .want = "%41",
     .want_length = 3},
    {.name = "no name at all is not an empty name", .params = {SMTP, PLAIN}},
    {.name = "an escape with a bad digit is malformed",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=a%4g"},
     .want_malformed = "Auth-User holds a bad percent escape"},
    {.name = "an escape that ends after one digit is malformed",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=a%4"},
     .want_malformed = "Auth-User holds a bad percent escape"},
    {.name = "a percent sign at the end is malformed",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=a%"},
     .want_malformed = "Auth-User holds a bad percent escape"},
    {.name = "two names are malformed: which one would hold?",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USER=anna", "HTTP_AUTH_USER=boss"},
     .want = "boss",
     .want_length = 4,
     .want_malformed = "Auth-User came twice"},
    {.name = "with the method none the name of an earlier AUTH is not looked at",
     .params = {SMTP, NONE, "HTTP_AUTH_USER=boss@acme.example"}},
    {.name = "with the method none a broken name is not looked at either",
     .params = {SMTP, NONE, "HTTP_AUTH_USER=%"}},
    {.name = "a parameter whose name only begins the same is another one",
     .params = {SMTP, PLAIN, "HTTP_AUTH_USERNAME=boss"}},
};

static const struct case_of_bytes password_cases[] = {
    {.name = "a password is decoded",
     .params = {SMTP, PLAIN, "HTTP_AUTH_PASS=p%25w"},
     .want = "p%w",
     .want_length = 3},
    {.name = "a NUL in a password stays visible",
     .params = {SMTP, PLAIN, "HTTP_AUTH_PASS=%00x"},
     .want = "\0x",
     .want_length = 2},
    {.name = "an empty password is there, with no bytes",
     .params = {SMTP, PLAIN, "HTTP_AUTH_PASS="},
     .want = "",
     .want_length = 0},
    {.name = "a bad escape in a password is malformed",
     .params = {SMTP, PLAIN, "HTTP_AUTH_PASS=p%zz"},
     .want_malformed = "Auth-Pass holds a bad percent escape"},
    {.name = "with the method none there is no password",
     .params = {SMTP, NONE, "HTTP_AUTH_PASS=secret"}},
    {.name = "the answer to a challenge is where the password is",
     .params = {SMTP, CRAM, SALT, "HTTP_AUTH_PASS=9b27d98b86421c8da87a2ed1e0bbfec0"},
     .want = "9b27d98b86421c8da87a2ed1e0bbfec0",
     .want_length = 32},
    {.name = "with a certificate there is no password: nginx sends that of an earlier attempt",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_PASS=secret"}},
    {.name = "nor can it be malformed", .params = {SMTP, EXTERNAL, "HTTP_AUTH_PASS=%zz"}},
    {.name = "two of it are malformed all the same",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_PASS=a", "HTTP_AUTH_PASS=b"},
     .want_malformed = "Auth-Pass came twice"},
    {.name = "with an unknown method the password is there but nobody will use it",
     .params = {SMTP, "HTTP_AUTH_METHOD=ntlm", "HTTP_AUTH_PASS=x"},
     .want = "x",
     .want_length = 1},
};

static void
expect_bytes(const struct case_of_bytes *c, const struct facts *facts, const char *bytes,
             size_t length)
{
    const char *malformed = facts->malformed;
    bool same_fault = (malformed == NULL) == (c->want_malformed == NULL) &&
                      (malformed == NULL || strcmp(malformed, c->want_malformed) == 0);
    if (!same_fault)
        fail_msg("%s: malformed is %s", c->name, malformed != NULL ? malformed : "NULL");
    if ((bytes == NULL) != (c->want == NULL) || length != c->want_length ||
        (bytes != NULL && memcmp(bytes, c->want, length) != 0))
        fail_msg("%s: %zu bytes: %.*s", c->name, length, (int)length, bytes);
}

static void
test_user(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof user_cases / sizeof user_cases[0]; i++) {
        char *params[PARAMS_MAX + 1];
        copy_params(user_cases[i].params, params);
        struct request request;
        request_decode(&request, params);
        expect_bytes(&user_cases[i], &request.facts, request.facts.user, request.facts.user_length);
        request_fini(&request);
        free_params(params);
    }
}

static void
test_password(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof password_cases / sizeof password_cases[0]; i++) {
        char *params[PARAMS_MAX + 1];
        copy_params(password_cases[i].params, params);
        struct request request;
        request_decode(&request, params);
        expect_bytes(&password_cases[i], &request.facts, request.facts.password,
                     request.facts.password_length);
        if (request.facts.password != NULL) {
            assert_ptr_equal(request.password.bytes, request.facts.password);
            assert_int_equal(request.password.length, request.facts.password_length);
        }
        request_fini(&request);
        free_params(params);
    }
}

static void
expect_wiped(const char *method, const char *want)
{
    char password[] = "HTTP_AUTH_PASS=hunter2", protocol[] = SMTP, salt[] = SALT, by[40];
    snprintf(by, sizeof by, "%s", method);
    char *params[] = {protocol, password, salt, by, NULL};
    struct request request;
    request_decode(&request, params);
    assert_null(request.facts.malformed);
    if (want == NULL)
        assert_null(request.password.bytes);
    else
        assert_string_equal(request.password.bytes, want);
    for (size_t i = strlen("HTTP_AUTH_PASS="); i < sizeof password; i++)
        assert_int_equal(password[i], '\0');
    request_fini(&request);
    assert_null(request.facts.password);
}

static void
test_password_is_wiped_where_it_came_from(void **state)
{
    (void)state;
    expect_wiped(PLAIN, "hunter2");
    expect_wiped(CRAM, "hunter2");
    expect_wiped(EXTERNAL, NULL);
}

enum { LONG = 512 };

static const struct {
    const char *name;
    const char *params[PARAMS_MAX];
    size_t salt_length; /* a salt of that length, beside params; 0: none */
    const char *want;   /* the salt; NULL: there is no challenge */
    enum challenge_kind want_kind;
    const char *want_malformed;
} challenge_cases[] = {
    {.name = "CRAM-MD5 answers nginx's salt",
     .params = {SMTP, CRAM, SALT},
     .want = "<217714878.1795338593@mail.example.com>",
     .want_kind = CHALLENGE_CRAM_MD5},
    {.name = "so does APOP",
     .params = {"HTTP_AUTH_PROTOCOL=pop3", APOP, SALT},
     .want = "<217714878.1795338593@mail.example.com>",
     .want_kind = CHALLENGE_APOP},
    {.name = "the salt is not decoded",
     .params = {SMTP, CRAM, "HTTP_AUTH_SALT=<1.2@%41>"},
     .want = "<1.2@%41>",
     .want_kind = CHALLENGE_CRAM_MD5},
    {.name = "without a salt there is nothing to answer",
     .params = {SMTP, CRAM},
     .want_malformed = "Auth-Salt is missing"},
    {.name = "an empty one is none",
     .params = {"HTTP_AUTH_PROTOCOL=pop3", APOP, "HTTP_AUTH_SALT="},
     .want_malformed = "Auth-Salt is missing"},
    {.name = "the longest salt is taken",
     .params = {SMTP, CRAM},
     .salt_length = LONG,
     .want_kind = CHALLENGE_CRAM_MD5},
    {.name = "a longer one is malformed",
     .params = {SMTP, CRAM},
     .salt_length = LONG + 1,
     .want_malformed = "Auth-Salt is too long"},
    {.name = "two salts are malformed",
     .params = {SMTP, CRAM, SALT, "HTTP_AUTH_SALT=<1.2@x>"},
     .want = "<1.2@x>",
     .want_malformed = "Auth-Salt came twice"},
    {.name = "PLAIN behind CRAM-MD5 still has its salt, and answers nothing",
     .params = {SMTP, PLAIN, SALT, "HTTP_AUTH_PASS=x"}},
    {.name = "so does EXTERNAL", .params = {SMTP, EXTERNAL, SALT}},
    {.name = "so does none", .params = {SMTP, NONE, SALT}},
};

static void
test_challenges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof challenge_cases / sizeof challenge_cases[0]; i++) {
        const char *name = challenge_cases[i].name, *want = challenge_cases[i].want;
        size_t length = challenge_cases[i].salt_length;
        char salt[sizeof "HTTP_AUTH_SALT=" + LONG + 1] = "HTTP_AUTH_SALT=";
        const char *texts[PARAMS_MAX] = {0};
        memcpy(texts, challenge_cases[i].params, 4 * sizeof texts[0]);
        memset(salt + strlen(salt), 's', length);
        if (length > 0)
            texts[2] = salt;
        if (length == LONG)
            want = salt + strlen("HTTP_AUTH_SALT=");
        char *params[PARAMS_MAX + 1];
        copy_params(texts, params);
        struct request request;
        request_decode(&request, params);
        expect_text(name, "salt", request.challenge.salt, want);
        expect_text(name, "malformed", request.facts.malformed, challenge_cases[i].want_malformed);
        if (want != NULL) {
            assert_int_equal(request.challenge.kind, challenge_cases[i].want_kind);
            assert_int_equal(request.challenge.salt_length, strlen(want));
        }
        request_fini(&request);
        free_params(params);
    }
}

#define FINGERPRINT "85500743369c6bbc65c0d99b6dfffe6f05dbc5ca"

static const struct {
    const char *name;
    const char *params[PARAMS_MAX];
    size_t subject_length; /* a subject of that length, beside params; 0: none */
    bool want_verified;
    const char *want_fingerprint, *want_subject;
    const char *want_malformed;
} certificate_cases[] = {
    {.name = "all that nginx says of a certificate that it has verified",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_VERIFY=SUCCESS",
                "HTTP_AUTH_SSL_FINGERPRINT=" FINGERPRINT, "HTTP_AUTH_SSL_SUBJECT=CN=a\\,b,O=%41"},
     .want_verified = true,
     .want_fingerprint = FINGERPRINT,
     .want_subject = "CN=a\\,b,O=%41"},
    {.name = "one of another authority is not verified",
     .params = {SMTP, EXTERNAL,
                "HTTP_AUTH_SSL_VERIFY=FAILED:unable to verify the first certificate",
                "HTTP_AUTH_SSL_FINGERPRINT=" FINGERPRINT},
     .want_fingerprint = FINGERPRINT},
    {.name = "none is not verified", .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_VERIFY=NONE"}},
    {.name = "the word is SUCCESS and no other",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_VERIFY=SUCCESS "}},
    {.name = "nor is it another case of it",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_VERIFY=success"}},
    {.name = "no word at all is no success", .params = {SMTP, EXTERNAL}},
    {.name = "two words are malformed",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_VERIFY=NONE", "HTTP_AUTH_SSL_VERIFY=SUCCESS"},
     .want_verified = true,
     .want_malformed = "Auth-SSL-Verify came twice"},
    {.name = "so are two fingerprints",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_FINGERPRINT=a", "HTTP_AUTH_SSL_FINGERPRINT=b"},
     .want_fingerprint = "b",
     .want_malformed = "Auth-SSL-Fingerprint came twice"},
    {.name = "and two subjects",
     .params = {SMTP, EXTERNAL, "HTTP_AUTH_SSL_SUBJECT=a", "HTTP_AUTH_SSL_SUBJECT=b"},
     .want_subject = "b",
     .want_malformed = "Auth-SSL-Subject came twice"},
    {.name = "a subject of any length that a name may have",
     .params = {SMTP, EXTERNAL},
     .subject_length = 2048,
     .want_subject = ""},
    {.name = "a longer one is nobody's", .params = {SMTP, EXTERNAL}, .subject_length = 2049},
    {.name = "with other methods nobody looks at the certificate",
     .params = {SMTP, PLAIN, "HTTP_AUTH_SSL_VERIFY=SUCCESS",
                "HTTP_AUTH_SSL_FINGERPRINT=" FINGERPRINT, "HTTP_AUTH_SSL_SUBJECT=CN=a"}},
};

static void
test_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof certificate_cases / sizeof certificate_cases[0]; i++) {
        const char *name = certificate_cases[i].name, *want = certificate_cases[i].want_subject;
        static char subject[4096];
        memset(subject, 0, sizeof subject);
        size_t head = (size_t)sprintf(subject, "HTTP_AUTH_SSL_SUBJECT=");
        memset(subject + head, 'n', certificate_cases[i].subject_length);
        const char *texts[PARAMS_MAX] = {0};
        memcpy(texts, certificate_cases[i].params, 6 * sizeof texts[0]);
        if (certificate_cases[i].subject_length > 0)
            texts[2] = subject;
        if (want != NULL && want[0] == '\0')
            want = subject + head;
        char *params[PARAMS_MAX + 1];
        copy_params(texts, params);
        struct request request;
        request_decode(&request, params);
        const struct facts *facts = &request.facts;
        expect_text(name, "fingerprint", facts->certificate_fingerprint,
                    certificate_cases[i].want_fingerprint);
        expect_text(name, "subject", facts->certificate_subject, want);
        expect_text(name, "malformed", facts->malformed, certificate_cases[i].want_malformed);
        if (facts->certificate_verified != certificate_cases[i].want_verified)
            fail_msg("%s: verified is %d", name, facts->certificate_verified);
        request_fini(&request);
        free_params(params);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_password_is_wiped_where_it_came_from),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
