/*
 * bench_list: how long a list takes to load and to answer, for ten entries and for a million.
 *
 * Prints one line for each kind of entry and size: seconds to load a file of them from memory, and
 * nanoseconds for a look-up that matches and for one that does not. Entries and questions come from
 * a fixed seed; the questions that match nothing fall between the entries, not beside them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cpu_time.h"
#include "list.h"

enum { QUESTIONS = 1 << 17, ROUNDS = 8, ENTRY_TEXT_MAX = 64 };

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* How a kind of entry is written, and a question about the entry of that seed: one that it matches,
 * or one that no entry matches. */
struct kind {
    const char *name;
    enum list_kind list;
    void (*entry)(uint64_t seed, char text_r[ENTRY_TEXT_MAX]);
    void (*question)(uint64_t seed, bool hit, char text_r[ENTRY_TEXT_MAX]);
};

static uint64_t
mix(uint64_t seed)
{
    uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u;
    next_random(&state);
    return next_random(&state);
}

/* Bit 8 is never set in an entry, so that an address with it is in none. */
static void
ipv4_entry(uint64_t seed, char text_r[ENTRY_TEXT_MAX])
{
    unsigned bits = 26 + (unsigned)(seed % 7);
    uint32_t address = (uint32_t)mix(seed) & ~0x100u;
    address &= bits < 32 ? ~(0xffffffffu >> bits) : 0xffffffffu;
    snprintf(text_r, ENTRY_TEXT_MAX, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255,
             address >> 8 & 255, address & 255, bits);
}

static void
ipv4_question(uint64_t seed, bool hit, char text_r[ENTRY_TEXT_MAX])
{
    uint32_t address = (uint32_t)mix(seed) & ~0x100u;
    address |= hit ? 0 : 0x100;
    snprintf(text_r, ENTRY_TEXT_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
             address >> 8 & 255, address & 255);
}

static void
ipv6_entry(uint64_t seed, char text_r[ENTRY_TEXT_MAX])
{
    uint64_t random = mix(seed);
    snprintf(text_r, ENTRY_TEXT_MAX, "2001:%x:%x:%x::/%u", (unsigned)(random & 0xffff),
             (unsigned)(random >> 16 & 0xfffe), (unsigned)(random >> 32 & 0xff00),
             56 + (unsigned)(seed % 9));
}

static void
ipv6_question(uint64_t seed, bool hit, char text_r[ENTRY_TEXT_MAX])
{
    uint64_t random = mix(seed);
    snprintf(text_r, ENTRY_TEXT_MAX, "2001:%x:%x:%x::1", (unsigned)(random & 0xffff),
             (unsigned)((random >> 16 & 0xfffe) | !hit), (unsigned)(random >> 32 & 0xff00));
}

static void
name_entry(uint64_t seed, char text_r[ENTRY_TEXT_MAX])
{
    snprintf(text_r, ENTRY_TEXT_MAX, "user%llx@example.com", (unsigned long long)mix(seed));
}

static void
name_question(uint64_t seed, bool hit, char text_r[ENTRY_TEXT_MAX])
{
    snprintf(text_r, ENTRY_TEXT_MAX, "%s%llx@example.com", hit ? "user" : "boss",
             (unsigned long long)mix(seed));
}

static void
domain_entry(uint64_t seed, char text_r[ENTRY_TEXT_MAX])
{
    snprintf(text_r, ENTRY_TEXT_MAX, "*@d%llx.example", (unsigned long long)mix(seed));
}

static void
domain_question(uint64_t seed, bool hit, char text_r[ENTRY_TEXT_MAX])
{
    snprintf(text_r, ENTRY_TEXT_MAX, "boss@%s%llx.example", hit ? "d" : "n",
             (unsigned long long)mix(seed));
}

static const struct kind kinds[] = {
    {"ipv4-cidr", LIST_IP, ipv4_entry, ipv4_question},
    {"ipv6-cidr", LIST_IP, ipv6_entry, ipv6_question},
    {"name", LIST_USER, name_entry, name_question},
    {"domain", LIST_USER, domain_entry, domain_question},
};

static void
fail(void *context, struct origin origin, const struct err *err)
{
    (void)context;
    fprintf(stderr, "line %u: %s\n", origin.line, err->text);
    exit(EXIT_FAILURE);
}

static struct list *
load(const struct kind *kind, size_t entries, double *load_s_r)
{
    char *text = xmalloc(entries * ENTRY_TEXT_MAX);
    size_t length = 0;
    for (size_t i = 0; i < entries; i++) {
        char entry[ENTRY_TEXT_MAX];
        kind->entry(i, entry);
        length += (size_t)sprintf(text + length, "%s\n", entry);
    }
    double start_s = cpu_time_s();
    struct list *list = list_create(kind->name, kind->list, (struct origin){.file = NULL});
    list_add_text(list, text, length, "bench", fail, NULL);
    list_freeze(list);
    *load_s_r = cpu_time_s() - start_s;
    free(text);
    return list;
}

/* Returns the nanoseconds for one question. */
static double
ask(const struct kind *kind, const struct list *list, size_t entries, bool hit)
{
    static char names[QUESTIONS][ENTRY_TEXT_MAX];
    static struct netaddr addresses[QUESTIONS];
    uint64_t state = 42;
    for (size_t i = 0; i < QUESTIONS; i++) {
        kind->question(next_random(&state) % entries, hit, names[i]);
        struct err err;
        if (kind->list == LIST_IP && netaddr_parse(names[i], &addresses[i], &err) != 0)
            fail(NULL, (struct origin){.line = (unsigned)i}, &err);
    }
    size_t matches = 0;
    double start_s = cpu_time_s();
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < QUESTIONS; i++) {
            enum list_answer answer = kind->list == LIST_IP
                                          ? list_match_address(list, &addresses[i], NULL)
                                          : list_match_name(list, names[i], NULL);
            matches += answer == LIST_MATCH;
        }
    double took_s = cpu_time_s() - start_s;
    if (matches != (hit ? (size_t)QUESTIONS * ROUNDS : 0)) {
        fprintf(stderr, "%s: %zu matches\n", kind->name, matches);
        exit(EXIT_FAILURE);
    }
    return took_s * 1e9 / QUESTIONS / ROUNDS;
}

int
main(void)
{
    static const size_t sizes[] = {10, 1000000};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            double load_s;
            struct list *list = load(&kinds[i], sizes[j], &load_s);
            printf("list %-9s entries %7zu load %6.3f s match %4.0f ns no-match %4.0f ns\n",
                   kinds[i].name, sizes[j], load_s, ask(&kinds[i], list, sizes[j], true),
                   ask(&kinds[i], list, sizes[j], false));
            list_free(list);
        }
    return EXIT_SUCCESS;
}
