#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "users_file.h"
#include "verdict.h"

#define HASH     "$1$Tz41Jqow$lDmEDFh3nvZXkdfzly7sA1"
#define APP_HASH "{SSHA256}WQmOLnSb7LdOUB4gdj7blLCUM+IMKv8OvJoGG7kkSOZzYWx0"
#define BCRYPT   "$2b$05$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC"

#define YESCRYPT "$y$j9T$XXXXXXXXXXXXXXXXXXXXX/$YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY"

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
        enum smtp_auth want_smtp_auth;
    } cases[] = {
        {"a name and a hash are enough", "a@b.example:" HASH "\n", "a@b.example", 1, false, 0, NULL,
         0, SMTP_AUTH_ANY_SENDER},
        {"the last line may end without a line feed", "a@b.example:" HASH, "a@b.example", 1, false,
         0, NULL, 0, SMTP_AUTH_ANY_SENDER},
        {"empty options", "a@b.example:" HASH ":\n", "a@b.example", 1, false, 0, NULL, 0,
         SMTP_AUTH_ANY_SENDER},
        {"a name without a domain", "printer:" HASH ":\n", "printer", 1, false, 0, NULL, 0,
         SMTP_AUTH_ANY_SENDER},
        {"names are in lower case", "Boss@ACME.Example:" HASH "\n", "boss@acme.example", 1, false,
         0, NULL, 0, SMTP_AUTH_ANY_SENDER},
        {"names that need xtext are kept", "a+b=c@b.example:" HASH "\n", "a+b=c@b.example", 1,
         false, 0, NULL, 0, SMTP_AUTH_ANY_SENDER},
        {"comments and empty lines count", "# users\n\n \t\na@b.example:" HASH "\n", "a@b.example",
         4, false, 0, NULL, 0, SMTP_AUTH_ANY_SENDER},
        {"disabled", "a@b.example:" HASH ":disabled\n", "a@b.example", 1, true, 0, NULL, 0,
         SMTP_AUTH_ANY_SENDER},
        {"protocols", "a@b.example:" HASH ":protocols=smtp imap\n", "a@b.example", 1, false,
         PROTOCOL_BIT(PROTOCOL_SMTP) | PROTOCOL_BIT(PROTOCOL_IMAP), NULL, 0, SMTP_AUTH_ANY_SENDER},
        {"networks", "a@b.example:" HASH ":networks=192.0.2.0/24 2001:db8::/32 10.0.0.1\n",
         "a@b.example", 1, false, 0, NULL, 3, SMTP_AUTH_ANY_SENDER},
        {"a comment goes to the end of the line",
         "a@b.example:" HASH ":comment=third floor, left: 3\n", "a@b.example", 1, false, 0,
         "third floor, left: 3", 0, SMTP_AUTH_ANY_SENDER},
        {"may send as whom he likes", "a@b.example:" HASH ":smtp_auth=any-sender\n", "a@b.example",
         1, false, 0, NULL, 0, SMTP_AUTH_ANY_SENDER},
        {"may send as himself", "a@b.example:" HASH ":smtp_auth=matching-sender\n", "a@b.example",
         1, false, 0, NULL, 0, SMTP_AUTH_MATCHING_SENDER},
        {"may not log in by SMTP", "printer:" HASH ":smtp_auth=no\n", "printer", 1, false, 0, NULL,
         0, SMTP_AUTH_NO},
        {"all of it",
         "a@b.example:" HASH ":disabled,networks=::1,protocols=pop3,smtp_auth=no,comment=x\n",
         "a@b.example", 1, true, PROTOCOL_BIT(PROTOCOL_POP3), "x", 1, SMTP_AUTH_NO},
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
        assert_int_equal(entry->smtp_auth, cases[i].want_smtp_auth);
        if (cases[i].want_comment == NULL)
            assert_null(entry->comment);
        else
            assert_string_equal(entry->comment, cases[i].want_comment);
        if (cases[i].want_networks == 0)
            assert_null(entry->networks);
        else
            assert_int_equal(list_size(entry->networks), cases[i].want_networks);
        assert_int_equal(users_file_count(users), 1);
        assert_int_equal(users_file_app_count(users), 0);
        assert_false(users_file_knows_clear(users));
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
        {"space before the name", TEXT(" a@c.example:" HASH "\n"), "1: the user name has a space"},
        {"a password in clear is not repeated", TEXT("a@c.example:swordfish\n"), "1: "},
        {"no hash", TEXT("a@c.example:\n"), "1: "},
        {"an unknown scheme", TEXT("a@c.example:{ROT13}fjbeqsvfu\n"), "1: "},
        {"a hash that nobody can compute",
         TEXT("a@c.example:$2b$99$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC\n"), "1: "},
        {"a hash that is cut", TEXT("a@c.example:{SSHA256}c3dvcmRmaXNo\n"), "1: "},
        {"a colon in a password in clear does not tell the rest of it",
         TEXT("a@c.example:{PLAIN}x:swordfish\n"),
         "1: no such option behind the password (one with a colon in it must be written as "
         "{PLAIN.B64}, in base64)\n"},
        {"an unknown option", TEXT("a@c.example:" HASH ":admin=1\n"),
         "1: no such option: \"admin\" (disabled, protocols=, networks=, smtp_auth= or comment=, "
         "separated by commas)\n"},
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
        {"networks twice", TEXT("a@c.example:" HASH ":networks=::1,networks=::2\n"),
         "1: networks: stands twice (separate the networks by spaces)\n"},
        {"an unknown word for smtp_auth", TEXT("a@c.example:" HASH ":smtp_auth=yes\n"),
         "1: smtp_auth: not any-sender, matching-sender or no\n"},
        {"a name without a domain matches no sender",
         TEXT("printer:" HASH ":smtp_auth=matching-sender\n"),
         "1: smtp_auth: matching-sender needs a user name with a domain (no sender matches one "
         "without)\n"},
        {"a user does not expire", TEXT("a@c.example:" HASH ":expires=2027-01-31\n"),
         "1: no such option: \"expires\""},
        {"an app password without a name", TEXT("a@c.example :" HASH "\n"),
         "1: the name of an app password behind the user's must be one word of at most 64 bytes of "
         "UTF-8\n"},
        {"an app password of two names", TEXT("a@c.example my phone:" APP_HASH "\n"),
         "1: the name of an app password "},
        {"an app password with a tab in its name", TEXT("a@c.example my\tphone:" APP_HASH "\n"),
         "1: the name of an app password "},
        {"an app password whose name is not UTF-8", TEXT("a@c.example \xff:" HASH "\n"),
         "1: the name of an app password "},
        {"an app password is not disabled, but revoked",
         TEXT("a@c.example phone:" APP_HASH ":disabled\n"),
         "1: no such option: \"disabled\" (of app passwords: networks=, created=, expires= or "
         "comment=, separated by commas)\n"},
        {"an app password that expires on no day",
         TEXT("a@c.example phone:" APP_HASH ":expires=2027-02-30\n"),
         "1: expires: no such date, or before 1970\n"},
        {"an app password that expires when all time begins",
         TEXT("a@c.example phone:" APP_HASH ":expires=1970-01-01\n"),
         "1: expires: no such date, or before 1970\n"},
        {"an app password that was made some day",
         TEXT("a@c.example phone:" APP_HASH ":created=yesterday\n"), "1: created: not a date"},
        {"an app password that stands twice, in another case",
         TEXT("a@c.example phone:" APP_HASH "\nb@c.example phone:" APP_HASH
              "\nA@c.example Phone:" APP_HASH "\n"),
         "3: \"a@c.example phone\" stands in line 1 already\n"},
        {"an app password that costs too much", TEXT("a@c.example phone:" YESCRYPT "\n"),
         "1: the hash takes too much memory for an app password, all of which are compared (they "
         "are random: {SSHA256} will do, as mailreeve app-password makes it)\n"},
        {"an app password that costs much time",
         TEXT("a@c.example phone:{CRYPT}$6$rounds=9999999$saltsalt$"
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "aa\n"),
         "1: the hash takes too much time for an app password"},
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
test_app_passwords(void **state)
{
    (void)state;
    static const char text[] =
        "a@b.example Phone:" APP_HASH ":expires=2027-01-31,networks=192.0.2.0/24,comment=x, y\n"
        "# a user between his app passwords\n"
        "A@b.example:" BCRYPT "\n"
        "other@b.example  tablet:" APP_HASH "\n"
        "a@b.example tablet:" APP_HASH ":created=2026-11-22T10:00:00Z\n";
    struct complaints complaints;
    struct users_file *users = parse(text, strlen(text), &complaints);
    assert_string_equal(complaints.text, "");
    assert_non_null(users);
    assert_int_equal(users_file_count(users), 1);
    assert_int_equal(users_file_app_count(users), 3);

    const struct app_password *phone = users_file_app_passwords(users, "a@b.example");
    assert_non_null(phone);
    assert_ptr_equal(phone, users_file_app_at(users, 0));
    assert_string_equal(phone->user, "a@b.example");
    assert_string_equal(phone->name, "Phone");
    assert_string_equal(phone->hash, APP_HASH);
    assert_int_equal(phone->created_s, 0);
    assert_int_equal(phone->expires_s, 1801353600);
    assert_int_equal(list_size(phone->networks), 1);
    assert_string_equal(phone->comment, "x, y");
    assert_int_equal(phone->origin.line, 1);

    const struct app_password *tablet = phone->next;
    assert_non_null(tablet);
    assert_string_equal(tablet->name, "tablet");
    assert_int_equal(tablet->created_s, 1795341600);
    assert_int_equal(tablet->expires_s, 0);
    assert_null(tablet->networks);
    assert_int_equal(tablet->origin.line, 5);
    assert_null(tablet->next);

    assert_string_equal(users_file_app_passwords(users, "other@b.example")->name, "tablet");
    assert_null(users_file_app_passwords(users, "nobody@b.example"));
    assert_null(users_file_find(users, "other@b.example"));
    for (unsigned line = 0; line < 7; line++) {
        const struct app_password *app = users_file_app_of_line(users, line);
        assert_int_equal(app != NULL, line == 1 || line == 4 || line == 5);
        if (app != NULL)
            assert_int_equal(app->origin.line, line);
    }
    users_file_free(users);
}

static void
test_nobody_has_more_app_passwords_than_are_compared(void **state)
{
    (void)state;
    enum { LINE = 96 };
    char *text = calloc(APP_PASSWORDS_MAX + 1, LINE);
    assert_non_null(text);
    size_t length = 0, length_of_most = 0;
    for (unsigned i = 0; i <= APP_PASSWORDS_MAX; i++) {
        length_of_most = length;
        length += (size_t)snprintf(text + length, LINE, "a@b.example p%u:%s\n", i, APP_HASH);
    }
    struct complaints complaints;
    struct users_file *users = parse(text, length_of_most, &complaints);
    assert_non_null(users);
    users_file_free(users);
    assert_null(parse(text, length, &complaints));
    assert_string_equal(complaints.text, "101: \"a@b.example\" has 100 app passwords already "
                                         "(more cannot be compared)\n");
    free(text);
}

static void
test_which_files_know_passwords_in_clear(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool want;
    } cases[] = {
        {"nobody", "", false},
        {"hashes alone", "a:" HASH "\nb:" BCRYPT "\n", false},
        {"one in clear", "a:" HASH "\nb:{PLAIN}x\n", true},
        {"one in base64", "b:{PLAIN.B64}eDp5\na:" HASH "\n", true},
        {"an app password in clear is of no use", "a p:{PLAIN}x\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct complaints complaints;
        print_message("%s\n", cases[i].name);
        struct users_file *users = parse(cases[i].text, strlen(cases[i].text), &complaints);
        assert_string_equal(complaints.text, "");
        assert_int_equal(users_file_knows_clear(users), cases[i].want);
        users_file_free(users);
    }
}

static void
test_users_of_one_office_have_one_list_of_networks(void **state)
{
    (void)state;
    static const char text[] = "a:" HASH ":networks=10.0.0.0/8 ::1\nb:" HASH ":networks=::1\n"
                               "c:" HASH ":networks=10.0.0.0/8 ::1\n";
    struct complaints complaints;
    struct users_file *users = parse(text, strlen(text), &complaints);
    assert_non_null(users);
    assert_ptr_equal(users_file_at(users, 0)->networks, users_file_at(users, 2)->networks);
    assert_ptr_not_equal(users_file_at(users, 0)->networks, users_file_at(users, 1)->networks);
    users_file_free(users);
}

/* How fast that is, tests/bench/users.c measures. */
static void
test_a_million_users(void **state)
{
    (void)state;
    enum { USERS = 1000000, EVERY = 10, LINE = 128 };
    char *text = malloc((size_t)USERS * LINE);
    assert_non_null(text);
    size_t length = 0;
    for (unsigned i = 0; i < USERS; i++) {
        length += (size_t)snprintf(text + length, LINE, "user%u@acme.example:%s\n", i, HASH);
        if (i % EVERY == 0)
            length +=
                (size_t)snprintf(text + length, LINE, "user%u@acme.example p:%s\n", i, APP_HASH);
    }
    struct complaints complaints = {""};
    struct users_file *users = users_file_parse(text, length, "users", complain, &complaints);
    assert_non_null(users);
    assert_int_equal(users_file_count(users), USERS);
    assert_int_equal(users_file_app_count(users), USERS / EVERY);
    for (unsigned i = 0; i < USERS; i++) {
        char name[LINE];
        snprintf(name, sizeof name, "user%u@acme.example", i);
        assert_non_null(users_file_find(users, name));
        assert_int_equal(users_file_app_passwords(users, name) != NULL, i % EVERY == 0);
    }
    users_file_free(users);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_app_passwords),
        cmocka_unit_test(test_nobody_has_more_app_passwords_than_are_compared),
        cmocka_unit_test(test_which_files_know_passwords_in_clear),
        cmocka_unit_test(test_users_of_one_office_have_one_list_of_networks),
        cmocka_unit_test(test_a_million_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
