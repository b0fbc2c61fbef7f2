#include "cases.h"

#include <stdio.h>

#include "certificates.h"

#define DIGITS "8f43288ad272f3103b6fb1428485ea3014c0bcfe"
#define COLONS "8F:43:28:8A:D2:72:F3:10:3B:6F:B1:42:84:85:EA:30:14:C0:BC:FE"
#define OTHER  "0000000000000000000000000000000000000000"

static struct origin
line(unsigned number)
{
    return (struct origin){.file = "phones", .line = number};
}

static struct certificates *
build(void)
{
    static const char *const entries[] = {
        "boss@acme.example " DIGITS,
        "printer@acme.example \t CN=Printer 1,O=Acme",
        "Anna@ACME.example 1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa",
        "bare 2222222222222222222222222222222222222222",
    };
    struct certificates *certificates = certificates_create("phones", line(7));
    for (unsigned i = 0; i < COUNT_OF(entries); i++) {
        struct err err;
        if (certificates_add(certificates, entries[i], line(i + 1), &err) != 0)
            fail_msg("%s: %s", entries[i], err.text);
    }
    return certificates;
}

static const struct {
    const char *name, *fingerprint, *subject;
    const char *want_user; /* NULL: nobody's */
    unsigned want_line;
} finds[] = {
    {"a fingerprint", DIGITS, "CN=any", "boss@acme.example", 1},
    {"a fingerprint with colons and in upper case", COLONS, NULL, "boss@acme.example", 1},
    {"a fingerprint that was written with colons", "1111222233334444555566667777888899 99aaaa",
     NULL, NULL, 0},
    {"a fingerprint that was written with few colons", "1111222233334444555566667777888899999aaa",
     NULL, NULL, 0},
    {"a fingerprint that was written otherwise", "111122223333444455556666777788889999AAAA", "",
     "Anna@ACME.example", 3},
    {"a subject", OTHER, "CN=Printer 1,O=Acme", "printer@acme.example", 2},
    {"a subject alone", NULL, "CN=Printer 1,O=Acme", "printer@acme.example", 2},
    {"a fingerprint before a subject", DIGITS, "CN=Printer 1,O=Acme", "boss@acme.example", 1},
    {"a subject compares with case", NULL, "cn=printer 1,o=acme", NULL, 0},
    {"a subject is not its beginning", NULL, "CN=Printer 1", NULL, 0},
    {"a longer subject", NULL, "CN=Printer 1,O=Acme,C=DE", NULL, 0},
    {"nothing", NULL, NULL, NULL, 0},
    {"empty words", "", "", NULL, 0},
    {"half a fingerprint", "8f43288ad272f3103b6f", NULL, NULL, 0},
    {"a longer fingerprint", DIGITS "00", NULL, NULL, 0},
    {"a fingerprint as a subject", NULL, DIGITS, NULL, 0},
    {"a subject as a fingerprint", "CN=Printer 1,O=Acme", NULL, NULL, 0},
    {"a name without a domain", "2222222222222222222222222222222222222222", NULL, "bare", 4},
    {"nobody's", OTHER, "CN=Eve", NULL, 0},
};

static void
test_whose_a_certificate_is(void **state)
{
    (void)state;
    struct certificates *certificates = build();
    assert_string_equal(certificates_name(certificates), "phones");
    assert_int_equal(certificates_count(certificates), 4);
    for (size_t i = 0; i < COUNT_OF(finds); i++) {
        const struct certificate *found =
            certificates_find(certificates, finds[i].fingerprint, finds[i].subject);
        CHECK(finds[i].name, (found != NULL) == (finds[i].want_user != NULL));
        if (found == NULL)
            continue;
        CHECK_TEXT(finds[i].name, found->user, finds[i].want_user);
        CHECK(finds[i].name, found->origin.line == finds[i].want_line);
        CHECK(finds[i].name, strncmp(found->entry, found->user, strlen(found->user)) == 0);
    }
    certificates_free(certificates);
    certificates_free(NULL);
}

