#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "password.h"

/* Hashes of "open sesame", one of each kind, made by Debian's libcrypt 4.4.33. */
static const struct {
    const char *name;
    const char *hash;
    const char *want_kind;
} hashes[] = {
    {"yescrypt", "$y$j9T$9Ee414CUHqKC/l6wqerSp0$Yhtogyanbna54vE4AijbbKQWn/5R1lb6UR.Z8jIaw58",
     "$y$j9T$"},
    {"gost-yescrypt", "$gy$j9T$GbxNdsYfk/u3K6s2PZ3rQ1$u7BMgcVeO7qh6ikr99Hi56w8BtsywWB4IqcR5XorEc/",
     "$gy$j9T$"},
    {"scrypt", "$7$CU..../....z4e2wR4f1cNpSznbDML7i1$Cn4GDDEfzrjrkYQvwyanqSctDuUM6Ip.xmQs/AGI52/",
     "$7$CU..../...."},
    {"bcrypt 2b", "$2b$05$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC", "$2b$05$"},
    {"bcrypt 2a", "$2a$05$rcnHiER.jVBtdzLwbOiKZ.XrPt.mKcjwwp3nXBLUeQQNwPOA2qefW", "$2a$05$"},
    {"bcrypt 2y", "$2y$05$prm5Ul63wG2N7X01m9CLYekx9dj8u6JQ044jadsVzH0z1XJsp1fga", "$2y$05$"},
    {"SHA-512",
     "$6$C.C4k0cSrsLbPGbM$yYkFvXqsvY29yd0BLKe4Xsu8Xn/Wbk1z7TmT/Ce//"
     "hsTrOFcbMYZRBxU2ND5C4SaBYMYG5McYoCK8hLctnE.F.",
     "$6$"},
    {"SHA-512 with rounds",
     "$6$rounds=5000$salt$Y6g9DOGvmKi.rUZj4wYRsu81e/xiQjZOHDVgZQsASfa8nA3EvFKBHUDMWxS2ICbOEloc1ker"
     "sS3PKn8yosbNh1",
     "$6$rounds=5000$"},
    {"SHA-256", "$5$u1/QhXesz1IENYSd$2RUuIYV1R/IPuyGegWz/kjzzMsd22g0NsUatQxKyrj0", "$5$"},
    {"SHA-1", "$sha1$248245$cd50lnndDn9PEeUFhUM.$QACpHBm5v1NP8jUylP/t1BBFID./", "$sha1$248245$"},
    {"Sun MD5 with rounds", "$md5,rounds=89090$dBmbHulq$$2wZmZqKwy59FG5AD8YJet1",
     "$md5,rounds=89090$"},
    {"Sun MD5", "$md5$salt$$Hc0mjRgmyqrSIMNEp12l/.", "$md5$"},
    {"MD5", "$1$Tz41Jqow$lDmEDFh3nvZXkdfzly7sA1", "$1$"},
    {"NT", "$3$$eddcf896aaf1f0c3f83d4daa964f17bf", "$3$$"},
    {"BSDi", "_J9..sAvDtXk36HQweq.", "_J9.."},
    {"DES", "Eb8pMXsqbSyKk", ""},
};

enum { HASHES_COUNT = sizeof hashes / sizeof hashes[0], SMALL_STACK = 128 * 1024 };

static struct secret
secret_of(const char *text)
{
    struct secret secret;
    secret_init(&secret);
    secret_set(&secret, text, strlen(text));
    return secret;
}

static enum password_answer
verify(const char *password, const char *hash)
{
    struct secret secret = secret_of(password);
    enum password_answer answer = password_verify(&secret, hash);
    secret_fini(&secret);
    return answer;
}

/* How many of the hashes are verified rightly, on a thread's small stack. */
static void *
verify_all(void *right_r)
{
    size_t *right = right_r;
    for (size_t i = 0; i < HASHES_COUNT; i++)
        if (verify("open sesame", hashes[i].hash) == PASSWORD_RIGHT &&
            verify("0pen sesame", hashes[i].hash) == PASSWORD_WRONG)
            ++*right;
        else
            print_error("%s\n", hashes[i].name);
    return NULL;
}

static void
test_every_hash_is_verified_on_a_small_stack(void **state)
{
    (void)state;
    size_t right = 0;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    assert_int_equal(pthread_create(&thread, &attributes, verify_all, &right), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_int_equal(right, HASHES_COUNT);
}

static void
test_whole_hashes_are_accepted_and_cut_ones_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < HASHES_COUNT; i++) {
        struct err err;
        char damaged[PASSWORD_HASH_MAX];
        const size_t length = strlen(hashes[i].hash);
        print_message("%s\n", hashes[i].name);
        assert_int_equal(password_hash_check(hashes[i].hash, &err), 0);

        snprintf(damaged, sizeof damaged, "%.*s", (int)length - 1, hashes[i].hash);
        assert_int_equal(password_hash_check(damaged, &err), -1);
        snprintf(damaged, sizeof damaged, "%sA", hashes[i].hash);
        assert_int_equal(password_hash_check(damaged, &err), -1);
        snprintf(damaged, sizeof damaged, "%s", hashes[i].hash);
        damaged[length - 1] = '%';
        assert_int_equal(password_hash_check(damaged, &err), -1);
    }
}

