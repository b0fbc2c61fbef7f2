/* How much users send, and when that is too much. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "sending.h"
#include "steps.h"

enum { STEPS_MAX = 12 };

#define RATE(n, ms)                                             \
    {                                                           \
        .most = (n), .within_ms = (ms), .origin = { "conf", 7 } \
    }

enum deed {
    END = 0,
    MESSAGE, /* want: how many there are then; OVER: too many; FREE: nobody counts */
    RECIPIENT,
    BACK, /* want: so many messages, and recipients, were not sent */
};

enum { OVER = -1, FREE = -2 };

static const struct {
    const char *name;
    struct rate messages, recipients;
    struct {
        enum deed deed;
        int64_t at_ms;
        int want, recipients;
        const char *user, *organization; /* NULL: bob@a.example of acme; "-": of none */
    } steps[STEPS_MAX];
} cases[] = {
    {.name = "without a limit nobody counts",
     .steps = {{MESSAGE, 0, FREE}, {RECIPIENT, 0, FREE}, {BACK, 0, 1, 1}}},
    {.name = "so many messages go, and no more",
     .messages = RATE(2, HOUR),
     .steps = {{MESSAGE, 0, 1}, {MESSAGE, 0, 2}, {MESSAGE, 0, OVER}, {RECIPIENT, 0, FREE}}},
    {.name = "so many recipients",
     .recipients = RATE(2, HOUR),
     .steps = {{RECIPIENT, 0, 1}, {RECIPIENT, 0, 2}, {RECIPIENT, 0, OVER}, {MESSAGE, 0, FREE}}},
    {.name = "each has its own limit",
     .messages = RATE(1, HOUR),
     .recipients = RATE(3, HOUR),
     .steps = {{MESSAGE, 0, 1},
               {RECIPIENT, 0, 1},
               {MESSAGE, 0, OVER},
               {RECIPIENT, 0, 2},
               {RECIPIENT, 0, 3},
               {RECIPIENT, 0, OVER}}},
    {.name = "what is too much does not count, so it is over with its time",
     .messages = RATE(1, HOUR),
     .steps = {{MESSAGE, 0, 1},
               {MESSAGE, 30 * MINUTE, OVER},
               {MESSAGE, HOUR - 1, OVER},
               {MESSAGE, HOUR + HOUR / 8, 1},
               {MESSAGE, HOUR + HOUR / 8, OVER}}},
    {.name = "what was not sent is taken back",
     .messages = RATE(2, HOUR),
     .recipients = RATE(3, HOUR),
     .steps = {{MESSAGE, 0, 1},
               {MESSAGE, 0, 2},
               {RECIPIENT, 0, 1},
               {RECIPIENT, 0, 2},
               {RECIPIENT, 0, 3},
               {BACK, MINUTE, 1, 2},
               {MESSAGE, MINUTE, 2},
               {MESSAGE, MINUTE, OVER},
               {RECIPIENT, MINUTE, 2}}},
    {.name = "never more than there is",
     .messages = RATE(1, HOUR),
     .steps = {{MESSAGE, 0, 1}, {BACK, 0, 9, 9}, {MESSAGE, 0, 1}, {MESSAGE, 0, OVER}}},
    {.name = "of the last first, so that what is older is forgotten as it should be",
     .messages = RATE(2, HOUR),
     .steps = {{MESSAGE, 0, 1},
               {MESSAGE, 30 * MINUTE, 2},
               {BACK, 30 * MINUTE, 1},
               {MESSAGE, HOUR + HOUR / 8, 1}}},
    {.name = "each user has his own",
     .messages = RATE(1, HOUR),
     .steps = {{MESSAGE, 0, 1},
               {MESSAGE, 0, 1, .user = "anna@a.example"},
               {BACK, 0, 1, .user = "anna@a.example"},
               {MESSAGE, 0, OVER}}},
    {.name = "the same bare name of another tenant, or of none, is another user",
     .messages = RATE(1, HOUR),
     .steps = {{MESSAGE, 0, 1, .user = "bob"},
               {MESSAGE, 0, 1, .user = "bob", .organization = "other"},
               {MESSAGE, 0, 1, .user = "bob", .organization = "-"},
               {MESSAGE, 0, OVER, .user = "bob"}}},
};

static struct deadline
soon(void)
{
    return deadline_after(ENGINE_WAIT_MS);
}

static int
answer_of(const struct sending_answer *answer)
{
    if (answer->is_over)
        return answer->is_counted ? FREE - 1 : OVER;
    return answer->is_counted ? (int)answer->count : FREE;
}

