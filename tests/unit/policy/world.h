/*
 * A small configuration to ask decide_* about: one listener, two organizations, two lists.
 *
 * world_init makes a session that every rule lets go on: boss@acme.example on listener "submission"
 * with TLS from 192.0.2.1, or without AUTH a mail from a stranger to boss@acme.example. A test
 * changes what it is about. What a case puts into facts must outlive the call.
 */
#ifndef MAILREEVE_WORLD_H
#define MAILREEVE_WORLD_H

#include "cases.h"

#include <stdio.h>

#include "certificates.h"
#include "decide.h"

enum { WORLD_SHOWN_MAX = 8 };

struct world {
    struct tenancy *tenancy;
    struct listener *listener;           /* line 10, its settings in lines 11 to 19, 23 to 27 */
    struct organization *acme, *widgets; /* lines 20 and 30; acme's settings in lines 33 to 46,
                                           widgets' in 47 to 49 */
    struct list *addresses, *names;      /* lines 40 and 50, entries in file "list"; empty */
    struct list *everybody;              /* of addresses; line 51; frozen */
    struct certificates *certificates;   /* line 70; of boss and of others in file "phones" */
    struct decide_settings settings;
    struct facts facts;
    struct message_facts message; /* of facts, once world_guard was called */
    struct shown_address shown[WORLD_SHOWN_MAX];
    enum verify_outcome
        outcome;            /* what the source in line 60 says about a login, and the account */
    struct account account; /* of users:4 */
    struct decision decision;
    char trail[4096]; /* a line for each rule that was asked: answer, blank, rule */
};

static char world_upstreams[8];

/* Upstreams are opaque to policy: their addresses are all that counts. */
static inline struct upstream *
world_upstream(size_t number)
{
    return (void *)&world_upstreams[number];
}

static inline struct origin
world_line(unsigned line)
{
    return (struct origin){.file = "conf", .line = line};
}

static inline struct facts
world_facts(void)
{
    struct facts facts = {.protocol = PROTOCOL_SMTP,
                          .method = METHOD_PLAIN,
                          .listener = "submission",
                          .tls = true,
                          .attempt = 1,
                          .user = "boss@acme.example",
                          .user_length = 17,
                          .password = "secret",
                          .password_length = 6,
                          .mail_from = "MAIL FROM:<stranger@elsewhere.example>",
                          .mail_from_length = 38,
                          .rcpt_to = "RCPT TO:<boss@acme.example>",
                          .rcpt_to_length = 27,
                          .owned = {.knowledge = KNOWLEDGE_UNKNOWN}};
    netaddr_parse("192.0.2.1", &facts.client, NULL);
    return facts;
}

#define WORLD_FINGERPRINT "8f43288ad272f3103b6fb1428485ea3014c0bcfe"

static inline struct certificates *
world_certificates(void)
{
    static const char *const entries[] = {"boss@acme.example " WORLD_FINGERPRINT,
                                          "Eve@WIDGETS.example CN=Eve,O=Widgets",
                                          "printer CN=Printer", "boss+x@acme.example CN=Plus"};
    struct certificates *certificates = certificates_create("phones", world_line(70));
    for (unsigned i = 0; i < COUNT_OF(entries); i++) {
        struct origin origin = {.file = "phones", .line = i + 1};
        assert_int_equal(certificates_add(certificates, entries[i], origin, NULL), 0);
    }
    return certificates;
}

