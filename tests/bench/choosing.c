/*
 * bench_choosing: what it costs to choose a server, for ten and for a thousand of them.
 *
 * Prints one line for each balance and number of servers: nanoseconds for one choice while all are
 * up, while every other one is down, and while every tenth warms up; and microseconds for telling
 * the chooser that a server went down or came up. Weights are 1 to 4; users are a million names
 * from a fixed seed. For hash, which keeps what it found for a slot, another line tells what the
 * first use of a slot costs on average: each slot is asked for once.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "chooser.h"
#include "cpu_time.h"
#include "rendezvous.h"
#include "scramble.h"

enum { CHOICES = 1 << 20, CHANGES = 1000, SLOW_START_MS = 60000, NOW_MS = 30000, TARGET_NS = 1000 };

struct servers {
    struct chooser_member *members;
    size_t count;
    struct chooser *chooser;
};

/* Returns the nanoseconds for one choice. */
static double
choose(const struct servers *servers)
{
    size_t chosen = 0;
    const double start_s = cpu_time_s();
    for (size_t i = 0; i < CHOICES; i++)
        chosen += chooser_next(servers->chooser, scramble(i), NOW_MS) >= 0;
    const double took_s = cpu_time_s() - start_s;
    if (chosen != CHOICES) {
        fprintf(stderr, "%zu of %d sessions had a server\n", chosen, CHOICES);
        exit(EXIT_FAILURE);
    }
    return took_s * 1e9 / CHOICES;
}

/* Returns the nanoseconds for the first use of a slot; in no order, as users come. */
static double
choose_first(const struct servers *servers)
{
    size_t chosen = 0;
    const double start_s = cpu_time_s();
    for (uint64_t i = 0; i < RENDEZVOUS_SLOTS; i++) {
        const uint64_t slot = i * UINT64_C(0x9e3779b1) % RENDEZVOUS_SLOTS;
        chosen += chooser_next(servers->chooser, slot << (64 - RENDEZVOUS_SLOT_BITS), NOW_MS) >= 0;
    }
    const double took_s = cpu_time_s() - start_s;
    if (chosen != RENDEZVOUS_SLOTS) {
        fprintf(stderr, "%zu of %d slots had a server\n", chosen, RENDEZVOUS_SLOTS);
        exit(EXIT_FAILURE);
    }
    return took_s * 1e9 / RENDEZVOUS_SLOTS;
}

/* Each of a step is as told, the others are up and warm. */
static void
change(const struct servers *servers, size_t step, bool is_usable, int64_t warms_from_ms)
{
    for (size_t i = 0; i < servers->count; i++) {
        const bool is_meant = i % step == 1;
        servers->members[i].is_usable = !is_meant || is_usable;
        servers->members[i].warms_from_ms = is_meant ? warms_from_ms : 0;
    }
    chooser_set(servers->chooser, servers->members, servers->count);
}

/* Returns the microseconds for one change of one server. */
static double
change_often(const struct servers *servers)
{
    const double start_s = cpu_time_s();
    for (size_t i = 0; i < CHANGES; i++) {
        servers->members[1].is_usable = i % 2 == 0;
        chooser_set(servers->chooser, servers->members, servers->count);
    }
    return (cpu_time_s() - start_s) * 1e6 / CHANGES;
}

static void
measure(const char *name, enum balance balance, size_t count)
{
    struct servers servers = {.members = xcalloc(count, sizeof *servers.members),
                              .count = count,
                              .chooser = chooser_create(balance, SLOW_START_MS)};
    for (size_t i = 0; i < count; i++)
        servers.members[i] =
            (struct chooser_member){.key = scramble(i + 1), .weight = (uint32_t)(1 + i % 4)};
    change(&servers, 2, true, 0);
    const double first_ns = balance == BALANCE_HASH ? choose_first(&servers) : 0;
    const double up_ns = choose(&servers);
    change(&servers, 2, false, 0);
    const double half_ns = choose(&servers);
    change(&servers, 10, true, 1);
    const double warming_ns = choose(&servers);
    const double change_us = change_often(&servers);
    printf("  %-12s servers %4zu: %4.0f ns (target below %d), every other one "
           "down %4.0f, every tenth warming up %4.0f; a change %4.1f us\n",
           name, count, up_ns, TARGET_NS, half_ns, warming_ns, change_us);
    if (balance == BALANCE_HASH)
        printf("  %-12s servers %4zu: %4.0f ns at the first use of a slot (target below %d)\n",
               name, count, first_ns, TARGET_NS);
    chooser_free(servers.chooser);
    free(servers.members);
}

int
main(void)
{
    static const struct {
        const char *name;
        enum balance balance;
    } balances[] = {
        {"round-robin", BALANCE_ROUND_ROBIN},
        {"least-recent", BALANCE_LEAST_RECENT},
        {"hash", BALANCE_HASH},
        {"first", BALANCE_FIRST},
    };
    static const size_t counts[] = {10, 32, 1000};
    for (size_t i = 0; i < sizeof balances / sizeof balances[0]; i++)
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++)
            measure(balances[i].name, balances[i].balance, counts[n]);
    return EXIT_SUCCESS;
}
