/*
 * windows: relay windows: "this address has logged in by POP or IMAP and may send until".
 *
 * Thread-safe. NetMail's SMTP-after-POP: the last user who logged in from an address counts; every
 * login opens the window anew. screening.c opens and finds them within its batches; these are the
 * pieces, and what commands need.
 */
#ifndef MAILREEVE_WINDOWS_H
#define MAILREEVE_WINDOWS_H

#include "store.h"
#include "username.h"

struct window {
    struct netaddr client;
    int64_t opened_ms;            /* wall clock */
    char name[USERNAME_MAX + 1];  /* the account's own */
    char login[USERNAME_MAX + 1]; /* what he logged in as: it has the domain that name may lack */
    bool matching_sender;         /* he may send as himself only */
};

/* A window as the store keeps it. */
enum { WINDOW_RECORD_MAX = 32 + 2 * (USERNAME_MAX + 1) };
struct window_record {
    unsigned char bytes[WINDOW_RECORD_MAX];
    size_t length;
};

/* The operations of a batch. A window without an address, name or login makes none: false. op_r
 * borrows record_r and value_r (NULL: what is in the window is not wanted). */
bool window_op_put(const struct window *window, int64_t lifetime_ms, struct window_record *record_r,
                   struct store_op *op_r);
bool window_op_get(const struct netaddr *client, struct store_value *value_r,
                   struct store_op *op_r);

/* What window_op_get found, if it is younger than age_ms. A record that makes no sense is none, and
 * so is one of the future, which a clock has written that was wrong: it would be open for too long.
 */
bool window_read(const struct store_op *op, const struct netaddr *client, int64_t age_ms,
                 int64_t now_ms, struct window *window_r);

/* Opens one at once (a server elsewhere reports a login). Returns 0, or -1 with err. */
int windows_open(struct store *store, const struct window *window, int64_t lifetime_ms,
                 int64_t now_ms, struct deadline deadline, struct err *err);

typedef bool windows_visit(void *context, const struct window *window);
int windows_list(struct store *store, int64_t now_ms, struct deadline deadline,
                 windows_visit *visit, void *context, struct err *err);

/* Closes the window of an address, or with client NULL all those of a user (canonical or login
 * name, without case). *closed_r of them. Returns 0 or -1. */
int windows_close(struct store *store, const struct netaddr *client, const char *user,
                  int64_t now_ms, struct deadline deadline, size_t *closed_r, struct err *err);

#endif
