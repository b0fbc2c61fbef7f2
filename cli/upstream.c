/*
 * mailreeve upstream drain, resume: takes a server out of service and back, on all nodes that share
 * the store, for as long as nobody says otherwise.
 *
 * A name with a typing error would drain nobody and be believed, so names must be known. What was
 * drained can always be resumed, also when the configuration has forgotten it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "date.h"
#include "drains.h"
#include "output.h"
#include "shared_state.h"
#include "units.h"
#include "upstream_list.h"
#include "upstream_target.h"
#include "utf8.h"

/* A longer one is meant to be for ever. */
static const int64_t longest_ms = (int64_t)100 * 366 * 24 * 3600 * 1000;

/* INT64_MAX: for ever. */
static int
parse_length(const char *text, int64_t *length_ms_r)
{
    struct err err;
    *length_ms_r = INT64_MAX;
    if (text == NULL)
        return EXIT_OK;
    if (duration_parse(text, length_ms_r, &err) != 0)
        return usage_error("--for: %s", err.text);
    if (*length_ms_r == 0)
        return usage_error("--for: a drain of no length is none (mailreeve upstream resume ends "
                           "one)");
    if (*length_ms_r > longest_ms)
        return usage_error("--for: longer than a hundred years (without it, it is for ever)");
    return EXIT_OK;
}

static int
parse_reason(const char *text, char reason_r[DRAIN_REASON_MAX])
{
    reason_r[0] = '\0';
    if (text == NULL)
        return EXIT_OK;
    if (!utf8_is_printable(text, strlen(text)))
        return usage_error("--reason: it must be UTF-8 without control characters");
    if (strlen(text) >= DRAIN_REASON_MAX)
        return usage_error("--reason: it has %zu bytes (at most %d)", strlen(text),
                           DRAIN_REASON_MAX - 1);
    memcpy(reason_r, text, strlen(text) + 1);
    return EXIT_OK;
}

static int
fill_names(const struct upstream_target *target, struct drain *drain)
{
    if (strlen(target->upstream_word) > DRAIN_NAME_MAX ||
        strlen(target->server_word) > DRAIN_NAME_MAX)
        return usage_error("a name has more than %d bytes", DRAIN_NAME_MAX);
    memcpy(drain->upstream, target->upstream_word, strlen(target->upstream_word) + 1);
    memcpy(drain->server, target->server_word, strlen(target->server_word) + 1);
    return EXIT_OK;
}

struct drained_sections {
    const struct section *const *servers;
    size_t count;
    const char *upstream;
    bool *are;
};

static bool
mark_drained(void *context, const struct drain *drain)
{
    struct drained_sections *sections = context;
    if (strcasecmp(drain->upstream, sections->upstream) != 0)
        return true;
    for (size_t i = 0; i < sections->count; i++)
        sections->are[i] |= strcasecmp(drain->server, sections->servers[i]->name) == 0;
    return true;
}

/* Says so if no section of the upstream serves any more. */
static int
warn_of_last(const struct shared_state *state, const struct upstream_target *target)
{
    struct err err;
    struct drained_sections sections = {.upstream = upstream_name(target->upstream)};
    sections.servers = upstream_servers(state->site, target->upstream, &sections.count);
    sections.are = xcalloc(sections.count + 1, sizeof *sections.are);
    int status =
        drains_list(state->store, clock_wall_ms(), state->deadline, mark_drained, &sections, &err);
    bool serves = false;
    for (size_t i = 0; i < sections.count; i++)
        serves |= !sections.are[i];
    free(sections.are);
    if (status != 0)
        return shared_state_failed(state, &err);
    if (!serves)
        fprintf(stderr, "that was the last one: new sessions are told to come later\n");
    return EXIT_OK;
}

static void
print_whom(FILE *to, const struct upstream_target *target)
{
    print_safe(to, target->server_word);
    fputs(" of ", to);
    print_safe(to, target->upstream_word);
}

