/*
 * list: named patterns of addresses or of names, with an answer that says which entry matched.
 *
 * Pure; immutable after list_freeze, then safe for any number of threads. The list owns its
 * entries. An entry is an exact value, a CIDR prefix (kind ip), a wildcard ('*' any run, '?' one
 * character) or a /regex/ (PCRE2, unanchored, without case). Exact names and "*@domain" are in
 * hashes, addresses, prefixes and "10.1.*.*" in a prefix map: these cost the same for ten entries
 * as for a million. Other wildcards and regexes are tried in turn, in the order of the file. Names
 * compare without case (letters outside of ASCII: only in regexes). Regexes and wildcards of kind
 * ip see the address in its RFC 5952 text form.
 *
 * If several entries match, the one named is: the exact one, else the longest prefix or the domain,
 * else the first pattern in the order of the file.
 */
#ifndef MAILREEVE_LIST_H
#define MAILREEVE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "netaddr.h"
#include "origin.h"

enum list_kind { LIST_IP, LIST_USER };

enum { LIST_NAME_MAX = 1024 };  /* bytes of a name that can be asked about */
enum { LIST_ENTRY_MAX = 1026 }; /* bytes of an entry: a regex of 1024 and its slashes */

enum list_answer {
    LIST_CANNOT_TELL = 0, /* a regex ran into its match limit and nothing else matched, or what is
                             asked about is no address (NETADDR_NONE) or over-long */
    LIST_NO_MATCH,
    LIST_MATCH,
};

struct list_hit {
    const char *entry; /* as written; borrowed from the list. NULL if nothing matched */
    struct origin origin;
};

struct list;

/* name and origin.file are borrowed and must outlive the list. Never NULL; free with list_free. */
struct list *list_create(const char *name, enum list_kind kind, struct origin origin);
void list_free(struct list *list); /* NULL is allowed */

/* Whether an entry would be tried in turn rather than found in an index: a regex, or a wildcard of
 * no special form. Costs next to nothing; of a malformed entry it says anything. */
bool list_entry_is_pattern(enum list_kind kind, const char *entry);

/* Adds one entry; origin.file is borrowed. Returns 0, or -1 with err (a malformed entry). */
int list_add(struct list *list, const char *entry, struct origin origin, struct err *err);

/* Adds every line of text (length bytes) as an entry of the file named file, which is borrowed
 * (lines.h). Calls problem once for each bad line (NUL byte, malformed entry). Returns the number
 * of bad lines. */
size_t list_add_text(struct list *list, const char *text, size_t length, const char *file,
                     void (*problem)(void *context, struct origin origin, const struct err *err),
                     void *context);

/* Builds the indexes; no entry can be added afterwards and only now may the list be asked. */
void list_freeze(struct list *list);

const char *list_name(const struct list *list);
enum list_kind list_kind(const struct list *list);
struct origin list_origin(const struct list *list);
size_t list_size(const struct list *list);

/* Asks a frozen list; hit_r may be NULL. The list's kind must fit (asserted: the checker saw to
 * it). */
enum list_answer list_match_address(const struct list *list, const struct netaddr *addr,
                                    struct list_hit *hit_r);
enum list_answer list_match_name(const struct list *list, const char *name, struct list_hit *hit_r);

#endif
