/*
 * liblber's own allocator hook (LBER_OPT_MEMORY_FNS) is no use for wiping: libldap passes no
 * context, and without one liblber calls free. So entries are taken one by one, their values are
 * read and wiped in the message's own memory, and what has come of a message that will never be
 * whole is wiped as soon as that is known.
 */
#include "ldap_door.h"

#include <assert.h>
#include <errno.h>
#include <ldap.h>
#include <openldap.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "conn.h"
#include "ldap_link.h"
#include "ldap_request.h"
#include "ldap_wire.h"

enum { SEARCH_SIZE_LIMIT = 2 };

struct ldap_link {
    LDAP *ld;
    Sockbuf *sockbuf;
    struct ldap_wire wire;
    int32_t last_own; /* number of the last request that was not libldap's */
};

/* A handle over conn, which it takes. What libldap cannot do here it cannot for want of memory. */
static struct ldap_link *
link_create(struct conn *conn)
{
    struct ldap_link *link = xcalloc(1, sizeof *link);
    link->wire.conn = conn;
    link->last_own = LDAP_REQUEST_FIRST;
    /* libldap only wants to know that there is a descriptor: with this protocol it never uses it.
     */
    int fd = conn != NULL ? conn_fd(conn) : 0;
    if (ldap_init_fd(fd, LDAP_PROTO_EXT, NULL, &link->ld) != LDAP_SUCCESS ||
        ldap_get_option(link->ld, LDAP_OPT_SOCKBUF, &link->sockbuf) != LDAP_OPT_SUCCESS ||
        ldap_wire_lay(&link->wire, link->sockbuf) != 0)
        abort();

    int version = LDAP_VERSION3, dereference = LDAP_DEREF_NEVER;
    ldap_set_option(link->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(link->ld, LDAP_OPT_DEREF, &dereference);
    ldap_set_option(link->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    ldap_set_option(link->ld, LDAP_OPT_TIMEOUT, NULL);
    ldap_set_option(link->ld, LDAP_OPT_NETWORK_TIMEOUT, NULL);
    return link;
}

void
ldap_link_close(struct ldap_link *link)
{
    if (link == NULL)
        return;
    /* Unbind also ends a search that is still under way (RFC 4511 4.3). */
    link->wire.deadline = (struct deadline){0};
    ldap_unbind_ext(link->ld, NULL, NULL);
    conn_close(link->wire.conn);
    free(link);
}

static enum ldap_answer
broken(const struct ldap_link *link, const char *what, struct err *err)
{
    int code = LDAP_OTHER;
    ldap_get_option(link->ld, LDAP_OPT_RESULT_CODE, &code);
    err_set(err, "%s: %s", what,
            link->wire.trouble.text[0] != '\0' ? link->wire.trouble.text : ldap_err2string(code));
    return LDAP_ANSWER_BROKEN;
}

enum ldap_answer
ldap_link_judge_failure(const char *what, int code, const char *said, struct err *err)
{
    bool more = said != NULL && said[0] != '\0';
    err_set(err, "%s: %s (%d)%s%s", what, ldap_err2string(code), code, more ? ": " : "",
            more ? said : "");
    return code == LDAP_BUSY || code == LDAP_UNAVAILABLE ? LDAP_ANSWER_BROKEN : LDAP_ANSWER_FAILED;
}

/* Waits for the next message about a request. Returns its type, with the message, which is the
 * caller's to free with ldap_msgfree; or -1 with err. */
static int
await(struct ldap_link *link, int message, const char *what, LDAPMessage **received_r,
      struct err *err)
{
    *received_r = NULL;
    int left_ms = deadline_left_ms(link->wire.deadline);
    struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000L};
    int type = ldap_result(link->ld, message, LDAP_MSG_ONE, &left, received_r);
    if (type <= 0)
        broken(link, what, err);
    return type > 0 ? type : -1;
}

/* What a result says. */
static enum ldap_answer
judge_result(struct ldap_link *link, LDAPMessage *result, const char *what, int *code_r,
             struct err *err)
{
    char *said = NULL;
    int parsed = ldap_parse_result(link->ld, result, code_r, NULL, &said, NULL, NULL, 0);
    enum ldap_answer answer = LDAP_ANSWER_BROKEN;
    if (parsed == LDAP_SUCCESS && *code_r == LDAP_SUCCESS)
        answer = LDAP_ANSWER_YES;
    else if (parsed == LDAP_SUCCESS)
        answer = ldap_link_judge_failure(what, *code_r, said, err);
    else
        err_set(err, "%s: the answer makes no sense: %s", what, ldap_err2string(parsed));
    ldap_memfree(said);
    return answer;
}

/* Reads the next message into an element; EWOULDBLOCK says that a part of it is there. Returns
 * whether it is one. */
static bool
read_message(struct ldap_link *link, BerElement *message)
{
    ber_len_t length = 0;
    ber_tag_t tag = LBER_DEFAULT;
    do
        tag = ber_get_next(link->sockbuf, &length, message);
    while (tag == LBER_DEFAULT && errno == EWOULDBLOCK && !deadline_is_over(link->wire.deadline));
    return tag == LDAP_TAG_MESSAGE;
}

/* The contents of a message as a whole; NULL: there are none. */
static char *
take_contents(BerElement *message, ber_len_t *length_r)
{
    *length_r = 0;
    if (ber_get_option(message, LBER_OPT_BER_REMAINING_BYTES, length_r) != LBER_OPT_SUCCESS)
        return NULL;
    char *contents = xmalloc(*length_r);
    if (ber_read(message, contents, *length_r) == (ber_slen_t)*length_r)
        return contents;
    free(contents);
    return NULL;
}

/* Waits for the answer to our own last request. Returns 0, or -1 with err. */
static int
await_own(struct ldap_link *link, const char *what, unsigned operation, struct ldap_reply *reply_r,
          struct err *err)
{
    BerElement *message = ber_alloc_t(LBER_USE_DER);
    if (message == NULL)
        abort();
    ber_len_t length = 0;
    char *contents = read_message(link, message) ? take_contents(message, &length) : NULL;
    bool is_reply = contents != NULL && ldap_reply_parse(contents, length, reply_r) == 0;
    bool is_ours =
        is_reply && reply_r->message == link->last_own && reply_r->operation == operation;
    if (link->wire.trouble.text[0] != '\0')
        err_set(err, "%s: %s", what, link->wire.trouble.text);
    else if (is_reply && reply_r->message == LDAP_RES_UNSOLICITED)
        err_set(err, "%s: the server said goodbye", what);
    else if (!is_ours)
        err_set(err, "%s: the answer makes no sense", what);
    free(contents);
    ber_free(message, 1);
    return is_ours ? 0 : -1;
}

int32_t
ldap_link_next_number(struct ldap_link *link)
{
    link->last_own = link->last_own == LDAP_REQUEST_LAST ? LDAP_REQUEST_FIRST : link->last_own + 1;
    return link->last_own;
}

int
ldap_link_ask(struct ldap_link *link, const struct ldap_own_request *request,
              struct deadline deadline, struct ldap_reply *reply_r, struct err *err)
{
    ldap_wire_begin(&link->wire, deadline);
    if (conn_write(link->wire.conn, request->bytes.bytes, request->bytes.length, deadline,
                   &link->wire.trouble) != 0) {
        broken(link, request->what, err);
        return -1;
    }
    return await_own(link, request->what, request->operation, reply_r, err);
}

static void
take_values(const struct ldap_query *query, const struct berval *attribute,
            const struct berval *values, struct ldap_found *found)
{
    bool is_wanted = false;
    for (size_t i = 0; i < query->attribute_count; i++) {
        const char *name = query->attributes[i];
        const size_t length = strlen(name);
        if (length > attribute->bv_len || strncasecmp(name, attribute->bv_val, length) != 0)
            continue;
        const bool is_same = length == attribute->bv_len;
        is_wanted |= is_same || attribute->bv_val[length] == ';'; /* options: a part of it */
        for (size_t j = 0; is_same && values != NULL && values[j].bv_val != NULL; j++)
            ldap_values_add(&found->values[i], values[j].bv_val, values[j].bv_len);
    }
    if (!is_wanted && found->other == NULL)
        found->other = xstrndup(attribute->bv_val, attribute->bv_len);
}

static void
wipe_values(struct berval *values)
{
    for (size_t i = 0; values != NULL && values[i].bv_val != NULL; i++)
        explicit_bzero(values[i].bv_val, values[i].bv_len);
}

/* Copies out of libldap's memory what the caller keeps, of the first entry, and wipes it there.
 * Returns 0, or -1: it makes no sense. */
static int
take_entry(LDAP *ld, LDAPMessage *entry, const struct ldap_query *query, struct ldap_found *found)
{
    struct berval dn = {0}, attribute = {0}, *values = NULL;
    BerElement *rest = NULL;
    bool is_first = found->count++ == 0;
    if (ldap_get_dn_ber(ld, entry, &rest, &dn) != LDAP_SUCCESS)
        return -1;
    if (is_first && (dn.bv_len == 0 || memchr(dn.bv_val, '\0', dn.bv_len) == NULL))
        found->dn = xstrndup(dn.bv_len > 0 ? dn.bv_val : "", dn.bv_len);
    int result;
    while ((result = ldap_get_attribute_ber(ld, entry, rest, &attribute, &values)) ==
               LDAP_SUCCESS &&
           attribute.bv_val != NULL) {
        if (is_first)
            take_values(query, &attribute, values, found);
        wipe_values(values);
        ber_memfree(values);
        values = NULL;
    }
    ber_free(rest, 0);
    return result == LDAP_SUCCESS ? 0 : -1;
}

static int
libldap_scope(enum ldap_scope scope)
{
    switch (scope) {
    case LDAP_SEARCH_SUB:
        return LDAP_SCOPE_SUBTREE;
    case LDAP_SEARCH_ONE:
        return LDAP_SCOPE_ONELEVEL;
    case LDAP_SEARCH_BASE:
        return LDAP_SCOPE_BASE;
    }
    return LDAP_SCOPE_BASE;
}

static int
send_search(struct ldap_link *link, const struct ldap_query *query, int *message_r)
{
    assert(query->attribute_count <= LDAP_ATTRIBUTES_MAX);
    char *attributes[LDAP_ATTRIBUTES_MAX + 1] = {NULL};
    for (size_t i = 0; i < query->attribute_count; i++)
        attributes[i] = xstrdup(query->attributes[i]);
    if (query->attribute_count == 0)
        attributes[0] = xstrdup(LDAP_NO_ATTRS);
    struct timeval limit = {.tv_sec = deadline_left_ms(link->wire.deadline) / 1000 + 1};
    int sent = ldap_search_ext(link->ld, query->base, libldap_scope(query->scope), query->filter,
                               attributes, 0, NULL, NULL, &limit, SEARCH_SIZE_LIMIT, message_r);
    for (size_t i = 0; attributes[i] != NULL; i++)
        free(attributes[i]);
    return sent;
}

/* Takes what comes until the search's result. */
static enum ldap_answer
await_entries(struct ldap_link *link, int message, const struct ldap_query *query,
              struct ldap_found *found, int *code_r, struct err *err)
{
    enum ldap_answer answer = LDAP_ANSWER_BROKEN;
    int type;
    do {
        LDAPMessage *received;
        type = await(link, message, "search", &received, err);
        if (type == LDAP_RES_SEARCH_ENTRY && take_entry(link->ld, received, query, found) != 0) {
            err_set(err, "search: an entry makes no sense");
            type = -1;
        } else if (type == LDAP_RES_SEARCH_RESULT)
            answer = judge_result(link, received, "search", code_r, err);
        ldap_msgfree(received);
    } while (type != -1 && type != LDAP_RES_SEARCH_RESULT);
    return answer;
}

enum ldap_answer
ldap_link_search(struct ldap_link *link, const struct ldap_query *query, struct deadline deadline,
                 struct ldap_found *found_r, struct err *err)
{
    *found_r = (struct ldap_found){0};
    ldap_wire_begin(&link->wire, deadline);
    int message = 0;
    if (send_search(link, query, &message) != LDAP_SUCCESS)
        return broken(link, "search", err);

    int code = LDAP_OTHER;
    enum ldap_answer answer = await_entries(link, message, query, found_r, &code, err);
    if (!conn_has_unread(link->wire.conn))
        conn_wipe(link->wire.conn);
    found_r->no_base = answer == LDAP_ANSWER_FAILED && code == LDAP_NO_SUCH_OBJECT;
    /* Our own limit is the one thing that tells "more than one" from "one". */
    return code == LDAP_SIZELIMIT_EXCEEDED && found_r->count >= SEARCH_SIZE_LIMIT ? LDAP_ANSWER_YES
                                                                                  : answer;
}

int
ldap_filter_check(const char *filter, struct err *err)
{
    struct ldap_link *nowhere = link_create(NULL);
    const struct ldap_query query = {.base = "", .filter = filter};
    int message = 0;
    int sent = send_search(nowhere, &query, &message);
    ldap_link_close(nowhere);
    if (sent == LDAP_SUCCESS)
        return 0;
    err_set(err, "not a filter: parentheses, operators or values are wrong (RFC 4515)");
    return -1;
}

int
ldap_dn_check(const char *dn, struct err *err)
{
    LDAPDN parsed = NULL;
    int result = ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3);
    ldap_dnfree(parsed);
    if (result == LDAP_SUCCESS)
        return 0;
    err_set(err, "not a distinguished name (RFC 4514): %s", ldap_err2string(result));
    return -1;
}

