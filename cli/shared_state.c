#include "shared_state.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "load.h"
#include "log.h"
#include "output.h"

/* A list of a million bans takes its time; anything else is stopped by the store's own timeout. */
enum { BUDGET_MS = 60000 };

/* A service that found no folder keeps a store of its own (fcgi-auth/private_store.h), and a folder
 * that a command made would be its user's. */
static bool
has_folder(const struct store_settings *settings)
{
    if (!settings->is_unset || access(settings->path, F_OK) == 0)
        return true;
    fprintf(stderr,
            "%s is not there, so the service keeps bans and windows to itself: make the folder, or "
            "name one in the section state\n",
            settings->path);
    return false;
}

int
shared_state_open(const char *config, struct shared_state *state_r)
{
    struct err err;
    *state_r = (struct shared_state){.deadline = deadline_after(BUDGET_MS)};
    /* Nobody reads a command's log: what must be known, it says itself. */
    log_configure(LOG_LOGFMT, LOG_ERROR);
    state_r->site = load_site(config);
    if (state_r->site == NULL)
        return EXIT_CONFIG;
    if (!has_folder(&state_r->site->settings.store))
        return EXIT_TEMPORARY;
    state_r->store = store_open(&state_r->site->settings.store, false, &err);
    if (state_r->store != NULL)
        return EXIT_OK;
    print_safe(stderr, err.text);
    fputc('\n', stderr);
    return EXIT_CONFIG;
}

void
shared_state_close(struct shared_state *state)
{
    store_close(state->store);
    site_drop(state->site);
    *state = (struct shared_state){0};
}

/* Only the service's own user may enter its folder. */
static void
print_owner(const char *path)
{
    struct stat folder;
    if (access(path, R_OK | W_OK | X_OK) == 0 || errno != EACCES || stat(path, &folder) != 0)
        return;
    const struct passwd *owner = getpwuid(folder.st_uid);
    fprintf(stderr, "%s belongs to ", path);
    if (owner != NULL)
        fprintf(stderr, "the user %s", owner->pw_name);
    else
        fprintf(stderr, "the user number %u", (unsigned)folder.st_uid);
    fprintf(stderr, ": run this as that user or as root\n");
}

int
shared_state_failed(const struct shared_state *state, const struct err *err)
{
    const struct store_settings *settings = &state->site->settings.store;
    fprintf(stderr, "the store failed: ");
    print_safe(stderr, err->text);
    fputc('\n', stderr);
    if (settings->engine == STORE_LMDB)
        print_owner(settings->path);
    return EXIT_TEMPORARY;
}
