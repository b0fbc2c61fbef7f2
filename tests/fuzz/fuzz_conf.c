/* A configuration of any bytes: a conf or problems, never both and never neither; and what is
 * printed loads to the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sample_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Loads bytes from a file in memory: an include finds next to nothing beside it. */
static struct conf *
load(const void *bytes, size_t size, struct problems *problems)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    problems_init(problems);
    struct conf *conf = conf_load(path, &sample_type, problems);
    close(fd);
    return conf;
}

static char *
print(const struct conf *conf)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        abort();
    conf_print(conf, memory);
    fclose(memory);
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems;
    struct conf *conf = load(data, size, &problems);
    if ((conf == NULL) != (problems.errors > 0))
        abort();
    for (size_t i = 0; i < problems.count; i++)
        if (strncmp(problems_line(&problems, i), "libConfuse", strlen("libConfuse")) == 0)
            abort(); /* it must never have a reason to complain */
    problems_fini(&problems);
    if (conf == NULL)
        return 0;

    char *first = print(conf);
    conf_free(conf);
    conf = load(first, strlen(first), &problems);
    if (conf == NULL)
        abort();
    char *second = print(conf);
    if (strcmp(first, second) != 0)
        abort();
    conf_free(conf);
    problems_fini(&problems);
    free(first);
    free(second);
    return 0;
}
