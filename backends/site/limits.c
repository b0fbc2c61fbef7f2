/* The `limits` section: how often, as "N/DURATION", and how much at once. */
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "units.h"

struct limits_values {
    const char *logins_per_address, *logins_per_user, *addresses_per_user;
    const char *messages_per_user, *recipients_per_user;
    int64_t recipients_per_message, messages_per_session, message_size_bytes;
};

/* A set of the store forgets the oldest of more than STORE_MEMBERS_MAX. */
enum { SECOND_MS = 1000, LONGEST_D = 30, MOST = 1000000, MEMBERS_MOST = STORE_MEMBERS_MAX - 1 };
static const int64_t LONGEST_MS = LONGEST_D * INT64_C(24) * 60 * 60 * SECOND_MS;

#define AT(member) .offset = offsetof(struct limits_values, member)

static const struct row rows[] = {
    {.name = "logins_per_address",
     .type = ROW_STRING,
     AT(logins_per_address),
     .preset = "0/1min",
     .help = "How often a client may try to log in, right passwords included: \"100/1min\" is a "
             "hundred times a minute. 0: as often as it likes."},
    {.name = "logins_per_user",
     .type = ROW_STRING,
     AT(logins_per_user),
     .preset = "0/1min",
     .help = "The same for a name, from wherever. Somebody else can use it up; account_failures of "
             "screen is the better protection."},
    {.name = "addresses_per_user",
     .type = ROW_STRING,
     AT(addresses_per_user),
     .preset = "0/1h",
     .help =
         "From how many networks (see ipv4_prefix and ipv6_prefix of screen) an account may log "
         "in within a time, at most 255; a further one is refused and raises the alarm hijack. "
         "0: from any number."},
    {.name = "messages_per_user",
     .type = ROW_STRING,
     AT(messages_per_user),
     .preset = "0/1h",
     .help = "How many messages somebody who has logged in may send, by the message guard: "
             "\"200/1h\". A further one is put off with 452 4.7.1 and raises the alarm hijack. "
             "Messages that are refused do not count. 0: any number."},
    {.name = "recipients_per_user",
     .type = ROW_STRING,
     AT(recipients_per_user),
     .preset = "0/1d",
     .help = "The same for the recipients of his messages."},
    {.name = "recipients_per_message",
     .type = ROW_INT,
     AT(recipients_per_message),
     .preset = "0",
     .low = 0,
     .high = MOST,
     .help = "Recipients that the message guard lets a message have, whoever sends it; further "
             "ones are put off with 452 4.5.3, and servers send them another message. 0: any "
             "number."},
    {.name = "messages_per_session",
     .type = ROW_INT,
     AT(messages_per_session),
     .preset = "0",
     .low = 0,
     .high = MOST,
     .help = "Messages that the message guard lets a session send; then the client is to connect "
             "anew. 0: any number."},
    {.name = "message_size",
     .type = ROW_SIZE,
     AT(message_size_bytes),
     .preset = "0",
     .help = "Bytes that the message guard lets a message have, header and body, by what the "
             "client declares and by what it sends. The mail server has a limit of its own "
             "(message_size_limit of Postfix). 0: any number."},
    {0}};

const struct section_type limits_section = {
    .name = "limits",
    .single = true,
    .size = sizeof(struct limits_values),
    .rows = rows,
    .help =
        "How much is too much: NUMBER/DURATION within a time, a number or a size at once. Whoever "
        "is over a limit within a time is asked to come back later. Without this section there "
        "are none; they hold whatever the mode of screen is.",
};

static int
in_range(const char *text, const struct rate *rate, int64_t most, struct err *err)
{
    if (rate->most > most)
        err_set(err, "\"%s\" is out of range (at most %lld)", text, (long long)most);
    else if (rate->within_ms < SECOND_MS || rate->within_ms > LONGEST_MS)
        err_set(err, "\"%s\" is out of range (the time may be 1s to %dd)", text, LONGEST_D);
    else
        return 0;
    return -1;
}

/* "N/DURATION", or 0 alone. */
static int
parse_rate(const char *text, int64_t most, struct rate *rate, struct err *err)
{
    char number[UNITS_TEXT_MAX];
    size_t length = strcspn(text, "/");
    bool has_time = text[length] == '/';
    snprintf(number, sizeof number, "%.*s", (int)(length < sizeof number ? length : 0), text);
    bool is_right = number_parse(number, &rate->most, NULL) == 0;
    if (is_right && rate->most == 0 && !has_time)
        return 0;
    if (is_right && !has_time)
        err_set(err, "\"%s\" has no time (write \"%s/1min\")", text, number);
    else if (is_right && duration_parse(text + length + 1, &rate->within_ms, NULL) == 0)
        return in_range(text, rate, most, err);
    else
        err_set(err, "\"%s\" is not a number and a time (as \"100/1min\"; \"0\" is no limit)",
                text);
    return -1;
}

static void
read_rate(const struct section *section, const char *setting, const char *text, int64_t most,
          struct rate *rate, struct problems *problems)
{
    struct err err;
    if (parse_rate(text, most, rate, &err) != 0)
        section_problem(section, setting, problems, PROBLEM_ERROR, "%s", err.text);
    rate->origin = section_origin(section, setting);
}

/* Within a time. */
static void
read_rates(const struct section *section, struct limits *limits, struct problems *problems)
{
    const struct limits_values *values = section->values;
    read_rate(section, "logins_per_address", values->logins_per_address, MOST,
              &limits->logins_per_address, problems);
    read_rate(section, "logins_per_user", values->logins_per_user, MOST, &limits->logins_per_user,
              problems);
    read_rate(section, "addresses_per_user", values->addresses_per_user, MEMBERS_MOST,
              &limits->addresses_per_user, problems);
    read_rate(section, "messages_per_user", values->messages_per_user, MOST,
              &limits->messages_per_user, problems);
    read_rate(section, "recipients_per_user", values->recipients_per_user, MOST,
              &limits->recipients_per_user, problems);
}

/* At once. */
static void
read_sizes(const struct section *section, struct message_limits *limits)
{
    const struct limits_values *values = section->values;
    *limits = (struct message_limits){
        .recipients_per_message = (unsigned)values->recipients_per_message,
        .messages_per_session = (unsigned)values->messages_per_session,
        .message_size = values->message_size_bytes,
        .recipients_per_message_origin = section_origin(section, "recipients_per_message"),
        .messages_per_session_origin = section_origin(section, "messages_per_session"),
        .message_size_origin = section_origin(section, "message_size"),
    };
}

void
build_limits(struct built_site *built, struct problems *problems)
{
    struct limits *limits = &built->site.settings.limits;
    struct message_limits *message_limits = &built->site.settings.decide.limits;
    const struct rate none = {.origin = conf_top(built->site.conf)->origin};
    *limits = (struct limits){none, none, none, none, none};
    *message_limits = (struct message_limits){
        .recipients_per_message_origin = none.origin,
        .messages_per_session_origin = none.origin,
        .message_size_origin = none.origin,
    };
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "limits", &count);
    if (count == 0)
        return;
    read_rates(sections[0], limits, problems);
    read_sizes(sections[0], message_limits);
}
