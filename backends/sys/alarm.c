#include "alarm.h"

#include <pthread.h>
#include <stdatomic.h>

/* Raisers do not wait for each other; a waiting alarm_listen goes before new ones, so that many
 * alarms cannot keep it waiting. A handler therefore raises nothing itself. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
/* under lock */
static alarm_handler *current_handler;
static void *current_context;

static atomic_uint_least64_t counts[ALARM_KINDS];

const char *
alarm_kind_name(enum alarm_kind kind)
{
    static const char *const names[ALARM_KINDS] = {
        [ALARM_ACCOUNT_FAILURES] = "account-failures",
        [ALARM_BAN] = "ban",
        [ALARM_SOURCE_DOWN] = "source-down",
        [ALARM_UPSTREAM_DOWN] = "upstream-down",
        [ALARM_STORE_DOWN] = "store-down",
        [ALARM_HIJACK] = "hijack",
    };
    return names[kind];
}

void
alarm_listen(alarm_handler *handler, void *context)
{
    pthread_rwlock_wrlock(&lock);
    current_handler = handler;
    current_context = context;
    pthread_rwlock_unlock(&lock);
}

uint64_t
alarm_count(enum alarm_kind kind)
{
    return atomic_load_explicit(&counts[kind], memory_order_relaxed);
}

void
alarm_raise(enum alarm_kind kind, const char *subject, const struct log_field *fields, size_t count)
{
    atomic_fetch_add_explicit(&counts[kind], 1, memory_order_relaxed);
    pthread_rwlock_rdlock(&lock);
    if (current_handler != NULL)
        current_handler(current_context, kind, subject, fields, count);
    pthread_rwlock_unlock(&lock);
}
