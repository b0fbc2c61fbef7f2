/*
 * redis_door: hiredis, as much of it as is used: commands as bytes, and bytes as replies.
 *
 * redis_door.c is the only file that includes hiredis. Its connections are not used, but conn.h:
 * they resolve names without a deadline, wait for each piece of a reply anew and keep the password
 * in a buffer that nobody wipes. What a server sends is anybody's bytes: a reply that is too large,
 * too wide, too deep or malformed is an error.
 *
 * One thread's own. Out of memory ends the process.
 */
#ifndef MAILREEVE_REDIS_DOOR_H
#define MAILREEVE_REDIS_DOOR_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "err.h"

enum { REDIS_REPLY_BYTES_MAX = 1 << 20, REDIS_REPLY_ITEMS_MAX = 16384 };

enum redis_kind {
    REDIS_NIL = 0,
    REDIS_TEXT,
    REDIS_STATUS, /* "OK" */
    REDIS_ERROR,
    REDIS_INTEGER,
    REDIS_ARRAY,
};

struct redis_reply {
    enum redis_kind kind;
    int64_t integer;
    char *text; /* REDIS_TEXT, _STATUS and _ERROR: length bytes and a NUL; else NULL */
    size_t length;
    struct redis_reply **items; /* REDIS_ARRAY: count of them, none NULL in a whole reply */
    size_t count;
};

void redis_reply_free(struct redis_reply *reply); /* NULL is allowed */

/* A text as a word of a command. */
struct bytes redis_word(const char *text);

/* A command of words, as bytes to send. Wipe and free them with redis_command_free. */
char *redis_command_format(const struct bytes *words, size_t count, size_t *length_r);
void redis_command_free(char *command, size_t length);

struct redis_reader;

struct redis_reader *redis_reader_create(void);      /* never NULL */
void redis_reader_free(struct redis_reader *reader); /* NULL is allowed */

/* Hands over bytes that were received. Returns 0 or -1, after which the reader is good for
 * redis_reader_free only. */
int redis_reader_feed(struct redis_reader *reader, const char *bytes, size_t length,
                      struct err *err);

/* The next whole reply. Returns 1 with reply_r to free, 0 if more bytes are needed, or -1 as above.
 */
int redis_reader_next(struct redis_reader *reader, struct redis_reply **reply_r, struct err *err);

#endif
