#include "private_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb_file.h"
#include "log.h"

/* Enough for one process; a machine without a set-up may have little room in /tmp. */
enum { PRIVATE_BYTES = 16 << 20 };

static bool
is_wanted(const struct store_settings *settings)
{
    return settings->is_unset && access(settings->path, R_OK | W_OK | X_OK) != 0;
}

static void
remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0); /* of "." and ".." it fails */
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

/* Who was killed removed nothing. What is ours in /tmp nobody else can put another thing in the
 * place of. */
static void
remove_left_ones(void)
{
    glob_t found = {.gl_pathc = 0};
    if (glob("/tmp/mailreeve-auth-??????", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct stat status;
            const char *path = found.gl_pathv[i];
            if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
                status.st_uid == geteuid() && lmdb_file_is_left(path))
                remove_folder(path);
        }
    globfree(&found);
}

struct store_settings
private_store_begin(const struct store_settings *settings, struct private_store *private_r)
{
    *private_r = (struct private_store){.folder = "/tmp/mailreeve-auth-XXXXXX"};
    struct store_settings own = *settings;
    if (!is_wanted(settings))
        return own;
    const char *why = strerror(errno);
    remove_left_ones();
    if (mkdtemp(private_r->folder) == NULL)
        return own; /* then the store says what is wrong with the usual one */
    private_r->is_used = true;
    log_event(LOG_WARN, "store.private", LOG_STR("folder", settings->path), LOG_STR("error", why),
              LOG_STR("effect", "bans and windows end with this process, and commands do not see "
                                "them: make the folder, or name one in the section state"));
    own.path = private_r->folder;
    own.size_bytes = PRIVATE_BYTES;
    return own;
}

void
private_store_end(struct private_store *private)
{
    if (!private->is_used)
        return;
    remove_folder(private->folder);
    private->is_used = false;
}
