#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "users_file.h"
#include "verdict.h"

#define HASH   "$1$Tz41Jqow$lDmEDFh3nvZXkdfzly7sA1"
#define BCRYPT "$2b$05$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC"

/* The problems of one parse, a line each: "LINE: TEXT". */
struct complaints {
    char text[2048];
};

static void
complain(void *context, struct origin origin, const struct err *err)
{
    struct complaints *complaints = context;
    size_t used = strlen(complaints->text);
    assert_string_equal(origin.file, "users");
    snprintf(complaints->text + used, sizeof complaints->text - used, "%u: %s\n", origin.line,
             err->text);
}

/* An exact heap copy, so that the sanitizer sees a read of one byte too many. */
static struct users_file *
parse(const char *text, size_t length, struct complaints *complaints)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    complaints->text[0] = '\0';
    struct users_file *users = users_file_parse(copy, length, "users", complain, complaints);
    free(copy);
    return users;
}

static void
test_good_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *user;
        unsigned want_line;
        bool want_disabled;
        unsigned want_protocols;
        const char *want_comment;
        size_t want_networks;
    } cases[] = {
        {"a name and a hash are enough", "a@b.example:" HASH "\n", "a@b.example", 1, false, 0, NULL,
         0},
        {"the last line may end without a line feed", "a@b.example:" HASH, "a@b.example", 1, false,
         0, NULL, 0},
        {"empty options", "a@b.example:" HASH ":\n", "a@b.example", 1, false, 0, NULL, 0},
        {"a name without a domain", "printer:" HASH ":\n", "printer", 1, false, 0, NULL, 0},
        {"names are in lower case", "Boss@ACME.Example:" HASH "\n", "boss@acme.example", 1, false,
         0, NULL, 0},
        {"names that need xtext are kept", "a+b=c@b.example:" HASH "\n", "a+b=c@b.example", 1,
         false, 0, NULL, 0},
        {"comments and empty lines count", "# users\n\n \t\na@b.example:" HASH "\n", "a@b.example",
         4, false, 0, NULL, 0},
        {"disabled", "a@b.example:" HASH ":disabled\n", "a@b.example", 1, true, 0, NULL, 0},
        {"protocols", "a@b.example:" HASH ":protocols=smtp imap\n", "a@b.example", 1, false,
         PROTOCOL_BIT(PROTOCOL_SMTP) | PROTOCOL_BIT(PROTOCOL_IMAP), NULL, 0},
        {"networks", "a@b.example:" HASH ":networks=192.0.2.0/24 2001:db8::/32 10.0.0.1\n",
         "a@b.example", 1, false, 0, NULL, 3},
        {"a comment goes to the end of the line",
         "a@b.example:" HASH ":comment=third floor, left: 3\n", "a@b.example", 1, false, 0,
         "third floor, left: 3", 0},
        {"all of it", "a@b.example:" HASH ":disabled,networks=::1,protocols=pop3,comment=x\n",
         "a@b.example", 1, true, PROTOCOL_BIT(PROTOCOL_POP3), "x", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct complaints complaints;
        print_message("%s\n", cases[i].name);
        struct users_file *users = parse(cases[i].text, strlen(cases[i].text), &complaints);
        assert_string_equal(complaints.text, "");
        assert_non_null(users);
        const struct user_entry *entry = users_file_find(users, cases[i].user);
        assert_non_null(entry);
        assert_string_equal(entry->name, cases[i].user);
        assert_string_equal(entry->hash, HASH);
        assert_int_equal(entry->origin.line, cases[i].want_line);
        assert_string_equal(entry->origin.file, "users");
        assert_int_equal(entry->disabled, cases[i].want_disabled);
        assert_int_equal(entry->protocols, cases[i].want_protocols);
        if (cases[i].want_comment == NULL)
            assert_null(entry->comment);
        else
            assert_string_equal(entry->comment, cases[i].want_comment);
        if (cases[i].want_networks == 0)
            assert_null(entry->networks);
        else
            assert_int_equal(list_size(entry->networks), cases[i].want_networks);
        assert_int_equal(users_file_count(users), 1);
        assert_ptr_equal(users_file_at(users, 0), entry);
        assert_null(users_file_find(users, "nobody@b.example"));
        users_file_free(users);
    }
}

