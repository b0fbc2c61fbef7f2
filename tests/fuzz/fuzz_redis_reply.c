/* What a Redis server answers, of any bytes: results, a page of a list, where the master is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redis_batch.h"
#include "redis_master.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
visit(void *context, const struct store_item *item)
{
    (void)context;
    if (item->key.length > STORE_KEY_MAX || item->value_length > STORE_VALUE_MAX ||
        memchr(item->ban.reason, '\0', sizeof item->ban.reason) == NULL)
        abort();
    return true;
}

static void
read_as_everything(const struct redis_reply *reply)
{
    for (int action = STORE_GET; action <= STORE_SET_BAN; action++) {
        struct store_value value = {.length = 0};
        struct store_op ops[2] = {{.action = (enum store_action)action, .value_r = &value},
                                  {.action = (enum store_action)action}};
        ops[0].network.addr.family = NETADDR_IPV4;
        ops[1].network.addr.family = NETADDR_IPV6;
        if (redis_batch_read(reply, ops, 2, NULL) == 0 &&
            (value.length > STORE_VALUE_MAX || ops[1].ban_r.network.length > 128 ||
             (ops[0].hit && !ops[0].was_run)))
            abort();
    }
    char cursor[REDIS_CURSOR_MAX], address[REDIS_ADDRESS_MAX];
    redis_page_read(reply, STORE_BANS, visit, NULL, cursor, NULL);
    redis_page_read(reply, STORE_WINDOWS, visit, NULL, cursor, NULL);
    redis_master_read(reply, address, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_reader *reader = redis_reader_create();
    struct redis_reply *reply = NULL;
    if (redis_reader_feed(reader, (const char *)data, size, NULL) == 0)
        while (redis_reader_next(reader, &reply, NULL) > 0) {
            read_as_everything(reply);
            redis_reply_free(reply);
        }
    redis_reader_free(reader);
    return 0;
}