static const struct {
    const char *name, *entry, *want_err;
} malformed[] = {
    {"nothing", "", "an entry is a user name, a space, and a fingerprint or subject"},
    {"a name alone", "boss@acme.example",
     "an entry is a user name, a space, and a fingerprint or subject"},
    {"a name and white space", "boss@acme.example \t",
     "an entry is a user name, a space, and a fingerprint or subject"},
    {"no name", " CN=Boss", "the user name is empty"},
    {"a name that cannot log in", "@acme.example CN=Boss",
     "nothing stands before the '@' of the user name"},
    {"too few digits", "boss@acme.example 8f:43",
     "a certificate is a SHA-1 fingerprint (40 hexadecimal digits) or a subject (CN=Boss,O=Acme)"},
    {"a SHA-256 fingerprint, which nginx does not tell",
     "boss@acme.example " DIGITS "0123456789abcdef01234567",
     "a certificate is a SHA-1 fingerprint (40 hexadecimal digits) or a subject (CN=Boss,O=Acme)"},
    {"a control character in the subject", "boss@acme.example CN=Bo\x1bss",
     "the subject has a control character or is not UTF-8"},
    {"a fingerprint that is somebody's", "eve@acme.example " COLONS,
     "the certificate is that of \"boss@acme.example\" already (phones:1)"},
    {"a subject that is somebody's", "eve@acme.example CN=Printer 1,O=Acme",
     "the certificate is that of \"printer@acme.example\" already (phones:2)"},
    {"the same entry", "boss@acme.example " DIGITS,
     "the certificate is that of \"boss@acme.example\" already (phones:1)"},
};

static void
test_malformed_entries(void **state)
{
    (void)state;
    struct certificates *certificates = build();
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct err err = {.text = ""};
        CHECK(malformed[i].name,
              certificates_add(certificates, malformed[i].entry, line(9), &err) == -1);
        CHECK_TEXT(malformed[i].name, err.text, malformed[i].want_err);
        CHECK(malformed[i].name, certificates_count(certificates) == 4);
    }
    assert_string_equal(certificates_find(certificates, DIGITS, NULL)->user, "boss@acme.example");
    certificates_free(certificates);
}

static void
test_a_user_may_have_several(void **state)
{
    (void)state;
    struct certificates *certificates = certificates_create("phones", line(7));
    struct err err;
    assert_int_equal(certificates_add(certificates, "boss " DIGITS, line(1), &err), 0);
    assert_int_equal(certificates_add(certificates, "boss " OTHER, line(2), &err), 0);
    assert_int_equal(certificates_add(certificates, "boss CN=Boss", line(3), &err), 0);
    assert_int_equal(certificates_find(certificates, OTHER, NULL)->origin.line, 2);
    assert_int_equal(certificates_find(certificates, NULL, "CN=Boss")->origin.line, 3);
    certificates_free(certificates);
}

static void
hear(void *context, struct origin origin, const struct err *err)
{
    char *heard = context;
    snprintf(heard, 256, "%s:%u: %s", origin.file, origin.line, err->text);
}

static void
test_files(void **state)
{
    (void)state;
    static const char text[] = "# phones\n\nboss@acme.example " DIGITS "  # of 2026\r\n"
                               "eve@acme.example\nanna@acme.example CN=#1,O=Acme\n";
    struct certificates *certificates = certificates_create("phones", line(7));
    char heard[256] = "";
    assert_int_equal(
        certificates_add_text(certificates, text, sizeof text - 1, "phones", hear, heard), 1);
    assert_string_equal(heard, "phones:4: an entry is a user name, a space, and a fingerprint or "
                               "subject");
    assert_int_equal(certificates_count(certificates), 2);
    assert_int_equal(certificates_find(certificates, NULL, "CN=#1,O=Acme")->origin.line, 5);
    certificates_free(certificates);
}

/* Entries are pointed to: those that were found must stay where they are. */
static void
test_many_entries(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct certificates *certificates = certificates_create("phones", line(7));
    const struct certificate *first = NULL;
    for (unsigned i = 0; i < MANY; i++) {
        char entry[64];
        struct err err;
        snprintf(entry, sizeof entry, "user%u@acme.example CN=%u", i, i);
        assert_int_equal(certificates_add(certificates, entry, line(i), &err), 0);
        if (i == 0)
            first = certificates_find(certificates, NULL, "CN=0");
    }
    assert_int_equal(certificates_count(certificates), MANY);
    assert_ptr_equal(certificates_find(certificates, NULL, "CN=0"), first);
    for (unsigned i = 0; i < MANY; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "CN=%u", i);
        assert_int_equal(certificates_find(certificates, NULL, subject)->origin.line, i);
    }
    certificates_free(certificates);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_a_certificate_is),
        cmocka_unit_test(test_malformed_entries),
        cmocka_unit_test(test_a_user_may_have_several),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_many_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
