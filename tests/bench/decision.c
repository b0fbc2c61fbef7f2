/*
 * bench_decision: how long a decision takes with one organization and lists of one entry, and with
 * 1,000 organizations and lists of a million.
 *
 * Prints a line for each kind of session and size, and the difference: with lists of a million
 * names, and with lists of a million addresses as well. Every list that a session can meet is set
 * and asked: who may log in and from where, addresses that may relay, local and trusted ones, the
 * lists of a `rule` section. Sessions come from a fixed seed, of a million users of all
 * organizations whatever the size, so that what is asked about is neither in the processor's cache
 * nor foreseen by it because it is always the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cpu_time.h"
#include "decide.h"

enum { SESSIONS = 1 << 13, ROUNDS = 32, USERS = 1000000, NAME_TEXT_MAX = 48, LINE_TEXT_MAX = 64 };

static const struct origin here = {.file = "bench", .line = 1};

/* How many organizations a configuration has, and how many entries each of its lists. */
struct size {
    size_t organizations, names, addresses;
};

struct setup {
    struct size size;
    struct tenancy *tenancy;
    char (*names)[2][NAME_TEXT_MAX];          /* of organizations, and their domains */
    struct list *addresses, *other_addresses; /* of all clients, and of none */
    struct list *users, *other_users;         /* of all users, and of none */
};

struct session {
    struct facts facts;
    struct account account;
    char from[LINE_TEXT_MAX], to[LINE_TEXT_MAX], user[NAME_TEXT_MAX];
};

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Neighbours in a list are not neighbours in memory. */
static uint32_t
mix(size_t number)
{
    return (uint32_t)number * 2654435761u;
}

static void
add(struct list *list, const char *entry)
{
    struct err err;
    if (list_add(list, entry, here, &err) != 0) {
        fprintf(stderr, "%s: %s\n", entry, err.text);
        exit(EXIT_FAILURE);
    }
}

/* A list of so many addresses whose last bit is a given one, so that two such lists have nothing in
 * common. */
static struct list *
make_addresses(const char *name, size_t entries, unsigned last_bit)
{
    struct list *list = list_create(name, LIST_IP, here);
    for (size_t i = 0; i < entries; i++) {
        char text[NAME_TEXT_MAX];
        uint32_t address = (mix(i) & ~1u) | last_bit;
        snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
                 address >> 8 & 255, address & 255);
        add(list, text);
    }
    list_freeze(list);
    return list;
}

static void
write_user(const struct setup *setup, const char *word, size_t number, char text_r[NAME_TEXT_MAX])
{
    snprintf(text_r, NAME_TEXT_MAX, "%s%x@%s", word, mix(number),
             setup->names[number % setup->size.organizations][1]);
}

static struct list *
make_users(const struct setup *setup, const char *word)
{
    struct list *list = list_create(word, LIST_USER, here);
    for (size_t i = 0; i < setup->size.names; i++) {
        char text[NAME_TEXT_MAX];
        write_user(setup, word, i, text);
        add(list, text);
    }
    list_freeze(list);
    return list;
}

/* The one entry that has the place of a million. */
static struct list *
make_single(const char *name, enum list_kind kind, const char *entry)
{
    struct list *list = list_create(name, kind, here);
    add(list, entry);
    list_freeze(list);
    return list;
}

static void
add_organization(struct setup *setup, size_t number)
{
    char *name = setup->names[number][0], *domain = setup->names[number][1];
    snprintf(name, NAME_TEXT_MAX, "org%zu", number);
    snprintf(domain, NAME_TEXT_MAX, "d%x.example", mix(number));
    struct organization *organization = tenancy_add_organization(setup->tenancy, name, here, NULL);
    tenancy_claim_domain(setup->tenancy, organization, domain, here, NULL);
    organization->authenticate_senders = SENDERS_UNLESS_LOCAL;
    organization->match_sender = true;
}

static struct listener *
add_listener(struct setup *setup)
{
    static char upstream;
    struct listener *listener = tenancy_add_listener(setup->tenancy, "submission", here, NULL);
    listener->auth = AUTH_ON;
    listener->methods = METHOD_BIT(METHOD_PLAIN);
    listener->relay = RELAY_ORGANIZATIONS;
    listener->relay_window_ms = 1;
    listener->upstream = listener->upstream_inbound = (void *)&upstream;
    for (size_t i = 0; i < setup->size.organizations; i++)
        nameset_add(&listener->relay_organizations, setup->names[i][0]);
    nameset_add(&listener->roles_must_auth, "postmaster");
    return listener;
}

/* Every list is asked, and none of them decides. */
static void
use_lists(struct setup *setup, struct listener *listener)
{
    listener->auth_users = (struct access){.mode = ACCESS_ALLOW, .list = setup->users};
    listener->auth_ips = (struct access){.mode = ACCESS_DENY, .list = setup->other_addresses};
    listener->relay_ips.list = setup->other_addresses;
    listener->local_ips.list = setup->addresses;
    listener->trusted_ips.list = setup->addresses;
    struct rule *rule = tenancy_add_rule(setup->tenancy, "nobody", here, NULL);
    rule->action = RULE_ACCEPT;
    rule->clients = setup->addresses;
    rule->senders = setup->users;
    rule->recipients = setup->other_users;
}

static struct setup
make_setup(struct size size)
{
    struct setup setup = {.size = size,
                          .tenancy = tenancy_create(),
                          .names = xcalloc(size.organizations, sizeof *setup.names)};
    for (size_t i = 0; i < size.organizations; i++)
        add_organization(&setup, i);
    char everybody[NAME_TEXT_MAX + 2];
    snprintf(everybody, sizeof everybody, "*@%s", setup.names[0][1]);
    setup.addresses = size.addresses > 1 ? make_addresses("addresses", size.addresses, 0)
                                         : make_single("addresses", LIST_IP, "0.0.0.0/0");
    setup.other_addresses = make_addresses("other-addresses", size.addresses, 1);
    setup.users =
        size.names > 1 ? make_users(&setup, "user") : make_single("user", LIST_USER, everybody);
    setup.other_users = make_users(&setup, "other");
    use_lists(&setup, add_listener(&setup));
    return setup;
}

