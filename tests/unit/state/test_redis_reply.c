/* What a Redis server answers is network input: nothing of it may harm us, and what is not what the
 * script returns is "could not be asked". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "redis_batch.h"
#include "redis_link.h"
#include "redis_master.h"

#define BAN "$13\r\n1763812345678\r\n$3\r\ninf\r\n$1\r\n3\r\n$1\r\n2\r\n$3\r\nwhy\r\n"

/* Reads one reply of whole bytes. NULL: there is none, or it is an error (*is_error_r). */
static struct redis_reply *
reply_of(const char *bytes, size_t length, bool *is_error_r)
{
    struct redis_reader *reader = redis_reader_create();
    struct redis_reply *reply = NULL;
    struct err err = {.text = ""};
    *is_error_r = redis_reader_feed(reader, bytes, length, &err) != 0 ||
                  redis_reader_next(reader, &reply, &err) < 0;
    assert_true(!*is_error_r || err.text[0] != '\0');
    redis_reader_free(reader);
    return reply;
}

static const struct {
    const char *what, *bytes;
    bool want_error, want_reply;
} streams[] = {
    {"a status", "+OK\r\n", false, true},
    {"an error", "-READONLY You can't write\r\n", false, true},
    {"half a reply", "*2\r\n:1\r\n", false, false},
    {"nothing", "", false, false},
    {"a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", true, false},
    {"a mail server", "220 mx.example.org ESMTP\r\n", true, false},
    {"more items than memory", "*2147483647\r\n", true, false},
    {"more items than a number holds", "*99999999999999999999\r\n", true, false},
    {"fewer items than none", "*-2\r\n", true, false},
    {"more items than anything that is asked for", "*16385\r\n:1\r\n", true, false},
    {"a text longer than memory", "$9223372036854775807\r\nx", false, false},
    {"a text shorter than nothing", "$-2\r\n", true, false},
    {"a number that is none", ":12x4\r\n", true, false},
    {"deeper than there is a stack",
     "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", true, false},
    {"an array that is nil", "*-1\r\n", false, true},
    {"a whole array beside half a one", "*2\r\n*1\r\n:1\r\n*2\r\n:1\r\n", false, false},
};

static void
test_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        bool is_error;
        struct redis_reply *reply = reply_of(streams[i].bytes, strlen(streams[i].bytes), &is_error);
        if (is_error != streams[i].want_error || (reply != NULL) != streams[i].want_reply)
            fail_msg("%s: error %d, reply %d", streams[i].what, is_error, reply != NULL);
        redis_reply_free(reply);
    }
}

static const struct {
    const char *what, *bytes;
    bool want;
} answers[] = {
    {"Redis 7 to a script",
     "-OOM command not allowed when used memory > 'maxmemory'. script: 0a, on @user_script:72.\r\n",
     true},
    {"Redis 6 to a script",
     "-ERR Error running script (call to f_0a): @user_script:72: @user_script: 72: -OOM command "
     "not "
     "allowed when used memory > 'maxmemory'. \r\n",
     true},
    {"to a command", "-OOM command not allowed when used memory > 'maxmemory'.\r\n", true},
    {"a word like it", "-OOMPH\r\n", false},
    {"another error", "-ERR out of memory\r\n", false},
    {"a status", "+OOM command\r\n", false},
    {"a text", "$4\r\nOOM \r\n", false},
    {"nil", "$-1\r\n", false},
    {"an array of it", "*1\r\n-OOM command\r\n", false},
};

static void
test_what_says_that_it_is_full(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        bool is_error;
        struct redis_reply *reply = reply_of(answers[i].bytes, strlen(answers[i].bytes), &is_error);
        assert_non_null(reply);
        if (redis_link_is_full(reply) != answers[i].want)
            fail_msg("%s: %d", answers[i].what, !answers[i].want);
        redis_reply_free(reply);
    }
}

static void
test_a_reply_without_end_is_an_error(void **state)
{
    (void)state;
    static char bytes[65536] = "$999999999\r\n";
    struct redis_reader *reader = redis_reader_create();
    struct redis_reply *reply;
    struct err err = {.text = ""};
    size_t fed = 0;
    while (redis_reader_feed(reader, bytes, sizeof bytes, &err) == 0) {
        fed += sizeof bytes;
        assert_in_range(fed, 1, REDIS_REPLY_BYTES_MAX);
        assert_int_equal(redis_reader_next(reader, &reply, &err), 0);
    }
    assert_string_equal(err.text, "the server sent a reply of more than 1048576 bytes");
    redis_reader_free(reader);
}

