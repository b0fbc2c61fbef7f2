/*
 * mailreeve ban list: who is shut out until when, and why; for people, for programs, for nginx.
 *
 * In the order of the networks, so that two lists can be compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ban.h"
#include "bans.h"
#include "clock.h"
#include "date.h"
#include "output.h"
#include "screening.h"
#include "shared_state.h"

struct bans {
    struct store_ban *all;
    size_t count, room;
};

static bool
collect(void *context, const struct store_ban *ban)
{
    struct bans *bans = context;
    if (bans->count == bans->room) {
        bans->room = bans->room > 0 ? 2 * bans->room : 64;
        bans->all = xrealloc(bans->all, bans->room, sizeof *bans->all);
    }
    bans->all[bans->count++] = *ban;
    return true;
}

static int
compare(const void *a, const void *b)
{
    const struct netprefix *one = &((const struct store_ban *)a)->network;
    const struct netprefix *two = &((const struct store_ban *)b)->network;
    if (one->addr.family != two->addr.family)
        return one->addr.family < two->addr.family ? -1 : 1;
    int order = memcmp(one->addr.bytes, two->addr.bytes, sizeof one->addr.bytes);
    return order != 0 ? order : (int)one->length - (int)two->length;
}

/* A list that changes while it is read may name a network twice. */
static void
sort(struct bans *bans)
{
    size_t kept = 0;
    if (bans->count > 0)
        qsort(bans->all, bans->count, sizeof *bans->all, compare);
    for (size_t i = 0; i < bans->count; i++)
        if (kept == 0 || compare(&bans->all[kept - 1], &bans->all[i]) != 0)
            bans->all[kept++] = bans->all[i];
    bans->count = kept;
}

/* NULL: for ever. */
static const char *
format_until(int64_t until_ms, char text_r[DATE_TEXT_MAX])
{
    if (until_ms == INT64_MAX)
        return NULL;
    date_format(until_ms / 1000, text_r);
    return text_r;
}

static void
print_text(const struct bans *bans)
{
    for (size_t i = 0; i < bans->count; i++) {
        const struct store_ban *ban = &bans->all[i];
        char network[NETPREFIX_TEXT_MAX], text[DATE_TEXT_MAX];
        netprefix_format(&ban->network, network);
        const char *until = format_until(ban->until_ms, text);
        printf("%s\t%s\t%u\t%s\t", network, until != NULL ? until : "forever", ban->offences,
               ban_maker_name(ban->maker));
        print_safe(stdout, ban->reason);
        putchar('\n');
    }
}

static void
print_as_json(const struct bans *bans)
{
    printf("[\n");
    for (size_t i = 0; i < bans->count; i++) {
        const struct store_ban *ban = &bans->all[i];
        char network[NETPREFIX_TEXT_MAX], since[DATE_TEXT_MAX], until[DATE_TEXT_MAX];
        bool first = true;
        netprefix_format(&ban->network, network);
        date_format(ban->since_ms / 1000, since);
        printf("%s  {", i == 0 ? "" : ",\n");
        print_json_field(stdout, &first, "network", network);
        print_json_field(stdout, &first, "since", since);
        print_json_field(stdout, &first, "until", format_until(ban->until_ms, until));
        printf(", \"offences\": %u", ban->offences);
        print_json_field(stdout, &first, "maker", ban_maker_name(ban->maker));
        print_json_field(stdout, &first, "reason", ban->reason);
        printf("}");
    }
    printf("%s]\n", bans->count > 0 ? "\n" : "");
}

/* nginx is to shut out nobody whom we let in. Of a network with exempt addresses in it the
 * administrator must `allow` those before he includes this. */
static void
print_for_nginx(const struct bans *bans, const struct screen *screen)
{
    const unsigned makers = screening_ban_makers(screen->mode);
    for (size_t i = 0; i < bans->count; i++) {
        const struct netprefix *network = &bans->all[i].network;
        bool is_exempt = network->length == netaddr_bits(&network->addr) &&
                         screening_is_exempt(screen, &network->addr);
        if (is_exempt || (makers & 1u << bans->all[i].maker) == 0)
            continue;
        char text[NETPREFIX_TEXT_MAX];
        netprefix_format(network, text);
        printf("deny %s;\n", text);
    }
}

static int
run(const struct arguments *arguments)
{
    const struct options *given = &arguments->options;
    if (given->json && given->nginx)
        return usage_error("--json and --nginx exclude each other");
    struct err err;
    struct bans bans = {0};
    struct shared_state state;
    int status = shared_state_open(given->config, &state);
    if (status == EXIT_OK &&
        bans_list(state.store, clock_wall_ms(), state.deadline, collect, &bans, &err) != 0)
        status = shared_state_failed(&state, &err);
    if (status == EXIT_OK) {
        sort(&bans);
        if (given->json)
            print_as_json(&bans);
        else if (given->nginx)
            print_for_nginx(&bans, &state.site->settings.screen);
        else
            print_text(&bans);
    }
    free(bans.all);
    shared_state_close(&state);
    return status;
}

static const struct option_row list_options[] = {
    OPTION_JSON,
    {"nginx", 0, OPTION_FLAG, offsetof(struct options, nginx), NULL,
     "print `deny` lines of the bans that hold, for nginx"},
    {0},
};

const struct command command_ban_list = {
    .name = "list",
    .help = "list bans: network, until when, offences, who made it, reason",
    .options = list_options,
    .run = run,
};
