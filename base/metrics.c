#include "base/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"

static const double bounds[] = { 1e-4,	 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2,
				 2.5e-2, 5e-2,	 0.1,  0.25, 0.5,    1,	   2.5,
				 5,	 10,	 25,   50,   60 };

enum { BUCKETS = sizeof(bounds) / sizeof(bounds[0]) };

struct metric_series {
	struct metric_series *next; /* fixed once the series is seen */
	char *label_value;	    /* owned; "" without label */
	size_t place;		    /* 0 for the oldest */
	_Atomic uint64_t count;	    /* counter; observations */
	_Atomic double value;	    /* gauge; sum of observations */
	_Atomic uint64_t buckets[]; /* of a histogram: BUCKETS + 1, each for
				     * itself, the last is above all bounds */
};

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static struct metric_series *find(struct metric *m, const char *label_value)
{
	struct metric_series *s = __atomic_load_n(&m->series, __ATOMIC_ACQUIRE);

	while (s && strcmp(s->label_value, label_value) != 0)
		s = s->next;
	return s;
}

/* Under the lock: no other thread makes one meanwhile. */
static struct metric_series *make(struct metric *m, const char *label_value)
{
	struct metric_series *s = find(m, label_value);

	if (s)
		return s;
	if (m->series && m->series->place + 1 >= METRIC_SERIES_MAX - 1) {
		s = find(m, "other");
		if (s)
			return s;
		label_value = "other";
	}

	size_t buckets = m->type == METRIC_HISTOGRAM ? BUCKETS + 1 : 0;
	s = mem_zalloc(sizeof(*s) + buckets * sizeof(s->buckets[0]));
	s->label_value = mem_strdup(label_value);
	s->place = m->series ? m->series->place + 1 : 0;
	s->next = m->series;
	__atomic_store_n(&m->series, s, __ATOMIC_RELEASE);
	return s;
}

static struct metric_series *series_of(struct metric *m,
				       const char *label_value)
{
	assert(!m->label == !label_value);
	if (!label_value)
		label_value = "";

	struct metric_series *s = find(m, label_value);
	if (s)
		return s;
	pthread_mutex_lock(&making);
	s = make(m, label_value);
	pthread_mutex_unlock(&making);
	return s;
}

void metric_add(struct metric *m, const char *label_value, uint64_t n)
{
	assert(m->type == METRIC_COUNTER);
	atomic_fetch_add_explicit(&series_of(m, label_value)->count, n,
				  memory_order_relaxed);
}

void metric_set(struct metric *m, const char *label_value, double value)
{
	assert(m->type == METRIC_GAUGE);
	atomic_store_explicit(&series_of(m, label_value)->value, value,
			      memory_order_relaxed);
}

void metric_total(struct metric *m, const char *label_value, uint64_t total)
{
	assert(m->type == METRIC_COUNTER);
	atomic_store_explicit(&series_of(m, label_value)->count, total,
			      memory_order_relaxed);
}

void metric_observe(struct metric *m, const char *label_value, double seconds)
{
	struct metric_series *s = series_of(m, label_value);
	double sum = atomic_load_explicit(&s->value, memory_order_relaxed);
	size_t bucket = 0;

	assert(m->type == METRIC_HISTOGRAM);
	while (bucket < BUCKETS && seconds > bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&s->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(
		&s->value, &sum, sum + seconds, memory_order_relaxed,
		memory_order_relaxed))
		;
}

double metric_get(struct metric *m, const char *label_value)
{
	struct metric_series *s = find(m, label_value ? label_value : "");

	if (!s)
		return 0;
	if (m->type == METRIC_GAUGE)
		return atomic_load_explicit(&s->value, memory_order_relaxed);
	return (double)atomic_load_explicit(&s->count, memory_order_relaxed);
}

static void add_number(struct buf *out, double number)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	if (isnan(number))
		buf_adds(out, "NaN");
	else if (isinf(number))
		buf_adds(out, number > 0 ? "+Inf" : "-Inf");
	else
		json_double(&w, number);
}

/* A label's value stands in quotes, a help text does not. */
static void add_escaped(struct buf *out, struct str text, bool quoted)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.at[i] == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (text.at[i] == '\\' || (quoted && text.at[i] == '"'))
			buf_addc(out, '\\');
		buf_addc(out, text.at[i]);
	}
}

/* name_suffix{label="value",le="bound"} with what applies. */
static void add_head(struct buf *out, const struct metric *m,
		     const char *suffix, const char *label_value,
		     const char *le)
{
	struct str names = str_of(m->label), values = str_of(label_value);
	bool any = false;

	buf_adds(out, m->name);
	buf_adds(out, suffix);
	while (names.n) {
		struct str name = str_split(&names, ',');
		struct str value = names.n ? str_split(&values, ',') : values;

		buf_addc(out, any ? ',' : '{');
		buf_add(out, name.at, name.n);
		buf_adds(out, "=\"");
		add_escaped(out, value, true);
		buf_addc(out, '"');
		any = true;
	}
	if (le)
		buf_addf(out, "%cle=\"%s\"", any ? ',' : '{', le);
	buf_adds(out, any || le ? "} " : " ");
}

