/* Stored passwords: values that slappasswd and its modules made, and what must never be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "stored.h"

#define BYTES(text) (text), sizeof(text) - 1

static const struct stored_case {
    const char *name;
    const char *value;
    size_t length;
} of_secret[] = {
    {"slappasswd SSHA", BYTES("{SSHA}yVDYiyTspbd2wSr1W2woHeFnTs0CHcKI")},
    {"slappasswd SHA", BYTES("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")},
    {"slappasswd SMD5", BYTES("{SMD5}O3jzn7t4qJM+n4a1HJlOFLTP9es=")},
    {"slappasswd MD5", BYTES("{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==")},
    {"slappasswd CRYPT", BYTES("{CRYPT}W6we.3i74D0fQ")},
    {"slappasswd CRYPT with SHA-512",
     BYTES("{CRYPT}$6$GtrZd0Go604q$ha..pmG.jhuDLnl7uHotG13."
           "vVEJtphxXqlb5fxNt4bpiey9NeMAsogftiZDhtPxLMefEbO6vfsxd/r1Vf1W5.")},
    {"slappasswd CRYPT with MD5", BYTES("{CRYPT}$1$kIKJbNG0$h2yuNMZbW.4TCqSzGAdEg.")},
    {"pw-sha2 SHA256", BYTES("{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=")},
    {"pw-sha2 SSHA256", BYTES("{SSHA256}K1FmRjT3odaF7FU1SgXt5LUeWwqa/lLyDm4AN69VP7wj//IjwT+28A==")},
    {"pw-sha2 SHA384",
     BYTES("{SHA384}WKd1ukESvjAFrkQHznV9iP2nHUBJe7gCbsrFTU4//HIyzo3jq1rLMK45dg/ufFPt")},
    {"pw-sha2 SSHA384",
     BYTES(
         "{SSHA384}5jhG2Lauu2N0nmG2w2qZ9rQuUpRjgmjHN/QXgTloDxrhta7OsrUDEQV5MSSc0KCYAXMNR17+rmI=")},
    {"pw-sha2 SHA512", BYTES("{SHA512}"
                             "vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cmW192C"
                             "F5bDufKRpayrW/isg==")},
    {"pw-sha2 SSHA512", BYTES("{SSHA512}X8l1se3VgYcchKEqxaaTKvM+W14PAdFnrbO7IvWLhrswHzNTyMIrRghL/"
                              "4hcIMCRLhg5e914Ik4Irq7eCpyyHYxi/sGIeMcI")},
    {"pw-pbkdf2 PBKDF2", BYTES("{PBKDF2}10000$wPLtLRblOm67PkTechr2AA$rWtLH0nGLMMJtH8Kilob/83v.rA")},
    {"pw-pbkdf2 PBKDF2-SHA1",
     BYTES("{PBKDF2-SHA1}10000$lqDZdkSO3DKAJTvMciWOeQ$2L5ox4RJhkz45/6cEMIy.Oezd/o")},
    {"pw-pbkdf2 PBKDF2-SHA256", BYTES("{PBKDF2-SHA256}10000$DJWURrwUvSwfgufIXNJy8A$"
                                      "hHNZD0DhZ1zLplmzs3k4fTfTAmsylo9laM9kAOKc9F8")},
    {"pw-pbkdf2 PBKDF2-SHA512",
     BYTES("{PBKDF2-SHA512}10000$GpRzVhiZnRceE1L8AdMjeQ$.rG/"
           "E.jhFKurHSDaRAL8TL4IJG5D3kYfSmgAnt1O4IvxiYoIXyf5SFnB1gO1c.8bSn98DW.70WR0Ck5J6Yj8EA")},
    {"pw-apr1 APR1", BYTES("{APR1}wcDngRHemVB8NAt4GRl7JzRzMnVueHNJ")},
    {"pw-apr1 BSDMD5", BYTES("{BSDMD5}mBQMuHxCf6ww0G6DwQe4ODVVTVIwMUJo")},
    {"argon2 ARGON2", BYTES("{ARGON2}$argon2i$v=19$m=64,t=2,p=1$nXuZmp5omKGLI3kTCJACgA$"
                            "ARI1vtS6Th4IwI+lOJUNY/H5ccvDeeK6y0BKtMy4dqw")},
    {"argon2 ARGON2 with two lanes",
     BYTES("{ARGON2}$argon2i$v=19$m=64,t=1,p=2$rdEFmI/"
           "wabwjSELWZ3PvLg$gWpchX7Bn6ViR0P91kB9dakUqONzbtAMFZXuAmC0ga4")},
    {"pw-netscape NS-MTA-MD5",
     BYTES("{NS-MTA-MD5}58c50b7804d5fd28e9af454ea1a291e70123456789abcdef0123456789ABCDEF")},
    {"PLAIN", BYTES("{PLAIN}secret")},
    {"CLEAR", BYTES("{CLEAR}secret")},
    {"CLEARTEXT", BYTES("{CLEARTEXT}secret")},
    {"PLAIN.B64", BYTES("{PLAIN.B64}c2VjcmV0")},
    {"a scheme in lower case", BYTES("{sha}5en6G6MezRroT3XKqkdPOmY/BfQ=")},
    {"a scheme in mixed case", BYTES("{pLaIn}secret")},
};

enum { OF_SECRET = sizeof of_secret / sizeof of_secret[0] };

/* An exact copy, so that the sanitizer sees a read of one byte too many. */
static enum password_answer
verify(const char *value, size_t length, enum stored_bare bare, const char *password,
       size_t password_length)
{
    struct secret given;
    secret_init(&given);
    secret_set(&given, password, password_length);
    char *copy = xmalloc(length);
    if (length > 0)
        memcpy(copy, value, length);
    enum password_answer answer = stored_verify(copy, length, bare, &given);
    free(copy);
    secret_fini(&given);
    return answer;
}

