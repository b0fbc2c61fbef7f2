/* The settings of an `organization`. */
#include "build.h"

static const struct choice ambiguous[] = {
    {"refuse", AMBIGUOUS_REFUSE}, {"first", AMBIGUOUS_FIRST}, {0}};

static const struct choice sender_demands[] = {
    {"no", SENDERS_NO}, {"unless-local", SENDERS_UNLESS_LOCAL}, {"always", SENDERS_ALWAYS}, {0}};

static const struct choice inbound_demands[] = {
    {"no", INBOUND_NO}, {"when-auth", INBOUND_WHEN_AUTH}, {"always", INBOUND_ALWAYS}, {0}};

static const struct choice unverifiable[] = {
    {"defer", UNVERIFIABLE_DEFER}, {"accept", UNVERIFIABLE_ACCEPT}, {0}};

static const struct row rows[] = {
    {.name = "domains",
     .type = ROW_STRINGS,
     .offset = offsetof(struct organization_values, domains),
     .required = true,
     .help = "The domains that it owns: acme.example, or *.acme.example for all below."},
    {.name = "sources",
     .type = ROW_STRINGS,
     .offset = offsetof(struct organization_values, sources),
     .help = "The sources that know its users, in the order they are asked; sources of type users "
             "are asked before them."},
    {.name = "ambiguous_user",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, ambiguous_user),
     .preset = "refuse",
     .choices = ambiguous,
     .help =
         "When two of its sources know a name: refuse it, or let the first decide. Those of type "
         "smtp, imap and pop3 behind the one that took the password cannot tell, so they are not "
         "asked."},
    {.name = "recipients",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, recipients),
     .help = "The source that knows which recipients exist: mail to others is refused at the "
             "front door. Not set: all are taken. A source of type ldap searches for the address, "
             "one of type smtp asks its server by RCPT (callahead), one of type users knows its "
             "own names."},
    {.name = "unverifiable_recipient",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, unverifiable_recipient),
     .preset = "defer",
     .choices = unverifiable,
     .help = "When that source cannot tell, because it is down or does not say: ask the sending "
             "server to come again later, or take the mail."},
    {.name = "authenticate_senders",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, authenticate_senders),
     .preset = "no",
     .choices = sender_demands,
     .delegable = true,
     .help = "Whether mail whose sender is in one of its domains needs a login: no; unless-local: "
             "only to recipients outside of all organizations; always. It keeps others from "
             "writing in its name."},
    {.name = "authenticate_inbound",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, authenticate_inbound),
     .preset = "no",
     .choices = inbound_demands,
     .delegable = true,
     .help = "Whether mail from one of its domains to one of its domains needs a login: no; "
             "when-auth: only where the listener's auth is not off; always, even where nobody can "
             "log in, so that all such mail is taken for forged."},
    {.name = "shared_with",
     .type = ROW_STRINGS,
     .offset = offsetof(struct organization_values, shared_with),
     .help =
         "Organizations that share its domains with other servers: a sender whom the "
         "recipients or sources of one of them know needs no login for authenticate_senders "
         "and authenticate_inbound (domain sharing). The users file does not count: its names are "
         "on no other server."},
    {.name = "match_sender",
     .type = ROW_BOOL,
     .offset = offsetof(struct organization_values, match_sender),
     .preset = "false",
     .delegable = true,
     .help = "Its users may send under their own names only, and nobody else under a name of its "
             "domains: MAIL FROM is the name that logged in, without case, or an address that its "
             "sources know to be the user's (mail_attribute of ldap); about another "
             "organization's names they are not believed. Bounces (<>) pass. nginx asks about the "
             "sender of those alone who came by a relay_window; after AUTH the message guard "
             "looks."},
    {.name = "match_exempt_senders",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct organization_values, match_exempt_senders),
     .delegable = true,
     .help =
         "A list of kind user: senders that match_sender, and matching-sender of an account "
         "(smtp_auth in a users file), let all of its users use. Not set or an empty list: none."},
    {.name = "match_from",
     .type = ROW_BOOL,
     .offset = offsetof(struct organization_values, match_from),
     .preset = "false",
     .delegable = true,
     .help = "The same for what readers of a message see: every address that its From:, Sender:, "
             "Resent-From: and Resent-Sender: show, in names and comments too, is its user's own, "
             "and nobody else who has logged in shows one of its domains. A header that can be "
             "read in two ways is refused. Mail of those who have not logged in is not looked at: "
             "mailing lists bring such back. By the message guard alone."},
    {.name = "match_exempt_from",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct organization_values, match_exempt_from),
     .delegable = true,
     .help = "A list of kind user: addresses that match_from lets anybody show. Not set or an "
             "empty list: none."},
    {.name = "match_detail",
     .type = ROW_BOOL,
     .offset = offsetof(struct organization_values, match_detail),
     .preset = "false",
     .delegable = true,
     .help = "For match_sender, match_from and matching-sender of an account: who owns "
             "bob@acme.example owns bob+anything@acme.example."},
    {.name = "sender_owners",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct organization_values, sender_owners),
     .delegable = true,
     .help = "A list of kind owners: who may send as whom beside what the sources say, for "
             "match_sender, match_from and matching-sender of an account: shared mailboxes, "
             "newsletters, devices. It counts for senders in its own domains, whoever the user "
             "is, and for its users' senders in domains of no organization. Not set or an empty "
             "list: nobody more."},
    {.name = "auth_exempt_ips",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, auth_exempt_ips),
     .preset = "none",
     .delegable = true,
     .help = "Clients that need no login for authenticate_senders and authenticate_inbound: none, "
             "allow LIST (those in the list) or deny LIST (those not in it), with a list of kind "
             "ip. An empty list exempts nobody."},
    {.name = "auth_users",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, auth_users),
     .preset = "any",
     .delegable = true,
     .help = "Names of its domains that may log in: any, allow LIST or deny LIST, with a list of "
             "kind user. An empty list allows nobody or denies nobody."},
    {.name = "upstream",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, upstream),
     .help = "Where sessions of its users go, instead of to the listener's upstream, upstream_imap "
             "and upstream_pop3. Those without the right to relay go to upstream_inbound all the "
             "same."},
    {.name = "upstream_imap",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, upstream_imap),
     .help = "Where IMAP sessions of its users go, instead of to its upstream."},
    {.name = "upstream_pop3",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, upstream_pop3),
     .help = "Where POP3 sessions of its users go, likewise."},
    {.name = "delegated",
     .type = ROW_PATH,
     .offset = offsetof(struct organization_values, delegated),
     .help = "A file in which its own administrator may set authenticate_senders, "
             "authenticate_inbound, match_sender, match_exempt_senders, match_from, "
             "match_exempt_from, match_detail, sender_owners, auth_exempt_ips, auth_users and "
             "lists (entries only) for it; what stands there holds instead of what "
             "stands here. If it is broken, its last good settings stay in force; after a start, "
             "all that concerns this organization is a temporary failure."},
    {0}};

const struct section_type organization_section = {
    .name = "organization",
    .titled = true,
    .size = sizeof(struct organization_values),
    .rows = rows,
    .help = "A tenant: it owns domains, and the users in them.",
};
