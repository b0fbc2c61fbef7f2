/* What is found, of which headers and as whose; several headers; work that does not explode. */
#include "from_case.h"

struct header {
    const char *name, *value;
};

static struct identity_headers *
read_all(const struct header *headers, size_t count)
{
    struct identity_headers *read = identity_headers_create();
    for (size_t i = 0; i < count && headers[i].name != NULL; i++)
        identity_headers_add(read, headers[i].name, headers[i].value, strlen(headers[i].value));
    identity_headers_end(read);
    return read;
}

/* Each address: its header, '*' for an author's, the address. */
static void
list_shown(const struct identity_headers *headers, char *text, size_t room)
{
    size_t count, used = 0;
    const struct shown_address *shown = identity_headers_shown(headers, &count);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char address[MAILBOX_TEXT_MAX];
        mailbox_format(&shown[i].mailbox, address);
        used += (size_t)snprintf(text + used, room - used, "%s%s%s %s", i > 0 ? ", " : "",
                                 shown[i].header, shown[i].is_author ? "*" : "", address);
        assert_true(used < room);
    }
}

static const struct {
    const char *name;
    struct header headers[4];
    const char *want_shown;
    const char *want_fault; /* "": none */
} found_cases[] = {
    {"a mailbox of From: is an author",
     {{"From", "Bob <bob@acme.example>"}},
     "From* bob@acme.example",
     ""},
    {"an address in a name is shown, not an author",
     {{"From", "\"eve@widgets.example\" <bob@acme.example>"}},
     "From* bob@acme.example, From eve@widgets.example",
     ""},
    {"an address that is in a name and a mailbox is found once",
     {{"From", "\"Bob@acme.example\" <BOB@acme.example>"}},
     "From* bob@acme.example",
     ""},
    {"mailboxes of groups are authors",
     {{"From", "A: bob@acme.example;, B: eve@widgets.example;"}},
     "From* bob@acme.example, From* eve@widgets.example",
     ""},
    {"domains are as DNS has them",
     {{"From", "bob@B\xc3\xbc"
               "cher.example"}},
     "From* bob@xn--bcher-kva.example",
     ""},
    {"two From: headers are both read",
     {{"From", "bob@acme.example"}, {"FROM", "boss@acme.example"}},
     "From* bob@acme.example, From* boss@acme.example",
     ""},
    {"a From: with a space before the colon is one",
     {{"From ", "bob@acme.example"}, {"from\t", "boss@acme.example"}},
     "From* bob@acme.example, From* boss@acme.example",
     ""},
    {"Sender:, Resent-From: and Resent-Sender: show no author",
     {{"From", "bob@acme.example"},
      {"sender", "a@b.example"},
      {"RESENT-FROM", "c@d.example"},
      {"Resent-Sender", "\"e@f.example\" <g@h.example>"}},
     "From* bob@acme.example, Sender a@b.example, Resent-From c@d.example, "
     "Resent-Sender g@h.example, Resent-Sender e@f.example",
     ""},
    {"no header at all", {{NULL, NULL}}, "", "From: no such header"},
    {"no From:",
     {{"Sender", "bob@acme.example"}},
     "Sender bob@acme.example",
     "From: no such header"},
    {"other headers do not count",
     {{"From", "bob@acme.example"}, {"Reply-To", "a@b.example"}, {"X-From", "c@d.example"}},
     "From* bob@acme.example",
     ""},
    {"a fault of Sender: is named so",
     {{"From", "bob@acme.example"}, {"Sender", ""}},
     "From* bob@acme.example",
     "Sender: no address"},
    {"the first fault is told",
     {{"From", "bob"}, {"Sender", ""}},
     "",
     "From: an address without a domain"},
    {"of a header with a fault all may be authors",
     {{"From", "\"boss@acme.example\" bob@acme.example, eve@widgets.example,"}},
     "From* boss@acme.example, From* bob@acme.example, From* eve@widgets.example",
     "From: more than one way to read it"},
    {"the author of one From: is no excuse for another",
     {{"From", "bob@acme.example (anna@acme.example)"}, {"From", "eve@widgets.example,"}},
     "From* bob@acme.example, From anna@acme.example, From* eve@widgets.example",
     "From: more than one way to read it"},
    {"who sends is no author, fault or none",
     {{"From", "bob@acme.example"}, {"Sender", "eve@widgets.example,"}},
     "From* bob@acme.example, Sender eve@widgets.example",
     "Sender: more than one way to read it"},
    {"the same address in two headers is found in both",
     {{"From", "bob@acme.example"}, {"Sender", "bob@acme.example"}},
     "From* bob@acme.example, Sender bob@acme.example",
     ""},
};

