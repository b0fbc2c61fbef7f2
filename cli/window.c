/*
 * mailreeve window: relay windows, which logins by POP and IMAP have opened: who may send from
 * where without AUTH.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "command.h"
#include "date.h"
#include "escape.h"
#include "output.h"
#include "shared_state.h"
#include "windows.h"

enum { SHOWN_MAX = 2 * USERNAME_MAX };

struct windows {
    struct window *all;
    size_t count, room;
};

static bool
collect(void *context, const struct window *window)
{
    struct windows *windows = context;
    if (windows->count == windows->room) {
        windows->room = windows->room > 0 ? 2 * windows->room : 64;
        windows->all = xrealloc(windows->all, windows->room, sizeof *windows->all);
    }
    windows->all[windows->count++] = *window;
    return true;
}

static int
compare(const void *a, const void *b)
{
    const struct netaddr *one = &((const struct window *)a)->client;
    const struct netaddr *two = &((const struct window *)b)->client;
    if (one->family != two->family)
        return one->family < two->family ? -1 : 1;
    return memcmp(one->bytes, two->bytes, sizeof one->bytes);
}

/* A list that changes while it is read may name an address twice. */
static void
sort(struct windows *windows)
{
    size_t kept = 0;
    if (windows->count > 0)
        qsort(windows->all, windows->count, sizeof *windows->all, compare);
    for (size_t i = 0; i < windows->count; i++)
        if (kept == 0 || compare(&windows->all[kept - 1], &windows->all[i]) != 0)
            windows->all[kept++] = windows->all[i];
    windows->count = kept;
}

static void
print_window(const struct window *window, int64_t longest_ms, bool json, bool *first)
{
    char client[NETADDR_TEXT_MAX], opened[DATE_TEXT_MAX], until[DATE_TEXT_MAX];
    netaddr_format(&window->client, client);
    date_format(window->opened_ms / 1000, opened);
    date_format((window->opened_ms + longest_ms) / 1000, until);
    const char *const fields[][2] = {
        {"client", client}, {"user", window->name}, {"login", window->login},
        {"opened", opened}, {"until", until},
    };
    if (json)
        printf("%s  {", *first ? "" : ",\n");
    print_record(stdout, json, fields, sizeof fields / sizeof fields[0]);
    if (json)
        printf(", \"matching_sender\": %s}", window->matching_sender ? "true" : "false");
    *first = false;
}

/* A window that no listener honours any more is none. */
static void
print_windows(const struct windows *windows, int64_t longest_ms, int64_t now_ms, bool json)
{
    bool first = true;
    if (json)
        printf("[\n");
    for (size_t i = 0; i < windows->count; i++)
        if (windows->all[i].opened_ms + longest_ms > now_ms)
            print_window(&windows->all[i], longest_ms, json, &first);
    if (json)
        printf("%s]\n", first ? "" : "\n");
}

static int
run_list(const struct arguments *arguments)
{
    struct err err;
    struct windows windows = {0};
    struct shared_state state;
    const int64_t now_ms = clock_wall_ms();
    int status = shared_state_open(arguments->options.config, &state);
    if (status == EXIT_OK &&
        windows_list(state.store, now_ms, state.deadline, collect, &windows, &err) != 0)
        status = shared_state_failed(&state, &err);
    if (status == EXIT_OK) {
        sort(&windows);
        print_windows(&windows, state.site->longest_window_ms, now_ms, arguments->options.json);
    }
    free(windows.all);
    shared_state_close(&state);
    return status;
}

/* Reads an address or a name. Returns an exit code after saying what is wrong. */
static int
parse_whose(const char *text, struct netaddr *client_r, struct username *user_r)
{
    struct err err;
    char shown[SHOWN_MAX];
    if (netaddr_parse(text, client_r, NULL) == 0)
        return EXIT_OK;
    client_r->family = NETADDR_NONE;
    escape_logfmt(text, strlen(text), shown, sizeof shown);
    struct netprefix network;
    if (netprefix_parse(text, &network, NULL) == 0)
        return usage_error("%s: a window is of one address, not of a network", shown);
    if (username_parse(text, strlen(text), USERNAME_XTEXT, NULL, user_r, &err) != 0)
        return usage_error("%s: neither an address nor a user's name: %s", shown, err.text);
    return EXIT_OK;
}

static int
run_close(const struct arguments *arguments)
{
    struct err err;
    struct netaddr client;
    struct username user = {0};
    struct shared_state state = {0};
    size_t closed = 0;
    int status = parse_whose(arguments->operands[0], &client, &user);
    if (status == EXIT_OK)
        status = shared_state_open(arguments->options.config, &state);
    if (status == EXIT_OK) {
        bool is_client = client.family != NETADDR_NONE;
        if (windows_close(state.store, is_client ? &client : NULL, is_client ? NULL : user.text,
                          clock_wall_ms(), state.deadline, &closed, &err) != 0)
            status = shared_state_failed(&state, &err);
        else if (closed > 0)
            printf("closed %zu window%s\n", closed, closed > 1 ? "s" : "");
        else {
            fprintf(stderr, "no window is open\n");
            status = EXIT_PROBLEM;
        }
    }
    shared_state_close(&state);
    return status;
}

static const struct option_row list_options[] = {OPTION_JSON, {0}};

static const struct command command_list = {
    .name = "list",
    .help = "list open windows: address, user, name he logged in by, opened, until at most",
    .options = list_options,
    .run = run_list,
};
static const struct command command_close = {
    .name = "close",
    .help = "close the window of an address, or all of a user's",
    .operands = "ADDRESS|USER",
    .operands_least = 1,
    .operands_most = 1,
    .run = run_close,
};

static const struct command *const window_commands[] = {&command_list, &command_close, NULL};

const struct command command_window = {
    .name = "window",
    .help = "list and close relay windows (SMTP after POP)",
    .commands = window_commands,
};
