#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "login_dialog.h"

#define BOTH (LOGIN_MECHANISM_BIT(LOGIN_PLAIN) | LOGIN_MECHANISM_BIT(LOGIN_COMMAND))

#define USER     "boss@acme.example"
#define PASSWORD "open sesame"
#define PLAIN64  "AGJvc3NAYWNtZS5leGFtcGxlAG9wZW4gc2VzYW1l"

/* Runs a dialog: lines of the server's, separated by LF. said_r gets what the client says. */
static enum login_step
run(struct login_dialog *dialog, const char *password, const char *lines, char *said_r, size_t size,
    struct err *err)
{
    struct secret secret;
    secret_init(&secret);
    secret_set(&secret, password, strlen(password));
    dialog->password = &secret;
    said_r[0] = '\0';
    *err = (struct err){0};
    enum login_step step = login_dialog_begin(dialog, err);
    for (const char *line = lines; step != LOGIN_STEP_DONE; line += strcspn(line, "\n") + 1) {
        if (step == LOGIN_STEP_SAY)
            snprintf(said_r + strlen(said_r), size - strlen(said_r), "%s", dialog->say.bytes);
        if (*line == '\0')
            break;
        step = login_dialog_hear(dialog, line, strcspn(line, "\n"), err);
    }
    login_dialog_fini(dialog);
    secret_fini(&secret);
    return step;
}

static const struct login_offer all = {.has_list = true,
                                       .plain = true,
                                       .initial_response = true,
                                       .user = true},
                                slow = {.has_list = true, .plain = true},
                                old = {.has_list = true, .user = true}, none = {0},
                                disabled = {.has_list = true, .login_disabled = true},
                                without_user = {.has_list = true},
                                preauth = {.is_preauthenticated = true, .plain = true};
