/* What a mail server might tell the guard, in any order: steps that end with a NUL each, whose
 * first letter says which.
 *
 *     c ADDRESS   h HELO   u {auth_authen}   t {auth_type}   d {daemon_name}   s {tls_version}
 *     m PATH PARAMETER...   r PATH PARAMETER...   H NAME:VALUE   e (end of headers)
 *     b (of the body)   E (the end)   a (abort)   x (the connection ends, another begins)
 *
 * A model of a few lines says what must never come of it: a step without a message goes on; a
 * stranger relays; anna sends as another, or shows another; somebody else's Authentication-Results
 * in our name, or a tag, stay. And what was not sent in the end is not counted. */
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "conversation.h"
#include "identity_headers.h"
#include "sending.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 16, FORGED_MAX = 64, TIME_MS = 10000, STEPS_MAX = 400 };

static const char conf_text[] =
    "state { path = state size = 1M timeout = 10s }\n"
    "source \"users\" { type = users file = users }\n"
    "screen { mode = off }\n"
    "limits { messages_per_user = \"1000000/1h\" recipients_per_user = \"1000000/1h\"\n"
    "    recipients_per_message = 4 messages_per_session = 4 message_size = 2k }\n"
    "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
    "upstream \"in\" { server \"a\" { address = \"192.0.2.2:25\" } }\n"
    "listener \"submission\" { auth = on relay = all upstream = up upstream_inbound = in }\n"
    "listener \"mx\" { auth = off relay_window = 15min upstream = up upstream_inbound = in }\n"
    "organization \"acme\" { domains = {\"acme.example\"} match_sender = true match_from = true }\n"
    "organization \"widgets\" { domains = {\"widgets.example\"} match_from = true }\n"
    "rule \"bulk\" { recipients_over = 1 action = tag header = X-Tag }\n"
    "guard { hostname = \"mx.acme.example\" }\n";

/* The world, once for all inputs. */
static struct {
    char folder[32];
    struct reload *reload;
    struct store *store;
    struct guard guard;
    int64_t messages, recipients; /* that anna has sent */
} world = {.folder = "/tmp/fuzz-milter-XXXXXX"};

/* The mail server, and what is known of the message. */
struct talk {
    struct conversation *conversation;
    struct mta mta;
    char *auth, *type, *daemon, *tls;

    bool is_open, is_anna, is_anybody;
    unsigned recipients;
    bool has_far_recipient, is_foreign_sender, shows_bob;
    struct forged {
        const char *name;
        int index;
        bool is_removed;
    } forged[FORGED_MAX];
    size_t forged_count;
    int results_seen, tags_seen;
    unsigned results_added;
};

static const char *
macro(void *context, const char *name)
{
    const struct talk *talk = context;
    if (strcmp(name, "{auth_authen}") == 0)
        return talk->auth;
    if (strcmp(name, "{auth_type}") == 0)
        return talk->type;
    if (strcmp(name, "{daemon_name}") == 0)
        return talk->daemon;
    return strcmp(name, "{tls_version}") == 0 ? talk->tls : NULL;
}

static int
insert(void *context, const char *name, const char *value)
{
    struct talk *talk = context;
    assert(strpbrk(value, "\r\n") == NULL);
    if (strcasecmp(name, "Authentication-Results") == 0) {
        talk->results_added++;
        assert(strncmp(value, "mx.acme.example; ", strlen("mx.acme.example; ")) == 0);
        assert(!talk->is_anna || strstr(value, "anna@acme.example") != NULL);
    }
    return 0;
}

static int
remove_header(void *context, const char *name, int index)
{
    struct talk *talk = context;
    for (size_t i = 0; i < talk->forged_count; i++)
        if (strcasecmp(talk->forged[i].name, name) == 0 && talk->forged[i].index == index)
            talk->forged[i].is_removed = true;
    return 0;
}

static void
applied(void *context, const struct site *old, const struct site *new)
{
    (void)context;
    (void)old;
    (void)new;
}

static void
write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static void
remove_folder(const char *name)
{
    DIR *folder = opendir(name);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0); /* of folders it fails */
    if (folder != NULL)
        closedir(folder);
    rmdir(name);
}

/* A message that holds on to its site is a leak then. */
static void
end_world(void)
{
    char state[64];
    reload_stop(world.reload);
    reload_free(world.reload);
    store_close(world.store);
    snprintf(state, sizeof state, "%s/state", world.folder);
    remove_folder(state);
    remove_folder(world.folder);
}

