/* The options that limit what a user, or a device of his, may do. */
#include <stdio.h>

#include "user.h"

int
user_check_limits(const struct options *options)
{
    const struct {
        const char *name, *given, *none;
    } limits[] = {
        {"protocols", options->protocols, "all"},
        {"networks", options->networks, "any"},
        {"smtp-auth", options->smtp_auth, "any-sender"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].given != NULL && limits[i].given[0] == '\0') {
            fprintf(stderr, "--%s is empty (for no limit leave it out, or write %s to user set)\n",
                    limits[i].name, limits[i].none);
            return EXIT_PROBLEM;
        }
    return EXIT_OK;
}