static const struct {
    const char *name;
    enum login_protocol protocol;
    unsigned mechanisms;
    const struct login_offer *offer;
    const char *lines, *want_said;
    enum login_judgement want;
    const char *want_err;
} dialogs[] = {
    {"PLAIN at once", LOGIN_IMAP, BOTH, &all, "mailreeve OK in\n",
     "mailreeve AUTHENTICATE PLAIN " PLAIN64 "\r\n", LOGIN_RIGHT, ""},
    {"PLAIN in two steps", LOGIN_IMAP, BOTH, &slow, "+ \nmailreeve OK in\n",
     "mailreeve AUTHENTICATE PLAIN\r\n" PLAIN64 "\r\n", LOGIN_RIGHT, ""},
    {"LOGIN where PLAIN is not offered", LOGIN_IMAP, BOTH, &old, "+ go\n+ go\nmailreeve NO no\n",
     "mailreeve LOGIN {17}\r\n" USER " {11}\r\n" PASSWORD "\r\n", LOGIN_WRONG,
     "LOGIN: the server said NO"},
    {"LOGIN where PLAIN is not allowed", LOGIN_IMAP, LOGIN_MECHANISM_BIT(LOGIN_COMMAND), &all,
     "+ go\n+ go\nmailreeve OK in\n", "mailreeve LOGIN {17}\r\n" USER " {11}\r\n" PASSWORD "\r\n",
     LOGIN_RIGHT, ""},
    {"LOGIN disabled", LOGIN_IMAP, BOTH, &disabled, "", "", LOGIN_REFUSED_US,
     "the server offers none of the configured mechanisms"},
    {"PLAIN alone is allowed and not offered", LOGIN_IMAP, LOGIN_MECHANISM_BIT(LOGIN_PLAIN), &old,
     "", "", LOGIN_REFUSED_US, "the server offers none of the configured mechanisms"},
    {"a server that takes us for somebody hears no password", LOGIN_IMAP, BOTH, &preauth, "", "",
     LOGIN_REFUSED_US, "the server takes whoever connects for somebody that it knows (PREAUTH)"},
    {"things aside are passed over", LOGIN_IMAP, BOTH, &all,
     "* CAPABILITY X\n* OK still here\nmailreeve NO [EXPIRED] x\n",
     "mailreeve AUTHENTICATE PLAIN " PLAIN64 "\r\n", LOGIN_PASSWORD_EXPIRED,
     "AUTHENTICATE PLAIN: the server said NO [EXPIRED]"},
    {"an OK before the password is no yes", LOGIN_IMAP, BOTH, &slow, "mailreeve OK in\n",
     "mailreeve AUTHENTICATE PLAIN\r\n", LOGIN_NOT_JUDGED,
     "AUTHENTICATE PLAIN: the server said OK"},
    {"nor one behind the name", LOGIN_IMAP, BOTH, &old, "+ \nmailreeve OK in\n",
     "mailreeve LOGIN {17}\r\n" USER " {11}\r\n", LOGIN_NOT_JUDGED, "LOGIN: the server said OK"},
    {"an OK with another tag is no yes", LOGIN_IMAP, BOTH, &all, "A001 OK in\n",
     "mailreeve AUTHENTICATE PLAIN " PLAIN64 "\r\n", LOGIN_NOT_JUDGED,
     "AUTHENTICATE PLAIN: the server said something that is no answer"},
    {"a NO before the password is no no", LOGIN_IMAP, BOTH, &slow,
     "mailreeve NO [AUTHENTICATIONFAILED] x\n", "mailreeve AUTHENTICATE PLAIN\r\n",
     LOGIN_REFUSED_US, "AUTHENTICATE PLAIN: the server said NO [AUTHENTICATIONFAILED]"},
    {"a second continuation is no answer", LOGIN_IMAP, BOTH, &all, "+ more\n",
     "mailreeve AUTHENTICATE PLAIN " PLAIN64 "\r\n", LOGIN_NOT_JUDGED,
     "AUTHENTICATE PLAIN: the server said +"},
    {"BYE", LOGIN_IMAP, BOTH, &slow, "+ \n* BYE x\n",
     "mailreeve AUTHENTICATE PLAIN\r\n" PLAIN64 "\r\n", LOGIN_NOT_JUDGED,
     "AUTHENTICATE PLAIN: the server said BYE"},
    {"an echo of the password is not told", LOGIN_IMAP, BOTH, &all,
     "mailreeve NO [" PLAIN64 "] " PLAIN64 "\n", "mailreeve AUTHENTICATE PLAIN " PLAIN64 "\r\n",
     LOGIN_UNCLEAR,
     "AUTHENTICATE PLAIN: the server said NO with a code that says nothing about a password"},

    {"AUTH PLAIN", LOGIN_POP3, BOTH, &all, "+ \n+OK in\n", "AUTH PLAIN\r\n" PLAIN64 "\r\n",
     LOGIN_RIGHT, ""},
    {"AUTH PLAIN refused before the password", LOGIN_POP3, BOTH, &all, "-ERR [AUTH] no\n",
     "AUTH PLAIN\r\n", LOGIN_REFUSED_US, "AUTH PLAIN: the server said -ERR [AUTH]"},
    {"+OK before the password is no yes", LOGIN_POP3, BOTH, &all, "+OK in\n", "AUTH PLAIN\r\n",
     LOGIN_NOT_JUDGED, "AUTH PLAIN: the server said +OK"},
    {"USER and PASS", LOGIN_POP3, BOTH, &old, "+OK\n+OK in\n",
     "USER " USER "\r\nPASS " PASSWORD "\r\n", LOGIN_RIGHT, ""},
    {"USER and PASS of a server without CAPA", LOGIN_POP3, BOTH, &none, "+OK\n-ERR no\n",
     "USER " USER "\r\nPASS " PASSWORD "\r\n", LOGIN_WRONG, "PASS: the server said -ERR"},
    {"USER that is not offered", LOGIN_POP3, BOTH, &without_user, "", "", LOGIN_REFUSED_US,
     "the server offers none of the configured mechanisms"},
    {"a name that POP3 never heard of", LOGIN_POP3, BOTH, &old, "-ERR never heard of it\n",
     "USER " USER "\r\n", LOGIN_WRONG, "USER: the server said -ERR"},
    {"an outage at USER", LOGIN_POP3, BOTH, &old, "-ERR [SYS/TEMP] later\n", "USER " USER "\r\n",
     LOGIN_NOT_JUDGED, "USER: the server said -ERR [SYS/TEMP]"},
    {"a continuation at USER", LOGIN_POP3, BOTH, &old, "+ \n", "USER " USER "\r\n",
     LOGIN_NOT_JUDGED, "USER: the server said +"},
};

