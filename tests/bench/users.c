/*
 * bench_users: how long a users file takes to load and to answer, and how much memory it takes.
 *
 * For ten users and for a million, of whom every tenth has an app password. Prints a line for each:
 * seconds to load the text, megabytes that are used more than before (the text that was read is
 * gone), nanoseconds to find a user's entry and app passwords, and those of a name that is not
 * there. Names come from a fixed seed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cpu_time.h"
#include "users_file.h"

enum { QUESTIONS = 1 << 17, ROUNDS = 8, NAME_MAX_BYTES = 48, LINE = 192, APP_EVERY = 10 };

/* As `mailreeve user add` and `app-password add` write them. */
#define USER_HASH "$y$j9T$XXXXXXXXXXXXXXXXXXXXX/$YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY"
#define APP_HASH  "{SSHA256}MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTJzYWx0c2FsdA=="

static uint64_t
mix(uint64_t seed)
{
    uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u;
    state ^= state >> 29;
    state *= 0xbf58476d1ce4e5b9u;
    return state ^ state >> 32;
}

static void
write_name(uint64_t seed, const char *prefix, char name_r[NAME_MAX_BYTES])
{
    snprintf(name_r, NAME_MAX_BYTES, "%s%llx@acme.example", prefix, (unsigned long long)mix(seed));
}

/* Megabytes of memory in use. */
static double
memory_mb(void)
{
    unsigned long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu %lu", &pages, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void
fail(void *context, struct origin origin, const struct err *err)
{
    (void)context;
    fprintf(stderr, "line %u: %s\n", origin.line, err->text);
    exit(EXIT_FAILURE);
}

static char *
make_text(size_t users, size_t *length_r)
{
    char *text = xmalloc((users + users / APP_EVERY + 1) * LINE);
    size_t length = 0;
    for (size_t i = 0; i < users; i++) {
        char name[NAME_MAX_BYTES];
        write_name(i, "user", name);
        length += (size_t)sprintf(text + length, "%s:%s\n", name, USER_HASH);
        if (i % APP_EVERY == 0)
            length += (size_t)sprintf(text + length,
                                      "%s phone:%s:networks=192.0.2.0/24,expires=2027-01-31\n",
                                      name, APP_HASH);
    }
    *length_r = length;
    return text;
}

/* Returns the nanoseconds for one question. */
static double
ask(const struct users_file *users, size_t count, const char *prefix)
{
    static char names[QUESTIONS][NAME_MAX_BYTES];
    for (size_t i = 0; i < QUESTIONS; i++)
        write_name(mix(i) % count, prefix, names[i]);
    size_t found = 0;
    double start_s = cpu_time_s();
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < QUESTIONS; i++) {
            found += users_file_find(users, names[i]) != NULL;
            found += users_file_app_passwords(users, names[i]) != NULL;
        }
    double took_s = cpu_time_s() - start_s;
    if ((found > 0) != (strcmp(prefix, "user") == 0))
        exit(EXIT_FAILURE);
    return took_s * 1e9 / QUESTIONS / ROUNDS;
}

int
main(void)
{
    static const size_t sizes[] = {10, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        double before_mb = memory_mb();
        size_t length = 0;
        char *text = make_text(sizes[i], &length);
        double start_s = cpu_time_s();
        struct users_file *users = users_file_parse(text, length, "users", fail, NULL);
        double load_s = cpu_time_s() - start_s;
        free(text);
        double more_mb = memory_mb() - before_mb;
        printf("users %7zu app passwords %6zu file %4.0f MB load %5.2f s memory %4.0f MB "
               "find %4.0f ns unknown %4.0f ns\n",
               users_file_count(users), users_file_app_count(users), (double)length / 1e6, load_s,
               more_mb, ask(users, sizes[i], "user"), ask(users, sizes[i], "boss"));
        users_file_free(users);
    }
    return EXIT_SUCCESS;
}
