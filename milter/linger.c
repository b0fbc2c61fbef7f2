#include "linger.h"

#include <time.h>

/* What libmilter waits for the next step before it gives the session away. */
enum { POOL_MS = 1 };

static _Thread_local int spoken_on = -1;

void
linger_on(int fd)
{
    spoken_on = fd;
}

void
linger_no_more(void)
{
    spoken_on = -1;
}

static int
choose_timeout(const struct pollfd *polled, nfds_t count, int timeout_ms)
{
    if (count != 1 || timeout_ms != POOL_MS || polled->events != POLLIN ||
        polled->fd != spoken_on || spoken_on < 0)
        return timeout_ms;
    return LINGER_MS;
}

int
linger_poll(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    const int chosen_ms = choose_timeout(polled, count, timeout_ms);
    const struct timespec timeout = {.tv_sec = chosen_ms / 1000,
                                     .tv_nsec = chosen_ms % 1000 * 1000000L};
    return ppoll(polled, count, chosen_ms < 0 ? NULL : &timeout, NULL);
}
