/*
 * Addresses as strangers write them, asked about all rules: SMTPUTF8 (RFC 6531), quoted local
 * parts, the null sender, source routes, addresses of 320 characters; and 64 organizations whose
 * wildcard domains overlap.
 */
#include "world.h"

#define L10     "aaaaaaaaaa"
#define L64     L10 L10 L10 L10 L10 L10 "aaaa"
#define LABEL63 L10 L10 L10 L10 L10 L10 "aaa"

static const struct {
    const char *name;
    const char *from, *to;
    enum reason want;
    const char *want_sender, *want_recipient; /* organizations; NULL: none */
} paths[] = {
    {"ASCII", "MAIL FROM:<boss@acme.example>", "RCPT TO:<eve@widgets.example>", REASON_RECIPIENT_OK,
     "acme", "widgets"},
    {"SMTPUTF8 local parts", "MAIL FROM:<b\xc3\xb6ss@acme.example> SMTPUTF8",
     "RCPT TO:<\xe7\x94\xa8\xe6\x88\xb7@widgets.example>", REASON_RECIPIENT_OK, "acme", "widgets"},
    {"an SMTPUTF8 domain that is claimed",
     "MAIL FROM:<x@b\xc3\xbc"
     "cher.example> SMTPUTF8",
     "RCPT TO:<x@b\xc3\xbc"
     "cher.example>",
     REASON_RECIPIENT_OK, "acme", "acme"},
    {"an SMTPUTF8 domain that is not",
     "MAIL FROM:<x@b\xc3\xb6"
     "cher.example> SMTPUTF8",
     "RCPT TO:<x@b\xc3\xb6"
     "cher.example>",
     REASON_RELAY_DENIED, NULL, NULL},
    {"bytes that are not UTF-8", "MAIL FROM:<\xff@acme.example>", "RCPT TO:<x@acme.example>",
     REASON_REQUEST_MALFORMED, NULL, NULL},
    {"an over-long form of '@'", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<x\xc1\x80"
     "acme.example>",
     REASON_REQUEST_MALFORMED, NULL, NULL},
    {"quoted local parts", "MAIL FROM:<\"the boss\"@acme.example>",
     "RCPT TO:<\"a\\\"b\"@widgets.example>", REASON_RECIPIENT_OK, "acme", "widgets"},
    {"a quoted '@' is no domain", "MAIL FROM:<\"x@acme.example\"@elsewhere.example>",
     "RCPT TO:<\"x@elsewhere.example\"@acme.example>", REASON_RECIPIENT_OK, NULL, "acme"},
    {"a quoted '>' ends no path", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<\"x>\"@elsewhere.example>", REASON_RELAY_DENIED, NULL, NULL},
    {"a quoted recipient of ours within one of elsewhere", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<\"x@acme.example>\"@elsewhere.example>", REASON_RELAY_DENIED, NULL, NULL},
    {"a quote without its end", "MAIL FROM:<\"x@acme.example>", "RCPT TO:<x@acme.example>",
     REASON_REQUEST_MALFORMED, NULL, NULL},
    {"the null sender", "MAIL FROM:<>", "RCPT TO:<x@acme.example>", REASON_RECIPIENT_OK, NULL,
     "acme"},
    {"the null sender with parameters", "MAIL FROM:<> SIZE=1 BODY=8BITMIME",
     "RCPT TO:<x@acme.example>", REASON_RECIPIENT_OK, NULL, "acme"},
    {"the null sender may not relay", "MAIL FROM:<>", "RCPT TO:<x@elsewhere.example>",
     REASON_RELAY_DENIED, NULL, NULL},
    {"a source route leads to its end", "MAIL FROM:<@elsewhere.example:boss@acme.example>",
     "RCPT TO:<@acme.example,@widgets.example:x@elsewhere.example>", REASON_RELAY_DENIED, "acme",
     NULL},
    {"a source route through elsewhere to us", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<@elsewhere.example:x@acme.example>", REASON_RECIPIENT_OK, NULL, "acme"},
    {"a source route of one's own making", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<x%elsewhere.example@acme.example>", REASON_RECIPIENT_OK, NULL, "acme"},
    {"two '@'", "MAIL FROM:<x@elsewhere.example>", "RCPT TO:<x@elsewhere.example@acme.example>",
     REASON_REQUEST_MALFORMED, NULL, NULL},
    {"a dot behind the domain", "MAIL FROM:<x@elsewhere.example>", "RCPT TO:<x@acme.example.>",
     REASON_REQUEST_MALFORMED, NULL, NULL},
    {"a sender of 320 characters",
     "MAIL FROM:<" L64 "@" LABEL63 "." LABEL63 "." LABEL63 "." L10 L10 L10 L10 L10 ".acme.example>",
     "RCPT TO:<x@acme.example>", REASON_REQUEST_MALFORMED, NULL, NULL},
    {"a recipient of 320 characters", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<" L64 "@" LABEL63 "." LABEL63 "." LABEL63 "." L10 L10 L10 L10 L10 ".acme.example>",
     REASON_REQUEST_MALFORMED, NULL, NULL},
};

static void
check_owner(const char *name, const struct organization *got, const char *want)
{
    CHECK_TEXT(name, got != NULL ? got->name : "none", want != NULL ? want : "none");
}

static void
test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct world world;
        world_init(&world);
        tenancy_claim_domain(world.tenancy, world.acme,
                             "b\xc3\xbc"
                             "cher.example",
                             world_line(22), NULL);
        world_from(&world, paths[i].from);
        world_to(&world, paths[i].to);
        world_ask_recipient(&world);
        world_check(paths[i].name, &world, paths[i].want);
        check_owner(paths[i].name, world.decision.sender_organization, paths[i].want_sender);
        check_owner(paths[i].name, world.decision.recipient_organization, paths[i].want_recipient);
        world_fini(&world);
    }
}

