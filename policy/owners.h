/*
 * owners: who may send as whom beside what the sources say (`sender_owners`): shared mailboxes,
 * newsletters, devices.
 *
 * Pure; immutable after owners_freeze, then safe for any number of threads. An entry is a sender
 * and its owners: "sales@acme.example bob@acme.example, carol@acme.example", as in Postfix's
 * smtpd_sender_login_maps. The sender may be "*@acme.example"; owners are names as they log in, or
 * "*@acme.example" for all of a domain. What holds for all of a domain holds beside the entries of
 * single senders of it. Names compare without case, domains as DNS has them. Looking up a sender
 * costs the same for ten entries as for a million.
 */
#ifndef MAILREEVE_OWNERS_H
#define MAILREEVE_OWNERS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "list.h"
#include "mailbox.h"
#include "origin.h"

struct owners;

/* The entries' origin.file is borrowed and must outlive it. Never NULL. */
struct owners *owners_create(void);
void owners_free(struct owners *owners); /* NULL is allowed */

/* Adds one entry. Several entries of one sender add up. Returns 0, or -1 with err. */
int owners_add(struct owners *owners, const char *entry, struct origin origin, struct err *err);

/* Every line of a text, as list_add_text. Returns the number of bad lines. */
size_t owners_add_text(struct owners *owners, const char *text, size_t length, const char *file,
                       void (*problem)(void *context, struct origin origin, const struct err *err),
                       void *context);

void owners_freeze(struct owners *owners);
size_t owners_size(const struct owners *owners); /* entries */

/* Whether the user (a checked name in lower case) owns the sender; hit_r says by which entry. */
bool owners_has(const struct owners *owners, const struct mailbox *sender, const char *user,
                struct list_hit *hit_r);

#endif
