/* What a host whose clock is wrong, or a key that nobody of ours wrote, does to a Redis that many
 * hosts share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "engines.h"
#include "names.h"
#include "redis_batch.h"
#include "redis_link.h"

static const int64_t HOUR_MS = INT64_C(3600) * 1000;
#define NINES                                                        \
    "99999999999999999999999999999999999999999999999999999999999999" \
    "99999999999999999999999999999999999999999999999999999999999999"

static const char prefix[] = "clocks:";

static struct store *
open_redis(void)
{
    const struct store_settings settings = {.engine = STORE_REDIS,
                                            .url = engines.redis.url,
                                            .prefix = prefix,
                                            .connections = 1,
                                            .timeout_ms = ENGINE_WAIT_MS};
    struct err err = {""};
    struct store *store = store_open(&settings, true, &err);
    if (store == NULL)
        fail_msg("%s", err.text);
    return store;
}

/* Any command, of words. */
static void
command(const struct bytes *words, size_t count)
{
    struct err err = {""};
    struct name *name = name_open(engines.redis.url, 0, &err);
    assert_non_null(name);
    struct deadline deadline = deadline_after(ENGINE_WAIT_MS);
    struct redis_link *link = redis_link_open(name, NULL, deadline, &err);
    assert_non_null(link);
    assert_int_equal(redis_link_send(link, words, count, deadline, &err), 0);
    struct redis_reply *reply = redis_link_receive(link, deadline, &err);
    if (reply == NULL || reply->kind == REDIS_ERROR)
        fail_msg("%s", reply != NULL ? reply->text : err.text);
    redis_reply_free(reply);
    redis_link_close(link);
    name_close(name);
}

static void
run(struct store *store, struct store_op *op, int64_t now_ms)
{
    struct err err = {""};
    if (store_run(store, op, 1, now_ms, deadline_after(ENGINE_WAIT_MS), &err) != 0)
        fail_msg("%s", err.text);
}

static void
test_a_host_whose_clock_is_ahead_ends_no_ban(void **unused)
{
    (void)unused;
    if (!engines.has_redis)
        skip();
    static const int64_t lengths[] = {INT64_C(3600) * 1000};
    static const int64_t ahead_ms[] = {INT64_C(2) * 3600 * 1000, INT64_C(400) * 24 * 3600 * 1000};
    struct store *store = open_redis();
    const struct netprefix network = {.addr = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 1}},
                                      .length = 32};
    const struct netprefix other = {.addr = {.family = NETADDR_IPV4, .bytes = {203, 0, 113, 0}},
                                    .length = 24};
    struct store_op op = {.action = STORE_OFFEND,
                          .network = network,
                          .lengths = {lengths, 1},
                          .ban = {.reason = "test"}};
    int64_t now_ms = clock_wall_ms();
    run(store, &op, now_ms);
    assert_true(op.hit);
    for (size_t i = 0; i < sizeof ahead_ms / sizeof ahead_ms[0]; i++) {
        struct redis_words words;
        op.network = other;
        run(store, &op, now_ms + ahead_ms[i]);
        redis_words_of_sweep(&words, prefix, now_ms + ahead_ms[i]);
        words.words[0] = redis_word("EVAL");
        words.words[1] = redis_word(redis_script);
        command(words.words, words.count);
        redis_words_fini(&words);
        struct store_op find = {.action = STORE_FIND_BAN, .network = network};
        run(store, &find, now_ms + 1);
        assert_true(find.hit);
    }
    store_close(store);
}

static void
test_counters_that_make_no_sense_count_little(void **unused)
{
    (void)unused;
    if (!engines.has_redis)
        skip();
    static const char set_all[] =
        "for _, key in ipairs(redis.call('KEYS', 'clocks:c:*')) do redis.call('SET', key, ARGV[1]) "
        "end";
    static const struct {
        const char *name, *value; /* %s: the beginning of a slot that counts */
        int64_t most;
    } cases[] = {
        {"more than can be counted", "%s:99999999999999999999999", INT64_C(1) << 53},
        {"a number of many digits", "%s:" NINES NINES NINES NINES, INT64_C(1) << 53},
        {"words", "garbage", 1},
        {"a slot at the end of all times", "999999999999999999:5", 1},
        {"what looks like one", "-5:5 :: 3:", 1},
    };
    struct store *store = open_redis();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char begin[32], value[512];
        int64_t now_ms = clock_wall_ms(), slot_ms = HOUR_MS / 8;
        struct store_op op = {.action = STORE_COUNT,
                              .space = STORE_COUNTERS,
                              .key = {.bytes = "c", .length = 1},
                              .window_ms = HOUR_MS,
                              .amount = 1};
        run(store, &op, now_ms);
        snprintf(begin, sizeof begin, "%lld", (long long)(now_ms / slot_ms * slot_ms));
        const char *rest = strstr(cases[i].value, "%s") != NULL ? cases[i].value + 2 : NULL;
        snprintf(value, sizeof value, "%s%s", rest != NULL ? begin : "",
                 rest != NULL ? rest : cases[i].value);
        const struct bytes words[] = {redis_word("EVAL"), redis_word(set_all), redis_word("0"),
                                      redis_word(value)};
        command(words, sizeof words / sizeof words[0]);
        run(store, &op, now_ms);
        if (op.count < 1 || op.count > cases[i].most)
            fail_msg("%s: %lld", cases[i].name, (long long)op.count);
    }
    store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_whose_clock_is_ahead_ends_no_ban),
        cmocka_unit_test(test_counters_that_make_no_sense_count_little),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
