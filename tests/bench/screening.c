/*
 * bench_screening: what dynamic screening costs a session with LMDB, in a store without bans and in
 * one with a million.
 *
 * Prints a line for each number of bans and kind of session: an accepted login (attempt_begin and
 * attempt_end, the account known from there), a wrong password (as it counts), and a client without
 * AUTH (client_recall, with a relay window asked for). Clients and accounts come from a fixed seed,
 * of so many that they are in no cache of the processor. Processor time of the whole process is
 * told, with that of the thread that writes to the disk, and elapsed time beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ban_filler.h"
#include "clock.h"
#include "screening.h"

enum { SESSIONS = 100000, ACCOUNTS = 20000, CLIENTS = 50000, BANS = 1000000, BUDGET_MS = 5000 };

static const int64_t store_bytes = (int64_t)1 << 30;

/* The defaults of a `screen` section. */
static const struct screen screen = {
    .mode = SCREEN_ENFORCE,
    .failures = 10,
    .within_ms = 600000,
    .unknown_names = 5,
    .unknown_within_ms = 3600000,
    .bad_recipients = 10,
    .ban_ms = {3600000, 86400000, 604800000},
    .ban_count = 3,
    .same_password_once = true,
    .ipv4_prefix = 32,
    .ipv6_prefix = 64,
    .account_failures = 50,
    .account_within_ms = 86400000,
};
static const struct limits limits;
static const struct screening_rules rules = {
    .screen = &screen, .limits = &limits, .longest_window_ms = 900000, .place_ms = 30000};

struct bench {
    struct store *store;
    uint64_t random;
    struct secret password;
};

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void
stop(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

static void
attempt_login(struct bench *bench, const struct netaddr *client, const char *name, bool is_accepted)
{
    const int64_t now_ms = clock_wall_ms();
    const struct attempt_question question = {
        .client = *client, .organization = "acme", .login = name};
    struct attempt attempt;
    struct attempt_end end = {0};
    attempt_begin(bench->store, &rules, &question, now_ms, deadline_after(BUDGET_MS), &attempt);
    if (attempt.answer != ATTEMPT_GO_ON || !attempt.is_counted)
        stop("an attempt was not let through, or not counted");
    const struct attempt_result result = {
        .outcome = is_accepted ? VERIFY_OK : VERIFY_WRONG_PASSWORD,
        .was_verified = true,
        .is_accepted = is_accepted,
        .account = name,
        .password = &bench->password,
    };
    attempt_end(bench->store, &rules, &question, &attempt, &result, now_ms,
                deadline_after(BUDGET_MS), &end);
}

/* A user logs in from where he always does. */
static void
accepted(struct bench *bench, size_t number)
{
    (void)number;
    char name[64];
    uint32_t who = (uint32_t)(next_random(&bench->random) % ACCOUNTS);
    struct netaddr client = unbanned_client(who);
    snprintf(name, sizeof name, "user%x@acme.example", who);
    attempt_login(bench, &client, name, true);
}

/* Each client and each account fails less often than what closes it. */
static void
wrong(struct bench *bench, size_t number)
{
    char name[64];
    struct netaddr client = unbanned_client(ACCOUNTS + (uint32_t)(number % CLIENTS));
    snprintf(name, sizeof name, "user%zx@acme.example", number % ACCOUNTS);
    secret_set(&bench->password, (const char *)&number, sizeof number);
    attempt_login(bench, &client, name, false);
}

static void
recall(struct bench *bench, size_t number)
{
    (void)number;
    const struct client_question question = {
        .client = unbanned_client((uint32_t)(next_random(&bench->random) % CLIENTS)),
        .window_age_ms = 900000,
    };
    struct client_answer answer;
    client_recall(bench->store, &rules, &question, clock_wall_ms(), deadline_after(BUDGET_MS),
                  &answer);
    if (answer.is_banned)
        stop("a client is banned that should not be");
}

static const struct kind {
    const char *name, *about;
    void (*run)(struct bench *bench, size_t number);
} kinds[] = {
    {"login", "attempt_begin + attempt_end, accepted", accepted},
    {"failure", "attempt_begin + attempt_end, wrong password", wrong},
    {"recall", "client_recall", recall},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static double
seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Prints and returns the microseconds of processor time for one session. */
static double
measure_kind(struct bench *bench, const struct kind *kind, size_t bans)
{
    for (size_t i = 0; i < SESSIONS / 4; i++) /* accounts become known, pages are touched */
        kind->run(bench, i);
    double cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID), wall_s = seconds(CLOCK_MONOTONIC);
    for (size_t i = SESSIONS / 4; i < SESSIONS + SESSIONS / 4; i++)
        kind->run(bench, i);
    cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    wall_s = seconds(CLOCK_MONOTONIC) - wall_s;
    printf("screening %-7s bans %7zu %6.2f us (%.2f us elapsed) %s\n", kind->name, bans,
           cpu_s * 1e6 / SESSIONS, wall_s * 1e6 / SESSIONS, kind->about);
    fflush(stdout);
    return cpu_s * 1e6 / SESSIONS;
}

static void
measure(const char *folder, size_t bans, double us_r[KINDS])
{
    char path[256];
    snprintf(path, sizeof path, "%s/bans-%zu", folder, bans);
    struct bench bench = {.store = open_bench_store(path, store_bytes), .random = 42};
    secret_set(&bench.password, "secret", 6);
    fill_bans(bench.store, bans);
    for (size_t i = 0; i < KINDS; i++)
        us_r[i] = measure_kind(&bench, &kinds[i], bans);
    secret_fini(&bench.password);
    store_close(bench.store);
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: screening SCRATCH-FOLDER\n");
        return EXIT_FAILURE;
    }
    double none[KINDS], million[KINDS];
    measure(argv[1], 0, none);
    measure(argv[1], BANS, million);
    for (size_t i = 0; i < KINDS; i++)
        printf("screening %-7s takes %.2f us, %.2f with a million bans (target under 10)\n",
               kinds[i].name, none[i], million[i]);
    return EXIT_SUCCESS;
}
