#include "refusals.h"

#include "aftermath.h"
#include "clock.h"
#include "guard_user.h"
#include "site_screening.h"

static bool
is_bad_recipient(const struct decision *decision)
{
    enum reason reason = decision->verdict.reason;
    return decision->user.text[0] == '\0' &&
           (reason == REASON_RECIPIENT_UNKNOWN || reason == REASON_RELAY_DENIED);
}

bool
refusals_count(const struct decision *decision, const struct site *site, struct store *store,
               const struct caller *caller, struct deadline deadline)
{
    if (!is_bad_recipient(decision))
        return false;
    const struct screening_rules rules = site_screening(site);
    const struct aftermath of = {
        .session = caller->id, .client = &caller->client, .limits = &site->settings.limits};
    struct attempt_end end;
    client_bad_recipient(store, &rules, &caller->client, reason_id(decision->verdict.reason),
                         clock_wall_ms(), deadline, &end);
    aftermath_tell(&of, &end);
    return end.is_new_ban;
}
