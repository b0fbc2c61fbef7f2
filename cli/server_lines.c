#include "server_lines.h"

#include <string.h>

#include "units.h"

/* One of two words. Returns whether it is one of them. */
static bool
read_word(const char *field, const char *yes, const char *no, bool *is_r)
{
    *is_r = strcmp(field, yes) == 0;
    return *is_r || strcmp(field, no) == 0;
}

static bool
read_number(const char *field, uint64_t *number_r)
{
    int64_t number;
    if (number_parse(field, &number, NULL) != 0)
        return false;
    *number_r = (uint64_t)number;
    return true;
}

enum field {
    UPSTREAM,
    SERVER,
    UP,
    CHECKED,
    DRAINED,
    BACKUP,
    FLAPPING,
    WARM,
    ADDRESSES,
    ADDRESSES_UP,
    ADDRESS,
    SESSIONS,
    ERROR,
    FIELDS
};

static int
read_fields(char *const fields[FIELDS], struct server_line *line_r)
{
    line_r->upstream = fields[UPSTREAM];
    line_r->server = fields[SERVER];
    line_r->address = fields[ADDRESS];
    line_r->error = fields[ERROR];
    const bool is_right = read_word(fields[UP], "up", "down", &line_r->is_up) &&
                          read_word(fields[CHECKED], "checked", "unchecked", &line_r->is_checked) &&
                          read_word(fields[DRAINED], "drained", "serving", &line_r->is_drained) &&
                          read_word(fields[BACKUP], "backup", "main", &line_r->is_backup) &&
                          read_word(fields[FLAPPING], "flapping", "steady", &line_r->is_flapping) &&
                          read_number(fields[WARM], &line_r->warm_percent) &&
                          read_number(fields[ADDRESSES], &line_r->addresses) &&
                          read_number(fields[ADDRESSES_UP], &line_r->addresses_up) &&
                          read_number(fields[SESSIONS], &line_r->sessions);
    return is_right && line_r->upstream[0] != '\0' && line_r->server[0] != '\0' ? 1 : -1;
}

int
server_lines_next(char **text, struct server_line *line_r)
{
    char *fields[FIELDS];
    *line_r = (struct server_line){.upstream = ""};
    if (**text == '\0')
        return 0;
    char *line = strsep(text, "\n");
    if (*text == NULL) {
        *text = line + strlen(line);
        return -1; /* it was cut off */
    }
    for (int i = 0; i < FIELDS; i++)
        if ((fields[i] = strsep(&line, "\t")) == NULL)
            return -1;
    return read_fields(fields, line_r);
}
