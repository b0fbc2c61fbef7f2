#include "policy_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

static const struct {
    const char *name;
    enum policy_command command;
} commands[] = {
    {"allow", POLICY_ALLOW},
    {"report", POLICY_REPORT},
    {"ping", POLICY_PING},
};

static enum policy_command
command_named(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strlen(commands[i].name) == length && strncmp(commands[i].name, name, length) == 0)
            return commands[i].command;
    return POLICY_UNKNOWN;
}

enum policy_command
policy_command_parse(const char *query)
{
    static const char key[] = "command=";
    const size_t key_length = strlen(key);
    enum policy_command command = POLICY_UNKNOWN;
    unsigned found = 0;
    while (query != NULL && *query != '\0') {
        const size_t length = strcspn(query, "&");
        if (length >= key_length && strncmp(query, key, key_length) == 0) {
            command = command_named(query + key_length, length - key_length);
            found++;
        }
        query += length + (query[length] == '&' ? 1 : 0);
    }
    return found == 1 ? command : POLICY_UNKNOWN;
}

/* A value that does not matter much: what is no text is none. */
static const char *
text_or(const struct json_document *document, const char *name, const char *otherwise)
{
    const struct json_member member = json_document_find(document, name);
    return member.kind == JSON_KIND_TEXT ? member.text : otherwise;
}

/* A text or a number. Returns whether it is one of them, or not there at all. */
static bool
read_name(const struct json_document *document, const char *name, char digits[24],
          const char **text_r)
{
    const struct json_member member = json_document_find(document, name);
    *text_r = member.kind == JSON_KIND_TEXT ? member.text : "";
    if (member.kind == JSON_KIND_NUMBER) {
        snprintf(digits, 24, "%" PRId64, member.number);
        *text_r = digits;
    }
    return member.kind == JSON_KIND_TEXT || member.kind == JSON_KIND_NUMBER ||
           member.kind == JSON_KIND_NONE;
}

/* true, "true" or 1. Returns whether it can be understood; what is not there is false and is not
 * understood if it is needed. */
static bool
read_flag(const struct json_document *document, const char *name, bool is_needed, bool *flag_r)
{
    const struct json_member member = json_document_find(document, name);
    *flag_r = false;
    switch (member.kind) {
    case JSON_KIND_NONE:
        return !is_needed;
    case JSON_KIND_BOOLEAN:
        *flag_r = member.boolean;
        return true;
    case JSON_KIND_TEXT:
        *flag_r = strcasecmp(member.text, "true") == 0;
        return *flag_r || strcasecmp(member.text, "false") == 0;
    case JSON_KIND_NUMBER:
        *flag_r = member.number == 1;
        return *flag_r || member.number == 0;
    case JSON_KIND_OTHER:
        return false;
    }
    return false;
}

/* Dovecot has no address, and sends none, for a login by a unix socket. */
static bool
read_client(const struct json_document *document, struct netaddr *client_r)
{
    *client_r = (struct netaddr){.family = NETADDR_NONE};
    const struct json_member remote = json_document_find(document, "remote");
    if (remote.kind != JSON_KIND_TEXT)
        return false;
    return remote.text[0] == '\0' || netaddr_parse(remote.text, client_r, NULL) == 0;
}

/* Fills all that the document says. Returns what is wrong with it, or NULL. */
static const char *
read_document(const struct json_document *document, enum policy_command command,
              struct policy_request *request)
{
    const bool is_report = command == POLICY_REPORT;
    request->protocol = text_or(document, "protocol", "");
    request->session = text_or(document, "session_id", "");
    request->mechanism = text_or(document, "mech", "");
    request->fail_type = text_or(document, "fail_type", NULL);
    if (!read_name(document, "login", request->login_digits, &request->login) ||
        json_document_find(document, "login").kind == JSON_KIND_NONE)
        return "login is missing or no text";
    if (!read_name(document, "pwhash", request->hash_digits, &request->password_hash))
        return "pwhash is no text";
    if (!read_client(document, &request->client))
        return "remote is missing or no address";
    if (!read_flag(document, "tls", false, &request->tls))
        return "tls is neither true nor false";
    if (!read_flag(document, "success", is_report, &request->success))
        return "success is missing, or neither true nor false";
    if (!read_flag(document, "policy_reject", false, &request->policy_reject))
        return "policy_reject is neither true nor false";
    return NULL;
}

int
policy_request_decode(struct policy_request *request_r, enum policy_command command,
                      const char *body, size_t length, struct err *err)
{
    *request_r = (struct policy_request){
        .login = "", .password_hash = "", .protocol = "", .session = "", .mechanism = ""};
    request_r->document = json_document_parse(body, length, err);
    if (request_r->document == NULL)
        return -1;
    const char *fault = read_document(request_r->document, command, request_r);
    if (fault == NULL)
        return 0;
    err_set(err, "read the body: %s", fault);
    return -1;
}

void
policy_request_fini(struct policy_request *request)
{
    json_document_free(request->document);
    request->document = NULL;
}

enum verify_outcome
policy_request_outcome(const struct policy_request *request)
{
    static const struct {
        const char *name;
        enum verify_outcome outcome;
    } fail_types[] = {
        {"credentials", VERIFY_WRONG_PASSWORD},
        {"account", VERIFY_UNKNOWN_USER},
        {"disabled", VERIFY_DISABLED},
        {"expired", VERIFY_PASSWORD_EXPIRED},
    };
    if (request->policy_reject)
        return VERIFY_UNAVAILABLE;
    if (request->success)
        return VERIFY_OK;
    if (request->fail_type == NULL)
        return VERIFY_WRONG_PASSWORD;
    for (size_t i = 0; i < sizeof fail_types / sizeof fail_types[0]; i++)
        if (strcmp(request->fail_type, fail_types[i].name) == 0)
            return fail_types[i].outcome;
    return VERIFY_UNAVAILABLE;
}

bool
policy_request_has_password(const struct policy_request *request)
{
    const char *mechanism = request->mechanism;
    const bool is_clear = mechanism[0] == '\0' || strcasecmp(mechanism, "PLAIN") == 0 ||
                          strcasecmp(mechanism, "LOGIN") == 0;
    return is_clear && request->password_hash[0] != '\0';
}

bool
policy_request_is_reading(const struct policy_request *request)
{
    static const char *const names[] = {"imap", "pop3", "imaps", "pop3s"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(request->protocol, names[i]) == 0)
            return true;
    return false;
}
