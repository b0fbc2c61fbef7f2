/* What is found, of which headers and as whose; several headers. */
#include "shown_list.h"

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

static void
test_authors_that_are_missed(void **state)
{
    (void)state;
    enum { ROOM = 1002 * 32 };
    static const struct {
        const char *name, *header;
        unsigned addresses;
        const char *begin, *end; /* of each, around its number */
        const char *next;        /* From: behind it */
        bool want;
    } cases[] = {
        {"as many as there may be", "From", 1000, "a", "@acme.example", NULL, false},
        {"one more", "From", 1001, "a", "@acme.example", NULL, true},
        {"one more in another", "From", 1000, "a", "@acme.example", "eve@b.example", true},
        {"those of Sender: are none", "Sender", 1001, "a", "@acme.example", "eve@b.example", false},
        {"no more than a name", "From", 1000, "a", "@acme.example", "\"b@b.co\" <a1@acme.example>",
         false},
        {"words, and the grammar tells them", "From", 1001, "=?a?q?", "?=", "<eve@b.example>",
         false},
        {"words that nobody can take apart", "From", 1001, "=?a?q?=40", "?=", NULL, true},
    };
    char *value = malloc(ROOM);
    assert_non_null(value);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *to = value;
        for (unsigned j = 0; j < cases[i].addresses; j++) {
            const char *between = cases[i].begin[0] == '=' ? "\r\n " : ",\r\n ";
            to += sprintf(to, "%s", j > 0 ? between : "");
            to += sprintf(to, "%s%u%s", cases[i].begin, j, cases[i].end);
        }
        bool same = cases[i].begin[0] == '=' && cases[i].next != NULL;
        if (same)
            sprintf(to, " %s", cases[i].next);
        struct header many[] = {{cases[i].header, value}, {same ? NULL : "From", cases[i].next}};
        struct identity_headers *headers = read_all(many, cases[i].next != NULL ? 2 : 1);
        CHECK(cases[i].name, identity_headers_miss_authors(headers) == cases[i].want);
        identity_headers_free(headers);
    }
    free(value);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_found),    cmocka_unit_test(test_every_header_counts),
        cmocka_unit_test(test_names_of_headers), cmocka_unit_test(test_authors_that_are_missed),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, from_begin, NULL);
}
