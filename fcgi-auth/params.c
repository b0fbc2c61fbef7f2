#include "params.h"

#include <string.h>

/* The value behind "name=", or NULL if the parameter has another name. */
static char *
value_of(char *param, const char *name)
{
    size_t length = strlen(name);
    return strncmp(param, name, length) == 0 && param[length] == '=' ? param + length + 1 : NULL;
}

const char *
params_collect(char **params, const struct param_name *names, size_t count, char **values_r)
{
    const char *fault = NULL;
    memset(values_r, 0, count * sizeof *values_r);
    for (; *params != NULL; params++)
        for (size_t i = 0; i < count; i++) {
            char *value = value_of(*params, names[i].name);
            if (value == NULL)
                continue;
            if (values_r[i] != NULL)
                fault = names[i].twice;
            values_r[i] = value;
            break;
        }
    return fault;
}

const char *
param_find(char *const *params, const char *name)
{
    for (; *params != NULL; params++) {
        const char *value = value_of(*params, name);
        if (value != NULL)
            return value;
    }
    return NULL;
}