static void
test_what_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(found_cases); i++) {
        struct identity_headers *headers =
            read_all(found_cases[i].headers, COUNT_OF(found_cases[i].headers));
        char shown[2048];
        list_shown(headers, shown, sizeof shown);
        CHECK_TEXT(found_cases[i].name, shown, found_cases[i].want_shown);
        const char *fault = identity_headers_fault(headers);
        CHECK_TEXT(found_cases[i].name, fault != NULL ? fault : "", found_cases[i].want_fault);
        identity_headers_free(headers);
    }
}

/* Whether the user may send it. */
static void
test_every_header_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct header headers[3];
        enum reason want;
    } cases[] = {
        {"two From: headers of his",
         {{"From", "bob@acme.example"}, {"From", "robert@acme.example"}},
         REASON_MESSAGE_OK},
        {"another's behind his",
         {{"From", "bob@acme.example"}, {"From", BOSS}},
         REASON_FROM_MISMATCH},
        {"another's before his",
         {{"From", BOSS}, {"From", "bob@acme.example"}},
         REASON_FROM_MISMATCH},
        {"an empty one behind his",
         {{"From", "bob@acme.example"}, {"From", ""}},
         REASON_FROM_MISMATCH},
        {"Sender: of his",
         {{"From", "bob@acme.example"}, {"Sender", "robert@acme.example"}},
         REASON_MESSAGE_OK},
        {"Sender: of another",
         {{"From", "bob@acme.example"}, {"Sender", BOSS}},
         REASON_FROM_MISMATCH},
        {"From: of another, Sender: of his",
         {{"From", BOSS}, {"Sender", "bob@acme.example"}},
         REASON_FROM_MISMATCH},
        {"Resent-From: of another",
         {{"From", "bob@acme.example"}, {"Resent-From", BOSS}},
         REASON_FROM_MISMATCH},
        {"Resent-Sender: of another",
         {{"From", "bob@acme.example"}, {"Resent-Sender", BOSS}},
         REASON_FROM_MISMATCH},
        {"no From:", {{"Sender", "bob@acme.example"}}, REASON_FROM_MISMATCH},
        {"Reply-To: of another",
         {{"From", "bob@acme.example"}, {"Reply-To", BOSS}},
         REASON_MESSAGE_OK},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct identity_headers *headers = read_all(cases[i].headers, COUNT_OF(cases[i].headers));
        CHECK_TEXT(cases[i].name, reason_id(from_decide(headers, "bob@acme.example")),
                   reason_id(cases[i].want));
        identity_headers_free(headers);
    }
}

static void
test_names_of_headers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool want;
    } cases[] = {{"From", true},          {"from", true},         {"FROM ", true},
                 {"Sender", true},        {"Fro", false},         {"Resent-From", true},
                 {"resent-sender", true}, {"Fromm", false},       {"", false},
                 {"Reply-To", false},     {"Resent-Fro", false},  {"X-From", false},
                 {"From\t", true},        {"Resent-From ", true}, {"Resent-Reply-To", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i].name, identity_headers_want(cases[i].name) == cases[i].want);
}

/* Each as long as Postfix lets through and more: what costs the square of that does not end. */
static void
test_no_header_costs_more_than_its_length(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "(",           "()",
        "\"",          "\"\"",
        "<",           "@",
        "@ ",          "@[",
        "a@",          "a@b.c ",
        ",",           "a:",
        ":;,",         "=?",
        "=?a?q?",      "=?utf-8?q?",
        "?=",          "=?a?q?b?= ",
        "\\",          "\\(",
        "(\"",         "[",
        "a@[",         ".",
        "a.",          "a@b.",
        " ",           "\r\n ",
        "\xcc\x81",    "\xef\xbc\xa0",
        "(a@b.c)",     "\"a@b.c\" ",
        "'a@b.c' ",    "\xe2\x80\xae@",
        "a@\xc3\xbc.", "=?utf-8?q?=40?= ",
        "=?x?b?=",     "@((",
        "@\"\"\"",     "((((((((a@",
        "<a@b.c>",     "=?=?=?utf-8?b?",
    };
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        enum { LENGTH = 200000 };
        char *value = malloc(LENGTH);
        assert_non_null(value);
        for (size_t at = 0; at < LENGTH; at++)
            value[at] = pieces[i][at % strlen(pieces[i])];
        struct identity_headers *headers = identity_headers_create();
        identity_headers_add(headers, "From", value, LENGTH);
        identity_headers_end(headers);
        CHECK(pieces[i], identity_headers_fault(headers) != NULL);
        identity_headers_free(headers);
        free(value);
    }
}