/* The result of one operation, in an array of one. */
static const struct {
    const char *what;
    enum store_action action;
    const char *bytes;
    int want;
} results[] = {
    {"a counter", STORE_COUNT, "*1\r\n*2\r\n:1\r\n:7\r\n", 0},
    {"an operation that was not run", STORE_COUNT, "*1\r\n*0\r\n", 0},
    {"a value", STORE_GET, "*1\r\n*2\r\n:1\r\n$3\r\na\0b\r\n", 0},
    {"no value", STORE_GET, "*1\r\n*1\r\n:0\r\n", 0},
    {"a set", STORE_MARK, "*1\r\n*3\r\n:0\r\n:3\r\n:1\r\n", 0},
    {"a ban", STORE_FIND_BAN, "*1\r\n*7\r\n:1\r\n:24\r\n" BAN, 0},
    {"no ban", STORE_FIND_BAN, "*1\r\n*1\r\n:0\r\n", 0},
    {"a new ban", STORE_OFFEND, "*1\r\n*7\r\n:1\r\n:24\r\n" BAN, 0},

    {"nil", STORE_COUNT, "$-1\r\n", -1},
    {"a nil array", STORE_COUNT, "*-1\r\n", -1},
    {"a number", STORE_COUNT, ":1\r\n", -1},
    {"a text", STORE_COUNT, "$2\r\nOK\r\n", -1},
    {"an error", STORE_COUNT, "-ERR\r\n", -1},
    {"no results", STORE_COUNT, "*0\r\n", -1},
    {"two results", STORE_COUNT, "*2\r\n*2\r\n:1\r\n:7\r\n*0\r\n", -1},
    {"a nil result", STORE_COUNT, "*1\r\n$-1\r\n", -1},
    {"an error as a result", STORE_COUNT, "*1\r\n-ERR\r\n", -1},
    {"a counter without a count", STORE_COUNT, "*1\r\n*1\r\n:1\r\n", -1},
    {"a counter with a nil count", STORE_COUNT, "*1\r\n*2\r\n:1\r\n$-1\r\n", -1},
    {"a counter below zero", STORE_COUNT, "*1\r\n*2\r\n:1\r\n:-1\r\n", -1},
    {"a counter of letters", STORE_COUNT, "*1\r\n*2\r\n:1\r\n$2\r\n1x\r\n", -1},
    {"a counter of nested arrays", STORE_COUNT, "*1\r\n*2\r\n:1\r\n*1\r\n:1\r\n", -1},
    {"a hit that is neither", STORE_COUNT, "*1\r\n*2\r\n:2\r\n:7\r\n", -1},
    {"a hit without a value", STORE_GET, "*1\r\n*1\r\n:1\r\n", -1},
    {"a value that is a number", STORE_GET, "*1\r\n*2\r\n:1\r\n:7\r\n", -1},
    {"a set of more than there are", STORE_MARK, "*1\r\n*3\r\n:0\r\n:257\r\n:1\r\n", -1},
    {"a new ban without the ban", STORE_OFFEND, "*1\r\n*1\r\n:1\r\n", -1},
    {"a ban that is found but not told", STORE_FIND_BAN, "*1\r\n*1\r\n:1\r\n", -1},
    {"a ban of more bits than there are", STORE_FIND_BAN, "*1\r\n*7\r\n:1\r\n:33\r\n" BAN, -1},
    {"a ban of fewer bits than none", STORE_FIND_BAN, "*1\r\n*7\r\n:1\r\n:-1\r\n" BAN, -1},
    {"a ban of an unknown maker", STORE_FIND_BAN,
     "*1\r\n*7\r\n:1\r\n:24\r\n:1\r\n:2\r\n:1\r\n:9\r\n$1\r\nx\r\n", -1},
    {"more offences than a number holds", STORE_FIND_BAN,
     "*1\r\n*7\r\n:1\r\n:24\r\n:1\r\n:2\r\n$20\r\n99999999999999999999\r\n:1\r\n$1\r\nx\r\n", -1},
    {"a reason that does not fit", STORE_FIND_BAN,
     "*1\r\n*7\r\n:1\r\n:24\r\n:1\r\n:2\r\n:1\r\n:1\r\n$80\r\n"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n",
     -1},
};