static void
print_drained(const struct upstream_target *target, int64_t until_ms)
{
    char until[DATE_TEXT_MAX];
    date_format(until_ms / 1000, until);
    print_whom(stdout, target);
    if (until_ms == INT64_MAX)
        printf(" gets no new sessions until it is resumed\n");
    else
        printf(" gets no new sessions until %s\n", until);
}

static int
drain(const struct shared_state *state, const struct upstream_target *target, struct drain *drain,
      int64_t length_ms)
{
    struct err err;
    const int64_t now_ms = clock_wall_ms();
    drain->since_ms = now_ms;
    drain->until_ms = length_ms == INT64_MAX ? INT64_MAX : now_ms + length_ms;
    if (drains_set(state->store, drain, now_ms, state->deadline, &err) != 0)
        return shared_state_failed(state, &err);
    print_drained(target, drain->until_ms);
    return warn_of_last(state, target);
}

static int
run_drain(const struct arguments *arguments)
{
    int64_t length_ms;
    struct drain order = {.upstream = ""};
    struct shared_state state = {0};
    struct upstream_target target = {.upstream = NULL};
    int status = parse_length(arguments->options.duration, &length_ms);
    if (status == EXIT_OK)
        status = parse_reason(arguments->options.reason, order.reason);
    if (status == EXIT_OK)
        status = shared_state_open(arguments->options.config, &state);
    if (status == EXIT_OK) {
        target = upstream_target_of(state.site, arguments);
        status = upstream_target_check(arguments, state.site, &target, "upstream drain");
    }
    if (status == EXIT_OK)
        status = fill_names(&target, &order);
    if (status == EXIT_OK)
        status = drain(&state, &target, &order, length_ms);
    shared_state_close(&state);
    return status;
}

static int
resume(const struct arguments *arguments, const struct shared_state *state)
{
    struct err err;
    bool was_there;
    struct drain names;
    const struct upstream_target target = upstream_target_of(state->site, arguments);
    int status = fill_names(&target, &names);
    if (status != EXIT_OK)
        return status;
    if (drains_clear(state->store, names.upstream, names.server, clock_wall_ms(), state->deadline,
                     &was_there, &err) != 0)
        return shared_state_failed(state, &err);
    if (was_there) {
        print_whom(stdout, &target);
        printf(" gets new sessions again\n");
        return EXIT_OK;
    }
    status = upstream_target_check(arguments, state->site, &target, "upstream resume");
    if (status != EXIT_OK)
        return status;
    print_whom(stderr, &target);
    fprintf(stderr, " is not drained\n");
    return EXIT_PROBLEM;
}

static int
run_resume(const struct arguments *arguments)
{
    struct shared_state state;
    int status = shared_state_open(arguments->options.config, &state);
    if (status == EXIT_OK)
        status = resume(arguments, &state);
    shared_state_close(&state);
    return status;
}

static const struct option_row drain_options[] = {
    {"for", 0, OPTION_TEXT, offsetof(struct options, duration), "DURATION",
     "so long (2h, 1d); without it, until upstream resume"},
    {"reason", 0, OPTION_TEXT, offsetof(struct options, reason), "TEXT", "what the list says"},
    {0},
};

static const struct command command_drain = {
    .name = "drain",
    .help = "give a server no new sessions, on all nodes; those under way go on",
    .operands = "UPSTREAM SERVER",
    .operands_least = 2,
    .operands_most = 2,
    .options = drain_options,
    .run = run_drain,
};
static const struct command command_resume = {
    .name = "resume",
    .help = "give a drained server new sessions again",
    .operands = "UPSTREAM SERVER",
    .operands_least = 2,
    .operands_most = 2,
    .run = run_resume,
};

static const struct command *const upstream_commands[] = {&command_upstream_list, &command_drain,
                                                          &command_resume, NULL};

const struct command command_upstream = {
    .name = "upstream",
    .help = "list the servers that sessions go to, drain and resume them",
    .commands = upstream_commands,
};
