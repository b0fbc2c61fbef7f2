/*
 * mailreeve ban add, del: shuts out a network by hand, and lets one in again.
 *
 * Both are in the store when the command ends, so that the next session meets them.
 */
#include "ban.h"

#include <stdio.h>
#include <string.h>

#include "bans.h"
#include "clock.h"
#include "date.h"
#include "escape.h"
#include "screening.h"
#include "shared_state.h"
#include "units.h"
#include "utf8.h"

/* Networks wider than what one registry hands out at once: a typing error, or everybody. */
enum { IPV4_WIDEST_BITS = 8, IPV6_WIDEST_BITS = 16 };

/* A longer one is meant to be for ever. */
static const int64_t longest_ms = (int64_t)100 * 366 * 24 * 3600 * 1000;

enum { SHOWN_MAX = 128 };

/* What a ban is made of. */
struct ban_order {
    struct netprefix network;
    bool has_length;   /* false: the configuration says how long */
    int64_t length_ms; /* 0: for ever */
    const char *reason;
};

int
ban_network_parse(const char *text, struct netprefix *network_r)
{
    struct err err;
    char shown[SHOWN_MAX]; /* it may come from a stranger's log line */
    if (netprefix_parse(text, network_r, &err) == 0)
        return EXIT_OK;
    escape_logfmt(text, strlen(text), shown, sizeof shown);
    return usage_error("%s: %s", shown, err.text);
}

static int
parse_length(const struct options *given, struct ban_order *order)
{
    struct err err;
    char shown[SHOWN_MAX];
    order->has_length = given->forever || given->duration != NULL;
    if (given->forever && given->duration != NULL)
        return usage_error("--for and --forever exclude each other");
    if (given->duration == NULL)
        return EXIT_OK;
    escape_logfmt(given->duration, strlen(given->duration), shown, sizeof shown);
    if (duration_parse(given->duration, &order->length_ms, &err) != 0)
        return usage_error("--for %s: %s", shown, err.text);
    if (order->length_ms == 0)
        return usage_error("--for %s: a ban of no length is none (mailreeve ban del ends one)",
                           shown);
    if (order->length_ms > longest_ms)
        return usage_error("--for %s: longer than a hundred years (use --forever)", shown);
    return EXIT_OK;
}

static int
parse_reason(const char *text, struct ban_order *order)
{
    order->reason = text != NULL ? text : "";
    if (!utf8_is_printable(order->reason, strlen(order->reason)))
        return usage_error("--reason: it must be UTF-8 without control characters");
    if (strlen(order->reason) >= BAN_REASON_MAX)
        return usage_error("--reason: it has %zu bytes (at most %d)", strlen(order->reason),
                           BAN_REASON_MAX - 1);
    return EXIT_OK;
}

static bool
is_wide(const struct netprefix *network)
{
    return network->length <
           (network->addr.family == NETADDR_IPV4 ? IPV4_WIDEST_BITS : IPV6_WIDEST_BITS);
}

static int
parse_order(const struct arguments *arguments, struct ban_order *order)
{
    const struct options *given = &arguments->options;
    int status = ban_network_parse(arguments->operands[0], &order->network);
    if (status == EXIT_OK)
        status = parse_length(given, order);
    if (status == EXIT_OK)
        status = parse_reason(given->reason, order);
    if (status == EXIT_OK && is_wide(&order->network) && !given->force)
        status = usage_error("a network of so many addresses shuts out your own users too (--force "
                             "if you mean it)");
    return status;
}

/* A ban that the configuration makes void is better not made than trusted. */
static bool
is_void(const struct screen *screen, const struct netprefix *network)
{
    return network->length == netaddr_bits(&network->addr) &&
           screening_is_exempt(screen, &network->addr);
}

static void
print_added(const struct ban_order *order, int64_t now_ms)
{
    char network[NETPREFIX_TEXT_MAX], until[DATE_TEXT_MAX];
    netprefix_format(&order->network, network);
    date_format((now_ms + order->length_ms) / 1000, until);
    printf("%s is banned %s%s\n", network, order->length_ms == 0 ? "for ever" : "until ",
           order->length_ms == 0 ? "" : until);
}

