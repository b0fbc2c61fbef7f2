#include "site_screening.h"

/* An attempt ends a little later than its session must be decided. */
enum { PLACE_SLACK_MS = 5000 };

struct screening_rules
site_screening(const struct site *site)
{
    return (struct screening_rules){
        .screen = &site->settings.screen,
        .limits = &site->settings.limits,
        .longest_window_ms = site->longest_window_ms,
        .place_ms = site->settings.session_timeout_ms + PLACE_SLACK_MS,
    };
}