static void
test_right_and_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < OF_SECRET; i++) {
        const struct stored_case *test = &of_secret[i];
        struct err err = {""};
        print_message("%s\n", test->name);
        for (int bare = STORED_BARE_CRYPT; bare <= STORED_BARE_CLEAR; bare++) {
            enum stored_bare how = (enum stored_bare)bare;
            assert_int_equal(stored_check(test->value, test->length, how, &err), 0);
            assert_int_equal(verify(test->value, test->length, how, BYTES("secret")),
                             PASSWORD_RIGHT);
            assert_int_equal(verify(test->value, test->length, how, BYTES("Secret")),
                             PASSWORD_WRONG);
            assert_int_equal(verify(test->value, test->length, how, BYTES("secre")),
                             PASSWORD_WRONG);
            assert_int_equal(verify(test->value, test->length, how, BYTES("")), PASSWORD_WRONG);
            assert_int_equal(verify(test->value, test->length, how, BYTES("secretsecret")),
                             PASSWORD_WRONG);
        }
    }
}

static void
test_cut_at_every_length_is_never_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < OF_SECRET; i++)
        for (size_t length = 0; length < of_secret[i].length; length++)
            for (int bare = STORED_BARE_CRYPT; bare <= STORED_BARE_CLEAR; bare++)
                if (verify(of_secret[i].value, length, (enum stored_bare)bare, BYTES("secret")) ==
                    PASSWORD_RIGHT)
                    fail_msg("%s is right with %zu bytes", of_secret[i].name, length);
}

/* Each byte of the value changed in one bit. What is left may be another whole value. */
static void
test_damaged_at_every_byte_is_never_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < OF_SECRET; i++) {
        const struct stored_case *test = &of_secret[i];
        const size_t scheme = (size_t)(strchr(test->value, '}') - test->value) + 1;
        for (size_t at = scheme; at < test->length; at++) {
            char *copy = xmalloc(test->length);
            memcpy(copy, test->value, test->length);
            copy[at] = (char)(copy[at] ^ 1);
            if (verify(copy, test->length, STORED_BARE_CLEAR, BYTES("secret")) == PASSWORD_RIGHT)
                fail_msg("%s is right with byte %zu changed", test->name, at);
            free(copy);
        }
    }
}

