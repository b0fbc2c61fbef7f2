#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "app_uses.h"
#include "file.h"
#include "lookup.h"
#include "output.h"
#include "user.h"

enum { NEW_FILE_MODE = 0640, LOCK_WAIT_MS = 30000 };
static const size_t users_file_max_bytes = (size_t)1 << 30;

/* The users source of that name, or the only one if name is NULL. */
static const struct section *
choose_source(const struct conf *conf, const char *name, size_t *count_r)
{
    size_t count = 0;
    const struct section *const *sources = conf_sections(conf, conf_top(conf), "source", &count);
    const struct section *chosen = NULL;
    *count_r = 0;
    for (size_t i = 0; i < count; i++) {
        const char *kind = sources[i]->type->variant_word;
        if (kind == NULL || strcmp(kind, "users") != 0)
            continue;
        if (name != NULL && strcmp(sources[i]->name, name) != 0)
            continue;
        chosen = sources[i];
        ++*count_r;
    }
    return chosen;
}

static int
target_of_source(const struct conf *conf, const struct options *options,
                 struct user_target *target_r)
{
    const char *encoding = lookup_word(conf_top(conf), "auth_user_encoding");
    bool is_plain = encoding == NULL || strcmp(encoding, "xtext") != 0;
    target_r->encoding = is_plain ? USERNAME_PLAIN : USERNAME_XTEXT;

    size_t count = 0;
    const struct section *source = choose_source(conf, options->source, &count);
    if (count == 1) {
        const char *path = lookup_text(source, "file");
        const char *uses_path = lookup_text(source, "last_use");
        if (path == NULL)
            return EXIT_CONFIG;
        target_r->path = xstrdup(path);
        target_r->uses_path = uses_path != NULL ? xstrdup(uses_path) : app_uses_path(path);
        return EXIT_OK;
    }
    if (options->source != NULL)
        fprintf(stderr, "%s: no source of type \"users\" is called \"%s\"\n", options->config,
                options->source);
    else
        fprintf(stderr, "%s: %s sources of type \"users\" (say which with --source or --file)\n",
                options->config, count == 0 ? "it has no" : "it has several");
    return EXIT_CONFIG;
}

int
user_target_find(const struct options *options, struct user_target *target_r)
{
    *target_r = (struct user_target){0};
    if (options->file != NULL && options->source != NULL)
        return usage_error("--file and --source exclude each other");
    if (options->file != NULL) {
        target_r->path = xstrdup(options->file);
        target_r->uses_path = app_uses_path(options->file);
        target_r->encoding = USERNAME_XTEXT;
        return EXIT_OK;
    }
    struct conf *conf = lookup_load(options->config);
    if (conf == NULL)
        return EXIT_CONFIG;
    int status = target_of_source(conf, options, target_r);
    conf_free(conf);
    return status;
}

void
user_target_fini(struct user_target *target)
{
    free(target->path);
    free(target->uses_path);
    *target = (struct user_target){0};
}

int
user_name_parse(const char *text, const struct user_target *target, struct username *name_r)
{
    struct err err;
    if (username_parse(text, strlen(text), target->encoding, NULL, name_r, &err) == 0)
        return EXIT_OK;
    fprintf(stderr, "the name cannot be used: %s\n", err.text);
    return EXIT_PROBLEM;
}

static void
print_problem(void *context, struct origin origin, const struct err *err)
{
    (void)context;
    fprintf(stderr, "%s:%u: ", origin.file, origin.line);
    print_safe(stderr, err->text);
    fputc('\n', stderr);
}

/* The hashes are worth a night of guessing to whoever can read them. */
static void
warn_if_readable(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) != 0)
        fprintf(stderr, "%s: warning: everybody on this machine can read it (chmod o-r %s)\n", path,
                path);
}

int
user_text_read(const char *path, bool missing_is_empty, struct user_text *text_r)
{
    *text_r = (struct user_text){0};
    struct err err;
    if (missing_is_empty && access(path, F_OK) < 0 && errno == ENOENT)
        text_r->bytes = xstrdup("");
    else
        text_r->bytes = file_read(path, users_file_max_bytes, &text_r->length, &err);
    if (text_r->bytes == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_PROBLEM;
    }
    warn_if_readable(path);
    text_r->users = users_file_parse(text_r->bytes, text_r->length, path, print_problem, NULL);
    return text_r->users != NULL ? EXIT_OK : EXIT_PROBLEM;
}

/* Passwords may stand in the file in clear. */
static void
wipe_and_free(char *bytes, size_t length)
{
    if (bytes != NULL)
        explicit_bzero(bytes, length);
    free(bytes);
}

void
user_text_fini(struct user_text *text)
{
    users_file_free(text->users);
    wipe_and_free(text->bytes, text->length);
    *text = (struct user_text){0};
}

/* Writes new text if it is a good users file. */
static int
write_text(const char *path, const char *bytes, size_t length)
{
    struct users_file *users = users_file_parse(bytes, length, path, print_problem, NULL);
    if (users == NULL)
        return EXIT_PROBLEM;
    users_file_free(users);
    struct err err;
    if (file_replace(path, bytes, length, NEW_FILE_MODE, &err) == 0)
        return EXIT_OK;
    fprintf(stderr, "%s\n", err.text);
    return EXIT_PROBLEM;
}

int
user_text_edit(const char *path, bool missing_is_empty, user_edit *edit, const void *change)
{
    struct err err;
    int lock = file_lock(path, LOCK_WAIT_MS, &err);
    if (lock < 0) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_TEMPORARY;
    }
    struct user_text text;
    int status = user_text_read(path, missing_is_empty, &text);
    if (status == EXIT_OK) {
        size_t length = 0;
        char *edited = edit(&text, change, &length);
        status = edited != NULL ? write_text(path, edited, length) : EXIT_PROBLEM;
        wipe_and_free(edited, length);
    }
    user_text_fini(&text);
    close(lock);
    return status;
}
