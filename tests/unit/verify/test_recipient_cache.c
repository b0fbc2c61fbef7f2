#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "deadline.h"
#include "recipient_cache.h"

enum { KNOWN_MS = 1000, UNKNOWN_MS = 100, PATIENCE_MS = 60000 };

/* The world: says what it is set to, when it is let. */
struct world {
    _Atomic enum knowledge knowledge;
    atomic_int asked;
    atomic_bool is_held;
};

static const struct deadline forever = {INT64_MAX};

static void
world_ask(void *context, struct deadline deadline, struct recipient_result *result_r)
{
    (void)deadline;
    struct world *world = context;
    world->asked++;
    while (world->is_held)
        poll(NULL, 0, 1);
    result_r->knowledge = world->knowledge;
    if (result_r->knowledge == KNOWLEDGE_KNOWN)
        snprintf(result_r->name, sizeof result_r->name, "boss");
    snprintf(result_r->detail, sizeof result_r->detail, "the world spoke");
}

static struct recipient_cache *
open_cache(size_t capacity)
{
    return recipient_cache_create(
        capacity, (struct recipient_lifetimes){.known_ms = KNOWN_MS, .unknown_ms = UNKNOWN_MS});
}

static struct recipient_result
ask_at(struct recipient_cache *cache, struct world *world, const char *address, int64_t now_ms)
{
    const struct recipient_question question = {.ask = world_ask, .context = world};
    struct recipient_result result;
    recipient_cache_ask(cache, address, now_ms, forever, &question, &result);
    return result;
}

static void
test_how_long_an_answer_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum knowledge knowledge;
        struct recipient_lifetimes lifetimes;
        int64_t after_ms;
        bool want_cached;
    } cases[] = {
        {"known, at once", KNOWLEDGE_KNOWN, {KNOWN_MS, UNKNOWN_MS}, 0, true},
        {"known, until its time", KNOWLEDGE_KNOWN, {KNOWN_MS, UNKNOWN_MS}, KNOWN_MS - 1, true},
        {"known, at its time", KNOWLEDGE_KNOWN, {KNOWN_MS, UNKNOWN_MS}, KNOWN_MS, false},
        {"known, not to be kept", KNOWLEDGE_KNOWN, {0, UNKNOWN_MS}, 0, false},
        {"unknown, until its time",
         KNOWLEDGE_UNKNOWN,
         {KNOWN_MS, UNKNOWN_MS},
         UNKNOWN_MS - 1,
         true},
        {"unknown, at its time", KNOWLEDGE_UNKNOWN, {KNOWN_MS, UNKNOWN_MS}, UNKNOWN_MS, false},
        {"unknown, not to be kept", KNOWLEDGE_UNKNOWN, {KNOWN_MS, 0}, 0, false},
        {"cannot tell is never kept", KNOWLEDGE_CANNOT_TELL, {KNOWN_MS, UNKNOWN_MS}, 0, false},
        {"no answer is cannot tell", KNOWLEDGE_NOT_ASKED, {KNOWN_MS, UNKNOWN_MS}, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum knowledge want =
            cases[i].knowledge != KNOWLEDGE_NOT_ASKED ? cases[i].knowledge : KNOWLEDGE_CANNOT_TELL;
        struct world world = {.knowledge = cases[i].knowledge};
        struct recipient_cache *cache = recipient_cache_create(8, cases[i].lifetimes);
        print_message("%s\n", cases[i].name);
        struct recipient_result first = ask_at(cache, &world, "a@acme.example", 5000);
        assert_int_equal(first.knowledge, want);
        assert_false(first.was_cached);
        assert_string_equal(first.detail, "the world spoke");

        struct recipient_result again =
            ask_at(cache, &world, "a@acme.example", 5000 + cases[i].after_ms);
        assert_int_equal(again.knowledge, want);
        assert_int_equal(again.was_cached, cases[i].want_cached);
        assert_string_equal(again.name, want == KNOWLEDGE_KNOWN ? "boss" : "");
        assert_int_equal(world.asked, cases[i].want_cached ? 1 : 2);
        recipient_cache_free(cache);
    }
    recipient_cache_free(NULL);
}

