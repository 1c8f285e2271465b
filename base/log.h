/* The log: one logfmt line per event an operator acts on, to stderr.
 *
 *     log_info("checkpoint written", KV_STR("position", p), KV_INT("rows", n));
 *     <6>msg="checkpoint written" position=mysql:… rows=12
 *
 * The text is constant, so that it can be searched; what varies is a key.
 * The "<6>" is what journald reads as the level; when stderr is not journald's
 * stream, time, level and program stand there instead.
 *
 * Row values and secrets are never given to it. Thread-safe: a line is one
 * write(2) of at most 4 KiB; values are cut after 1 KiB. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

struct log_kv {
	const char *key;
	const char *text; /* NULL: the number counts */
	int64_t number;
};

static inline struct log_kv log_kv_text(const char *key, const char *text)
{
	return (struct log_kv){ .key = key, .text = text ? text : "" };
}

#define KV_STR(k, v) log_kv_text((k), (v))
#define KV_INT(k, v) ((struct log_kv){ .key = (k), .number = (int64_t)(v) })
#define KV_ERR(e) KV_STR("error", (e)->msg)

/* Before the first thread starts. program is borrowed for ever; json: one JSON
 * object a line instead (for collectors). Without it: "ficus", info, logfmt. */
void log_setup(const char *program, enum log_level least, int json);
/* "err", "warn", "info" or "debug"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *ret);
void log_write(enum log_level level, const char *msg, const struct log_kv *kv);

/* Keys of NULL begin and end the list: cppcheck can't read __VA_OPT__. */
#define LOG_AT(level, msg, ...)                                                \
	log_write((level), (msg),                                              \
		  (const struct log_kv[]){ { 0 }, ##__VA_ARGS__, { 0 } } + 1)
#define log_err(...) LOG_AT(LOG_ERR, __VA_ARGS__)
#define log_warn(...) LOG_AT(LOG_WARN, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_DEBUG, __VA_ARGS__)

#endif