static void
begin_world(void)
{
    char path[64], users[64];
    struct problems problems;
    problems_init(&problems);
    if (mkdtemp(world.folder) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/t.conf", world.folder);
    snprintf(users, sizeof users, "%s/users", world.folder);
    write_text(path, conf_text);
    write_text(users, "printer@devices.example:{PLAIN}x:smtp_auth=matching-sender\n");
    struct site *site = site_load(path, SITE_CHECK, NULL, &problems);
    assert(site != NULL);
    problems_fini(&problems);
    log_configure(LOG_LOGFMT, LOG_ERROR);
    identity_headers_begin_process();
    world.store = store_open(&site->settings.store, false, NULL);
    assert(world.store != NULL);
    world.reload = reload_create("t.conf", site, applied, NULL);
    world.guard = (struct guard){.reload = world.reload, .store = world.store};
    atexit(end_world);
}

static bool
goes_on(const struct response *response)
{
    bool is_going_on = response->action == RESPONSE_GO_ON || response->action == RESPONSE_SKIP;
    if (is_going_on)
        return true;
    assert(strlen(response->code) == 3 && response->extended[0] == response->code[0]);
    assert((response->action == RESPONSE_REFUSE) == (response->code[0] == '5'));
    for (const char *at = response->text; *at != '\0'; at++)
        assert(isprint((unsigned char)*at));
    return false;
}

static void
close_message(struct talk *talk)
{
    talk->is_open = talk->has_far_recipient = talk->is_foreign_sender = talk->shows_bob = false;
    talk->recipients = 0;
    talk->forged_count = 0;
    talk->results_seen = talk->tags_seen = 0;
    talk->results_added = 0;
}

/* In lower case, without angle brackets; NULL: it is more than a plain address. */
static bool
is_plainly(const char *path, const char *address)
{
    size_t length = strlen(address);
    return path[0] == '<' && strncasecmp(path + 1, address, length) == 0 &&
           strcmp(path + 1 + length, ">") == 0;
}

static bool
is_in_domain(const char *path, const char *domain)
{
    size_t length = strlen(path), tail = strlen(domain);
    return length > tail + 1 && path[length - 1] == '>' &&
           strncasecmp(path + length - 1 - tail, domain, tail) == 0 &&
           path[length - 2 - tail] == '@';
}

static bool
is_ours(const char *path)
{
    return is_in_domain(path, "acme.example") || is_in_domain(path, "widgets.example");
}

static void
begin_message(struct talk *talk, char **words)
{
    close_message(talk);
    talk->is_anybody = talk->auth != NULL && talk->auth[0] != '\0';
    talk->is_anna = talk->is_anybody && strcasecmp(talk->auth, "anna@acme.example") == 0;
    talk->is_foreign_sender =
        !is_plainly(words[0], "") && !is_plainly(words[0], "anna@acme.example");
    const struct response response = conversation_mail(talk->conversation, &talk->mta, words[0],
                                                       (const char *const *)(words + 1));
    talk->is_open = goes_on(&response);
    /* quoted and with a route an address of hers may be written in other ways */
    bool is_odd = strpbrk(words[0], "\"\\:") != NULL;
    assert(!talk->is_open || !talk->is_anna || is_odd || !talk->is_foreign_sender);
}

static void
take_recipient(struct talk *talk, char **words)
{
    const struct response response = conversation_recipient(
        talk->conversation, &talk->mta, words[0], (const char *const *)(words + 1));
    if (!goes_on(&response))
        return;
    assert(talk->is_open);
    assert(talk->is_anybody || is_ours(words[0]));
    talk->recipients++;
    assert(talk->recipients <= 4);
}

static bool
is_identity(const char *name)
{
    static const char *const names[] = {"From", "Sender", "Resent-From", "Resent-Sender"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

static void
note_forged(struct talk *talk, const char *name, int index)
{
    if (talk->forged_count < FORGED_MAX)
        talk->forged[talk->forged_count++] = (struct forged){.name = name, .index = index};
}

static void
note_header(struct talk *talk, const char *name, const char *value)
{
    static const char host[] = "mx.acme.example";
    if (is_identity(name) && strcasestr(value, "bob@acme.example") != NULL)
        talk->shows_bob = true;
    if (strcasecmp(name, "X-Tag") == 0)
        note_forged(talk, "X-Tag", ++talk->tags_seen);
    if (strcasecmp(name, "Authentication-Results") != 0)
        return;
    talk->results_seen++;
    value += strspn(value, " \t");
    if (strncasecmp(value, host, strlen(host)) == 0 && strchr("; ", value[strlen(host)]) != NULL)
        note_forged(talk, "Authentication-Results", talk->results_seen);
}

static void
take_header(struct talk *talk, char *text)
{
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return;
    *colon = '\0';
    note_header(talk, text, colon + 1);
    const struct response response =
        conversation_header(talk->conversation, &talk->mta, text, colon + 1);
    if (!goes_on(&response))
        close_message(talk);
    else
        assert(talk->is_open);
}

static void
take_end_of_headers(struct talk *talk)
{
    const struct response response = conversation_end_of_headers(talk->conversation, &talk->mta);
    if (!goes_on(&response)) {
        close_message(talk);
        return;
    }
    assert(talk->is_open);
    assert(!talk->is_anna || !talk->shows_bob);
}

static void
take_end(struct talk *talk)
{
    const struct response response = conversation_end_of_message(talk->conversation, &talk->mta);
    if (goes_on(&response)) {
        assert(talk->is_open && talk->recipients > 0);
        assert(!talk->is_anna || !talk->shows_bob);
        assert(talk->results_added == (talk->is_anybody ? 1 : 0));
        for (size_t i = 0; i < talk->forged_count; i++)
            assert(talk->forged[i].is_removed);
        world.messages += talk->is_anna;
        world.recipients += talk->is_anna ? talk->recipients : 0;
    }
    close_message(talk);
}

static void
set(char **macro_r, const char *value)
{
    free(*macro_r);
    *macro_r = xstrdup(value);
}

static void
take_connect(struct talk *talk, const char *text)
{
    struct netaddr client = {0};
    netaddr_parse(text, &client, NULL);
    const struct response response = conversation_connect(talk->conversation, &talk->mta, &client);
    goes_on(&response);
    close_message(talk);
}

static void
take_body(struct talk *talk)
{
    const struct response response = conversation_body(talk->conversation, &talk->mta, 100);
    assert(!goes_on(&response) || talk->is_open);
}

static void
split(char *text, char *words_r[WORDS_MAX + 1])
{
    char *saved = NULL;
    size_t count = 0;
    static char nothing[] = "";
    words_r[0] = nothing;
    for (char *word = strtok_r(text, " ", &saved); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &saved))
        words_r[count++] = word;
    words_r[count > 0 ? count : 1] = NULL;
}

static void
take_envelope(struct talk *talk, char letter, char *text)
{
    char *words[WORDS_MAX + 1];
    split(text, words);
    if (letter == 'm')
        begin_message(talk, words);
    else
        take_recipient(talk, words);
}

static void
reconnect(struct talk *talk)
{
    conversation_end(talk->conversation);
    talk->conversation = conversation_begin(&world.guard);
    close_message(talk);
}

static void
take_step(struct talk *talk, char letter, char *text)
{
    struct response response;
    switch (letter) {
    case 'c':
        take_connect(talk, text);
        return;
    case 'h':
        response = conversation_helo(talk->conversation, &talk->mta, text);
        goes_on(&response);
        close_message(talk);
        return;
    case 'u':
        set(&talk->auth, text);
        return;
    case 't':
        set(&talk->type, text);
        return;
    case 'd':
        set(&talk->daemon, text);
        return;
    case 's':
        set(&talk->tls, text);
        return;
    case 'm':
    case 'r':
        take_envelope(talk, letter, text);
        return;
    case 'H':
        take_header(talk, text);
        return;
    case 'e':
        take_end_of_headers(talk);
        return;
    case 'b':
        take_body(talk);
        return;
    case 'E':
        take_end(talk);
        return;
    case 'a':
        conversation_abort(talk->conversation);
        close_message(talk);
        return;
    case 'x':
        reconnect(talk);
        return;
    default:
        return;
    }
}

/* One more, which is taken back: how many there were. */
static int64_t
count_sent(enum sent what)
{
    static const struct sender anna = {.organization = "acme", .user = "anna@acme.example"};
    struct site *site = reload_hold(world.reload);
    struct sending_answer answer;
    sending_count(world.store, &site->settings.limits, &anna, what, clock_wall_ms(),
                  deadline_after(TIME_MS), &answer);
    assert(answer.is_counted);
    sending_take_back(world.store, &site->settings.limits, &anna, what == SENT_MESSAGE,
                      what == SENT_RECIPIENT, clock_wall_ms(), deadline_after(TIME_MS));
    reload_release(world.reload, site);
    return answer.count - 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (world.reload == NULL)
        begin_world();
    struct talk talk = {.conversation = conversation_begin(&world.guard)};
    talk.mta = (struct mta){
        .context = &talk, .macro = macro, .insert_header = insert, .remove_header = remove_header};
    for (int steps = 0; size > 0 && steps < STEPS_MAX; steps++) {
        const uint8_t *end = memchr(data, '\0', size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        char *step = xstrndup((const char *)data, length);
        if (length > 0)
            take_step(&talk, step[0], step + 1 + (step[1] == ' '));
        free(step);
        size -= end != NULL ? length + 1 : length;
        data += end != NULL ? length + 1 : length;
    }
    conversation_end(talk.conversation);
    assert(count_sent(SENT_MESSAGE) == world.messages);
    assert(count_sent(SENT_RECIPIENT) == world.recipients);
    free(talk.auth);
    free(talk.type);
    free(talk.daemon);
    free(talk.tls);
    return 0;
}
