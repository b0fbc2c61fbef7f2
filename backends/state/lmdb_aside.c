#include "lmdb_aside.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

static void
remove_earlier(const char *path)
{
    char *pattern = NULL;
    glob_t found = {.gl_pathc = 0};
    if (asprintf(&pattern, "%s.corrupt-*", path) < 0)
        abort();
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            unlink(found.gl_pathv[i]);
    globfree(&found);
    free(pattern);
}

int
lmdb_move_aside(const char *path, const char *reason, struct err *err)
{
    char *aside = NULL;
    if (asprintf(&aside, "%s.corrupt-%lld", path, (long long)(clock_wall_ms() / 1000)) < 0)
        abort();
    remove_earlier(path);
    int result = rename(path, aside);
    if (result != 0) {
        err_set(err, "move the corrupt %s aside: %s (%s)", path, strerror(errno), reason);
    } else {
        log_event(LOG_ERROR, "store.corrupt", LOG_STR("path", path), LOG_STR("error", reason),
                  LOG_STR("moved_to", aside));
    }
    free(aside);
    return result;
}