/* RFC 5321 4.5.3.1.3: a path has 256 bytes with its brackets. What is longer is refused, never cut:
 * a cut domain is another's. */
static void
test_addresses_of_every_length(void **state)
{
    (void)state;
    for (size_t length = 200; length <= 330; length++) {
        struct world world;
        world_init(&world);
        static const char tail[] = "@acme.example";
        char line[400] = "RCPT TO:<";
        size_t used = strlen(line), local = length - strlen(tail);
        memset(line + used, 'a', local);
        snprintf(line + used + local, sizeof line - used - local, "%s>", tail);
        char name[32];
        snprintf(name, sizeof name, "%zu bytes", length);
        world_to(&world, line);
        world_ask_recipient(&world);
        bool fits = length + 2 <= MAILBOX_PATH_MAX;
        world_check(name, &world, fits ? REASON_RECIPIENT_OK : REASON_REQUEST_MALFORMED);
        if (fits)
            CHECK(name, strlen(world.decision.recipient_address.local) == local);
        world_fini(&world);
    }
}

/* Bounces are never refused for their sender, however much the world demands of senders. */
static void
test_the_null_sender_is_never_refused_for_itself(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.names, (const char *const[]){"*", "/^/"}, 2);
    world_freeze(&world);
    struct rule *rule = tenancy_add_rule(world.tenancy, "r", world_line(80), NULL);
    rule->action = RULE_REFUSE;
    rule->code = "550 5.7.1";
    rule->senders = world.names;
    world.acme->authenticate_senders = world.widgets->authenticate_senders = SENDERS_ALWAYS;
    world.acme->authenticate_inbound = INBOUND_ALWAYS;
    world.acme->match_sender = true;
    nameset_add(&world.listener->roles_must_auth, "postmaster");
    nameset_add(&world.listener->roles_must_auth, "");
    world.listener->default_domain = "acme.example";
    world_from(&world, "MAIL FROM:<>");
    world_ask_recipient(&world);
    world_check("a bounce", &world, REASON_RECIPIENT_OK);
    world_window(&world, "boss@acme.example");
    world_ask_recipient(&world);
    world_check("a user's bounce", &world, REASON_RECIPIENT_OK);
    world_fini(&world);
}

enum { ORGANIZATIONS = 64, DOMAIN_TEXT_MAX = 64 };