static void
test_a_new_answer_takes_the_place_of_the_old(void **state)
{
    (void)state;
    struct world world = {.knowledge = KNOWLEDGE_KNOWN};
    struct recipient_cache *cache = open_cache(8);
    ask_at(cache, &world, "a@acme.example", 0);
    world.knowledge = KNOWLEDGE_UNKNOWN;
    struct recipient_result result = ask_at(cache, &world, "a@acme.example", KNOWN_MS);
    assert_int_equal(result.knowledge, KNOWLEDGE_UNKNOWN);
    assert_string_equal(result.name, "");

    /* and an outage leaves nothing of it behind */
    world.knowledge = KNOWLEDGE_CANNOT_TELL;
    ask_at(cache, &world, "a@acme.example", KNOWN_MS + UNKNOWN_MS);
    assert_int_equal(ask_at(cache, &world, "a@acme.example", KNOWN_MS).knowledge,
                     KNOWLEDGE_CANNOT_TELL);
    assert_int_equal(world.asked, 4);
    recipient_cache_free(cache);
}

static void
test_each_address_is_its_own(void **state)
{
    (void)state;
    struct world knowing = {.knowledge = KNOWLEDGE_KNOWN}, other = {.knowledge = KNOWLEDGE_UNKNOWN};
    struct recipient_cache *cache = open_cache(8);
    ask_at(cache, &knowing, "a@acme.example", 0);
    assert_int_equal(ask_at(cache, &other, "\"a@\"@acme.example", 0).knowledge, KNOWLEDGE_UNKNOWN);
    assert_int_equal(ask_at(cache, &other, "a@acme.example.", 0).knowledge, KNOWLEDGE_UNKNOWN);
    assert_int_equal(ask_at(cache, &other, "a@acme.example", 0).knowledge, KNOWLEDGE_KNOWN);
    assert_int_equal(knowing.asked, 1);
    assert_int_equal(other.asked, 2);
    recipient_cache_free(cache);
}

static void
test_what_was_used_longest_ago_goes_first(void **state)
{
    (void)state;
    struct world world = {.knowledge = KNOWLEDGE_KNOWN};
    struct recipient_cache *cache = open_cache(2);
    ask_at(cache, &world, "a", 0);
    ask_at(cache, &world, "b", 0);
    ask_at(cache, &world, "a", 0);
    ask_at(cache, &world, "c", 0);
    assert_int_equal(world.asked, 3);
    assert_true(ask_at(cache, &world, "a", 0).was_cached);
    assert_false(ask_at(cache, &world, "b", 0).was_cached);
    recipient_cache_free(cache);
}

/* Each source has a cache of its own and there may be thousands; strangers try names all day. */
static void
test_answers_that_are_over_hold_no_memory(void **state)
{
    (void)state;
    enum { STRANGERS = 1000, APART_MS = UNKNOWN_MS / 10 };
    struct world world = {.knowledge = KNOWLEDGE_UNKNOWN};
    struct recipient_cache *cache = open_cache(STRANGERS);
    char address[32];
    for (int i = 0; i < STRANGERS; i++) {
        snprintf(address, sizeof address, "%d@acme.example", i);
        ask_at(cache, &world, address, (int64_t)i * APART_MS);
    }
    assert_int_equal(recipient_cache_count(cache), UNKNOWN_MS / APART_MS);
    /* what is not over is there */
    assert_true(ask_at(cache, &world, address, (int64_t)STRANGERS * APART_MS).was_cached);
    recipient_cache_free(cache);
}

static void
test_many_answers_that_are_over_go_two_for_each_that_comes(void **state)
{
    (void)state;
    enum { MANY = 100, FEW = 10 };
    struct world world = {.knowledge = KNOWLEDGE_KNOWN};
    struct recipient_cache *cache = open_cache(MANY);
    char address[32];
    for (int i = 0; i < MANY + FEW; i++) {
        snprintf(address, sizeof address, "%d@acme.example", i);
        ask_at(cache, &world, address, i < MANY ? 0 : KNOWN_MS);
    }
    assert_int_equal(recipient_cache_count(cache), MANY - FEW);
    recipient_cache_free(cache);
}