static inline void
world_init(struct world *world)
{
    *world = (struct world){
        .settings = {.origin = world_line(1),
                     .failure_delay_s = 2,
                     .max_attempts = 3,
                     .limits = {.messages_per_session_origin = world_line(90),
                                .recipients_per_message_origin = world_line(91),
                                .message_size_origin = world_line(92)}},
        .facts = world_facts(),
        .outcome = VERIFY_OK,
        .account = {.name = "boss@acme.example", .origin = {.file = "users", .line = 4}}};
    world->tenancy = tenancy_create();
    world->listener = tenancy_add_listener(world->tenancy, "submission", world_line(10), NULL);
    world->listener->auth = AUTH_ENCRYPTED;
    world->listener->auth_origin = world_line(11);
    world->listener->methods = METHOD_BIT(METHOD_PLAIN);
    world->listener->methods_origin = world_line(12);
    world->listener->require_tls_origin = world_line(13);
    world->listener->require_auth_origin = world_line(14);
    world->listener->auth_ips.origin = world_line(15);
    world->listener->auth_users.origin = world_line(16);
    world->listener->relay = RELAY_ALL;
    world->listener->relay_origin = world_line(17);
    world->listener->relay_ips.origin = world_line(18);
    world->listener->roles_must_auth.origin = world_line(19);
    world->listener->local_ips.origin = world_line(23);
    world->listener->trusted_ips.origin = world_line(24);
    world->listener->relay_window_origin = world_line(25);
    world->listener->on_auth_when_off_origin = world_line(26);
    world->listener->certificates_origin = world_line(27);
    world->listener->upstream = world_upstream(0);
    world->listener->upstream_inbound = world_upstream(1);
    world->acme = tenancy_add_organization(world->tenancy, "acme", world_line(20), NULL);
    world->acme->auth_users.origin = world_line(21);
    world->acme->authenticate_senders_origin = world_line(33);
    world->acme->authenticate_inbound_origin = world_line(34);
    world->acme->auth_exempt_ips.origin = world_line(35);
    world->acme->recipients_origin = world_line(36);
    world->acme->unverifiable_recipient_origin = world_line(37);
    world->acme->shared_with_origin = world_line(38);
    world->acme->match_sender_origin = world_line(39);
    world->acme->match_exempt_senders.origin = world_line(41);
    world->acme->broken_origin = world_line(42);
    world->acme->match_from_origin = world_line(44);
    world->acme->sender_owners_origin = world_line(45);
    world->acme->match_exempt_from.origin = world_line(46);
    world->widgets = tenancy_add_organization(world->tenancy, "widgets", world_line(30), NULL);
    world->widgets->auth_users.origin = world_line(31);
    world->widgets->match_from_origin = world_line(47);
    world->widgets->sender_owners_origin = world_line(48);
    world->widgets->match_exempt_from.origin = world_line(49);
    tenancy_claim_domain(world->tenancy, world->acme, "acme.example", world_line(22), NULL);
    tenancy_claim_domain(world->tenancy, world->widgets, "widgets.example", world_line(32), NULL);
    world->addresses = list_create("addresses", LIST_IP, world_line(40));
    world->names = list_create("names", LIST_USER, world_line(50));
    world->everybody = list_create("everybody", LIST_IP, world_line(51));
    list_add(world->everybody, "0.0.0.0/0", world_line(52), NULL);
    list_freeze(world->everybody);
    world->certificates = world_certificates();
}

static inline void
world_fini(struct world *world)
{
    tenancy_free(world->tenancy);
    list_free(world->addresses);
    list_free(world->names);
    list_free(world->everybody);
    certificates_free(world->certificates);
}

/* Adds entries until a NULL or the end of the array, as lines 1, 2 ... of the file "list". */
static inline void
world_fill(struct list *list, const char *const entries[], size_t count)
{
    for (unsigned i = 0; i < count && entries[i] != NULL; i++) {
        struct err err;
        struct origin origin = {.file = "list", .line = i + 1};
        if (list_add(list, entries[i], origin, &err) != 0)
            fail_msg("%s: %s", entries[i], err.text);
    }
}

static inline void
world_freeze(struct world *world)
{
    list_freeze(world->addresses);
    list_freeze(world->names);
}

/* The whole command lines. */
static inline void
world_from(struct world *world, const char *mail_from)
{
    world->facts.mail_from = mail_from;
    world->facts.mail_from_length = strlen(mail_from);
}

static inline void
world_to(struct world *world, const char *rcpt_to)
{
    world->facts.rcpt_to = rcpt_to;
    world->facts.rcpt_to_length = strlen(rcpt_to);
}

/* NULL: the client has no address. */
static inline void
world_client(struct world *world, const char *address)
{
    world->facts.client = (struct netaddr){.family = NETADDR_NONE};
    if (address != NULL && netaddr_parse(address, &world->facts.client, NULL) != 0)
        fail_msg("%s is no address", address);
}

/* The client has logged in by POP or IMAP as that user; NULL: it has not. */
static inline void
world_window(struct world *world, const char *user)
{
    world->listener->relay_window_ms = 900000;
    world->facts.window = user;
}

/* It is the message guard that asks; the mail server says that the user has logged in, NULL:
 * nobody. */
static inline void
world_guard(struct world *world, const char *user)
{
    world->facts.method = METHOD_NONE;
    world->facts.tls = false;
    world->message = (struct message_facts){.authenticated = user, .shown = world->shown};
    world->facts.message = &world->message;
}

