/*
 * app_uses: when each app password was last used, kept in a file of their own.
 *
 * Thread-safe. Noting a use costs no login any time: a thread writes the file, at most once a
 * minute while there is something new, and the rest is written at the end. What somebody else (the
 * service before a reload) wrote to it in the meantime stays. A file that cannot be written is told
 * in the log once, and tried again. Root writes only to a folder that nobody else can write to:
 * what the operator's command notes elsewhere is forgotten.
 */
#ifndef MAILREEVE_APP_USES_H
#define MAILREEVE_APP_USES_H

#include <stdbool.h>
#include <stdint.h>

struct app_uses;

/* source is for the log; only those uses are written that is_known, which any thread may call, says
 * yes to. Strings and context are borrowed. Never NULL. */
struct app_uses *app_uses_open(const char *source, const char *path,
                               bool (*is_known)(const void *context, const char *user,
                                                const char *app),
                               const void *context);
void app_uses_close(struct app_uses *uses); /* NULL is allowed */

void app_uses_note(struct app_uses *uses, const char *user, const char *app, int64_t wall_s);

/* Beside a users file, where nothing else is said. Free the result. */
char *app_uses_path(const char *users_file);

/* As it is written; small enough to be read whole. */
extern const unsigned long app_uses_bytes_max;

#endif
