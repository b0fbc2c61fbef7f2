/*
 * Tables of screening: who tries when, with which password, and what came of it.
 *
 * What an attempt gave is told in words: "on" (and nothing came of it), "banned", "throttled
 * SETTING", "wait"; behind "on": " ban SECONDS", " would-ban SECONDS", " throttled SETTING",
 * " window".
 */
#ifndef MAILREEVE_TEST_SCREENING_STEPS_H
#define MAILREEVE_TEST_SCREENING_STEPS_H

#include <string.h>

#include "bans.h"
#include "engines.h"
#include "screening.h"
#include "steps.h"

enum { STEPS_MAX = 40, SLOTS = 64, WORDS_MAX = 128 };

enum deed {
    END = 0,
    TRY,    /* an attempt from begin to end */
    BEGIN,  /* its halves, in a slot */
    FINISH, /* want: what the end gave: "on..." */
    RECIPIENT,
    OFFENCE,
    RECALL, /* want: "nothing", "banned" or "window NAME" */
    BAN,    /* by hand; client is a network, for_ms how long (0: for ever) */
    UNBAN,
};

struct step {
    enum deed deed;
    int64_t at_ms;
    enum verify_outcome outcome;
    const char *client;       /* NULL: 192.0.2.1; "": none */
    const char *login;        /* NULL: bob@a.example */
    const char *account;      /* canonical; NULL: as login; "": not known */
    const char *organization; /* NULL: acme */
    const char *password;     /* NULL: another one each time; "-": none, it is a challenge */
    bool is_refused;          /* the password is right, but the account must not */
    bool is_unasked;          /* the sources were not asked */
    bool only_bans, only_asks;
    bool has_window; /* an accepted login opens one */
    unsigned times;  /* 0: once */
    unsigned slot;
    int64_t for_ms;
    int64_t want_account; /* its failures; 0: whatever they are */
    const char *want;     /* NULL: "on" */
};

#define WRONG(at, ...)                                                            \
    {                                                                             \
        .deed = TRY, .outcome = VERIFY_WRONG_PASSWORD, .at_ms = (at), __VA_ARGS__ \
    }
#define RIGHT(at, ...)                                                \
    {                                                                 \
        .deed = TRY, .outcome = VERIFY_OK, .at_ms = (at), __VA_ARGS__ \
    }
#define NOBODY(at, ...)                                                                        \
    {                                                                                          \
        .deed = TRY, .outcome = VERIFY_UNKNOWN_USER, .account = "", .at_ms = (at), __VA_ARGS__ \
    }

/* Settings and steps; zero is what most tables want. */
struct screening_case {
    const char *name;
    const char *mode;      /* NULL: enforce */
    int64_t failures;      /* 0: 3; -1: not counted */
    int64_t unknown_names; /* 0: not counted, as with the next two */
    int64_t bad_recipients;
    int64_t account_failures;
    int64_t place_ms;     /* 0: a minute */
    int64_t first_ban_ms; /* 0: bans last an hour, a day, seven days */
    bool same_password_counts;
    unsigned ipv4_prefix; /* 0: 32 */
    const char *never;    /* one entry */
    struct rate logins_per_address, logins_per_user, addresses_per_user;
    struct step steps[STEPS_MAX];
};

enum { WITHIN = 600000, PLACE = 60000 };

static inline enum screen_mode
mode_of(const char *word)
{
    if (word == NULL)
        return SCREEN_ENFORCE;
    return strcmp(word, "off") == 0 ? SCREEN_OFF : SCREEN_MONITOR;
}

static inline struct screen
screen_of(const struct screening_case *table, const struct list *never)
{
    struct screen screen = {
        .mode = mode_of(table->mode),
        .origin = {"conf", 1},
        .failures = table->failures == 0  ? 3
                    : table->failures > 0 ? table->failures
                                          : 0,
        .within_ms = WITHIN,
        .unknown_names = table->unknown_names,
        .unknown_within_ms = HOUR,
        .bad_recipients = table->bad_recipients,
        .ban_ms = {HOUR, DAY, 7 * DAY},
        .ban_count = 3,
        .same_password_once = !table->same_password_counts,
        .ipv4_prefix = table->ipv4_prefix != 0 ? table->ipv4_prefix : 32,
        .ipv6_prefix = 64,
        .never = never,
        .account_failures = table->account_failures,
        .account_within_ms = DAY,
    };
    if (table->first_ban_ms != 0) {
        screen.ban_ms[0] = table->first_ban_ms;
        screen.ban_count = 1;
    }
    return screen;
}

