#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"

enum { PATH_TEXT_MAX = 128, WORDS_MAX = 64 };

/* One walk down the command line. */
struct parse {
    const struct command *command; /* reached so far */
    int argc;
    char **argv;
    int at;
    bool options_over; /* after "--" */
    struct arguments arguments;
};

static const struct option_row common_options[] = {
    {"config", 'c', OPTION_TEXT, offsetof(struct options, config), "FILE",
     "the configuration (default " DEFAULT_CONFIG ")"},
    {"help", 'h', OPTION_FLAG, offsetof(struct options, help), NULL, "print this"},
    {0},
};

static char running[PATH_TEXT_MAX]; /* "mailreeve user add", for usage_error */

int
usage_error(const char *format, ...)
{
    fprintf(stderr, "%s: ", running);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, " (see %s --help)\n", running);
    return EXIT_USAGE;
}

static void
print_options(const struct option_row *rows)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
        char left[64];
        snprintf(left, sizeof left, "%s%.1s%s--%s%s%s", row->letter ? "-" : "",
                 row->letter ? &row->letter : "", row->letter ? ", " : "    ", row->name,
                 row->word != NULL ? " " : "", row->word != NULL ? row->word : "");
        printf("  %-26s %s\n", left, row->help);
    }
}

static void
print_help(const struct parse *parse)
{
    const struct command *command = parse->command;
    printf("usage: %s [OPTION]... %s\n%s\n\n", running,
           command->commands != NULL   ? "COMMAND ..."
           : command->operands != NULL ? command->operands
                                       : "",
           command->help);
    for (const struct command *const *below = command->commands; below != NULL && *below != NULL;
         below++)
        printf("  %-12s %s\n", (*below)->name, (*below)->help);
    if (command->commands != NULL)
        printf("\n");
    print_options(command->options);
    print_options(common_options);
    if (command->print_more != NULL)
        command->print_more(stdout);
}

static const struct option_row *
find_option(const struct option_row *rows, const char *name, size_t length, char letter)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
        bool same_name =
            name != NULL && strlen(row->name) == length && strncmp(row->name, name, length) == 0;
        if (same_name || (letter != 0 && row->letter == letter))
            return row;
    }
    return NULL;
}

static const char *
suggest_option(const struct command *command, const char *name)
{
    const char *words[WORDS_MAX] = {NULL};
    const struct option_row *const tables[] = {command->options, common_options};
    size_t count = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct option_row *row = tables[i];
             row != NULL && row->name != NULL && count + 1 < WORDS_MAX; row++)
            words[count++] = row->name;
    return suggest(name, words);
}

static const char *
suggest_command(const struct command *command, const char *name)
{
    const char *words[WORDS_MAX] = {NULL};
    for (size_t i = 0; command->commands[i] != NULL && i + 1 < WORDS_MAX; i++)
        words[i] = command->commands[i]->name;
    return suggest(name, words);
}

static int
unknown_word(const char *kind, const char *word, const char *dashes, const char *near)
{
    if (near == NULL)
        return usage_error("unknown %s \"%s\"", kind, word);
    return usage_error("unknown %s \"%s\": did you mean \"%s%s\"?", kind, word, dashes, near);
}

static int
store_option(struct parse *parse, const struct option_row *row, const char *value)
{
    char *place = (char *)&parse->arguments.options + row->offset;
    if (row->type == OPTION_FLAG) {
        if (value != NULL)
            return usage_error("--%s takes no value", row->name);
        *(bool *)place = true;
        return EXIT_OK;
    }
    if (value == NULL && parse->at < parse->argc)
        value = parse->argv[parse->at++];
    if (value == NULL)
        return usage_error("--%s needs a value: %s", row->name, row->word);
    *(const char **)place = value;
    return EXIT_OK;
}

/* word is "--name", "--name=value", "-l" or "-lvalue". */
static int
parse_option(struct parse *parse, const char *word)
{
    bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    const char *name = is_long ? word + 2 : NULL;
    size_t length = !is_long ? 0 : equals != NULL ? (size_t)(equals - name) : strlen(name);
    char letter = '\0';
    if (!is_long)
        letter = word[1];

    const struct option_row *row = find_option(parse->command->options, name, length, letter);
    if (row == NULL)
        row = find_option(common_options, name, length, letter);
    if (row == NULL)
        return unknown_word("option", word, "--",
                            is_long ? suggest_option(parse->command, name) : NULL);
    const char *value = is_long ? (equals != NULL ? equals + 1 : NULL) : word + 2;
    return store_option(parse, row, !is_long && *value == '\0' ? NULL : value);
}

static int
enter_command(struct parse *parse, const char *word)
{
    for (const struct command *const *below = parse->command->commands; *below != NULL; below++) {
        if (strcmp((*below)->name, word) != 0)
            continue;
        size_t used = strlen(running);
        snprintf(running + used, sizeof running - used, " %s", word);
        parse->command = *below;
        return EXIT_OK;
    }
    return unknown_word("command", word, "", suggest_command(parse->command, word));
}

static int
parse_words(struct parse *parse)
{
    int status = EXIT_OK;
    while (status == EXIT_OK && parse->at < parse->argc) {
        const char *word = parse->argv[parse->at++];
        if (!parse->options_over && strcmp(word, "--") == 0)
            parse->options_over = true;
        else if (!parse->options_over && word[0] == '-' && word[1] != '\0')
            status = parse_option(parse, word);
        else if (parse->command->commands != NULL)
            status = enter_command(parse, word);
        else
            parse->arguments.operands[parse->arguments.operand_count++] = word;
    }
    return status;
}

static int
check_operands(const struct parse *parse)
{
    const struct command *command = parse->command;
    if (command->commands != NULL)
        return usage_error("which command?");
    if (parse->arguments.operand_count < command->operands_least)
        return usage_error("%s is missing", command->operands);
    if (parse->arguments.operand_count > command->operands_most)
        return usage_error("\"%s\" is one word too many",
                           parse->arguments.operands[command->operands_most]);
    return EXIT_OK;
}

int
command_run(const struct command *program, int argc, char **argv)
{
    struct parse parse = {
        .command = program,
        .argc = argc,
        .argv = argv,
        .arguments = {.options = {.config = DEFAULT_CONFIG},
                      .operands = xcalloc((size_t)argc + 1, sizeof(const char *))},
    };
    snprintf(running, sizeof running, "%s", program->name);

    int status = parse_words(&parse);
    if (status == EXIT_OK && parse.arguments.options.help)
        print_help(&parse);
    else if (status == EXIT_OK && parse.arguments.options.version)
        printf("mailreeve %s\n", MAILREEVE_VERSION);
    else if (status == EXIT_OK) {
        status = check_operands(&parse);
        if (status == EXIT_OK)
            status = parse.command->run(&parse.arguments);
    }
    free(parse.arguments.operands);
    return status;
}
