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
        .options = {.disabled = true,
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
        return users_edit_remove(c->text, length, c->line, length_r);
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
        char *value = users_edit_option(option_cases[i].text, strlen(option_cases[i].text),
                                        option_cases[i].line, option_cases[i].option);
        if (option_cases[i].want == NULL)
            assert_null(value);
        else
            assert_string_equal(value, option_cases[i].want);
        free(value);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