static inline struct limits
limits_of(const struct screening_case *table)
{
    return (struct limits){.logins_per_address = table->logins_per_address,
                           .logins_per_user = table->logins_per_user,
                           .addresses_per_user = table->addresses_per_user};
}

/* What runs a table. */
struct bench {
    enum store_engine_name engine;
    struct store *store;
    struct screening_rules rules;
    struct attempt slots[SLOTS];
    unsigned passwords; /* made so far */
};

static inline struct attempt_question
question_of(const struct step *step)
{
    return (struct attempt_question){
        .client = client_of(step->client != NULL ? step->client : "192.0.2.1"),
        .organization = step->organization != NULL ? step->organization : "acme",
        .login = step->login != NULL ? step->login : "bob@a.example",
        .only_bans = step->only_bans,
        .only_asks = step->only_asks,
    };
}

/* Who must wait is not kept waiting for all of a second. */
static inline int64_t
budget_of(const struct step *step)
{
    return step->want != NULL && strcmp(step->want, "wait") == 0 ? 300 : ENGINE_WAIT_MS;
}

static inline struct deadline
deadline_of(const struct step *step)
{
    return deadline_after(budget_of(step));
}

/* A busy machine may not get to ask the store in a short time. */
static inline void
begin_attempt(struct bench *bench, const struct step *step, struct attempt *attempt_r)
{
    const struct attempt_question question = question_of(step);
    int64_t budget_ms = budget_of(step);
    do {
        attempt_begin(bench->store, &bench->rules, &question, EPOCH + step->at_ms,
                      deadline_after(budget_ms), attempt_r);
        budget_ms *= 4;
    } while (attempt_r->answer == ATTEMPT_GO_ON && !attempt_r->is_counted &&
             budget_ms < ENGINE_WAIT_MS);
}

static inline void
set_password(struct bench *bench, const struct step *step, struct secret *secret)
{
    char made[32];
    snprintf(made, sizeof made, "made-%u", ++bench->passwords);
    const char *password = step->password != NULL ? step->password : made;
    secret_set(secret, password, strlen(password));
}

static inline void
tell_end(const struct attempt_end *end, char words_r[WORDS_MAX])
{
    const int64_t seconds = (end->ban.until_ms - end->ban.since_ms) / SECOND;
    size_t used = (size_t)snprintf(words_r, WORDS_MAX, "on");
    if (end->is_new_ban || end->would_ban)
        used += (size_t)snprintf(words_r + used, WORDS_MAX - used, " %s %lld",
                                 end->is_new_ban ? "ban" : "would-ban", (long long)seconds);
    if (end->is_throttled)
        used +=
            (size_t)snprintf(words_r + used, WORDS_MAX - used, " throttled %s", end->rule.setting);
    if (end->has_window)
        snprintf(words_r + used, WORDS_MAX - used, " window");
}

static inline void
tell_answer(const struct attempt *attempt, char words_r[WORDS_MAX])
{
    switch (attempt->answer) {
    case ATTEMPT_GO_ON:
        snprintf(words_r, WORDS_MAX, "on");
        return;
    case ATTEMPT_BANNED:
        snprintf(words_r, WORDS_MAX, "banned");
        return;
    case ATTEMPT_THROTTLED:
        snprintf(words_r, WORDS_MAX, "throttled %s", attempt->rule.setting);
        return;
    case ATTEMPT_WAIT:
        snprintf(words_r, WORDS_MAX, "wait");
        return;
    }
}

static inline void
begin_step(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    struct attempt *attempt = &bench->slots[step->slot];
    begin_attempt(bench, step, attempt);
    tell_answer(attempt, words_r);
    const bool may_count = !step->only_bans && attempt->answer == ATTEMPT_GO_ON;
    if (attempt->is_counted != may_count)
        snprintf(words_r, WORDS_MAX, "is_counted is %d", attempt->is_counted);
}

static inline struct window
window_of(const struct attempt_question *question, const char *account, int64_t now_ms)
{
    struct window window = {.client = question->client, .opened_ms = now_ms};
    snprintf(window.name, sizeof window.name, "%s", account);
    snprintf(window.login, sizeof window.login, "%s", question->login);
    return window;
}

static inline void
finish_step(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    const struct attempt_question question = question_of(step);
    const char *account = step->account != NULL ? step->account : question.login;
    struct secret password;
    secret_init(&password);
    set_password(bench, step, &password);
    const bool is_challenge = step->password != NULL && strcmp(step->password, "-") == 0;
    const struct window window = window_of(&question, account, EPOCH + step->at_ms);
    const struct attempt_result result = {
        .outcome = step->outcome,
        .was_verified = !step->is_unasked,
        .is_accepted = step->outcome == VERIFY_OK && !step->is_refused,
        .account = account,
        .password = is_challenge ? NULL : &password,
        .window = step->has_window ? &window : NULL,
    };
    struct attempt_end end;
    attempt_end(bench->store, &bench->rules, &question, &bench->slots[step->slot], &result,
                EPOCH + step->at_ms, deadline_after(ENGINE_WAIT_MS), &end);
    tell_end(&end, words_r);
    if (step->want_account != 0 && end.account_failures != step->want_account)
        snprintf(words_r, WORDS_MAX, "%lld failures of the account",
                 (long long)end.account_failures);
    secret_fini(&password);
}