static void
test_what_is_no_hash_is_refused(void **state)
{
    (void)state;
    static const char not_ours[] = "not a hash that crypt(3) can verify";
    static const char cut[] = "the hash is cut or damaged";
    static const struct {
        const char *name, *hash, *want;
    } cases[] = {
        {"nothing", "", not_ours},
        {"a shadow file's locked account", "!", not_ours},
        {"a shadow file's account without password", "*", not_ours},
        {"a locked hash", "!$6$salt$abc", not_ours},
        {"a password in clear", "swordfish", cut},
        {"a password of thirteen letters with a space", "open sesame!!", not_ours},
        {"an unknown kind", "$9$salt$abcdefghijklmnopqrstuv", not_ours},
        {"an LDAP scheme", "{SSHA}0123456789abcdef", not_ours},
        {"a salt without a hash", "$6$salt$", cut},
        {"a kind without anything", "$1$", cut},
        {"bcrypt cut in its salt", "$2b$05$u0YkrwXPXePQ92i", cut},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};
        print_message("%s\n", cases[i].name);
        assert_int_equal(password_hash_check(cases[i].hash, &err), -1);
        assert_non_null(strstr(err.text, cases[i].want));
        if (strlen(cases[i].hash) > 3)
            assert_null(strstr(err.text, cases[i].hash));
    }
}

static void
test_the_kind_is_what_decides_the_cost(void **state)
{
    (void)state;
    for (size_t i = 0; i < HASHES_COUNT; i++) {
        char kind[PASSWORD_HASH_MAX];
        snprintf(kind, sizeof kind, "%.*s", (int)password_hash_kind(hashes[i].hash),
                 hashes[i].hash);
        assert_string_equal(kind, hashes[i].want_kind);
    }
}

static void
test_new_hashes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *method;
        unsigned cost;
        const char *want_prefix; /* NULL: want_error */
        const char *want_error;
    } cases[] = {
        {"yescrypt is the default", NULL, 1, "$y$", NULL},
        {"yescrypt has a cost of its own", "yescrypt", 0, "$y$j9T$", NULL},
        {"bcrypt", "bcrypt", 5, "$2b$05$", NULL},
        {"bcrypt's default is not libcrypt's cheap one", "bcrypt", 0, "$2b$10$", NULL},
        {"SHA-512", "sha512", 0, "$6$", NULL},
        {"SHA-256 with rounds", "sha256", 1000, "$5$rounds=1000$", NULL},
        {"an unknown method", "md5", 0, NULL,
         "no kind of hash is called \"md5\" (use yescrypt, bcrypt, sha512 or sha256)"},
        {"a cost that bcrypt does not have", "bcrypt", 99, NULL,
         "bcrypt does not know the cost 99"},
        {"a cost that no login may have", "yescrypt", 10, NULL,
         "the hash costs too much to verify (at most 256 MiB and some seconds)"},
        {"a cost that takes minutes", "bcrypt", 20, NULL,
         "the hash costs too much to verify (at most 256 MiB and some seconds)"},
    };
    struct secret password = secret_of("open sesame");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
        struct err err = {""};
        print_message("%s\n", cases[i].name);
        int made = password_hash(&password, cases[i].method, cases[i].cost, hash, &err);
        if (cases[i].want_prefix == NULL) {
            assert_int_equal(made, -1);
            assert_string_equal(err.text, cases[i].want_error);
            continue;
        }
        assert_int_equal(made, 0);
        assert_int_equal(strncmp(hash, cases[i].want_prefix, strlen(cases[i].want_prefix)), 0);
        assert_int_equal(password_hash_check(hash, &err), 0);
        assert_int_equal(verify("open sesame", hash), PASSWORD_RIGHT);
        assert_int_equal(verify("open", hash), PASSWORD_WRONG);
        assert_int_equal(password_hash(&password, cases[i].method, cases[i].cost, again, &err), 0);
        assert_string_not_equal(hash, again);
    }
    secret_fini(&password);
}

static void
test_over_long_passwords(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'a', sizeof text);
    struct secret longest, over;
    secret_init(&longest);
    secret_init(&over);
    secret_set(&longest, text, 511);
    secret_set(&over, text, 512);
    static const char of_511[] = "$5$salt$2FUznUDcll82P8L4OB2Aw8c7dBp/lwekrWP2/TAhbj0";

    assert_int_equal(password_verify(&longest, of_511), PASSWORD_RIGHT);
    assert_int_equal(password_verify(&over, of_511), PASSWORD_WRONG);
    password_pretend(&over, of_511);

    struct err err;
    char hash[PASSWORD_HASH_MAX];
    assert_int_equal(password_hash(&over, "sha256", 0, hash, &err), -1);
    assert_string_equal(err.text, "the password is too long (at most 511 bytes)");
    secret_fini(&longest);
    secret_fini(&over);
}

static void
test_a_hash_that_cannot_be_computed_is_not_a_wrong_password(void **state)
{
    (void)state;
    assert_int_equal(verify("x", "$2b$99$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC"),
                     PASSWORD_CANNOT_TELL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_hash_is_verified_on_a_small_stack),
        cmocka_unit_test(test_whole_hashes_are_accepted_and_cut_ones_refused),
        cmocka_unit_test(test_what_is_no_hash_is_refused),
        cmocka_unit_test(test_the_kind_is_what_decides_the_cost),
        cmocka_unit_test(test_new_hashes),
        cmocka_unit_test(test_over_long_passwords),
        cmocka_unit_test(test_a_hash_that_cannot_be_computed_is_not_a_wrong_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