static void
test_who_has_no_time_left_is_told_what_is_known(void **state)
{
    (void)state;
    struct world world = {.knowledge = KNOWLEDGE_KNOWN};
    const struct recipient_question question = {.ask = world_ask, .context = &world};
    struct recipient_result result;
    struct recipient_cache *cache = open_cache(8);
    recipient_cache_ask(cache, "a", 0, deadline_after(0), &question, &result);
    assert_int_equal(result.knowledge, KNOWLEDGE_CANNOT_TELL);
    assert_string_equal(result.detail, "no time was left to ask");
    assert_int_equal(world.asked, 0);

    ask_at(cache, &world, "a", 0);
    recipient_cache_ask(cache, "a", 0, deadline_after(0), &question, &result);
    assert_int_equal(result.knowledge, KNOWLEDGE_KNOWN);
    recipient_cache_free(cache);
}

/* Somebody beside the test, with a deadline of his own. */
struct asker {
    pthread_t thread;
    struct recipient_cache *cache;
    struct world *world;
    const char *address;
    struct deadline deadline;
    struct recipient_result result;
};

static void *
asker_run(void *argument)
{
    struct asker *asker = argument;
    const struct recipient_question question = {.ask = world_ask, .context = asker->world};
    recipient_cache_ask(asker->cache, asker->address, 0, asker->deadline, &question,
                        &asker->result);
    return NULL;
}

static void
asker_start(struct asker *asker, struct recipient_cache *cache, struct world *world,
            const char *address, struct deadline deadline)
{
    *asker =
        (struct asker){.cache = cache, .world = world, .address = address, .deadline = deadline};
    assert_int_equal(pthread_create(&asker->thread, NULL, asker_run, asker), 0);
}

static void
wait_for_question(const struct world *world, int count)
{
    const struct deadline give_up = deadline_after(PATIENCE_MS);
    while (world->asked < count && !deadline_is_over(give_up))
        poll(NULL, 0, 1);
    assert_int_equal(world->asked, count);
}

static void
wait_for_waiting(struct recipient_cache *cache, unsigned count)
{
    const struct deadline give_up = deadline_after(PATIENCE_MS);
    while (recipient_cache_waiting(cache) != count && !deadline_is_over(give_up))
        poll(NULL, 0, 1);
    assert_int_equal(recipient_cache_waiting(cache), count);
}

