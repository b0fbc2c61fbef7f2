#include "values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "file.h"
#include "units.h"
#include "utf8.h"

/* The member of a section's struct that a row describes. The struct is typed by offsets only. */
static void *
member(const struct row *row, void *values)
{
    return (char *)values + row->offset;
}

bool
value_is_list(const struct row *row)
{
    return row->type == ROW_STRINGS || row->type == ROW_CHOICES;
}

static int
parse_bool(const char *text, bool *value_r, struct err *err)
{
    static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (int value = 0; value < 2; value++)
            if (strcasecmp(text, words[i][value]) == 0) {
                *value_r = value;
                return 0;
            }
    err_set(err, "\"%s\" is neither true nor false (write true or false)", text);
    return -1;
}

/* Writes `a, b or c`. */
static void
write_words(const struct choice *choices, char *text_r, size_t size)
{
    size_t used = 0;
    text_r[0] = '\0';
    for (size_t i = 0; choices[i].word != NULL && used < size; i++) {
        bool is_last = choices[i + 1].word == NULL;
        used += (size_t)snprintf(text_r + used, size - used, "%s%s",
                                 i == 0    ? ""
                                 : is_last ? " or "
                                           : ", ",
                                 choices[i].word);
    }
}

static const struct choice *
parse_choice(const struct row *row, const char *text, struct err *err)
{
    const char *words[64] = {NULL};
    for (size_t i = 0; row->choices[i].word != NULL; i++) {
        if (strcmp(row->choices[i].word, text) == 0)
            return &row->choices[i];
        if (i + 1 < sizeof words / sizeof words[0])
            words[i] = row->choices[i].word;
    }
    char all[256], suggestion[SUGGEST_TEXT_MAX];
    write_words(row->choices, all, sizeof all);
    suggest_text(text, words, suggestion);
    if (suggestion[0] != '\0')
        err_set(err, "\"%s\" is not %s%s", text, all, suggestion);
    else
        err_set(err, "\"%s\" is unknown (it may be %s)", text, all);
    return NULL;
}

static void
format_amount(const struct row *row, int64_t amount, char text_r[UNITS_TEXT_MAX])
{
    if (row->type == ROW_DURATION)
        duration_format(amount, text_r);
    else if (row->type == ROW_SIZE)
        size_format(amount, text_r);
    else
        snprintf(text_r, UNITS_TEXT_MAX, "%" PRId64, amount);
}

static int
parse_amount(const struct row *row, const char *text, int64_t *amount_r, struct err *err)
{
    int result = row->type == ROW_DURATION ? duration_parse(text, amount_r, err)
                 : row->type == ROW_SIZE   ? size_parse(text, amount_r, err)
                                           : number_parse(text, amount_r, err);
    bool is_limited = row->low != 0 || row->high != 0;
    if (result == 0 && is_limited && (*amount_r < row->low || *amount_r > row->high)) {
        char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
        format_amount(row, row->low, low);
        format_amount(row, row->high, high);
        err_set(err, "%s is out of range (%s to %s)", text, low, high);
        result = -1;
    }
    return result;
}

int
value_parse(struct conf *conf, const struct row *row, const char *text, void *values,
            struct err *err)
{
    void *at = member(row, values);
    const struct choice *choice;
    if (text[0] == '\0' && row->may_be_empty) {
        *(const char **)at = NULL;
        return 0;
    }
    if (text[0] == '\0') {
        err_set(err, "is empty (leave the setting out if it is not wanted)");
        return -1;
    }
    if (!utf8_is_printable(text, strlen(text))) {
        err_set(err, "holds a control character or is not UTF-8");
        return -1;
    }
    switch (row->type) {
    case ROW_BOOL:
        return parse_bool(text, at, err);
    case ROW_INT:
    case ROW_DURATION:
    case ROW_SIZE:
        return parse_amount(row, text, at, err);
    case ROW_STRING:
        *(const char **)at = text;
        return 0;
    case ROW_PATH:
        *(const char **)at = conf_keep(conf, file_beside(conf_path(conf), text));
        return 0;
    case ROW_CHOICE:
        choice = parse_choice(row, text, err);
        if (choice != NULL)
            *(int *)at = choice->value;
        return choice != NULL ? 0 : -1;
    case ROW_CHOICES:
        choice = parse_choice(row, text, err);
        if (choice != NULL)
            *(unsigned *)at |= 1u << (unsigned)choice->value;
        return choice != NULL ? 0 : -1;
    case ROW_STRINGS:
        break;
    }
    return 0;
}

/* A preset of a list is its words with blanks or commas between them; braces and quotes are
 * decoration. */
static void
preset_list(struct conf *conf, const struct row *row, void *values)
{
    static const char separators[] = " ,{}\"";
    struct strings *strings = member(row, values);
    char *words = conf_keep(conf, xstrdup(row->preset));
    const char **items = conf_keep(conf, xcalloc(strlen(words) + 1, sizeof *items));
    size_t count = 0;
    char *rest = words;
    for (char *word; (word = strtok_r(rest, separators, &rest)) != NULL;)
        items[count++] = word;

    if (row->type == ROW_STRINGS)
        *strings = (struct strings){
            items, conf_keep(conf, xcalloc(count + 1, sizeof(struct origin))), count};
    for (size_t i = 0; row->type == ROW_CHOICES && i < count; i++)
        if (value_parse(conf, row, items[i], values, NULL) != 0)
            abort(); /* the row is wrong */
}

void
value_presets(struct conf *conf, const struct section_type *type, void *values)
{
    for (const struct row *row = type->rows; row != NULL && row->name != NULL; row++) {
        if (row->preset == NULL)
            continue;
        if (value_is_list(row))
            preset_list(conf, row, values);
        else if (value_parse(conf, row, row->preset, values, NULL) != 0)
            abort(); /* the row is wrong */
    }
}