static void
test_bad_lines(void **state)
{
    (void)state;
#define TEXT(text) (text), sizeof(text) - 1
    static const struct {
        const char *name, *text;
        size_t length;
        const char *want; /* the complaints begin with this */
    } cases[] = {
        {"no colon", TEXT("boss\n"), "1: no colon (a line is name:hash or name:hash:options)\n"},
        {"no name", TEXT(":" HASH "\n"), "1: "},
        {"a space in the name", TEXT("a b@c.example:" HASH "\n"), "1: the user name has a space"},
        {"space before the name", TEXT(" a@c.example:" HASH "\n"), "1: the user name has a space"},
        {"a password in clear is not repeated", TEXT("a@c.example:swordfish\n"),
         "1: the hash is cut or damaged (its length or its characters are not those of its "
         "kind)\n"},
        {"no hash", TEXT("a@c.example:\n"), "1: not a hash that crypt(3) can verify"},
        {"an unknown option", TEXT("a@c.example:" HASH ":admin=1\n"),
         "1: no such option: \"admin\" (disabled, protocols=, networks= or comment=, separated by "
         "commas)\n"},
        {"a second hash is not repeated", TEXT("a@c.example:" HASH ":" HASH "\n"),
         "1: no such option: \"\""},
        {"disabled with a value", TEXT("a@c.example:" HASH ":disabled=no\n"),
         "1: no such option (disabled takes no value)\n"},
        {"an unknown protocol", TEXT("a@c.example:" HASH ":protocols=smtp nntp\n"),
         "1: protocols: \"nntp\" is none (smtp, pop3, imap or http, separated by spaces)\n"},
        {"no protocol", TEXT("a@c.example:" HASH ":protocols=\n"), "1: protocols: names none"},
        {"no network", TEXT("a@c.example:" HASH ":networks=\n"), "1: networks: names none"},
        {"a bad network", TEXT("a@c.example:" HASH ":networks=10.0.0.1 10.0.0.0/33\n"),
         "1: networks: "},
        {"networks separated by commas", TEXT("a@c.example:" HASH ":networks=10.0.0.1,10.0.0.2\n"),
         "1: no such option: \"\""},
        {"Windows line ends", TEXT("a@c.example:" HASH "\r\n"),
         "1: a control character (the file must have Unix line ends)\n"},
        {"a byte order mark",
         TEXT("\xef\xbb\xbf"
              "a@c.example:" HASH "\n"),
         "1: a byte order mark (the file must be plain UTF-8 text)\n"},
        {"a NUL", TEXT("# fine\na@c.example:" HASH "\0\n"), "2: a NUL byte\n"},
        {"a name that stands twice, in another case",
         TEXT("a@c.example:" HASH "\n\nA@C.example:" HASH "\n"),
         "3: \"a@c.example\" stands in line 1 already\n"},
        {"every bad line is told", TEXT("x\na@c.example:" HASH "\ny\n"),
         "1: no colon (a line is name:hash or name:hash:options)\n"
         "3: no colon (a line is name:hash or name:hash:options)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct complaints complaints;
        print_message("%s\n", cases[i].name);
        assert_null(parse(cases[i].text, cases[i].length, &complaints));
        if (strncmp(complaints.text, cases[i].want, strlen(cases[i].want)) != 0)
            assert_string_equal(complaints.text, cases[i].want);
        assert_null(strstr(complaints.text, "swordfish"));
        assert_null(strstr(complaints.text, "Tz41Jqow"));
    }
}

static void
test_the_typical_hash_is_of_the_most_common_kind(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"no users, no hash", "# nobody\n", NULL},
        {"the only one", "a:" HASH "\n", HASH},
        {"the majority", "a:" HASH "\nb:" BCRYPT "\nc:" BCRYPT "\n", BCRYPT},
        {"cost counts, not kind alone",
         "a:$2b$04$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC\n"
         "b:" HASH "\nc:" HASH "\nd:" BCRYPT "\n",
         HASH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct complaints complaints;
        print_message("%s\n", cases[i].name);
        struct users_file *users = parse(cases[i].text, strlen(cases[i].text), &complaints);
        assert_non_null(users);
        if (cases[i].want == NULL)
            assert_null(users_file_typical_hash(users));
        else
            assert_string_equal(users_file_typical_hash(users), cases[i].want);
        users_file_free(users);
    }
}

static void
test_a_million_users(void **state)
{
    (void)state;
    enum { USERS = 1000000, LOOKUPS = 1000000, LINE = 64 };
    char *text = malloc((size_t)USERS * LINE);
    assert_non_null(text);
    size_t length = 0;
    for (unsigned i = 0; i < USERS; i++)
        length += (size_t)snprintf(text + length, LINE, "user%u@acme.example:%s\n", i, HASH);

    struct complaints complaints = {""};
    int64_t start_us = clock_now_us();
    struct users_file *users = users_file_parse(text, length, "users", complain, &complaints);
    int64_t loaded_us = clock_now_us();
    assert_non_null(users);
    assert_int_equal(users_file_count(users), USERS);

    size_t found = 0;
    for (unsigned i = 0; i < LOOKUPS; i++) {
        char name[LINE];
        snprintf(name, sizeof name, "user%u@acme.example", i * 7919U % USERS);
        found += users_file_find(users, name) != NULL;
    }
    int64_t looked_up_us = clock_now_us();
    assert_int_equal(found, LOOKUPS);
    print_message("%d users load in %.2f s; a look-up takes %.3f us with its snprintf\n", USERS,
                  (double)(loaded_us - start_us) / 1e6,
                  (double)(looked_up_us - loaded_us) / LOOKUPS);
    users_file_free(users);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_the_typical_hash_is_of_the_most_common_kind),
        cmocka_unit_test(test_a_million_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
