/* A users file of any bytes: users or problems, never both and never neither; every user is found
 * by his name, and every problem is a line of text with a number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "password.h"
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
    for (size_t i = 0; i < users_file_count(users); i++) {
        const struct user_entry *entry = users_file_at(users, i);
        if (users_file_find(users, entry->name) != entry ||
            password_hash_check(entry->hash, NULL) != 0 || strchr(entry->name, '\n') != NULL)
            abort();
    }
    if ((users_file_typical_hash(users) == NULL) != (users_file_count(users) == 0))
        abort();
    users_file_free(users);
    return 0;
}