static int
add(const struct shared_state *state, struct ban_order *order)
{
    struct err err;
    const struct screen *screen = &state->site->settings.screen;
    const int64_t now_ms = clock_wall_ms();
    if (!order->has_length)
        order->length_ms = screen->ban_ms[screen->ban_count - 1];
    if (is_void(screen, &order->network)) {
        fprintf(stderr, "no ban holds for this address: it is in the list that `never` of `screen` "
                        "names\n");
        return EXIT_PROBLEM;
    }
    if (bans_add(state->store, &order->network, order->length_ms, order->reason, now_ms,
                 state->deadline, &err) != 0)
        return shared_state_failed(state, &err);
    print_added(order, now_ms);
    return EXIT_OK;
}

static int
run_add(const struct arguments *arguments)
{
    struct ban_order order = {0};
    struct shared_state state = {0};
    int status = parse_order(arguments, &order);
    if (status == EXIT_OK)
        status = shared_state_open(arguments->options.config, &state);
    if (status == EXIT_OK)
        status = add(&state, &order);
    shared_state_close(&state);
    return status;
}

/* Says so if another ban shuts out all of the network. Returns 0, or -1 with err. */
static int
print_wider(const struct shared_state *state, const struct netprefix *network, struct err *err)
{
    struct store_op op = {
        .action = STORE_FIND_BAN,
        .space = STORE_BANS,
        .network = netaddr_prefix(&network->addr, netaddr_bits(&network->addr)),
        .makers = screening_ban_makers(state->site->settings.screen.mode),
    };
    if (store_run(state->store, &op, 1, clock_wall_ms(), state->deadline, err) != 0)
        return -1;
    if (op.hit && op.ban_r.network.length < network->length) {
        char wider[NETPREFIX_TEXT_MAX];
        netprefix_format(&op.ban_r.network, wider);
        fprintf(stderr, "but %s is banned, and has it\n", wider);
    }
    return 0;
}

static int
del(const struct shared_state *state, const struct netprefix *network)
{
    struct err err;
    char text[NETPREFIX_TEXT_MAX];
    bool was_there = false;
    netprefix_format(network, text);
    if (bans_remove(state->store, network, clock_wall_ms(), state->deadline, &was_there, &err) != 0)
        return shared_state_failed(state, &err);
    if (was_there)
        printf("%s is not banned any more\n", text);
    else
        fprintf(stderr, "%s is not banned\n", text);
    if (print_wider(state, network, &err) != 0)
        return shared_state_failed(state, &err);
    return was_there ? EXIT_OK : EXIT_PROBLEM;
}

static int
run_del(const struct arguments *arguments)
{
    struct netprefix network;
    struct shared_state state = {0};
    int status = ban_network_parse(arguments->operands[0], &network);
    if (status == EXIT_OK)
        status = shared_state_open(arguments->options.config, &state);
    if (status == EXIT_OK)
        status = del(&state, &network);
    shared_state_close(&state);
    return status;
}

static const struct option_row add_options[] = {
    {"for", 0, OPTION_TEXT, offsetof(struct options, duration), "DURATION",
     "so long (12h, 30d); without it, the last of `ban` in `screen`"},
    {"forever", 0, OPTION_FLAG, offsetof(struct options, forever), NULL, "until ban del"},
    {"reason", 0, OPTION_TEXT, offsetof(struct options, reason), "TEXT", "what the list says"},
    {"force", 0, OPTION_FLAG, offsetof(struct options, force), NULL,
     "even a network wider than /8 (IPv6: /16)"},
    {0},
};

static const struct command command_add = {
    .name = "add",
    .help = "shut out a network, from the next session on",
    .operands = "ADDRESS|NETWORK",
    .operands_least = 1,
    .operands_most = 1,
    .options = add_options,
    .run = run_add,
};
static const struct command command_del = {
    .name = "del",
    .help = "let a network in again and forget what was counted against it",
    .operands = "ADDRESS|NETWORK",
    .operands_least = 1,
    .operands_most = 1,
    .run = run_del,
};

static const struct command *const ban_commands[] = {&command_add, &command_del, &command_ban_list,
                                                     NULL};

const struct command command_ban = {
    .name = "ban",
    .help = "shut out networks by hand, list bans and end them",
    .commands = ban_commands,
};