/* StartTLS (RFC 4511 4.14). */
static int
start_tls(struct ldap_link *link, const struct ldap_peer *peer, struct deadline deadline,
          struct err *err)
{
    ldap_wire_begin(&link->wire, deadline);
    int message = 0;
    LDAPMessage *received = NULL;
    int code = LDAP_OTHER;
    if (ldap_start_tls(link->ld, NULL, NULL, &message) != LDAP_SUCCESS) {
        broken(link, "StartTLS", err);
        return -1;
    }
    enum ldap_answer answer = LDAP_ANSWER_BROKEN;
    if (await(link, message, "StartTLS", &received, err) != -1)
        answer = judge_result(link, received, "StartTLS", &code, err);
    ldap_msgfree(received);
    if (answer != LDAP_ANSWER_YES)
        return -1;
    return conn_start_tls(link->wire.conn, peer->tls, name_host(peer->server), deadline, err);
}

/* Tries the server's addresses in turn; each gets its share of the time. */
static struct conn *
dial(const struct ldap_peer *peer, struct deadline deadline, bool *is_shortage, struct err *err)
{
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    size_t count = name_endpoints(peer->server, deadline_left_ms(deadline), endpoints, err);
    struct conn *conn = NULL;
    for (size_t i = 0; i < count && conn == NULL; i++) {
        int64_t share_ms = deadline_left_ms(deadline) / (int64_t)(count - i);
        conn = conn_open(&endpoints[i], deadline_sooner(deadline, share_ms), is_shortage, err);
    }
    return conn;
}

void
ldap_door_init(void)
{
    int version;
    ldap_get_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &version);
}

struct ldap_link *
ldap_link_open(const struct ldap_peer *peer, struct deadline deadline, bool *is_shortage,
               struct err *err)
{
    struct conn *conn = dial(peer, deadline, is_shortage, err);
    if (conn == NULL)
        return NULL;
    struct ldap_link *link = link_create(conn);
    int secured = 0;
    switch (peer->security) {
    case LDAP_SECURITY_NONE:
        break;
    case LDAP_SECURITY_STARTTLS:
        secured = start_tls(link, peer, deadline, err);
        break;
    case LDAP_SECURITY_TLS:
        secured = conn_start_tls(conn, peer->tls, name_host(peer->server), deadline, err);
        break;
    }
    if (secured == 0)
        return link;
    ldap_link_close(link);
    return NULL;
}
