/*
 * hiredis' reader builds our own structs (redisReplyObjectFunctions), so that there are limits on
 * what a server can make us allocate: "*2147483647" would be 16 GB.
 */
#include "redis_door.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct redis_reader {
    redisReader *reader;
    size_t pending; /* bytes since the last whole reply */
};

static struct redis_reply *
reply_create(const redisReadTask *task, enum redis_kind kind)
{
    struct redis_reply *reply = xcalloc(1, sizeof *reply);
    reply->kind = kind;
    if (task->parent != NULL) {
        struct redis_reply *array = task->parent->obj;
        array->items[task->idx] = reply;
    }
    return reply;
}

static void *
create_text(const redisReadTask *task, char *text, size_t length)
{
    struct redis_reply *reply = reply_create(task, task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                                                   : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                                                      : REDIS_TEXT);
    reply->text = xmalloc(length + 1);
    memcpy(reply->text, text, length);
    reply->text[length] = '\0';
    reply->length = length;
    return reply;
}

/* NULL: hiredis takes it for a lack of memory and gives up the reply. */
static void *
create_array(const redisReadTask *task, int count)
{
    if (count < 0 || count > REDIS_REPLY_ITEMS_MAX)
        return NULL;
    struct redis_reply *reply = reply_create(task, REDIS_ARRAY);
    reply->items = xcalloc((size_t)count, sizeof(struct redis_reply *));
    reply->count = (size_t)count;
    return reply;
}

static void *
create_integer(const redisReadTask *task, long long integer)
{
    struct redis_reply *reply = reply_create(task, REDIS_INTEGER);
    reply->integer = integer;
    return reply;
}

static void *
create_nil(const redisReadTask *task)
{
    return reply_create(task, REDIS_NIL);
}

void
redis_reply_free(struct redis_reply *reply)
{
    if (reply == NULL)
        return;
    for (size_t i = 0; i < reply->count; i++)
        redis_reply_free(reply->items[i]); /* as deep as hiredis lets it be: 8 */
    free(reply->items);
    free(reply->text);
    free(reply);
}

static void
free_object(void *object)
{
    redis_reply_free(object);
}

static redisReplyObjectFunctions functions = {
    .createString = create_text,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_object,
};

struct bytes
redis_word(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

char *
redis_command_format(const struct bytes *words, size_t count, size_t *length_r)
{
    const char **starts = xcalloc(count, sizeof starts[0]);
    size_t *lengths = xcalloc(count, sizeof lengths[0]);
    for (size_t i = 0; i < count; i++) {
        starts[i] = words[i].start;
        lengths[i] = words[i].length;
    }
    char *command = NULL;
    int length = redisFormatCommandArgv(&command, (int)count, starts, lengths);
    free(starts);
    free(lengths);
    if (length < 0 || command == NULL)
        abort(); /* out of memory */
    *length_r = (size_t)length;
    return command;
}

void
redis_command_free(char *command, size_t length)
{
    explicit_bzero(command, length);
    redisFreeCommand(command);
}

struct redis_reader *
redis_reader_create(void)
{
    struct redis_reader *reader = xcalloc(1, sizeof *reader);
    reader->reader = redisReaderCreateWithFunctions(&functions);
    if (reader->reader == NULL)
        abort(); /* out of memory */
    return reader;
}

void
redis_reader_free(struct redis_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->reader);
    free(reader);
}

int
redis_reader_feed(struct redis_reader *reader, const char *bytes, size_t length, struct err *err)
{
    reader->pending += length;
    if (reader->pending > REDIS_REPLY_BYTES_MAX) {
        err_set(err, "the server sent a reply of more than %d bytes", REDIS_REPLY_BYTES_MAX);
        return -1;
    }
    if (redisReaderFeed(reader->reader, bytes, length) == REDIS_OK)
        return 0;
    err_set(err, "the server's reply makes no sense: %s", reader->reader->errstr);
    return -1;
}

int
redis_reader_next(struct redis_reader *reader, struct redis_reply **reply_r, struct err *err)
{
    void *reply = NULL;
    *reply_r = NULL;
    if (redisReaderGetReply(reader->reader, &reply) != REDIS_OK) {
        const bool is_wide = reader->reader->err == REDIS_ERR_OOM;
        err_set(err, "the server's reply makes no sense: %s",
                is_wide ? "it has more parts than anything that was asked for"
                        : reader->reader->errstr);
        return -1;
    }
    if (reply == NULL)
        return 0;
    reader->pending = 0;
    *reply_r = reply;
    return 1;
}