/* "*1 *2 :1 $3 a NUL b": the only one with a NUL */
static size_t
length_of(const char *bytes)
{
    const size_t length = strlen(bytes);
    return length > 0 && bytes[length - 1] == 'a' ? length + 4 : length;
}

static struct store_op
op_of(enum store_action action)
{
    static struct store_value value;
    struct store_op op = {.action = action, .value_r = &value};
    assert_int_equal(netprefix_parse("192.0.2.1", &op.network, NULL), 0);
    return op;
}

static void
test_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        bool is_error;
        struct store_op op = op_of(results[i].action);
        struct err err = {.text = ""};
        struct redis_reply *reply =
            reply_of(results[i].bytes, length_of(results[i].bytes), &is_error);
        if (reply == NULL)
            fail_msg("%s: no reply", results[i].what);
        int result = redis_batch_read(reply, &op, 1, &err);
        if (result != results[i].want || (result != 0) != (err.text[0] != '\0'))
            fail_msg("%s: returned %d, \"%s\"", results[i].what, result, err.text);
        redis_reply_free(reply);
    }
}

static void
test_a_ban_for_ever_is_read_as_one(void **state)
{
    (void)state;
    static const char bytes[] = "*1\r\n*7\r\n:1\r\n:24\r\n" BAN;
    bool is_error;
    char text[NETPREFIX_TEXT_MAX];
    struct store_op op = op_of(STORE_FIND_BAN);
    struct redis_reply *reply = reply_of(bytes, sizeof bytes - 1, &is_error);
    assert_int_equal(redis_batch_read(reply, &op, 1, NULL), 0);
    netprefix_format(&op.ban_r.network, text);
    assert_string_equal(text, "192.0.2.0/24");
    assert_true(op.ban_r.until_ms == INT64_MAX);
    assert_true(op.ban_r.since_ms == INT64_C(1763812345678));
    assert_int_equal(op.ban_r.offences, 3);
    assert_int_equal(op.ban_r.maker, BAN_BY_HAND);
    assert_string_equal(op.ban_r.reason, "why");
    redis_reply_free(reply);
}

static bool
count_items(void *context, const struct store_item *item)
{
    (void)item;
    ++*(int *)context;
    return true;
}

static const struct {
    const char *what;
    enum store_space space;
    const char *bytes;
    int want, want_items;
} pages[] = {
    {"an empty page", STORE_BANS, "*1\r\n*2\r\n:1\r\n*1\r\n$1\r\n0\r\n", 0, 0},
    {"a ban, and a page behind", STORE_BANS,
     "*1\r\n*2\r\n:1\r\n*2\r\n$2\r\n17\r\n*8\r\n$11\r\n4/24/c00002\r\n:1\r\n:0\r\n" BAN, 1, 1},
    {"a window", STORE_WINDOWS, "*1\r\n*2\r\n:1\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n",
     0, 1},
    {"a network without its length's digits", STORE_BANS,
     "*1\r\n*2\r\n:1\r\n*2\r\n$1\r\n0\r\n*8\r\n$10\r\n4/24/c0000\r\n:1\r\n:0\r\n" BAN, -1, 0},
    {"a network of no family", STORE_BANS,
     "*1\r\n*2\r\n:1\r\n*2\r\n$1\r\n0\r\n*8\r\n$6\r\n5/8/c0\r\n:1\r\n:0\r\n" BAN, -1, 0},
    {"a network longer than its family", STORE_BANS,
     "*1\r\n*2\r\n:1\r\n*2\r\n$1\r\n0\r\n*8\r\n$14\r\n4/36/c00002012\r\n:1\r\n:0\r\n" BAN, -1, 0},
    {"no page", STORE_BANS, "*1\r\n*2\r\n:1\r\n*0\r\n", -1, 0},
    {"a cursor that is longer than any", STORE_BANS,
     "*1\r\n*2\r\n:1\r\n*1\r\n$30\r\n012345678901234567890123456789\r\n", -1, 0},
    {"a window of three parts", STORE_WINDOWS,
     "*1\r\n*2\r\n:1\r\n*2\r\n$1\r\n0\r\n*3\r\n$1\r\nk\r\n$1\r\nv\r\n$1\r\nv\r\n", -1, 0},
    {"a key that is too long", STORE_WINDOWS,
     "*1\r\n*2\r\n:1\r\n*2\r\n$1\r\n0\r\n*2\r\n$65\r\n"
     "01234567890123456789012345678901234567890123456789012345678901234\r\n$1\r\nv\r\n",
     -1, 0},
};