static const struct whole_case {
    const char *name;
    const char *value;
    size_t length;
    enum stored_bare bare;
    const char *password;
    size_t password_length;
} right[] = {
    {"a bare hash of a users file", BYTES("$1$OCWl79T9$pcCTam5OR6DB3OZp9fd8s0"), STORED_BARE_CRYPT,
     BYTES("secret")},
    {"a bare password of a directory", BYTES("secret"), STORED_BARE_CLEAR, BYTES("secret")},
    {"a bare password that looks like a hash", BYTES("$1$OCWl79T9$pcCTam5OR6DB3OZp9fd8s0"),
     STORED_BARE_CLEAR, BYTES("$1$OCWl79T9$pcCTam5OR6DB3OZp9fd8s0")},
    {"a bare password that begins with a brace", BYTES("{secret"), STORED_BARE_CLEAR,
     BYTES("{secret")},
    {"a bare password with a scheme of no letters", BYTES("{}secret"), STORED_BARE_CLEAR,
     BYTES("{}secret")},
    {"a brace that is never opened", BYTES("sec}ret"), STORED_BARE_CLEAR, BYTES("sec}ret")},
    {"a password with a scheme in it", BYTES("{PLAIN}{SSHA}x"), STORED_BARE_CRYPT,
     BYTES("{SSHA}x")},
    {"a password with a NUL", BYTES("{CLEAR}a\0b"), STORED_BARE_CRYPT, BYTES("a\0b")},
    {"a password of 8 bits in base64", BYTES("{PLAIN.B64}w7z/"), STORED_BARE_CRYPT,
     BYTES("\xc3\xbc\xff")},
    {"libargon2's own example of argon2id",
     BYTES("{ARGON2}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1b"
           "MCHGi/4"),
     STORED_BARE_CRYPT, BYTES("password")},
    {"libargon2's own example of version 1.0",
     BYTES("{ARGON2}$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zw"
           "Y"),
     STORED_BARE_CRYPT, BYTES("password")},
};

static void
test_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        const struct whole_case *test = &right[i];
        print_message("%s\n", test->name);
        assert_int_equal(
            verify(test->value, test->length, test->bare, test->password, test->password_length),
            PASSWORD_RIGHT);
        assert_int_equal(verify(test->value, test->length, test->bare, BYTES("another")),
                         PASSWORD_WRONG);
    }
}

#define UNKNOWN "the {SCHEME} of the stored password is not one of those that are known"
#define DAMAGED                                                                                 \
    "the stored password is cut or damaged (its length or its characters are not those of its " \
    "scheme)"
#define EMPTY "the stored password is empty"
#define ARGON2_COST                                                                            \
    "the stored password costs too much to verify (argon2: m is at most 262144, t times m at " \
    "most 2097152)"
#define ARGON2_REST "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

