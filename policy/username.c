#include "username.h"

#include <string.h>

#include "ascii.h"
#include "utf8.h"

/* RFC 3461 4: what xtext writes as +HH. */
static bool
needs_xtext(char c)
{
    return c == '+' || c == '=' || (unsigned char)c >= 0x7f || (unsigned char)c <= 0x20;
}

static int
check_characters(const char *bytes, size_t length, enum username_encoding encoding, struct err *err)
{
    if (!utf8_is_printable(bytes, length)) {
        err_set(err, "the user name has a control character or is not UTF-8");
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == ' ') {
            err_set(err, "the user name has a space");
            return -1;
        }
        if (encoding == USERNAME_PLAIN && needs_xtext(bytes[i])) {
            err_set(err, "the user name has '+', '=' or a letter outside of ASCII "
                         "(auth_user_encoding = \"xtext\" allows them)");
            return -1;
        }
    }
    return 0;
}

static int
check_parts(struct username *name, struct err *err)
{
    const char *at = strrchr(name->text, '@');
    name->local_length = at != NULL ? (size_t)(at - name->text) : strlen(name->text);
    if (name->local_length == 0 || (at != NULL && at[1] == '\0')) {
        err_set(err, "nothing stands %s the '@' of the user name",
                name->local_length == 0 ? "before" : "behind");
        return -1;
    }
    return 0;
}

int
username_parse(const char *bytes, size_t length, enum username_encoding encoding,
               const char *default_domain, struct username *name_r, struct err *err)
{
    *name_r = (struct username){.local_length = 0};
    if (length == 0) {
        err_set(err, "the user name is empty");
        return -1;
    }
    bool bare = memchr(bytes, '@', length) == NULL;
    size_t suffix = bare && default_domain != NULL ? 1 + strlen(default_domain) : 0;
    if (length > USERNAME_MAX || length + suffix > USERNAME_MAX) {
        err_set(err, "the user name is longer than %d bytes", USERNAME_MAX);
        return -1;
    }
    struct username name = {.local_length = 0};
    ascii_lower_copy(name.text, bytes, length);
    if (suffix > 0) {
        name.text[length] = '@';
        ascii_lower_copy(name.text + length + 1, default_domain, suffix - 1);
    }
    if (check_characters(name.text, length + suffix, encoding, err) != 0)
        return -1;

    char encoded[USERNAME_ENCODED_MAX + 1];
    if (username_encode(name.text, encoding, encoded) != 0) {
        err_set(err, "the user name is longer than %d bytes in xtext", USERNAME_ENCODED_MAX);
        return -1;
    }
    if (check_parts(&name, err) != 0)
        return -1;
    *name_r = name;
    return 0;
}

const char *
username_domain(const struct username *name)
{
    return name->text[name->local_length] == '@' ? name->text + name->local_length + 1 : NULL;
}

int
username_encode(const char *name, enum username_encoding encoding,
                char text_r[USERNAME_ENCODED_MAX + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    text_r[0] = '\0';
    for (const char *c = name; *c != '\0'; c++) {
        bool escape = needs_xtext(*c);
        if ((escape && encoding == USERNAME_PLAIN) ||
            used + (escape ? 3 : 1) > USERNAME_ENCODED_MAX) {
            text_r[0] = '\0';
            return -1;
        }
        if (escape) {
            text_r[used++] = '+';
            text_r[used++] = digits[(unsigned char)*c >> 4];
            text_r[used++] = digits[(unsigned char)*c & 0xf];
        } else {
            text_r[used++] = *c;
        }
    }
    text_r[used] = '\0';
    return 0;
}
