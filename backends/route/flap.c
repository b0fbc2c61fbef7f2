#include "flap.h"

enum flap_news
flap_change(struct flap *flap, int64_t now_ms, int64_t window_ms)
{
    flap->changes_ms[flap->next] = now_ms;
    flap->next = (flap->next + 1) % FLAP_CHANGES;
    if (flap->count < FLAP_CHANGES)
        flap->count++;
    if (flap->is_flapping)
        return FLAP_QUIET;
    /* The ring is full: the oldest stands where the next one goes. */
    flap->is_flapping =
        flap->count == FLAP_CHANGES && now_ms - flap->changes_ms[flap->next] <= window_ms;
    return flap->is_flapping ? FLAP_BEGINS : FLAP_TELL;
}

bool
flap_ends(struct flap *flap, int64_t now_ms, int64_t window_ms)
{
    int64_t latest_ms = flap->changes_ms[(flap->next + FLAP_CHANGES - 1) % FLAP_CHANGES];
    if (!flap->is_flapping || now_ms - latest_ms < window_ms)
        return false;
    *flap = (struct flap){0};
    return true;
}
