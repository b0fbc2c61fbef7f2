/* Conversations of several connections at once, while the configuration is loaded again and again:
 * each message keeps its own, and no limit is passed by those who come at the same time. */
#include <pthread.h>
#include <stdatomic.h>

#include "talk.h"

enum { THREADS = 4, MESSAGES = 40, MOST = 50 };

#define LIMITED "limits { messages_per_user = \"50/1h\" }\n"

struct sender_thread {
    struct talk talk; /* its own mail server and conversation, with the guard of all */
    pthread_t thread;
    atomic_uint *sent;
};

static bool
goes_on(struct response response)
{
    return response.action == RESPONSE_GO_ON || response.action == RESPONSE_SKIP;
}

/* Every other message is given up, and is nobody's in the end. */
static void *
send_messages(void *context)
{
    static const char *const none[] = {NULL};
    struct sender_thread *thread = context;
    struct conversation *with = thread->talk.conversation;
    const struct mta *mta = &thread->talk.mta;
    for (int i = 0; i < MESSAGES; i++) {
        if (!goes_on(conversation_mail(with, mta, "<anna@acme.example>", none)))
            continue;
        bool is_sent = goes_on(conversation_recipient(with, mta, "<x@far.example>", none)) &&
                       goes_on(conversation_header(with, mta, "From", "anna@acme.example")) &&
                       goes_on(conversation_end_of_headers(with, mta));
        if (!is_sent || i % 2 == 0)
            conversation_abort(with);
        else if (goes_on(conversation_end_of_message(with, mta)))
            atomic_fetch_add(thread->sent, 1);
    }
    return NULL;
}

static void
begin_thread(struct sender_thread *thread, const struct talk *world, atomic_uint *sent)
{
    *thread = (struct sender_thread){.talk = *world, .sent = sent};
    struct talk *talk = &thread->talk;
    talk->mta.context = talk;
    talk->conversation = conversation_begin(&world->guard);
    talk_run(talk, "connect 192.0.2.1\nmacro {auth_authen} anna@acme.example\n"
                   "macro {auth_type} XCLIENT\n");
    assert_int_equal(pthread_create(&thread->thread, NULL, send_messages, thread), 0);
}

static void
test_side_by_side(void **state)
{
    (void)state;
    static struct talk world;
    static struct sender_thread threads[THREADS];
    atomic_uint sent;
    atomic_init(&sent, 0);
    talk_begin(&world, "side by side", LIMITED);
    for (size_t i = 0; i < THREADS; i++)
        begin_thread(&threads[i], &world, &sent);
    for (int i = 0; i < 10; i++)
        talk_run(&world, "reload \n");
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        conversation_end(threads[i].talk.conversation);
        talk_forget(&threads[i].talk, NULL);
    }
    /* as many as there may be, however they came */
    assert_in_range(atomic_load(&sent), 1, MOST);
    unsigned left = MOST - atomic_load(&sent);
    talk_run(&world, "connect 192.0.2.1\nmacro {auth_authen} anna@acme.example\n"
                     "macro {auth_type} XCLIENT\n");
    while (left-- > 0)
        talk_run(&world, "mail <anna@acme.example>\nrcpt <x@far.example>\n"
                         "header From: anna@acme.example\neoh\nend\n");
    talk_run(&world, "mail <anna@acme.example> => 452 4.7.1\n");
    bool has_failed = world.has_failed;
    talk_end(&world);
    assert_false(has_failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_side_by_side),
    };
    return cmocka_run_group_tests(tests, talk_enter, talk_leave);
}
