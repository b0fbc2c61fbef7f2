#include "cases.h"

#include "smtp_path.h"

#define A50  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MAIL PATH_MAIL_FROM
#define RCPT PATH_RCPT_TO

static const struct {
    const char *name;
    enum path_command command;
    const char *line;
    size_t length;
    enum path_kind want;
    const char *want_text; /* the mailbox, or the error */
} cases[] = {
    {"a sender", MAIL, BYTES("MAIL FROM:<a@b>"), PATH_MAILBOX, "a@b"},
    {"a recipient", RCPT, BYTES("RCPT TO:<a@b>"), PATH_MAILBOX, "a@b"},
    {"with CR LF", MAIL, BYTES("MAIL FROM:<a@b>\r\n"), PATH_MAILBOX, "a@b"},
    {"with LF", MAIL, BYTES("MAIL FROM:<a@b>\n"), PATH_MAILBOX, "a@b"},
    {"commands in any case", MAIL, BYTES("mAiL fRoM:<a@b>"), PATH_MAILBOX, "a@b"},
    {"several spaces between the words", RCPT, BYTES("RCPT   TO:<a@b>"), PATH_MAILBOX, "a@b"},
    {"spaces after the colon", MAIL, BYTES("MAIL FROM:  <a@b>"), PATH_MAILBOX, "a@b"},
    {"parameters", MAIL, BYTES("MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME"), PATH_MAILBOX, "a@b"},
    {"a parameter without a value", MAIL, BYTES("MAIL FROM:<a@b> SMTPUTF8"), PATH_MAILBOX, "a@b"},
    {"a parameter with a value of xtext", MAIL, BYTES("MAIL FROM:<a@b> AUTH=<> ENVID=a+20b"),
     PATH_MAILBOX, "a@b"},
    {"what a recipient's parameters look like", RCPT,
     BYTES("RCPT TO:<a@b> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+40b"), PATH_MAILBOX, "a@b"},
    {"what a sender's parameters look like", MAIL,
     BYTES("MAIL FROM:<a@b> RET=HDRS AUTH=a+3Db@c BODY=8BITMIME SMTPUTF8 REQUIRETLS MT-PRIORITY=-2 "
           "HOLDFOR=60 BY=120;R"),
     PATH_MAILBOX, "a@b"},
    {"equal signs in a value, as Postfix writes XVERP", MAIL,
     BYTES("MAIL FROM:<a@b> XVERP=+= ENVID=QQ=="), PATH_MAILBOX, "a@b"},
    {"several spaces between parameters", MAIL, BYTES("MAIL FROM:<a@b>  SIZE=1   BODY=7BIT  "),
     PATH_MAILBOX, "a@b"},
    {"an SMTPUTF8 address", RCPT, BYTES("RCPT TO:<m\xc3\xbcller@\xc3\xbc.example>"), PATH_MAILBOX,
     "m\xc3\xbcller@\xc3\xbc.example"},
    {"the null sender", MAIL, BYTES("MAIL FROM:<> SIZE=10"), PATH_NULL, ""},
    {"a quoted local part with an angle bracket", RCPT, BYTES("RCPT TO:<\"a>b\"@c>"), PATH_MAILBOX,
     "\"a>b\"@c"},
    {"a quoted quote before an angle bracket", RCPT, BYTES("RCPT TO:<\"a\\\">b\"@c>"), PATH_MAILBOX,
     "\"a\\\">b\"@c"},
    {"the domain behind quotes counts", RCPT, BYTES("RCPT TO:<\"x@ours\"@theirs>"), PATH_MAILBOX,
     "\"x@ours\"@theirs"},
    {"a source route is left out", RCPT, BYTES("RCPT TO:<@a.example,@b.example:c@d>"), PATH_MAILBOX,
     "c@d"},
    {"a source route of one", RCPT, BYTES("RCPT TO:<@a:c@d>"), PATH_MAILBOX, "c@d"},
    {"an address literal", RCPT, BYTES("RCPT TO:<a@[IPv6:2001:db8::1]>"), PATH_MAILBOX,
     "a@[ipv6:2001:db8::1]"},
    {"postmaster without a domain", RCPT, BYTES("RCPT TO:<PostMaster>"), PATH_MAILBOX,
     "postmaster"},
    {"postmaster with a domain", RCPT, BYTES("RCPT TO:<PostMaster@b>"), PATH_MAILBOX,
     "postmaster@b"},
    {"a path of 256 bytes", RCPT, BYTES("RCPT TO:<" A50 A50 A50 A50 A50 "aa@b>"), PATH_MAILBOX,
     A50 A50 A50 A50 A50 "aa@b"},

    {"a path of 257 bytes", RCPT, BYTES("RCPT TO:<" A50 A50 A50 A50 A50 "aaa@b>"), PATH_MALFORMED,
     "the path is longer than 256 bytes"},
    {"postmaster as a sender needs a domain", MAIL, BYTES("MAIL FROM:<postmaster>"), PATH_MALFORMED,
     "not of the form local@domain"},
    {"anybody else needs a domain", RCPT, BYTES("RCPT TO:<postmasters>"), PATH_MALFORMED,
     "not of the form local@domain"},
    {"the null path is no recipient", RCPT, BYTES("RCPT TO:<>"), PATH_MALFORMED,
     "the recipient is empty"},
    {"nothing", MAIL, BYTES(""), PATH_MALFORMED, "the command does not begin with MAIL FROM:"},
    {"the other command", MAIL, BYTES("RCPT TO:<a@b>"), PATH_MALFORMED,
     "the command does not begin with MAIL FROM:"},
    {"the other command again", RCPT, BYTES("MAIL FROM:<a@b>"), PATH_MALFORMED,
     "the command does not begin with RCPT TO:"},
    {"no space between the words", MAIL, BYTES("MAILFROM:<a@b>"), PATH_MALFORMED,
     "the command does not begin with MAIL FROM:"},
    {"a space before the colon", MAIL, BYTES("MAIL FROM :<a@b>"), PATH_MALFORMED,
     "the command does not begin with MAIL FROM:"},
    {"a space before the command", MAIL, BYTES(" MAIL FROM:<a@b>"), PATH_MALFORMED,
     "the command does not begin with MAIL FROM:"},
    {"no path", MAIL, BYTES("MAIL FROM:"), PATH_MALFORMED, "the path is not in angle brackets"},
    {"no angle brackets", MAIL, BYTES("MAIL FROM:a@b"), PATH_MALFORMED,
     "the path is not in angle brackets"},
    {"no closing angle bracket", MAIL, BYTES("MAIL FROM:<a@b"), PATH_MALFORMED,
     "the path is not in angle brackets"},
    {"a name before the path", MAIL, BYTES("MAIL FROM:Boss <a@b>"), PATH_MALFORMED,
     "the path is not in angle brackets"},
    {"quotes that do not end", MAIL, BYTES("MAIL FROM:<\"a@b>"), PATH_MALFORMED,
     "the path is not in angle brackets"},
    {"spaces in the path", MAIL, BYTES("MAIL FROM:< a@b >"), PATH_MALFORMED,
     "the local part is empty or has a character that needs quotes"},
    {"two paths", RCPT, BYTES("RCPT TO:<a@b><c@d>"), PATH_MALFORMED,
     "what follows the path is not a list of ESMTP parameters"},
    {"two paths with a space", RCPT, BYTES("RCPT TO:<a@b> <c@d>"), PATH_MALFORMED,
     "what follows the path is not a list of ESMTP parameters"},
    {"a parameter right behind the path", MAIL, BYTES("MAIL FROM:<a@b>SIZE=1"), PATH_MALFORMED,
     "what follows the path is not a list of ESMTP parameters"},
    {"a parameter with an empty value", MAIL, BYTES("MAIL FROM:<a@b> SIZE="), PATH_MALFORMED,
     "what follows the path is not a list of ESMTP parameters"},
    {"a parameter that begins with a hyphen", MAIL, BYTES("MAIL FROM:<a@b> -A=b"), PATH_MALFORMED,
     "what follows the path is not a list of ESMTP parameters"},
    {"a parameter of no letters", MAIL, BYTES("MAIL FROM:<a@b> =b"), PATH_MALFORMED,
     "what follows the path is not a list of ESMTP parameters"},
    {"a source route without a mailbox", RCPT, BYTES("RCPT TO:<@a:>"), PATH_MALFORMED,
     "the address is empty or longer than 254 bytes"},
    {"a source route without a colon", RCPT, BYTES("RCPT TO:<@a,@b>"), PATH_MALFORMED,
     "the source route does not end with a colon"},
    {"a source route with a bare comma", RCPT, BYTES("RCPT TO:<@a,b@c>"), PATH_MALFORMED,
     "the source route does not end with a colon"},
    {"a source route with an empty domain", RCPT, BYTES("RCPT TO:<@:a@b>"), PATH_MALFORMED,
     "the domain is empty or has an empty label"},
    {"two source routes", RCPT, BYTES("RCPT TO:<@a:@b:c@d>"), PATH_MALFORMED,
     "the local part is empty or has a character that needs quotes"},
    {"a NUL in the path", RCPT, BYTES("RCPT TO:<a\0@b>"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
    {"a NUL behind the path", RCPT, BYTES("RCPT TO:<a@b>\0<c@d>"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
    {"a tab", RCPT, BYTES("RCPT TO:\t<a@b>"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
    {"a second command behind a line break", RCPT, BYTES("RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\n"),
     PATH_MALFORMED, "the command has a control character or is not UTF-8"},
    {"a lone CR at the end", RCPT, BYTES("RCPT TO:<a@b>\r"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
    {"two line ends", RCPT, BYTES("RCPT TO:<a@b>\n\n"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
    {"a C1 control character", RCPT, BYTES("RCPT TO:<a\xc2\x9b@b>"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
    {"invalid UTF-8 in a parameter", MAIL, BYTES("MAIL FROM:<a@b> A=\xff"), PATH_MALFORMED,
     "the command has a control character or is not UTF-8"},
};

static void
test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_path path;
        struct err err = {.text = ""};
        enum path_kind kind =
            smtp_path_parse(cases[i].command, cases[i].line, cases[i].length, &path, &err);
        char text[MAILBOX_TEXT_MAX];
        mailbox_format(&path.mailbox, text);
        if (kind != PATH_MAILBOX)
            CHECK(cases[i].name, path.mailbox.local[0] == '\0' && path.mailbox.domain[0] == '\0');
        if (kind != cases[i].want)
            fail_msg("%s: got kind %d (%s)", cases[i].name, (int)kind, err.text);
        CHECK(cases[i].name, path.kind == kind);
        if (kind == PATH_MAILBOX)
            CHECK_TEXT(cases[i].name, text, cases[i].want_text);
        else
            CHECK_TEXT(cases[i].name, err.text, cases[i].want_text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
