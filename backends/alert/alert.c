#include "alert.h"

#include <stdlib.h>

#include "alert_settings.h"
#include "alloc.h"

struct alerts {
    struct alert_settings *items;
    size_t count;
};

struct alerts *
alerts_open(const struct conf *conf, struct problems *problems)
{
    size_t section_count;
    const struct section *const *sections = conf_sections(conf, NULL, "alert", &section_count);
    struct alerts *alerts = xcalloc(1, sizeof *alerts);
    alerts->items = xcalloc(section_count + 1, sizeof *alerts->items);
    for (size_t i = 0; i < section_count; i++)
        if (alert_settings_read(sections[i], &alerts->items[alerts->count], problems) == 0)
            alerts->count++;
    return alerts;
}

void
alerts_close(struct alerts *alerts)
{
    if (alerts == NULL)
        return;
    for (size_t i = 0; i < alerts->count; i++)
        alert_settings_fini(&alerts->items[i]);
    free(alerts->items);
    free(alerts);
}

void
alerts_use(struct alerts *alerts)
{
    (void)alerts;
}
