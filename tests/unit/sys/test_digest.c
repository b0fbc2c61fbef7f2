/* Vectors: RFC 1321, FIPS 180-4, RFC 2202, RFC 4231, RFC 6070 and RFC 7914. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"

#define BYTES(text)              \
    {                            \
        (text), sizeof(text) - 1 \
    }

static void
expect_hex(const char *name, const unsigned char *bytes, size_t length, const char *want)
{
    char text[2 * 128 + 1] = "";
    for (size_t i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    if (strcmp(text, want) != 0)
        fail_msg("%s: %s is not %s", name, text, want);
}

static const struct hash_case {
    const char *name;
    enum digest digest;
    struct bytes pieces[3];
    const char *want;
} hashes[] = {
    {"MD5 of nothing", DIGEST_MD5, {{0}}, "d41d8cd98f00b204e9800998ecf8427e"},
    {"MD5", DIGEST_MD5, {BYTES("abc")}, "900150983cd24fb0d6963f7d28e17f72"},
    {"MD5 in pieces",
     DIGEST_MD5,
     {BYTES("message"), {0}, BYTES(" digest")},
     "f96b697d7cb7938d525a2f31aaf161d0"},
    {"SHA-1", DIGEST_SHA1, {BYTES("abc")}, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"SHA-1 in pieces",
     DIGEST_SHA1,
     {BYTES("a"), BYTES("b"), BYTES("c")},
     "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"SHA-256",
     DIGEST_SHA256,
     {BYTES("abc")},
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"SHA-384",
     DIGEST_SHA384,
     {BYTES("abc")},
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
     "8086072ba1e7cc2358baeca134c825a7"},
    {"SHA-512",
     DIGEST_SHA512,
     {BYTES("abc")},
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void
test_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        unsigned char digest[DIGEST_MAX];
        assert_int_equal(digest_hash(hashes[i].digest, hashes[i].pieces, 3, digest), 0);
        expect_hex(hashes[i].name, digest, digest_length(hashes[i].digest), hashes[i].want);
    }
}

#define TWENTY_AA "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
#define EIGHTY_AA TWENTY_AA TWENTY_AA TWENTY_AA TWENTY_AA
#define SEVEN_AA  "\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
#define ELEVEN_AA SEVEN_AA "\xaa\xaa\xaa\xaa"

static const struct hmac_case {
    const char *name;
    enum digest digest;
    struct bytes key;
    struct bytes pieces[2];
    const char *want;
} hmacs[] = {
    {"RFC 2202, MD5, 2",
     DIGEST_MD5,
     BYTES("Jefe"),
     {BYTES("what do ya want "), BYTES("for nothing?")},
     "750c783e6ab0b503eaa86e310a5db738"},
    {"RFC 2202, MD5, 6: a key longer than a block",
     DIGEST_MD5,
     BYTES(EIGHTY_AA),
     {BYTES("Test Using Larger Than Block-Size Key - Hash Key First"), {0}},
     "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
    {"RFC 2202, SHA-1, 2",
     DIGEST_SHA1,
     BYTES("Jefe"),
     {BYTES("what do ya want for nothing?"), {0}},
     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {"RFC 4231, SHA-256, 2",
     DIGEST_SHA256,
     BYTES("Jefe"),
     {BYTES("what do ya want for nothing?"), {0}},
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"RFC 4231, SHA-256, 6: a key longer than a block",
     DIGEST_SHA256,
     BYTES(EIGHTY_AA TWENTY_AA TWENTY_AA ELEVEN_AA),
     {BYTES("Test Using Larger Than Block-Size Key - Hash Key First"), {0}},
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"RFC 4231, SHA-384, 2",
     DIGEST_SHA384,
     BYTES("Jefe"),
     {BYTES("what do ya want for nothing?"), {0}},
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
     "8e2240ca5e69e2c78b3239ecfab21649"},
    {"RFC 4231, SHA-512, 6: a key longer than a block",
     DIGEST_SHA512,
     BYTES(EIGHTY_AA TWENTY_AA TWENTY_AA ELEVEN_AA),
     {BYTES("Test Using Larger Than Block-Size Key - Hash Key First"), {0}},
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
    {"no key and nothing to say", DIGEST_MD5, {0}, {{0}, {0}}, "74e6f7298a9c2d168935f58c001bad88"},
};

static void
test_hmac(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hmacs / sizeof hmacs[0]; i++) {
        const struct hmac_case *test = &hmacs[i];
        unsigned char digest[DIGEST_MAX];
        assert_int_equal(digest_hmac(test->digest, test->key, test->pieces, 2, digest), 0);
        expect_hex(test->name, digest, digest_length(test->digest), test->want);
    }
}

static const struct pbkdf2_case {
    const char *name;
    enum digest digest;
    struct bytes password, salt;
    unsigned rounds;
    size_t length;
    const char *want;
} keys[] = {
    {"RFC 6070, 1", DIGEST_SHA1, BYTES("password"), BYTES("salt"), 1, 20,
     "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {"RFC 6070, 3", DIGEST_SHA1, BYTES("password"), BYTES("salt"), 4096, 20,
     "4b007901b765489abead49d926f721d065a429c1"},
    {"RFC 6070, 6: NULs", DIGEST_SHA1, BYTES("pass\0word"), BYTES("sa\0lt"), 4096, 16,
     "56fa6aa75548099dcc37d7f03425e0c3"},
    {"RFC 7914 11", DIGEST_SHA256, BYTES("passwd"), BYTES("salt"), 1, 64,
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
     "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
};

static void
test_pbkdf2(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct pbkdf2_case *test = &keys[i];
        unsigned char key[64];
        assert_int_equal(digest_pbkdf2(test->digest, test->password, test->salt, test->rounds, key,
                                       test->length),
                         0);
        expect_hex(test->name, key, test->length, test->want);
    }
    unsigned char empty[20], nothing[20];
    const struct bytes salt = BYTES("salt");
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, (struct bytes){0}, salt, 1, empty, 20), 0);
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, (struct bytes){"x", 0}, salt, 1, nothing, 20), 0);
    assert_memory_equal(empty, nothing, 20);
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, salt, salt, 0, empty, 20), -1);
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, salt, salt, 3000000000U, empty, 20), -1);
}

static void
test_equal(void **state)
{
    (void)state;
    assert_true(digest_equal("same", "same", 4));
    assert_false(digest_equal("same", "samE", 4));
    assert_false(digest_equal("same", "Same", 4));
    assert_true(digest_equal("same", "else", 0));
}

static void
test_random(void **state)
{
    (void)state;
    unsigned char first[16], second[16];
    digest_random(first, sizeof first);
    digest_random(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),  cmocka_unit_test(test_hmac),   cmocka_unit_test(test_pbkdf2),
        cmocka_unit_test(test_equal), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
