/* Headers that show nobody but the user: none of them is refused. */
#include "from_case.h"

static const struct from_case grammar[] = {
    GOOD("an address alone", "bob@acme.example"),
    GOOD("an address in angle brackets", "<bob@acme.example>"),
    GOOD("a name and an address", "Bob <bob@acme.example>"),
    GOOD("a name without a space behind it", "Bob<bob@acme.example>"),
    GOOD("a quoted name", "\"Bob Example\" <bob@acme.example>"),
    GOOD("an empty quoted name", "\"\" <bob@acme.example>"),
    GOOD("capital letters", "Bob <BOB@ACME.Example>"),
    GOOD("another address of his", "Robert <robert@acme.example>"),
    GOOD("both addresses", "Bob <bob@acme.example>, Robert <robert@acme.example>"),
    GOOD("the same address twice", "bob@acme.example,bob@acme.example"),
    GOOD("a dot in the name", "Bob Q. Example <bob@acme.example>"),
    GOOD("a name that is a dot atom", "B.Ob <bob@acme.example>"),
    GOOD("a comma in a quoted name", "\"Example, Bob\" <bob@acme.example>"),
    GOOD("several words, some quoted", "Bob \"the builder\" Example <bob@acme.example>"),
    GOOD("a quoted pair in the name", "\"Bob \\\"Bobby\\\" Example\" <bob@acme.example>"),
    GOOD("a backslash in the name", "\"Bob \\\\ Example\" <bob@acme.example>"),
    GOOD("the old style with a comment", "bob@acme.example (Bob Example)"),
    GOOD("quotes in a comment", "bob@acme.example (Bob \"Bobby\" Example)"),
    GOOD("comments in comments", "bob@acme.example (Bob (the (big) one) Example)"),
    GOOD("a quoted pair in a comment", "bob@acme.example (Bob :-\\))"),
    GOOD("a comment in front", "(from Bob) bob@acme.example"),
    GOOD("comments around the address", "Bob (x) <(y) bob@acme.example (z)> (w)"),
    GOOD("white space and comments around the '@'", "bob (x) @ (y) acme.example"),
    GOOD("a quoted local part that needs no quotes", "\"bob\"@acme.example"),
    GOOD("a quoted local part with a quoted pair", "\"b\\ob\"@acme.example"),
    GOOD("a group", "Team: bob@acme.example, Robert <robert@acme.example>;"),
    GOOD("a group with a quoted name", "\"The: team\": bob@acme.example;"),
    GOOD("a group and a mailbox", "Team: bob@acme.example;, robert@acme.example"),
    GOOD("two groups, one empty", "None:;, Team: bob@acme.example;"),
    GOOD("a group among comments", "(a) Team (b) : (c) bob@acme.example (d) ; (e)"),
    GOOD("parentheses in a quoted name", "\"Bob (Sales)\" <bob@acme.example>"),
    GOOD("brackets in a quoted name", "\"[Bob] <Sales>\" <bob@acme.example>"),
    GOOD("an apostrophe in the name", "Bob O'Example <bob@acme.example>"),
    GOOD("his address as an unquoted name", "bob@acme.example <bob@acme.example>"),
    GOOD("his address as an unquoted name in capitals", "Bob@Acme.Example<bob@acme.example>"),
    GOOD("his address as an unquoted name in a list",
         "robert@acme.example, bob@acme.example <bob@acme.example>, robert@acme.example"),
    GOOD("white space at both ends", " \t Bob <bob@acme.example> \t "),
    GOOD("tabs between words", "Bob\tExample\t<bob@acme.example>"),
};

static const struct from_case folding[] = {
    GOOD("folded with CRLF", "Bob Example\r\n <bob@acme.example>"),
    GOOD("folded with LF, as milters hear it", "Bob\n Example\n\t<bob@acme.example>"),
    GOOD("folded right behind the name of the header", "\r\n bob@acme.example"),
    GOOD("a line end at the end", "bob@acme.example\r\n"),
    GOOD("folded in a quoted name", "\"Bob\r\n Example\" <bob@acme.example>"),
    GOOD("folded in a comment", "bob@acme.example (Bob\r\n Example)"),
    GOOD("folded between encoded words",
         "=?utf-8?Q?B=C3=B6b_?=\r\n =?utf-8?Q?Example?= <bob@acme.example>"),
};