static void
free_setup(struct setup *setup)
{
    tenancy_free(setup->tenancy);
    list_free(setup->addresses);
    list_free(setup->other_addresses);
    list_free(setup->users);
    list_free(setup->other_users);
    free(setup->names);
}

/* A user writes to another from an address of the lists; every second one logged in by POP before.
 */
static void
make_session(const struct setup *setup, size_t number, uint64_t *state, struct session *session_r)
{
    struct session *session = session_r;
    char to[NAME_TEXT_MAX];
    size_t who = next_random(state) % USERS;
    write_user(setup, "user", who, session->user);
    write_user(setup, "user", next_random(state) % USERS, to);
    snprintf(session->account.name, sizeof session->account.name, "%s", session->user);
    snprintf(session->from, sizeof session->from, "MAIL FROM:<%s>", session->user);
    snprintf(session->to, sizeof session->to, "RCPT TO:<%s>", to);
    uint32_t address = mix(next_random(state) % USERS) & ~1u;
    session->facts = (struct facts){.protocol = PROTOCOL_SMTP,
                                    .method = METHOD_PLAIN,
                                    .listener = "submission",
                                    .client = {.family = NETADDR_IPV4},
                                    .attempt = 1,
                                    .user = session->user,
                                    .user_length = strlen(session->user),
                                    .password = "secret",
                                    .password_length = 6,
                                    .mail_from = session->from,
                                    .mail_from_length = strlen(session->from),
                                    .rcpt_to = session->to,
                                    .rcpt_to_length = strlen(session->to),
                                    .window = number % 2 == 0 ? session->user : NULL};
    for (unsigned i = 0; i < 4; i++)
        session->facts.client.bytes[i] = (uint8_t)(address >> (24 - 8 * i));
}

static const struct decide_settings settings = {.failure_delay_s = 1, .max_attempts = 3};

static void
decide_one_login(const struct setup *setup, struct session *session, struct decision *decision_r)
{
    static const struct rule_ref source = {.section_kind = "source", .section_name = "users"};
    session->facts.method = METHOD_PLAIN;
    decide_auth(setup->tenancy, &settings, &session->facts, NULL, decision_r);
    if (decision_r->verdict.action == VERDICT_ACCEPT)
        decide_login(setup->tenancy, &settings, &session->facts, VERIFY_OK, &session->account,
                     &source, NULL, decision_r);
}

static void
decide_one_recipient(const struct setup *setup, struct session *session,
                     struct decision *decision_r)
{
    session->facts.method = METHOD_NONE;
    decide_recipient(setup->tenancy, &settings, &session->facts, NULL, decision_r);
}

static const struct kind {
    const char *name;
    void (*decide)(const struct setup *setup, struct session *session, struct decision *decision_r);
} kinds[] = {{"login", decide_one_login}, {"recipient", decide_one_recipient}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Returns the seconds for one round. */
static double
ask_round(const struct kind *kind, const struct setup *setup, struct session *sessions)
{
    double start_s = cpu_time_s();
    for (size_t i = 0; i < SESSIONS; i++) {
        struct decision decision;
        kind->decide(setup, &sessions[i], &decision);
        if (decision.verdict.action != VERDICT_ACCEPT || decision.upstream == NULL) {
            fprintf(stderr, "%s: %s\n", kind->name, reason_id(decision.verdict.reason));
            exit(EXIT_FAILURE);
        }
    }
    return cpu_time_s() - start_s;
}

/* Returns the nanoseconds for one decision in the best round: what else the machine does takes away
 * the processor's cache, which is what is measured here. */
static double
ask(const struct kind *kind, const struct setup *setup, struct session *sessions)
{
    double best_s = ask_round(kind, setup, sessions);
    for (size_t round = 1; round < ROUNDS; round++) {
        double took_s = ask_round(kind, setup, sessions);
        if (took_s < best_s)
            best_s = took_s;
    }
    return best_s * 1e9 / SESSIONS;
}

static void
measure(struct size size, double ns_r[KINDS])
{
    struct setup setup = make_setup(size);
    struct session *sessions = xcalloc(SESSIONS, sizeof *sessions);
    uint64_t state = 42;
    for (size_t i = 0; i < SESSIONS; i++)
        make_session(&setup, i, &state, &sessions[i]);
    for (size_t i = 0; i < KINDS; i++) {
        ns_r[i] = ask(&kinds[i], &setup, sessions);
        printf("decision %-9s organizations %4zu names %7zu addresses %7zu %5.0f ns\n",
               kinds[i].name, size.organizations, size.names, size.addresses, ns_r[i]);
    }
    free(sessions);
    free_setup(&setup);
}

int
main(void)
{
    double one[KINDS], names[KINDS], all[KINDS];
    measure((struct size){.organizations = 1, .names = 1, .addresses = 1}, one);
    measure((struct size){.organizations = 1000, .names = USERS, .addresses = 1}, names);
    measure((struct size){.organizations = 1000, .names = USERS, .addresses = USERS}, all);
    for (size_t i = 0; i < KINDS; i++)
        printf("decision %-9s takes %.2f us more with many organizations and names (target under "
               "2), %.2f with as many addresses\n",
               kinds[i].name, (names[i] - one[i]) / 1e3, (all[i] - one[i]) / 1e3);
    return EXIT_SUCCESS;
}
