#include "health.h"

enum health_change
health_note(struct health *health, bool passed, unsigned fall, unsigned rise)
{
    bool is_first = !health->checked;
    health->checked = true;
    if (passed != health->down) {
        health->contrary = 0;
        return HEALTH_SAME;
    }
    health->contrary++;
    if (!is_first && health->contrary < (health->down ? rise : fall))
        return HEALTH_SAME;
    health->contrary = 0;
    health->down = !health->down;
    return health->down ? HEALTH_WENT_DOWN : HEALTH_CAME_UP;
}

int64_t
health_next_ms(const struct health *health, int64_t began_ms, int64_t now_ms, int64_t interval_ms)
{
    const bool is_in_doubt = health->contrary > 0;
    const int64_t next_ms = began_ms + (is_in_doubt ? interval_ms / 2 : interval_ms);
    return next_ms > now_ms ? next_ms : now_ms;
}