static const struct from_case names[] = {
    GOOD("a name in UTF-8", "B\xc3\xb6"
                            "b <bob@acme.example>"),
    GOOD("a quoted name in UTF-8", "\"B\xc3\xb6"
                                   "b\" <bob@acme.example>"),
    GOOD("a picture in the name", "Bob \xf0\x9f\x9a\x80 <bob@acme.example>"),
    GOOD("a soft hyphen in the name", "Bob\xc2\xad"
                                      "by <bob@acme.example>"),
    GOOD("a Hebrew name with a mark of direction",
         "\"\xe2\x80\x8f\xd7\x91\xd7\x95\xd7\x91\" <bob@acme.example>"),
    GOOD("a Hebrew name and the address",
         "\"\xd7\x91\xd7\x95\xd7\x91 bob@acme.example\" <bob@acme.example>"),
    GOOD("an '@' in a name that is no address", "\"P@ul Example\" <bob@acme.example>"),
    GOOD("an '@' among blanks", "\"Bob @ work\" <bob@acme.example>"),
    GOOD("an '@' at the start", "\"@bob\" <bob@acme.example>"),
    GOOD("our domain without a local part", "\"@acme.example\" <bob@acme.example>"),
    GOOD("an '@' with numbers", "\"Menu 2@3.50\" <bob@acme.example>"),
    GOOD("an '@' and a symbol", "\"b@b.\xe2\x99\xa5\" <bob@acme.example>"),
    GOOD("his address as his name", "\"bob@acme.example\" <bob@acme.example>"),
    GOOD("his other address as his name", "\"Robert@Acme.example\" <bob@acme.example>"),
    GOOD("his address in apostrophes", "\"'bob@acme.example'\" <bob@acme.example>"),
    GOOD("his address in curly quotes", "\"\xe2\x80\x9c"
                                        "bob@acme.example\xe2\x80\x9d\" <bob@acme.example>"),
    GOOD("his address in brackets", "\"Bob [bob@acme.example]\" <bob@acme.example>"),
    GOOD("his address in angle brackets", "\"Bob <bob@acme.example>\" <bob@acme.example>"),
    GOOD("his address in braces", "\"{bob@acme.example}\" <bob@acme.example>"),
    GOOD("his address in stars", "\"**bob@acme.example**\" <bob@acme.example>"),
    GOOD("his address in underscores", "\"_bob@acme.example_\" <bob@acme.example>"),
    GOOD("his address with a full stop", "\"I am bob@acme.example.\" <bob@acme.example>"),
    GOOD("his address with an ellipsis", "\"I am \xe2\x80\xa6"
                                         "bob@acme.example\" <bob@acme.example>"),
    GOOD("his address as a link", "\"mailto:bob@acme.example\" <bob@acme.example>"),
    GOOD("his address with a blank", "\"bob @ acme.example\" <bob@acme.example>"),
    GOOD("his address in a comment", "Bob <bob@acme.example> (robert@acme.example)"),
    GOOD("his address in full-width letters", "\"\xef\xbd\x82\xef\xbd\x8f\xef\xbd\x82\xef\xbc\xa0"
                                              "acme.example\" <bob@acme.example>"),
    GOOD("a domain in UTF-8", "bob@b\xc3\xbc"
                              "cher.example"),
    GOOD("a domain in UTF-8 with capitals", "bob@B\xc3\x9c"
                                            "CHER.example"),
    GOOD("the domain that DNS has for it", "Bob <bob@xn--bcher-kva.example>"),
    GOOD("both spellings", "\"bob@b\xc3\xbc"
                           "cher.example\" <bob@xn--bcher-kva.example>"),
};

