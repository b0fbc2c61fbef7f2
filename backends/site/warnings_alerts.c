/* Warnings about alerts: events that nothing here can raise. */
#include "alarm.h"
#include "alert_settings.h"
#include "warnings.h"

static bool
somebody_bans(const struct built_site *built)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = warn_listener_of(built, sections[i]);
        if (listener->auth == AUTH_OFF && listener->ban_when_off)
            return true;
    }
    return false;
}

/* Why an event is never raised, or NULL. Screening in monitor mode is there to be enforced later.
 */
static const char *
why_never(const struct built_site *built, enum alarm_kind kind)
{
    const struct screen *screen = &built->site.settings.screen;
    const struct limits *limits = &built->site.settings.limits;
    bool counts = screen->failures > 0 || screen->unknown_names > 0 || screen->bad_recipients > 0;
    bool is_off = screen->mode == SCREEN_OFF;
    switch (kind) {
    case ALARM_ACCOUNT_FAILURES:
        if (is_off)
            return "nothing is counted (write a section screen)";
        return screen->account_failures == 0 ? "account_failures of screen is 0" : NULL;
    case ALARM_BAN:
        return (is_off || !counts) && !somebody_bans(built)
                   ? "nobody is banned (write a section screen)"
                   : NULL;
    case ALARM_HIJACK:
        return limits->addresses_per_user.most == 0 && limits->messages_per_user.most == 0
                   ? "there is no limit (set addresses_per_user or messages_per_user of limits)"
                   : NULL;
    case ALARM_SOURCE_DOWN:
    case ALARM_UPSTREAM_DOWN:
    case ALARM_STORE_DOWN:
        break;
    }
    return NULL;
}

static void
warn_alert(const struct built_site *built, const struct section *section, struct problems *problems)
{
    /* What is wrong with it has been said. */
    struct problems said;
    problems_init(&said);
    struct alert_settings settings;
    bool is_good = alert_settings_read(section, &settings, &said) == 0;
    for (int kind = 0; is_good && kind < ALARM_KINDS; kind++) {
        const char *why = why_never(built, (enum alarm_kind)kind);
        if (why != NULL && alert_settings_has(&settings, (enum alarm_kind)kind))
            section_problem(section, "events", problems, PROBLEM_WARNING, "%s never happens: %s",
                            alarm_kind_name((enum alarm_kind)kind), why);
    }
    alert_settings_fini(&settings);
    problems_fini(&said);
}

void
warn_alerts(const struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "alert", &count);
    for (size_t i = 0; i < count; i++)
        warn_alert(built, sections[i], problems);
}