static void
test_dialogs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dialogs / sizeof dialogs[0]; i++) {
        struct login_dialog dialog = {.protocol = dialogs[i].protocol,
                                      .mechanisms = dialogs[i].mechanisms,
                                      .offer = dialogs[i].offer,
                                      .user = USER};
        char said[1024];
        struct err err;
        print_message("%s\n", dialogs[i].name);
        assert_int_equal(run(&dialog, PASSWORD, dialogs[i].lines, said, sizeof said, &err),
                         LOGIN_STEP_DONE);
        assert_string_equal(said, dialogs[i].want_said);
        assert_int_equal(dialog.judgement, dialogs[i].want);
        assert_string_equal(err.text, dialogs[i].want_err);
    }
}

/* What could end or turn a command is only bytes to the server. */
static void
test_passwords_are_sent_as_they_are(void **state)
{
    (void)state;
    static const struct login_offer command = {.has_list = true, .user = true};
    static const struct {
        const char *password, *want_imap, *want_pop3;
    } cases[] = {
        {"a\"b\\c", "{5}\r\na\"b\\c\r\n", "PASS a\"b\\c\r\n"},
        {" a  b ", "{6}\r\n a  b \r\n", "PASS  a  b \r\n"},
        {"w\xc3\xb6rd\xff", "{6}\r\nw\xc3\xb6rd\xff\r\n", "PASS w\xc3\xb6rd\xff\r\n"},
        {"{3}", "{3}\r\n{3}\r\n", "PASS {3}\r\n"},
        {"x) LOGIN y", "{10}\r\nx) LOGIN y\r\n", "PASS x) LOGIN y\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct login_dialog imap = {
            .protocol = LOGIN_IMAP, .mechanisms = BOTH, .offer = &command, .user = USER};
        struct login_dialog pop3 = {
            .protocol = LOGIN_POP3, .mechanisms = BOTH, .offer = &command, .user = USER};
        char said[1024], want[1024];
        struct err err;
        run(&imap, cases[i].password, "+\n+\nmailreeve OK\n", said, sizeof said, &err);
        snprintf(want, sizeof want, "mailreeve LOGIN {17}\r\n" USER " %s", cases[i].want_imap);
        assert_string_equal(said, want);
        run(&pop3, cases[i].password, "+OK\n+OK\n", said, sizeof said, &err);
        snprintf(want, sizeof want, "USER " USER "\r\n%s", cases[i].want_pop3);
        assert_string_equal(said, want);
    }
}

static void
test_the_longest_name_and_password_fit(void **state)
{
    (void)state;
    char user[255], password[1025], said[4096];
    memset(user, 'u', sizeof user - 1);
    memset(password, 'p', sizeof password - 1);
    user[sizeof user - 1] = password[sizeof password - 1] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        const struct login_offer offer = {
            .has_list = true, .user = true, .plain = i & 1, .initial_response = i & 2};
        struct login_dialog dialog = {.protocol = i & 4 ? LOGIN_IMAP : LOGIN_POP3,
                                      .mechanisms = BOTH,
                                      .offer = &offer,
                                      .user = user};
        struct err err;
        const char *lines = i & 4   ? i & 2 && i & 1 ? "mailreeve OK\n"
                                      : i & 1        ? "+\nmailreeve OK\n"
                                                     : "+\n+\nmailreeve OK\n"
                            : i & 1 ? "+\n+OK\n"
                                    : "+OK\n+OK\n";
        run(&dialog, password, lines, said, sizeof said, &err);
        assert_int_equal(dialog.judgement, LOGIN_RIGHT);
    }
}

static void
test_a_server_that_only_talks_is_left(void **state)
{
    (void)state;
    static const struct login_offer offer = {
        .has_list = true, .plain = true, .initial_response = true};
    char lines[(LOGIN_ASIDES_MAX + 2) * 8] = "", said[1024];
    for (int i = 0; i <= LOGIN_ASIDES_MAX; i++)
        strcat(lines, "* OK x\n");
    struct login_dialog dialog = {
        .protocol = LOGIN_IMAP, .mechanisms = BOTH, .offer = &offer, .user = USER};
    struct err err;
    assert_int_equal(run(&dialog, PASSWORD, lines, said, sizeof said, &err), LOGIN_STEP_DONE);
    assert_int_equal(dialog.judgement, LOGIN_NOT_JUDGED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogs),
        cmocka_unit_test(test_passwords_are_sent_as_they_are),
        cmocka_unit_test(test_the_longest_name_and_password_fit),
        cmocka_unit_test(test_a_server_that_only_talks_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