static const struct refused_case {
    const char *name;
    const char *value;
    size_t length;
    const char *want; /* NULL: whatever crypt's error is */
} refused[] = {
    {"nothing", BYTES(""), NULL},
    {"an unknown scheme", BYTES("{KERBEROS}anna@ACME.EXAMPLE"), UNKNOWN},
    {"SASL is somebody else's business", BYTES("{SASL}anna@ACME.EXAMPLE"), UNKNOWN},
    {"a scheme with a space", BYTES("{SHA }5en6G6MezRroT3XKqkdPOmY/BfQ="), UNKNOWN},
    {"a scheme with a NUL", BYTES("{SHA\0}5en6G6MezRroT3XKqkdPOmY/BfQ="), UNKNOWN},
    {"base64 without padding", BYTES("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ"), DAMAGED},
    {"base64 with unused bits", BYTES("{SHA}5en6G6MezRroT3XKqkdPOmY/BfR="), DAMAGED},
    {"base64 with a space", BYTES("{SHA}5en6G6MezRroT3XKqkdP mY/BfQ="), DAMAGED},
    {"base64 with a NUL", BYTES("{SHA}5en6G6MezRroT3XKqkdP\0mY/BfQ="), DAMAGED},
    {"something behind", BYTES("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"), DAMAGED},
    {"another hash's length", BYTES("{SHA256}5en6G6MezRroT3XKqkdPOmY/BfQ="), DAMAGED},
    {"a salt where there is none", BYTES("{SHA}U5lkeKfNpM+27MxCUQ+o0PYLjOLPveFq"), DAMAGED},
    {"no salt where there is one", BYTES("{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), DAMAGED},
    {"no salt in APR1", BYTES("{APR1}Xr4ilOzQ4PCOq3aQ0qbuaQ=="), DAMAGED},
    {"PBKDF2 with padding",
     BYTES("{PBKDF2}1000$kuHK464pSWY4Bqmq/GD/2w==$65.SndAhjQhyctQ11j33DOClZfY"), DAMAGED},
    {"PBKDF2 with a plus", BYTES("{PBKDF2}1000$kuHK464pSWY4Bqmq/GD/2w$65+SndAhjQhyctQ11j33DOClZfY"),
     DAMAGED},
    {"PBKDF2 without rounds", BYTES("{PBKDF2}$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"),
     DAMAGED},
    {"PBKDF2 with no rounds", BYTES("{PBKDF2}0$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"),
     DAMAGED},
    {"PBKDF2 with negative rounds",
     BYTES("{PBKDF2}-1$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"), DAMAGED},
    {"PBKDF2 with a leading zero",
     BYTES("{PBKDF2}01000$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"), DAMAGED},
    {"PBKDF2 without a salt", BYTES("{PBKDF2}1000$$65.SndAhjQhyctQ11j33DOClZfY"), DAMAGED},
    {"PBKDF2 with another hash's length",
     BYTES("{PBKDF2-SHA256}1000$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"), DAMAGED},
    {"PBKDF2 that takes too long",
     BYTES("{PBKDF2}10000001$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"),
     "the stored password takes too long to verify (at most 10000000 rounds of PBKDF2)"},
    {"PBKDF2 with a number that wraps around",
     BYTES("{PBKDF2}4294968296$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY"), DAMAGED},
    {"argon2 with too much memory", BYTES("{ARGON2}$argon2id$v=19$m=262145,t=1,p=1" ARGON2_REST),
     ARGON2_COST},
    {"argon2 that takes too long", BYTES("{ARGON2}$argon2id$v=19$m=262144,t=9,p=1" ARGON2_REST),
     ARGON2_COST},
    {"argon2 of another kind", BYTES("{ARGON2}$argon2x$v=19$m=256,t=2,p=1" ARGON2_REST), DAMAGED},
    {"argon2 of another version", BYTES("{ARGON2}$argon2id$v=20$m=256,t=2,p=1" ARGON2_REST),
     DAMAGED},
    {"argon2 without passes", BYTES("{ARGON2}$argon2id$v=19$m=256,t=0,p=1" ARGON2_REST), DAMAGED},
    {"argon2 without lanes", BYTES("{ARGON2}$argon2id$v=19$m=256,t=1,p=0" ARGON2_REST), DAMAGED},
    {"argon2 with too little memory for its lanes",
     BYTES("{ARGON2}$argon2id$v=19$m=15,t=1,p=2" ARGON2_REST), DAMAGED},
    {"argon2 with too many lanes", BYTES("{ARGON2}$argon2id$v=19$m=262144,t=1,p=256" ARGON2_REST),
     DAMAGED},
    {"argon2 with a short salt",
     BYTES("{ARGON2}$argon2id$v=19$m=256,t=2,p=1$c29tZXM$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHG"
           "i/4"),
     DAMAGED},
    {"argon2 with a short hash",
     BYTES("{ARGON2}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIP"), DAMAGED},
    {"argon2 with data", BYTES("{ARGON2}$argon2id$v=19$m=256,t=2,p=1,data=QQ" ARGON2_REST),
     DAMAGED},
    {"a crypt hash with a NUL", BYTES("{CRYPT}pBCHVuaak\0B6K2"), DAMAGED},
    {"a crypt hash that is cut", BYTES("{CRYPT}$1$OCWl79T9$pcCTam5OR6DB3OZp9fd8s"), NULL},
    {"a crypt hash that takes gigabytes",
     BYTES("{CRYPT}$y$jFT$iXcK05OUJ6Mtut17iedhn.$48rafzhnj7r.ThCtN6dkfhs6.nTyfMB.vOkqRhvK8/1"),
     "the hash costs too much to verify (at most 256 MiB and some seconds)"},
    {"a crypt hash of nothing", BYTES("{CRYPT}"), NULL},
    {"a locked crypt hash", BYTES("{CRYPT}!"), NULL},
    {"Netscape's with a digit too few", BYTES("{NS-MTA-MD5}0123456789abcdef"), DAMAGED},
    {"Netscape's without hex digits",
     BYTES("{NS-MTA-MD5}0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"),
     DAMAGED},
    {"an empty password", BYTES("{PLAIN}"), EMPTY},
    {"an empty password in base64", BYTES("{PLAIN.B64}"), EMPTY},
    {"a password in damaged base64", BYTES("{PLAIN.B64}c2VjcmV"), DAMAGED},
};

static void
test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct refused_case *test = &refused[i];
        struct err err = {""};
        print_message("%s\n", test->name);
        assert_int_equal(stored_check(test->value, test->length, STORED_BARE_CRYPT, &err), -1);
        if (test->want != NULL)
            assert_string_equal(err.text, test->want);
        assert_string_not_equal(err.text, "");
        assert_int_equal(verify(test->value, test->length, STORED_BARE_CRYPT, BYTES("secret")),
                         PASSWORD_CANNOT_TELL);
        struct secret clear;
        assert_false(stored_clear(test->value, test->length, STORED_BARE_CRYPT, &clear));
        assert_int_equal(clear.length, 0);
    }
    char longest[3000];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(verify(longest, sizeof longest, STORED_BARE_CLEAR, longest, sizeof longest),
                     PASSWORD_CANNOT_TELL);
    assert_int_equal(verify(longest, 2048, STORED_BARE_CLEAR, longest, 2048), PASSWORD_RIGHT);
    assert_int_equal(verify("", 0, STORED_BARE_CLEAR, "", 0), PASSWORD_CANNOT_TELL);
}

