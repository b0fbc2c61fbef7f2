/* A users file of any bytes: users or problems, never both and never neither; every user and every
 * app password is found by name, and every problem is a line of text with a number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stored.h"
#include "users_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count_problem(void *context, struct origin origin, const struct err *err)
{
    size_t *problems = context;
    if (origin.line == 0 || err->text[0] == '\0' || strchr(err->text, '\n') != NULL)
        abort();
    ++*problems;
}

static void
check_user(const struct users_file *users, const struct user_entry *entry)
{
    if (users_file_find(users, entry->name) != entry || strchr(entry->name, '\n') != NULL ||
        stored_check(entry->hash, strlen(entry->hash), STORED_BARE_CRYPT, NULL) != 0)
        abort();
}

static void
check_app(const struct users_file *users, const struct app_password *app)
{
    const struct app_password *found = users_file_app_passwords(users, app->user);
    while (found != NULL && found != app)
        found = found->next;
    if (found == NULL || users_file_app_of_line(users, app->origin.line) != app ||
        strpbrk(app->name, " \n") != NULL || app->name[0] == '\0')
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t problems = 0;
    struct users_file *users =
        users_file_parse((const char *)data, size, "users", count_problem, &problems);
    if ((users == NULL) != (problems > 0))
        abort();
    if (users == NULL)
        return 0;
    for (size_t i = 0; i < users_file_count(users); i++)
        check_user(users, users_file_at(users, i));
    for (size_t i = 0; i < users_file_app_count(users); i++)
        check_app(users, users_file_app_at(users, i));
    users_file_free(users);
    return 0;
}
