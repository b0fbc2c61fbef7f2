#include "redis_link.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conn.h"

enum { ADDRESS_MAX = 320 };

struct redis_link {
    struct conn *conn;
    struct redis_reader *reader;
    char address[ADDRESS_MAX]; /* for err */
};

static struct conn *
connect_at(const struct endpoint *endpoint, const struct name *name, const struct tls_context *tls,
           struct deadline deadline, struct err *err)
{
    struct conn *conn = conn_open(endpoint, deadline, NULL, err);
    if (conn == NULL || tls == NULL ||
        conn_start_tls(conn, tls, name_host(name), deadline, err) == 0)
        return conn;
    char address[ADDRESS_MAX];
    endpoint_format(endpoint, address, sizeof address);
    err_wrap(err, "%s", address);
    conn_close(conn);
    return NULL;
}

/* Each address has an equal share of the time that is left. */
static struct conn *
connect_to(struct name *name, const struct tls_context *tls, struct deadline deadline,
           struct err *err)
{
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    size_t count = name_endpoints(name, deadline_left_ms(deadline), endpoints, err);
    struct conn *conn = NULL;
    for (size_t i = 0; i < count && conn == NULL; i++) {
        const int share = deadline_left_ms(deadline) / (int)(count - i);
        conn = connect_at(&endpoints[i], name, tls, deadline_sooner(deadline, share), err);
    }
    return conn;
}

struct redis_link *
redis_link_open(struct name *name, const struct tls_context *tls, struct deadline deadline,
                struct err *err)
{
    struct conn *conn = connect_to(name, tls, deadline, err);
    if (conn == NULL)
        return NULL;
    struct redis_link *link = xcalloc(1, sizeof *link);
    link->conn = conn;
    link->reader = redis_reader_create();
    endpoint_format(conn_endpoint(conn), link->address, sizeof link->address);
    return link;
}

void
redis_link_close(struct redis_link *link)
{
    if (link == NULL)
        return;
    conn_close(link->conn);
    redis_reader_free(link->reader);
    free(link);
}

int
redis_link_send(struct redis_link *link, const struct bytes *words, size_t count,
                struct deadline deadline, struct err *err)
{
    size_t length;
    char *command = redis_command_format(words, count, &length);
    int result = conn_write(link->conn, command, length, deadline, err);
    redis_command_free(command, length);
    if (result != 0)
        err_wrap(err, "%s", link->address);
    return result;
}

struct redis_reply *
redis_link_receive(struct redis_link *link, struct deadline deadline, struct err *err)
{
    struct redis_reply *reply;
    char bytes[4096];
    for (;;) {
        int result = redis_reader_next(link->reader, &reply, err);
        int length = 0;
        if (result == 0)
            length = conn_read(link->conn, bytes, sizeof bytes, deadline, err);
        if (result > 0)
            return reply;
        if (result < 0 || length < 0 ||
            redis_reader_feed(link->reader, bytes, (size_t)length, err) != 0) {
            err_wrap(err, "%s", link->address);
            return NULL;
        }
    }
}

/* "OOM command not allowed ...", to which Redis 6 puts "ERR Error running script ... -" if a script
 * was told so. */
bool
redis_link_is_full(const struct redis_reply *reply)
{
    return reply->kind == REDIS_ERROR &&
           (strncmp(reply->text, "OOM ", 4) == 0 || strstr(reply->text, "-OOM command ") != NULL);
}