static void
test_clear(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        enum stored_bare bare;
        const char *want; /* NULL: none */
    } cases[] = {
        {"plain", "{PLAIN}pass word", STORED_BARE_CRYPT, "pass word"},
        {"clear", "{Clear}pass", STORED_BARE_CRYPT, "pass"},
        {"cleartext", "{cleartext}pass", STORED_BARE_CRYPT, "pass"},
        {"base64", "{PLAIN.B64}cGFzcyB3b3Jk", STORED_BARE_CRYPT, "pass word"},
        {"bare, of a directory", "pass", STORED_BARE_CLEAR, "pass"},
        {"bare, of a users file", "$1$OCWl79T9$pcCTam5OR6DB3OZp9fd8s0", STORED_BARE_CRYPT, NULL},
        {"a hash", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", STORED_BARE_CLEAR, NULL},
        {"an unknown scheme", "{x}pass", STORED_BARE_CLEAR, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret clear;
        print_message("%s\n", cases[i].name);
        bool is_clear = stored_clear(cases[i].value, strlen(cases[i].value), cases[i].bare, &clear);
        assert_int_equal(is_clear, cases[i].want != NULL);
        assert_int_equal(clear.length, is_clear ? strlen(cases[i].want) : 0);
        if (is_clear)
            assert_memory_equal(clear.bytes, cases[i].want, clear.length + 1);
        secret_fini(&clear);
    }
}

static void
test_kind_and_weight(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        enum stored_bare bare;
        const char *want;
        bool want_heavy;
    } cases[] = {
        {"SSHA", "{SSHA}U5lkeKfNpM+27MxCUQ+o0PYLjOLPveFq", STORED_BARE_CLEAR, "{SSHA}", false},
        {"PBKDF2", "{PBKDF2}1000$kuHK464pSWY4Bqmq/GD/2w$65.SndAhjQhyctQ11j33DOClZfY",
         STORED_BARE_CLEAR, "{PBKDF2}1000$", false},
        {"argon2", "{ARGON2}$argon2id$v=19$m=256,t=2,p=1" ARGON2_REST, STORED_BARE_CLEAR,
         "{ARGON2}$argon2id$v=19$m=256,t=2,p=1$", true},
        {"crypt", "{CRYPT}$1$OCWl79T9$pcCTam5OR6DB3OZp9fd8s0", STORED_BARE_CLEAR, "{CRYPT}$1$",
         false},
        {"yescrypt", "{CRYPT}$y$j9T$salt$hash", STORED_BARE_CLEAR, "{CRYPT}$y$j9T$", true},
        {"bare yescrypt", "$y$j9T$salt$hash", STORED_BARE_CRYPT, "$y$j9T$", true},
        {"a bare password", "$y$j9T$salt$hash", STORED_BARE_CLEAR, "", false},
        {"plain", "{PLAIN}$y$j9T$salt$hash", STORED_BARE_CRYPT, "{PLAIN}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].value);
        print_message("%s\n", cases[i].name);
        assert_int_equal(stored_kind(cases[i].value, length, cases[i].bare), strlen(cases[i].want));
        assert_memory_equal(cases[i].value, cases[i].want, strlen(cases[i].want));
        assert_int_equal(stored_is_heavy(cases[i].value, length, cases[i].bare),
                         cases[i].want_heavy);
    }
}

static void
test_make(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        unsigned cost;
        const char *password, *want_start;
    } cases[] = {
        {NULL, 1, "pass", "$y$"},
        {"yescrypt", 1, "pass word", "$y$"},
        {"bcrypt", 4, "pass", "$2b$04$"},
        {"sha512", 1000, "pass", "$6$rounds=1000$"},
        {"sha256", 1000, "pass", "$5$rounds=1000$"},
        {"ssha256", 0, "pass word", "{SSHA256}"},
        {"pbkdf2-sha256", 0, "pass", "{PBKDF2-SHA256}100000$"},
        {"pbkdf2-sha256", 1000, "pass", "{PBKDF2-SHA256}1000$"},
        {"argon2", 0, "pass", "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$"},
        {"argon2", 1, "pass", "{ARGON2}$argon2id$v=19$m=19456,t=1,p=1$"},
        {"plain", 0, "pass", "{PLAIN}pass"},
        {"plain", 0, "pass word", "{PLAIN.B64}cGFzcyB3b3Jk"},
        {"plain", 0, "pa:ss", "{PLAIN.B64}"},
        {"plain", 0, "{x}pass", "{PLAIN.B64}"},
        {"plain", 0, "gr\xc3\xbc\xc3\x9f", "{PLAIN.B64}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *word = cases[i].password;
        struct secret password, value, again;
        struct err err = {""};
        secret_init(&password);
        secret_set(&password, word, strlen(word));
        if (stored_make(&password, cases[i].method, cases[i].cost, &value, &err) != 0)
            fail_msg("%s", err.text);
        print_message("%s\n", value.bytes);
        assert_int_equal(strlen(value.bytes), value.length);
        assert_int_equal(strncmp(value.bytes, cases[i].want_start, strlen(cases[i].want_start)), 0);
        assert_int_equal(verify(value.bytes, value.length, STORED_BARE_CRYPT, word, strlen(word)),
                         PASSWORD_RIGHT);
        assert_int_equal(verify(value.bytes, value.length, STORED_BARE_CRYPT, BYTES("another")),
                         PASSWORD_WRONG);
        assert_int_equal(stored_make(&password, cases[i].method, cases[i].cost, &again, &err), 0);
        bool is_plain = cases[i].method != NULL && strcmp(cases[i].method, "plain") == 0;
        assert_int_equal(secret_equal(&value, &again), is_plain);
        secret_fini(&again);
        secret_fini(&value);
        secret_fini(&password);
    }
}

static void
test_not_made(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        unsigned cost;
        const char *want;
    } cases[] = {
        {"md5", 0,
         "no kind of stored password is called \"md5\" (use yescrypt, bcrypt, sha512, sha256, "
         "ssha256, pbkdf2-sha256, argon2 or plain)"},
        {"bcrypt", 99, "bcrypt does not know the cost 99"},
        {"ssha256", 3, "ssha256 has no cost"},
        {"plain", 3, "plain has no cost"},
        {"pbkdf2-sha256", 10000001,
         "PBKDF2 cannot be made with 10000001 rounds (at most 10000000)"},
        {"argon2", 108, "argon2 takes 107 passes at most"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret password, value;
        struct err err = {""};
        secret_init(&password);
        secret_set(&password, BYTES("secret"));
        assert_int_equal(stored_make(&password, cases[i].method, cases[i].cost, &value, &err), -1);
        assert_string_equal(err.text, cases[i].want);
        assert_int_equal(value.length, 0);
        secret_fini(&password);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong),
        cmocka_unit_test(test_cut_at_every_length_is_never_right),
        cmocka_unit_test(test_damaged_at_every_byte_is_never_right),
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_kind_and_weight),
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
