/* No message costs more than the bound, whatever its headers hold. */
#include "shown_list.h"

/* Each as long as is looked at: what costs the square of that takes seconds. */
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
        enum { LENGTH = IDENTITY_HEADERS_BYTES_MAX - 4 };
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

/* Headers of one name, each of 100 bytes with its name and with an address of its own, until they
 * are 10 MB. Returns how many have been looked at. */
static size_t
count_looked_at(struct identity_headers *headers, const char *name)
{
    size_t before, after;
    identity_headers_shown(headers, &before);
    for (unsigned i = 0; i < 100000; i++) {
        char value[128];
        int length = sprintf(value, "a%u@b.example", i);
        memset(value + length, ' ', sizeof value - (size_t)length);
        identity_headers_add(headers, name, value, 100 - strlen(name));
    }
    identity_headers_shown(headers, &after);
    return after - before;
}

/* Strangers send them, and other mail waits meanwhile. */
static void
test_no_message_costs_more_than_the_bound(void **state)
{
    (void)state;
    static const char *const names[] = {"Resent-Sender", "Resent-From", "Sender", "From"};
    struct identity_headers *headers = identity_headers_create();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        CHECK(names[i], count_looked_at(headers, names[i]) == IDENTITY_HEADERS_BYTES_MAX / 100);
    identity_headers_end(headers);
    assert_string_equal(identity_headers_hide(headers), "Resent-Sender: too much to look at");
    assert_string_equal(identity_headers_fault(headers), "Resent-Sender: too much to look at");
    assert_true(identity_headers_miss_authors(headers));
    identity_headers_free(headers);
}

/* What DNS has for a domain costs more than all the rest: no more than what may be added is asked.
 */
static void
test_domains_outside_of_ascii_are_few(void **state)
{
    (void)state;
    struct header many[] = {{"Sender", NULL},
                            {"From", "eve@b\xc3\xbc"
                                     "cher.example"}};
    char value[6000 * 12], *to = value;
    for (unsigned i = 0; i < 6000; i++)
        to = stpcpy(to, "a@\xc3\xbc.co\r\n ");
    many[0].value = value;
    struct identity_headers *headers = read_all(many, COUNT_OF(many));
    char shown[2048];
    list_shown(headers, shown, sizeof shown);
    assert_string_equal(shown, "Sender a@xn--tda.co, From* eve@xn--bcher-kva.example");
    assert_string_equal(identity_headers_hide(headers), "Sender: too many addresses");
    assert_false(identity_headers_miss_authors(headers));
    identity_headers_free(headers);
}

/* What is empty costs, too. */
static void
test_names_count(void **state)
{
    (void)state;
    static const struct {
        const char *name, *header;
        size_t headers;
        bool want_hidden;
    } cases[] = {
        {"as many as there may be", "From", IDENTITY_HEADERS_BYTES_MAX / 4, false},
        {"one more", "From", IDENTITY_HEADERS_BYTES_MAX / 4 + 1, true},
        {"names with blanks", "From    ", IDENTITY_HEADERS_BYTES_MAX / 8 + 1, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct identity_headers *headers = identity_headers_create();
        for (size_t j = 0; j < cases[i].headers; j++)
            identity_headers_add(headers, cases[i].header, "", 0);
        CHECK(cases[i].name, (identity_headers_hide(headers) != NULL) == cases[i].want_hidden);
        CHECK(cases[i].name, identity_headers_miss_authors(headers) == cases[i].want_hidden);
        identity_headers_free(headers);
    }
}

/* Fills a value with pieces up to length. */
static void
fill(char *value, size_t length, const char *piece)
{
    for (size_t at = 0; at < length; at++)
        value[at] = piece[at % strlen(piece)];
    value[length] = '\0';
}

static void
test_bytes_are_counted_for_each_name(void **state)
{
    (void)state;
    char *most = malloc(IDENTITY_HEADERS_BYTES_MAX + 1), *more = malloc(IDENTITY_HEADERS_BYTES_MAX);
    assert_non_null(most);
    assert_non_null(more);
    fill(most, IDENTITY_HEADERS_BYTES_MAX - 4, "\r\n ");
    fill(more, IDENTITY_HEADERS_BYTES_MAX - 1, "\r\n ");
    memcpy(most, BOSS, strlen(BOSS));
    memcpy(more, "x@y.example", strlen("x@y.example"));
    struct header many[] = {
        {"Sender", more}, {"From", more}, {"From", most}, {"From", "eve@b.example"}};
    struct identity_headers *headers = read_all(many, COUNT_OF(many));
    char shown[2048];
    list_shown(headers, shown, sizeof shown);
    assert_string_equal(shown, "From* " BOSS);
    assert_string_equal(identity_headers_hide(headers), "Sender: too much to look at");
    identity_headers_free(headers);
    free(most);
    free(more);
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
        cmocka_unit_test(test_no_header_costs_more_than_its_length),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_many_senders_keep_no_author_out),
        cmocka_unit_test(test_no_message_costs_more_than_the_bound),
        cmocka_unit_test(test_domains_outside_of_ascii_are_few),
        cmocka_unit_test(test_names_count),
        cmocka_unit_test(test_bytes_are_counted_for_each_name),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, from_begin, NULL);
}