/* What an administrator can do about it. */
static const char *
hint_for(const char *code)
{
    static const struct {
        const char *code, *hint;
    } hints[] = {
        {"NOAUTH", " (set password_file)"},
        {"WRONGPASS", " (see the user in url and password_file)"},
        {"NOPERM", " (the user needs +@read +@write +@scripting +select +role and all keys of "
                   "prefix)"},
        {"READONLY", " (it is a replica: name the master, or set sentinels and master)"},
        {"WRONGTYPE", " (others use keys with our prefix: set another)"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (strncmp(code, hints[i].code, strlen(hints[i].code)) == 0)
            return hints[i].hint;
    return "";
}

void
redis_link_refused(const struct redis_link *link, const struct redis_reply *reply, struct err *err)
{
    if (reply->kind == REDIS_ERROR)
        err_set(err, "%s answered \"%.200s\"%s", link->address, reply->text,
                redis_link_is_full(reply)
                    ? " (raise its maxmemory, or set maxmemory-policy volatile-lru)"
                    : hint_for(reply->text));
    else
        err_set(err, "%s answered what nobody asked for", link->address);
}

/* The refusal of our password, without what the server says: it may repeat the command. */
static int
check_auth(const struct redis_link *link, const struct redis_reply *reply, struct err *err)
{
    if (reply->kind == REDIS_STATUS)
        return 0;
    if (reply->kind != REDIS_ERROR)
        redis_link_refused(link, reply, err);
    else if (strstr(reply->text, "without any password") != NULL)
        err_set(err, "%s wants no password (remove it from url or password_file)", link->address);
    else
        err_set(err, "%s refused user and password (see url and password_file)", link->address);
    return -1;
}

static int
check_select(const struct redis_link *link, const struct redis_reply *reply, struct err *err)
{
    if (reply->kind == REDIS_STATUS)
        return 0;
    redis_link_refused(link, reply, err);
    err_wrap(err, "cannot select the database");
    return -1;
}

static int
check_role(const struct redis_link *link, const struct redis_reply *reply, struct err *err)
{
    const bool is_answer =
        reply->kind == REDIS_ARRAY && reply->count > 0 && reply->items[0]->kind == REDIS_TEXT;
    if (!is_answer) {
        redis_link_refused(link, reply, err);
        return -1;
    }
    if (strcmp(reply->items[0]->text, "master") == 0)
        return 0;
    err_set(err, "%s is no master%s", link->address,
            strcmp(reply->items[0]->text, "slave") == 0
                ? " but a replica (name the master, or set sentinels and master)"
                : "");
    return -1;
}

enum { STEPS = 3 };
typedef int step_check(const struct redis_link *link, const struct redis_reply *reply,
                       struct err *err);

static int
send_log_in(struct redis_link *link, const struct redis_identity *identity,
            step_check *steps_r[STEPS], struct deadline deadline, struct err *err)
{
    const struct bytes password = {identity->password->bytes, identity->password->length};
    const struct bytes with_user[] = {redis_word("AUTH"), redis_word(identity->user), password};
    const struct bytes without[] = {redis_word("AUTH"), password};
    char db[16];
    snprintf(db, sizeof db, "%u", identity->db);
    const struct bytes select[] = {redis_word("SELECT"), redis_word(db)};
    const struct bytes role[] = {redis_word("ROLE")};

    if (password.length > 0) {
        const bool has_user = identity->user[0] != '\0';
        *steps_r++ = check_auth;
        if (redis_link_send(link, has_user ? with_user : without, has_user ? 3 : 2, deadline,
                            err) != 0)
            return -1;
    }
    if (identity->db > 0) {
        *steps_r++ = check_select;
        if (redis_link_send(link, select, 2, deadline, err) != 0)
            return -1;
    }
    *steps_r = check_role;
    return redis_link_send(link, role, 1, deadline, err);
}

int
redis_link_log_in(struct redis_link *link, const struct redis_identity *identity,
                  struct deadline deadline, struct err *err)
{
    step_check *steps[STEPS] = {NULL};
    if (send_log_in(link, identity, steps, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < STEPS && steps[i] != NULL; i++) {
        struct redis_reply *reply = redis_link_receive(link, deadline, err);
        int result = reply == NULL ? -1 : steps[i](link, reply, err);
        redis_reply_free(reply);
        if (result != 0)
            return -1;
    }
    return 0;
}

bool
redis_link_is_quiet(const struct redis_link *link)
{
    struct pollfd ready = {.fd = conn_fd(link->conn), .events = POLLIN};
    return !conn_has_unread(link->conn) && poll(&ready, 1, 0) == 0;
}