static void write_histogram(struct buf *out, const struct metric *m,
			    const char *label_value, struct metric_series *s)
{
	uint64_t below = 0;

	for (size_t i = 0; i <= BUCKETS; i++) {
		struct buf le;

		buf_init(&le, 32);
		add_number(&le, i < BUCKETS ? bounds[i] : INFINITY);
		if (s)
			below += atomic_load_explicit(&s->buckets[i],
						      memory_order_relaxed);
		add_head(out, m, "_bucket", label_value, buf_str(&le));
		buf_addu(out, below);
		buf_addc(out, '\n');
		buf_done(&le);
	}
	add_head(out, m, "_sum", label_value, NULL);
	add_number(out,
		   s ? atomic_load_explicit(&s->value, memory_order_relaxed)
		     : 0);
	buf_addc(out, '\n');
	/* The buckets' own total: it agrees with them at any moment. */
	add_head(out, m, "_count", label_value, NULL);
	buf_addu(out, below);
	buf_addc(out, '\n');
}

/* s NULL: nothing counted yet. */
static void write_series(struct buf *out, const struct metric *m,
			 struct metric_series *s)
{
	const char *label_value = s ? s->label_value : "";

	if (m->type == METRIC_HISTOGRAM) {
		write_histogram(out, m, label_value, s);
		return;
	}
	add_head(out, m, "", label_value, NULL);
	if (m->type == METRIC_GAUGE)
		add_number(out, s ? atomic_load_explicit(&s->value,
							 memory_order_relaxed)
				  : 0);
	else
		buf_addu(out, s ? atomic_load_explicit(&s->count,
						       memory_order_relaxed)
				: 0);
	buf_addc(out, '\n');
}

static const char *type_name(enum metric_type type)
{
	switch (type) {
	case METRIC_COUNTER:
		return "counter";
	case METRIC_GAUGE:
		return "gauge";
	case METRIC_HISTOGRAM:
		return "histogram";
	}
	return "untyped";
}

static void write_comments(struct buf *out, const char *name,
			   enum metric_type type, const char *help)
{
	buf_addf(out, "# HELP %s ", name);
	add_escaped(out, str_of(help), false);
	buf_addf(out, "\n# TYPE %s %s\n", name, type_name(type));
}

static void write_family(struct metric *m, struct buf *out)
{
	struct metric_series *s = __atomic_load_n(&m->series, __ATOMIC_ACQUIRE);

	if (!s && (m->label || m->type == METRIC_GAUGE))
		return; /* a gauge not set is not known */
	write_comments(out, m->name, m->type, m->help);
	if (!s)
		write_series(out, m, NULL);
	for (; s; s = s->next)
		write_series(out, m, s);
}

static void write_process(struct buf *out)
{
	struct process_facts facts;
	process_facts(&facts);

	const struct {
		const char *name;
		enum metric_type type;
		const char *help;
		double value;
	} rows[] = {
		{ "process_cpu_seconds_total", METRIC_COUNTER,
		  "User and system CPU time in seconds.", facts.cpu_seconds },
		{ "process_open_fds", METRIC_GAUGE, "Open file descriptors.",
		  facts.open_fds },
		{ "process_max_fds", METRIC_GAUGE,
		  "File descriptors it may open.", facts.max_fds },
		{ "process_resident_memory_bytes", METRIC_GAUGE,
		  "Resident memory in bytes.", facts.resident_bytes },
		{ "process_virtual_memory_bytes", METRIC_GAUGE,
		  "Virtual memory in bytes.", facts.virtual_bytes },
		{ "process_start_time_seconds", METRIC_GAUGE,
		  "Start in seconds since 1970.", facts.start_time },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_comments(out, rows[i].name, rows[i].type, rows[i].help);
		buf_addf(out, "%s ", rows[i].name);
		add_number(out, rows[i].value);
		buf_addc(out, '\n');
	}
}

void metrics_write(struct metric *metrics, int count, int process,
		   struct buf *out)
{
	for (int i = 0; i < count; i++)
		write_family(&metrics[i], out);
	if (process)
		write_process(out);
}

void metrics_markdown(const struct metric *metrics, int count, struct buf *out)
{
	buf_adds(out, "| metric | type | labels | meaning |\n"
		      "| --- | --- | --- | --- |\n");
	for (int i = 0; i < count; i++)
		buf_addf(out, "| `%s` | %s | %s | %s |\n", metrics[i].name,
			 type_name(metrics[i].type),
			 metrics[i].label ? metrics[i].label : "",
			 metrics[i].help);
}

void metrics_done(struct metric *metrics, int count)
{
	for (int i = 0; i < count; i++) {
		struct metric_series *next;

		for (struct metric_series *s = metrics[i].series; s; s = next) {
			next = s->next;
			free(s->label_value);
			free(s);
		}
		metrics[i].series = NULL;
	}
}
