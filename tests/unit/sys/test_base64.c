#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "base64.h"

/* RFC 4648 10, and bytes that need every digit. */
static const struct {
    const char *bytes;
    size_t length;
    const char *text;
} vectors[] = {
    {"", 0, ""},
    {"f", 1, "Zg=="},
    {"fo", 2, "Zm8="},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg=="},
    {"fooba", 5, "Zm9vYmE="},
    {"foobar", 6, "Zm9vYmFy"},
    {"\0user\0word", 10, "AHVzZXIAd29yZA=="},
    {"\xff\xef\xbe", 3, "/+++"},
    {"\xfb\xf0", 2, "+/A="},
    {"\0\x10\x83\x10Q\x87 \x92\x8b", 9, "ABCDEFGHIJKL"},
};

static void
test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[32], bytes[32];
        char *end = base64_encode(vectors[i].bytes, vectors[i].length, text);
        assert_int_equal(end - text, BASE64_LENGTH(vectors[i].length));
        *end = '\0';
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(base64_decode(text, strlen(text), bytes), vectors[i].length);
        assert_memory_equal(bytes, vectors[i].bytes, vectors[i].length);
        assert_int_equal(base64_decode(text, strlen(text), text), vectors[i].length);
        assert_memory_equal(text, vectors[i].bytes, vectors[i].length);
    }
}

static const struct {
    const char *name, *text;
} broken[] = {
    {"one digit", "Z"},
    {"padding is left out", "Zg"},
    {"padding is cut short", "Zg="},
    {"padding is too long", "Zg==="},
    {"nothing but padding", "===="},
    {"one digit and padding", "Z==="},
    {"padding before a digit", "Zg=v"},
    {"padding in the middle", "Zg==Zm9v"},
    {"a space in front", " Zm9v"},
    {"a line break behind", "Zm9v\r\n"},
    {"a line break inside", "Zm9v\nZm9"},
    {"the digits of the other alphabet", "-_-_"},
    {"a byte that is not ASCII", "Zm9\xe4"},
    {"bits behind the only byte", "Zh=="},
    {"bits behind the second byte", "Zm9="},
};

static void
test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        /* of the exact size, so that the sanitizer sees a byte too many */
        size_t length = strlen(broken[i].text);
        char *text = xmalloc(length), *bytes = xmalloc(length);
        memcpy(text, broken[i].text, length);
        if (base64_decode(text, length, bytes) != -1)
            fail_msg("%s was read", broken[i].name);
        free(text);
        free(bytes);
    }
}

static void
test_a_nul_is_no_digit(void **state)
{
    (void)state;
    char bytes[4];
    assert_int_equal(base64_decode("Zm9\0", 4, bytes), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_a_nul_is_no_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
