#include "cdc/stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cdc/source.h"

/* Packets are handed over by the block, each packet preceded by its length.
 * The reader fills the last block of the list; the consumer takes the first
 * one away, full or not, and walks through it without the lock. */
enum { BLOCK_SIZE = 128 * 1024, LENGTH_SIZE = sizeof(uint32_t) };

struct block {
	struct block *next;
	size_t used, size;
	uint8_t bytes[];
};

struct stream {
	struct source *source; /* owned */
	pthread_t thread;
	size_t limit; /* bytes; the reader waits above it */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t data, room;
	struct block *first, *last; /* owned */
	struct block *spare;	    /* owned; one of BLOCK_SIZE, or NULL */
	bool waiting;		    /* the consumer, for data */
	bool stop;
	struct err end; /* why the reader ended; code 0 while it runs */
	struct stream_counts counts;

	struct block *taken; /* owned; the consumer's alone */
	size_t at;	     /* how far it has got in there */
};

/* The last block with room for n more bytes; the lock is held. */
static struct block *block_for(struct stream *stream, size_t n)
{
	struct block *block = stream->last;
	size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;

	if (block && block->size - block->used >= n)
		return block;
	if (size == BLOCK_SIZE && stream->spare)
		block = TAKE(stream->spare);
	else
		block = mem_realloc(NULL, sizeof(*block) + size);
	*block = (struct block){ .size = size };
	if (stream->last)
		stream->last->next = block;
	else
		stream->first = block;
	stream->last = block;
	return block;
}

static void block_done(struct stream *stream, struct block *block)
{
	if (block->size == BLOCK_SIZE && !stream->spare)
		stream->spare = block;
	else
		free(block);
}

/* Reader: one packet into the queue. False: it is to stop. */
static bool push(struct stream *stream, const uint8_t *at, size_t n)
{
	uint32_t length = (uint32_t)n; /* a packet is at most 1 GiB */
	struct block *block;
	bool go_on;

	pthread_mutex_lock(&stream->lock);
	stream->counts.heard_us = clock_mono_us();
	if (stream->counts.queued > stream->limit)
		stream->counts.full++;
	while (stream->counts.queued > stream->limit && !stream->stop)
		pthread_cond_wait(&stream->room, &stream->lock);
	go_on = !stream->stop;
	if (go_on) {
		block = block_for(stream, LENGTH_SIZE + n);
		memcpy(block->bytes + block->used, &length, LENGTH_SIZE);
		memcpy(block->bytes + block->used + LENGTH_SIZE, at, n);
		block->used += LENGTH_SIZE + n;
		stream->counts.queued += LENGTH_SIZE + n;
		stream->counts.packets++;
		stream->counts.bytes += n;
	}
	if (stream->waiting)
		pthread_cond_signal(&stream->data);
	pthread_mutex_unlock(&stream->lock);
	return go_on;
}

static void *read_all(void *user)
{
	struct stream *stream = user;
	struct err err = { 0 };
	const uint8_t *at = NULL;
	size_t n = 0;

	while (!source_packet(stream->source, &at, &n, &err))
		if (!push(stream, at, n)) {
			err_set(&err, ERR_STOPPED, "stopped");
			break;
		}
	pthread_mutex_lock(&stream->lock);
	stream->end = err;
	pthread_cond_signal(&stream->data);
	pthread_mutex_unlock(&stream->lock);
	return NULL;
}

static void stream_free(struct stream *stream)
{
	struct block *next;

	for (struct block *b = stream->first; b; b = next) {
		next = b->next;
		free(b);
	}
	free(stream->spare);
	free(stream->taken);
	source_close(stream->source);
	pthread_cond_destroy(&stream->data);
	pthread_cond_destroy(&stream->room);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}

int stream_open(const struct source_config *config, size_t queue_bytes,
		const struct position *from, struct stream **ret,
		struct err *err)
{
	CLEANUP(source_closep) struct source *source = NULL;
	struct stream *stream;
	int fail = source_connect(config, &source, err);

	if (!fail)
		fail = source_dump_start(source, from, err);
	if (fail)
		return fail;
	stream = mem_zalloc(sizeof(*stream));
	stream->source = TAKE(source);
	stream->limit = queue_bytes;
	stream->counts.heard_us = clock_mono_us();
	pthread_mutex_init(&stream->lock, NULL);
	thread_cond_init(&stream->data);
	thread_cond_init(&stream->room);
	fail = thread_start(&stream->thread, read_all, stream);
	if (fail) {
		stream_free(stream);
		return err_set(err, ERR_LIMIT, "the reader thread: %s",
			       strerror(fail));
	}
	*ret = stream;
	return 0;
}

static struct timespec deadline(int64_t timeout_ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += timeout_ms / 1000;
	at.tv_nsec += timeout_ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Consumer, lock held: until there is a block, an end or the deadline. */
static void wait_data(struct stream *stream, int64_t timeout_ms)
{
	struct timespec until = deadline(timeout_ms);
	int timed_out = timeout_ms <= 0;

	stream->waiting = true;
	while (!stream->first && !stream->end.code && !stream->stop &&
	       !timed_out)
		timed_out = pthread_cond_timedwait(&stream->data, &stream->lock,
						   &until) == ETIMEDOUT;
	stream->waiting = false;
}

/* Give the walked block back and take the next; NULL when there is none. */
static int take_block(struct stream *stream, int64_t timeout_ms,
		      struct err *err)
{
	struct block *done = TAKE(stream->taken);
	int fail = 0;

	pthread_mutex_lock(&stream->lock);
	if (done) {
		stream->counts.queued -= done->used;
		block_done(stream, done);
		pthread_cond_signal(&stream->room);
	}
	if (!stream->first)
		wait_data(stream, timeout_ms);
	if (stream->stop) {
		fail = err_set(err, ERR_STOPPED, "the stream was stopped");
	} else if (stream->first) {
		stream->taken = stream->first;
		stream->first = stream->taken->next;
		if (!stream->first)
			stream->last = NULL;
	} else if (stream->end.code) {
		*err = stream->end;
		fail = err->code;
	}
	pthread_mutex_unlock(&stream->lock);
	stream->at = 0;
	return fail;
}

int stream_next(struct stream *stream, int64_t timeout_ms, struct packet *ret,
		struct err *err)
{
	uint32_t length;

	if (!stream->taken || stream->at == stream->taken->used) {
		int fail = take_block(stream, timeout_ms, err);

		if (fail)
			return fail;
	}
	if (!stream->taken) {
		*ret = (struct packet){ 0 };
		return 0;
	}
	memcpy(&length, stream->taken->bytes + stream->at, LENGTH_SIZE);
	ret->at = stream->taken->bytes + stream->at + LENGTH_SIZE;
	ret->n = length;
	stream->at += LENGTH_SIZE + length;
	return 0;
}

void stream_cancel(struct stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->stop = true;
	pthread_cond_broadcast(&stream->data);
	pthread_cond_broadcast(&stream->room);
	pthread_mutex_unlock(&stream->lock);
	source_cancel(stream->source);
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	stream_cancel(stream);
	pthread_join(stream->thread, NULL);
	stream_free(stream);
}

void stream_counts(struct stream *stream, struct stream_counts *ret)
{
	pthread_mutex_lock(&stream->lock);
	*ret = stream->counts;
	pthread_mutex_unlock(&stream->lock);
}