static void
take(struct store *store, enum store_engine_name engine, size_t i, size_t j)
{
    const struct limits limits = {.messages_per_user = cases[i].messages,
                                  .recipients_per_user = cases[i].recipients};
    const char *user = cases[i].steps[j].user, *organization = cases[i].steps[j].organization;
    const bool has_none = organization != NULL && strcmp(organization, "-") == 0;
    const char *tenant = organization != NULL ? organization : "acme";
    const struct sender sender = {.user = user != NULL ? user : "bob@a.example",
                                  .organization = has_none ? NULL : tenant};
    const int64_t now_ms = EPOCH + cases[i].steps[j].at_ms;
    const int want = cases[i].steps[j].want;
    if (cases[i].steps[j].deed == BACK) {
        sending_take_back(store, &limits, &sender, want, cases[i].steps[j].recipients, now_ms,
                          soon());
        return;
    }
    struct sending_answer answer;
    const enum sent what = cases[i].steps[j].deed == MESSAGE ? SENT_MESSAGE : SENT_RECIPIENT;
    sending_count(store, &limits, &sender, what, now_ms, soon(), &answer);
    if (answer_of(&answer) != want)
        fail_msg("%s (%s): step %zu gave %d", cases[i].name, engines_name(engine), j + 1,
                 answer_of(&answer));
}

static void
test_sending(void **unused)
{
    (void)unused;
    for (size_t e = 0; e < ENGINES; e++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0] && engines_have(all_engines[e]);
             i++) {
            struct store *store = engines_open(all_engines[e]);
            for (size_t j = 0; j < STEPS_MAX && cases[i].steps[j].deed != END; j++)
                take(store, all_engines[e], i, j);
            store_close(store);
        }
}

/* What the log and the alarm say. */
static void
test_a_refusal_says_which_limit(void **unused)
{
    (void)unused;
    struct store *store = engines_open(STORE_LMDB);
    const struct limits limits = {.messages_per_user = RATE(1, MINUTE),
                                  .recipients_per_user = RATE(1, HOUR)};
    const struct sender sender = {"acme", "bob@a.example"};
    static const struct {
        enum sent what;
        const char *want;
    } refusals[] = {
        {SENT_MESSAGE, "conf:7 limits: messages_per_user: 1 within 60 s"},
        {SENT_RECIPIENT, "conf:7 limits: recipients_per_user: 1 within 3600 s"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct sending_answer answer;
        char rule[256];
        sending_count(store, &limits, &sender, refusals[i].what, EPOCH, soon(), &answer);
        sending_count(store, &limits, &sender, refusals[i].what, EPOCH, soon(), &answer);
        assert_true(answer.is_over);
        assert_int_equal(answer.count, 1);
        rule_format(&answer.rule, rule, sizeof rule);
        assert_string_equal(rule, refusals[i].want);
    }
    store_close(store);
}

/* Users do not hear of our outages. */
static void
test_nothing_is_counted_while_the_store_is_down(void **unused)
{
    (void)unused;
    struct store *store = engines_open_down();
    const struct limits limits = {.messages_per_user = RATE(1, MINUTE)};
    const struct sender sender = {"acme", "bob@a.example"};
    for (int i = 0; i < 3; i++) {
        struct sending_answer answer;
        sending_count(store, &limits, &sender, SENT_MESSAGE, EPOCH, soon(), &answer);
        assert_int_equal(answer_of(&answer), FREE);
    }
    sending_take_back(store, &limits, &sender, 1, 1, EPOCH, soon());
    store_close(store);
}

enum { SENDERS = 4, SENT_EACH = 40, LIMIT = 50 };

struct side {
    pthread_t thread;
    struct store *store;
    int counted;
};

static void *
send_many(void *context)
{
    struct side *side = context;
    const struct limits limits = {.messages_per_user = RATE(LIMIT, HOUR)};
    const struct sender sender = {"acme", "bob@a.example"};
    for (int i = 0; i < SENT_EACH; i++) {
        struct sending_answer answer;
        sending_count(side->store, &limits, &sender, SENT_MESSAGE, EPOCH, soon(), &answer);
        side->counted += answer.is_counted ? 1 : 0;
    }
    return NULL;
}

static void
test_sessions_side_by_side_do_not_pass_a_limit(void **unused)
{
    (void)unused;
    for (size_t e = 0; e < ENGINES; e++) {
        if (!engines_have(all_engines[e]))
            continue;
        struct side sides[SENDERS] = {0};
        int counted = 0;
        struct store *store = engines_open(all_engines[e]);
        for (size_t i = 0; i < SENDERS; i++) {
            sides[i].store = store;
            assert_int_equal(pthread_create(&sides[i].thread, NULL, send_many, &sides[i]), 0);
        }
        for (size_t i = 0; i < SENDERS; i++) {
            pthread_join(sides[i].thread, NULL);
            counted += sides[i].counted;
        }
        assert_int_equal(counted, LIMIT);
        store_close(store);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_a_refusal_says_which_limit),
        cmocka_unit_test(test_nothing_is_counted_while_the_store_is_down),
        cmocka_unit_test(test_sessions_side_by_side_do_not_pass_a_limit),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