/* The message shows one address more. */
static inline void
world_show(struct world *world, const char *header, const char *address, bool is_author)
{
    struct shown_address *shown = &world->shown[world->message.shown_count++];
    assert_true(world->message.shown_count <= WORLD_SHOWN_MAX);
    *shown = (struct shown_address){.header = header, .is_author = is_author};
    if (mailbox_parse(address, strlen(address), &shown->mailbox, NULL) != 0)
        fail_msg("%s is no address", address);
}

/* The client logs in by the certificate of boss@acme.example, and gives no name. */
static inline void
world_external(struct world *world)
{
    world->listener->methods = METHOD_BIT(METHOD_EXTERNAL);
    world->listener->certificates = world->certificates;
    world->facts.method = METHOD_EXTERNAL;
    world->facts.user = NULL;
    world->facts.user_length = 0;
    world->facts.certificate_verified = true;
    world->facts.certificate_fingerprint = WORLD_FINGERPRINT;
    world->facts.certificate_subject = "CN=Boss,O=Acme";
}

/* Sources are opaque to policy as well. */
static inline struct source *
world_source(void)
{
    static char source;
    return (void *)&source;
}

/* A name that a regex of its kind cannot tell: it runs into its limit. */
#define WORLD_A60      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WORLD_DOUBTFUL WORLD_A60 WORLD_A60 WORLD_A60 "!@acme.example"
#define WORLD_DOUBT    "/^(a|aa)+$/"

static inline void
world_hear(void *context, const struct rule_ref *rule, const char *answer)
{
    struct world *world = context;
    char text[512];
    rule_format(rule, text, sizeof text);
    size_t used = strlen(world->trail);
    snprintf(world->trail + used, sizeof world->trail - used, "%s %s\n", answer, text);
}

static inline void
world_ask_auth(struct world *world)
{
    struct trail trail = {.asked = world_hear, .context = world};
    world->trail[0] = '\0';
    decide_auth(world->tenancy, &world->settings, &world->facts, &trail, &world->decision);
}

/* Both names of a login: as it was given and as the source knows it. */
static inline void
world_user(struct world *world, const char *name)
{
    world->facts.user = name;
    world->facts.user_length = strlen(name);
    snprintf(world->account.name, sizeof world->account.name, "%s", name);
}

/* Asks all rules of a login. decide_auth must accept. */
static inline void
world_ask_login(struct world *world)
{
    static const struct rule_ref source = {.origin = {.file = "conf", .line = 60},
                                           .section_kind = "source",
                                           .section_name = "acme-ldap"};
    struct trail trail = {.asked = world_hear, .context = world};
    world_ask_auth(world);
    assert_int_equal(world->decision.verdict.action, VERDICT_ACCEPT);
    world->trail[0] = '\0';
    decide_login(world->tenancy, &world->settings, &world->facts, world->outcome, &world->account,
                 &source, &trail, &world->decision);
}

static inline void
world_ask_recipient(struct world *world)
{
    struct trail trail = {.asked = world_hear, .context = world};
    world->facts.method = METHOD_NONE;
    world->trail[0] = '\0';
    decide_recipient(world->tenancy, &world->settings, &world->facts, &trail, &world->decision);
}

/* decide_mail, decide_header, decide_message */
static inline void
world_ask(struct world *world,
          void decide(const struct tenancy *tenancy, const struct decide_settings *settings,
                      const struct facts *facts, const struct trail *trail,
                      struct decision *decision_r))
{
    struct trail trail = {.asked = world_hear, .context = world};
    world->trail[0] = '\0';
    decide(world->tenancy, &world->settings, &world->facts, &trail, &world->decision);
}

static inline void
world_check(const char *name, const struct world *world, enum reason want)
{
    enum reason got = world->decision.verdict.reason;
    if (got != want)
        fail_msg("%s: got %s, want %s, asked:\n%s", name, reason_id(got), reason_id(want),
                 world->trail);
    CHECK(name, world->decision.verdict.action == verdict_make(want).action);
}

static inline void
world_check_rule(const char *name, const struct world *world, const char *want)
{
    char text[512];
    rule_format(&world->decision.verdict.rule, text, sizeof text);
    CHECK_TEXT(name, text, want);
}

/* These lines, or parts of them, were told one behind the other. */
static inline void
world_check_told(const char *name, const struct world *world, const char *want)
{
    if (strstr(world->trail, want) == NULL)
        fail_msg("%s: want %sasked:\n%s", name, want, world->trail);
}

#endif
