/*
 * user: which users file `mailreeve user` and `mailreeve app-password` edit, and how it is read and
 * written.
 *
 * One thread. The file is named by --file, else by the configuration's `source` sections of type
 * "users"; the configuration need not be complete for that, nor the file be there. All of them say
 * on standard error what is wrong, and return an exit code or NULL.
 */
#ifndef MAILREEVE_USER_H
#define MAILREEVE_USER_H

#include "command.h"
#include "username.h"
#include "users_edit.h"
#include "users_file.h"

struct user_target {
    char *path;
    char *uses_path;                 /* keeps when app passwords were last used */
    enum username_encoding encoding; /* what names the service would let in */
};

int user_target_find(const struct options *options, struct user_target *target_r);
void user_target_fini(struct user_target *target);

/* Refuses empty limits, and says so: whoever has none to name in a script would lift them. */
int user_check_limits(const struct options *options);

/* Checks a name that is to log in, and writes it in lower case. */
int user_name_parse(const char *text, const struct user_target *target, struct username *name_r);

/* A users file in memory. */
struct user_text {
    char *bytes; /* with a NUL behind it */
    size_t length;
    struct users_file *users;      /* what it says */
    struct users_edit_place place; /* for users_edit_option */
};

/* Reads the file; one that is not there is empty if missing_is_empty. Call user_text_fini in any
 * case. */
int user_text_read(const char *path, bool missing_is_empty, struct user_text *text_r);
void user_text_fini(struct user_text *text);

/* Makes the new text; NULL after saying why not. */
typedef char *user_edit(const struct user_text *text, const void *change, size_t *length_r);

/* Reads, edits and writes under a lock that keeps all other commands out, so that none of their
 * changes is lost; the result is checked as the service would check it and put in place whole. */
int user_text_edit(const char *path, bool missing_is_empty, user_edit *edit, const void *change);

/* Options that several of the commands have. */
#define OPTION_FILE                                                     \
    {                                                                   \
        "file", 0, OPTION_TEXT, offsetof(struct options, file), "FILE", \
            "this users file, without reading a configuration"          \
    }
#define OPTION_SOURCE                                                            \
    {                                                                            \
        "source", 0, OPTION_TEXT, offsetof(struct options, source), "NAME",      \
            "the users file of this source, where the configuration has several" \
    }
#define OPTION_NETWORKS                                                         \
    {                                                                           \
        "networks", 0, OPTION_TEXT, offsetof(struct options, networks), "LIST", \
            "may log in from these only: 192.0.2.0/24,2001:db8::/32"            \
    }
#define OPTION_COMMENT                                                        \
    {                                                                         \
        "comment", 0, OPTION_TEXT, offsetof(struct options, comment), "TEXT", \
            "a word to colleagues"                                            \
    }

#endif