static const struct from_case encoded[] = {
    GOOD("a \"Q\" word", "=?utf-8?Q?B=C3=B6b_Example?= <bob@acme.example>"),
    GOOD("a \"B\" word", "=?UTF-8?B?QsO2Yg==?= <bob@acme.example>"),
    GOOD("ISO 8859-1", "=?iso-8859-1?Q?J=F6rg?= <bob@acme.example>"),
    GOOD("windows-1252's apostrophe said to be ISO 8859-1's",
         "=?iso-8859-1?Q?O=92Brien?= <bob@acme.example>"),
    GOOD("windows-1251", "=?windows-1251?Q?=C1=EE=E1?= <bob@acme.example>"),
    GOOD("\"B\" words with padding each",
         "=?UTF-8?B?QsO2?= =?UTF-8?B?Yg==?= =?UTF-8?B?IFg=?= <bob@acme.example>"),
    GOOD("KOI8-R", "=?koi8-r?B?4s/C?= <bob@acme.example>"),
    GOOD("ISO 2022-JP", "=?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <bob@acme.example>"),
    GOOD("Shift_JIS with a byte that is an '@'",
         "=?Shift_JIS?B?g3SDQIN+g4qBWy5uZXQ=?= <bob@acme.example>"),
    GOOD("GB 2312", "=?gb2312?B?wO7LxA==?= <bob@acme.example>"),
    GOOD("Big5", "=?big5?B?p/Wkag==?= <bob@acme.example>"),
    GOOD("EUC-KR", "=?euc-kr?B?sejDtrz2?= <bob@acme.example>"),
    GOOD("UTF-7 that says nothing wrong", "=?utf-7?Q?J+APY-rg?= <bob@acme.example>"),
    GOOD("a charset that nobody knows, with letters alone",
         "=?unknown-8bit?Q?J=F6rg_Example?= <bob@acme.example>"),
    GOOD("a language", "=?utf-8*de?Q?B=C3=B6b?= <bob@acme.example>"),
    GOOD("words side by side", "=?utf-8?Q?B=C3=B6b?= =?utf-8?Q?_Example?= <bob@acme.example>"),
    GOOD("a character split between two words",
         "=?utf-8?Q?B=C3?= =?utf-8?Q?=B6b?= <bob@acme.example>"),
    GOOD("words and plain words", "=?utf-8?Q?B=C3=B6b?= Example <bob@acme.example>"),
    GOOD("a word in a quoted string", "\"=?utf-8?Q?B=C3=B6b?=\" <bob@acme.example>"),
    GOOD("a word in a comment", "bob@acme.example (=?utf-8?Q?B=C3=B6b?=)"),
    GOOD("his address in a word", "=?utf-8?Q?bob=40acme.example?= <bob@acme.example>"),
    GOOD("his address in a word in base64",
         "=?utf-8?B?Ym9iQGFjbWUuZXhhbXBsZQ==?= <bob@acme.example>"),
    GOOD("an encoded comma", "=?utf-8?Q?Example=2C_Bob?= <bob@acme.example>"),
    GOOD("an encoded tab", "=?utf-8?Q?Example=09Bob?= <bob@acme.example>"),
    GOOD("a group's name", "=?utf-8?Q?B=C3=BCro?=: bob@acme.example;"),
};

static void
test_what_keeps_to_the_grammar_passes(void **state)
{
    (void)state;
    FROM_CHECK_ALL(grammar);
}

static void
test_what_is_folded_passes(void **state)
{
    (void)state;
    FROM_CHECK_ALL(folding);
}

static void
test_names_of_all_kinds_pass(void **state)
{
    (void)state;
    FROM_CHECK_ALL(names);
}

static void
test_encoded_words_pass(void **state)
{
    (void)state;
    FROM_CHECK_ALL(encoded);
}

/* start, count times piece, end */
static char *
make_long(const char *start, const char *piece, size_t count, const char *end)
{
    size_t room = strlen(start) + count * strlen(piece) + strlen(end) + 1;
    char *text = malloc(room), *to = text;
    assert_non_null(text);
    to = stpcpy(to, start);
    for (size_t i = 0; i < count; i++)
        to = stpcpy(to, piece);
    stpcpy(to, end);
    return text;
}

static void
test_long_headers_pass(void **state)
{
    (void)state;
    static const struct {
        const char *name, *start, *piece, *end;
        size_t count;
    } cases[] = {
        {"64 KiB of a folded name", "\"", "Bob Bob Bob Bob Bob\r\n ", "\" <bob@acme.example>",
         3000},
        {"64 KiB of a folded comment", "bob@acme.example (", "aaaaaaaaaa\n\t", ")", 5400},
        {"64 KiB of folded comments", "bob@acme.example", " (a)\r\n", " (b)", 10000},
        {"a line of white space as long as a line may be", "Bob", "          ",
         "<bob@acme.example>", 90},
        {"1000 times his address", "bob@acme.example", ",\r\n bob@acme.example", "", 999},
        {"500 encoded words", "", "=?utf-8?Q?B=C3=B6b?=\r\n ", "<bob@acme.example>", 500},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = make_long(cases[i].start, cases[i].piece, cases[i].count, cases[i].end);
        struct from_case c = {.name = cases[i].name, .value = text, .length = strlen(text)};
        from_check(&c, 1);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_keeps_to_the_grammar_passes),
        cmocka_unit_test(test_what_is_folded_passes),
        cmocka_unit_test(test_names_of_all_kinds_pass),
        cmocka_unit_test(test_encoded_words_pass),
        cmocka_unit_test(test_long_headers_pass),
    };
    return cmocka_run_group_tests(tests, from_begin, NULL);
}
