/* Whom the alarm `hijack` is about: an account that sends more messages than it may. */
#include "talk.h"

#include "alarm.h"

enum { HEARD_MAX = 1024 };

#define ANNA "connect 192.0.2.1\nmacro {auth_type} XCLIENT\nmacro {auth_authen} anna@acme.example\n"
#define MAIL "mail <anna@acme.example>\nrcpt <x@far.example>\n"
#define REST "header From: anna@acme.example\neoh\nend\n"

static const struct {
    const char *name, *conf, *script, *want;
} cases[] = {
    {"each message over the limit raises it", "limits { messages_per_user = \"1/1h\" }\n",
     ANNA MAIL REST
     "mail <anna@acme.example> => 452 4.7.1\nmail <anna@acme.example> => 452 4.7.1\n",
     "hijack anna@acme.example client=192.0.2.1 messages=1 limit=1\n"
     "hijack anna@acme.example client=192.0.2.1 messages=1 limit=1\n"},
    {"what the limit allows raises none", "limits { messages_per_user = \"2/1h\" }\n",
     ANNA MAIL REST MAIL REST, ""},
    {"many recipients raise none", "limits { recipients_per_user = \"1/1h\" }\n",
     ANNA MAIL "rcpt <y@far.example> => 452 4.7.1\n" REST, ""},
    {"who has not logged in is no account", "limits { messages_per_user = \"1/1h\" }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nmail <x@far.example>\n", ""},
};

static void
hear(void *context, enum alarm_kind kind, const char *subject, const struct log_field *fields,
     size_t count)
{
    FILE *heard = context;
    fprintf(heard, "%s %s", alarm_kind_name(kind), subject);
    for (size_t i = 0; i < count; i++)
        if (fields[i].type == LOG_FIELD_INT)
            fprintf(heard, " %s=%lld", fields[i].key, (long long)fields[i].number);
        else
            fprintf(heard, " %s=%s", fields[i].key, fields[i].string);
    fprintf(heard, "\n");
}

static void
test_alarms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[HEARD_MAX] = "";
        FILE *heard = fmemopen(text, sizeof text, "w");
        struct talk talk;
        assert_non_null(heard);
        talk_begin(&talk, cases[i].name, cases[i].conf);
        alarm_listen(hear, heard);
        talk_run(&talk, cases[i].script);
        alarm_listen(NULL, NULL);
        fclose(heard);
        if (talk.has_failed || strcmp(text, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].name, text);
        talk_end(&talk);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms),
    };
    return cmocka_run_group_tests(tests, talk_enter, talk_leave);
}
