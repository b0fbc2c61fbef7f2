#include "decide_request.h"

#include <stdio.h>

/* What is wrong with MAIL, or NULL. */
static const char *
find_fault_of_mail(const struct question *question, struct err *err)
{
    const struct facts *facts = question->facts;
    if (facts->malformed != NULL)
        return facts->malformed;
    if (facts->protocol != PROTOCOL_SMTP)
        return "only SMTP has sessions without authentication";
    if (facts->mail_from == NULL)
        return "no sender or no recipient was sent";
    if (smtp_path_parse(PATH_MAIL_FROM, facts->mail_from, facts->mail_from_length,
                        &question->decision->sender, err) != PATH_MALFORMED)
        return NULL;
    err_wrap(err, "sender");
    return err->text;
}

static const char *
find_fault_of_recipient(const struct question *question, struct err *err)
{
    const struct facts *facts = question->facts;
    if (facts->rcpt_to == NULL)
        return "no sender or no recipient was sent";
    if (smtp_path_parse(PATH_RCPT_TO, facts->rcpt_to, facts->rcpt_to_length,
                        &question->decision->recipient, err) != PATH_MALFORMED)
        return NULL;
    err_wrap(err, "recipient");
    return err->text;
}

static const struct organization *
owner_of(const struct question *question, const struct mailbox *mailbox)
{
    return mailbox->domain[0] != '\0' ? tenancy_owner(question->tenancy, mailbox->domain) : NULL;
}

static void
find_owners(const struct question *question)
{
    struct decision *decision = question->decision;
    decision->recipient_address = decision->recipient.mailbox;
    struct mailbox *recipient = &decision->recipient_address;
    if (decision->recipient.kind == PATH_MAILBOX && recipient->domain[0] == '\0' &&
        decision->listener != NULL && decision->listener->default_domain != NULL) /* <postmaster> */
        snprintf(recipient->domain, sizeof recipient->domain, "%s",
                 decision->listener->default_domain);
    decision->recipient_organization = owner_of(question, recipient);
    decision->sender_organization = owner_of(question, &decision->sender.mailbox);
    decision->organization = decision->recipient_organization != NULL
                                 ? decision->recipient_organization
                                 : decision->sender_organization;
}

static bool
conclude(const struct question *question, const char *fault)
{
    struct rule_ref rule = question_fixed_rule(question, "malformed request", fault);
    if (fault == NULL)
        find_owners(question);
    return question_unless(question, fault != NULL, REASON_REQUEST_MALFORMED, &rule);
}

bool
request_ask_mail(const struct question *question)
{
    struct err err = {.text = ""};
    return conclude(question, find_fault_of_mail(question, &err));
}

bool
request_ask_recipient(const struct question *question)
{
    struct err err = {.text = ""};
    const char *fault = find_fault_of_mail(question, &err);
    if (fault == NULL)
        fault = find_fault_of_recipient(question, &err);
    return conclude(question, fault);
}
