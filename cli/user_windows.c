#include "user_windows.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "output.h"
#include "site.h"
#include "windows.h"

enum { BUDGET_MS = 10000 };

static int
close_in(struct store *store, const char *name, struct err *err)
{
    size_t closed;
    if (windows_close(store, NULL, name, clock_wall_ms(), deadline_after(BUDGET_MS), &closed,
                      err) != 0)
        return -1;
    if (closed > 0)
        printf("and closed %zu relay window%s\n", closed, closed > 1 ? "s" : "");
    return 0;
}

/* A folder that a command made would be its user's; the service keeps its windows to itself then
 * (shared_state.c). */
static int
close_with(const struct store_settings *settings, const char *name, struct err *err)
{
    if (settings->is_unset && access(settings->path, F_OK) != 0) {
        err_set(err, "%s is not there", settings->path);
        return -1;
    }
    struct store *store = store_open(settings, false, err);
    int result = store != NULL ? close_in(store, name, err) : -1;
    store_close(store);
    return result;
}

void
user_windows_close(const struct options *options, const char *name)
{
    if (options->file != NULL)
        return;
    struct err err;
    struct problems problems;
    problems_init(&problems);
    /* Nobody reads a command's log. */
    log_configure(LOG_LOGFMT, LOG_ERROR);
    struct site *site = site_load(options->config, SITE_CHECK, NULL, &problems);
    bool is_done = site != NULL && site->longest_window_ms == 0;
    if (site == NULL)
        err_set(&err, "%s does not load (mailreeve check)", options->config);
    else if (!is_done)
        is_done = close_with(&site->settings.store, name, &err) == 0;
    if (!is_done) {
        fprintf(stderr, "warning: relay windows of %s may be open still: ", name);
        print_safe(stderr, err.text);
        fputc('\n', stderr);
    }
    site_drop(site);
    problems_fini(&problems);
}