/*
 * Organization number i has the labels of i in base 4, three of them ("a.c.b.example"). Even ones
 * claim all below that name, odd ones the name itself; and each claims a wildcard of one label
 * less if it is the first that may. So every domain has claims above and beside it.
 */
struct claims {
    char domains[2 * ORGANIZATIONS][DOMAIN_TEXT_MAX];
    unsigned owners[2 * ORGANIZATIONS];
    size_t count;
};

static void
write_labels(unsigned number, unsigned labels, char text_r[DOMAIN_TEXT_MAX])
{
    size_t used = 0;
    for (unsigned i = 0; i < labels; i++, number /= 4)
        used += (size_t)snprintf(text_r + used, DOMAIN_TEXT_MAX - used, "%c.", 'a' + number % 4);
    snprintf(text_r + used, DOMAIN_TEXT_MAX - used, "example");
}

static void
claim(struct world *world, struct claims *claims, struct organization *organization, unsigned owner,
      const char *domain)
{
    if (tenancy_claim_domain(world->tenancy, organization, domain, world_line(90), NULL) != 0)
        return;
    snprintf(claims->domains[claims->count], DOMAIN_TEXT_MAX, "%s", domain);
    claims->owners[claims->count++] = owner;
}

static void
claim_all(struct world *world, struct claims *claims, char names[ORGANIZATIONS][8])
{
    for (unsigned i = 0; i < ORGANIZATIONS; i++) {
        snprintf(names[i], 8, "o%u", i);
        struct organization *organization =
            tenancy_add_organization(world->tenancy, names[i], world_line(90), NULL);
        char labels[DOMAIN_TEXT_MAX], domain[DOMAIN_TEXT_MAX + 2];
        write_labels(i, 3, labels);
        snprintf(domain, sizeof domain, "%s%s", i % 2 == 0 ? "*." : "", labels);
        claim(world, claims, organization, i, domain);
        write_labels(i / 4, 2, labels);
        snprintf(domain, sizeof domain, "*.%s", labels);
        claim(world, claims, organization, i, domain);
    }
}

/* The slow and obvious way: an exact claim, else the longest wildcard that fits. -1: nobody's. */
static int
find_owner(const struct claims *claims, const char *domain)
{
    int found = -1;
    size_t longest = 0;
    for (size_t i = 0; i < claims->count; i++) {
        const char *claimed = claims->domains[i];
        if (strcmp(claimed, domain) == 0)
            return (int)claims->owners[i];
        size_t length = strlen(claimed) - 1, whole = strlen(domain);
        bool fits = claimed[0] == '*' && whole > length &&
                    strcmp(domain + whole - length, claimed + 1) == 0;
        if (fits && length > longest) {
            longest = length;
            found = (int)claims->owners[i];
        }
    }
    return found;
}

static void
test_64_organizations_with_overlapping_wildcards(void **state)
{
    (void)state;
    static struct claims claims;
    static char names[ORGANIZATIONS][8];
    struct world world;
    world_init(&world);
    claim_all(&world, &claims, names);
    assert_true(claims.count >= ORGANIZATIONS + 16);
    size_t owned = 0, strangers = 0;
    for (unsigned labels = 0; labels <= 5; labels++)
        for (unsigned number = 0; number < 1u << (2 * labels); number++) {
            char domain[DOMAIN_TEXT_MAX], line[DOMAIN_TEXT_MAX + 16];
            write_labels(number, labels, domain);
            snprintf(line, sizeof line, "RCPT TO:<x@%s>", domain);
            world_to(&world, line);
            world_ask_recipient(&world);
            int owner = find_owner(&claims, domain);
            world_check(domain, &world, owner >= 0 ? REASON_RECIPIENT_OK : REASON_RELAY_DENIED);
            check_owner(domain, world.decision.recipient_organization,
                        owner >= 0 ? names[owner] : NULL);
            *(owner >= 0 ? &owned : &strangers) += 1;
        }
    assert_true(owned > 1000 && strangers > 10);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_addresses_of_every_length),
        cmocka_unit_test(test_the_null_sender_is_never_refused_for_itself),
        cmocka_unit_test(test_64_organizations_with_overlapping_wildcards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
