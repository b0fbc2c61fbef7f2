#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "users_edit.h"

struct format_case {
    const char *name; /* a sentence */
    const char *user, *hash;
    struct users_edit_options options;
    const char *want; /* NULL: refused */
    const char *want_err;
};

static const struct format_case format_cases[] = {
    {
        .name = "a user without options is a name and a hash",
        .user = "anna@acme.example",
        .hash = "$y$j9T$x",
        .want = "anna@acme.example:$y$j9T$x",
    },
    {
        .name = "options stand in one order, the comment last",
        .user = "anna",
        .hash = "h",
        .options = {.disabled = USERS_EDIT_DISABLE,
                    .protocols = "smtp",
                    .networks = "192.0.2.0/24",
                    .comment = "left, in May"},
        .want = "anna:h:disabled,protocols=smtp,networks=192.0.2.0/24,comment=left, in May",
    },
    {
        .name = "commas between networks and protocols become the format's spaces",
        .user = "anna",
        .hash = "h",
        .options = {.protocols = "smtp,imap", .networks = "192.0.2.0/24,2001:db8::/32"},
        .want = "anna:h:protocols=smtp imap,networks=192.0.2.0/24 2001:db8::/32",
    },
    {
        .name = "an app password has two names and days of its own",
        .user = "anna@acme.example phone",
        .hash = "h",
        .options = {.networks = "192.0.2.0/24",
                    .created = "2026-11-22T10:00:00Z",
                    .expires = "2027-01-31",
                    .comment = "x"},
        .want = "anna@acme.example phone:h:networks=192.0.2.0/24,created=2026-11-22T10:00:00Z,"
                "expires=2027-01-31,comment=x",
    },
    {
        .name = "who may send stands between networks and comment",
        .user = "anna@acme.example",
        .hash = "h",
        .options = {.smtp_auth = "matching-sender", .comment = "x"},
        .want = "anna@acme.example:h:smtp_auth=matching-sender,comment=x",
    },
    {
        .name = "an option that is empty is left out",
        .user = "anna",
        .hash = "h",
        .options = {.disabled = USERS_EDIT_ENABLE, .networks = "", .comment = ""},
        .want = "anna:h",
    },
    {
        .name = "a date cannot smuggle in another option",
        .user = "anna phone",
        .hash = "h",
        .options = {.expires = "2027-01-31,comment=x"},
        .want_err = "expires: a character in it cannot stand in a users file",
    },
    {
        .name = "a line break in a comment cannot add a user",
        .user = "anna",
        .hash = "h",
        .options = {.comment = "x\nboss:hash"},
        .want_err = "comment: a character in it cannot stand in a users file",
    },
    {
        .name = "a network cannot smuggle in another option",
        .user = "anna",
        .hash = "h",
        .options = {.networks = "192.0.2.0/24,comment=x"},
        .want_err = "networks: a character in it cannot stand in a users file",
    },
    {
        .name = "a colon in a name is refused",
        .user = "an:na",
        .hash = "h",
        .want_err = "name: a character in it cannot stand in a users file",
    },
    {
        .name = "a name that would make the line a comment is refused",
        .user = "#anna",
        .hash = "h",
        .want_err = "name: a character in it cannot stand in a users file",
    },
};

static void
test_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof format_cases / sizeof format_cases[0]; i++) {
        const struct format_case *c = &format_cases[i];
        print_message("%s\n", c->name);
        struct err err = {0};
        char *line = users_edit_format(c->user, c->hash, &c->options, &err);
        if (c->want == NULL) {
            assert_null(line);
            assert_string_equal(err.text, c->want_err);
        } else {
            assert_non_null(line);
            assert_string_equal(line, c->want);
        }
        free(line);
    }
}

enum action { APPEND, SET_HASH, REMOVE };

struct edit_case {
    const char *name;
    const char *text;
    enum action action;
    unsigned line;
    const char *value; /* the new line or hash */
    const char *want;
};

static const struct edit_case edit_cases[] = {
    {"a line is added to an empty file", "", APPEND, 0, "a:h", "a:h\n"},
    {"a line is added behind the last one", "# users\na:h\n", APPEND, 0, "b:h",
     "# users\na:h\nb:h\n"},
    {"a last line without its line break gets it", "a:h", APPEND, 0, "b:h", "a:h\nb:h\n"},
    {"a hash is changed and all else stays", "# one\n\na:old:disabled,comment=x:y\nb:old\n",
     SET_HASH, 3, "new", "# one\n\na:new:disabled,comment=x:y\nb:old\n"},
    {"a hash at the end of its line is changed", "a:old\nb:old\n", SET_HASH, 1, "new",
     "a:new\nb:old\n"},
    {"a hash at the end of the file is changed", "a:old\nb:old", SET_HASH, 2, "new",
     "a:old\nb:new"},
    {"a longer and a shorter hash fit", "a:o:comment=c\n", SET_HASH, 1, "much longer",
     "a:much longer:comment=c\n"},
    {"the first line is removed", "a:h\nb:h\n", REMOVE, 1, NULL, "b:h\n"},
    {"a line in the middle is removed and comments stay", "# x\na:h\n# y\nb:h\n", REMOVE, 2, NULL,
     "# x\n# y\nb:h\n"},
    {"the last line without its line break is removed", "a:h\nb:h", REMOVE, 2, NULL, "a:h\n"},
    {"the only line is removed", "a:h", REMOVE, 1, NULL, ""},
};

static char *
edit(const struct edit_case *c, size_t *length_r)
{
    size_t length = strlen(c->text);
    switch (c->action) {
    case APPEND:
        return users_edit_append(c->text, length, c->value, length_r);
    case SET_HASH:
        return users_edit_set_hash(c->text, length, c->line, c->value, length_r);
    case REMOVE:
        return users_edit_remove(c->text, length, &c->line, 1, length_r);
    }
    return NULL;
}

