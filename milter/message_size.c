#include "message_size.h"

#include <string.h>

bool
message_size_matters(const struct site *site)
{
    size_t count;
    const struct rule *const *rules = tenancy_rules(site->tenancy, &count);
    for (size_t i = 0; i < count; i++)
        if (rules[i]->size_over > 0)
            return true;
    return site->settings.decide.limits.message_size > 0;
}

int64_t
message_size_of_header(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(": ") + strlen(value) + strlen("\r\n");
    for (const char *end = strchr(value, '\n'); end != NULL; end = strchr(end + 1, '\n'))
        size += end > value && end[-1] == '\r' ? 0 : 1;
    return (int64_t)size;
}
