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
