#include "load.h"

#include <stdio.h>

struct site *
load_site(const char *path)
{
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(path, SITE_CHECK, NULL, &problems);
    if (site == NULL)
        problems_print(&problems, stderr);
    problems_fini(&problems);
    return site;
}