static void
test_edit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edit_cases / sizeof edit_cases[0]; i++) {
        print_message("%s\n", edit_cases[i].name);
        size_t length = 0;
        char *text = edit(&edit_cases[i], &length);
        assert_string_equal(text, edit_cases[i].want);
        assert_int_equal(length, strlen(edit_cases[i].want));
        free(text);
    }
}

static const struct {
    const char *name, *text, *option, *want;
    unsigned line;
} option_cases[] = {
    {"an option is found as it was written", "a:h:networks=192.0.2.0/24 2001:db8::/32\n",
     "networks", "192.0.2.0/24 2001:db8::/32", 1},
    {"an option behind others is found", "# x\na:h:disabled,protocols=smtp imap,networks=::1/128",
     "networks", "::1/128", 2},
    {"a comment may hold commas", "a:h:comment=one, two\n", "comment", "one, two", 1},
    {"what a comment says is no option", "a:h:comment=x,networks=::/0\n", "networks", NULL, 1},
    {"another line's option is not this one's", "a:h\nb:h:networks=::/0\n", "networks", NULL, 1},
    {"an option whose name begins the same is another", "a:h:networksize=1\n", "networks", NULL, 1},
};

static void
test_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof option_cases / sizeof option_cases[0]; i++) {
        print_message("%s\n", option_cases[i].name);
        struct users_edit_place place = {0};
        char *value = users_edit_option(option_cases[i].text, strlen(option_cases[i].text), &place,
                                        option_cases[i].line, option_cases[i].option);
        if (option_cases[i].want == NULL)
            assert_null(value);
        else
            assert_string_equal(value, option_cases[i].want);
        free(value);
    }
}

static void
test_lines_are_found_in_any_order(void **state)
{
    (void)state;
    static const char text[] = "a:h:comment=1\n# x\nb:h:comment=3\n\nc:h:comment=5";
    static const struct {
        unsigned line;
        const char *want;
    } cases[] = {{1, "1"}, {3, "3"},  {5, "5"}, {5, "5"}, {6, NULL},
                 {3, "3"}, {2, NULL}, {1, "1"}, {5, "5"}};
    struct users_edit_place place = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("line %u\n", cases[i].line);
        char *value = users_edit_option(text, strlen(text), &place, cases[i].line, "comment");
        if (cases[i].want == NULL)
            assert_null(value);
        else
            assert_string_equal(value, cases[i].want);
        free(value);
    }
}

static void
test_several_lines_are_removed_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        unsigned lines[3];
        size_t count;
        const char *want;
    } cases[] = {
        {"the first and the last", "a:h\n# x\nb:h\nc:h", {1, 4}, 2, "# x\nb:h\n"},
        {"neighbours", "a:h\nb:h\nc:h\nd:h\n", {2, 3}, 2, "a:h\nd:h\n"},
        {"all", "a:h\nb:h\nc:h\n", {1, 2, 3}, 3, ""},
        {"none", "a:h\n", {0}, 0, "a:h\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        size_t length = 0;
        char *text = users_edit_remove(cases[i].text, strlen(cases[i].text), cases[i].lines,
                                       cases[i].count, &length);
        assert_string_equal(text, cases[i].want);
        assert_int_equal(length, strlen(cases[i].want));
        free(text);
    }
}

static void
test_options_are_changed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        unsigned line;
        struct users_edit_options options;
        const char *want; /* NULL: refused */
    } cases[] = {
        {.name = "a line without options gets one",
         .text = "a:h\nb:h",
         .line = 2,
         .options = {.networks = "::1,10.0.0.1"},
         .want = "a:h\nb:h:networks=::1 10.0.0.1"},
        {.name = "one is changed, the others stay, in the one order",
         .text = "# x\nA:h:networks=::1,disabled,comment=x,y\nb:h\n",
         .line = 2,
         .options = {.protocols = "smtp"},
         .want = "# x\nA:h:disabled,protocols=smtp,networks=::1,comment=x,y\nb:h\n"},
        {.name = "a comment is replaced whole",
         .text = "a:h:comment=x,y:z\nb:h\n",
         .line = 1,
         .options = {.comment = "n"},
         .want = "a:h:comment=n\nb:h\n"},
        {.name = "the last one is taken away",
         .text = "a:h:networks=::1\n",
         .line = 1,
         .options = {.networks = ""},
         .want = "a:h\n"},
        {.name = "a disabled user is enabled",
         .text = "a:h:disabled,smtp_auth=no\n",
         .line = 1,
         .options = {.disabled = USERS_EDIT_ENABLE},
         .want = "a:h:smtp_auth=no\n"},
        {.name = "an empty list of options is one",
         .text = "a:h:\n",
         .line = 1,
         .options = {.disabled = USERS_EDIT_DISABLE},
         .want = "a:h:disabled\n"},
        {.name = "a line break in a comment is refused",
         .text = "a:h\n",
         .line = 1,
         .options = {.comment = "x\nb:h"},
         .want = NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct err err = {0};
        size_t length = 0;
        char *text = users_edit_set_options(cases[i].text, strlen(cases[i].text), cases[i].line,
                                            &cases[i].options, &length, &err);
        if (cases[i].want == NULL) {
            assert_null(text);
            assert_string_equal(err.text,
                                "comment: a character in it cannot stand in a users file");
            continue;
        }
        assert_string_equal(text, cases[i].want);
        assert_int_equal(length, strlen(cases[i].want));
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_option),
        cmocka_unit_test(test_lines_are_found_in_any_order),
        cmocka_unit_test(test_several_lines_are_removed_at_once),
        cmocka_unit_test(test_options_are_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
