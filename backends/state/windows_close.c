/*
 * Closing windows. Those of a user are found by a list and then removed in batches. Who logs in
 * between the two loses his window and opens it with his next login: closed is the safe error.
 */
#include <stdlib.h>

#include "alloc.h"
#include "ascii.h"
#include "batch.h"
#include "windows.h"

enum { CLOSE_BATCH = 16 };

static int
close_address(struct store *store, const struct netaddr *client, int64_t now_ms,
              struct deadline deadline, size_t *closed_r, struct err *err)
{
    struct store_op op;
    if (!window_op_get(client, NULL, &op))
        return 0;
    op.action = STORE_REMOVE;
    if (store_run(store, &op, 1, now_ms, deadline, err) != 0)
        return -1;
    *closed_r = op.hit ? 1 : 0;
    return 0;
}

/* The addresses of a user's windows. */
struct owned {
    const char *user;
    struct netaddr *clients;
    size_t count, room;
};

static bool
is_same_name(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

static bool
is_his(const struct window *window, const char *user)
{
    return is_same_name(window->name, user) || is_same_name(window->login, user);
}

static bool
collect(void *context, const struct window *window)
{
    struct owned *owned = context;
    if (!is_his(window, owned->user))
        return true;
    if (owned->count == owned->room) {
        owned->room = owned->room > 0 ? 2 * owned->room : CLOSE_BATCH;
        owned->clients = xrealloc(owned->clients, owned->room, sizeof *owned->clients);
    }
    owned->clients[owned->count++] = window->client;
    return true;
}

static int
close_some(struct store *store, const struct netaddr *clients, size_t count, int64_t now_ms,
           struct deadline deadline, size_t *closed, struct err *err)
{
    struct batch batch;
    batch_init(&batch, count);
    for (size_t i = 0; i < count; i++) {
        struct store_op op;
        if (!window_op_get(&clients[i], NULL, &op))
            continue;
        op.action = STORE_REMOVE;
        (void)batch_put(&batch, &op);
    }
    int result = batch_run(&batch, store, now_ms, deadline, err);
    for (size_t i = 0; result == 0 && i < batch.count; i++)
        *closed += op_has_hit(&batch.ops[i]) ? 1 : 0;
    batch_fini(&batch);
    return result;
}

static int
close_user(struct store *store, const char *user, int64_t now_ms, struct deadline deadline,
           size_t *closed_r, struct err *err)
{
    struct owned owned = {.user = user};
    int result = windows_list(store, now_ms, deadline, collect, &owned, err);
    for (size_t i = 0; result == 0 && i < owned.count; i += CLOSE_BATCH) {
        const size_t left = owned.count - i;
        result = close_some(store, owned.clients + i, left < CLOSE_BATCH ? left : CLOSE_BATCH,
                            now_ms, deadline, closed_r, err);
    }
    free(owned.clients);
    return result;
}

int
windows_close(struct store *store, const struct netaddr *client, const char *user, int64_t now_ms,
              struct deadline deadline, size_t *closed_r, struct err *err)
{
    *closed_r = 0;
    if (client != NULL)
        return close_address(store, client, now_ms, deadline, closed_r, err);
    return close_user(store, user, now_ms, deadline, closed_r, err);
}