static void
test_many_askers_of_one_address_cost_one_question(void **state)
{
    (void)state;
    enum { ASKERS = 100 };
    static const struct {
        const char *name;
        enum knowledge knowledge;
        bool want_kept;
    } cases[] = {
        {"known", KNOWLEDGE_KNOWN, true},
        {"unknown", KNOWLEDGE_UNKNOWN, true},
        {"cannot tell is shared and forgotten", KNOWLEDGE_CANNOT_TELL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asker askers[ASKERS];
        struct world world = {.knowledge = cases[i].knowledge, .is_held = true};
        struct recipient_cache *cache = open_cache(8);
        print_message("%s\n", cases[i].name);
        for (size_t j = 0; j < ASKERS; j++)
            asker_start(&askers[j], cache, &world, "a@acme.example", forever);
        wait_for_waiting(cache, ASKERS - 1);
        world.is_held = false;
        for (size_t j = 0; j < ASKERS; j++) {
            pthread_join(askers[j].thread, NULL);
            assert_int_equal(askers[j].result.knowledge, cases[i].knowledge);
            assert_string_equal(askers[j].result.detail, "the world spoke");
            assert_string_equal(askers[j].result.name, askers[0].result.name);
        }
        assert_int_equal(world.asked, 1);
        assert_int_equal(recipient_cache_waiting(cache), 0);
        assert_int_equal(ask_at(cache, &world, "a@acme.example", 0).was_cached, cases[i].want_kept);
        recipient_cache_free(cache);
    }
}

static void
test_who_waits_leaves_at_his_own_deadline(void **state)
{
    (void)state;
    struct asker asker, hasty;
    struct world world = {.knowledge = KNOWLEDGE_KNOWN, .is_held = true};
    struct recipient_cache *cache = open_cache(8);
    asker_start(&asker, cache, &world, "a", forever);
    wait_for_question(&world, 1);
    asker_start(&hasty, cache, &world, "a", deadline_after(20));
    pthread_join(hasty.thread, NULL);
    assert_int_equal(hasty.result.knowledge, KNOWLEDGE_CANNOT_TELL);
    assert_string_equal(hasty.result.detail,
                        "somebody else was still asking about the address when the time was up");

    world.is_held = false;
    pthread_join(asker.thread, NULL);
    assert_int_equal(asker.result.knowledge, KNOWLEDGE_KNOWN);
    assert_true(ask_at(cache, &world, "a", 0).was_cached);
    assert_int_equal(world.asked, 1);
    recipient_cache_free(cache);
}

static void
test_a_question_under_way_holds_up_no_other_address(void **state)
{
    (void)state;
    struct asker asker;
    struct world slow = {.knowledge = KNOWLEDGE_KNOWN, .is_held = true};
    struct world quick = {.knowledge = KNOWLEDGE_UNKNOWN};
    struct recipient_cache *cache = open_cache(8);
    asker_start(&asker, cache, &slow, "a", forever);
    wait_for_question(&slow, 1);
    assert_int_equal(ask_at(cache, &quick, "b", 0).knowledge, KNOWLEDGE_UNKNOWN);
    assert_true(ask_at(cache, &quick, "b", 0).was_cached);
    slow.is_held = false;
    pthread_join(asker.thread, NULL);
    recipient_cache_free(cache);
}

static void
test_a_question_under_way_stays_however_old(void **state)
{
    (void)state;
    struct asker asker;
    struct world slow = {.knowledge = KNOWLEDGE_KNOWN, .is_held = true};
    struct world quick = {.knowledge = KNOWLEDGE_UNKNOWN};
    struct recipient_cache *cache = open_cache(8);
    asker_start(&asker, cache, &slow, "a", forever);
    wait_for_question(&slow, 1);
    ask_at(cache, &quick, "b", 10 * KNOWN_MS);
    ask_at(cache, &quick, "c", 20 * KNOWN_MS);
    slow.is_held = false;
    pthread_join(asker.thread, NULL);
    assert_true(ask_at(cache, &slow, "a", 0).was_cached);
    assert_int_equal(slow.asked, 1);
    recipient_cache_free(cache);
}

static void
test_a_question_whose_entry_went_is_answered_but_not_kept(void **state)
{
    (void)state;
    struct asker first, waiting;
    struct world slow = {.knowledge = KNOWLEDGE_KNOWN, .is_held = true};
    struct world quick = {.knowledge = KNOWLEDGE_UNKNOWN};
    struct recipient_cache *cache = open_cache(1);
    asker_start(&first, cache, &slow, "a", forever);
    wait_for_question(&slow, 1);
    asker_start(&waiting, cache, &slow, "a", forever);
    wait_for_waiting(cache, 1);
    ask_at(cache, &quick, "b", 0);
    /* asked anew meanwhile: that answer is not overwritten */
    assert_int_equal(ask_at(cache, &quick, "a", 0).knowledge, KNOWLEDGE_UNKNOWN);

    slow.is_held = false;
    pthread_join(first.thread, NULL);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(first.result.knowledge, KNOWLEDGE_KNOWN);
    assert_int_equal(waiting.result.knowledge, KNOWLEDGE_KNOWN);
    struct recipient_result kept = ask_at(cache, &quick, "a", 0);
    assert_true(kept.was_cached);
    assert_int_equal(kept.knowledge, KNOWLEDGE_UNKNOWN);
    recipient_cache_free(cache);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_long_an_answer_is_kept),
        cmocka_unit_test(test_a_new_answer_takes_the_place_of_the_old),
        cmocka_unit_test(test_each_address_is_its_own),
        cmocka_unit_test(test_what_was_used_longest_ago_goes_first),
        cmocka_unit_test(test_answers_that_are_over_hold_no_memory),
        cmocka_unit_test(test_many_answers_that_are_over_go_two_for_each_that_comes),
        cmocka_unit_test(test_who_has_no_time_left_is_told_what_is_known),
        cmocka_unit_test(test_many_askers_of_one_address_cost_one_question),
        cmocka_unit_test(test_who_waits_leaves_at_his_own_deadline),
        cmocka_unit_test(test_a_question_under_way_holds_up_no_other_address),
        cmocka_unit_test(test_a_question_under_way_stays_however_old),
        cmocka_unit_test(test_a_question_whose_entry_went_is_answered_but_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
