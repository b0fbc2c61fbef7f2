#include "shortage.h"

#include <stdatomic.h>
#include <stdint.h>

#include "clock.h"
#include "log.h"

enum { TELL_EVERY_MS = 60000 };

void
shortage_tell(struct err *err)
{
    static _Atomic int64_t tell_again_ms; /* of the monotonic clock: 0 is long ago */
    int64_t now_ms = clock_now_ms();
    int64_t again_ms = atomic_load(&tell_again_ms);
    err_wrap(err, "a limit of this host");
    if (now_ms < again_ms ||
        !atomic_compare_exchange_strong(&tell_again_ms, &again_ms, now_ms + TELL_EVERY_MS))
        return;
    log_event(LOG_ERROR, "process.shortage", LOG_STR("error", err->text),
              LOG_STR("hint", "no server counts as down by it (see LimitNOFILE, fs.file-max, "
                              "net.ipv4.ip_local_port_range and free memory)"));
}
