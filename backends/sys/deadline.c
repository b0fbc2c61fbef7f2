#include "deadline.h"

#include <limits.h>

#include "clock.h"

struct deadline
deadline_after(int64_t budget_ms)
{
    return (struct deadline){.at_ms = clock_now_ms() + budget_ms};
}

struct deadline
deadline_sooner(struct deadline deadline, int64_t budget_ms)
{
    struct deadline other = deadline_after(budget_ms);
    return other.at_ms < deadline.at_ms ? other : deadline;
}

int
deadline_left_ms(struct deadline deadline)
{
    int64_t left_ms = deadline.at_ms - clock_now_ms();
    if (left_ms <= 0)
        return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

bool
deadline_is_over(struct deadline deadline)
{
    return deadline_left_ms(deadline) == 0;
}
