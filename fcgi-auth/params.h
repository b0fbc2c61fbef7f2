/*
 * params: the FastCGI parameters of a request, by name.
 *
 * Pure. Parameters are "NAME=VALUE" strings, ended by NULL; values are borrowed from them and may
 * be changed in place.
 */
#ifndef MAILREEVE_PARAMS_H
#define MAILREEVE_PARAMS_H

#include <stddef.h>

struct param_name {
    const char *name;
    const char *twice; /* what is wrong when it comes twice: whose value would hold? */
};

/* Finds the values of those names: values_r[i] is that of names[i], the last one if there are
 * several, or NULL. Returns NULL, or what is wrong. */
const char *params_collect(char **params, const struct param_name *names, size_t count,
                           char **values_r);

/* The value of one parameter, the first one if it was sent twice, or NULL. */
const char *param_find(char *const *params, const char *name);

#endif
