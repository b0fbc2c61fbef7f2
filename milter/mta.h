/*
 * mta: the mail server at the other end, as the life of a message needs it.
 *
 * A table of functions, so that message.c and conversation.c know no libmilter: milter_door.c fills
 * it, and so do the unit tests and the fuzzer.
 */
#ifndef MAILREEVE_MTA_H
#define MAILREEVE_MTA_H

struct mta {
    void *context;
    /* The value of a macro ("{auth_authen}", "j", "i", "{daemon_name}"); NULL: not told. Good until
     * the callback ends. */
    const char *(*macro)(void *context, const char *name);
    /* Only at the end of a message. Both return 0 or -1. A new header stands above all others;
     * index counts the headers of that name, from 1, as they came. */
    int (*insert_header)(void *context, const char *name, const char *value);
    int (*remove_header)(void *context, const char *name, int index);
};

#endif
