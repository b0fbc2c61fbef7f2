#include "redis_master.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "endpoint.h"
#include "redis_link.h"
#include "redis_url.h"

struct redis_master {
    /* set once */
    char address[REDIS_ADDRESS_MAX]; /* the url's */
    const char *name;                /* that the sentinels know it by */
    struct name *server;             /* the same, held so that it stays resolved */
    struct name *sentinels[STORE_SENTINELS_MAX];
    size_t sentinel_count;

    pthread_mutex_t lock;
    /* under lock */
    size_t first;                 /* the sentinel that answered last */
    char told[REDIS_ADDRESS_MAX]; /* what it said; "": none was asked yet */
};

struct redis_master *
redis_master_create(const struct store_settings *settings, const char *address)
{
    struct redis_master *master = xcalloc(1, sizeof *master);
    snprintf(master->address, sizeof master->address, "%s", address);
    master->name = settings->sentinel_master;
    master->server = settings->sentinel_count == 0 ? name_open(address, REDIS_PORT, NULL) : NULL;
    for (size_t i = 0; i < settings->sentinel_count && i < STORE_SENTINELS_MAX; i++) {
        struct name *sentinel = name_open(settings->sentinels[i], REDIS_SENTINEL_PORT, NULL);
        if (sentinel != NULL)
            master->sentinels[master->sentinel_count++] = sentinel;
    }
    pthread_mutex_init(&master->lock, NULL);
    return master;
}

void
redis_master_free(struct redis_master *master)
{
    for (size_t i = 0; i < master->sentinel_count; i++)
        name_close(master->sentinels[i]);
    name_close(master->server);
    pthread_mutex_destroy(&master->lock);
    free(master);
}

int
redis_master_read(const struct redis_reply *reply, char address_r[REDIS_ADDRESS_MAX],
                  struct err *err)
{
    struct endpoint_text parsed;
    if (reply->kind == REDIS_NIL) {
        err_set(err, "it knows no such master (see master)");
        return -1;
    }
    if (reply->kind != REDIS_ARRAY || reply->count != 2 || reply->items[0]->kind != REDIS_TEXT ||
        reply->items[1]->kind != REDIS_TEXT) {
        err_set(err, "it answered what nobody asked for");
        return -1;
    }
    const char *host = reply->items[0]->text;
    snprintf(address_r, REDIS_ADDRESS_MAX,
             strchr(host, ':') != NULL ? "[%.255s]:%.5s" : "%.255s:%.5s", host,
             reply->items[1]->text);
    if (strncmp(host, "unix", 4) == 0 && strchr(host, ':') != NULL) {
        err_set(err, "it answered what nobody asked for");
        return -1;
    }
    return endpoint_parse(address_r, 0, &parsed, err);
}

static int
ask_sentinel(const struct redis_master *master, struct name *sentinel,
             const struct tls_context *tls, char address_r[REDIS_ADDRESS_MAX],
             struct deadline deadline, struct err *err)
{
    struct redis_link *link = redis_link_open(sentinel, tls, deadline, err);
    if (link == NULL)
        return -1;
    const struct bytes question[] = {redis_word("SENTINEL"), redis_word("get-master-addr-by-name"),
                                     redis_word(master->name)};
    struct redis_reply *reply = NULL;
    if (redis_link_send(link, question, 3, deadline, err) == 0)
        reply = redis_link_receive(link, deadline, err);
    int result = -1;
    if (reply != NULL && reply->kind == REDIS_ERROR)
        redis_link_refused(link, reply, err);
    else if (reply != NULL)
        result = redis_master_read(reply, address_r, err);
    redis_reply_free(reply);
    redis_link_close(link);
    return result;
}

/* Each has an equal share of the time that is left, the one that answered last first. */
static int
ask_sentinels(struct redis_master *master, const struct tls_context *tls,
              char address_r[REDIS_ADDRESS_MAX], struct deadline deadline, struct err *err)
{
    pthread_mutex_lock(&master->lock);
    const size_t first = master->first, count = master->sentinel_count;
    pthread_mutex_unlock(&master->lock);
    for (size_t i = 0; i < count; i++) {
        const size_t which = (first + i) % count;
        struct name *sentinel = master->sentinels[which];
        const int share = deadline_left_ms(deadline) / (int)(count - i + 1);
        if (ask_sentinel(master, sentinel, tls, address_r, deadline_sooner(deadline, share), err) ==
            0) {
            pthread_mutex_lock(&master->lock);
            master->first = which;
            pthread_mutex_unlock(&master->lock);
            return 0;
        }
        err_wrap(err, "sentinel %s:%u", name_host(sentinel), name_port(sentinel));
    }
    return -1;
}

/* Under lock. */
static bool
is_another(const struct redis_master *master, const char *address)
{
    return master->told[0] != '\0' && strcmp(master->told, address) != 0;
}

struct name *
redis_master_find(struct redis_master *master, const struct tls_context *tls,
                  struct deadline deadline, bool *has_moved_r, struct err *err)
{
    *has_moved_r = false;
    if (master->sentinel_count == 0)
        return name_open(master->address, REDIS_PORT, err);
    char address[REDIS_ADDRESS_MAX];
    if (ask_sentinels(master, tls, address, deadline, err) != 0)
        return NULL;
    pthread_mutex_lock(&master->lock);
    *has_moved_r = is_another(master, address);
    memcpy(master->told, address, sizeof master->told);
    pthread_mutex_unlock(&master->lock);
    return name_open(address, 0, err);
}

bool
redis_master_has_moved(struct redis_master *master, const struct tls_context *tls,
                       struct deadline deadline)
{
    char address[REDIS_ADDRESS_MAX];
    if (master->sentinel_count == 0 || ask_sentinels(master, tls, address, deadline, NULL) != 0)
        return false;
    pthread_mutex_lock(&master->lock);
    bool has_moved = is_another(master, address);
    pthread_mutex_unlock(&master->lock);
    return has_moved;
}