static inline void
client_step(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    const struct netaddr client = question_of(step).client;
    const struct deadline deadline = deadline_after(ENGINE_WAIT_MS);
    const int64_t now_ms = EPOCH + step->at_ms;
    struct attempt_end end;
    if (step->deed == RECIPIENT)
        client_bad_recipient(bench->store, &bench->rules, &client, "recipient.unknown", now_ms,
                             deadline, &end);
    else
        client_offence(bench->store, &bench->rules, &client, "auth.off", now_ms, deadline, &end);
    tell_end(&end, words_r);
}

static inline void
recall_step(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    const struct client_question question = {.client = question_of(step).client,
                                             .window_age_ms = 15 * MINUTE};
    struct client_answer answer;
    client_recall(bench->store, &bench->rules, &question, EPOCH + step->at_ms,
                  deadline_after(ENGINE_WAIT_MS), &answer);
    if (answer.is_banned)
        snprintf(words_r, WORDS_MAX, "banned");
    else if (answer.has_window)
        snprintf(words_r, WORDS_MAX, "window %.100s", answer.window.name);
    else
        snprintf(words_r, WORDS_MAX, "nothing");
}

static inline void
hand_step(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    const struct netprefix network = network_of(step->client);
    const struct deadline deadline = deadline_after(ENGINE_WAIT_MS);
    const int64_t now_ms = EPOCH + step->at_ms;
    struct err err = {""};
    bool was_there = true;
    int result =
        step->deed == BAN
            ? bans_add(bench->store, &network, step->for_ms, "by hand", now_ms, deadline, &err)
            : bans_remove(bench->store, &network, now_ms, deadline, &was_there, &err);
    snprintf(words_r, WORDS_MAX, "%s", result != 0 ? err.text : was_there ? "on" : "none");
}

static inline void
take_step(struct bench *bench, const struct step *step, char words_r[WORDS_MAX])
{
    switch (step->deed) {
    case TRY:
        begin_step(bench, step, words_r);
        if (bench->slots[step->slot].is_counted && strcmp(words_r, "on") == 0)
            finish_step(bench, step, words_r);
        return;
    case BEGIN:
        begin_step(bench, step, words_r);
        return;
    case FINISH:
        finish_step(bench, step, words_r);
        return;
    case RECIPIENT:
    case OFFENCE:
        client_step(bench, step, words_r);
        return;
    case RECALL:
        recall_step(bench, step, words_r);
        return;
    case BAN:
    case UNBAN:
        hand_step(bench, step, words_r);
        return;
    case END:
        return;
    }
}

static inline void
run_steps(struct bench *bench, const struct screening_case *table)
{
    for (size_t i = 0; i < STEPS_MAX && table->steps[i].deed != END; i++) {
        const struct step *step = &table->steps[i];
        const char *want = step->want != NULL ? step->want : "on";
        for (unsigned j = 0; j < (step->times > 0 ? step->times : 1); j++) {
            char words[WORDS_MAX] = "";
            take_step(bench, step, words);
            if (strcmp(words, want) != 0)
                fail_msg("%s (%s): step %zu, time %u gave \"%s\", not \"%s\"", table->name,
                         engines_name(bench->engine), i + 1, j + 1, words, want);
        }
    }
}

static inline void
run_case(const struct screening_case *table, enum store_engine_name engine)
{
    struct list *never = list_of(table->never);
    const struct screen screen = screen_of(table, never);
    const struct limits limits = limits_of(table);
    struct bench bench = {
        .engine = engine,
        .store = engines_open(engine),
        .rules = {.screen = &screen,
                  .limits = &limits,
                  .longest_window_ms = HOUR,
                  .place_ms = table->place_ms != 0 ? table->place_ms : PLACE},
    };
    run_steps(&bench, table);
    store_close(bench.store);
    list_free(never);
}

static inline void
run_cases(const struct screening_case *tables, size_t count)
{
    for (size_t i = 0; i < ENGINES; i++)
        for (size_t j = 0; j < count && engines_have(all_engines[i]); j++)
            run_case(&tables[j], all_engines[i]);
}

#endif
