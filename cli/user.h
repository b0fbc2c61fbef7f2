/*
 * user: which users file `mailreeve user` edits, and how it is read and written.
 *
 * One thread. The file is named by --file, else by the configuration's `source` sections of type
 * "users"; the configuration need not be complete for that, nor the file be there.
 */
#ifndef MAILREEVE_USER_H
#define MAILREEVE_USER_H

#include "command.h"
#include "username.h"
#include "users_file.h"

struct user_target {
    char *path;
    enum username_encoding encoding; /* what names the service would let in */
};

/* Finds the file, and says on standard error why there is none. Returns an exit code. */
int user_target_find(const struct options *options, struct user_target *target_r);
void user_target_fini(struct user_target *target);

/* A users file in memory. */
struct user_text {
    char *bytes; /* with a NUL behind it */
    size_t length;
    struct users_file *users; /* what it says */
};

/* Reads the file; one that is not there is empty if missing_is_empty. Says on standard error what
 * is wrong. Returns an exit code; call user_text_fini in any case. */
int user_text_read(const char *path, bool missing_is_empty, struct user_text *text_r);
void user_text_fini(struct user_text *text);

/* Writes new text if it is a good users file. Says on standard error what is wrong. Returns an exit
 * code. */
int user_text_write(const char *path, const char *bytes, size_t length);

#endif
