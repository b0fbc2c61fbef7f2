/* Logins that a server elsewhere verifies: BEGIN is its question, FINISH its report; TRY is a login
 * of our own, which counts together with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reported.h"
#include "screening_steps.h"

#define OTHER "192.0.2.2"
#define THIRD "192.0.2.3"
#define RATE(n, ms)                                             \
    {                                                           \
        .most = (n), .within_ms = (ms), .origin = { "conf", 7 } \
    }
#define ASK(at, ...)                              \
    {                                             \
        .deed = BEGIN, .at_ms = (at), __VA_ARGS__ \
    }
#define REPORT(at, what, ...)                                         \
    {                                                                 \
        .deed = FINISH, .at_ms = (at), .outcome = (what), __VA_ARGS__ \
    }

static const struct screening_case cases[] = {
    {.name = "wrong passwords ban, and asking in between counts nothing",
     .steps = {ASK(0, .times = 9), REPORT(0, VERIFY_WRONG_PASSWORD, .times = 1), ASK(1, .times = 9),
               REPORT(1, VERIFY_WRONG_PASSWORD, .times = 1),
               REPORT(2, VERIFY_WRONG_PASSWORD, .want = "on ban 3600"), ASK(3, .want = "banned"),
               ASK(3, .client = OTHER)}},
    {.name = "they add up with those of our own logins",
     .steps = {WRONG(0), REPORT(1, VERIFY_WRONG_PASSWORD, .times = 1),
               WRONG(2, .want = "on ban 3600"), ASK(3, .want = "banned"),
               WRONG(3, .want = "banned")}},
    {.name = "what is asked holds no place that our own logins would need",
     .failures = 1,
     .steps = {ASK(0, .times = 50), RIGHT(0)}},
    {.name = "the same password again counts once",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .password = "0b30", .times = 9), ASK(1)}},
    {.name = "what stands for no password counts each time",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .password = "-", .times = 2),
               REPORT(0, VERIFY_WRONG_PASSWORD, .password = "-", .want = "on ban 3600")}},
    {.name = "an outage there is nobody's failure",
     .steps = {REPORT(0, VERIFY_UNAVAILABLE, .times = 9), REPORT(0, VERIFY_DISABLED, .times = 9),
               ASK(1)}},
    {.name = "a login takes its own failures off",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .times = 2), REPORT(1, VERIFY_OK, .times = 1),
               REPORT(2, VERIFY_WRONG_PASSWORD, .times = 2), ASK(3)}},
    {.name = "... and opens a window, if it is one by POP or IMAP",
     .steps = {REPORT(0, VERIFY_OK, .times = 1),
               {RECALL, 0, .want = "nothing"},
               REPORT(0, VERIFY_OK, .has_window = true, .want = "on window"),
               {RECALL, MINUTE, .want = "window bob@a.example"},
               {RECALL, MINUTE, .client = OTHER, .want = "nothing"}}},
    {.name = "names that nobody has are spraying",
     .failures = -1,
     .unknown_names = 2,
     .steps = {REPORT(0, VERIFY_UNKNOWN_USER, .login = "a@a.example"),
               REPORT(0, VERIFY_UNKNOWN_USER, .login = "a@a.example"),
               REPORT(0, VERIFY_UNKNOWN_USER, .login = "b@a.example", .want = "on ban 3600")}},
    {.name = "an account under attack is closed, but for the network that it is known from",
     .failures = -1,
     .account_failures = 2,
     .steps = {REPORT(0, VERIFY_OK, .client = OTHER), REPORT(1, VERIFY_WRONG_PASSWORD, .times = 1),
               REPORT(1, VERIFY_WRONG_PASSWORD, .client = THIRD),
               ASK(2, .want = "throttled account_failures"), ASK(2, .client = OTHER),
               WRONG(2, .want = "throttled account_failures")}},
    {.name = "a report is one login for the limits, right or wrong, and a question is none",
     .logins_per_user = RATE(2, MINUTE),
     .steps = {ASK(0, .times = 9), REPORT(0, VERIFY_OK, .times = 1), ASK(0),
               REPORT(0, VERIFY_WRONG_PASSWORD, .times = 1),
               ASK(1, .want = "throttled logins_per_user"),
               RIGHT(1, .client = OTHER, .want = "throttled logins_per_user"),
               ASK(1, .login = "anna@a.example")}},
    {.name = "likewise for those of an address",
     .logins_per_address = RATE(2, MINUTE),
     .steps = {REPORT(0, VERIFY_OK, .times = 1), RIGHT(0),
               ASK(1, .want = "throttled logins_per_address"), ASK(1, .client = OTHER)}},
    {.name = "a network more than a user may have",
     .addresses_per_user = RATE(2, HOUR),
     .steps = {REPORT(0, VERIFY_OK, .times = 1),
               ASK(0, .client = OTHER, .times = 9),
               RIGHT(0, .client = OTHER),
               ASK(1),
               ASK(1, .client = OTHER),
               ASK(1, .client = THIRD, .want = "throttled addresses_per_user"),
               REPORT(1, VERIFY_OK, .client = THIRD, .has_window = true,
                      .want = "on throttled addresses_per_user"),
               {RECALL, 1, .client = THIRD, .want = "nothing"}}},
    {.name = "in monitor mode nobody is refused by counts",
     .mode = "monitor",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .times = 2),
               REPORT(0, VERIFY_WRONG_PASSWORD, .want = "on would-ban 3600"), ASK(1)}},
    {.name = "mode off counts nothing",
     .mode = "off",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .times = 9), ASK(1)}},
    {.name = "who is in `never` is neither counted nor refused",
     .never = "192.0.2.0/24",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .times = 9), ASK(1)}},
    {.name = "... nor does he open a window",
     .never = "192.0.2.0/24",
     .steps = {REPORT(0, VERIFY_OK, .has_window = true), {RECALL, MINUTE, .want = "nothing"}}},
    {.name = "... nor a further network of a user",
     .never = THIRD,
     .addresses_per_user = RATE(1, HOUR),
     .steps = {REPORT(0, VERIFY_OK, .times = 1),
               ASK(1, .client = OTHER, .want = "throttled addresses_per_user"),
               ASK(1, .client = THIRD), REPORT(1, VERIFY_OK, .client = THIRD)}},
    {.name = "... nor are his logins those of his network",
     .never = THIRD,
     .ipv4_prefix = 24,
     .logins_per_address = RATE(2, MINUTE),
     .steps = {REPORT(0, VERIFY_OK, .client = THIRD, .times = 9), ASK(0),
               REPORT(1, VERIFY_OK, .times = 2), ASK(1, .want = "throttled logins_per_address"),
               ASK(1, .client = THIRD)}},
    {.name = "nor is a client without an address",
     .steps = {REPORT(0, VERIFY_WRONG_PASSWORD, .client = "", .times = 9), ASK(1, .client = "")}},
    {.name = "a name that is none is asked about bans only",
     .steps = {ASK(0, .login = "", .only_bans = true),
               {BAN, 0, .client = "192.0.2.0/24"},
               ASK(0, .login = "", .only_bans = true, .want = "banned")}},
};

static void
ask(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    const struct attempt_question question = question_of(step);
    struct attempt attempt;
    reported_ask(bench->store, &bench->rules, &question, EPOCH + step->at_ms, deadline_of(step),
                 &attempt);
    tell_answer(&attempt, words_r);
    if (attempt.has_network_place || attempt.has_account_place)
        snprintf(words_r, WORDS_MAX, "it holds a place");
}

static void
report(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    const struct attempt_question question = question_of(step);
    struct secret password;
    secret_init(&password);
    set_password(bench, step, &password);
    const bool is_challenge = step->password != NULL && strcmp(step->password, "-") == 0;
    const struct window window = window_of(&question, question.login, EPOCH + step->at_ms);
    const struct attempt_result result = {
        .outcome = step->outcome,
        .was_verified = true,
        .is_accepted = step->outcome == VERIFY_OK,
        .account = question.login,
        .password = is_challenge ? NULL : &password,
        .window = step->has_window ? &window : NULL,
    };
    struct attempt_end end;
    reported_end(bench->store, &bench->rules, &question, &result, EPOCH + step->at_ms,
                 deadline_after(ENGINE_WAIT_MS), &end);
    tell_end(&end, words_r);
    secret_fini(&password);
}

static void
run_reported_steps(struct bench *bench, const struct screening_case *table)
{
    for (size_t i = 0; i < STEPS_MAX && table->steps[i].deed != END; i++) {
        const struct step *step = &table->steps[i];
        const char *want = step->want != NULL ? step->want : "on";
        for (unsigned j = 0; j < (step->times > 0 ? step->times : 1); j++) {
            char words[WORDS_MAX] = "";
            if (step->deed == BEGIN)
                ask(bench, step, words);
            else if (step->deed == FINISH)
                report(bench, step, words);
            else
                take_step(bench, step, words);
            if (strcmp(words, want) != 0)
                fail_msg("%s (%s): step %zu, time %u gave \"%s\", not \"%s\"", table->name,
                         engines_name(bench->engine), i + 1, j + 1, words, want);
        }
    }
}

static void
run_reported_case(const struct screening_case *table, enum store_engine_name engine)
{
    struct list *never = list_of(table->never);
    const struct screen screen = screen_of(table, never);
    const struct limits limits = limits_of(table);
    struct bench bench = {
        .engine = engine,
        .store = engines_open(engine),
        .rules = {.screen = &screen,
                  .limits = &limits,
                  .place_ms = PLACE,
                  .longest_window_ms = HOUR},
    };
    run_reported_steps(&bench, table);
    store_close(bench.store);
    list_free(never);
}

static void
test_reported_logins(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENGINES; i++)
        for (size_t j = 0; j < sizeof cases / sizeof cases[0] && engines_have(all_engines[i]); j++)
            run_reported_case(&cases[j], all_engines[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reported_logins)};
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