static void
test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        bool is_error;
        int items = 0;
        char cursor[REDIS_CURSOR_MAX];
        struct err err = {.text = ""};
        struct redis_reply *reply = reply_of(pages[i].bytes, strlen(pages[i].bytes), &is_error);
        if (reply == NULL)
            fail_msg("%s: no reply", pages[i].what);
        int result = redis_page_read(reply, pages[i].space, count_items, &items, cursor, &err);
        if (result != pages[i].want || items != pages[i].want_items)
            fail_msg("%s: returned %d with %d items, \"%s\"", pages[i].what, result, items,
                     err.text);
        redis_reply_free(reply);
    }
}

static const struct {
    const char *what, *bytes, *want; /* NULL: refused */
} masters[] = {
    {"an address", "*2\r\n$9\r\n192.0.2.1\r\n$4\r\n6379\r\n", "192.0.2.1:6379"},
    {"an IPv6 address", "*2\r\n$11\r\n2001:db8::1\r\n$4\r\n6379\r\n", "[2001:db8::1]:6379"},
    {"a name", "*2\r\n$14\r\nredis.internal\r\n$4\r\n6379\r\n", "redis.internal:6379"},
    {"a master that it does not know", "*-1\r\n", NULL},
    {"a socket of ours", "*2\r\n$10\r\nunix:/run/\r\n$4\r\n6379\r\n", NULL},
    {"a host that is none", "*2\r\n$5\r\na b c\r\n$4\r\n6379\r\n", NULL},
    {"a port that is none", "*2\r\n$9\r\n192.0.2.1\r\n$6\r\n666666\r\n", NULL},
    {"a port that is a number", "*2\r\n$9\r\n192.0.2.1\r\n:6379\r\n", NULL},
    {"one part", "*1\r\n$9\r\n192.0.2.1\r\n", NULL},
    {"a status", "+OK\r\n", NULL},
};

static void
test_what_sentinels_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof masters / sizeof masters[0]; i++) {
        bool is_error;
        char address[REDIS_ADDRESS_MAX] = "";
        struct err err = {.text = ""};
        struct redis_reply *reply = reply_of(masters[i].bytes, strlen(masters[i].bytes), &is_error);
        int result = redis_master_read(reply, address, &err);
        if ((result == 0) != (masters[i].want != NULL) ||
            (result == 0 && strcmp(address, masters[i].want) != 0) ||
            (result != 0 && err.text[0] == '\0'))
            fail_msg("%s: returned %d, \"%s\", \"%s\"", masters[i].what, result, address, err.text);
        redis_reply_free(reply);
    }
}

/* Changes a few bytes of what is right, with the same numbers each time. */
static void
test_mutilated_replies_do_no_harm(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        const size_t which = (size_t)round % (sizeof results / sizeof results[0]);
        const size_t length = length_of(results[which].bytes);
        char *bytes = xmalloc(length);
        memcpy(bytes, results[which].bytes, length);
        for (int change = 0; change <= round % 4; change++) {
            seed = seed * 1664525 + 1013904223;
            static const char letters[] = "*$:+-0123456789\r\n\0x";
            bytes[(seed >> 8) % length] = letters[(seed >> 24) % (sizeof letters - 1)];
        }
        bool is_error;
        struct redis_reply *reply = reply_of(bytes, length, &is_error);
        for (int action = STORE_GET; reply != NULL && action <= STORE_SET_BAN; action++) {
            struct store_op op = op_of((enum store_action)action);
            char cursor[REDIS_CURSOR_MAX], address[REDIS_ADDRESS_MAX];
            int items = 0;
            redis_batch_read(reply, &op, 1, NULL);
            redis_page_read(reply, STORE_BANS, count_items, &items, cursor, NULL);
            redis_page_read(reply, STORE_WINDOWS, count_items, &items, cursor, NULL);
            redis_master_read(reply, address, NULL);
        }
        redis_reply_free(reply);
        free(bytes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_what_says_that_it_is_full),
        cmocka_unit_test(test_a_reply_without_end_is_an_error),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_a_ban_for_ever_is_read_as_one),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_what_sentinels_say),
        cmocka_unit_test(test_mutilated_replies_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