static void
test_many_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned addresses;
        const char *want_fault;
    } cases[] = {
        {"as many as there may be", 1000, ""},
        {"one more", 1001, "From: too many addresses"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *value = malloc(cases[i].addresses * 32), *to = value;
        assert_non_null(value);
        for (unsigned j = 0; j < cases[i].addresses; j++)
            to += sprintf(to, "%sa%u@acme.example", j > 0 ? ",\r\n " : "", j);
        struct identity_headers *headers = read_all(&(struct header){"From", value}, 1);
        const char *fault = identity_headers_fault(headers);
        CHECK_TEXT(cases[i].name, fault != NULL ? fault : "", cases[i].want_fault);
        CHECK(cases[i].name, (identity_headers_hide(headers) != NULL) == (fault != NULL));
        size_t count;
        identity_headers_shown(headers, &count);
        assert_int_equal(count, 1000);
        identity_headers_free(headers);
        free(value);
    }
}

/* Rules about authors hold for whoever has not logged in, whose faults are no reason to refuse. */
static void
test_many_senders_keep_no_author_out(void **state)
{
    (void)state;
    char value[1001 * 32], *to = value;
    for (unsigned i = 0; i < 1001; i++)
        to += sprintf(to, "%sa%u@acme.example", i > 0 ? ",\r\n " : "", i);
    struct header many[] = {{"Resent-Sender", value}, {"From", "eve@widgets.example"}};
    struct identity_headers *headers = read_all(many, COUNT_OF(many));
    size_t count;
    const struct shown_address *shown = identity_headers_shown(headers, &count);
    assert_int_equal(count, 1001);
    assert_true(shown[1000].is_author);
    assert_string_equal(identity_headers_hide(headers), "Resent-Sender: too many addresses");
    identity_headers_free(headers);
}

/* Mail servers break long lines: what is found is not what is shown then. */
static void
test_long_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t blanks;
        const char *line_end;
        const char *want_hides;
    } cases[] = {
        {"a line that fits", 900, "", ""},
        {"a long header of lines that fit", 950, "\r\n", ""},
        {"a long line", 951, "", "From: a line that mail servers break"},
        {"a long line behind another", 951, "\n", "From: a line that mail servers break"},
    };
    char name[1024];
    sprintf(name, "From%*s", 950, "");
    struct identity_headers *wide = read_all(&(struct header){name, "eve@widgets.example"}, 1);
    assert_string_equal(identity_headers_hide(wide), "From: a line that mail servers break");
    identity_headers_free(wide);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char value[2048];
        sprintf(value, "(Bob)%s%*s%s", cases[i].line_end, (int)cases[i].blanks, "", "bob@b.test");
        struct identity_headers *headers = read_all(&(struct header){"From", value}, 1);
        const char *hides = identity_headers_hide(headers),
                   *fault = identity_headers_fault(headers);
        CHECK_TEXT(cases[i].name, hides != NULL ? hides : "", cases[i].want_hides);
        CHECK_TEXT(cases[i].name, fault != NULL ? fault : "", cases[i].want_hides);
        identity_headers_free(headers);
    }
}

/* Nothing of what the client sent is in a fault. */
static void
test_too_long(void **state)
{
    (void)state;
    char value[700];
    memset(value, 'a', sizeof value - 1);
    memcpy(value + 300, "@acme.example", 13);
    value[313] = '\0';
    struct identity_headers *headers = read_all(&(struct header){"From", value}, 1);
    assert_string_equal(identity_headers_fault(headers), "From: an address that is too long");
    identity_headers_free(headers);
    identity_headers_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_every_header_counts),
        cmocka_unit_test(test_names_of_headers),
        cmocka_unit_test(test_no_header_costs_more_than_its_length),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_many_senders_keep_no_author_out),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, from_begin, NULL);
}
